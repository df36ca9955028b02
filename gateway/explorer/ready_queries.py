"""Sample queries for each part of the API, with arguments from the loaded corpus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.explorer.page_query import Data, PageQuery
from gateway.web.caching import PRIVATE

PATH = "/graphiql/queries.json"
NAMES = ("feed", "article", "search", "topic", "provider", "changes", "live", "corpus")
"""In display order."""
DOCUMENTS = {name: files(__package__).joinpath("ready", f"{name}.graphql").read_text("utf-8") for name in NAMES}
"""The texts by name."""
EXAMPLES = """
fragment Examples on Query {
  referring: articles(first: 1, filter: { hasRelated: true }) { nodes { slug title } }
  latest: articles(first: 1) { nodes { slug title } }
  topics(first: 1) { nodes { slug name } }
  providers(first: 1) { nodes { slug } }
}
"""
"""The query for the arguments."""
UNRESERVED = "-_.!~*'()"
"""The characters besides letters and digits that `encodeURIComponent` does not escape."""

Variables = Mapping[str, str]


class ReadyQuery(NamedTuple):
    name: str
    query: str
    variables: Variables

    @property
    def purpose(self) -> str:
        """The comment at the start of the query."""
        return " ".join(line.removeprefix("#").strip() for line in self.query.splitlines() if line.startswith("#"))

    def link(self, **variables: str) -> str:
        """The URL, relative to the start page, that opens it in GraphiQL. `variables` override its own."""
        written = orjson.dumps({**self.variables, **variables}).decode()
        return f"graphiql#query={quote(self.query, UNRESERVED)}&variables={quote(written, UNRESERVED)}"


def ready(examples: Data) -> Mapping[str, ReadyQuery]:
    """All queries, with arguments from the answer to EXAMPLES. On an empty corpus they are valid without results."""
    variables = _variables(examples)
    return {name: ReadyQuery(name.title(), text, variables.get(name, {})) for name, text in DOCUMENTS.items()}


def _variables(examples: Data) -> Mapping[str, Variables]:
    article = _first(examples["referring"]) or _first(examples["latest"])
    topic, provider = _first(examples["topics"]), _first(examples["providers"])
    # Articles contain the name of their topic. Otherwise use the longest word of a title.
    words = topic.get("name") or max(re.findall(r"\w+", article.get("title", "")), key=len, default="")
    return {
        "article": {"slug": article.get("slug", "")},
        "search": {"query": words},
        "topic": {"slug": topic.get("slug", "")},
        "provider": {"slug": provider.get("slug", "")},
    }


def _first(page: Mapping[str, Any]) -> Mapping[str, str]:
    return next(iter(page["nodes"]), {})


class ReadyQueries:
    """Returns the ready queries as JSON."""

    def __init__(self, page_query: PageQuery) -> None:
        self._page_query = page_query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = ready(await self._page_query.fetch(Request(scope), "query { ...Examples }" + EXAMPLES))
        body = orjson.dumps([query._asdict() for query in found.values()])
        response = Response(body, media_type="application/json", headers={"Cache-Control": PRIVATE})
        await response(scope, receive, send)
