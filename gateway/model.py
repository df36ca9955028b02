"""The records that flow through the gateway. They hold values and know no file, no database and no web.

Named tuples, and no dataclasses: they are as frozen, and they cross a process boundary and come off a database
row several times as fast, which is where most of them are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, StrEnum
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Visibility(Enum):
    """What a snapshot shows. It is decided once, inside the store."""

    PUBLIC = "public"
    """Published articles, neither scheduled nor expired at the generation's time. Unlisted ones are found by key."""
    PREVIEW = "preview"
    """Everything."""


class Status(StrEnum):
    PUBLISHED = "PUBLISHED"
    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    EXPIRED = "EXPIRED"


class Severity(StrEnum):
    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


class Problem(NamedTuple):
    """What is wrong with a file. `line` and `column` count from 1, `column` in code points."""

    severity: Severity
    code: str
    message: str
    path: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None


# What one file says: made by `content`, written by the store.


class Image(NamedTuple):
    url: str
    width: int | None = None
    height: int | None = None
    title: str | None = None
    is_cached: bool = False

    @property
    def aspect_ratio(self) -> float | None:
        """Width over height, rounded to four digits; None where either is unknown or not positive."""
        if not self.width or not self.height or self.width < 0 or self.height < 0:
            return None
        return round(self.width / self.height, 4)


class ProviderName(NamedTuple):
    """A provider as one file names it; `key` is what makes two of them the same."""

    key: str
    name: str
    domain: str | None
    images: tuple[Image, ...] = ()


class TopicName(NamedTuple):
    """A topic as one file spells it; `key` is what makes two of them the same."""

    key: str
    name: str


class RelatedEntry(NamedTuple):
    """One entry of a `related` list. `identity` is its normalised URL, or its title where it has none."""

    identity: str
    url: str | None
    """The normalised URL that resolves to an article of the corpus; None where the entry has no URL."""
    title: str
    excerpt: str | None
    type: str
    quality: int | None
    published_date_time: datetime | None
    web_url: str | None
    amp_web_url: str | None
    cdn_amp_web_url: str | None
    provider: ProviderName | None
    images: tuple[Image, ...]


class Document(NamedTuple):
    """One file, decoded and validated. `path` is NFC, POSIX and relative to the content folder."""

    path: str
    slug: str
    """The slug that the file asks for; the store adds a suffix where two files ask for one."""
    title: str
    excerpt: str | None
    category: str | None
    type: str
    locale: str | None
    quality: int | None
    heat: int | None
    published: bool
    unlisted: bool
    """Found by key and in no public list."""
    published_date_time: datetime | None
    public_from: datetime | None
    """Before this time it is scheduled."""
    public_until: datetime | None
    """From this time on it is expired."""
    updated_date_time: datetime | None
    original_url: str | None
    web_url: str | None
    amp_web_url: str | None
    cdn_amp_web_url: str | None
    urls: tuple[str, ...]
    """The normalised URLs that the article answers to, each once."""
    provider: ProviderName | None
    topics: tuple[TopicName, ...]
    """In file order, each key once."""
    images: tuple[Image, ...]
    related: tuple[RelatedEntry, ...]
    body: str
    front_matter: bytes
    """JSON of what the schema does not model; a key named `secured` is left out at every depth."""
    exposed: bytes
    """JSON of the part of `front_matter` that the public may read."""
    secured: str | None


# What one run says of one file: made by `content`, taken by the store.


class FileVersion(NamedTuple):
    """What a file was when it was read; two equal ones need no second reading."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str


FRONT_MATTER = "frontMatter"
"""The field that holds the keys of a file that no other field takes."""


class FieldOrigin(NamedTuple):
    """A field of a document that comes from elsewhere than the key of its own name."""

    field: str
    source: str
    """Another key of the file, its name, or a line of the site's rules."""


