"""Which pages of other sites may ask: CORS, and what a GET must bring. It reads no document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from gateway.errors import Forbidden, PreflightRequired
from gateway.web.middleware import error_response

PREFLIGHT_HEADERS = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight")
ALLOWED_HEADERS = ("Authorization", "Content-Type", "X-Include-Drafts", *PREFLIGHT_HEADERS)
EXPOSED_HEADERS = ("ETag", "Retry-After", "X-Request-Id")
METHODS = ("GET", "POST")
ASKING = frozenset({"same-origin", "none"})
"""What `Sec-Fetch-Site` says of a page of the server's own, and of a person who typed the address."""
REMEMBERED_SECONDS = 7200
"""How long a browser need not ask again; Chromium remembers no longer."""


def is_preflighted(request: Request) -> bool:
    """Whether no page of another site can have sent this unasked: forms, images and links bring no such header, and a
    script may bring one only where CORS allows its page to."""
    return any(name in request.headers for name in PREFLIGHT_HEADERS)


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of another origin asks. What is no browser says nothing of it."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ASKING
    return "origin" in headers


def check_get(request: Request, *, always: bool) -> None:
    """Raises PreflightRequired for the GET of an operation which a page of another site may have sent unasked.

    With `always` each GET has to show that none has; else what a browser says of it is enough.
    """
    if (always or is_cross_site(request.headers)) and not is_preflighted(request):
        raise PreflightRequired


class CrossOrigin(CORSMiddleware):
    """Lets the pages of some origins read answers, without their users' cookies; those of others it refuses by name."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=REMEMBERED_SECONDS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """A refusal is JSON, as every other is."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        refused = error_response(
            Forbidden("Pages of this origin may not send this. See the setting 'allowed_origins'.")
        )
        refused.headers["Vary"] = response.headers["Vary"]
        return refused
