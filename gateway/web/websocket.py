"""The GraphQL endpoint over WebSocket: checks who may connect, and identifies the client."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.http.websocket_origin import is_same_origin

from gateway.access.clients import Client, ClientResolver
from gateway.errors import Forbidden, Overloaded, RequestError
from gateway.execution.concurrency import CapacityLimiter
from gateway.execution.executor import Executor
from gateway.limits import Limits
from gateway.web.cors import REFUSED, AllowedOrigins, include_drafts, is_cross_origin
from gateway.web.preview_links import preview_cookie
from gateway.web.requests import address_of
from gateway.web.responses import error_response
from gateway.web.websocket_connection import PROTOCOL, Connection


class WebSocketEndpoint:
    """ASGI application for the GraphQL endpoint over WebSocket."""

    def __init__(
        self,
        executor: Executor,
        clients: ClientResolver,
        limits: Limits,
        origins: AllowedOrigins,
    ) -> None:
        self._executor = executor
        self._clients = clients
        self._limits = limits
        self._origins = origins
        self._capacity = CapacityLimiter(limits.websockets, "Too many WebSockets are open.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with an HTTP response if the origin is not allowed, or if too many WebSockets are open."""
        socket = WebSocket(scope, receive, send)
        try:
            self._check_origin(socket.headers)
            with self._capacity.slot():
                await self._serve(socket)
        except (Forbidden, Overloaded) as error:
            await socket.send_denial_response(error_response(error))

    def _check_origin(self, headers: Headers) -> None:
        """Raises Forbidden."""
        if is_cross_origin(headers) and not self._origins.allows(headers["origin"]):
            self._origins.log_refused(headers["origin"])
            raise Forbidden(REFUSED)

    async def _serve(self, socket: WebSocket) -> None:
        if PROTOCOL in socket.scope["subprotocols"]:
            await socket.accept(PROTOCOL)
            await Connection(socket, self._executor, self._limits, lambda sent: self._identify(socket, sent)).run()
        else:
            await socket.accept()
            with suppress(WebSocketDisconnect):
                await socket.close(4406, "Subprotocol not acceptable")

    def _identify(self, socket: WebSocket, payload: Mapping[str, object]) -> Client:
        """The client of a connection. Raises RequestError.

        Browsers send the credential in `connection_init`, others in the handshake.
        """
        headers = socket.headers
        return self._clients.identify(
            _credential("authorization", payload, headers),
            include_drafts(_credential("x-include-drafts", payload, headers), headers),
            _own_preview_cookie(headers),
            address_of(socket.scope),
        )


def _credential(name: str, payload: Mapping[str, object], headers: Headers) -> str | None:
    """The value of a header, by its lower-case name. A member of `connection_init` overrides the handshake.

    A member that is null or empty counts as absent. Raises RequestError for a member of another type.
    """
    sent = {key.lower(): value for key, value in payload.items() if value not in (None, "")}
    value = sent.get(name, headers.get(name))
    if isinstance(value, bool):  # a client may send `true` instead of "true"
        return str(value).lower()
    if not isinstance(value, str | None):
        raise RequestError(f"'{name}' must be a string.")
    return value


def _own_preview_cookie(headers: Headers) -> str | None:
    """The preview token in the cookie, only for pages of the same origin.

    Otherwise a page of another allowed origin could read with the permissions of the user of the browser.
    """
    origin = headers.get("origin")
    is_own = origin is None or is_same_origin(origin, headers.get("host"))
    return preview_cookie(headers) if is_own else None
