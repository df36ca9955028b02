"""Writes inferred collections as rules for `gateway.yaml`, and compares them with declared ones."""

from __future__ import annotations

import json
import re
from collections.abc import Collection as Container
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.content import collection_names, site_config
from gateway.content.collection_names import NOT_VALUES
from gateway.content.collection_rules import MOST_COLLECTIONS, MOST_FIELDS
from gateway.content.field_settings import TYPES
from gateway.content.inference import Inferred, InferredGroup, InferredKey
from gateway.content.observations import Place
from gateway.content.problem_collector import nearest
from gateway.model import api_names
from gateway.model.collections import Collections, CustomField, FieldType, constant_case, pascal_case

MOST_LINES = 100
"""The maximum number of keys of a collection."""
LONGEST_COMMENT = 160
"""The maximum number of characters of a comment, which may quote values."""
PUBLIC = "# A declared field is public under `gateway serve`. Delete what must stay private."

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMES = {type_: name for name, type_ in TYPES.items()}
_MEANT = {
    FieldType.BOOLEAN: "not true or false",
    FieldType.INT: "not a whole number",
    FieldType.FLOAT: "not a number",
    FieldType.DATE: "not a date",
    FieldType.DATE_TIME: "not a date",
    FieldType.IMAGE: "not a picture",
    FieldType.REFERENCE: "not a file",
    FieldType.ENUM: "rare",
}
"""What values are that do not fit a type."""
_TAKEN = api_names.ARTICLE_FIELDS | api_names.FILTERS | api_names.FACETS


class _Named(NamedTuple):
    """A group with the names of its collection."""

    group: InferredGroup
    name: str
    type: str


def rules(groups: Sequence[InferredGroup]) -> str:
    """The section `collections` for groups of files. Lines that the rules refuse are comments. "" without groups."""
    named = _named(groups)
    if not named:
        return ""
    names = {each.group.folder: each.name for each in named}
    lines, budget = [PUBLIC, "collections:"], _Budget(MOST_FIELDS)
    for each in named:
        lines += _collection(each, names, budget)
    return _accepted(lines)


class _Budget:
    """The number of fields that may still be declared."""

    def __init__(self, number: int) -> None:
        self._left = number

    def takes(self, key: InferredKey) -> bool:
        """Take a key with the keys in it, if they are not too many."""
        size = _size(key)
        if size > self._left:
            return False
        self._left -= size
        return True


def _size(key: InferredKey) -> int:
    return 1 + sum(map(_size, key.type.fields))


def _accepted(lines: list[str]) -> str:
    """The lines, with a mark of comments before each that is an error."""
    while True:
        text = "".join(f"{line}\n" for line in lines)
        refused = {problem.line for problem in site_config.parse(text.encode()).problems if problem.line}
        if not refused:
            return text
        for line in refused:
            lines[line - 1] = f"# {lines[line - 1]}"


def _named(groups: Sequence[InferredGroup]) -> list[_Named]:
    """The groups that have keys or that references lead to, with distinct names. Folders in others come first."""
    referred = {key.type.group for group in groups for key in group.keys}
    wanted = [group for group in groups if group.folder in referred or any(not key.is_rare for key in group.keys)]
    found: dict[str, _Named] = {}
    types = set(api_names.TYPES | api_names.COLLECTION_TYPES)
    for group in sorted(wanted, key=lambda each: (-each.folder.count("/"), each.folder))[:MOST_COLLECTIONS]:
        name = _free(_parts_of(group.folder), found.keys() | api_names.QUERY_FIELDS | TYPES.keys())
        type_ = collection_names.type_name(name)
        while type_ in types:
            type_ += "Page"
        types.add(type_)
        found[name] = _Named(group, name, type_)
    return list(found.values())


