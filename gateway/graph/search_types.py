"""GraphQL types of search results: articles, scores and snippets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import strawberry

from gateway.content.tokenizer import first_words
from gateway.graph.connection import Connection, PageKey, edges_of, non_negative, or_none, resolved
from gateway.graph.context import Info
from gateway.graph.order_inputs import describe
from gateway.graph.types import Article
from gateway.limits import Limits
from gateway.model import records
from gateway.model.lists import SearchField, SearchMode
from gateway.search import Search
from gateway.store.reads import ScoreOf, SnippetsOf, SuggestionOf

describe(
    SearchField,
    "SearchField",
    "The texts to search.",
    TITLE="The title. Matches here have the highest weight.",
    EXCERPT="The excerpt.",
    BODY="The body without markup. Matches here have the lowest weight.",
    TOPICS="The names of the topics.",
    PROVIDER="The name of the provider.",
    AUTHORS="The names of the authors, as the article or the site's file of authors writes them.",
    FIELDS="The custom fields with `search` in `gateway.yaml`, by their weights.",
)
describe(
    SearchMode,
    "SearchMode",
    "How the words of a search must match. Case, accents and punctuation are ignored.",
    ALL_TERMS="Every word, anywhere. The last word may be a prefix.",
    ANY_TERM="At least one word, anywhere. The last word may be a prefix.",
    PHRASE="All words next to each other, in this order.",
    PREFIX="Every word, anywhere. Each word may be a prefix.",
)

SearchFields = Annotated[
    list[SearchField] | None,
    strawberry.argument(name="in", description="The texts to search. Default: all. An empty list matches nothing."),
]
SearchModes = Annotated[SearchMode | None, strawberry.argument(description="How the words must match.")]

SnippetLength = Annotated[int | None, strawberry.argument(description="Maximum number of characters per snippet.")]

SNIPPET_LENGTH = 160


def snippet_length(_limits: Limits, length: int | None = SNIPPET_LENGTH) -> int:
    """Raises BadUserInput for a negative length."""
    size = non_negative("length", length)
    return SNIPPET_LENGTH if size is None else size


def checked_search(limits: Limits, text: str, fields: Sequence[SearchField] | None, mode: SearchMode | None) -> Search:
    """Converts the arguments to a search, truncated after the maximum number of words. Accepts any text."""
    whole = text.encode(errors="ignore").decode()  # a lone surrogate is not valid text and cannot be returned
    places = or_none(fields)
    return Search(
        first_words(whole, limits.search_words),
        frozenset(SearchField if places is None else places),
        mode or SearchMode.ALL_TERMS,
    )


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
