"""The GraphiQL page: its HTML, its policy, the files that it is made of, and the way to it from the endpoint."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import ExplorerMissing
from gateway.explorer.assets import CDN, FOLDER, SCRIPTS, STYLES, Asset, are_in
from gateway.web.caching import PRIVATE
from gateway.web.content_negotiation import prefers_html
from gateway.web.endpoint import HEADERS
from gateway.web.preview_links import preview_cookie
from gateway.web.requests import PARAMETERS

PATH = "/graphiql"
POLICY = (
    "default-src 'none'",
    "script-src 'self'{hosts}",
    "style-src 'self'{hosts} 'nonce-{nonce}'",  # GraphiQL's dialogs bring a style of their own
    "img-src 'self' data:",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
DRAFTS = {"X-Include-Drafts": "true"}
"""The headers of someone who may see drafts without further ado."""
TOKEN = {"Authorization": "Bearer ", **DRAFTS}
"""Those of someone who has to fill in a token. They are not sent before."""
OWN = ("page.js", "links.js", "names.js", "sending.js", "page.css")
"""The files that are the page's own."""
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
LOADING = "Loading GraphiQL."
LOADING_FAR = (
    f"Loading GraphiQL. It comes from {CDN.partition('://')[2]}, which must be reachable,"
    " since it is no part of this installation."
)
FRESH, DAY, KEPT = "no-cache", "max-age=86400", "max-age=31536000, immutable"
ICON = f"{PATH}/icon.svg"
"""The favicon of all pages."""


def pages(
    headers: Mapping[str, str],
    *,
    private: bool = False,
    cdn: bool = False,
    queries: str | None = None,
    folder: Path = FOLDER,
) -> dict[str, ASGIApp]:
    """What each path answers.

    `headers` are those that operations are sent with unless the reader says otherwise. With `private` no cache keeps
    the page. Where the folder lacks GraphiQL the page takes it from the CDN with `cdn`, and is else answered with an
    error. `queries` is the address of queries to begin with, for the page to open as tabs.
    """
    data = {"endpoint": "graphql", "headers": orjson.dumps(headers, option=orjson.OPT_INDENT_2).decode()}
    if queries:
        data["queries"] = queries
    fresh = PRIVATE if private else FRESH
    visibility = "private" if private else "public"
    own = {f"{PATH}/{name}": _file(Path(__file__).parent / name, fresh) for name in OWN}
    own[ICON] = _file(Path(__file__).parent / "icon.svg", f"{visibility}, {DAY}")
    if are_in(folder):
        kept = f"{visibility}, {KEPT}"
        assets = {f"{PATH}/assets/{asset.name}": _file(folder / asset.name, kept) for asset in (*STYLES, *SCRIPTS)}
        return {PATH: Page(data, fresh), **own, **assets}
    return {PATH: Page(data, fresh, far=True) if cdn else MissingPage(), **own}


class BrowserRedirect:
    """Redirects a browser that opens the endpoint, without an operation in the address, to GraphiQL."""

    def __init__(self, endpoint: ASGIApp, *, private: bool = False) -> None:
        """With `private` only a browser that has come by a preview link is redirected."""
        self._endpoint = endpoint
        self._private = private

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        may_see = not self._private or preview_cookie(request.headers) is not None
        shown = RedirectResponse(PATH.removeprefix("/"), 303, HEADERS) if may_see and _opens(request) else None
        await (shown or self._endpoint)(scope, receive, send)


def _opens(request: Request) -> bool:
    """Whether a browser opens the address of the endpoint, to see what is there."""
    is_bare = request.query_params.keys().isdisjoint(PARAMETERS)
    return request.method == "GET" and is_bare and prefers_html(request.headers.get("accept"))


def _file(file: Path, kept: str) -> Response:
    return Response(file.read_bytes(), media_type=KINDS[file.suffix], headers={"Cache-Control": kept})


class MissingPage:
    """Stands where the page would."""

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ExplorerMissing


class Page:
    """The HTML. Each answer has a nonce of its own, with which GraphiQL may add styles."""

    def __init__(self, data: Mapping[str, str], kept: str, *, far: bool = False) -> None:
        """With `far` GraphiQL comes from the CDN, held to its digests."""
        self._data = data
        self._kept = kept
        self._hosts = f" {CDN}" if far else ""
        template = Template((Path(__file__).parent / "graphiql.html").read_text(encoding="utf-8"))
        place = _far if far else _near
        self._html = template.safe_substitute(
            styles="\n    ".join(f'<link rel="stylesheet" {place("href", asset)}>' for asset in STYLES),
            scripts="\n    ".join(f"<script defer {place('src', asset)}></script>" for asset in SCRIPTS),
            loading=LOADING_FAR if far else LOADING,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        nonce = secrets.token_urlsafe(16)
        policy = "; ".join(POLICY).format(hosts=self._hosts, nonce=nonce)
        data = " ".join(f'data-{name}="{escape(value)}"' for name, value in {**self._data, "nonce": nonce}.items())
        headers = {"Content-Security-Policy": policy, "Cache-Control": self._kept}
        await HTMLResponse(Template(self._html).substitute(data=data), headers=headers)(scope, receive, send)


def _near(attribute: str, asset: Asset) -> str:
    return f'{attribute}="graphiql/assets/{asset.name}"'


def _far(attribute: str, asset: Asset) -> str:
    return f'{attribute}="{asset.url}" integrity="{asset.integrity}" crossorigin'
