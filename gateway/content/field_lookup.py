"""Looks up the values of a document's fields: the site's pins, the file's values, and the site's defaults.

A pin takes precedence over the file. A default applies if the file does not set the field. Pins and defaults are valid,
because they were decoded when the site's rules were read.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.content import values
from gateway.content.nodes import MappingEntry, MappingNode
from gateway.content.site import NATIVE_KEYS, Site
from gateway.content.source import SITE_FILE
from gateway.model.documents import FieldOrigin


class FieldLookup:
    """The fields of one document. Records which keys the schema models, and the origins of values."""

    def __init__(self, path: str, fields: MappingNode, site: Site) -> None:
        self.fields = fields
        self.site = site
        self.used = set(NATIVE_KEYS)
        self.given: list[FieldOrigin] = []
        self._pins = site.pins_for(path)
        self._defaults = site.defaults_for(path)

    def field(self, name: str) -> MappingEntry | None:
        return self.pinned(name) or self.written(name) or self.default(name)

    def pinned(self, name: str) -> MappingEntry | None:
        return self._set(self._pins, name) if self._pins else None

    def default(self, name: str) -> MappingEntry | None:
        return self._set(self._defaults, name) if self._defaults else None

    def _set(self, presets: Mapping[str, MappingEntry], name: str) -> MappingEntry | None:
        field = presets.get(name)
        if field is not None:
            self.given.append(FieldOrigin(name, f"{SITE_FILE}:{field.key.position.line}"))
        return field

    def written(self, name: str) -> MappingEntry | None:
        """The file's value, under the field's name or another key that gives it."""
        source = self.site.sources[name]
        for key in source.keys:
            field = self.fields.entries.get(key)
            if field is None:
                continue
            self.used.add(key)
            if not values.is_null(field.value):
                self.take(name, key)
                return source.parted(field) if source.split else field
        return None

    def take(self, name: str, key: str) -> None:
        self.used.add(key)
        field = self.fields.entries[key]
        if field.origin:
            self.given.append(FieldOrigin(name, f"{field.origin}:{field.key.position.line}"))
        elif key != name:
            self.given.append(FieldOrigin(name, key))
