"""Arguments of full-text searches, and the search that they become."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import UNSET

from gateway.content.tokenizer import first_words
from gateway.graph.connection import or_none
from gateway.graph.order_inputs import describe
from gateway.graph.sources import keyword
from gateway.limits import Limits
from gateway.model.lists import SearchField, SearchMode
from gateway.search import Search
from gateway.store.reads import Listing

T = TypeVar("T")

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


def checked_search(limits: Limits, text: str, fields: Sequence[SearchField] | None, mode: SearchMode | None) -> Search:
    """Converts the arguments to a search, truncated after the maximum number of words. Accepts any text."""
    whole = text.encode(errors="ignore").decode()  # a lone surrogate is not valid text and cannot be returned
    places = or_none(fields)
    return Search(
        first_words(whole, limits.search_words),
        frozenset(SearchField if places is None else places),
        mode or SearchMode.ALL_TERMS,
    )


def search_parameters(text: Any) -> Sequence[inspect.Parameter]:
    """The arguments of a list that can be searched. `text` is the type of the search text."""
    return [keyword("query", text), keyword("in_", SearchFields), keyword("mode", SearchModes, SearchMode.ALL_TERMS)]


def searched(
    listing: Listing[T],
    limits: Limits,
    query: str | None = UNSET,
    in_: Sequence[SearchField] | None = UNSET,
    mode: SearchMode | None = SearchMode.ALL_TERMS,
) -> Listing[T]:
    """The records of a list that match a search, if there is one."""
    text = or_none(query)
    return listing if text is None else listing.matching(checked_search(limits, text, in_, mode))
