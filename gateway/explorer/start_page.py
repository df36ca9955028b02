"""The start page: an overview of the loaded content, from the API with the permissions of the reader.

The page works without JavaScript. The script keeps it up to date: it fetches the page again after each change.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import NotReady
from gateway.explorer import docs
from gateway.explorer.article_page import ArticlePage
from gateway.explorer.page_query import Data, PageQuery
from gateway.explorer.page_templates import Templates
from gateway.explorer.problem_groups import problem_groups
from gateway.explorer.publication_chart import HEIGHT, chart
from gateway.explorer.ready_queries import EXAMPLES, PATH, ReadyQueries, ready
from gateway.web.caching import PRIVATE
from gateway.web.preview_links import is_https

FILES = {"/start.js": "text/javascript", "/start.css": "text/css"}
DOCUMENT = files(__package__).joinpath("start.graphql").read_text("utf-8") + EXAMPLES
LISTED = 100
"""The number of problems requested per severity. If the answer has as many, there may be more."""
REQUEST = "{ articles { nodes { title } } }"
"""The query of the sample requests."""


def pages(page_query: PageQuery, *, previewing: bool, schema: bool, folder: Path | None = None) -> dict[str, ASGIApp]:
    """The application of each path. `schema` adds a link to the schema. `folder` is the content folder, if its path is
    shown."""
    cache_control = PRIVATE if previewing else "no-cache"
    scripts: dict[str, ASGIApp] = {
        path: Response(_read(path), media_type=kind, headers={"Cache-Control": cache_control})
        for path, kind in FILES.items()
    }
    documentation = docs.docs_folder()
    templates = Templates(previewing=previewing, schema=schema, docs=documentation is not None, folder=folder)
    return {
        "/": StartPage(page_query, templates),
        PATH: ReadyQueries(page_query),
        **scripts,
        **(docs.pages(documentation, templates) if documentation else {}),
    }


class StartPage:
    """Returns the start page, or the page of an article if the parameter `article` is its id."""

    def __init__(self, page_query: PageQuery, templates: Templates) -> None:
        self._page_query = page_query
        self._templates = templates
        self._articles = ArticlePage(page_query, templates)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            if article_id := request.query_params.get("article"):
                return await self._articles.answer(request, article_id)
            found = await self._page_query.fetch(request, DOCUMENT)
        except NotReady as error:
            return self._templates.response("loading.html", {}, error.status, error.headers)
        return self._templates.response("start.html", {**_shown(found), **_requests(request)})


def _shown(found: Data) -> Data:
    corpus = found["corpus"]
    loaded = datetime.fromisoformat(corpus["loadedDateTime"])
    months = chart(found["publishedDates"]["dates"], found["draftDates"]["dates"], loaded.date())
    lists = [corpus[severity] or [] for severity in ("errors", "warnings")]
    problems = {
        "problem_count": sum(map(len, lists)),
        "has_more_problems": any(len(each) == LISTED for each in lists),
        "problem_groups": problem_groups([issue for each in lists for issue in each]),
        "note_groups": problem_groups(corpus["notes"] or []),
        "has_more_notes": len(corpus["notes"] or []) == LISTED,
    }
    return {**found, **problems, "months": months, "height": HEIGHT, "queries": ready(found)}


def _requests(request: Request) -> dict[str, Any]:
    """The endpoint with the host of the request, and sample requests for curl and fetch."""
    endpoint = f"{'https' if is_https(request) else 'http'}://{request.url.netloc}/graphql"
    body = orjson.dumps({"query": REQUEST}).decode()
    curl = f"curl {shlex.quote(endpoint)} \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"
    fetch = f"""const endpoint = {orjson.dumps(endpoint).decode()};
const query = {orjson.dumps(REQUEST).decode()};
const response = await fetch(endpoint, {{
  method: "POST",
  headers: {{ "Content-Type": "application/json" }},
  body: JSON.stringify({{ query }}),
}});
console.log(await response.json());"""
    return {"endpoint": endpoint, "requests": {"curl": curl, "fetch": fetch}}


def _read(path: str) -> bytes:
    return files(__package__).joinpath(path.removeprefix("/")).read_bytes()
