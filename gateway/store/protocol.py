"""The questions that a store answers and the changes that it takes. No SQL, and no backend, is named here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, Protocol, TypeVar

from gateway.filters import Filter
from gateway.model import (
    Adjacent,
    Article,
    ArticleChange,
    Change,
    Document,
    Encoded,
    FileVersion,
    Generation,
    Group,
    Interval,
    Largest,
    Order,
    Page,
    Problem,
    Provider,
    Related,
    Severity,
    Similar,
    Statistics,
    Status,
    Text,
    Topic,
    Visibility,
    Window,
)
from gateway.search import Search

T = TypeVar("T")


@dataclass(frozen=True)
class Lookup(Generic[T]):
    """A unique key of a kind of record."""

    name: str


ARTICLE_BY_ID = Lookup[Article]("article.id")
ARTICLE_BY_SLUG = Lookup[Article]("article.slug")
"""Of articles in several locales a visible one before a hidden one, then one without a locale, then by path."""
ARTICLE_BY_LOCALIZED_SLUG = Lookup[Article]("article.localized_slug")
"""By `localized_slug`."""
ARTICLE_BY_PATH = Lookup[Article]("article.path")
ARTICLE_BY_URL = Lookup[Article]("article.url")
"""By normalised URL: of several articles the first visible one in the default order."""
PROVIDER_BY_KEY = Lookup[Provider]("provider.key")
PROVIDER_BY_ID = Lookup[Provider]("provider.id")
PROVIDER_BY_SLUG = Lookup[Provider]("provider.slug")
TOPIC_BY_KEY = Lookup[Topic]("topic.key")
TOPIC_BY_ID = Lookup[Topic]("topic.id")
TOPIC_BY_SLUG = Lookup[Topic]("topic.slug")
RELATED_BY_ID = Lookup[Related]("related.id")


def localized_slug(slug: str, locale: str) -> str:
    """The key of an article whose slug is looked up in one locale.

    A NUL, which may end a text of JSON, is replaced by half a surrogate pair: no stored text holds either.
    """
    return json.dumps([text.replace("\0", "\ud800") for text in (slug, locale)])


@dataclass(frozen=True)
class Listing(Generic[T]):
    """A list that can be paged and counted: one for the whole corpus, or one for each of many parents."""

    name: str
    filter: Filter | None = None
    """What must hold of the records; without one the list is plain."""

    search: Search | None = None
    """What must be found in the records, which are articles then."""

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
"""Articles with a related entry that resolves to the parent, an article's id; each once, never the parent."""
MENTIONS = Listing[Related]("provider.mentions")
"""Related entries of the parent, a provider's key; ordered by their article in the default order, then position."""
PROVIDERS = Listing[Provider]("providers")
TOPICS = Listing[Topic]("topics")

LOST = "lost"
"""What a database that was built anew remembers until its first run: the paths, as a JSON list, of the articles of the
one before that could not be carried over."""

WHOLE = ""
"""The parent to name for a list of the whole corpus."""


class Usage(NamedTuple):
    """What a snapshot has cost so far: the calls that reached the database, and the rows that they returned.

    The read that opens the snapshot is not counted.
    """

    calls: int = 0
    rows: int = 0


class ChangePage(NamedTuple):
    """Some of what has changed. An article that changed several times stands where it did so last."""

    changes: tuple[ArticleChange, ...]
    token: str
    """Goes on after the page."""
    has_more: bool
    is_reset: bool
    """The page begins a full listing, whatever the token was."""


class ChangeCounts(NamedTuple):
    added: int
    updated: int
    removed: int


