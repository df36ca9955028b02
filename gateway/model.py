"""The immutable records that the other modules exchange.

They are named tuples instead of dataclasses, because pickling them between processes and building them from database
rows is several times faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, StrEnum
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Visibility(Enum):
    """The articles that a snapshot shows. The store applies it."""

    PUBLIC = "public"
    """Published articles that are not scheduled or expired at the generation's time. Unlisted ones are found by key."""
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
    """An error, warning or note about a file. `line` and `column` count from 1, `column` in code points."""

    severity: Severity
    code: str
    message: str
    path: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None


# The contents of one file: created by `content`, written by the store.


class Image(NamedTuple):
    url: str
    width: int | None = None
    height: int | None = None
    title: str | None = None
    is_cached: bool = False

    @property
    def aspect_ratio(self) -> float | None:
        """Width over height, rounded to four digits; None if either is unknown or not positive."""
        if not self.width or not self.height or self.width < 0 or self.height < 0:
            return None
        return round(self.width / self.height, 4)


class ProviderName(NamedTuple):
    """A provider as named in one file. Equal keys identify the same provider."""

    key: str
    name: str
    domain: str | None
    images: tuple[Image, ...] = ()


class TopicName(NamedTuple):
    """A topic as spelled in one file. Equal keys identify the same topic."""

    key: str
    name: str


class RelatedEntry(NamedTuple):
    """One entry of a `related` list. `identity` is its normalised URL, or its title without a URL."""

    identity: str
    url: str | None
    """The normalised URL that resolves to an article of the corpus. None without a URL."""
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


class Heading(NamedTuple):
    """A heading of a body. `depth` is 1 to 6."""

    depth: int
    text: str
    anchor: str
    """The id of the heading in the HTML. Unique within the body."""


class Document(NamedTuple):
    """One file, decoded and validated. `path` is NFC, POSIX and relative to the content folder."""

    path: str
    slug: str
    """The requested slug. The store adds a suffix if another file requests the same slug."""
    title: str
    excerpt: str | None
    category: str | None
    type: str
    locale: str | None
    quality: int | None
    heat: int | None
    published: bool
    unlisted: bool
    """Left out of public lists. The article is found by key."""
    published_date_time: datetime | None
    public_from: datetime | None
    """The article is scheduled before this time."""
    public_until: datetime | None
    """The article is expired from this time."""
    updated_date_time: datetime | None
    original_url: str | None
    web_url: str | None
    amp_web_url: str | None
    cdn_amp_web_url: str | None
    urls: tuple[str, ...]
    """The distinct normalised URLs of the article."""
    provider: ProviderName | None
    topics: tuple[TopicName, ...]
    """In file order, with distinct keys."""
    images: tuple[Image, ...]
    related: tuple[RelatedEntry, ...]
    body: str
    text: str
    """The body without markup, one line for each block."""
    headings: tuple[Heading, ...]
    front_matter: bytes
    """JSON of the keys that the schema does not model. Keys named `secured` are left out at every depth."""
    exposed: bytes
    """JSON of the part of `front_matter` that the public may read."""
    secured: str | None


# The results of one run for one file: created by `content`, consumed by the store.


class FileVersion(NamedTuple):
    """The stat values and the digest of a file when it was read. Files with an equal version are not read again."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str


FRONT_MATTER = "frontMatter"
"""The field for the keys of a file that other fields do not use."""


class FieldOrigin(NamedTuple):
    """A document field that does not come from the key of its own name."""

    field: str
    source: str
    """Another key of the file, its name, or a line of the site's rules."""


class Hiding(NamedTuple):
    """A reason that hides an article from the public, or from public lists."""

    status: Status | None
    """The resulting status. None if the article becomes unlisted."""
    source: str
    """A key of the file or of the site's rules, or the file's name."""
    path: str
    """The file with the source."""
    line: int | None = None
    at: datetime | None = None
    """The time when a scheduled article becomes visible, or when an expired article became hidden."""

    def holds(self, now: datetime) -> bool:
        if self.at is None:
            return True
        return self.at > now if self.status is Status.SCHEDULED else self.at <= now


