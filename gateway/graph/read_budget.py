"""The records that an operation reads: their number, which is limited, and the cache tags that its response depends on.

What a read counts and depends on is a function of the read and its values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any

from gateway import cache_tags
from gateway.errors import LimitExceeded
from gateway.model.lists import Group, Page
from gateway.model.records import Article, Author, Link, Provider, Related, Similar, Topic
from gateway.store.reads import (
    ARTICLE_BY_URL,
    ARTICLES_OF_AUTHOR,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    AUTHOR_BY_ID,
    AUTHOR_BY_KEY,
    AUTHOR_BY_SLUG,
    AUTHORS,
    PROVIDER_BY_ID,
    PROVIDER_BY_KEY,
    PROVIDER_BY_SLUG,
    PROVIDERS,
    TOPIC_BY_ID,
    TOPIC_BY_KEY,
    TOPIC_BY_SLUG,
    TOPICS,
    AdjacentIn,
    AuthorsOf,
    ChangesOf,
    CountOf,
    Find,
    GroupsOf,
    HistogramOf,
    LinkAddressesOf,
    LinksOf,
    Listing,
    Lookup,
    PageOf,
    Precedes,
    RangesOf,
    Read,
    ReferencesOf,
    RelatedOf,
    ScoreOf,
    SimilarTo,
    SnippetsOf,
    StatisticsOf,
    SuggestionOf,
    TopicsOf,
    TranslationsOf,
)


class ReadBudget:
    """Counts the records that an operation returns, including repeats in lists, and collects the cache tags that the
    response depends on."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._given = 0
        self.tags = set[str]()
        self.exceeded: LimitExceeded | None = None
        self.stop: Callable[[], object] | None = None
        """Called once when the budget is exceeded, to cancel the rest of the operation."""

    def count(self, read: Read[Any], values: Mapping[str, Any]) -> None:
        """Add the answer of a read: the values of its parents. Raises LimitExceeded if the total exceeds the budget."""
        if isinstance(read, Find):
            found = [record for record in values.values() if record is not None]
            if len(found) < len(values):
                self.depend(*(missing_tag(read, key) for key, record in values.items() if record is None))
        else:
            found = [record for value in values.values() for record in records_in(read, value)]
        self.add(found)
        self.depend(*lists_of(read))
        if isinstance(read, LinkAddressesOf):
            self.depend(*(tag for value in values.values() for tag in value.tags))

    def add(self, found: Collection[object]) -> None:
        """Add records or groups. Raises LimitExceeded if the total exceeds the budget."""
        self._given += len(found)
        self.check()
        self.tags.update(filter(None, map(_tag, found)))

    def add_ids(self, ids: Sequence[str]) -> None:
        """Add records by their ids. Raises LimitExceeded."""
        self._given += len(ids)
        self.check()
        self.tags.update(ids)

    def depend(self, *tags: str) -> None:
        """Add dependencies beyond the returned records: lists, and records that do not exist yet."""
        self.tags.update(tags)

    def check(self) -> None:
        """Raises LimitExceeded if the budget is already exceeded, so that the operation stops reading."""
        if self._given <= self._allowed:
            return
        if self.exceeded is None:
            self.exceeded = LimitExceeded("records", self._allowed, self._given)
            if self.stop:
                self.stop()
        raise self.exceeded


def records_in(read: Read[Any], value: Any) -> Collection[object]:
    """The records and groups that count for one value of a read."""
    match read:
        case Find():
            return () if value is None else (value,)
        case PageOf():
            page: Page[object] = value
            return [edge.node for edge in page.edges]
        case AdjacentIn():
            return [article for article in value if article]
        case (
            GroupsOf()
            | HistogramOf()
            | TopicsOf()
            | AuthorsOf()
            | RelatedOf()
            | LinksOf()
            | SimilarTo()
            | TranslationsOf()
        ):
            items: Collection[object] = value
            return items
    return ()


def is_shared(read: Read[Any]) -> bool:
    """Whether several parents in a response can show one value, which counts for each of them."""
    return isinstance(read, TopicsOf | AuthorsOf | RelatedOf | LinksOf)


def lists_of(read: Read[Any]) -> Collection[str]:
    """The tags of the corpus-wide lists that every answer of a read depends on."""
    match read:
        case (
            PageOf(listing)
            | Precedes(listing)
            | CountOf(listing)
            | GroupsOf(listing)
            | HistogramOf(listing)
            | RangesOf(listing)
            | AdjacentIn(listing)
            | SuggestionOf(listing)
        ):
            return _lists(listing)
        case Find(lookup) if lookup == ARTICLE_BY_URL:  # several can have the URL, and a newer one replaces the result
            return (cache_tags.ARTICLES,)
        case ScoreOf() | SimilarTo() | SnippetsOf() | ChangesOf() | TranslationsOf() | ReferencesOf():
            return (cache_tags.ARTICLES,)
        case StatisticsOf():
            return cache_tags.LISTS
    return ()


def missing_tag(read: Find[Any], key: str) -> str:
    """The tag of a key without a record: the record that could appear, or the list in which it would."""
    return key if cache_tags.is_record_id(key) else _COLLECTIONS.get(read.lookup, cache_tags.ARTICLES)


_COLLECTIONS: Mapping[Lookup[Any], str] = {
    **dict.fromkeys((PROVIDER_BY_ID, PROVIDER_BY_KEY, PROVIDER_BY_SLUG), cache_tags.PROVIDERS),
    **dict.fromkeys((TOPIC_BY_ID, TOPIC_BY_KEY, TOPIC_BY_SLUG), cache_tags.TOPICS),
    **dict.fromkeys((AUTHOR_BY_ID, AUTHOR_BY_KEY, AUTHOR_BY_SLUG), cache_tags.AUTHORS),
}
"""The list of a lookup's records. Default: the list of all articles."""
_LISTS: Mapping[str, Collection[str]] = {
    ARTICLES_OF_PROVIDER.name: (),
    ARTICLES_OF_TOPIC.name: (),
    ARTICLES_OF_AUTHOR.name: (),
    PROVIDERS.name: (cache_tags.PROVIDERS,),
    TOPICS.name: (cache_tags.TOPICS,),
    AUTHORS.name: (cache_tags.AUTHORS,),
}
"""The corpus-wide list that a listing depends on, besides its parent. Default: the list of all articles."""


def _lists(listing: Listing[Any]) -> Collection[str]:
    """A filter can depend on the names and counts that other articles contribute."""
    found = _LISTS.get(listing.name, (cache_tags.ARTICLES,))
    return (cache_tags.ARTICLES,) if listing.filter and not found else found


def _tag(found: object) -> str | None:
    tag = _TAGS.get(type(found))
    return tag(found) if tag else None


_TAGS: Mapping[type, Callable[[Any], str | None]] = {
    **dict.fromkeys((Article, Provider, Topic, Author), attrgetter("id")),
    Related: attrgetter("source_id"),  # part of its article
    Similar: attrgetter("article.id"),
    Link: attrgetter("tag"),
    Group: lambda group: _tag(group.value),
}
