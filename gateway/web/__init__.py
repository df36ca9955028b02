"""The API on the open internet: HTTP, WebSocket and webhooks, and how long who is at the other end may take."""
