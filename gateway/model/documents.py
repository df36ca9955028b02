"""The contents of a file, decoded and validated, and where its fields come from."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar

from gateway.model.fields import ArticleFields, record

Moment = TypeVar("Moment", datetime, int)
"""A time, or its number of microseconds since 1970."""


class Status(StrEnum):
    PUBLISHED = "PUBLISHED"
    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    EXPIRED = "EXPIRED"


def status_at(at: Moment, published: object, public_from: Moment | None, public_until: Moment | None) -> Status:
    """The status at a time."""
    if not published:
        return Status.DRAFT
    if public_until is not None and public_until <= at:
        return Status.EXPIRED
    return Status.SCHEDULED if public_from is not None and public_from > at else Status.PUBLISHED


class Restriction(NamedTuple):
    """The most that rules outside a file let the public see of its article."""

    published: bool = True
    unlisted: bool = False
    public_from: datetime | None = None
    public_until: datetime | None = None

    def narrowed(self, other: Restriction) -> Restriction:
        """What both allow."""
        return Restriction(
            self.published and other.published,
            self.unlisted or other.unlisted,
            max(filter(None, (self.public_from, other.public_from)), default=None),
            min(filter(None, (self.public_until, other.public_until)), default=None),
        )

    def status(self, at: datetime) -> Status:
        return status_at(at, self.published, self.public_from, self.public_until)


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


class AuthorName(NamedTuple):
    """An author as named in one file. Equal keys identify the same author."""

    key: str
    name: str
    url: str | None = None
    images: tuple[Image, ...] = ()


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


class BodyRules(NamedTuple):
    """The rules for reading a body beside those of Markdown."""

    is_mdx: bool = False
    embeds: tuple[str, ...] = ()
    """The hosts whose frames are shown."""
    base: str = ""
    """The path of the site on its host, as in `/blog`. Empty for the root."""

    @property
    def text(self) -> str:
        """The rules as words, for the store. Empty for the default rules."""
        return " ".join(filter(None, ["mdx" * self.is_mdx, self.base, *self.embeds]))

    @classmethod
    def of(cls, text: str) -> BodyRules:
        words = text.split()
        hosts = tuple(word for word in words if word != "mdx" and word[0] != "/")
        return cls("mdx" in words, hosts, next((word for word in words if word[0] == "/"), ""))


class Destination(NamedTuple):
    """The destination of a link or an image in a body."""

    written: str
    """As in the HTML: percent-encoded, without entities."""
    target: str
    """What it leads to: a normalised URL, also one of the site (`/blog/x`), the path of a file in the folder
    (`posts/x.md`), or `[[` and the casefolded name of a wiki link. Empty if it is none of these."""
    fragment: str
    """The decoded part after `#`, for destinations without a host."""
    label: str
    """The text of a link, or the description of an image."""
    is_image: bool
    is_wiki: bool = False
    line: int | None = None
    """The place in the file, from 1. Unknown for URLs with a host."""
    column: int | None = None


class AssetFile(NamedTuple):
    """A file of the folder that a document refers to, and that is not a document."""

    path: str
    """NFC, POSIX, relative to the content folder."""
    size: int = -1
    mtime_ns: int = -1
    ctime_ns: int = -1
    inode: int = -1
    """The stamp. -1 if the file is missing."""
    digest: str | None = None
    """The digest of the bytes, in hexadecimal. None if the file is missing."""


class Heading(NamedTuple):
    """A heading of a body. `depth` is 1 to 6."""

    depth: int
    text: str
    anchor: str
    """The id of the heading in the HTML. Unique within the body."""


class CustomValues(NamedTuple):
    """The values of the custom fields of a document, encoded for the store.

    A value is a number, a text or an array of them. A Boolean is 0 or 1, a time its number of microseconds since 1970,
    a date that of its midnight in UTC, and a value of an enum its position in the declaration.
    """

    values: str = "{}"
    """JSON of the values, by the keys of their fields."""
    order: str = "{}"
    """JSON of the order keys of texts, by the keys of their fields."""
    words: tuple[str, str, str] = ("", "", "")
    """The searched text of low, normal and high weight, as written. Snippets are made of it."""
    items: tuple[tuple[int, int, str], ...] = ()
    """The members of lists of texts and enums: number of the field, position, text. Each text of a list occurs once."""
    references: tuple[tuple[int, int, tuple[str, ...]], ...] = ()
    """Number of the field, position, and the keys that can name the article, in order of preference."""


class NavigationEntry(NamedTuple):
    """What a file says about its place in the tree of the site."""

    weight: float | None = None
    number: int | None = None
    """The prefix of its name."""
    title: str | None = None
    is_hidden: bool = False


@record
class Document(ArticleFields):
    """One file, decoded and validated. `path` is NFC, POSIX and relative to the content folder."""

    path: str
    slug: str
    """The requested slug. The store adds a suffix if another file requests the same slug."""
    published: bool
    unlisted: bool
    """Left out of public lists. The article is found by key."""
    public_from: datetime | None
    """The article is scheduled before this time."""
    public_until: datetime | None
    """The article is expired from this time."""
    url: str | None
    """The address of the article in the site."""
    urls: tuple[str, ...]
    """The distinct normalised URLs of the article."""
    aliases: tuple[str, ...]
    """Its former addresses in the site. Their normalised forms are distinct, and not among `urls`."""
    names: tuple[str, ...]
    """Its other names for wiki links."""
    provider: ProviderName | None
    topics: tuple[TopicName, ...]
    """In file order, with distinct keys."""
    authors: tuple[AuthorName, ...]
    """In file order, with distinct keys."""
    images: tuple[Image, ...]
    related: tuple[RelatedEntry, ...]
    body: str
    text: str
    """The body without markup, one line for each block."""
    headings: tuple[Heading, ...]
    lead: str | None
    """The text before the mark that ends the excerpt."""
    body_rules: str
    """The text of the BodyRules."""
    destinations: tuple[Destination, ...]
    """Those of the body, the links first, each once."""
    assets: tuple[AssetFile, ...]
    """The files that images, links and front matter name, and the missing ones that would be used instead of them."""
    addresses: tuple[tuple[str, str], ...]
    """The addresses of assets, by their destinations in the HTML."""
    front_matter: bytes
    """JSON of the keys that the schema does not model. Keys named `secured` are left out at every depth."""
    exposed: bytes
    """JSON of the part of `front_matter` that the public may read."""
    secured: str | None
    collection: str | None = None
    """The name of its collection."""
    custom: CustomValues = CustomValues()
    navigation: NavigationEntry = NavigationEntry()
    translation: str | None = None
    """The key that all translations of one article have."""
    file: str | None = None
    """The path of the file, if it holds more than one document. `path` names the document in it."""


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