class Hiding(NamedTuple):
    """Something that keeps an article from the public, or from public lists."""

    status: Status | None
    """The status that it gives; None where it makes the article unlisted."""
    source: str
    """A key of the file or of the site's rules, or the file's name."""
    path: str
    """The file that says so."""
    line: int | None = None
    at: datetime | None = None
    """Of a scheduled article, until when it hides; of an expired one, from when on."""

    def holds(self, now: datetime) -> bool:
        if self.at is None:
            return True
        return self.at > now if self.status is Status.SCHEDULED else self.at <= now


class Encoded(NamedTuple):
    """A document as a store wants it, made by that store where the document was parsed."""

    digest: bytes
    """Equal for documents that are served alike."""
    content: bytes
    """For the store that made it to read."""


class Loaded(NamedTuple):
    """A file whose document is good; the article is made or replaced."""

    version: FileVersion
    document: Document | Encoded
    problems: tuple[Problem, ...] = ()
    field_origins: tuple[FieldOrigin, ...] = ()
    """For one who asks why; it is not stored."""
    hidings: tuple[Hiding, ...] = ()
    """What may hide the article, now or at some time; it is not stored."""


class Quarantined(NamedTuple):
    """A file that cannot be read; its last good version stays unless it is withdrawn, its problems are replaced."""

    path: str
    problems: tuple[Problem, ...]
    version: FileVersion | None = None
    """None where not even the bytes could be read, so that the next run tries again."""
    unpublish: bool = False
    """Whether the last good version goes all the same."""


class Unchanged(NamedTuple):
    """A file whose bytes are those of its last version: its stamp alone is renewed."""

    version: FileVersion


class NotDocument(NamedTuple):
    """A file of a document's kind without front matter; an article that came from it goes."""

    version: FileVersion
    problems: tuple[Problem, ...]


class Deleted(NamedTuple):
    """A file that a successful listing no longer has; its article goes."""

    path: str


Change = Loaded | Quarantined | Unchanged | NotDocument | Deleted


# What a snapshot hands out.


class ArticleSource(NamedTuple):
    path: str
    sha256: str
    bytes: int
    modified_date_time: datetime
    """Of the file, when its present bytes were first read."""


class Article(NamedTuple):
    id: str
    slug: str
    path: str
    category: str | None
    title: str
    excerpt: str | None
    type: str
    locale: str | None
    quality: int | None
    heat: int | None
    published_date_time: datetime | None
    updated_date_time: datetime | None
    original_url: str | None
    web_url: str | None
    amp_web_url: str | None
    cdn_amp_web_url: str | None
    published: bool
    unlisted: bool
    status: Status
    provider_key: str | None
    images: tuple[Image, ...]
    is_secured: bool
    source: ArticleSource


class Related(NamedTuple):
    id: str
    position: int
    """From 0, in file order."""
    title: str
    excerpt: str | None
    type: str
    quality: int | None
    published_date_time: datetime | None
    web_url: str | None
    amp_web_url: str | None
    cdn_amp_web_url: str | None
    provider_key: str | None
    images: tuple[Image, ...]
    url: str | None
    """The normalised URL by which `article` is found."""
    source_id: str
    """The id of the article that lists the entry."""


class Provider(NamedTuple):
    id: str
    key: str
    name: str
    slug: str
    domain: str | None
    images: tuple[Image, ...]


class Topic(NamedTuple):
    id: str
    key: str
    name: str
    slug: str


class Generation(NamedTuple):
    """The state of a database that answers, as one visibility sees it.

    `counter` moves when, and only when, something visible changed; with `epoch` it names the content.
    """

    epoch: str
    counter: int
    as_of: datetime
    loaded_date_time: datetime

    @property
    def revision(self) -> str:
        return f"{self.epoch}-{self.counter}"


class ChangeType(StrEnum):
    ADDED = "ADDED"
    UPDATED = "UPDATED"
    REMOVED = "REMOVED"


class ArticleChange(NamedTuple):
    type: ChangeType
    id: str


class Statistics(NamedTuple):
    articles: int
    drafts: int
    """Drafts, scheduled and expired articles; 0 in a public snapshot."""
    providers: int
    topics: int


