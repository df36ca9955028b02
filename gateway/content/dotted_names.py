"""Finds the values of nested mappings by dotted names, such as `params.rating`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.content import values
from gateway.content.nodes import MappingEntry, MappingNode, Node, ScalarNode

_Entries = Mapping[str, MappingEntry]


def is_dotted(name: str) -> bool:
    return "." in name and all(name.split("."))


def prefixes(name: str) -> Iterator[str]:
    """The names of the mappings that contain a dotted name: `a` and `a.b` for `a.b.c`."""
    for at, character in enumerate(name):
        if character == ".":
            yield name[:at]


def find(entries: _Entries, name: str, *, closed: bool = False) -> MappingEntry | None:
    """The entry of a dotted name. A key that contains the dots takes precedence.

    The earlier values of a repeated mapping count as earlier values of the entry. If `closed`, a value in place of a
    mapping is the value of the entry, so that it is not ignored.
    """
    if name in entries:
        return entries[name]
    parent, _, rest = name.partition(".")
    outer = entries.get(parent)
    if not rest or outer is None:
        return None
    key, found = outer.key, list[Node]()
    for node in (*outer.repeated, outer.value):
        inner = find(node.entries, rest, closed=closed) if isinstance(node, MappingNode) else None
        if inner:
            key = inner.key
            found += [*inner.repeated, inner.value]
        elif found or (closed and not isinstance(node, MappingNode) and not values.is_null(node)):
            found.append(ScalarNode("", True, node.position) if isinstance(node, MappingNode) else node)
    if not found:
        return None
    *earlier, value = found
    return MappingEntry(key._replace(text=name), value, tuple(earlier), outer.origin)


def siblings(fields: MappingNode, names: Iterable[str]) -> MappingNode:
    """All keys of the mappings on the way to some dotted names, by their dotted names."""
    found: dict[str, MappingEntry] = {}
    for prefix in sorted({prefix for name in names for prefix in prefixes(name)}):
        outer = find(fields.entries, prefix)
        for node in (*outer.repeated, outer.value) if outer else ():
            for key, field in node.entries.items() if isinstance(node, MappingNode) else ():
                name = f"{prefix}.{key}"
                found[name] = field._replace(key=field.key._replace(text=name))
    return MappingNode(found, fields.position)
