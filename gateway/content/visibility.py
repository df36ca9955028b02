"""Computes a document's visibility from its front matter and the rules of the site.

All keys of a field count. If they conflict, the value that hides takes precedence. The latest date of publication and
the earliest date of expiry are used. An unreadable value quarantines the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

from gateway.content import dates, values, visibility_flags
from gateway.content.field_lookup import FieldLookup
from gateway.content.inheritance import FILE_NAME
from gateway.content.nodes import NOWHERE, MappingEntry, MappingNode, Node, Position
from gateway.content.problem_collector import BAD_VALUE, BAD_VISIBILITY, CONFLICT, PositionNeeded, ProblemCollector
from gateway.content.site import FieldSource, Site
from gateway.content.source import SITE_FILE
from gateway.content.values import Unreadable
from gateway.content.visibility_flags import KEYS, VisibilityEffect, VisibilityEffects
from gateway.model.documents import FieldOrigin, Hiding, Restriction, Status

T = TypeVar("T")


def restriction(path: str, site: Site) -> Restriction:
    """The visibility that the rules outside a file give it if its own front matter is unknown.

    A file that sets its own visibility may override inherited fields and defaults. They apply here, because what it
    sets is unknown. It is a draft if an inherited value is unreadable.
    """
    collector = ProblemCollector(path)
    lookup = FieldLookup(path, site.with_inherited(path, MappingNode({}, Position(1, 1))), site)
    decoder = VisibilityDecoder(collector, path, lookup)
    (_, start), end, unlisted = decoder.dates(), decoder.public_until(), decoder.unlisted()
    return Restriction(decoder.published() and not collector.failed, unlisted, start, end)


class _Claim(NamedTuple):
    """The effect of one value in the file."""

    field: MappingEntry
    effects: VisibilityEffects
    """Empty if the value publishes the file."""


class _VisibilityDate(NamedTuple):
    """A date that governs visibility."""

    time: datetime
    field: MappingEntry | None
    """None if the date is from the file's name."""
    is_rule: bool = False
    """Whether the date is from the site's rules."""
    origin: str = ""
    """The place of another generator's rule with the date."""


_SHOWN, _DRAFT, _UNLISTED = (
    VisibilityEffects(),
    VisibilityEffects({VisibilityEffect.DRAFT}),
    VisibilityEffects({VisibilityEffect.UNLISTED}),
)
_FLAGS: Mapping[str, Mapping[bool | None, VisibilityEffects]] = {
    "published": {True: _SHOWN, False: _DRAFT},
    "draft": {True: _DRAFT, False: _SHOWN},
    "unlisted": {True: _UNLISTED},
}
"""The flags, with the effects of their values."""


