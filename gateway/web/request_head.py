"""The head of a request, read as RFC 9110 and RFC 9112 require. It routes nothing and reads no body."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.errors import HeadTooLarge, MethodNotAllowed, MisdirectedRequest, RequestError
from gateway.web.middleware import error_response

METHODS = "GET, HEAD, POST, OPTIONS"
"""The methods of the server as a whole, for `OPTIONS *`."""

_AUTHORITY = r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.~!$&'()*+,;=%-]+)(?::[0-9]*)?"
_HOST = re.compile(rf"(?:{_AUTHORITY})?", re.ASCII)
_ABSOLUTE = re.compile(rf"(https?)://({_AUTHORITY})(/.*)?", re.ASCII | re.IGNORECASE)


class RequestHeadMiddleware:
    """Normalises heads, so that the rest of the application sees a path, one host, and each header once.

    - Several lines of one header are one value, joined by commas (RFC 9110, 5.3).
    - The host and the path of a target in absolute form replace the Host header and the target (RFC 9112, 3.2.2).
    - `OPTIONS *` is answered for the server as a whole (RFC 9110, 9.3.7).

    A head that is larger than the limit, and one that the RFCs have a server refuse, gets a JSON error.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            check_size(scope, self._most_bytes)
            scope["headers"] = joined(scope["headers"])
            check_framing(scope)
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


def check_size(scope: Scope, allowed: int) -> None:
    """Raises HeadTooLarge. The protocol refuses a head that is larger before it has come whole."""
    line = len(_method(scope)) + len(scope["raw_path"]) + len(scope["query_string"]) + len("  HTTP/1.1\r\n")
    size = line + sum(len(name) + len(value) + len(": \r\n") for name, value in scope["headers"])
    if size > allowed:
        raise HeadTooLarge(allowed)


def joined(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Each header once, its lines joined in order: those of cookies by semicolons, all others by commas.

    A header that is not a list then has a value that its reader refuses, and not the value of one of its lines.
    """
    lines: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        lines.setdefault(name, []).append(value)
    return [(name, (b"; " if name == b"cookie" else b", ").join(values)) for name, values in lines.items()]


def check_framing(scope: Scope) -> None:
    """Raises RequestError for a Host that is not one (RFC 9112, 3.2), and for a body of two lengths (6.1)."""
    headers = Headers(scope=scope)
    if not _HOST.fullmatch(headers.get("host", "")):
        raise RequestError("The header 'Host' is not a host with or without a port.")
    if "transfer-encoding" in headers and "content-length" in headers:
        error = RequestError("The request has both 'Transfer-Encoding' and 'Content-Length'.")
        error.headers = {"Connection": "close"}  # where the body ends is not certain
        raise error


def apply_target(scope: Scope) -> bool:
    """Make a target in absolute form a path and a host. Whether the target is the server as a whole.

    Raises RequestError for any other target that is not a path (RFC 9112, 3.2), and MisdirectedRequest for https on a
    connection without it (RFC 9110, 7.4).
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
        raise RequestError("The target of the request is neither a path nor an http or https URL.")
    scheme, authority, path = found.groups(default="/")
    if scheme.lower() == "https" and scope["scheme"] not in {"https", "wss"}:
        raise MisdirectedRequest
    scope["raw_path"], scope["path"] = path.encode("latin-1"), unquote(path)
    rest = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [(b"host", authority.encode("latin-1")), *rest]
    return False


def _method(scope: Scope) -> str:
    return str(scope.get("method", "GET"))  # a WebSocket has none
