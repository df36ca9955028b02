"""The collections of a site: groups of articles with typed fields of their own, as `gateway.yaml` declares them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

NUMBER_BITS = 63
"""The number of a field fits into a signed integer of a database."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class FieldType(StrEnum):
    STRING = "String"
    INT = "Int"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    DATE_TIME = "DateTime"
    DATE = "Date"
    ENUM = "enum"
    JSON = "JSON"
    IMAGE = "Image"
    MARKDOWN = "Markdown"
    REFERENCE = "Reference"
    OBJECT = "object"


class SearchWeight(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class EnumValue(NamedTuple):
    name: str
    """Its name in GraphQL."""
    written: str
    """Its text in files."""


class CustomField(NamedTuple):
    """A declared field. The path of a field in an object has a name for each level."""

    collection: str
    path: tuple[str, ...]
    type: FieldType
    keys: tuple[str, ...]
    """The keys of front matter, or of the mapping of its object, that give it, in order of preference. Dots separate
    the keys of nested mappings."""
    is_list: bool = False
    is_required: bool = False
    is_unique: bool = False
    has_facet: bool = False
    values: tuple[EnumValue, ...] = ()
    """Of an enum."""
    target: str = ""
    """The collection that a reference leads to. "" for any article."""
    inverse: str = ""
    """The field of the target that lists the articles which refer to it. "" for none."""
    fields: tuple[CustomField, ...] = ()
    """Of an object."""
    default: str = ""
    """The canonical JSON of the value that replaces a missing one. "" for none."""
    search: SearchWeight | None = None
    description: str = ""

    @property
    def name(self) -> str:
        """Its name in GraphQL."""
        return self.path[-1]

    @property
    def key(self) -> str:
        """Its key among the custom values of an article."""
        return "__".join(self.path)

    @property
    def constant(self) -> str:
        """Its name in enums: `COOK_TIME` for `cookTime`."""
        return constant_case("_".join(self.path))

    def __str__(self) -> str:
        return f"{self.collection}.{self.key}"

    def __hash__(self) -> int:
        """Fields are keys of caches. The hash of all members takes as long as the decoding of a value."""
        return hash((self.collection, self.path))

    @property
    def number(self) -> int:
        """Identifies it in side tables."""
        return int.from_bytes(sha256(str(self).encode()).digest()[:8], "big") & (1 << NUMBER_BITS) - 1

    @property
    def leaves(self) -> Iterator[CustomField]:
        """Itself, or the fields at the ends of an object. Lists of objects have no leaves of their own."""
        if self.type is FieldType.OBJECT and not self.is_list:
            for field in self.fields:
                yield from field.leaves
        else:
            yield self


class RecordRules(NamedTuple):
    """How the files of a collection hold several records."""

    rows: str = ""
    """`list`, `keys`, or the dotted key of the list. "" if a file is one record."""
    key: str = ""
    """The field that identifies a record. "" for its number."""
    body: str = ""
    """The field with the body."""
    separator: str = ""
    """Of the cells of a CSV file."""


class Collection(NamedTuple):
    name: str
    """The name of its list in GraphQL."""
    type: str
    """The name of its type in GraphQL."""
    finder: str
    """The name of the field that finds one of its articles."""
    paths: tuple[str, ...]
    """The patterns of its files."""
    fields: tuple[CustomField, ...]
    records: RecordRules | None = None
    description: str = ""

    @property
    def leaves(self) -> Iterator[CustomField]:
        for field in self.fields:
            yield from field.leaves

    def __hash__(self) -> int:
        return hash(self.name)

    def type_of(self, field: CustomField) -> str:
        """The name of the type of one of its enums or objects in GraphQL: `PostEvent` for `event`."""
        return self.type + "".join(map(pascal_case, field.path))


def constant_case(name: str) -> str:
    return _HUMP.sub("_", name).upper()


def pascal_case(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


class Collections:
    """The collections of a site in the order of their declaration."""

    def __init__(self, collections: tuple[Collection, ...] = ()) -> None:
        self.all = collections
        self._by_name = {collection.name: collection for collection in collections}

    def __iter__(self) -> Iterator[Collection]:
        return iter(self.all)

    def __bool__(self) -> bool:
        return bool(self.all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collections) and self.all == other.all

    def __hash__(self) -> int:
        return hash(self.all)

    def __repr__(self) -> str:
        return f"Collections({self.all!r})"

    def of(self, name: str | None) -> Collection | None:
        return self._by_name.get(name) if name is not None else None

    def dump(self) -> str:
        """JSON that `load` reads."""
        return json.dumps([_plain(collection) for collection in self.all], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Collections:
        return cls(tuple(map(_collection, json.loads(text))))

    @cached_property
    def digest(self) -> str:
        """Identifies the declaration. "" without collections."""
        return sha256(self.dump().encode()).hexdigest()[:32] if self.all else ""


NO_COLLECTIONS = Collections()


def _plain(value: Any) -> Any:
    """The value with mappings in place of named tuples. Members with default values are left out."""
    if hasattr(value, "_asdict"):
        defaults = value._field_defaults
        members = value._asdict().items()
        return {name: _plain(each) for name, each in members if name not in defaults or defaults[name] != each}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _collection(members: Mapping[str, Any]) -> Collection:
    records = members.get("records")
    return Collection(
        **{
            **members,
            "paths": tuple(members["paths"]),
            "fields": tuple(map(_field, members["fields"])),
            "records": None if records is None else RecordRules(**records),
        }
    )


def _field(members: Mapping[str, Any]) -> CustomField:
    search = members.get("search")
    return CustomField(
        **{
            **members,
            "path": tuple(members["path"]),
            "type": FieldType(members["type"]),
            "keys": tuple(members["keys"]),
            "values": tuple(EnumValue(**value) for value in members.get("values", ())),
            "fields": tuple(map(_field, members.get("fields", ()))),
            "search": None if search is None else SearchWeight(search),
        }
    )