class VisibilityDecoder:
    """Computes the visibility of one document. `hidings` are the reasons why it is hidden."""

    def __init__(
        self,
        collector: ProblemCollector,
        path: str,
        lookup: FieldLookup,
        file_date: datetime | None = None,
        date_source: str = FILE_NAME,
    ) -> None:
        """`file_date` is the date in the file's name or path."""
        self._report = collector
        self._path = path
        self._file_date = file_date
        self._date_source = date_source
        self._lookup = lookup
        self._closed = lookup.site.closed(path)
        self.is_draft = self._closed is not None or lookup.site.pins_as_draft(path)
        """Whether the document is a draft, whatever its front matter."""
        self._limits = lookup.site.limits(path)
        self._instant = partial(dates.instant, zone=lookup.site.timezone)
        self._read: dict[str, list[_VisibilityDate]] = {}
        self.hidings: list[Hiding] = []
        self._claims = list(self._read_claims())

    def _read_claims(self) -> Iterator[_Claim]:
        """The effects of all visibility keys of the file."""
        entries, site = self._lookup.fields.entries, self._lookup.site
        for name, effects in _FLAGS.items():
            for key in self._lookup.keys(name):
                self._lookup.take(name, key)
                value = self._certain(entries[key], partial(_flag, site.sources[name], key))
                if value in effects:
                    yield _Claim(entries[key], effects[value])
        for key in KEYS:
            if key in entries and key not in site.claimed and (found := self._certain(entries[key], KEYS[key])):
                yield _Claim(entries[key], found)

    def _certain(self, field: MappingEntry, read: Callable[[Node], T]) -> T | None:
        """Decode a value that governs visibility. An unreadable or contradictory value is an error."""
        try:
            found = {read(node) for node in (field.value, *field.repeated)}
            if len(found) > 1:
                raise Unreadable("It is repeated with different values.", "Keep one of them.")
        except Unreadable as error:
            self._refuse(field, error)
            return None
        return found.pop()

    def published(self) -> bool:
        if self._closed:
            self._lookup.given.append(FieldOrigin("published", self._closed))
            self.hidings.append(Hiding(Status.DRAFT, self._closed, self._path))
            return False
        said = [
            claim
            for claim in self._claims
            if claim.effects in {_SHOWN, _DRAFT} or VisibilityEffect.DRAFT in claim.effects
        ]
        draft = next((claim.field for claim in said if claim.effects), None)
        rule = self._lookup.pinned("published") or (None if said else self._lookup.default("published"))
        shows = draft is None if rule is None else values.boolean(rule.value) is not False
        if draft and shows and rule:
            place = f"line {rule.key.position.line} of {rule.origin or SITE_FILE}"
            message = f"`{draft.key.text}` makes it a draft, but {place} pins it."
            self._report.warn(CONFLICT, f"{message} It is published.", draft.value.position, "Change one of them.")
        elif draft and (shown := self._says_published(said)):
            message = f"`{draft.key.text}` hides the article and `{shown.key.text}` shows it. It is a draft."
            self._report.warn(CONFLICT, message, draft.value.position, "Delete one of them.")
        if not shows:
            self._hide(Status.DRAFT, rule or draft, is_rule=rule is not None)
        return shows

    def _says_published(self, claims: Sequence[_Claim]) -> MappingEntry | None:
        keys = self._lookup.site.sources["published"].keys
        return next((claim.field for claim in claims if not claim.effects and claim.field.key.text in keys), None)

    def unlisted(self) -> bool:
        """Whether public lists omit the document."""
        said = next((claim.field for claim in self._claims if VisibilityEffect.UNLISTED in claim.effects), None)
        rule = self._lookup.pinned("unlisted") or (None if said else self._lookup.default("unlisted"))
        unlisted = said is not None if rule is None else values.boolean(rule.value) is True
        if unlisted:
            self._hide(None, rule or said, is_rule=rule is not None)
        limits = [Hiding(None, limit.origin, self._path) for limit in self._limits if limit.unlisted]
        self.hidings += limits
        return unlisted or bool(limits)

    def dates(self) -> tuple[datetime | None, datetime | None]:
        """The date of publication, and the instant from which the article is public: the latest of all dates."""
        pin, written = self._lookup.pinned("publishedDateTime"), self._moments("publishedDateTime")
        self._lookup.written("publishedDateTime")
        if pin:
            written = self._ruled(pin)
        elif not written and self._file_date:
            self._lookup.given.append(FieldOrigin("publishedDateTime", self._date_source))
            written = [_VisibilityDate(self._file_date, None)]
        elif not written and (default := self._lookup.default("publishedDateTime")):
            written = self._ruled(default)
        limits = [_VisibilityDate(at, None, origin=rule.origin) for rule in self._limits if (at := rule.public_from)]
        latest = self._hide_by(Status.SCHEDULED, [*written, *self._bounds("publishDate"), *limits], max)
        return (written[0].time if written else None), latest

    def public_until(self) -> datetime | None:
        limits = [_VisibilityDate(at, None, origin=rule.origin) for rule in self._limits if (at := rule.public_until)]
        return self._hide_by(Status.EXPIRED, [*self._bounds("expiryDate"), *limits], min)

    def _bounds(self, name: str) -> list[_VisibilityDate]:
        """The dates of a field: the site's pins, else the file's dates, else the site's defaults."""
        written = self._moments(name)
        rule = self._lookup.pinned(name) or (None if written else self._lookup.default(name))
        return written if rule is None else self._ruled(rule)

    def _ruled(self, rule: MappingEntry) -> list[_VisibilityDate]:
        time = self._instant(rule.value)
        return [_VisibilityDate(time, rule, is_rule=True)] if time else []

    def _moments(self, name: str) -> list[_VisibilityDate]:
        """The file's dates under all keys of a field, in the order of the keys."""
        fields = [self._lookup.fields.entries[key] for key in self._lookup.keys(name)]
        return [moment for field in fields for moment in self._moments_of(field)]

    def _moments_of(self, field: MappingEntry) -> list[_VisibilityDate]:
        key = field.key.text
        if key not in self._read:
            field = self._lookup.site.dated(field)
            try:
                times = [self._instant(node) for node in (field.value, *field.repeated)]
            except Unreadable as error:
                self._refuse(field, error)
                times = []
            self._read[key] = [_VisibilityDate(time, field) for time in times if time]
        return self._read[key]

    def _hide_by(
        self, status: Status, moments: list[_VisibilityDate], which: Callable[..., _VisibilityDate]
    ) -> datetime | None:
        if not moments:
            return None
        moment = which(moments, key=lambda each: each.time)
        if moment.origin:
            self.hidings.append(Hiding(status, moment.origin, self._path, at=moment.time))
        else:
            self._hide(status, moment.field, moment.time, is_rule=moment.is_rule)
        return moment.time

    def _hide(
        self, status: Status | None, field: MappingEntry | None, at: datetime | None = None, *, is_rule: bool = False
    ) -> None:
        """Record the reason why the article is hidden: a rule of the site, a key of the file, or its name."""
        where = (field and field.origin) or (SITE_FILE if is_rule else self._path)
        if field is not None and field.key.position is NOWHERE:
            raise PositionNeeded
        key, line = (self._date_source, None) if field is None else (f"`{field.key.text}`", field.key.position.line)
        self.hidings.append(Hiding(status, key, where, line, at))

    def _refuse(self, field: MappingEntry, error: Unreadable) -> None:
        """Report an error, or only a warning if the file is hidden anyway."""
        report, code = (self._report.warn, BAD_VALUE) if self.is_draft else (self._report.error, BAD_VISIBILITY)
        report(code, f"`{field.key.text}` cannot be read: {error}", field.value.position, error.hint)


def _flag(source: FieldSource, key: str, node: Node) -> bool:
    """Decode a visibility flag, by the site's list of true values if there is one."""
    if key not in source.worded:
        return visibility_flags.flag(node)
    word = values.text(node)
    if word is None:
        raise Unreadable("It is empty.", "Write a word, or delete the key.")
    return word.casefold() in source.words
