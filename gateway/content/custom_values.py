"""Decodes the custom fields of a document by the declaration of its collection.

Values are encoded for the store. An unreadable value is left out, and quarantines the file if its field is required.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
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
from gateway.content.text import fold, order_key
from gateway.content.values import Unreadable, shown
from gateway.model.collections import Collection, CustomField, FieldType, SearchWeight
from gateway.model.documents import BodyRules, CustomValues, FieldOrigin, Image
from gateway.model.instants import optional_micros

REQUIRED_FIELD = "REQUIRED_FIELD"

NONE = CustomValues()

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
    compiled = _compiled(collection, context.zone)
    decoder = _Decoder(collection.name, lookup, collector, context)
    for field in compiled.fields:
        decoder.read(field)
    return _encoded(compiled.leaves, decoder.found, decoder.references)


def scalar_decoder(field: CustomField, zone: tzinfo) -> Callable[[Node], Any]:
    """Decodes a node to the encoded value of a field, or to None if it is empty. Raises Unreadable.

    The field is neither an image, a reference nor an object. A list is decoded by its members.
    """
    if field.type is FieldType.ENUM:
        return _enum_decoder(field)
    if field.type is FieldType.DATE_TIME:
        return lambda node: optional_micros(dates.instant(node, zone))
    return _DECODERS[field.type]


def _enum_decoder(field: CustomField) -> Callable[[Node], int | None]:
    """Finds the position of a value by its text, or by its text without case and accents if only one value has that."""
    exact = {value.written: at for at, value in enumerate(field.values)}
    folded: dict[str, int | None] = {}
    for at, value in enumerate(field.values):
        key = fold(value.written)
        folded[key] = None if key in folded else at

    def decode(node: Node) -> int | None:
        written = values.text(node)
        if written is None:
            return None
        found = exact.get(written)
        if found is None and (found := folded.get(fold(written))) is None:
            raise Unreadable(f"{shown(written)} is not one of the values.", _enum_hint(written, list(exact)))
        return found

    return decode


def _enum_hint(written: str, texts: Sequence[str]) -> str:
    meant = nearest(written, frozenset(texts))
    more = ", …" if len(texts) > _MOST_NAMED else ""
    return f"Write `{meant}`." if meant else f"Write one of {', '.join(texts[:_MOST_NAMED])}{more}."


def _flag(node: Node) -> int | None:
    flag = values.boolean(node)
    return None if flag is None else int(flag)


_DECODERS: Mapping[FieldType, Callable[[Node], object]] = {
    FieldType.STRING: values.phrase,
    FieldType.INT: values.integer,
    FieldType.FLOAT: values.decimal,
    FieldType.BOOLEAN: _flag,
    FieldType.DATE: lambda node: optional_micros(dates.day(node)),
    FieldType.JSON: values.json_value,
    FieldType.MARKDOWN: values.verbatim,
}


class _Field(NamedTuple):
    """A field with what is computed once for all documents."""

    declared: CustomField
    name: str
    key: str
    number: int
    keys: tuple[str, ...]
    is_list: bool
    is_object: bool
    is_reference: bool
    scalar: Callable[[Node], Any] | None
    """The decoder of scalars. None for objects, references and images."""
    fields: tuple[_Field, ...]
    known: frozenset[str]
    """The keys of an object."""


class _Leaf(NamedTuple):
    """A field whose values are ordered, searched or filtered as texts."""

    key: str
    number: int
    texts: Callable[[Any], str]
    """Its text for a value."""
    is_list: bool
    is_ordered: bool
    items: Callable[[Any], str] | None
    """The text of a member of its list, by which articles are filtered."""
    search: SearchWeight | None


class _Compiled(NamedTuple):
    fields: tuple[_Field, ...]
    leaves: tuple[_Leaf, ...]


@lru_cache(maxsize=128)
def _compiled(collection: Collection, zone: tzinfo) -> _Compiled:
    leaves = (_leaf(field) for field in collection.leaves)
    return _Compiled(tuple(_field(field, zone) for field in collection.fields), tuple(filter(None, leaves)))


def _field(field: CustomField, zone: tzinfo) -> _Field:
    is_object, is_reference = field.type is FieldType.OBJECT, field.type is FieldType.REFERENCE
    is_scalar = not (is_object or is_reference or field.type is FieldType.IMAGE)
    return _Field(
        field,
        field.name,
        field.key,
        field.number,
        field.keys,
        field.is_list,
        is_object,
        is_reference,
        scalar_decoder(field, zone) if is_scalar else None,
        tuple(_field(each, zone) for each in field.fields),
        with_prefixes(frozenset(key for each in field.fields for key in each.keys)),
    )


def _leaf(field: CustomField) -> _Leaf | None:
    is_text, is_enum = field.type is FieldType.STRING, field.type is FieldType.ENUM
    if not (field.search or is_text or (is_enum and field.is_list)):
        return None
    texts: Callable[[Any], str] = str
    items: Callable[[Any], str] | None = str if is_text and field.is_list else None
    if is_enum:
        texts = [value.written for value in field.values].__getitem__
        items = [value.name for value in field.values].__getitem__ if field.is_list else None
    elif field.type is FieldType.MARKDOWN:
        texts = _without_markup
    return _Leaf(field.key, field.number, texts, field.is_list, is_text and not field.is_list, items, field.search)


def _without_markup(text: str) -> str:
    return markup.read(text, BodyRules()).text


class _Decoder:
    """Decodes the values of one document."""

    def __init__(self, collection: str, lookup: FieldLookup, collector: ProblemCollector, context: Decoding) -> None:
        self._collection = collection
        self._lookup = lookup
        self._collector = collector
        self._context = context
        self._failures = 0
        self.found: dict[str, Any] = {}
        """The values by the keys of their fields."""
        self.references: list[tuple[int, int, tuple[str, ...]]] = []

    def read(self, field: _Field) -> None:
        """Decode a field of the collection. Records the keys that the front matter has for it, and the one that
        gives it."""
        lookup = self._lookup
        entry = self._fill(field, lookup.fields, self.found)
        key = entry.key.text if entry else ""
        if key != field.keys[0]:
            present = filter(None, map(lookup.fields.entries.get, field.keys))
            lookup.used.update(each.key.text for each in present if values.is_null(each.value))
        if entry is None:
            return
        lookup.used.add(key)
        if entry.origin:
            lookup.given.append(FieldOrigin(str(field.declared), f"{entry.origin}:{entry.key.position.line}"))
        elif key != field.name:
            lookup.given.append(FieldOrigin(str(field.declared), key))
        if field.is_object and (rest := _rest(field, entry.value)):
            self._context.leave(entry, rest)

    def _fill(self, field: _Field, fields: MappingNode, found: dict[str, Any]) -> MappingEntry | None:
        """Add the value that a mapping has for a field, else its default. Returns the entry that is not empty."""
        failures = self._failures
        entry = _entry(field.keys, fields)
        if entry is not None and self._read(field, entry, found):
            return entry
        declared = field.declared
        if declared.default and not (entry and field.is_list):
            found[field.key] = orjson.loads(declared.default)
        elif declared.is_required and failures == self._failures:
            node = entry.value if entry else _empty(field.keys, fields)
            self._fail(f"`{field.keys[0]}` is required in `{self._collection}`.", node, "Add it.")
        return entry

    def _read(self, field: _Field, entry: MappingEntry, found: dict[str, Any]) -> bool:
        """Add the value of an entry, and return whether there is one."""
        if field.is_object and not field.is_list:
            return self._read_object(field, entry, found)
        value = self._members(field, entry) if field.is_list else self._member(field, entry, 0)
        if value is None:
            return False
        if not field.is_reference:
            found[field.key] = value
        return True

    def _members(self, field: _Field, entry: MappingEntry) -> list[Any] | None:
        """The readable members of a list. A single value is a list of one member."""
        nodes = entries(entry)
        members = [self._member(field, entry._replace(value=node), at) for at, node in enumerate(nodes)]
        return [member for member in members if member is not None] or None

    def _member(self, field: _Field, entry: MappingEntry, at: int) -> Any:
        """The value of an entry that is not a list. `at` is its position in the list of the field."""
        try:
            if field.scalar:
                return field.scalar(entry.value)
            if field.is_object:
                member: dict[str, Any] = {}
                return member if self._read_object(field, entry, member) else None
            return self._refer(field, entry.value, at) if field.is_reference else self._image(entry)
        except Unreadable as error:
            self._report(field, entry, error)
            return None

    def _read_object(self, field: _Field, entry: MappingEntry, found: dict[str, Any]) -> bool:
        """Add the values in the mapping of an object, and return whether there are any."""
        node = entry.value
        if not isinstance(node, MappingNode):
            kind = "list" if isinstance(node, SequenceNode) else "single value"
            names = ", ".join(each.keys[0] for each in field.fields)
            self._report(field, entry, Unreadable(f"The value is a {kind}.", f"Write a mapping with {names}."))
            return False
        self._collector.check_keys(node, field.known)
        before = len(found), len(self.references)
        for each in field.fields:
            self._fill(each, node, found)
        return (len(found), len(self.references)) != before

    def _refer(self, field: _Field, node: Node, at: int) -> tuple[str, ...] | None:
        written = values.text(node)
        if written is None:
            return None
        if len(written) > LONGEST_URL:
            raise Unreadable("The reference is too long.", "Write a path, a slug, an id or an address.")
        keys = tuple(links.keys_referred(self._context.path, written))
        self.references.append((field.number, at, keys))
        return keys

    def _image(self, entry: MappingEntry) -> list[Any] | None:
        if isinstance(entry.value, SequenceNode):
            raise Unreadable("The value is a list.", "Write one image.")
        found = self._context.image(entry)
        return list(found) if found else None

    def _report(self, field: _Field, entry: MappingEntry, error: Unreadable) -> None:
        name, declared = entry.key.text, field.declared
        if declared.is_required and not field.is_list:
            message = f"`{name}` is required in `{self._collection}`, and cannot be read: {error}"
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


def _entry(keys: tuple[str, ...], fields: MappingNode) -> MappingEntry | None:
    """The first entry of some keys that is not empty."""
    for key in keys:
        entry = dotted_names.find(fields.entries, key)
        if entry is not None and not values.is_null(entry.value):
            return entry
    return None


def _empty(keys: tuple[str, ...], fields: MappingNode) -> Node:
    """The empty value of some keys, or the mapping that does not have them."""
    found = (dotted_names.find(fields.entries, key) for key in keys)
    return next((entry.value for entry in found if entry), fields)


def _rest(field: _Field, node: Node) -> Rest:
    """The keys of an object that it does not declare, as JSON. None if there are none."""
    if isinstance(node, SequenceNode):
        rests = [_rest(field, each) for each in node.nodes]
        return rests if any(rests) else None
    if not isinstance(node, MappingNode):
        return None
    declared = {key.partition(".")[0]: each for each in field.fields for key in each.keys}
    rest = nested_fields.unused_keys(node, declared.keys())
    for key, each in declared.items():
        if each.is_object and key in node.entries and (below := _rest(each, node.entries[key].value)):
            rest[key] = below
    return rest or None


def _encoded(
    leaves: Iterable[_Leaf], found: Mapping[str, Any], references: Iterable[tuple[int, int, tuple[str, ...]]]
) -> CustomValues:
    """The values for the store, with what it orders, searches and filters by."""
    order: dict[str, str] = {}
    searched: dict[SearchWeight, list[str]] = {}
    items: list[tuple[int, int, str]] = []
    for leaf in leaves:
        value = found.get(leaf.key)
        if value is None:
            continue
        if leaf.is_ordered:
            order[leaf.key] = order_key(value)
        members = value if leaf.is_list else [value]
        if leaf.items:
            items += [(leaf.number, at, text) for at, text in enumerate(dict.fromkeys(map(leaf.items, members)))]
        if leaf.search:
            searched.setdefault(leaf.search, []).extend(map(leaf.texts, members))
    low, normal, high = ("\n".join(searched.get(weight, ())) for weight in SearchWeight) if searched else ("", "", "")
    return CustomValues(_json(found), _json(order), (low, normal, high), tuple(items), tuple(references))


def _json(found: Mapping[str, Any]) -> str:
    return orjson.dumps(found).decode() if found else "{}"
