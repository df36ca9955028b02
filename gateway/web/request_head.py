"""Normalises and checks the head of a request, by RFC 9110 and RFC 9112."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.errors import MethodNotAllowed, MisdirectedRequest, RequestError
from gateway.web.middleware import error_response

METHODS = "GET, HEAD, POST, OPTIONS"
"""The methods of the server as a whole, for `OPTIONS *`."""

_AUTHORITY = r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.~!$&'()*+,;=%-]+)(?::[0-9]*)?"
_HOST = re.compile(rf"(?:{_AUTHORITY})?", re.ASCII)
_ABSOLUTE = re.compile(rf"(https?)://({_AUTHORITY})(/.*)?", re.ASCII | re.IGNORECASE)


class RequestHeadMiddleware:
    """Normalises heads. The application then gets a path, one host, and each header once.

    - Joins repeated lines of a header by commas (RFC 9110, 5.3).
    - Replaces the Host header and the target by the host and the path of an absolute-form target (RFC 9112, 3.2.2).
    - Responds to `OPTIONS *` for the whole server (RFC 9110, 9.3.7).

    An invalid head gets a JSON error. The protocol checks its size and its framing (`connection_timeouts`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            scope["headers"] = joined(scope["headers"])
            check_host(scope)
            is_for_server = apply_target(scope)
        except RequestError as error:
            await _answer(error_response(error), scope, receive, send)
            return
        if is_for_server:
            await Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": METHODS})(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _answer(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await response(scope, receive, send)


def joined(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Each header once, its lines joined in order: `Cookie` by semicolons, others by commas.

    A repeated header that is not a list then has an invalid value, instead of the value of one line.
    """
    lines: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        lines.setdefault(name, []).append(value)
    return [(name, (b"; " if name == b"cookie" else b", ").join(values)) for name, values in lines.items()]


def check_host(scope: Scope) -> None:
    """Raises RequestError for an invalid Host (RFC 9112, 3.2)."""
    if not _HOST.fullmatch(Headers(scope=scope).get("host", "")):
        raise RequestError("The header 'Host' is invalid. Send a host, optionally with a port.")


def apply_target(scope: Scope) -> bool:
    """Split an absolute-form target into path and host. Returns whether the target is `*`, the whole server.

    Raises RequestError for an invalid target (RFC 9112, 3.2), and MisdirectedRequest for an https target on a
    connection without TLS (RFC 9110, 7.4).
    """
    target, method = scope["raw_path"].decode("latin-1"), _method(scope)
    if target.startswith("/"):
        return False
    if target == "*" and method == "OPTIONS":
        return True
    if method == "CONNECT":
        raise MethodNotAllowed(METHODS)
    found = _ABSOLUTE.fullmatch(target)
    if not found:
        raise RequestError("The request target is not a path or an http or https URL.")
    scheme, authority, path = found.groups(default="/")
    if scheme.lower() == "https" and scope["scheme"] not in {"https", "wss"}:
        raise MisdirectedRequest
    scope["raw_path"], scope["path"] = path.encode("latin-1"), unquote(path)
    rest = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [(b"host", authority.encode("latin-1")), *rest]
    return False


def _method(scope: Scope) -> str:
    return str(scope.get("method", "GET"))  # a WebSocket scope has no method
