"""The GraphQL types of a search: what it found, how well, and where. What matches is the store's to know."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, NamedTuple

import strawberry

from gateway import model
from gateway.content import snippets
from gateway.content.tokenizer import first_words
from gateway.graph.body_renderer import Markdown
from gateway.graph.connection import Connection, PageKey, edges_of, non_negative, or_none, resolved
from gateway.graph.context import Info
from gateway.graph.loaders import (
    CountByListingLoader,
    Key,
    ProviderByKeyLoader,
    ScoreByArticleLoader,
    TextByArticleLoader,
    TopicsByArticleLoader,
)
from gateway.graph.order_inputs import describe
from gateway.graph.types import Article
from gateway.limits import Limits
from gateway.model import SearchField, SearchMode
from gateway.search import Search

describe(
    SearchField,
    "SearchField",
    "Where words are searched for.",
    TITLE="The title; a word counts most here.",
    EXCERPT="The excerpt.",
    BODY="The body without its markup; a word counts least here.",
    TOPICS="The names of the topics.",
    PROVIDER="The name of the provider.",
)
describe(
    SearchMode,
    "SearchMode",
    "How the words of a search must be found. Case, accents and signs make no difference.",
    ALL_TERMS="Every word, anywhere; of the last one the beginning will do.",
    ANY_TERM="At least one of the words; of the last one the beginning will do.",
    PHRASE="All words next to each other, in this order.",
    PREFIX="Every word, anywhere; of each the beginning will do.",
)

SearchFields = Annotated[
    list[SearchField] | None,
    strawberry.argument(name="in", description="Where to search: everywhere unless told, nowhere in an empty list."),
]
SearchModes = Annotated[SearchMode | None, strawberry.argument(description="How the words must be found.")]

SNIPPET_LENGTH = 160


def checked_search(limits: Limits, text: str, fields: Sequence[SearchField] | None, mode: SearchMode | None) -> Search:
    """What the arguments ask for, cut after the last word that is allowed. Any text will do."""
    whole = text.encode(errors="ignore").decode()  # half of a surrogate pair is no text, and may stand in no answer
    places = or_none(fields)
    return Search(
        first_words(whole, limits.search_words),
        frozenset(SearchField if places is None else places),
        mode or SearchMode.ALL_TERMS,
    )


@strawberry.type(description="A part of a text.")
class TextRange:
    start: int = strawberry.field(description="Where it begins, in code points from 0.")
    end: int = strawberry.field(description="Where it ends, exclusive.")


@strawberry.type(description="A short piece of a text in which something was found.")
class Snippet:
    field: SearchField = strawberry.field(description="Which text it is of.")
    text: str = strawberry.field(description="The piece as plain text; `…` stands where it was cut.")
    highlights: list[TextRange] = strawberry.field(description="What was found, in order, as offsets into `text`.")
    html: str = strawberry.field(description="The same piece as HTML: escaped, with `<mark>` around what was found.")


class Hit(NamedTuple):
    """What an edge of a search is resolved from."""

    cursor: str
    node: model.Article
    score: float | None
    """None where the order is not by it."""
    search: Search


@strawberry.type(description="One row of what a search found: an article, its place in the list, and how it matches.")
class ArticleSearchEdge:
    cursor: str = strawberry.field(
        description="The row's place in the list; pass it as `after` or `before` with the same search and order."
    )
    node: Article = strawberry.field(description="The article.")

    @resolved("How well it matches. Higher is better; comparable within one result alone.")
    @staticmethod
    async def score(hit: strawberry.Parent[Hit], info: Info) -> float:
        if hit.score is not None:
            return hit.score
        return await info.context.loader(ScoreByArticleLoader).load(Key(hit.node.id, hit.search))

    @resolved("Where it matches: one piece of each text in which something was found, the title first.", list[Snippet])
    @staticmethod
    async def snippets(
        hit: strawberry.Parent[Hit],
        info: Info,
        length: Annotated[
            int | None, strawberry.argument(description="How many characters a piece may have.")
        ] = SNIPPET_LENGTH,
    ) -> Sequence[Snippet]:
        size = non_negative("length", length)
        room = SNIPPET_LENGTH if size is None else size
        asked = [field for field in _READERS if field in hit.search.fields]
        found = await asyncio.gather(*(_READERS[field](hit, info, room) for field in asked))
        return [_snippet(field, each) for field, each in zip(asked, found, strict=True) if each]


@strawberry.type(description="One page of what a search found. With neither `first` nor `last` it has 20 rows.")
class ArticleSearchConnection(Connection[Article]):
    @resolved("The page's rows with their cursors, in the order of the list.", list[ArticleSearchEdge])
    @staticmethod
    async def edges(key: strawberry.Parent[PageKey], info: Info) -> Sequence[Hit]:
        return [Hit(*edge, _search(key)) for edge in await edges_of(key, info)]

    @resolved(
        "The query with its misspelt words corrected, where nothing was found and the correction finds something;"
        " made of words that articles have which the caller can see."
    )
    @staticmethod
    async def suggestion(key: strawberry.Parent[PageKey], info: Info) -> str | None:
        listing = key.question.listing
        count = await info.context.loader(CountByListingLoader).load(Key(key.parent, listing))
        return None if count else await info.context.snapshot.suggestion(listing)


def _search(key: PageKey) -> Search:
    return key.question.listing.search or Search("")


# Snippets: one reader for each text that is searched, the weightiest first.


def _marked(text: str, search: Search, length: int) -> snippets.Snippet | None:
    """Every run of white space is a single space. None where nothing is found."""
    shown = " ".join(text.split())
    hits = search.hits(shown)
    return snippets.snippet(shown, hits, length) if hits else None


async def _in_title(hit: Hit, _info: Info, length: int) -> snippets.Snippet | None:
    return _marked(hit.node.title, hit.search, length)


async def _in_topics(hit: Hit, info: Info, length: int) -> snippets.Snippet | None:
    topics = await info.context.loader(TopicsByArticleLoader).load(hit.node.id)
    return _marked(", ".join(topic.name for topic in topics), hit.search, length)


async def _in_excerpt(hit: Hit, _info: Info, length: int) -> snippets.Snippet | None:
    return _marked(hit.node.excerpt or "", hit.search, length)


async def _in_provider(hit: Hit, info: Info, length: int) -> snippets.Snippet | None:
    key = hit.node.provider_key
    provider = None if key is None else await info.context.loader(ProviderByKeyLoader).load(key)
    return _marked(provider.name, hit.search, length) if provider else None


async def _in_body(hit: Hit, info: Info, length: int) -> snippets.Snippet | None:
    """Of a body as it is shown. It may be long, so that this is no work for the thread that answers."""
    text = await info.context.loader(TextByArticleLoader).load(hit.node.id)
    rendered = await info.context.renderer.render(Markdown.of(text.body))
    return await asyncio.to_thread(_marked, rendered.text, hit.search, length)


_READERS: Mapping[SearchField, Callable[[Hit, Info, int], Awaitable[snippets.Snippet | None]]] = {
    SearchField.TITLE: _in_title,
    SearchField.TOPICS: _in_topics,
    SearchField.EXCERPT: _in_excerpt,
    SearchField.PROVIDER: _in_provider,
    SearchField.BODY: _in_body,
}


def _snippet(field: SearchField, found: snippets.Snippet) -> Snippet:
    ranges = [TextRange(start=start, end=end) for start, end in found.highlights]
    return Snippet(field=field, text=found.text, highlights=ranges, html=found.html)
