"""Responses of the endpoint and of errors, and the headers that every response has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
from starlette.responses import Response

from gateway.errors import RequestError
from gateway.web.caching import PRIVATE

RawHeaders = Sequence[tuple[bytes, bytes]]
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers against MIME sniffing, framing and embedding in other origins. The TLS proxy sets HSTS."""


class EncodedResponse(Response):
    """A response whose body and headers are bytes already."""

    def __init__(self, body: bytes | None, headers: RawHeaders, status: HTTPStatus = HTTPStatus.OK) -> None:
        """`headers` are all but Content-Length, with names in lower case. A response without a body has None."""
        self.body = body or b""
        self.status_code = status.value
        self.background = None
        length = () if body is None else ((b"content-length", b"%d" % len(body)),)
        self.raw_headers = [*headers, *length]


def encoded(headers: Mapping[str, str]) -> RawHeaders:
    """Headers as bytes, with names in lower case."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def error_response(error: RequestError) -> Response:
    """A JSON response with a RequestError, in the format of a GraphQL response. Caches must not store it."""
    body = orjson.dumps({"errors": error.entries()})
    return Response(body, error.status, {"Cache-Control": PRIVATE, **error.headers}, "application/json")