class Snapshot(Protocol):
    """A read view of one generation with one visibility. Every answer comes from exactly that generation.

    Batch questions take each key once and answer with a mapping that leaves out what is unknown or not visible.
    """

    @property
    def visibility(self) -> Visibility: ...

    @property
    def usage(self) -> Usage: ...

    async def generation(self) -> Generation:
        """Raises NotReady where the database holds no generation yet."""
        ...

    async def find(self, lookup: Lookup[T], keys: Sequence[str]) -> Mapping[str, T]:
        """The records with these keys."""
        ...

    async def pages(
        self, listing: Listing[T], parents: Sequence[str], order: Order, window: Window
    ) -> Mapping[str, Page[T]]:
        """The same window of each parent's list; every parent has a page, at worst an empty one.

        The order BEST_FIRST is for a list of the whole corpus with a search. Raises BadUserInput for a cursor that is
        malformed or names another order.
        """
        ...

    async def counts(self, listing: Listing[T], parents: Sequence[str]) -> Mapping[str, int]:
        """The length of each parent's list."""
        ...

    async def has_rows_before(
        self, listing: Listing[T], parents: Sequence[str], order: Order, window: Window
    ) -> Mapping[str, bool]:
        """Whether each parent's list holds a row on the other side of the window: before a forward page, after
        a backward one."""
        ...

    async def adjacent(
        self, listing: Listing[Article], article_ids: Sequence[str], order: Order
    ) -> Mapping[str, Adjacent]:
        """The neighbours of each article in the list of the whole corpus; one that it lacks is placed by its values."""
        ...

    async def top_groups(
        self, listing: Listing[Article], parents: Sequence[str], groups: Largest
    ) -> Mapping[str, Sequence[Group[Topic | Provider | str]]]:
        """The largest groups of each parent's list, by count, then by name, then by key.

        Their values are records for topics and providers, else texts. An article without a value is in no group.
        """
        ...

    async def histogram(
        self, listing: Listing[Article], parents: Sequence[str], interval: Interval
    ) -> Mapping[str, Sequence[Group[datetime]]]:
        """How many articles of each parent's list were published in each interval that has some, oldest first.

        The values are the intervals' starts.
        """
        ...

    async def quality_ranges(
        self, listing: Listing[Article], parents: Sequence[str], bounds: Sequence[int]
    ) -> Mapping[str, Sequence[int]]:
        """How many articles of each parent's list have a quality below the first of the ascending bounds, from each
        bound to the next, and from the last one on."""
        ...

    async def topics_of(self, article_ids: Sequence[str]) -> Mapping[str, Sequence[Topic]]:
        """Each article's topics, in file order."""
        ...

    async def related_of(self, article_ids: Sequence[str], first: int | None) -> Mapping[str, Sequence[Related]]:
        """Each article's related entries, in file order: all, or the first few."""
        ...

    async def texts_of(self, article_ids: Sequence[str]) -> Mapping[str, Text]:
        """Each article's body and front matter."""
        ...

    async def secured_of(self, article_ids: Sequence[str]) -> Mapping[str, str]:
        """The opaque payload of each article that has one. Who may see it is the caller's to decide."""
        ...

    async def scores(self, search: Search, article_ids: Sequence[str]) -> Mapping[str, float]:
        """How well each article matches, of those that do; higher is better."""
        ...

    async def suggestion(self, listing: Listing[Article]) -> str | None:
        """The text of the listing's search with its misspelt words corrected, where that finds something.

        The words are those of visible articles. To be asked where the listing is empty.
        """
        ...

    async def similar(self, article_ids: Sequence[str], first: int) -> Mapping[str, Sequence[Similar]]:
        """Each article's neighbours, the nearest first: by topics that both have, then by words of their texts."""
        ...

    async def statistics(self) -> Statistics: ...

    async def matching_ids(self, listing: Listing[Article]) -> AbstractSet[str]:
        """The ids of all articles of a list of the whole corpus."""
        ...

    async def changes(self, token: str | None, first: int) -> ChangePage:
        """What has changed since a token was given out, in the order of the changes; without one a full listing.

        Raises BadUserInput for a token that is malformed.
        """
        ...

    async def change_counts(self, token: str) -> ChangeCounts:
        """How much has changed since a token was given out."""
        ...

    async def changed_ids(self, token: str, first: int) -> Sequence[str]:
        """The ids of articles, providers and topics of which something changed since a token was given out, or of whose
        articles something did: so many of them at most."""
        ...

    async def token(self) -> str:
        """What names this very state for `changes`."""
        ...

    async def unexposed_keys(self) -> Mapping[str, int]:
        """The keys of front matter that no public snapshot shows, with the number of articles that have each, the most
        frequent first. Empty in public."""
        ...

    async def problems(self, severity: Severity | None, first: int | None) -> Sequence[Problem]:
        """Errors before warnings before infos, then by path and line."""
        ...


