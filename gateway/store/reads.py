"""What a snapshot reads: each read is a value that says what to read for each of its parents.

The value for a parent has the type `V` of its `Read[V]`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.content.text import storable
from gateway.filters import Filter
from gateway.model.collections import CustomField
from gateway.model.lists import Group, Interval, Largest, Order, Page, ReferenceKind, Window
from gateway.model.navigation import Folder, NavigationItem
from gateway.model.records import (
    Adjacent,
    Article,
    Author,
    ChangePage,
    Link,
    LinkAddresses,
    Provider,
    Related,
    Similar,
    Snippet,
    Statistics,
    Text,
    Topic,
)
from gateway.search import Search

T = TypeVar("T")
V = TypeVar("V")

WHOLE = ""
"""The parent of a corpus-wide list."""


@dataclass(frozen=True)
class Lookup(Generic[T]):
    """A unique key of a kind of record."""

    name: str


@dataclass(frozen=True)
class CustomLookup(Lookup[Article]):
    """A unique custom field. The key is its value as text, as in `documents.CustomValues`.

    Several articles can have a value. Visible ones come first, then those without a locale, then the order of paths.
    """

    field: CustomField

    @classmethod
    def of(cls, field: CustomField) -> CustomLookup:
        return cls(str(field), field)


ARTICLE_BY_ID = Lookup[Article]("article.id")
ARTICLE_BY_SLUG = Lookup[Article]("article.slug")
"""If articles in different locales share the slug: a visible one first, then one without a locale, then by path."""
ARTICLE_BY_LOCALIZED_SLUG = Lookup[Article]("article.localized_slug")
"""The key is a `localized_slug`."""
ARTICLE_BY_PATH = Lookup[Article]("article.path")
ARTICLE_BY_URL = Lookup[Article]("article.url")
"""The key is a normalised URL. If articles share it: the first visible one in the default order, those with it as an
alias last."""
PROVIDER_BY_KEY = Lookup[Provider]("provider.key")
PROVIDER_BY_ID = Lookup[Provider]("provider.id")
PROVIDER_BY_SLUG = Lookup[Provider]("provider.slug")
TOPIC_BY_KEY = Lookup[Topic]("topic.key")
TOPIC_BY_ID = Lookup[Topic]("topic.id")
TOPIC_BY_SLUG = Lookup[Topic]("topic.slug")
AUTHOR_BY_KEY = Lookup[Author]("author.key")
AUTHOR_BY_ID = Lookup[Author]("author.id")
AUTHOR_BY_SLUG = Lookup[Author]("author.slug")
RELATED_BY_ID = Lookup[Related]("related.id")
FOLDER_BY_PATH = Lookup[Folder]("folder.path")
FOLDER_OF_FILE = Lookup[Folder]("folder.file")
"""The key is the path of a file."""


def localized_slug(slug: str, locale: str) -> str:
    """The lookup key of a slug in one locale.

    Null replaces text that cannot be stored, because databases do not read it from JSON.
    """
    return json.dumps([text if storable(text) else None for text in (slug, locale)])


@dataclass(frozen=True)
class Listing(Generic[T]):
    """A list that can be paged and counted: one for the corpus, or one per parent."""

    name: str
    filter: Filter | None = None
    """The filter of the records, if any."""

    search: Search | None = None
    """The full-text search of the records, if any. Only for articles."""

    collection: str | None = None
    """The collection of the records. None for all. Only for articles."""

    reference: CustomField | None = None
    """The field whose references lead to the parent, an article's id. Only for `referring_by`."""

    def where(self, filter_: Filter | None) -> Listing[T]:
        return replace(self, filter=filter_)

    def matching(self, search: Search | None) -> Listing[T]:
        return replace(self, search=search)

    def within(self, collection: str) -> Listing[T]:
        return replace(self, collection=collection)


