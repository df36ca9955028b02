"""Decodes the custom fields of a document by the declaration of its collection.

Values are encoded for the store. An unreadable value is left out, and quarantines the file if its field is required.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from gateway.content import dates, dotted_names, links, markup, nested_fields, values
from gateway.content.field_lookup import FieldLookup
from gateway.content.identity import LONGEST_URL
from gateway.content.nested_fields import Rest, entries
from gateway.content.nodes import ForeignPosition, MappingEntry, MappingNode, Node, Position, SequenceNode
from gateway.content.problem_collector import BAD_VALUE, ProblemCollector, nearest
from gateway.content.site import with_prefixes
from gateway.content.text import fold
from gateway.content.tokenizer import words
from gateway.content.values import Unreadable, shown
from gateway.model.collections import Collection, CustomField, EnumValue, FieldType, SearchWeight
from gateway.model.documents import BodyRules, CustomValues, FieldOrigin, Image

REQUIRED_FIELD = "REQUIRED_FIELD"

NONE = CustomValues()

LONGEST_ORDER = 200
"""The number of characters of a text by which articles are ordered."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_NAMED = 10
"""The maximum number of an enum's values in a hint."""


class Decoding(NamedTuple):
    """What the values of a document depend on beside its front matter."""

    path: str
    zone: tzinfo
    image: Callable[[MappingEntry], Image | None]
    """Decodes an image, and reports its problems."""
    leave: Callable[[MappingEntry, Rest], None]
    """Takes the keys of an object that it does not declare."""


def decode(collection: Collection, lookup: FieldLookup, collector: ProblemCollector, context: Decoding) -> CustomValues:
    """The values of a document's own fields. Their keys are marked as used."""
    decoder = _Decoder(collection, lookup, collector, context)
    decoder.read()
    return _encoded(collection, decoder.found, decoder.references)


def canonical(field: CustomField, node: Node, zone: tzinfo) -> Any:
    """The encoded value of a node, or None if it is empty. Raises Unreadable.

    The field is neither an image, a reference nor an object. A list is decoded by its members.
    """
    if field.type is FieldType.ENUM:
        written = values.text(node)
        return None if written is None else _position(field.values, written)
    if field.type is FieldType.DATE_TIME:
        return _micros(dates.instant(node, zone))
    return _DECODERS[field.type](node)


def _flag(node: Node) -> int | None:
    flag = values.boolean(node)
    return None if flag is None else int(flag)


def _day(node: Node) -> int | None:
    return _micros(dates.day(node))


_DECODERS: Mapping[FieldType, Callable[[Node], object]] = {
    FieldType.STRING: values.phrase,
    FieldType.INT: values.integer,
    FieldType.FLOAT: values.decimal,
    FieldType.BOOLEAN: _flag,
    FieldType.DATE: _day,
    FieldType.JSON: values.json_value,
    FieldType.MARKDOWN: values.verbatim,
}


