"""The start page: what is loaded, as the API itself answers whoever looks at it. It reads no store.

It is whole without a script. The script keeps it up to date: it fetches the page again when something has changed.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import NotReady
from gateway.explorer.inquiry import Data, Inquiry
from gateway.explorer.months import HEIGHT, chart
from gateway.explorer.queries import EXAMPLES, PATH, ReadyQueries, ready
from gateway.web.caching import PRIVATE

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": PRIVATE}
FILES = {"/start.js": "text/javascript", "/start.css": "text/css"}
DOCUMENT = files(__package__).joinpath("start.graphql").read_text("utf-8") + EXAMPLES
CODE = re.compile("`([^`]+)`")
LISTED = 50
"""How many problems of a kind are listed; one more is asked for, to know whether there are more."""


def pages(inquiry: Inquiry, *, previewing: bool, schema: bool) -> dict[str, ASGIApp]:
    """What each path answers. `schema` says whether there is one to lead to."""
    kept = PRIVATE if previewing else "no-cache"
    scripts: dict[str, ASGIApp] = {
        path: Response(_read(path), media_type=kind, headers={"Cache-Control": kept}) for path, kind in FILES.items()
    }
    return {"/": StartPage(inquiry, previewing=previewing, schema=schema), PATH: ReadyQueries(inquiry), **scripts}


class StartPage:
    """Answers with the page."""

    def __init__(self, inquiry: Inquiry, *, previewing: bool, schema: bool) -> None:
        self._inquiry = inquiry
        environment = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"day": _day, "clock": _clock, "month": _month, "grouped": _grouped, "coded": _coded}
        environment.globals |= {"previewing": previewing, "schema": schema, "height": HEIGHT, "listed": LISTED}
        self._page, self._loading = (environment.get_template(name) for name in ("start.html", "loading.html"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            found = await self._inquiry.ask(request, DOCUMENT)
        except NotReady as error:
            body = self._loading.render()
            return Response(body, error.status, {**HEADERS, **error.headers}, "text/html")
        return Response(self._page.render(_shown(found)), headers=HEADERS, media_type="text/html")


def _shown(found: Data) -> Data:
    loaded = datetime.fromisoformat(found["corpus"]["loadedDateTime"])
    months = chart(found["publishedDates"]["dates"], found["draftDates"]["dates"], loaded.date())
    return {**found, "months": months, "queries": ready(found)}


def _day(moment: str) -> str:
    """As `6 May 2024`."""
    found = datetime.fromisoformat(moment)
    return f"{found.day} {found:%b} {found.year}"


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%H:%M:%S} UTC"


def _month(day: date) -> str:
    """As `May 2024`, in full."""
    return f"{day:%B} {day.year}"


def _grouped(count: int) -> str:
    """As `12,345`."""
    return f"{count:,}"


def _coded(text: str) -> Markup:
    """What stands between backticks as code, and all of it as the text that it is."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - the text was escaped


def _read(path: str) -> bytes:
    return files(__package__).joinpath(path.removeprefix("/")).read_bytes()
