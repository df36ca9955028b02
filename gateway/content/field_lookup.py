"""Looks up the values of a document's fields: the site's pins, the file's values, and the site's defaults.

A pin takes precedence over the file. A default applies if the file does not set the field. Pins and defaults are valid,
because they were decoded when the site's rules were read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import filterfalse

from gateway.content import values
from gateway.content.nodes import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.site import NATIVE_KEYS, FieldSource, Site
from gateway.content.source import SITE_FILE
from gateway.model.documents import FieldOrigin


class FieldLookup:
    """The fields of one document. Records which keys the schema models, and the origins of values."""

    def __init__(self, path: str, fields: MappingNode, site: Site) -> None:
        self.fields = fields = site.with_nested(fields)
        self.site = site
        self.used = set(NATIVE_KEYS)
        self.given: list[FieldOrigin] = []
        self._pins = site.pins_for(path)
        self._defaults = site.defaults_for(path)
        self._keys = _keys_by_field(fields.entries, site)

    def keys(self, name: str) -> Sequence[str]:
        """The file's keys that give a field, in their order of precedence."""
        return self._keys.get(name, ())

    def field(self, name: str) -> MappingEntry | None:
        if not self._pins and not self._defaults:
            return self.written(name)
        return self.pinned(name) or self.written(name) or self.default(name)

    def pinned(self, name: str) -> MappingEntry | None:
        return self._set(self._pins, name) if self._pins else None

    def default(self, name: str) -> MappingEntry | None:
        return self._set(self._defaults, name) if self._defaults else None

    def _set(self, rules: Mapping[str, MappingEntry], name: str) -> MappingEntry | None:
        field = rules.get(name)
        if field is not None:
            self.given.append(FieldOrigin(name, f"{field.origin or SITE_FILE}:{field.key.position.line}"))
        return field

    def written(self, name: str) -> MappingEntry | None:
        """The file's value, under the field's name or another key that gives it."""
        for key in self._keys.get(name, ()):
            field = self.fields.entries[key]
            if values.is_null(field.value):
                self.used.add(key)
                continue
            source = self.site.sources[name]
            if source.joined:
                return self._joined(name, source)
            self.take(name, key)
            if source.split:
                return source.parted(field)
            return self.site.dated(field) if self.site.dates else field
        return None

    def _joined(self, name: str, source: FieldSource) -> MappingEntry:
        """The values of all keys of a field, of which one is not empty, as one list under the field's name."""
        nodes: list[Node] = []
        fields = [source.parted(self.fields.entries[key]) for key in self._keys[name]]
        for field in fields:
            self.take(name, field.key.text)
            nodes += filterfalse(values.is_null, flattened(field.value))
        position = fields[0].value.position
        return MappingEntry(ScalarNode(name, True, position), SequenceNode(nodes, position))

    def take(self, name: str, key: str) -> None:
        self.used.add(key)
        field = self.fields.entries[key]
        if field.origin:
            self.given.append(FieldOrigin(name, f"{field.origin}:{field.key.position.line}"))
        elif key != name:
            self.given.append(FieldOrigin(name, key))


def flat(field: MappingEntry) -> MappingEntry:
    """The field without lists in its list."""
    if not isinstance(field.value, SequenceNode):
        return field
    return field._replace(value=SequenceNode(list(flattened(field.value)), field.value.position))


def flattened(node: Node) -> Iterator[Node]:
    """The entries of a list and of the lists in it, or the value itself."""
    if not isinstance(node, SequenceNode):
        yield node
        return
    for each in node.nodes:
        yield from flattened(each)


def _keys_by_field(keys: Collection[str], site: Site) -> Mapping[str, Sequence[str]]:
    """The keys of a file that give each field. The many keys that it does not have cost nothing."""
    found: dict[str, list[str]] = {}
    for key in keys:
        for name in site.fields_of.get(key, ()):
            found.setdefault(name, []).append(key)
    for name, given in found.items():
        if len(given) > 1:
            given.sort(key=site.sources[name].keys.index)
    return found
