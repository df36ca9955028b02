"""The interface of a store: snapshots to read, and change sets to apply."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, Protocol, TypeVar

from gateway.filters import Filter
from gateway.model.changes import Change, Encoded, FileVersion, Restricted
from gateway.model.documents import Document, Restriction, Status
from gateway.model.lists import Group, Interval, Largest, Order, Page, Window
from gateway.model.problems import Problem, Severity
from gateway.model.records import (
    Adjacent,
    Article,
    ArticleChange,
    Generation,
    Provider,
    Related,
    Similar,
    Statistics,
    Text,
    Topic,
    Visibility,
)
from gateway.search import Search

T = TypeVar("T")


@dataclass(frozen=True)
class Lookup(Generic[T]):
    """A unique key of a kind of record."""

    name: str


ARTICLE_BY_ID = Lookup[Article]("article.id")
ARTICLE_BY_SLUG = Lookup[Article]("article.slug")
"""If articles in different locales share the slug: a visible one first, then one without a locale, then by path."""
ARTICLE_BY_LOCALIZED_SLUG = Lookup[Article]("article.localized_slug")
"""The key is a `localized_slug`."""
ARTICLE_BY_PATH = Lookup[Article]("article.path")
ARTICLE_BY_URL = Lookup[Article]("article.url")
"""The key is a normalised URL. If articles share it: the first visible one in the default order."""
PROVIDER_BY_KEY = Lookup[Provider]("provider.key")
PROVIDER_BY_ID = Lookup[Provider]("provider.id")
PROVIDER_BY_SLUG = Lookup[Provider]("provider.slug")
TOPIC_BY_KEY = Lookup[Topic]("topic.key")
TOPIC_BY_ID = Lookup[Topic]("topic.id")
TOPIC_BY_SLUG = Lookup[Topic]("topic.slug")
RELATED_BY_ID = Lookup[Related]("related.id")


def localized_slug(slug: str, locale: str) -> str:
    """The lookup key of a slug in one locale.

    Replaces NUL, which SQLite treats as the end of JSON text, by a lone surrogate. Stored text contains neither.
    """
    return json.dumps([text.replace("\0", "\ud800") for text in (slug, locale)])


@dataclass(frozen=True)
class Listing(Generic[T]):
    """A list that can be paged and counted: one for the corpus, or one per parent."""

    name: str
    filter: Filter | None = None
    """The filter of the records, if any."""

    search: Search | None = None
    """The full-text search of the records, if any. Only for articles."""

    def where(self, filter_: Filter | None) -> Listing[T]:
        return replace(self, filter=filter_)

    def matching(self, search: Search | None) -> Listing[T]:
        return replace(self, search=search)


ARTICLES = Listing[Article]("articles")
ARTICLES_OF_PROVIDER = Listing[Article]("provider.articles")
"""The parent is a provider's key."""
ARTICLES_OF_TOPIC = Listing[Article]("topic.articles")
"""The parent is a topic's key."""
ARTICLES_REFERRING = Listing[Article]("article.referencedBy")
"""Articles with a related entry that resolves to the parent, an article's id. Each article occurs once. The parent
itself is omitted."""
MENTIONS = Listing[Related]("provider.mentions")
"""Related entries of the parent, a provider's key, in the default order of their articles, then by position."""
PROVIDERS = Listing[Provider]("providers")
TOPICS = Listing[Topic]("topics")

LOST = "lost"
"""The memory key with the last good versions that a rebuild could not read: their paths as a JSON list, until the first
run."""

WHOLE = ""
"""The parent of a corpus-wide list."""


class Usage(NamedTuple):
    """The cost of a snapshot so far: calls that reached the database, and rows returned.

    The read that opens the snapshot is not counted, and neither is the one that reads a generation's providers and
    topics for all its snapshots.
    """

    calls: int = 0
    rows: int = 0


class ChangePage(NamedTuple):
    """A page of changes. An article that changed more than once appears at its last change."""

    changes: tuple[ArticleChange, ...]
    token: str
    """Continues after the page."""
    has_more: bool
    is_reset: bool
    """Whether the page begins a full listing, because the token is absent or too old."""


