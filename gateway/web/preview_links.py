"""Preview links: their URL, the cookie that they set, and pages that require it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access.preview_tokens import PreviewTokens
from gateway.errors import NotFound, RequestError
from gateway.web.caching import PRIVATE

PATH = "/-/preview"
COOKIE = "gateway_preview"

_ELSEWHERE = re.compile(r"(?!/)|//|.*[\\\x00-\x20\x7f]", re.DOTALL)
"""Matches targets that a browser may resolve to another host: it drops tabs and line ends, and reads `\\` as `/`."""


def link(page: str, token: str) -> str:
    """The preview link of a page on the host of this server. Raises ValueError for an invalid URL."""
    parts = urlsplit(page)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError(f"{page!r} is not an http or https URL.")
    target = urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))
    if not is_path(target):
        raise ValueError(f"The path of {page!r} has characters that must be percent-encoded.")
    return urlunsplit((parts.scheme, parts.netloc, PATH, urlencode({"token": token, "to": target}), ""))


def is_path(target: str) -> bool:
    """Whether every browser resolves the target to a path on the same host."""
    return _ELSEWHERE.match(target) is None


def is_https(request: Request) -> bool:
    """Whether the browser uses https. `X-Forwarded-Proto` is always trusted: a client can only fake it for itself."""
    return "https" in {request.url.scheme, request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()}


def preview_cookie(headers: Mapping[str, str]) -> str | None:
    """The preview token in the cookie."""
    return cookie_parser(headers.get("cookie", "")).get(COOKIE)


class PreviewLink:
    """Handles a preview link: sets the token as an HttpOnly cookie and redirects to the page."""

    def __init__(self, preview_tokens: PreviewTokens) -> None:
        self._preview_tokens = preview_tokens

    async def answer(self, request: Request) -> Response:
        """Raises RequestError."""
        token = request.query_params.get("token", "")
        expires = datetime.fromtimestamp(self._preview_tokens.verify(token), UTC)
        target = request.query_params.get("to", "/")
        if not is_path(target):
            raise RequestError("'to' is not a path on this host. Write it as '/path'.")
        response = RedirectResponse(target, 303, {"Cache-Control": PRIVATE})
        response.set_cookie(
            COOKIE, token, expires=expires, path="/", secure=is_https(request), httponly=True, samesite="lax"
        )
        return response


class RequirePreview:
    """Serves a page only to clients with a valid preview cookie. Others get NotFound or Unauthenticated."""

    def __init__(self, page: ASGIApp, preview_tokens: PreviewTokens) -> None:
        self._page = page
        self._preview_tokens = preview_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = preview_cookie(Headers(scope=scope))
        if kept is None:
            raise NotFound
        self._preview_tokens.verify(kept)
        await self._page(scope, receive, send)
