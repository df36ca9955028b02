"""Reads the section `collections` of `gateway.yaml`: groups of articles with typed fields of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import islice
from typing import NamedTuple

from gateway.content import collection_names, dotted_names, values
from gateway.content.collection_names import NOT_VALUES, SiteNames
from gateway.content.field_settings import (
    DESCRIPTION,
    FIELDS,
    FROM,
    INVERSE,
    LONGEST_TEXT,
    TYPE,
    TYPES,
    LimitReached,
    SettingsReader,
    stripped,
)
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.content.problem_collector import ProblemCollector, nearest
from gateway.content.text import fold
from gateway.content.values import shown
from gateway.model.collections import (
    NO_COLLECTIONS,
    Collection,
    Collections,
    CustomField,
    EnumValue,
    FieldType,
)

MOST_COLLECTIONS = 100
MOST_FIELDS = 500
"""The maximum number of fields in all collections, with objects and the fields in them."""
MOST_LEVELS = 4
"""The maximum number of names in the path of a field."""
MOST_ENUM_VALUES = 200

PATH = "path"
OF_COLLECTION = frozenset({PATH, TYPE, FIELDS, DESCRIPTION})

EXAMPLE = 'Write `posts: {path: "_posts/**", fields: {rating: Float}}`.'
ENUM_HINT = 'Write a list of names, or a mapping of names to texts: `{type: {none: "no heat", hot: "4 of 5"}}`.'
OBJECT_EXAMPLE = "Write `{type: Object, fields: {start: DateTime}}`."


def read(
    section: MappingEntry | None, report: ProblemCollector, *, governing: frozenset[str], zone: tzinfo
) -> Collections:
    """Read the section. `governing` are the keys that govern visibility, and `zone` is that of dates without an offset.

    The collections must not be used if a problem is reported.
    """
    if section is None or values.is_null(section.value):
        return NO_COLLECTIONS
    reader = _Reader(report, governing, zone)
    try:
        return reader.collections(section)
    except LimitReached:
        return NO_COLLECTIONS


class _Scope(NamedTuple):
    """Where fields are declared."""

    collection: str
    path: tuple[str, ...]
    """The path of the object that contains them."""
    governing: frozenset[str]
    """The keys in the mapping of the object that govern visibility."""
    is_in_list: bool = False
    """Whether they belong to a list of objects."""


class _Type(NamedTuple):
    type: FieldType
    is_list: bool = False
    values: tuple[EnumValue, ...] = ()
    target: str = ""
    fields: tuple[CustomField, ...] = ()


class _Reader(SettingsReader):
    """Reads one section. All methods raise LimitReached."""

    def __init__(self, report: ProblemCollector, governing: frozenset[str], zone: tzinfo) -> None:
        super().__init__(report, zone)
        self._governing = governing
        self._targets = frozenset[str]()
        self._fields_read = 0
        self._places: dict[CustomField, Position] = {}
        self._inverses: dict[CustomField, Position] = {}

    def collections(self, section: MappingEntry) -> Collections:
        if not isinstance(section.value, MappingNode):
            self.refuse("This is not a mapping.", section.value.position, EXAMPLE)
            return NO_COLLECTIONS
        declared = section.value.entries
        if len(declared) > MOST_COLLECTIONS:
            beyond = next(islice(declared.values(), MOST_COLLECTIONS, None))
            message = f"There are more than {MOST_COLLECTIONS} collections."
            self.stop(message, beyond.key.position, "Join some, or leave them out.")
        self._targets = frozenset(declared)
        found = [each for name, entry in declared.items() if (each := self._collection(name, entry))]
        self._check_names(found, declared)
        return Collections(tuple(found))

    def _check_names(self, found: Iterable[Collection], declared: Mapping[str, MappingEntry]) -> None:
        names = SiteNames(self.refuse)
        for collection in found:
            entry = declared[collection.name]
            written = entry.value.entries.get(TYPE) if isinstance(entry.value, MappingNode) else None
            type_ = written.value.position if written else entry.key.position
            names.claim_collection(collection, entry.key.position, type_)
            for field in _all(collection.fields):
                names.claim_field(collection, field, self._places[field])
        for field, position in self._inverses.items():
            names.claim_inverse(field, position)

    def _collection(self, name: str, entry: MappingEntry) -> Collection | None:
        """A collection, or None if its name or its type is refused."""
        settings, is_named = entry.value, self.is_name(name, entry.key.position)
        if name in TYPES:
            self.refuse(f"{shown(name)} is a type of fields.", entry.key.position, "Rename the collection.")
            is_named = False
        if not isinstance(settings, MappingNode):
            self.refuse("This is not a mapping.", settings.position, EXAMPLE)
            return None
        self.check(settings, OF_COLLECTION)
        get = settings.entries.get
        if PATH not in settings.entries:
            self.refuse("The `path` is missing.", settings.position, EXAMPLE)
        self.bound(get(PATH))
        paths = tuple(glob.text for glob in self.globs(get(PATH)))
        type_ = self._type_name(get(TYPE), name)
        fields = get(FIELDS)
        scope = _Scope(name, (), self._governing)
        found = self._fields(fields.value, scope) if fields and not values.is_null(fields.value) else ()
        description = self.description(get(DESCRIPTION))
        if not is_named or not type_:
            return None
        finder = collection_names.finder_name(name, type_)
        return Collection(name, type_, finder, paths, found, description=description)

    def _type_name(self, entry: MappingEntry | None, collection: str) -> str:
        """The name of a collection's type, or "" if it is refused."""
        if entry is None:
            return collection_names.type_name(collection)
        written = self.text(entry)
        return written if written and self.is_name(written, entry.value.position) else ""

    def _fields(self, node: Node, scope: _Scope) -> tuple[CustomField, ...]:
        if not isinstance(node, MappingNode):
            self.refuse("This is not a mapping.", node.position, "Write `{rating: Float}`.")
            return ()
        found = [self._field(name, field, scope) for name, field in node.entries.items()]
        return tuple(field for field in found if field)

    def _field(self, name: str, entry: MappingEntry, scope: _Scope) -> CustomField | None:
        """The field of a declaration, or None if its name or its type is refused."""
        path, position = (*scope.path, name), entry.key.position
        self._fields_read += 1
        if self._fields_read > MOST_FIELDS:
            message = f"There are more than {MOST_FIELDS} fields in all collections."
            self.stop(message, position, "Leave some out. They stay in `frontMatter`.")
        if len(path) > MOST_LEVELS:
            message = f"Fields are nested more than {MOST_LEVELS} levels deep."
            self.stop(message, position, "Flatten them, or write `JSON`.")
        is_named = self.is_name(name, position, f", with `from: {name}`")
        settings = _settings(entry.value)
        keys = self._keys(settings.get(FROM), name)
        below = scope._replace(path=path, governing=_below(keys, scope.governing))
        node = settings[TYPE].value if settings else entry.value
        type_ = self._type(node, settings, below)
        if type_ is None:
            return None
        if type_.type is FieldType.REFERENCE and scope.is_in_list:
            self.refuse("A list of objects cannot have references.", node.position, "Write a list of references.")
        place = settings[FROM].value.position if FROM in settings else position
        is_object = type_.type is FieldType.OBJECT
        is_public = [self._is_public(key, place, scope.governing, is_object=is_object) for key in keys]
        field = CustomField(scope.collection, path, keys=keys, **type_._asdict())
        if settings:
            field = self.with_settings(field, settings, is_in_list=scope.is_in_list)
        if not is_named or not all(is_public):
            return None
        self._places[field] = position
        if field.inverse:
            self._inverses[field] = settings[INVERSE].value.position
        return field

    def _keys(self, entry: MappingEntry | None, name: str) -> tuple[str, ...]:
        self.bound(entry)
        return tuple(dict.fromkeys(written for written, _ in self.texts(entry))) or (name,)

    def _is_public(self, key: str, position: Position, governing: frozenset[str], *, is_object: bool) -> bool:
        """Whether the value of a key may be a field. Reports one that is confidential or governs visibility."""
        meant, name = nearest(key, governing) if len(key) <= LONGEST_TEXT else None, shown(key)
        if len(key) > LONGEST_TEXT:
            self.refuse(f"{name} has more than {LONGEST_TEXT} characters.", position, "Use a shorter key.")
        elif meant == key or not governing.isdisjoint(dotted_names.prefixes(key)):
            self.refuse(f"{name} governs visibility, and cannot be a field.", position, "Delete it.")
        elif meant and fold(meant) == fold(key):
            self.refuse(f"{name} is read as `{meant}`, which governs visibility.", position, "Rename the key.")
        elif not is_object and _below((key,), governing):
            hint = f"Declare other keys in it as an object: `{key}: {{rating: Float}}`."
            self.refuse(f"{name} contains keys that govern visibility.", position, hint)
        else:
            return self.may_show(key, position)
        return False

    def _type(self, node: Node, settings: Mapping[str, MappingEntry], below: _Scope) -> _Type | None:
        """The type of a field, or None if it is refused. `below` is the scope of the fields in it."""
        if isinstance(node, ScalarNode):
            return self._named_type(node, settings, below)
        if isinstance(node, MappingNode):
            return self._enum_by_name(node) if settings else self._object(node, below)
        if len(node.nodes) != 1:
            return self._enum(node)
        member = node.nodes[0]
        if isinstance(member, MappingNode) and not settings and TYPE in member.entries:
            self.refuse("The settings are in the list.", member.position, "Write `{type: [String], required: true}`.")
            return None
        found = self._type(member, settings, below._replace(is_in_list=True))
        if found and found.is_list:
            self.refuse("A list of lists is not a type.", member.position, "Write `JSON`.")
            return None
        return found._replace(is_list=True) if found else None

    def _named_type(self, node: ScalarNode, settings: Mapping[str, MappingEntry], below: _Scope) -> _Type | None:
        name = node.text.strip()
        type_ = TYPES.get(name)
        if type_ is FieldType.OBJECT:
            fields = settings.get(FIELDS)
            if fields is None:
                self.refuse("The `fields` of the object are missing.", node.position, OBJECT_EXAMPLE)
                return None
            return self._object(fields.value, below)
        if type_:
            return _Type(type_)
        if name in self._targets:
            return _Type(FieldType.REFERENCE, target=name)
        meant = nearest(name, frozenset(TYPES) | self._targets) if len(name) <= LONGEST_TEXT else None
        hint = f"Write `{meant}`." if meant else f"The types are {', '.join(TYPES)}, and the names of collections."
        self.refuse(f"{shown(name)} is not a type.", node.position, hint)
        return None

    def _object(self, node: Node, below: _Scope) -> _Type | None:
        if isinstance(node, MappingNode) and not node.entries:
            self.refuse("The object has no fields.", node.position, OBJECT_EXAMPLE)
            return None
        return _Type(FieldType.OBJECT, fields=self._fields(node, below))

    def _enum(self, node: SequenceNode) -> _Type | None:
        """The enum of a list of texts."""
        if not node.nodes:
            hint = "Write `[String]` for a list, or the values of an enum."
            self.refuse("The list is empty.", node.position, hint)
            return None
        for each in node.nodes:
            if isinstance(each, ScalarNode) and each.text in TYPES:
                message = f"{shown(each.text)} is a type, and not a value of an enum."
                self.refuse(message, each.position, f"Write `[{each.text}]` for a list.")
                return None
        return self._enum_of([(each, each) for each in node.nodes])

    def _enum_by_name(self, node: MappingNode) -> _Type | None:
        """The enum of a mapping of names to texts."""
        members = [field.value for field in node.entries.values()]
        if not members or any(not isinstance(each, ScalarNode) or each.text in TYPES for each in members):
            self.refuse("The values of the enum are not texts.", node.position, f"For an object: {OBJECT_EXAMPLE}")
            return None
        return self._enum_of([(field.key, field.value) for field in node.entries.values()])

    def _enum_of(self, members: Sequence[tuple[Node, Node]]) -> _Type:
        """The enum of pairs of a name and a text."""
        if len(members) > MOST_ENUM_VALUES:
            message = f"The enum has more than {MOST_ENUM_VALUES} values."
            self.stop(message, members[MOST_ENUM_VALUES][1].position, "Write `String`.")
        found: dict[str, EnumValue] = {}
        for key, node in members:
            name, written = stripped(key), stripped(node)
            if not name or not written:
                self.refuse("This is not a text.", node.position, ENUM_HINT)
            elif reason := _enum_fault(name, written, found):
                self.refuse(reason, node.position, ENUM_HINT)
            else:
                found[written] = EnumValue(name, written)
        return _Type(FieldType.ENUM, values=tuple(found.values()))


def _settings(node: Node) -> Mapping[str, MappingEntry]:
    """The settings of a field. Empty if its declaration is only a type. A mapping without a type is an object."""
    return node.entries if isinstance(node, MappingNode) and TYPE in node.entries else {}


def _enum_fault(name: str, written: str, found: Mapping[str, EnumValue]) -> str | None:
    """Why a pair cannot be a value of an enum beside others, or None."""
    if len(written) > LONGEST_TEXT:
        return f"{shown(written)} has more than {LONGEST_TEXT} characters."
    if name in NOT_VALUES:
        return f"{shown(name)} is not a name in GraphQL."
    if written in found or name in {value.name for value in found.values()}:
        return f"{shown(written)} is repeated."
    return collection_names.fault(name)


def _below(keys: Iterable[str], governing: frozenset[str]) -> frozenset[str]:
    """The keys that govern visibility in the mappings of some keys."""
    return frozenset(name[len(key) + 1 :] for key in keys for name in governing if name.startswith(f"{key}."))


def _all(fields: Iterable[CustomField]) -> Iterator[CustomField]:
    """Fields with those in them."""
    for field in fields:
        yield field
        yield from _all(field.fields)