class Similar(NamedTuple):
    """A neighbour of an article."""

    article: Article
    score: float


# Searches.


class SearchField(StrEnum):
    TITLE = "TITLE"
    EXCERPT = "EXCERPT"
    BODY = "BODY"
    TOPICS = "TOPICS"
    PROVIDER = "PROVIDER"


class SearchMode(StrEnum):
    ALL_TERMS = "ALL_TERMS"
    ANY_TERM = "ANY_TERM"
    PHRASE = "PHRASE"
    PREFIX = "PREFIX"


# Orders and pages.


class ArticleOrderField(StrEnum):
    PUBLISHED_DATE_TIME = "PUBLISHED_DATE_TIME"
    UPDATED_DATE_TIME = "UPDATED_DATE_TIME"
    QUALITY = "QUALITY"
    HEAT = "HEAT"
    TITLE = "TITLE"
    PROVIDER_NAME = "PROVIDER_NAME"
    PATH = "PATH"


class ProviderOrderField(StrEnum):
    ARTICLE_COUNT = "ARTICLE_COUNT"
    NAME = "NAME"
    DOMAIN = "DOMAIN"


class TopicOrderField(StrEnum):
    ARTICLE_COUNT = "ARTICLE_COUNT"
    NAME = "NAME"


class OrderDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


class NullsOrder(StrEnum):
    FIRST = "FIRST"
    LAST = "LAST"


class SearchOrderField(StrEnum):
    SCORE = "SCORE"
    """How well an article matches the search that its list is of."""


OrderField = ArticleOrderField | ProviderOrderField | TopicOrderField | SearchOrderField


class OrderTerm(NamedTuple):
    """One term of an order. Every order ends, unsaid, in the record's key ascending, so that it is total."""

    field: OrderField
    direction: OrderDirection = OrderDirection.ASC
    nulls: NullsOrder = NullsOrder.LAST


Order = tuple[OrderTerm, ...]

NEWEST_FIRST: Order = (OrderTerm(ArticleOrderField.PUBLISHED_DATE_TIME, OrderDirection.DESC),)
BEST_FIRST: Order = (OrderTerm(SearchOrderField.SCORE, OrderDirection.DESC),)
"""The one order by score."""


class Window(NamedTuple):
    """Which rows of a list: `limit` of them, from the front or, where `backward`, from the back.

    `cursor` excludes itself and all before it (all after it where `backward`); `offset` goes without a cursor.
    """

    limit: int = 20
    backward: bool = False
    cursor: str | None = None
    offset: int = 0


class Edge(NamedTuple, Generic[T]):
    """A record and its place in the order of its list."""

    cursor: str
    node: T
    score: float | None = None
    """How well it matches, where the order is by that."""


class Page(NamedTuple, Generic[T]):
    edges: tuple[Edge[T], ...]
    """In the list's order, also where the window was backward."""
    has_more: bool
    """Whether rows follow the page in the window's direction: after it, or before it where `backward`."""


class Adjacent(NamedTuple):
    """The articles that stand right before and right after one, in some order."""

    previous: Article | None = None
    next: Article | None = None


class Text(NamedTuple):
    """The heavy part of an article, read when asked for."""

    body: str
    front_matter: Mapping[str, object]
    """All of it in a preview, the exposed part in public."""


# Facets: how many of a list's articles share a value.


class Grouping(StrEnum):
    """By which value articles are counted. One with several topics counts for each of them."""

    TOPIC = "TOPIC"
    PROVIDER = "PROVIDER"
    CATEGORY = "CATEGORY"
    TYPE = "TYPE"


class Interval(StrEnum):
    """By which part of the calendar, in UTC, articles are counted."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


class Largest(NamedTuple):
    """The largest groups: the first few of those with at least so many articles."""

    by: Grouping
    first: int = 20
    least: int = 1


class Group(NamedTuple, Generic[T]):
    value: T
    size: int
