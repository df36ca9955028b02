"""ASGI middleware for all responses: request id, security headers, compression, access log, errors, allowed hosts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from uuid import uuid4

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from gateway.errors import MisdirectedRequest, RequestError
from gateway.web.caching import PRIVATE
from gateway.web.content_negotiation import Encoding, encoding

access = logging.getLogger("gateway.access")

PROBES = frozenset({"/healthz", "/readyz"})
"""Paths of probes, which return the state of the server.

Requests for them are not logged, because they repeat every few seconds. They may have any Host, because orchestrators
send an address.
"""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers against MIME sniffing, framing and embedding in other origins. The TLS proxy sets HSTS."""
_SECURITY_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def error_response(error: RequestError) -> Response:
    """A JSON response with a RequestError, in the format of a GraphQL response. Caches must not store it."""
    body = orjson.dumps({"errors": error.entries()})
    return Response(body, error.status, {"Cache-Control": PRIVATE, **error.headers}, "application/json")


class ResponseMiddleware:
    """Completes and logs each response in one pass.

    Adds `X-Request-Id`, and the security headers that the response does not set itself. Logs one line with the request
    id, without the query string, which may contain secrets.
    """

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, request_id = self._clock(), uuid4().hex

        async def send_completed(message: Message) -> None:
            if message["type"] != "http.response.start":
                await send(message)
                return
            sent = message.get("headers", ())
            named = {name for name, _ in sent}
            added = [each for each in _SECURITY_HEADERS if each[0] not in named]
            message["headers"] = [*sent, (b"x-request-id", request_id.encode()), *added]
            await send(message)
            if access.isEnabledFor(logging.INFO) and scope["path"] not in PROBES:
                milliseconds = (self._clock() - started) * 1000
                about = (scope["method"], scope["path"], message["status"], milliseconds, request_id)
                access.info("%s %r %d %.1f ms %s", *about)

        await self._app(scope, receive, send_completed)


class CompressionMiddleware(CompressMiddleware):
    """Compresses long responses with the encoding of the highest quality value: br, gzip or zstd.

    The base class prefers zstd whatever the quality values, so it gets only the selected encoding.

    Each response has `Vary: Accept-Encoding`, also a 304. A cache updates the headers of its stored response, which may
    be compressed, from a 304 (RFC 9111, 3.2).
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        add_compress_type("application/graphql-response+json")
        # Events are short, and each open stream would hold a compressor.
        remove_compress_type("text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_varied(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _varied(message.get("headers", ()))
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = b", ".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        taken = encoding(accepted.decode("latin-1"))
        if taken is Encoding.IDENTITY:
            await self.app(scope, receive, send_varied)
            return
        kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        chosen = {**scope, "headers": [*kept, (b"accept-encoding", taken.encode())]}
        await super().__call__(chosen, receive, send_varied)


def _varied(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with `Accept-Encoding` in `Vary`."""
    rest = [(name, value) for name, value in headers if name != b"vary"]
    vary = b", ".join(value for name, value in headers if name == b"vary")
    if b"accept-encoding" not in vary.lower():
        vary = b", ".join((vary, b"Accept-Encoding")) if vary else b"Accept-Encoding"
    return [*rest, (b"vary", vary)]


class ErrorMiddleware:
    """Turns an unexpected exception into an error response. `mask` logs the exception and hides it from the client."""

    def __init__(self, app: ASGIApp, mask: Callable[[Exception], RequestError]) -> None:
        self._app = app
        self._mask = mask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:
            if has_begun or scope["type"] != "http":
                raise
            await error_response(self._mask(error))(scope, receive, send)


class HostMiddleware:
    """Refuses requests for other hosts than the given ones, against DNS rebinding.

    Probes may have any host.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = LOOPBACK) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in PROBES or self._is_known(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await error_response(MisdirectedRequest())(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _is_known(self, headers: Headers) -> bool:
        return host_name(headers.get("host", "")) in self._hosts


def host_name(host: str) -> str:
    """The name in a Host header, in lower case, without the port. An IPv6 address includes its brackets."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else host.lower()