ARTICLES = Listing[Article]("articles")
ARTICLES_OF_PROVIDER = Listing[Article]("provider.articles")
"""The parent is a provider's key."""
ARTICLES_OF_TOPIC = Listing[Article]("topic.articles")
"""The parent is a topic's key."""
ARTICLES_OF_AUTHOR = Listing[Article]("author.articles")
"""The parent is an author's key."""
REFERRING: Mapping[frozenset[ReferenceKind], Listing[Article]] = {
    frozenset(kinds): Listing("article.referencedBy" + "".join(f".{kind.lower()}" for kind in kinds))
    for number in range(1, len(ReferenceKind) + 1)
    for kinds in combinations(ReferenceKind, number)
}
"""Articles that refer to the parent, an article's id, in one of these ways. Each article occurs once. The parent itself
is omitted."""
ARTICLES_REFERRING = REFERRING[frozenset(ReferenceKind)]


def referring_by(field: CustomField) -> Listing[Article]:
    """The articles with a reference that leads to the parent, an article's id. Each occurs once."""
    return Listing(f"article.referencedBy.{field}", collection=field.collection, reference=field)


MENTIONS = Listing[Related]("provider.mentions")
"""Related entries of the parent, a provider's key, in the default order of their articles, then by position."""
PROVIDERS = Listing[Provider]("providers")
TOPICS = Listing[Topic]("topics")
AUTHORS = Listing[Author]("authors")


GroupValue = Topic | Author | Provider | Article | str | int | float


class Read(Generic[V]):
    """The base of all reads. Every parent has a value, which is None, empty or 0 for an unknown or invisible one."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Find(Read[T | None]):
    """The record with a key, the parent. None if it is unknown or not visible."""

    lookup: Lookup[T]


@dataclass(frozen=True, slots=True)
class PageOf(Read[Page[T]]):
    """The same window of each parent's list, which can be empty.

    The order BEST_FIRST requires a corpus-wide list with a search. A malformed cursor, or one of another order, is
    BadUserInput.
    """

    listing: Listing[T]
    order: Order
    window: Window


@dataclass(frozen=True, slots=True)
class Precedes(Read[bool]):
    """Whether each parent's list has rows on the other side of the window: before a forward page, after a backward
    page."""

    listing: Listing[Any]
    order: Order
    window: Window


@dataclass(frozen=True, slots=True)
class CountOf(Read[int]):
    """The length of each parent's list."""

    listing: Listing[Any]


@dataclass(frozen=True, slots=True)
class GroupsOf(Read[Sequence[Group[GroupValue]]]):
    """The largest groups of each parent's list, by count, then by name, then by key.

    Values are records for topics, authors, providers and references, as in `documents.CustomValues` for other custom
    fields, and text otherwise. Articles without a value are not counted.
    """

    listing: Listing[Article]
    largest: Largest


@dataclass(frozen=True, slots=True)
class HistogramOf(Read[Sequence[Group[datetime]]]):
    """The number of articles of each parent's list per interval of publication, or of the time in a custom field,
    oldest first. Empty intervals are omitted. The values are the starts of the intervals."""

    listing: Listing[Article]
    interval: Interval
    field: CustomField | None = None


@dataclass(frozen=True, slots=True)
class RangesOf(Read[Sequence[int]]):
    """The number of articles of each parent's list per range of quality, or of a custom field: below the first of the
    ascending bounds, between neighbouring bounds, and from the last bound on."""

    listing: Listing[Article]
    bounds: tuple[int | float, ...]
    field: CustomField | None = None


@dataclass(frozen=True, slots=True)
class AdjacentIn(Read[Adjacent]):
    """The neighbours of each parent, an article's id, in the corpus-wide list. An article outside the list is placed by
    its values."""

    listing: Listing[Article]
    order: Order


@dataclass(frozen=True, slots=True)
class TopicsOf(Read[Sequence[Topic]]):
    """The topics of each parent, an article's id, in file order."""


@dataclass(frozen=True, slots=True)
class AuthorsOf(Read[Sequence[Author]]):
    """The authors of each parent, an article's id, in file order."""


@dataclass(frozen=True, slots=True)
class RelatedOf(Read[Sequence[Related]]):
    """The related entries of each parent, an article's id, in file order: all, or the first `first`."""

    first: int | None = None


@dataclass(frozen=True, slots=True)
class ReferencesOf(Read[Sequence[str]]):
    """The ids of the visible articles that a custom field of each parent, an article's id, refers to, in file order.
    Each occurs once."""

    field: CustomField