class ChangeCounts(NamedTuple):
    added: int
    updated: int
    removed: int


class Snapshot(Protocol):
    """A read view of one generation with one visibility. All results come from that generation.

    Batch methods take distinct keys and return a mapping without the keys that are unknown or not visible.
    """

    @property
    def visibility(self) -> Visibility: ...

    @property
    def usage(self) -> Usage: ...

    async def generation(self) -> Generation:
        """Raises NotReady if the database has no generation yet."""
        ...

    async def find(self, lookup: Lookup[T], keys: Sequence[str]) -> Mapping[str, T]:
        """The records with these keys."""
        ...

    async def pages(
        self, listing: Listing[T], parents: Sequence[str], order: Order, window: Window
    ) -> Mapping[str, Page[T]]:
        """The same window of each parent's list. Every parent has a page, which can be empty.

        The order BEST_FIRST requires a corpus-wide list with a search. Raises BadUserInput for a malformed cursor, or
        one of another order.
        """
        ...

    async def counts(self, listing: Listing[T], parents: Sequence[str]) -> Mapping[str, int]:
        """The length of each parent's list."""
        ...

    async def has_rows_before(
        self, listing: Listing[T], parents: Sequence[str], order: Order, window: Window
    ) -> Mapping[str, bool]:
        """Whether each parent's list has rows on the other side of the window: before a forward page, after a backward
        page."""
        ...

    async def adjacent(
        self, listing: Listing[Article], article_ids: Sequence[str], order: Order
    ) -> Mapping[str, Adjacent]:
        """Each article's neighbours in the corpus-wide list. An article outside the list is placed by its values."""
        ...

    async def top_groups(
        self, listing: Listing[Article], parents: Sequence[str], groups: Largest
    ) -> Mapping[str, Sequence[Group[Topic | Provider | str]]]:
        """The largest groups of each parent's list, by count, then by name, then by key.

        Values are records for topics and providers, and text otherwise. Articles without a value are not counted.
        """
        ...

    async def histogram(
        self, listing: Listing[Article], parents: Sequence[str], interval: Interval
    ) -> Mapping[str, Sequence[Group[datetime]]]:
        """The number of articles of each parent's list per interval of publication, oldest first. Empty intervals are
        omitted.

        The values are the starts of the intervals.
        """
        ...

    async def quality_ranges(
        self, listing: Listing[Article], parents: Sequence[str], bounds: Sequence[int]
    ) -> Mapping[str, Sequence[int]]:
        """The number of articles of each parent's list per quality range: below the first of the ascending bounds,
        between neighbouring bounds, and from the last bound on."""
        ...

    async def topics_of(self, article_ids: Sequence[str]) -> Mapping[str, Sequence[Topic]]:
        """Each article's topics, in file order."""
        ...

    async def related_of(self, article_ids: Sequence[str], first: int | None) -> Mapping[str, Sequence[Related]]:
        """Each article's related entries, in file order: all, or the first `first`."""
        ...

    async def texts_of(self, article_ids: Sequence[str]) -> Mapping[str, Text]:
        """Each article's body and front matter."""
        ...

    async def secured_of(self, article_ids: Sequence[str]) -> Mapping[str, str]:
        """The opaque payload of each article that has one. The caller checks the permission."""
        ...

    async def scores(self, search: Search, article_ids: Sequence[str]) -> Mapping[str, float]:
        """The score of each article that matches the search. Higher is better."""
        ...

    async def suggestion(self, listing: Listing[Article]) -> str | None:
        """The listing's search text with corrected spelling, if the correction has results.

        Uses only words of visible articles. Call it if the listing is empty.
        """
        ...

    async def similar(self, article_ids: Sequence[str], first: int) -> Mapping[str, Sequence[Similar]]:
        """Each article's neighbours, most similar first: by shared topics, then by shared words."""
        ...

    async def statistics(self) -> Statistics: ...

    async def matching_ids(self, listing: Listing[Article]) -> AbstractSet[str]:
        """The ids of all articles of a corpus-wide list."""
        ...

    async def changes(self, token: str | None, first: int) -> ChangePage:
        """The changes since a token, in order of occurrence. Without a token, a full listing.

        Raises BadUserInput for a malformed token.
        """
        ...

    async def change_counts(self, token: str) -> ChangeCounts:
        """The number of changes since a token."""
        ...

    async def changed_ids(self, token: str, first: int) -> Sequence[str]:
        """Ids of articles, providers and topics that changed since a token, or whose articles did: at most `first`."""
        ...

    async def token(self) -> str:
        """The token of this state, for `changes`."""
        ...

    async def unexposed_keys(self) -> Mapping[str, int]:
        """Front-matter keys that public snapshots hide, with the number of articles that have each, most frequent
        first. Empty in a public snapshot."""
        ...

    async def problems(self, severity: Severity | None, first: int | None) -> Sequence[Problem]:
        """By severity (errors, warnings, infos), then by path and line."""
        ...


