"""The entry of all requests: checks each, passes it on, and completes the response in one pass."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection
from functools import lru_cache
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.errors import MisdirectedRequest, RequestError
from gateway.web.compression import Compression, compressed, is_compressible
from gateway.web.content_negotiation import Encoding
from gateway.web.cors import AllowedOrigins, Cors
from gateway.web.request_head import METHODS, RequestHead, normalised
from gateway.web.responses import SECURITY_HEADERS, RawHeaders, encoded, error_response

access = logging.getLogger("gateway.access")

PROBES = frozenset({"/healthz", "/readyz"})
"""Paths of probes, which return the state of the server.

Requests for them are not logged, because they repeat every few seconds. They may have any Host, because orchestrators
send an address.
"""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
ENDPOINT = "/graphql"
REMEMBERED = 64
_SECURITY_HEADERS = encoded(SECURITY_HEADERS)


class Dispatcher:
    """ASGI application over the endpoint and the other routes.

    - Normalises and checks the head of the request.
    - Refuses other hosts than the given ones, against DNS rebinding.
    - Lets pages of the allowed origins read the response.
    - Turns an unexpected exception into an error response. `mask` logs the exception and hides it from the client.
    - Adds `X-Request-Id`, `Vary`, and the security headers that the response does not set itself.
    - Compresses whole bodies of text.
    - Logs one line with the request id, without the query string, which may contain secrets.
    """

    def __init__(
        self,
        endpoint: ASGIApp,
        routes: ASGIApp,
        *,
        hosts: Collection[str] | None,
        origins: AllowedOrigins,
        compression: Compression,
        mask: Callable[[Exception], RequestError],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`endpoint` answers HTTP requests for ENDPOINT, and `routes` all others. None for `hosts` allows all."""
        self._endpoint = endpoint
        self._routes = routes
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)
        self._cors = Cors(origins)
        self._compression = compression
        self._mask = mask
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            completion = _Completion(scope, send, self._compression, self._clock)
            await self._answer(scope, receive, completion)
        elif scope["type"] == "websocket":
            await self._open(scope, receive, send)
        else:
            await self._routes(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, completion: _Completion) -> None:
        respond: Send = completion
        try:
            head = normalised(scope)
            app = self._app(scope, head)
            if b"origin" in head.headers:
                headers = Headers(scope=scope)
                app = (scope["method"] == "OPTIONS" and self._cors.preflight(headers)) or app
                respond = self._cors.responding(headers, completion)
            await app(scope, receive, respond)
        except RequestError as error:
            await error_response(error)(scope, receive, respond)
        except Exception as error:
            if completion.has_begun:
                raise
            await error_response(self._mask(error))(scope, receive, respond)

    def _app(self, scope: Scope, head: RequestHead) -> ASGIApp:
        """The application for a request. Raises RequestError."""
        if head.is_for_server:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": METHODS})
        if self._hosts is not None and head.host not in self._hosts and scope["path"] not in PROBES:
            raise MisdirectedRequest
        return self._endpoint if scope["path"] == ENDPOINT and scope["type"] == "http" else self._routes

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a WebSocket, or refuse its handshake."""
        try:
            app = self._app(scope, normalised(scope))
        except RequestError as error:
            await WebSocket(scope, receive, send).send_denial_response(error_response(error))
        else:
            await app(scope, receive, send)


class _Completion:
    """Sends the messages of one response, and completes its headers.

    The start of the response waits for the first part of the body.
    """

    def __init__(self, scope: Scope, send: Send, compression: Compression, clock: Callable[[], float]) -> None:
        self._scope = scope
        self._send = send
        self._compression = compression
        self._clock = clock
        self._started = clock()
        self._start: Message | None = None
        self.has_begun = False
        """Whether a part of the response was sent."""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            await self._begin(start, message)
            self.has_begun = True
        await self._send(message)

    async def _begin(self, start: Message, first: Message) -> None:
        """Send the start of the response. Compresses the body if it is whole."""
        headers = start.get("headers", ())
        if not first.get("more_body"):
            headers = await self._compressed(headers, first)
        request_id = b"%032x" % random.getrandbits(128)
        named = dict(headers)
        start["headers"] = [
            *(each for each in headers if each[0] != b"vary"),
            (b"vary", _varied(named.get(b"vary", b""), compresses=self._compression.enabled)),
            (b"x-request-id", request_id),
            *(each for each in _SECURITY_HEADERS if each[0] not in named),
        ]
        await self._send(start)
        if access.isEnabledFor(logging.INFO) and self._scope["path"] not in PROBES:
            milliseconds = (self._clock() - self._started) * 1000
            about = (self._scope["method"], self._scope["path"], start["status"], milliseconds, request_id.decode())
            access.info("%s %r %d %.1f ms %s", *about)

    async def _compressed(self, headers: RawHeaders, message: Message) -> RawHeaders:
        """Compress the body of a message if the client accepts it. Returns the headers of the response."""
        accepted = next((value for name, value in self._scope["headers"] if name == b"accept-encoding"), b"")
        body = message.get("body", b"")
        chosen = self._compression.encoding(accepted.decode("latin-1"), body)
        if chosen is Encoding.IDENTITY or not is_compressible(headers):
            return headers
        message["body"] = await compressed(body, chosen)
        length = b"%d" % len(message["body"])
        rest = [each for each in headers if each[0] != b"content-length"]
        return [*rest, (b"content-encoding", chosen.encode()), (b"content-length", length)]


@lru_cache(REMEMBERED)
def _varied(vary: bytes, *, compresses: bool) -> bytes:
    """The value of Vary with the headers on which CORS and compression depend.

    A 304 has them too: a cache updates the headers of its stored response, which may be compressed (RFC 9111, 3.2).
    """
    names = [each.strip() for each in vary.split(b",") if each.strip()]
    known = {each.lower() for each in names}
    needed = (b"Origin", b"Accept-Encoding") if compresses else (b"Origin",)
    return b", ".join([*names, *(each for each in needed if each.lower() not in known)])
