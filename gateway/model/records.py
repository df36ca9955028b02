"""The records that a snapshot returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from gateway.model.documents import Heading, Image, Status
from gateway.model.fields import ArticleFields, record
from gateway.model.lists import SearchField


class Visibility(Enum):
    """The articles that a snapshot shows. The store applies it."""

    PUBLIC = "public"
    """Published articles that are not scheduled or expired at the generation's time. Unlisted ones are found by key."""
    PREVIEW = "preview"
    """Everything."""


class ArticleSource(NamedTuple):
    path: str
    sha256: str
    bytes: int
    modified_date_time: datetime
    """The modification time of the file when its present bytes were first read."""


@record
class Article(ArticleFields):
    id: str
    slug: str
    path: str
    published: bool
    unlisted: bool
    status: Status
    provider_key: str | None
    images: tuple[Image, ...]
    url: str | None
    aliases: tuple[str, ...]
    is_secured: bool
    source: ArticleSource
    collection: str | None
    """The name of its collection."""
    custom: Mapping[str, Any]
    """The values of its custom fields by their keys, as in `documents.CustomValues`."""


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


class Author(NamedTuple):
    id: str
    key: str
    name: str
    slug: str
    url: str | None
    images: tuple[Image, ...]


class Text(NamedTuple):
    """The large fields of an article, read on demand."""

    article_id: str
    body: str
    front_matter: Mapping[str, object]
    """All keys in a preview, the exposed keys in public."""
    text: str
    """The body without markup, one line for each block."""
    headings: tuple[Heading, ...]
    lead: str | None = None
    """The text before the mark that ends the excerpt."""
    rules: str = ""
    """The text of the rules for the body."""
    has_destinations: bool = False
    """Whether the body has links or images."""
    addresses: Mapping[str, str] = MappingProxyType({})
    """The addresses of files of the folder, by their destinations in the HTML."""


class Link(NamedTuple):
    """A link in a body."""

    text: str
    destination: str
    """As in the HTML."""
    fragment: str
    url: str | None
    """The address that it leads to. None if it leads to no visible article, and is not an address itself."""
    article_id: str | None
    """The visible article that it leads to."""
    tag: str | None
    """The cache tag of what decides where it leads: the article's id, or the list of articles."""


class LinkAddresses(NamedTuple):
    """The addresses of articles in place of the destinations of a body."""

    by_destination: Mapping[str, str]
    tags: frozenset[str]
    """The cache tags of what decides on them."""


class Similar(NamedTuple):
    """A neighbour of an article."""

    article: Article
    score: float


class Adjacent(NamedTuple):
    """The articles directly before and after an article, in some order."""

    previous: Article | None = None
    next: Article | None = None


class Generation(NamedTuple):
    """A committed state of the database, for one visibility.

    `counter` increases only when visible content changes. `epoch` and `counter` together identify the content.
    """

    epoch: str
    counter: int
    as_of: datetime
    loaded_date_time: datetime
    next_due: datetime | None
    """The next time after `as_of` at which an article stops being scheduled or expires."""
    schema: str = ""
    """The digest of the collections. "" without collections."""

    @property
    def revision(self) -> str:
        return f"{self.epoch}-{self.counter}"


class Statistics(NamedTuple):
    articles: int
    drafts: int
    """Drafts, scheduled and expired articles; 0 in a public snapshot."""
    providers: int
    topics: int
    authors: int


class ChangeType(StrEnum):
    ADDED = "ADDED"
    UPDATED = "UPDATED"
    REMOVED = "REMOVED"


class ArticleChange(NamedTuple):
    type: ChangeType
    id: str

    @property
    def current(self) -> str | None:
        """The id if the article is visible."""
        return None if self.type is ChangeType.REMOVED else self.id


class ChangePage(NamedTuple):
    """A page of changes. An article that changed more than once appears at its last change."""

    changes: tuple[ArticleChange, ...]
    token: str
    """Continues after the page."""
    has_more: bool
    reset: bool
    """Whether the page begins a full listing, because the token is absent or too old."""


class TextRange(NamedTuple):
    """A half-open range of a text, in code points."""

    start: int
    end: int


class Snippet(NamedTuple):
    """An extract of a text around its matches."""

    field: SearchField
    text: str
    highlights: Sequence[TextRange]
    html: str
    """The text, escaped, with `<mark>` around each highlight."""
