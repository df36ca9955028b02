"""Reads the settings of custom fields in `gateway.yaml`, and reports those that do not apply.

Reading ends at the first limit, so that the work and the problems are bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from itertools import islice
from typing import Any, NoReturn

import orjson

from gateway.content import collection_names, values
from gateway.content.custom_values import scalar_decoder
from gateway.content.nested_fields import entries
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.content.problem_collector import ProblemCollector
from gateway.content.section_reader import SectionReader
from gateway.content.values import Unreadable, shown
from gateway.model.collections import CustomField, FieldType, SearchWeight

MOST_ENTRIES = 100
"""The maximum number of patterns of a collection, and of keys of a field."""
MOST_PROBLEMS = 100
LONGEST_TEXT = 200
"""The maximum number of characters of a key, and of the text of an enum's value."""
LONGEST_DESCRIPTION = 1000

TYPE, FIELDS, DESCRIPTION, REQUIRED, DEFAULT = "type", "fields", "description", "required", "default"
FROM, FACET, SEARCH, UNIQUE, INVERSE = "from", "facet", "search", "unique", "inverse"
OF_FIELD = frozenset({TYPE, FIELDS, DESCRIPTION, REQUIRED, DEFAULT, FROM, FACET, SEARCH, UNIQUE, INVERSE})

TYPES: Mapping[str, FieldType] = {
    **{type_.value: type_ for type_ in FieldType if type_ not in {FieldType.ENUM, FieldType.OBJECT}},
    "Object": FieldType.OBJECT,
}
"""The types by their names in `gateway.yaml`. An enum is written as its values."""
_SHOWN_TYPES = {type_: name for name, type_ in TYPES.items()} | {FieldType.ENUM: "an enum"}
_APPLICABLE: Mapping[str, frozenset[FieldType]] = {
    FIELDS: frozenset({FieldType.OBJECT}),
    DEFAULT: frozenset(FieldType) - {FieldType.OBJECT, FieldType.REFERENCE, FieldType.IMAGE},
    FACET: frozenset(FieldType) - {FieldType.OBJECT, FieldType.JSON, FieldType.IMAGE, FieldType.MARKDOWN},
    SEARCH: frozenset({FieldType.STRING, FieldType.MARKDOWN, FieldType.ENUM}),
    UNIQUE: frozenset({FieldType.STRING, FieldType.INT}),
    INVERSE: frozenset({FieldType.REFERENCE}),
}
"""The types that settings apply to, if not all."""
_OF_LEAVES = (FACET, SEARCH, UNIQUE)
"""The settings that do not apply in lists of objects."""


class LimitReached(Exception):
    """A limit was reported."""