class FileState(NamedTuple):
    """The state of a file: the version read last, and the article served from it, if any."""

    version: FileVersion
    status: Status | None
    """None if the file does not serve an article."""
    read_date_time: datetime | None
    """When the bytes of the served version were first read."""
    served_sha256: str | None
    """The digest of the served version."""
    unrestricted: Restriction | None = None
    """The visibility of the served version without its restriction, if it has one."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The changes of one run. They are streamed, so that memory use does not depend on their number."""

    as_of: datetime
    """The time that status is computed against."""
    changes: AsyncIterable[Sequence[Change | Restricted]]
    """In batches. No two changes have the same path, except for a restriction."""
    problems: tuple[Problem, ...] | None = ()
    """Problems of the run as a whole and of skipped paths. They replace those of the previous run, unless None."""
    memory: Mapping[str, str] | None = field(default_factory=dict)
    """State of the ingest for its next run. Replaces the previous one, unless None. Read after the changes, because it
    can depend on them."""
    expected: int = 0
    """The number of files that the run reads. A large run is written in another way."""
    retention: timedelta = timedelta(days=30)
    """How long tombstones are stored, for clients that are offline."""


class Applied(NamedTuple):
    """The result of a ChangeSet. `changed` is true if it created a new generation."""

    changed: bool
    added: int
    updated: int
    removed: int


class Store(Protocol):
    """The database of one content folder. It has one writer and many readers, also across processes."""

    @property
    def is_writer(self) -> bool:
        """Whether this process writes the database."""
        ...

    @property
    def writer_name(self) -> str:
        """The process that writes the database, for messages."""
        ...

    @property
    def encode(self) -> Callable[[Document], Encoded]:
        """Encodes a document for `apply`. A module-level function, so that any process can call it."""
        ...

    async def become_writer(self) -> None:
        """Waits until no other process writes the database, then becomes its writer. Meanwhile the other process's
        commits are read here. Raises StoreError."""
        ...

    def snapshot(self, visibility: Visibility) -> AbstractAsyncContextManager[Snapshot]:
        """A snapshot of the newest generation. It leases a reader from the first read until it is closed."""
        ...

    async def apply(self, changes: ChangeSet) -> Applied:
        """Applies the changes in one transaction: they become one new generation, or are rolled back.

        The first run creates a generation even if it is empty. Raises StoreError.
        """
        ...

    def generations(self) -> AsyncIterator[None]:
        """Yields at once, and then for each newer generation. Generations that arrive meanwhile are merged."""
        ...

    def end_generations(self) -> None:
        """Ends all iterators of `generations`. Reads and writes continue."""
        ...

    async def ready(self) -> bool:
        """Whether a generation can be served."""
        ...

    async def files(self, under: Collection[str] | None = None) -> Mapping[str, FileState]:
        """The state of each file after the last run, by path. With `under`, only of the files at these paths and in the
        folders at these paths."""
        ...

    async def copies(self, digests: Collection[str], inodes: Collection[int] = ()) -> Mapping[str, FileState]:
        """The state after the last run of each file with one of these SHA-256 digests or inodes, by path."""
        ...

    async def memory(self) -> Mapping[str, str]:
        """The `memory` of the last run."""
        ...

    async def next_due(self) -> datetime | None:
        """The next time at which an article stops being scheduled or expires. None if there is no such time."""
        ...

    async def close(self) -> None:
        """Idempotent. Ends all threads and closes all files."""
        ...