class _Decoder:
    """Decodes the values of one document."""

    def __init__(
        self, collection: Collection, lookup: FieldLookup, collector: ProblemCollector, context: Decoding
    ) -> None:
        self._collection = collection
        self._lookup = lookup
        self._collector = collector
        self._context = context
        self._failures = 0
        self.found: dict[str, Any] = {}
        """The values by the keys of their fields."""
        self.references: list[tuple[int, int, tuple[str, ...]]] = []

    def read(self) -> None:
        for field in self._collection.fields:
            entry = self._fill(field, self._lookup.fields, self.found)
            self._take(field, entry)

    def _take(self, field: CustomField, entry: MappingEntry | None) -> None:
        """Record the keys that the front matter has for a field of the collection, and the one that gives it."""
        lookup = self._lookup
        present = filter(None, map(lookup.fields.entries.get, field.keys))
        lookup.used.update(each.key.text for each in present if values.is_null(each.value))
        if entry is None:
            return
        key = entry.key.text
        lookup.used.add(key)
        if entry.origin:
            lookup.given.append(FieldOrigin(str(field), f"{entry.origin}:{entry.key.position.line}"))
        elif key != field.name:
            lookup.given.append(FieldOrigin(str(field), key))
        if field.type is FieldType.OBJECT and (rest := _rest(field, entry.value)):
            self._context.leave(entry, rest)

    def _fill(self, field: CustomField, fields: MappingNode, found: dict[str, Any]) -> MappingEntry | None:
        """Add the value that a mapping has for a field, else its default. Returns the entry that is not empty."""
        failures = self._failures
        entry = _entry(field, fields)
        is_given = entry is not None and self._read(field, entry, found)
        if is_given:
            return entry
        if field.default and not (entry and field.is_list):
            found[field.key] = orjson.loads(field.default)
        elif field.is_required and failures == self._failures:
            node = entry.value if entry else _empty(field, fields)
            self._fail(f"`{field.keys[0]}` is required in `{self._collection.name}`.", node, "Add it.")
        return entry

    def _read(self, field: CustomField, entry: MappingEntry, found: dict[str, Any]) -> bool:
        """Add the value of an entry, and return whether there is one."""
        if field.type is FieldType.OBJECT and not field.is_list:
            return self._read_object(field, entry, found)
        value = self._members(field, entry) if field.is_list else self._member(field, entry, 0)
        if value is None:
            return False
        if field.type is not FieldType.REFERENCE:
            found[field.key] = value
        return True

    def _members(self, field: CustomField, entry: MappingEntry) -> list[object] | None:
        """The readable members of a list. A single value is a list of one member."""
        nodes = entries(entry)
        members = [self._member(field, entry._replace(value=node), at) for at, node in enumerate(nodes)]
        return [member for member in members if member is not None] or None

    def _member(self, field: CustomField, entry: MappingEntry, at: int) -> Any:
        """The value of an entry that is not a list. `at` is its position in the list of the field."""
        if field.type is FieldType.OBJECT:
            member: dict[str, Any] = {}
            return member if self._read_object(field, entry, member) else None
        try:
            if field.type is FieldType.REFERENCE:
                return self._refer(field, entry.value, at)
            if field.type is FieldType.IMAGE:
                return self._image(entry)
            return canonical(field, entry.value, self._context.zone)
        except Unreadable as error:
            self._report(field, entry, error)
            return None

    def _read_object(self, field: CustomField, entry: MappingEntry, found: dict[str, Any]) -> bool:
        """Add the values in the mapping of an object, and return whether there are any."""
        node = entry.value
        if not isinstance(node, MappingNode):
            kind = "list" if isinstance(node, SequenceNode) else "single value"
            names = ", ".join(each.keys[0] for each in field.fields)
            self._report(field, entry, Unreadable(f"The value is a {kind}.", f"Write a mapping with {names}."))
            return False
        self._collector.check_keys(node, _known(tuple(key for each in field.fields for key in each.keys)))
        before = len(found), len(self.references)
        for each in field.fields:
            self._fill(each, node, found)
        return (len(found), len(self.references)) != before

    def _refer(self, field: CustomField, node: Node, at: int) -> tuple[str, ...] | None:
        written = values.text(node)
        if written is None:
            return None
        if len(written) > LONGEST_URL:
            raise Unreadable("The reference is too long.", "Write a path, a slug, an id or an address.")
        keys = tuple(links.keys_referred(self._context.path, written))
        self.references.append((field.number, at, keys))
        return keys

    def _image(self, entry: MappingEntry) -> list[object] | None:
        if isinstance(entry.value, SequenceNode):
            raise Unreadable("The value is a list.", "Write one image.")
        found = self._context.image(entry)
        return list(found) if found else None

    def _report(self, field: CustomField, entry: MappingEntry, error: Unreadable) -> None:
        name = entry.key.text
        if field.is_required and not field.is_list and not field.default:
            message = f"`{name}` is required in `{self._collection.name}`, and cannot be read: {error}"
            self._fail(message, entry.value, error.hint)
        else:
            self._collector.warn(BAD_VALUE, f"`{name}` is left out: {error}", self._place(entry.value), error.hint)

    def _fail(self, message: str, node: Node, hint: str) -> None:
        self._failures += 1
        self._collector.error(REQUIRED_FIELD, message, self._place(node), hint)

    def _place(self, node: Node) -> Position:
        """The position of a node, or that of the front matter if another file has the node. Rules of other files are
        not checked against collections."""
        position = node.position
        return self._lookup.fields.position if isinstance(position, ForeignPosition) else position