class Encoded(NamedTuple):
    """A document in the format of a store, encoded in the process that parsed it."""

    digest: bytes
    """Equal for documents that are served identically."""
    content: bytes
    """Readable only by the store that encoded it."""


class Loaded(NamedTuple):
    """A valid file. Its article is created or replaced."""

    version: FileVersion
    document: Document | Encoded
    problems: tuple[Problem, ...] = ()
    field_origins: tuple[FieldOrigin, ...] = ()
    """For reports. Not stored."""
    hidings: tuple[Hiding, ...] = ()
    """The reasons that hide the article, now or at another time. Not stored."""


class Quarantined(NamedTuple):
    """An unreadable or invalid file. Its last good version stays, unless `unpublish`. Its problems are replaced."""

    path: str
    problems: tuple[Problem, ...]
    version: FileVersion | None = None
    """None if the bytes could not be read. The next run then tries again."""
    unpublish: bool = False
    """Whether the last good version is removed."""


class Unchanged(NamedTuple):
    """A file with the same bytes as its last version. Only its version is updated."""

    version: FileVersion


class NotDocument(NamedTuple):
    """A file with the extension of a document but without front matter. Its article is deleted."""

    version: FileVersion
    problems: tuple[Problem, ...]


class Deleted(NamedTuple):
    """A file that is missing from a successful listing. Its article is deleted."""

    path: str


Change = Loaded | Quarantined | Unchanged | NotDocument | Deleted


# The records that a snapshot returns.


class ArticleSource(NamedTuple):
    path: str
    sha256: str
    bytes: int
    modified_date_time: datetime
    """The modification time of the file when its present bytes were first read."""


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
    """The normalised URL that resolves to `article`."""
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
    """A committed state of the database, for one visibility.

    `counter` increases only when visible content changes. `epoch` and `counter` together identify the content.
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
    """The relevance of an article to the search of its list."""


OrderField = ArticleOrderField | ProviderOrderField | TopicOrderField | SearchOrderField


class OrderTerm(NamedTuple):
    """One term of an order. The ascending key of the record is the implicit last term, so that each order is total."""

    field: OrderField
    direction: OrderDirection = OrderDirection.ASC
    nulls: NullsOrder = NullsOrder.LAST


Order = tuple[OrderTerm, ...]

NEWEST_FIRST: Order = (OrderTerm(ArticleOrderField.PUBLISHED_DATE_TIME, OrderDirection.DESC),)
BEST_FIRST: Order = (OrderTerm(SearchOrderField.SCORE, OrderDirection.DESC),)
"""The only order by score."""


class Window(NamedTuple):
    """A range of rows: the first `limit` rows of a list, or the last if `backward`.

    `cursor` excludes its own row and all rows before it, or after it if `backward`. `offset` and `cursor` are
    exclusive.
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
    """The relevance, if the list is ordered by it."""


class Page(NamedTuple, Generic[T]):
    edges: tuple[Edge[T], ...]
    """In the order of the list, even if the window is backward."""
    has_more: bool
    """Whether more rows exist after the page, or before it if the window is backward."""


class Adjacent(NamedTuple):
    """The articles directly before and after an article, in some order."""

    previous: Article | None = None
    next: Article | None = None


class Text(NamedTuple):
    """The large fields of an article, read on demand."""

    body: str
    front_matter: Mapping[str, object]
    """All keys in a preview, the exposed keys in public."""


# Facets: the number of articles by value.


class Grouping(StrEnum):
    """The value by which articles are counted. An article with several topics counts for each of them."""

    TOPIC = "TOPIC"
    PROVIDER = "PROVIDER"
    CATEGORY = "CATEGORY"
    TYPE = "TYPE"


class Interval(StrEnum):
    """The calendar unit, in UTC, by which articles are counted."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


class Largest(NamedTuple):
    """The largest groups: the first `first` of those with at least `least` articles."""

    by: Grouping
    first: int = 20
    least: int = 1


class Group(NamedTuple, Generic[T]):
    value: T
    size: int
