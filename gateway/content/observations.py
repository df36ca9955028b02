"""Observes the front matter of a folder: which keys its files have, and which types their values fit.

It decides nothing. `inference` proposes collections from what was observed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from functools import partial
from itertools import islice
from typing import NamedTuple

from gateway.content import dates, links, values
from gateway.content.media_types import media_type
from gateway.content.nodes import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.text import slug
from gateway.content.values import Unreadable
from gateway.model.collections import FieldType

MOST_PLACES = 3
"""The number of odd values of a key that are kept."""
MOST_TEXTS = 100
"""The number of distinct texts of a key that are counted."""
LONGEST_TEXT = 40
"""The maximum number of characters of an enum's value."""
MOST_LEVELS = 4
MOST_KEYS = 1000
"""The number of keys of a mapping that are observed."""

_WORDS = frozenset({"true", "false", "yes", "no", "on", "off"})
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DIGIT = re.compile("[0-9]")
_LONGEST_REFERENCE = 200
_PICTURE_KEYS = ("url", "src")

SCALARS = (
    *(FieldType.BOOLEAN, FieldType.INT, FieldType.FLOAT, FieldType.DATE, FieldType.DATE_TIME),
    *(FieldType.IMAGE, FieldType.REFERENCE, FieldType.MARKDOWN),
)
"""The types that the values of a key may fit, the narrowest first."""


class Place(NamedTuple):
    """A value in a file."""

    path: str
    line: int
    text: str
    """Its text, or "list" or "mapping"."""


class Targets:
    """The files that references may name."""

    def __init__(self, groups: Mapping[str, str]) -> None:
        """`groups` are those of the files by path."""
        self._groups: dict[str, str] = {}
        self._names = set[str]()
        for path, group in groups.items():
            name = path.rpartition("/")[2].rpartition(".")[0]
            self._names.add(name.casefold())
            for key, _ in links.keys_of(path, slug(name), ()):
                self._groups.setdefault(key, group)

    def group(self, path: str, written: str) -> str | None:
        """The group of the file that a text in the file at `path` names, or None."""
        name = written.rpartition("/")[2].casefold()
        if len(written) > _LONGEST_REFERENCE or self._names.isdisjoint((name, name.rpartition(".")[0])):
            return None
        found = (self._groups.get(key) for key in links.keys_referred(path, written))
        return next((group for group in found if group is not None), None)


class Observed:
    """The values of one key in one group of files, or the members of its lists."""

    def __init__(self) -> None:
        self.number = 0
        self.scalars = 0
        self.lists = 0
        self.mappings = 0
        self.fits = Counter[FieldType]()
        self.odd: dict[FieldType | None, list[Place]] = {}
        """The first values that do not fit a type, by type, and the first that are not scalars."""
        self.texts = Counter[str]()
        """The distinct texts. Others are not counted once there are MOST_TEXTS."""
        self.first: dict[str, Place] = {}
        """The first place of each of the texts."""
        self.groups = Counter[str]()
        """The groups of the files that values name."""
        self.members: Observed | None = None
        """Those of its lists."""
        self.fields: dict[str, Observed] = {}
        """Those of its mappings, by key."""

    def add(self, node: Node, place: Place, targets: Targets, levels: int = MOST_LEVELS) -> None:
        """Add a value. `place` has its file and its line."""
        self.number += 1
        if isinstance(node, ScalarNode):
            self.scalars += 1
            self._add_scalar(node, place._replace(text=node.text.strip()), targets)
            return
        place = place._replace(text="list" if isinstance(node, SequenceNode) else "mapping")
        self._note(None, place)
        if isinstance(node, SequenceNode):
            self.lists += 1
            self._add_members(node.nodes, place, targets, levels)
        else:
            self.mappings += 1
            picture = next(filter(None, map(node.entries.get, _PICTURE_KEYS)), None)
            if picture and isinstance(picture.value, ScalarNode) and _is_picture(picture.value.text):
                self.fits[FieldType.IMAGE] += 1
            else:
                self._note(FieldType.IMAGE, place)
            if levels > 1:
                self._add_fields(node, place, targets, levels - 1)

    def _add_scalar(self, node: ScalarNode, place: Place, targets: Targets) -> None:
        self._note_text(place)
        for type_, fits in _FITS.items():
            if fits(node):
                self.fits[type_] += 1
            else:
                self._note(type_, place)
        group = targets.group(place.path, place.text)
        if group is None:
            self._note(FieldType.REFERENCE, place)
        else:
            self.fits[FieldType.REFERENCE] += 1
            self.groups[group] += 1

    def _note_text(self, place: Place) -> None:
        text = place.text[: LONGEST_TEXT + 1]
        if text in self.texts or len(self.texts) < MOST_TEXTS:
            self.texts[text] += 1
            self.first.setdefault(text, place)

    def _note(self, type_: FieldType | None, place: Place) -> None:
        odd = self.odd.setdefault(type_, [])
        if len(odd) < MOST_PLACES:
            odd.append(place)

    def _add_members(self, nodes: Iterable[Node], place: Place, targets: Targets, levels: int) -> None:
        self.members = self.members or Observed()
        for node in nodes:
            if not values.is_null(node):
                self.members.add(node, place, targets, levels)

    def _add_fields(self, node: MappingNode, place: Place, targets: Targets, levels: int) -> None:
        for key, entry in islice(node.entries.items(), MOST_KEYS):
            if not values.is_null(entry.value) and key.strip().casefold() != "secured":
                line = entry.value.position.line or place.line
                self.fields.setdefault(key, Observed()).add(entry.value, place._replace(line=line), targets, levels)

    def as_list(self) -> Observed:
        """The members of the lists, with the scalars, which are lists of one member."""
        found = Observed()
        found.merge(self)
        found.number, found.lists, found.mappings = self.scalars, 0, 0
        found.odd.pop(None, None)
        if self.members:
            found.members = None
            found.merge(self.members)
        return found

    def merge(self, other: Observed) -> None:
        """Add what was observed in other files."""
        self.number += other.number
        self.scalars += other.scalars
        self.lists += other.lists
        self.mappings += other.mappings
        self.fits += other.fits
        self.groups += other.groups
        self.texts += other.texts
        self.first = {**other.first, **self.first}
        for type_, places in other.odd.items():
            self.odd[type_] = [*self.odd.get(type_, ()), *places][:MOST_PLACES]
        if other.members:
            self.members = self.members or Observed()
            self.members.merge(other.members)
        for key, found in other.fields.items():
            self.fields.setdefault(key, Observed()).merge(found)


