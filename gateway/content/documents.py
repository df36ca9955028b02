"""Front matter and body to a document, or to the reasons why there is none. It reads no file and keeps nothing.

What governs visibility and cannot be read sets the file aside; any other unreadable value costs itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from gateway.content import parts, values
from gateway.content.frontmatter import FrontMatter
from gateway.content.identity import digits, url_identity
from gateway.content.nodes import Field, Fields, Node
from gateway.content.plaintext import first_heading
from gateway.content.report import BAD_VALUE, BAD_VISIBILITY, CONFLICT, MISSING_TITLE, PROVIDERS_LEFT_OUT, Report
from gateway.content.site import NATIVE, USUAL_SITE, Site
from gateway.content.source import SITE_FILE
from gateway.content.text import slug
from gateway.content.values import Unreadable, shown
from gateway.model import Document, Given, Problem, ProviderName

DECODER_VERSION = "4"
"""To be raised whenever the same file gives another document or other problems."""

FILE_NAME = "the file name"

_INDEXES = frozenset({"index", "_index"})
# A value for the generator to fill in, or to turn the page off: `/:year/:title/`, `{{ title | slugify }}`, `false`.
_NO_PLACE = re.compile(r"(?:.*/)?:[a-z].*|.*\{[{%].*|false", re.DOTALL)
_DATED = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})-(?=.)")


class Decoded(NamedTuple):
    document: Document | None
    """None where the file is to be set aside; then one of the problems is an error."""
    problems: tuple[Problem, ...]
    given: tuple[Given, ...] = ()


class _Flag(NamedTuple):
    """What a field says of being published."""

    field: Field
    shows: bool


def decode(path: str, front_matter: FrontMatter, site: Site = USUAL_SITE) -> Decoded:
    """Decode one file by the rules of its site. Never raises."""
    report = Report(path)
    decoder = _Decoder(report, path, front_matter, site)
    document = decoder.document()
    return Decoded(None if report.failed else document, tuple(report.problems), tuple(decoder.given))


class _Decoder:
    """Reads one front matter, and remembers which of its keys the schema models.

    What the site pins is taken as it is, and what it adds where the file says nothing: both were decoded when the
    site's rules were read, and are without fault.
    """

    def __init__(self, report: Report, path: str, front_matter: FrontMatter, site: Site) -> None:
        self._report = report
        self._path = path
        self._fields = front_matter.fields
        self._body = front_matter.body
        self._site = site
        self._pins = site.pinned(path)
        self._defaults = site.added(path)
        self._hidden = site.hides(path)
        self._used = set(NATIVE)
        self._left: dict[str, object] = {}
        self._file_date, self._stem = _named(path)
        self.given: list[Given] = []

    def document(self) -> Document:
        report = self._report
        # Where a pin hides the file, no slip in it can publish it.
        report.check_keys(self._fields, self._site.known, frozenset() if self._hidden else self._site.governing)
        place, place_url = self._places()
        original_url = self._text("originalUrl")
        web_url = self._web_url(place_url)
        amp_web_url = self._text("ampWebUrl")
        cdn_amp_web_url = self._text("cdnAmpWebUrl")
        document = Document(
            path=self._path,
            slug=place or slug(self._stem) or digits(self._path),
            title=self._title(),
            excerpt=self._text("excerpt"),
            category=self._text("category"),
            type=self._text("type") or parts.DEFAULT_TYPE,
            locale=self._text("locale"),
            quality=report.value(values.integer, self._field("quality")),
            heat=report.value(values.integer, self._field("heat")),
            published=self._published(),
            published_date_time=self._published_date_time(),
            updated_date_time=report.value(values.instant, self._field("updatedDateTime")),
            original_url=original_url,
            web_url=web_url,
            amp_web_url=amp_web_url,
            cdn_amp_web_url=cdn_amp_web_url,
            urls=_identities((original_url, web_url, amp_web_url, cdn_amp_web_url)),
            provider=self._provider(),
            topics=parts.topics(report, self._field("topics")),
            images=parts.images(report, self._field("images")),
            related=parts.related(report, self._field("related")),
            body=self._body,
            front_matter=b"{}",
            exposed=b"{}",
            secured=self._secured(),
        )
        rest = self._rest()
        exposed = {key: value for key, value in rest.items() if key in self._site.expose}
        return document._replace(front_matter=orjson.dumps(rest), exposed=orjson.dumps(exposed))

    def _text(self, name: str) -> str | None:
        return self._report.value(values.text, self._field(name))

    def _field(self, name: str) -> Field | None:
        return self._pinned(name) or self._written(name) or self._default(name)

    def _pinned(self, name: str) -> Field | None:
        return self._set(self._pins, name)

    def _default(self, name: str) -> Field | None:
        return self._set(self._defaults, name)

    def _set(self, presets: Mapping[str, Field], name: str) -> Field | None:
        field = presets.get(name)
        if field is not None:
            self.given.append(Given(name, f"{SITE_FILE}:{field.key.mark.line}"))
        return field

    def _written(self, name: str) -> Field | None:
        """What the file says, under the field's own name or another that gives it."""
        source = self._site.sources[name]
        for key in source.keys:
            field = self._fields.entries.get(key)
            if field is None:
                continue
            self._used.add(key)
            if not values.is_null(field.value):
                self._take(name, key)
                return source.parted(field)
        return None

    def _take(self, name: str, key: str) -> None:
        self._used.add(key)
        if key != name:
            self.given.append(Given(name, key))

    def _published(self) -> bool:
        pin, said = self._pinned("published"), self._said()
        if pin is None:
            default = self._default("published") if said is None else None
            return said.shows if said else default is None or values.boolean(default.value) is not False
        shows = values.boolean(pin.value) is not False
        if shows and said and not said.shows:
            message = f"`{said.field.key.text}` makes it a draft, but line {pin.key.mark.line} of {SITE_FILE} pins it."
            self._report.warn(CONFLICT, f"{message} It is published.", said.field.value.mark, "Change one of them.")
        return shows

    def _said(self) -> _Flag | None:
        """What the file says of being published: of two statements the one that hides."""
        published, draft = self._flag("published"), self._flag("draft")
        if published and published.shows and draft and not draft.shows:
            names = f"`{draft.field.key.text}` and `{published.field.key.text}`"
            message = f"{names} are both true; the article is kept as a draft."
            self._report.warn(CONFLICT, message, draft.field.value.mark, "Delete one of them.")
        return min(filter(None, (draft, published)), key=lambda flag: flag.shows, default=None)

    def _flag(self, name: str) -> _Flag | None:
        """A value that governs visibility; an unreadable, empty or contradictory one is an error."""
        key = next((key for key in self._site.sources[name].keys if key in self._fields.entries), None)
        if key is None:
            return None
        field = self._fields.entries[key]
        self._take(name, key)
        try:
            found = {_certain(node) for node in (field.value, *field.repeated)}
            if len(found) > 1:
                raise Unreadable("It stands there several times with different values.", "Keep one of them.")
        except Unreadable as error:
            self._refuse(field, error)
            return None
        return _Flag(field, found.pop() is not (name == "draft"))

    def _published_date_time(self) -> datetime | None:
        pin, written = self._pinned("publishedDateTime"), self._written_date_time()
        if pin is not None:
            return values.instant(pin.value)
        if written:
            return written
        if self._file_date:
            self.given.append(Given("publishedDateTime", FILE_NAME))
            return self._file_date
        return self._report.value(values.instant, self._default("publishedDateTime"))

    def _written_date_time(self) -> datetime | None:
        field = self._written("publishedDateTime")
        if field is None:
            return None
        try:
            return values.instant(field.value)
        except Unreadable as error:
            self._refuse(field, error)
            return None

    def _refuse(self, field: Field, error: Unreadable) -> None:
        """Set the file aside, or, where a pin hides it anyway, only tell."""
        tell, code = (self._report.warn, BAD_VALUE) if self._hidden else (self._report.error, BAD_VISIBILITY)
        tell(code, f"`{field.key.text}` cannot be read: {error}", field.value.mark, error.hint)

    def _title(self) -> str:
        title = self._report.value(values.text, self._pinned("title") or self._written("title"))
        title = title or first_heading(self._body) or self._report.value(values.text, self._default("title"))
        if title:
            return title
        name = _file_stem(self._path)
        message = f"There is neither a title nor a heading; the file name {shown(name)} is the title."
        self._report.warn(MISSING_TITLE, message, self._fields.mark, "Give it a `title`.")
        return name

    def _places(self) -> tuple[str, str | None]:
        """The slug that the file asks for, "" where it asks for none, and an absolute URL given in its place."""
        wanted, url = self._slug(self._pinned("slug")), None
        for key in self._site.sources["slug"].keys:
            field = self._fields.entries.get(key)
            written = self._report.value(values.text, field)
            if field is None or written is None or _NO_PLACE.fullmatch(written):
                continue
            if url_identity(written):
                if url is None:
                    url = written
                    self._take("webUrl", key)
            elif not wanted and (wanted := slug(written)):
                self._take("slug", key)
            elif not slug(written):
                message = f"`{key}` is left out: {shown(written)} holds no letter and no digit."
                self._report.warn(BAD_VALUE, message, field.value.mark, "Write words joined by `-`.")
        return wanted or self._slug(self._default("slug")), url

    def _slug(self, field: Field | None) -> str:
        return slug(self._report.value(values.text, field) or "")

    def _web_url(self, place_url: str | None) -> str | None:
        if pin := self._pinned("webUrl"):
            return self._report.value(values.text, pin)
        written = self._report.value(values.text, self._written("webUrl")) or place_url
        return written or self._report.value(values.text, self._default("webUrl"))

    def _provider(self) -> ProviderName | None:
        """The first that is named; the others stay readable as front matter."""
        field = self._field("provider")
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
        rest = values.json_object(Fields(unused, self._fields.mark)) | self._left
        self.given.extend(Given("frontMatter", key) for key in rest)
        return rest


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
    if stem.casefold() in _INDEXES and folder:
        stem = folder
    found = _DATED.match(stem)
    if found is None:
        return None, stem
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC), stem[found.end() :]
    except ValueError:
        return None, stem