def _parts_of(folder: str) -> list[str]:
    """The names for a folder, the shortest first: of the folder, and with those that contain it."""
    parts = [collection_names.spelled(part) for part in folder.split("/")]
    parts = [part for part in parts if part] or ["pages"]
    return ["_".join(parts[at:]) for at in reversed(range(len(parts)))]


def _free(names: Sequence[str], taken: Container[str]) -> str:
    """The first name that is not taken, or the last one with an end."""
    name = next((each for each in names if each not in taken), names[-1])
    while name in taken:
        name += "Pages"
    return name


class _Names:
    """The names of the fields of a collection, which differ also in enums."""

    def __init__(self, type_: str) -> None:
        self._type = type_
        self._constants = set(api_names.ORDERS)

    def of(self, key: str, path: tuple[str, ...] = ()) -> str:
        """A name for a key in the object at a path: the key itself if it is a name that is not used."""
        name = collection_names.spelled(key) if collection_names.fault(key) else key
        name = name or "field"
        if not path and name in _TAKEN:
            name = f"{self._type[0].lower()}{self._type[1:]}{pascal_case(name)}"
        while (constant := constant_case("_".join((*path, name)))) in self._constants:
            name += "2"
        self._constants.add(constant)
        return name


def _collection(named: _Named, names: Mapping[str, str], budget: _Budget) -> Iterator[str]:
    group, files = named.group, _files(named.group.files)
    yield f"  {named.name}:  # {_comment(f'{files} in {group.folder}/')}"
    yield f"    path: {json.dumps(f'{group.folder}/**', ensure_ascii=False)}"
    yield f"    type: {named.type}"
    if any(not key.is_rare for key in group.keys):
        yield "    fields:"
    writer = _Writer(named.type, names)
    for key in group.keys[:MOST_LINES]:
        mark = "# " if key.is_rare or not budget.takes(key) else ""
        yield f"      {mark}{writer.field(key)}  # {_comment(_note(key, group))}"


class _Writer:
    """Writes the declarations of the fields of a collection."""

    def __init__(self, type_: str, collections: Mapping[str, str]) -> None:
        """`collections` are the names of collections by folder."""
        self._names = _Names(type_)
        self._collections = collections

    def field(self, key: InferredKey, path: tuple[str, ...] = (), *, in_list: bool = False) -> str:
        """The name and the declaration of a field on one line. `path` is that of its object, and `in_list` whether
        that is in a list."""
        last = key.key if path else key.key.rpartition(".")[2]
        name = self._names.of(last, path)
        settings = {} if key.key == name else {"from": _word(key.key)}
        return f"{name}: {self._declaration(key.type, (*path, name), settings, in_list=in_list)}"

    def _declaration(
        self, inferred: Inferred, path: tuple[str, ...], settings: dict[str, str], *, in_list: bool
    ) -> str:
        type_ = self.type_of(inferred, in_list=in_list)
        if inferred.type is FieldType.OBJECT:
            below = in_list or inferred.is_list
            fields = [self.field(key, path, in_list=below) for key in inferred.fields if not key.is_rare]
            written = "{" + ", ".join(fields) + "}"
            if not settings and not any(field.startswith("type: ") for field in fields):
                return f"[{written}]" if inferred.is_list else written
            settings = {**settings, "fields": written}
        if not settings and not type_.startswith(("{", "[{")):
            return type_
        return "{" + ", ".join(f"{key}: {value}" for key, value in {"type": type_, **settings}.items()) + "}"

    def type_of(self, inferred: Inferred, *, in_list: bool) -> str:
        """A type. Lists of objects do not have references."""
        type_ = _NAMES.get(inferred.type) or _enum(inferred.values)
        if inferred.type is FieldType.REFERENCE:
            type_ = "String" if in_list else self._collections.get(inferred.group, type_)
        return f"[{type_}]" if inferred.is_list else type_


