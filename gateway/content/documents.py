"""Front matter and body to a document, or to the reasons why there is none. It reads no file and keeps nothing.

What governs visibility and cannot be read sets the file aside; any other unreadable value costs itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from gateway.content import parts, values
from gateway.content.frontmatter import FrontMatter
from gateway.content.identity import suffix, url_identity
from gateway.content.nodes import Field, Fields, Node
from gateway.content.report import BAD_VALUE, BAD_VISIBILITY, CONFLICT, MISSING_TITLE, PROVIDERS_LEFT_OUT, Report
from gateway.content.text import plain_heading, slug
from gateway.content.values import Unreadable, shown
from gateway.model import Document, Problem, ProviderName

DECODER_VERSION = "1"
"""To be raised whenever the same file gives another document or other problems."""

GOVERNING = frozenset({"published", "draft", "publishedDateTime"})
MAPPED = {
    "excerpt": ("excerpt", "description", "summary"),
    "publishedDateTime": ("publishedDateTime", "date", "pubDate", "publishDate"),
    "updatedDateTime": ("updatedDateTime", "updated", "lastmod", "modified"),
    "topics": ("topics", "tags", "categories", "keywords"),
    "locale": ("locale", "lang"),
    "provider": ("provider", "author", "authors", "source"),
    "images": ("images", "image", "image_url", "cover", "thumbnail", "featuredImage", "hero"),
}
"""Which keys give a field: of those present and not empty the first."""
PLACES = ("slug", "permalink", "url")
"""Keys that hold a slug, or an absolute URL."""
NATIVE = frozenset(
    {"title", "excerpt", "category", "type", "locale", "quality", "heat", "published", "publishedDateTime"}
    | {"updatedDateTime", "originalUrl", "webUrl", "ampWebUrl", "cdnAmpWebUrl", "provider", "topics", "images"}
    | {"related", "secured", "draft"}
)
KNOWN = NATIVE.union(PLACES, *MAPPED.values())

_DATED = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})-(?=.)")


class Decoded(NamedTuple):
    document: Document | None
    """None where the file is to be set aside; then one of the problems is an error."""
    problems: tuple[Problem, ...]


def decode(path: str, front_matter: FrontMatter, expose: frozenset[str] = frozenset()) -> Decoded:
    """Decode one file. `expose` names the unmodelled keys that the public may read. Never raises."""
    report = Report(path)
    decoder = _Decoder(report, path, front_matter)
    document = decoder.document(expose)
    return Decoded(None if report.failed else document, tuple(report.problems))


class _Decoder:
    """Reads one front matter, and remembers which of its keys the schema models."""

    def __init__(self, report: Report, path: str, front_matter: FrontMatter) -> None:
        self._report = report
        self._path = path
        self._fields = front_matter.fields
        self._body = front_matter.body
        self._used = set(NATIVE)
        self._left: dict[str, object] = {}
        self._file_date, self._stem = _named(path)

    def document(self, expose: frozenset[str]) -> Document:
        report, get = self._report, self._fields.entries.get
        report.check_keys(self._fields, KNOWN, GOVERNING)
        place, place_url = self._places()
        original_url = report.value(values.text, get("originalUrl"))
        web_url = report.value(values.text, get("webUrl")) or place_url
        amp_web_url = report.value(values.text, get("ampWebUrl"))
        cdn_amp_web_url = report.value(values.text, get("cdnAmpWebUrl"))
        document = Document(
            path=self._path,
            slug=place or slug(self._stem) or suffix(self._path),
            title=self._title(),
            excerpt=report.value(values.text, self._mapped("excerpt")),
            category=report.value(values.text, get("category")),
            type=report.value(values.text, get("type")) or parts.DEFAULT_TYPE,
            locale=report.value(values.text, self._mapped("locale")),
            quality=report.value(values.integer, get("quality")),
            heat=report.value(values.integer, get("heat")),
            published=self._published(),
            published_date_time=self._published_date_time(),
            updated_date_time=report.value(values.instant, self._mapped("updatedDateTime")),
            original_url=original_url,
            web_url=web_url,
            amp_web_url=amp_web_url,
            cdn_amp_web_url=cdn_amp_web_url,
            urls=_identities((original_url, web_url, amp_web_url, cdn_amp_web_url)),
            provider=self._provider(),
            topics=parts.topics(report, self._mapped("topics")),
            images=parts.images(report, self._mapped("images")),
            related=parts.related(report, get("related")),
            body=self._body,
            front_matter=b"{}",
            exposed=b"{}",
            secured=self._secured(),
        )
        rest = self._rest()
        exposed = {key: value for key, value in rest.items() if key in expose}
        return document._replace(front_matter=orjson.dumps(rest), exposed=orjson.dumps(exposed))

    def _mapped(self, name: str) -> Field | None:
        """The field that gives a value, under its own name or another that is usual for it."""
        for key in MAPPED[name]:
            field = self._fields.entries.get(key)
            if field is not None and not values.is_null(field.value):
                self._used.add(key)
                return field
        return None

    def _published(self) -> bool:
        published, draft = self._flag("published"), self._flag("draft")
        if published and draft:
            mark = self._fields.entries["draft"].value.mark
            message = "`draft` and `published` are both true; the article is kept as a draft."
            self._report.warn(CONFLICT, message, mark, "Delete one of them.")
        return not draft and published is not False

    def _flag(self, name: str) -> bool | None:
        """A value that governs visibility; an unreadable, empty or contradictory one is an error."""
        field = self._fields.entries.get(name)
        if field is None:
            return None
        try:
            found = {_certain(node) for node in (field.value, *field.repeated)}
            if len(found) > 1:
                raise Unreadable("It stands there several times with different values.", "Keep one of them.")
        except Unreadable as error:
            self._refuse(name, error, field.value)
            return None
        return found.pop()

    def _published_date_time(self) -> datetime | None:
        field = self._mapped("publishedDateTime")
        if field is None:
            return self._file_date
        try:
            return values.instant(field.value) or self._file_date
        except Unreadable as error:
            self._refuse(field.key.text, error, field.value)
            return None

    def _refuse(self, name: str, error: Unreadable, node: Node) -> None:
        self._report.error(BAD_VISIBILITY, f"`{name}` cannot be read: {error}", node.mark, error.hint)

    def _title(self) -> str:
        title = self._report.value(values.text, self._fields.entries.get("title")) or plain_heading(self._body)
        if title:
            return title
        name = _file_stem(self._path)
        message = f"There is neither a title nor a heading; the file name {shown(name)} is the title."
        self._report.warn(MISSING_TITLE, message, self._fields.mark, "Give it a `title`.")
        return name

    def _places(self) -> tuple[str, str | None]:
        """The slug that the file asks for, "" where it asks for none, and an absolute URL given in its place."""
        wanted, url = "", None
        for key in PLACES:
            field = self._fields.entries.get(key)
            written = self._report.value(values.text, field)
            if field is None or written is None:
                continue
            if url_identity(written):
                if url is None:
                    url = written
                    self._used.add(key)
            elif not wanted and (wanted := slug(written)):
                self._used.add(key)
            elif not slug(written):
                message = f"`{key}` is left out: {shown(written)} holds no letter and no digit."
                self._report.warn(BAD_VALUE, message, field.value.mark, "Write words joined by `-`.")
        return wanted, url

    def _provider(self) -> ProviderName | None:
        """The first that is named; the others stay readable as front matter."""
        field = self._mapped("provider")
        provider, others = parts.provider(self._report, field)
        if provider and field and others:
            key = field.key.text
            self._left[key] = [values.json_value(node) for node in others]
            message = f"Of {len(others) + 1} in `{key}` one is the provider; the others stay in `frontMatter`."
            self._report.inform(PROVIDERS_LEFT_OUT, message, field.value.mark, "Name one `provider`.")
        return provider

    def _secured(self) -> str | None:
        """Kept as it is: no message may quote it."""
        return self._report.value(values.verbatim, self._fields.entries.get("secured"))

    def _rest(self) -> dict[str, object]:
        """What the schema does not model."""
        unused = {key: field for key, field in self._fields.entries.items() if key not in self._used}
        return values.json_object(Fields(unused, self._fields.mark)) | self._left


def _certain(node: Node) -> bool:
    value = values.boolean(node)
    if value is None:
        raise Unreadable("It is empty.", "Write true or false, or delete the key.")
    return value


def _identities(urls: Iterable[str | None]) -> tuple[str, ...]:
    found = (url_identity(url) for url in urls if url)
    return tuple(dict.fromkeys(identity for identity in found if identity))


def _file_stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _named(path: str) -> tuple[datetime | None, str]:
    """The date that a file's name begins with, and the rest of the name; `index` goes by its folder's name."""
    stem = _file_stem(path)
    folder = path.rpartition("/")[0].rpartition("/")[2]
    if stem.casefold() == "index" and folder:
        stem = folder
    found = _DATED.match(stem)
    if found is None:
        return None, stem
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC), stem[found.end() :]
    except ValueError:
        return None, stem
