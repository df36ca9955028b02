"""Normalises and checks the head of a request, by RFC 9110 and RFC 9112."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from starlette.types import Scope

from gateway.errors import MethodNotAllowed, MisdirectedRequest, RequestError

METHODS = "GET, HEAD, POST, OPTIONS"
"""The methods of the server as a whole, for `OPTIONS *`."""
REMEMBERED = 64
"""The hosts whose names are kept. Clients send few, and the limit of the head bounds each."""

_AUTHORITY = r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.~!$&'()*+,;=%-]+)(?::[0-9]*)?"
_HOST = re.compile(rf"(?:{_AUTHORITY})?", re.ASCII)
_ABSOLUTE = re.compile(rf"(https?)://({_AUTHORITY})(/.*)?", re.ASCII | re.IGNORECASE)


class RequestHead(NamedTuple):
    """The normalised head of a request."""

    headers: Mapping[bytes, bytes]
    """By their names in lower case."""
    host: str
    """The name in the Host header, in lower case, without the port. An IPv6 address includes its brackets."""
    is_for_server: bool = False
    """Whether the target is `*`, the whole server (RFC 9110, 9.3.7)."""


def normalised(scope: Scope) -> RequestHead:
    """Normalise the head in the scope. The application then gets a path, one host, and each header once.

    - Joins repeated lines of a header by commas (RFC 9110, 5.3).
    - Replaces the Host header and the target by the host and the path of an absolute-form target (RFC 9112, 3.2.2).

    Raises RequestError for an invalid head. The protocol checks its size and its framing (`connection_timeouts`).
    """
    headers = dict(scope["headers"])
    if len(headers) < len(scope["headers"]):
        scope["headers"] = joined(scope["headers"])
        headers = dict(scope["headers"])
    host = host_name(headers.get(b"host", b""))
    if scope["raw_path"].startswith(b"/"):
        return RequestHead(headers, host)
    is_for_server = apply_target(scope)
    headers = dict(scope["headers"])
    return RequestHead(headers, host_name(headers.get(b"host", b"")), is_for_server)


def joined(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Each header once, its lines joined in order: `Cookie` by semicolons, others by commas.

    A repeated header that is not a list then has an invalid value, instead of the value of one line.
    """
    lines: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        lines.setdefault(name, []).append(value)
    return [(name, (b"; " if name == b"cookie" else b", ").join(values)) for name, values in lines.items()]


@lru_cache(REMEMBERED)
def host_name(host: bytes) -> str:
    """The name in a Host header. See `RequestHead.host`. Raises RequestError for an invalid one (RFC 9112, 3.2)."""
    text = host.decode("latin-1").lower()
    if not _HOST.fullmatch(text):
        raise RequestError("The header 'Host' is invalid. Send a host, optionally with a port.")
    name, colon, port = text.rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else text


def apply_target(scope: Scope) -> bool:
    """Split a target other than a path into path and host. Returns whether the target is `*`, the whole server.

    Raises RequestError for an invalid target (RFC 9112, 3.2), and MisdirectedRequest for an https target on a
    connection without TLS (RFC 9110, 7.4).
    """
    target, method = scope["raw_path"].decode("latin-1"), _method(scope)
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
