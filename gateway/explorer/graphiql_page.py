"""The GraphiQL page: HTML, Content-Security-Policy, scripts and styles, and the redirect from the endpoint."""

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
    "style-src 'self'{hosts} 'nonce-{nonce}'",  # GraphiQL's dialogs add an inline style
    "img-src 'self' data:",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
DRAFTS = {"X-Include-Drafts": "true"}
"""The default headers for readers who may see drafts without a token."""
TOKEN = {"Authorization": "Bearer ", **DRAFTS}
"""The default headers for readers who must fill in a token. They are not sent before."""
OWN = ("page.js", "links.js", "names.js", "sending.js", "page.css")
"""The page's own files."""
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
LOADING = "Loading GraphiQL."
LOADING_FAR = (
    f"Loading GraphiQL. It comes from {CDN.partition('://')[2]}, which must be reachable,"
    " because this installation does not include it."
)
FRESH, DAY, FOREVER = "no-cache", "max-age=86400", "max-age=31536000, immutable"
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
    """The application of each path.

    `headers` are the default headers of operations. With `private` the page is not cached. If the folder lacks
    GraphiQL, `cdn` loads it from the CDN; without `cdn` the page is an error. `queries` is the URL of the queries that
    the page opens as tabs.
    """
    data = {"endpoint": "graphql", "headers": orjson.dumps(headers, option=orjson.OPT_INDENT_2).decode()}
    if queries:
        data["queries"] = queries
    fresh = PRIVATE if private else FRESH
    visibility = "private" if private else "public"
    own = {f"{PATH}/{name}": _file(Path(__file__).parent / name, fresh) for name in OWN}
    own[ICON] = _file(Path(__file__).parent / "icon.svg", f"{visibility}, {DAY}")
    if are_in(folder):
        cache_control = f"{visibility}, {FOREVER}"
        assets = {
            f"{PATH}/assets/{asset.name}": _file(folder / asset.name, cache_control) for asset in (*STYLES, *SCRIPTS)
        }
        return {PATH: Page(data, fresh), **own, **assets}
    return {PATH: Page(data, fresh, far=True) if cdn else MissingPage(), **own}


class BrowserRedirect:
    """Redirects browsers to GraphiQL if they open the endpoint without an operation in the URL."""

    def __init__(self, endpoint: ASGIApp, *, private: bool = False) -> None:
        """With `private` only browsers with a preview cookie are redirected."""
        self._endpoint = endpoint
        self._private = private

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        may_see = not self._private or preview_cookie(request.headers) is not None
        shown = RedirectResponse(PATH.removeprefix("/"), 303, HEADERS) if may_see and _opens(request) else None
        await (shown or self._endpoint)(scope, receive, send)


def _opens(request: Request) -> bool:
    """Whether a browser opens the URL of the endpoint without an operation."""
    is_bare = request.query_params.keys().isdisjoint(PARAMETERS)
    return request.method == "GET" and is_bare and prefers_html(request.headers.get("accept"))


def _file(file: Path, cache_control: str) -> Response:
    return Response(file.read_bytes(), media_type=KINDS[file.suffix], headers={"Cache-Control": cache_control})


class MissingPage:
    """Raises ExplorerMissing in place of the page."""

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ExplorerMissing


class Page:
    """The HTML page. Each response has its own nonce, which allows the styles of GraphiQL."""

    def __init__(self, data: Mapping[str, str], cache_control: str, *, far: bool = False) -> None:
        """With `far` GraphiQL is loaded from the CDN, and verified by its digests."""
        self._data = data
        self._cache_control = cache_control
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
        headers = {"Content-Security-Policy": policy, "Cache-Control": self._cache_control}
        await HTMLResponse(Template(self._html).substitute(data=data), headers=headers)(scope, receive, send)


def _near(attribute: str, asset: Asset) -> str:
    return f'{attribute}="graphiql/assets/{asset.name}"'


def _far(attribute: str, asset: Asset) -> str:
    return f'{attribute}="{asset.url}" integrity="{asset.integrity}" crossorigin'