class SettingsReader(SectionReader):
    """Reads the settings of fields. All methods raise LimitReached."""

    def __init__(self, report: ProblemCollector, zone: tzinfo) -> None:
        """`zone` is that of dates without an offset."""
        super().__init__(report)
        self._zone = zone
        self._before = len(report.problems)

    def refuse(self, message: str, position: Position, hint: str) -> None:
        super().refuse(message, position, hint)
        self._count()

    def check(self, fields: MappingNode, known: frozenset[str]) -> None:
        for name in islice(sorted(fields.entries.keys() - known), MOST_PROBLEMS):
            super().check(MappingNode({name: fields.entries[name]}, fields.position), known)
            self._count()

    def _count(self) -> None:
        if len(self.report.problems) - self._before >= MOST_PROBLEMS:
            raise LimitReached

    def stop(self, message: str, position: Position, hint: str) -> NoReturn:
        self.refuse(message, position, hint)
        raise LimitReached

    def with_settings(
        self, field: CustomField, settings: Mapping[str, MappingEntry], *, is_in_list: bool
    ) -> CustomField:
        self.check(MappingNode(dict(settings), settings[TYPE].key.position), OF_FIELD)
        refused = {name for name in settings if self._is_refused(name, settings, field, is_in_list=is_in_list)}
        get = {name: entry for name, entry in settings.items() if name not in refused}.get
        is_required, default = self.flag(get(REQUIRED)), self._default(field, get(DEFAULT))
        if is_required and default:
            message = f"A default makes {shown(field.name)} never missing."
            self.refuse(message, settings[DEFAULT].key.position, "Delete it, or delete `required`.")
        return field._replace(
            is_required=is_required,
            is_unique=self.flag(get(UNIQUE)),
            has_facet=self.flag(get(FACET)),
            inverse=self._inverse(get(INVERSE)),
            default=default,
            search=self._weight(get(SEARCH)),
            description=self.description(get(DESCRIPTION)),
        )

    def _is_refused(
        self, name: str, settings: Mapping[str, MappingEntry], field: CustomField, *, is_in_list: bool
    ) -> bool:
        """Whether a setting does not apply to a field. Reports it."""
        types, position = _APPLICABLE.get(name), settings[name].key.position
        if types and field.type not in types:
            applicable = ", ".join(_SHOWN_TYPES[type_] for type_ in FieldType if type_ in types)
            message = f"`{name}` does not apply to {_SHOWN_TYPES[field.type]}."
            self.refuse(message, position, f"Delete it. It applies to {applicable}.")
        elif name in _OF_LEAVES and is_in_list:
            self.refuse(f"`{name}` does not apply in a list of objects.", position, "Delete it.")
        elif name == UNIQUE and (field.is_list or len(field.path) > 1):
            message = "Only single values are unique, outside of objects."
            self.refuse(message, position, "Delete `unique`.")
        else:
            return False
        return True

    def _inverse(self, entry: MappingEntry | None) -> str:
        written = self.text(entry)
        return written if written and entry and self.is_name(written, entry.value.position) else ""

    def _default(self, field: CustomField, entry: MappingEntry | None) -> str:
        """The JSON of a default, or ""."""
        if entry is None:
            return ""
        nodes = entries(entry) if field.is_list else (entry.value,)
        found = [value for node in nodes if (value := self._canonical(field, node)) is not None]
        if not nodes or len(found) < len(nodes):
            return ""
        return orjson.dumps(found if field.is_list else found[0]).decode()

    def _canonical(self, field: CustomField, node: Node) -> Any:
        """The encoded value of a default. Reports one that is empty or unreadable."""
        try:
            value = scalar_decoder(field, self._zone)(node)
        except Unreadable as error:
            self.refuse(str(error), node.position, error.hint)
            return None
        if value is None:
            self.refuse("The default is empty.", node.position, "Write a value, or delete `default`.")
        return value

    def _weight(self, entry: MappingEntry | None) -> SearchWeight | None:
        if entry is None:
            return None
        written = stripped(entry.value)
        if written in set(SearchWeight):
            return SearchWeight(written)
        try:
            return SearchWeight.NORMAL if values.boolean(entry.value) else None
        except Unreadable:
            weights = ", ".join(SearchWeight)
            self.refuse("This is not a weight.", entry.value.position, f"Write one of {weights}, or true.")
            return None

    def description(self, entry: MappingEntry | None) -> str:
        written = self.text(entry)
        if entry and len(written) > LONGEST_DESCRIPTION:
            message = f"The description has more than {LONGEST_DESCRIPTION} characters."
            self.refuse(message, entry.value.position, "Shorten it.")
        return written

    def text(self, entry: MappingEntry | None) -> str:
        """A single text, or "". Reports other values."""
        if entry is None:
            return ""
        written = stripped(entry.value)
        if not written:
            self.refuse("This is not a text.", entry.value.position, "Write a text.")
        return written or ""

    def is_name(self, name: str, position: Position, more: str = "") -> bool:
        """Whether a text can be a name in GraphQL. Reports one that cannot. `more` continues the hint."""
        reason = collection_names.fault(name)
        if reason is None:
            return True
        usable = collection_names.spelled(name[:LONGEST_TEXT])
        example = f": `{usable}`" if usable and len(name) <= collection_names.LONGEST_NAME else ""
        self.refuse(reason, position, f"Use letters, digits and single `_`{example}{more[:LONGEST_TEXT]}.")
        return False

    def bound(self, entry: MappingEntry | None) -> None:
        """Stop at a list that is too long."""
        if entry and isinstance(entry.value, SequenceNode) and len(entry.value.nodes) > MOST_ENTRIES:
            beyond = entry.value.nodes[MOST_ENTRIES].position
            self.stop(f"The list has more than {MOST_ENTRIES} entries.", beyond, "Shorten it.")


def stripped(node: Node) -> str | None:
    """The text of a scalar that is not empty, or None."""
    return node.text.strip() or None if isinstance(node, ScalarNode) and not values.is_null(node) else None
