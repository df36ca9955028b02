"""Front matter and body to a document, or to the reasons why there is none. It reads no file and keeps nothing.

What governs visibility and cannot be read sets the file aside; any other unreadable value costs itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

import orjson

from gateway.content import dates, names, parts, values
from gateway.content.frontmatter import FrontMatter
from gateway.content.identity import suffix, url_identity
from gateway.content.nodes import Field, Fields, Node
from gateway.content.plaintext import first_heading
from gateway.content.report import BAD_VALUE, BAD_VISIBILITY, CONFLICT, MISSING_TITLE, PROVIDERS_LEFT_OUT, Report
from gateway.content.site import NATIVE, USUAL_SITE, Site, Source
from gateway.content.source import SITE_FILE
from gateway.content.text import slug
from gateway.content.values import Unreadable, shown
from gateway.model import Document, Given, Problem, ProviderName, TopicName

DECODER_VERSION = "4"
"""To be raised whenever the same file gives another document or other problems."""

FILE_NAME = "the file name"

T = TypeVar("T")

# A value for the generator to fill in, or to turn the page off: `/:year/:title/`, `{{ title | slugify }}`, `false`.
_NO_PLACE = re.compile(r"(?:.*/)?:[a-z].*|.*\{[{%].*|false", re.DOTALL)


class Decoded(NamedTuple):
    document: Document | None
    """None where the file is to be set aside; then one of the problems is an error."""
    problems: tuple[Problem, ...]
    given: tuple[Given, ...] = ()


class _Place(NamedTuple):
    """An address that a key of slugs holds."""

    key: str
    address: str
    is_path: bool


class _Flag(NamedTuple):
    """What a field says of being published."""

    field: Field
    shows: bool


def decode(path: str, front_matter: FrontMatter, site: Site = USUAL_SITE, *, translated: bool = False) -> Decoded:
    """Decode one file by the rules of its site. `translated` is a file that has a sibling in another language.

    Never raises.
    """
    report = Report(path)
    name = names.named(path, site.timezone, site.locales, translated=translated)
    decoder = _Decoder(report, path, name, front_matter, site)
    document = decoder.document()
    return Decoded(None if report.failed else document, tuple(report.problems), tuple(decoder.given))


class _Decoder:
    """Reads one front matter, and remembers which of its keys the schema models.

    What the site pins is taken as it is, and what it adds where the file says nothing: both were decoded when the
    site's rules were read, and are without fault.
    """

    def __init__(self, report: Report, path: str, name: names.Named, front_matter: FrontMatter, site: Site) -> None:
        self._report = report
        self._path = path
        self._name = name
        self._fields = front_matter.fields
        self._body = front_matter.body
        self._site = site
        self._pins = site.pinned(path)
        self._defaults = site.added(path)
        self._hidden = site.hides(path)
        self._used = set(NATIVE)
        self._left: dict[str, object] = {}
        self._instant = partial(dates.instant, zone=site.timezone)
        self.given: list[Given] = []

    def document(self) -> Document:
        report = self._report
        # Where a pin hides the file, no slip in it can publish it.
        report.check_keys(self._fields, self._site.known, frozenset() if self._hidden else self._site.governing)
        wanted_slug, place = self._places()
        original_url = self._text("originalUrl")
        web_url = self._web_url(place)
        amp_web_url = self._text("ampWebUrl")
        cdn_amp_web_url = self._text("cdnAmpWebUrl")
        document = Document(
            path=self._path,
            slug=wanted_slug or slug(self._name.stem) or suffix(self._path),
            title=self._title(),
            excerpt=report.value(values.phrase, self._field("excerpt")),
            category=self._text("category"),
            type=self._text("type") or parts.DEFAULT_TYPE,
            locale=self._locale(),
            quality=report.value(values.integer, self._field("quality")),
            heat=report.value(values.integer, self._field("heat")),
            published=self._published(),
            published_date_time=self._published_date_time(),
            updated_date_time=report.value(self._instant, self._field("updatedDateTime")),
            original_url=original_url,
            web_url=web_url,
            amp_web_url=amp_web_url,
            cdn_amp_web_url=cdn_amp_web_url,
            urls=_identities((original_url, web_url, amp_web_url, cdn_amp_web_url)),
            provider=self._provider(),
            topics=self._topics(),
            images=self._parts("images", parts.images),
            related=self._parts("related", partial(parts.related, instant=self._instant)),
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
            source = self._site.sources[name]
            found = {_certain(node, source, key) for node in (field.value, *field.repeated)}
            if len(found) > 1:
                raise Unreadable("It stands there several times with different values.", "Keep one of them.")
        except Unreadable as error:
            self._refuse(field, error)
            return None
        return _Flag(field, found.pop() is not (name == "draft"))

    def _published_date_time(self) -> datetime | None:
        pin, written = self._pinned("publishedDateTime"), self._written_date_time()
        if pin is not None:
            return self._instant(pin.value)
        if written:
            return written
        if self._name.date:
            self.given.append(Given("publishedDateTime", FILE_NAME))
            return self._name.date
        return self._report.value(self._instant, self._default("publishedDateTime"))

    def _written_date_time(self) -> datetime | None:
        field = self._written("publishedDateTime")
        if field is None:
            return None
        try:
            return self._instant(field.value)
        except Unreadable as error:
            self._refuse(field, error)
            return None

    def _refuse(self, field: Field, error: Unreadable) -> None:
        """Set the file aside, or, where a pin hides it anyway, only tell."""
        tell, code = (self._report.warn, BAD_VALUE) if self._hidden else (self._report.error, BAD_VISIBILITY)
        tell(code, f"`{field.key.text}` cannot be read: {error}", field.value.mark, error.hint)

    def _locale(self) -> str | None:
        said = self._pinned("locale") or self._written("locale")
        if said or not self._name.locale:
            return self._report.value(values.text, said or self._default("locale"))
        self.given.append(Given("locale", FILE_NAME))
        return self._name.locale

    def _title(self) -> str:
        title = self._report.value(values.phrase, self._pinned("title") or self._written("title"))
        title = title or first_heading(self._body) or self._report.value(values.phrase, self._default("title"))
        if title:
            return title
        words = self._name.words
        message = f"There is neither a title nor a heading; {shown(words)}, from the file's name, is the title."
        self._report.warn(MISSING_TITLE, message, self._fields.mark, "Give it a `title`.")
        return words

    def _places(self) -> tuple[str, _Place | None]:
        """The slug that the file asks for, "" if it asks for none, and the address given in its place.

        A URL comes before a path.
        """
        wanted, addresses = self._slug(self._pinned("slug")), list[_Place]()
        for key in self._site.sources["slug"].keys:
            field = self._fields.entries.get(key)
            written = self._report.value(values.text, field)
            if field is None or written is None or _NO_PLACE.fullmatch(written):
                continue
            if identity := url_identity(written):
                addresses.append(_Place(key, written, is_path=identity.startswith("/")))
                if not addresses[-1].is_path:
                    continue
            found = names.address_slug(written)
            if found and not wanted:
                wanted = found
                self._take("slug", key)
            elif not found and not identity:
                message = f"`{key}` is left out: {shown(written)} holds no letter and no digit."
                self._report.warn(BAD_VALUE, message, field.value.mark, "Write words joined by `-`.")
        return wanted or self._slug(self._default("slug")), min(addresses, key=lambda each: each.is_path, default=None)

    def _slug(self, field: Field | None) -> str:
        return names.address_slug(self._report.value(values.text, field) or "")

    def _web_url(self, place: _Place | None) -> str | None:
        if pin := self._pinned("webUrl"):
            return self._report.value(values.text, pin)
        if written := self._report.value(values.text, self._written("webUrl")):
            return written
        if place:
            self._take("webUrl", place.key)
            return place.address
        return self._report.value(values.text, self._default("webUrl"))

    def _parts(self, name: str, decode: Callable[[Report, Field | None], tuple[T, parts.Rest]]) -> T:
        """A field of parts; keys that they do not model stay readable as front matter."""
        field = self._field(name)
        found, rest = decode(self._report, field)
        if field and rest:
            self._left[field.key.text] = rest
        return found

    def _topics(self) -> tuple[TopicName, ...]:
        preset = self._pinned("topics")
        fields = [preset] if preset else self._written_topics()
        if not fields and (preset := self._default("topics")):
            fields = [preset]
        found, rests = parts.topics(self._report, fields, self._site.sources["topics"])
        self._left |= rests
        return found

    def _written_topics(self) -> list[Field]:
        """What the file says under the field's own name, or else under all others together."""
        keys = [key for key in self._site.sources["topics"].keys if key in self._fields.entries]
        empty = {key for key in keys if values.is_null(self._fields.entries[key].value)}
        self._used |= empty
        said = [key for key in keys if key not in empty]
        said = ["topics"] if "topics" in said else said
        for key in said:
            self._take("topics", key)
        return [self._fields.entries[key] for key in said]

    def _provider(self) -> ProviderName | None:
        """The first that is named; the others stay readable as front matter."""
        field = self._field("provider")
        provider, rest, others = parts.provider(self._report, field)
        if field and rest:
            self._left[field.key.text] = rest
        if field and others:
            message = f"Of {others + 1} in `{field.key.text}` one is the provider; the others stay in `frontMatter`."
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


def _certain(node: Node, source: Source, key: str) -> bool:
    """Whether a flag is true: by its text, if the site says which texts mean so."""
    if key in source.worded:
        word = values.text(node)
        value = None if word is None else word.casefold() in source.words
    else:
        value = values.boolean(node)
    if value is None:
        raise Unreadable("It is empty.", "Write true or false, or delete the key.")
    return value


def _identities(urls: Iterable[str | None]) -> tuple[str, ...]:
    found = (url_identity(url) for url in urls if url)
    return tuple(dict.fromkeys(identity for identity in found if identity))
