"""GraphQL types of search results: articles, scores and snippets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import strawberry

from gateway.graph.connection import Connection, PageKey, edges_of, non_negative, resolved
from gateway.graph.context import Info
from gateway.graph.types import Article
from gateway.limits import Limits
from gateway.model import records
from gateway.model.lists import SearchField
from gateway.search import Search
from gateway.store.reads import ScoreOf, SnippetsOf, SuggestionOf

SnippetLength = Annotated[int | None, strawberry.argument(description="Maximum number of characters per snippet.")]

SNIPPET_LENGTH = 160


def snippet_length(_limits: Limits, length: int | None = SNIPPET_LENGTH) -> int:
    """Raises BadUserInput for a negative length."""
    size = non_negative("length", length)
    return SNIPPET_LENGTH if size is None else size


@strawberry.type(description="A range within a text.")
class TextRange:
    start: int = strawberry.field(description="Start of the range, in code points from 0.")
    end: int = strawberry.field(description="End of the range, exclusive.")


@strawberry.type(description="An extract of a text around its matches.")
class Snippet:
    field: SearchField = strawberry.field(description="The text that the snippet comes from.")
    text: str = strawberry.field(description="The snippet as plain text. `…` marks where the text was cut.")
    highlights: list[TextRange] = strawberry.field(description="The matches in order, as offsets into `text`.")
    html: str = strawberry.field(description="The snippet as escaped HTML, with `<mark>` around the matches.")


class Hit(NamedTuple):
    """The parent of a search edge."""

    cursor: str
    node: records.Article
    score: float | None
    """None if the list is not ordered by score."""
    search: Search


@strawberry.type(description="A row of a search result: the article, its cursor and its matches.")
class ArticleSearchEdge:
    cursor: str = strawberry.field(
        description="The row's position in the list. Pass it as `after` or `before` with the same search and order."
    )
    node: Article = strawberry.field(description="The article.")

    @resolved("Relevance: higher is better. Comparable only within one result.")
    @staticmethod
    async def score(hit: strawberry.Parent[Hit], info: Info) -> float:
        if hit.score is not None:
            return hit.score
        return await info.context.load(ScoreOf(hit.search), hit.node.id)

    @resolved("Snippets: one per text with a match, the title first.", list[Snippet])
    @staticmethod
    async def snippets(
        hit: strawberry.Parent[Hit], info: Info, length: SnippetLength = SNIPPET_LENGTH
    ) -> Sequence[records.Snippet]:
        return await info.context.load(SnippetsOf(hit.search, snippet_length(info.context.limits, length)), hit.node.id)


@strawberry.type(description="A page of a search result. Without `first` or `last` a page has up to 20 rows.")
class ArticleSearchConnection(Connection[Article]):
    @resolved("The rows with their cursors, in list order.", list[ArticleSearchEdge])
    @staticmethod
    async def edges(key: strawberry.Parent[PageKey], info: Info) -> Sequence[Hit]:
        return [Hit(*edge, _search(key)) for edge in await edges_of(key, info)]

    @resolved(
        "The query with corrected spelling, if the search has no results and the correction has some. Uses"
        " only words of articles that the caller can see."
    )
    @staticmethod
    async def suggestion(key: strawberry.Parent[PageKey], info: Info) -> str | None:
        return await info.context.load(SuggestionOf(key.read.listing), key.parent)


def _search(key: PageKey) -> Search:
    return key.read.listing.search or Search("")
