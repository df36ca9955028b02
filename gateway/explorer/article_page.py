"""The page of one article: title, metadata and rendered body, from the API with the permissions of the reader."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from gateway.explorer.page_query import PageQuery
from gateway.explorer.page_templates import Templates
from gateway.explorer.ready_queries import DOCUMENTS, ReadyQuery

DOCUMENT = files(__package__).joinpath("article.graphql").read_text("utf-8")


class ArticlePage:
    """Shows articles that are visible to the reader. Any other id returns the same page with status 404."""

    def __init__(self, page_query: PageQuery, templates: Templates) -> None:
        self._page_query = page_query
        self._templates = templates

    async def answer(self, request: Request, article_id: str) -> Response:
        """Raises RequestError."""
        found = await self._page_query.fetch(request, DOCUMENT, {"id": article_id})
        article = found["article"]
        if article is None:
            return self._templates.response("missing.html", found, 404)
        names = {name: article[name] for name in ("slug", "locale") if article[name]}
        query = ReadyQuery("Article", DOCUMENTS["article"], names)
        return self._templates.response("article.html", {**found, "query": query})