@dataclass(frozen=True, slots=True)
class LinksOf(Read[Sequence[Link]]):
    """The links in the body of each parent, an article's id, in their order: all, or the first `first`."""

    first: int | None = None


@dataclass(frozen=True, slots=True)
class LinkAddressesOf(Read[LinkAddresses]):
    """The addresses of the visible articles that the body of each parent, an article's id, links to."""


@dataclass(frozen=True, slots=True)
class TextOf(Read[Text]):
    """The body and front matter of each parent, an article's id."""


@dataclass(frozen=True, slots=True)
class RefersTo(Read[bool]):
    """Whether a visible article refers to the file at each parent, a path, and the file was found."""


@dataclass(frozen=True, slots=True)
class SecuredOf(Read[str | None]):
    """The opaque payload of each parent, an article's id, if it has one. The caller checks the permission."""


@dataclass(frozen=True, slots=True)
class ScoreOf(Read[float]):
    """The score of each parent, the id of an article that matches the search. Higher is better."""

    search: Search


@dataclass(frozen=True, slots=True)
class SimilarTo(Read[Sequence[Similar]]):
    """The neighbours of each parent, an article's id, most similar first: by shared topics, then by shared words."""

    first: int


@dataclass(frozen=True, slots=True)
class SnippetsOf(Read[Sequence[Snippet]]):
    """The extracts of each parent, an article's id: one for each searched text with a match, of at most `length` code
    points, the one with the highest weight first."""

    search: Search
    length: int


@dataclass(frozen=True, slots=True)
class SuggestionOf(Read[str | None]):
    """The text of the list's search with corrected spelling, if the list is empty and the list of the correction is
    not. Only words of visible articles are used. The parent is WHOLE."""

    listing: Listing[Article]


@dataclass(frozen=True, slots=True)
class ChangesOf(Read[ChangePage]):
    """The changes since a token, in order of occurrence. Without a token, a full listing. The parent is WHOLE.

    A malformed token is BadUserInput.
    """

    token: str | None
    first: int


@dataclass(frozen=True, slots=True)
class TranslationsOf(Read[Sequence[Article]]):
    """The translations of each parent, an article's id, that lists show: by locale, then by path. Without itself."""


@dataclass(frozen=True, slots=True)
class NavigationOf(Read[Sequence[NavigationItem]]):
    """The items below a folder, down to a depth: all pages, or those in a locale. The parent is WHOLE."""

    under: str
    depth: int
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class BreadcrumbsOf(Read[Sequence[Folder]]):
    """The folders from the top down to that of each parent, a file's path, without the content folder."""


@dataclass(frozen=True, slots=True)
class FoldersIn(Read[Sequence[Folder]]):
    """The folders directly in each parent, a folder's path, in the order of the navigation."""


@dataclass(frozen=True, slots=True)
class StatisticsOf(Read[Statistics]):
    """The parent is WHOLE."""


ENTRY = (
    *("tail", "url", "title", "excerpt", "type", "quality", "published_date_time", "web_url", "amp_web_url"),
    *("cdn_amp_web_url", "provider_key", "provider_name", "provider_domain", "provider_images", "images"),
)
"""The members of a related entry in a row. `tail` is the end of its id."""


class Ask(NamedTuple):
    """A read for some parents. With columns, the answer has rows of these columns in place of records.

    Times are microseconds since 1970. `topics` are pairs of a key and its spelling, `authors` are
    sequences of the values of an AuthorName, `images` are sequences of the
    values of an Image, `related` are sequences of the members ENTRY, and `custom` are the values by their keys.
    """

    read: Read[Any]
    parents: Sequence[str]
    columns: tuple[str, ...] = ()
    has_cursors: bool = False
    """Whether the cursors of the rows are used."""


class Rows(NamedTuple):
    """A page as rows. A row begins with the columns asked for."""

    rows: Sequence[Sequence[Any]]
    has_more: bool
    cursor: Callable[[Sequence[Any]], str]
    """The cursor of one of the rows, if the read has cursors."""


ReadSteps = Generator[Sequence[Ask], Sequence[Mapping[str, Any]], T]
"""Yields the reads of a level, is sent their answers, and returns a result."""
