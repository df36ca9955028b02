"""Front matter and body to a document, or to the reasons why there is none. It reads no file and keeps nothing.

What governs visibility and cannot be read sets the file aside; any other unreadable value costs itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

import orjson

from gateway.content import dates, names, parts, publication, values
from gateway.content.frontmatter import FrontMatter
from gateway.content.identity import digits, url_identity
from gateway.content.inherited import FILE_NAME
from gateway.content.nodes import Field, Fields, Node
from gateway.content.plaintext import first_heading
from gateway.content.publication import Effect, Effects
from gateway.content.report import BAD_VALUE, BAD_VISIBILITY, CONFLICT, MISSING_TITLE, PROVIDERS_LEFT_OUT, Report
from gateway.content.site import NATIVE, USUAL_SITE, Site, Source
from gateway.content.source import SITE_FILE
from gateway.content.text import slug
from gateway.content.values import Unreadable, shown
from gateway.model import FRONT_MATTER, Document, Given, Hiding, Problem, ProviderName, Status, TopicName

T = TypeVar("T")

DECODER_VERSION = "5"
"""To be raised whenever the same file gives another document or other problems."""

# A value for the generator to fill in, or to turn the page off: `/:year/:title/`, `{{ title | slugify }}`, `false`.
_NO_PLACE = re.compile(r"(?:.*/)?:[a-z].*|.*\{[{%].*|false", re.DOTALL)


class Decoded(NamedTuple):
    document: Document | None
    """None where the file is to be set aside; then one of the problems is an error, or one of a file that it inherits
    from."""
    problems: tuple[Problem, ...]
    given: tuple[Given, ...] = ()
    hidings: tuple[Hiding, ...] = ()


class _Place(NamedTuple):
    """An address that a key of slugs holds."""

    key: str
    address: str
    is_path: bool


class _Claim(NamedTuple):
    """What a value in the file does to it."""

    field: Field
    effects: Effects
    """Empty where the file asks to be shown."""


class _Moment(NamedTuple):
    """A date that governs visibility."""

    time: datetime
    field: Field | None
    """None where the name of the file gives it."""
    is_rule: bool = False
    """Whether the site gives it, and not the file."""


_SHOWN, _DRAFT, _UNLISTED = Effects(), Effects({Effect.DRAFT}), Effects({Effect.UNLISTED})


def decode(path: str, front_matter: FrontMatter, site: Site = USUAL_SITE, *, translated: bool = False) -> Decoded:
    """Decode one file by the rules of its site. `translated` is a file that has a sibling in another language.

    Never raises.
    """
    report = Report(path)
    name = names.named(path, site.timezone, site.locales, translated=translated)
    decoder = _Decoder(report, path, name, front_matter, site)
    document = decoder.document()
    found = None if report.failed or site.is_unknown(path) else document
    return Decoded(found, tuple(report.problems), tuple(decoder.given), tuple(decoder.hidings))


class _Decoder:
    """Reads one front matter, and remembers which of its keys the schema models.

    What the site pins is taken as it is, and what it adds where the file says nothing: both were decoded when the
    site's rules were read, and are without fault.
    """

    def __init__(self, report: Report, path: str, name: names.Named, front_matter: FrontMatter, site: Site) -> None:
        self._report = report
        self._path = path
        self._name = name
        self._fields = site.completed(path, front_matter.fields)
        self._body = front_matter.body
        self._site = site
        self._pins = site.pinned(path)
        self._defaults = site.added(path)
        self._closed = site.closed(path)
        self._hidden = site.hides(path)
        self._used = set(NATIVE)
        self._left: dict[str, object] = {}
        self._instant = partial(dates.instant, zone=site.timezone)
        self._read_dates: dict[str, list[_Moment]] = {}
        self.given: list[Given] = []
        self.hidings: list[Hiding] = []

    def document(self) -> Document:
        report = self._report
        # Where a pin or a rule of another file hides the file, no slip in it can publish it.
        report.check_keys(self._fields, self._site.known, frozenset() if self._hidden else self._site.governing)
        claims = self._claims()
        published_date_time, public_from = self._dates()
        wanted_slug, place = self._places()
        original_url = self._text("originalUrl")
        web_url = self._web_url(place)
        amp_web_url = self._text("ampWebUrl")
        cdn_amp_web_url = self._text("cdnAmpWebUrl")
        document = Document(
            path=self._path,
            slug=wanted_slug or slug(self._name.stem) or digits(self._path),
            title=self._title(),
            excerpt=report.value(values.phrase, self._field("excerpt")),
            category=self._text("category"),
            type=self._text("type") or parts.DEFAULT_TYPE,
            locale=self._locale(),
            quality=report.value(values.integer, self._field("quality")),
            heat=report.value(values.integer, self._field("heat")),
            published=self._published(claims),
            unlisted=self._unlisted(claims),
            published_date_time=published_date_time,
            public_from=public_from,
            public_until=self._public_until(),
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
        field = self._fields.entries[key]
        if field.origin:
            self.given.append(Given(name, f"{field.origin}:{field.key.mark.line}"))
        elif key != name:
            self.given.append(Given(name, key))

    def _claims(self) -> list[_Claim]:
        """All that the file says about who may see it: every key counts, not only the first."""
        claims = [
            *self._flags("published", if_true=_SHOWN, if_false=_DRAFT),
            *self._flags("draft", if_true=_DRAFT, if_false=_SHOWN),
            *(claim for claim in self._flags("unlisted", if_true=_UNLISTED, if_false=_SHOWN) if claim.effects),
        ]
        for key, read in publication.KEYS.items():
            field = None if key in self._site.claimed else self._fields.entries.get(key)
            if field and (effects := self._certain(field, read)):
                claims.append(_Claim(field, effects))
        return claims

    def _flags(self, name: str, *, if_true: Effects, if_false: Effects) -> Iterator[_Claim]:
        source = self._site.sources[name]
        for key in source.keys:
            if field := self._fields.entries.get(key):
                self._take(name, key)
                value = self._certain(field, partial(_flag, source, key))
                if value is not None:
                    yield _Claim(field, if_true if value else if_false)

    def _certain(self, field: Field, read: Callable[[Node], T]) -> T | None:
        """A value that governs visibility; an unreadable or contradictory one is an error."""
        try:
            found = {read(node) for node in (field.value, *field.repeated)}
            if len(found) > 1:
                raise Unreadable("It is repeated with different values.", "Keep one of them.")
        except Unreadable as error:
            self._refuse(field, error)
            return None
        return found.pop()

    def _published(self, claims: Sequence[_Claim]) -> bool:
        if self._closed:
            self.given.append(Given("published", self._closed))
            self.hidings.append(Hiding(Status.DRAFT, self._closed, self._path))
            return False
        said = [claim for claim in claims if claim.effects in {_SHOWN, _DRAFT} or Effect.DRAFT in claim.effects]
        draft = next((claim.field for claim in said if claim.effects), None)
        rule = self._pinned("published") or (None if said else self._default("published"))
        shows = draft is None if rule is None else values.boolean(rule.value) is not False
        if draft and shows and rule:
            message = f"`{draft.key.text}` makes it a draft, but line {rule.key.mark.line} of {SITE_FILE} pins it."
            self._report.warn(CONFLICT, f"{message} It is published.", draft.value.mark, "Change one of them.")
        elif draft and (shown := self._says_published(said)):
            message = f"`{draft.key.text}` hides the article and `{shown.key.text}` shows it. It is a draft."
            self._report.warn(CONFLICT, message, draft.value.mark, "Delete one of them.")
        if not shows:
            self._hide(Status.DRAFT, rule or draft, is_rule=rule is not None)
        return shows

    def _says_published(self, claims: Sequence[_Claim]) -> Field | None:
        keys = self._site.sources["published"].keys
        return next((claim.field for claim in claims if not claim.effects and claim.field.key.text in keys), None)

    def _unlisted(self, claims: Sequence[_Claim]) -> bool:
        said = next((claim.field for claim in claims if Effect.UNLISTED in claim.effects), None)
        rule = self._pinned("unlisted") or (None if said else self._default("unlisted"))
        unlisted = said is not None if rule is None else values.boolean(rule.value) is True
        if unlisted:
            self._hide(None, rule or said, is_rule=rule is not None)
        return unlisted

    def _dates(self) -> tuple[datetime | None, datetime | None]:
        """When the article was published, and from when on the public sees it: the latest of all dates that say so."""
        pin, written = self._pinned("publishedDateTime"), self._moments("publishedDateTime")
        self._written("publishedDateTime")
        if pin:
            written = self._ruled(pin)
        elif not written and self._name.date:
            self.given.append(Given("publishedDateTime", FILE_NAME))
            written = [_Moment(self._name.date, None)]
        elif not written and (default := self._default("publishedDateTime")):
            written = self._ruled(default)
        latest = self._hide_by(Status.SCHEDULED, [*written, *self._bounds("publishDate")], max)
        return (written[0].time if written else None), latest

    def _public_until(self) -> datetime | None:
        return self._hide_by(Status.EXPIRED, self._bounds("expiryDate"), min)

    def _bounds(self, name: str) -> list[_Moment]:
        """The dates of a field: what the site pins, else what the file says, else what the site adds."""
        written = self._moments(name)
        rule = self._pinned(name) or (None if written else self._default(name))
        return written if rule is None else self._ruled(rule)

    def _ruled(self, rule: Field) -> list[_Moment]:
        time = self._instant(rule.value)
        return [_Moment(time, rule, is_rule=True)] if time else []

    def _moments(self, name: str) -> list[_Moment]:
        """The dates that the file gives under all keys of a field, in the order of the keys."""
        fields = filter(None, map(self._fields.entries.get, self._site.sources[name].keys))
        return [moment for field in fields for moment in self._moments_of(field)]

    def _moments_of(self, field: Field) -> list[_Moment]:
        key = field.key.text
        if key not in self._read_dates:
            try:
                times = [self._instant(node) for node in (field.value, *field.repeated)]
            except Unreadable as error:
                self._refuse(field, error)
                times = []
            self._read_dates[key] = [_Moment(time, field) for time in times if time]
        return self._read_dates[key]

    def _hide_by(self, status: Status, moments: list[_Moment], which: Callable[..., _Moment]) -> datetime | None:
        if not moments:
            return None
        moment = which(moments, key=lambda each: each.time)
        self._hide(status, moment.field, moment.time, is_rule=moment.is_rule)
        return moment.time

    def _hide(
        self, status: Status | None, field: Field | None, at: datetime | None = None, *, is_rule: bool = False
    ) -> None:
        """Record what hides the article: a rule of the site, a key of the file, or its name."""
        where = SITE_FILE if is_rule else (field and field.origin) or self._path
        key, line = (FILE_NAME, None) if field is None else (f"`{field.key.text}`", field.key.mark.line)
        self.hidings.append(Hiding(status, key, where, line, at))

    def _refuse(self, field: Field, error: Unreadable) -> None:
        """Set the file aside; where it is hidden anyway, only report it."""
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
        self.given.extend(Given(FRONT_MATTER, key) for key in rest)
        return rest


def _flag(source: Source, key: str, node: Node) -> bool:
    """A flag that governs visibility: by its text, if the site says which texts mean true."""
    if key not in source.worded:
        return publication.flag(node)
    word = values.text(node)
    if word is None:
        raise Unreadable("It is empty.", "Write a word, or delete the key.")
    return word.casefold() in source.words


def _identities(urls: Iterable[str | None]) -> tuple[str, ...]:
    found = (url_identity(url) for url in urls if url)
    return tuple(dict.fromkeys(identity for identity in found if identity))