class FileState(NamedTuple):
    """What the store knows of a file: the version read last, and the article that is served from it, if any."""

    version: FileVersion
    status: Status | None
    """None where no article is served from the file."""
    read_date_time: datetime | None
    """When the bytes of the served version were first read."""
    served_sha256: str | None
    """The digest of the served version."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """One run of files to store. The changes stream in, so that a run needs no memory for all of them."""

    as_of: datetime
    """The time that status is computed against."""
    changes: AsyncIterable[Sequence[Change]]
    problems: tuple[Problem, ...] = ()
    """Those of the run as a whole and of what the walk passed over; they replace those of the run before."""
    memory: Mapping[str, str] = field(default_factory=dict)
    """What ingest asks to remember for its next run; replaces the memory of the run before. It is read after the
    changes, so that it may depend on them."""
    retention: timedelta = timedelta(days=30)
    """How long it is remembered that an article has gone, for clients that were away."""


class Applied(NamedTuple):
    """What a ChangeSet did. `changed` is whether a new generation came of it."""

    changed: bool
    added: int
    updated: int
    removed: int


class Store(Protocol):
    """A database of one content folder: one writer, many readers, also where several processes share it."""

    @property
    def is_writer(self) -> bool:
        """Whether this process is the one that writes the database."""
        ...

    @property
    def writer_name(self) -> str:
        """The process that writes the database, for people to read."""
        ...

    @property
    def encode(self) -> Callable[[Document], Encoded]:
        """What the store makes of a document before it takes it; a function of a module, for any process to call."""
        ...

    async def become_writer(self) -> None:
        """Wait until no other process writes the database, and be the one that does from then on. Until then what that
        process commits is read here too. Raises StoreError."""
        ...

    def snapshot(self, visibility: Visibility) -> AbstractAsyncContextManager[Snapshot]:
        """A snapshot of the newest generation. It leases a reader at its first question, until it is left."""
        ...

    async def apply(self, changes: ChangeSet) -> Applied:
        """One transaction: all of it becomes one new generation, or nothing does.

        The very first one makes a generation even where it is empty. Raises StoreError.
        """
        ...

    def generations(self) -> AsyncIterator[None]:
        """Wakes once at first, and then for each newer generation; for several that came meanwhile, once."""
        ...

    def end_generations(self) -> None:
        """Let go of all who wait for a generation; reading and writing go on."""
        ...

    async def ready(self) -> bool:
        """Whether a generation can be served."""
        ...

    async def files(self, under: Collection[str] | None = None) -> Mapping[str, FileState]:
        """What the last run knew of each file, by path; or of those `under` some paths alone: the files of these
        names, and what lies in the folders of these names."""
        ...

    async def copies(self, digests: Collection[str]) -> Mapping[str, FileState]:
        """What the last run knew of each file with one of these SHA-256 digests, by path."""
        ...

    async def memory(self) -> Mapping[str, str]:
        """What the last run asked to remember."""
        ...

    async def next_due(self) -> datetime | None:
        """When the first article stops being scheduled or expires; None where time changes nothing."""
        ...

    async def close(self) -> None:
        """Idempotent; ends every thread and leaves no file of its own open."""
        ...
