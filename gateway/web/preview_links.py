"""Preview links: what opens one, what it leaves in the browser, and the pages that are shown for it alone.

What a pass is worth is for others to say.
"""

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
"""What leads to another host, or may once a browser has read it: it drops tabs and line ends, and turns a backslash."""


def link(page: str, token: str) -> str:
    """The link that shows a page of this server's host as a preview. Raises ValueError where it is no such page."""
    parts = urlsplit(page)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError(f"{page!r} is no http or https URL.")
    target = urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))
    if not is_path(target):
        raise ValueError(f"The path of {page!r} has characters that have to be percent-encoded.")
    return urlunsplit((parts.scheme, parts.netloc, PATH, urlencode({"token": token, "to": target}), ""))


def is_path(target: str) -> bool:
    """Whether a target is a path of the host that it is asked of, whoever reads it."""
    return _ELSEWHERE.match(target) is None


def is_https(request: Request) -> bool:
    """Whether the browser came by https. A proxy is believed unasked: who lies spoils no cookie but his own."""
    return "https" in {request.url.scheme, request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()}


def preview_cookie(headers: Mapping[str, str]) -> str | None:
    """The pass that a browser keeps."""
    return cookie_parser(headers.get("cookie", "")).get(COOKIE)


class PreviewLink:
    """Answers the link: leaves its pass in the browser, where no script can read it, and leads to the page."""

    def __init__(self, preview_tokens: PreviewTokens) -> None:
        self._preview_tokens = preview_tokens

    async def answer(self, request: Request) -> Response:
        """Raises RequestError."""
        token = request.query_params.get("token", "")
        expires = datetime.fromtimestamp(self._preview_tokens.verify(token), UTC)
        target = request.query_params.get("to", "/")
        if not is_path(target):
            raise RequestError("'to' is no path of this host.")
        response = RedirectResponse(target, 303, {"Cache-Control": PRIVATE})
        response.set_cookie(
            COOKIE, token, expires=expires, path="/", secure=is_https(request), httponly=True, samesite="lax"
        )
        return response


class RequirePreview:
    """Shows a page to those who came by a preview link; for everyone else there is none."""

    def __init__(self, page: ASGIApp, preview_tokens: PreviewTokens) -> None:
        self._page = page
        self._preview_tokens = preview_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = preview_cookie(Headers(scope=scope))
        if kept is None:
            raise NotFound
        self._preview_tokens.verify(kept)
        await self._page(scope, receive, send)