class Group:
    """The observations of some files."""

    def __init__(self) -> None:
        self.files = 0
        self.keys: dict[str, Observed] = {}

    def add(self, path: str, fields: Iterable[tuple[str, MappingEntry]], targets: Targets) -> None:
        """Add the front matter of a file, without the keys that the schema has."""
        self.files += 1
        for key, entry in islice(fields, MOST_KEYS):
            if not values.is_null(entry.value):
                line = entry.value.position.line or entry.key.position.line
                self.keys.setdefault(key, Observed()).add(entry.value, Place(path, line, ""), targets)

    def merge(self, other: Group) -> None:
        self.files += other.files
        for key, found in other.keys.items():
            self.keys.setdefault(key, Observed()).merge(found)


def _is_flag(node: ScalarNode) -> bool:
    return node.plain and node.text.lower() in _WORDS


def _is_integer(node: ScalarNode) -> bool:
    return (node.plain or node.number) and _INTEGER.fullmatch(node.text) is not None and _reads(values.integer, node)


def _is_number(node: ScalarNode) -> bool:
    return (node.plain or node.number) and _NUMBER.fullmatch(node.text) is not None and _reads(values.decimal, node)


def _is_dated(decode: Callable[[Node], object], node: ScalarNode) -> bool:
    text = node.text
    return len(text) <= LONGEST_TEXT and _DIGIT.search(text) is not None and not text.isdigit() and _reads(decode, node)


def _is_picture(text: str) -> bool:
    return (media_type(text.strip().partition("?")[0].partition("#")[0]) or "").startswith("image/")


def _reads(decode: Callable[[Node], object], node: Node) -> bool:
    try:
        return decode(node) is not None
    except Unreadable:
        return False


_FITS: Mapping[FieldType, Callable[[ScalarNode], bool]] = {
    FieldType.BOOLEAN: _is_flag,
    FieldType.INT: _is_integer,
    FieldType.FLOAT: _is_number,
    FieldType.DATE: partial(_is_dated, dates.day),
    FieldType.DATE_TIME: partial(_is_dated, partial(dates.instant, zone=UTC)),
    FieldType.IMAGE: lambda node: _is_picture(node.text),
    FieldType.MARKDOWN: lambda node: node.block and "\n\n" in node.text.strip(),
}


def flattened(fields: MappingNode, containers: Iterable[str]) -> Iterator[tuple[str, MappingEntry]]:
    """The keys of front matter, and the dotted names of those in mappings that only hold others."""
    for key, entry in fields.entries.items():
        if key not in containers:
            yield key, entry
        elif isinstance(entry.value, MappingNode):
            yield from ((f"{key}.{name}", field) for name, field in entry.value.entries.items())
