"""Reads the place of a document in the tree of the site. None of its keys governs visibility.

The keys stay in `frontMatter`. Other tools have other uses for the same names, so a value of another type is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from gateway.content import dotted_names, values
from gateway.content.file_names import Named
from gateway.content.nodes import MappingEntry, Node
from gateway.content.values import Unreadable
from gateway.model.documents import NavigationEntry

T = TypeVar("T")

_HIDING = ("nav_exclude", "sidebar.hidden")
"""The keys that leave a page out of the tree if they are true."""
_SHOWING = ("navigation",)
"""The keys that leave a page out of the tree if they are false."""
_CLASSES = "sidebar_class_name"
_HIDDEN = "hidden"


class NavigationRules(NamedTuple):
    """The keys of front matter, also dotted ones. The first one with a value counts."""

    weight: tuple[str, ...] = ("weight", "sidebar_position", "order", "nav_order", "sidebar.order", "navigation.order")
    title: tuple[str, ...] = ("linkTitle", "sidebar_label", "nav_title", "sidebar.label", "navigation.title")


def entry(fields: Mapping[str, MappingEntry], name: Named, rules: NavigationRules) -> NavigationEntry:
    """`name` is that of the file."""
    return NavigationEntry(
        next(_values(fields, rules.weight, values.decimal), None),
        name.number,
        next(_values(fields, rules.title, values.phrase), None),
        _is_hidden(fields),
        name.is_index,
    )


def _is_hidden(fields: Mapping[str, MappingEntry]) -> bool:
    classes = " ".join(_values(fields, (_CLASSES,), values.text)).split()
    hides = any(_values(fields, _HIDING, values.boolean))
    return hides or _HIDDEN in classes or not all(_values(fields, _SHOWING, values.boolean))


def _values(fields: Mapping[str, MappingEntry], keys: Sequence[str], decode: Callable[[Node], T | None]) -> Iterator[T]:
    """The values of some keys, without those that are empty or of another type."""
    for key in keys:
        found = dotted_names.find(fields, key)
        value = _decoded(found, decode) if found else None
        if value is not None and value != "":
            yield value


def _decoded(field: MappingEntry, decode: Callable[[Node], T | None]) -> T | None:
    try:
        return decode(field.value)
    except Unreadable:
        return None