def _entry(field: CustomField, fields: MappingNode) -> MappingEntry | None:
    """The first entry of a field's keys that is not empty."""
    for key in field.keys:
        entry = dotted_names.find(fields.entries, key)
        if entry is not None and not values.is_null(entry.value):
            return entry
    return None


def _empty(field: CustomField, fields: MappingNode) -> Node:
    """The empty value of a field, or the mapping that does not have it."""
    found = (dotted_names.find(fields.entries, key) for key in field.keys)
    return next((entry.value for entry in found if entry), fields)


@lru_cache(maxsize=256)
def _known(keys: tuple[str, ...]) -> frozenset[str]:
    return with_prefixes(frozenset(keys))


def _rest(field: CustomField, node: Node) -> Rest:
    """The keys of an object that it does not declare, as JSON. None if there are none."""
    if isinstance(node, SequenceNode):
        rests = [_rest(field, each) for each in node.nodes]
        return rests if any(rests) else None
    if not isinstance(node, MappingNode):
        return None
    declared = {key.partition(".")[0]: each for each in field.fields for key in each.keys}
    rest = nested_fields.unused_keys(node, declared.keys())
    for key, each in declared.items():
        if each.type is FieldType.OBJECT and key in node.entries and (below := _rest(each, node.entries[key].value)):
            rest[key] = below
    return rest or None


def _position(members: tuple[EnumValue, ...], written: str) -> int:
    """The position of an enum's value, by its text, or by its text without case and accents. Raises Unreadable."""
    exact, folded = _positions(members)
    found = exact.get(written)
    if found is None:
        found = folded.get(fold(written))
    if found is not None:
        return found
    texts = list(exact)
    meant = nearest(written, frozenset(texts))
    more = ", …" if len(texts) > _MOST_NAMED else ""
    hint = f"Write `{meant}`." if meant else f"Write one of {', '.join(texts[:_MOST_NAMED])}{more}."
    raise Unreadable(f"{shown(written)} is not one of the values.", hint)


@lru_cache(maxsize=512)
def _positions(members: tuple[EnumValue, ...]) -> tuple[Mapping[str, int], Mapping[str, int | None]]:
    """The positions of texts, and of folded texts. A folded text of two values has none."""
    folded: dict[str, int | None] = {}
    for at, member in enumerate(members):
        key = fold(member.written)
        folded[key] = None if key in folded else at
    return {member.written: at for at, member in enumerate(members)}, folded


def _micros(time: datetime | None) -> int | None:
    return None if time is None else (time - _EPOCH) // _MICROSECOND


def _encoded(
    collection: Collection, found: Mapping[str, Any], references: Iterable[tuple[int, int, tuple[str, ...]]]
) -> CustomValues:
    """The values for the store, with what it orders, searches and filters by."""
    order: dict[str, str] = {}
    searched: dict[SearchWeight, list[str]] = {weight: [] for weight in SearchWeight}
    items: list[tuple[int, int, str]] = []
    for field in collection.leaves:
        value = found.get(field.key)
        if value is None:
            continue
        if field.is_list and field.type in {FieldType.STRING, FieldType.ENUM}:
            items += [(field.number, at, text) for at, text in enumerate(_texts(field, value, "name"))]
        elif field.type is FieldType.STRING:
            order[field.key] = fold(str(value).strip())[:LONGEST_ORDER]
        if field.search:
            searched[field.search] += _texts(field, value, "written")
    low, normal, high = (words(" ".join(texts)) for texts in searched.values())
    return CustomValues(_json(found), _json(order), (low, normal, high), tuple(items), tuple(references))


def _texts(field: CustomField, value: Any, of_enum: str) -> list[str]:
    """The texts of a value or of the members of a list, without markup. `of_enum` is the attribute of an enum's
    value."""
    members = value if isinstance(value, list) else [value]
    if field.type is FieldType.ENUM:
        return [getattr(field.values[member], of_enum) for member in members]
    if field.type is FieldType.MARKDOWN:
        return [markup.read(member, BodyRules()).text for member in members]
    return members


def _json(found: Mapping[str, Any]) -> str:
    return orjson.dumps(found).decode()
