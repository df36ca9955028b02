"""Network transports: HTTP, WebSocket, server-sent events and webhooks, with time-outs and connection limits."""