def _enum(texts: Sequence[str]) -> str:
    """The values of an enum, with names if they are not names themselves."""
    if not any(collection_names.fault(text) or text in NOT_VALUES for text in texts):
        return f"[{', '.join(texts)}]"
    names = _Names("Value")
    named = [(names.of(f"_{text}" if text in NOT_VALUES else text, ("",)), text) for text in texts]
    return "{" + ", ".join(f"{name}: {json.dumps(text, ensure_ascii=False)}" for name, text in named) + "}"


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) and text != "null" else json.dumps(text, ensure_ascii=False)


def _note(key: InferredKey, group: InferredGroup) -> str:
    """How many files have a key, and what is odd about it."""
    is_in_all = key.files == group.files > 1
    notes = [f"in all {_files(key.files)}: required?" if is_in_all else f"in {_files(key.files)}"]
    others = frozenset(each.key for each in group.keys if not each.is_rare)
    if key.is_rare and (meant := nearest(key.key, others)):
        notes.append(f"a misspelling of `{meant}`?")
    if odd := key.type.odd:
        notes.append(f"{_MEANT.get(key.type.type, 'others')}: {', '.join(map(_shown, odd))}")
    return "; ".join(notes)


def _shown(place: Place) -> str:
    return f"{place.path}:{place.line} {json.dumps(place.text[:40], ensure_ascii=False)}"


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"


def _comment(text: str) -> str:
    """A text on one line."""
    return "".join(each if each.isprintable() else " " for each in text)[:LONGEST_COMMENT]


def differences(groups: Sequence[InferredGroup], declared: Collections) -> Iterator[str]:
    """What was found and is not declared, declared and not found, or found to be of a narrower type."""
    names = {collection.name: collection.name for collection in declared}
    by_folder = {group.folder: group for group in groups}
    for collection in declared:
        group = by_folder.get(collection.name)
        if group is None:
            yield f"- {collection.name}, which has no files"
        else:
            writer = _Writer(collection.type, names)
            yield from _differences((collection.name,), group.keys, collection.fields, writer)
    for each in _named([group for group in groups if group.folder not in names]):
        yield _comment(f'+ {each.name}: path "{each.group.folder}/**", {_files(each.group.files)}')
        yield from _differences((each.name,), each.group.keys, (), _Writer(each.type, names))


def _differences(
    path: tuple[str, ...],
    keys: Sequence[InferredKey],
    fields: Sequence[CustomField],
    writer: _Writer,
    *,
    in_list: bool = False,
) -> Iterator[str]:
    """The differences of the fields at a path, which begins with the name of their collection."""
    by_key = {key: field for field in fields for key in field.keys}
    prefix = ".".join(path)
    for found in keys:
        field = by_key.get(found.key)
        if field is None and not found.is_rare:
            written = writer.field(found, path[1:], in_list=in_list)
            yield _comment(f"+ {prefix}.{written}, in {_files(found.files)}")
        elif field and field.type is FieldType.OBJECT is found.type.type:
            below = in_list or field.is_list
            yield from _differences((*path, field.name), found.type.fields, field.fields, writer, in_list=below)
        elif field and _is_narrower(found.type, field, in_list=in_list):
            declared = f"[{_NAMES[field.type]}]" if field.is_list else _NAMES[field.type]
            type_ = writer.type_of(found.type, in_list=in_list)
            yield _comment(f"~ {prefix}.{field.name}: {declared}, and its values are {type_}")
    present = {found.key for found in keys}
    for field in fields:
        if present.isdisjoint(field.keys):
            yield f"- {prefix}.{field.name}, in no file"


def _is_narrower(found: Inferred, field: CustomField, *, in_list: bool) -> bool:
    """Whether the values of a field that is declared as text or JSON fit another type."""
    if in_list and found.type is FieldType.REFERENCE:
        return False
    if field.type is FieldType.JSON:
        return (found.type, found.is_list) != (FieldType.JSON, field.is_list)
    return field.type is FieldType.STRING and found.type not in {FieldType.STRING, FieldType.JSON, FieldType.MARKDOWN}
