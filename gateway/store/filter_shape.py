"""The shapes of filters: filters that differ only in values which are parameters have one shape, and one query."""

from __future__ import annotations

from typing import Any

from gateway.content.text import storable
from gateway.filters import (
    And,
    AnyField,
    Compared,
    Field,
    Filter,
    HasItems,
    HasNames,
    HasReference,
    In,
    InStatus,
    Not,
    Or,
    TextMatches,
)
from gateway.store.cursor import Value
from gateway.store.custom_columns import selects_lists
from gateway.store.filter_sql import as_parameter
from gateway.store.sql_fragment import Slot

SLOTS = tuple(Slot() for _ in range(16))
LISTED = frozenset({Field("article.category"), Field("article.locale"), Field("article.type"), Field.COLLECTION})
"""Fields of which the values select lists."""
MOST_CHARACTERS = 400
"""The maximum size of a shape: the characters of its texts, and eight for each of its other parts."""


def _is_listed(field: AnyField) -> bool:
    """Whether the condition on a value is more than a comparison with a parameter."""
    return field in LISTED if isinstance(field, Field) else selects_lists(field)


class TooLarge(Exception):
    """A filter that is not worth keeping."""


class Shape:
    """The shape of one filter."""

    def __init__(self, filter_: Filter) -> None:
        """Raises TooLarge."""
        self._characters = 0
        self.values: dict[Slot, Value] = {}
        self.filter = self._of(filter_)

    def _of(self, filter_: Filter) -> Filter:
        self._keep(8)
        match filter_:
            case And(filters):
                return And(tuple(map(self._of, filters)))
            case Or(filters):
                return Or(tuple(map(self._of, filters)))
            case Not(inner):
                return Not(self._of(inner))
            case Compared(field, comparison, value):
                return Compared(field, comparison, self._slot(as_parameter(value)))
            case In(field, (value,)) if not _is_listed(field) and (not isinstance(value, str) or storable(value)):
                return In(field, (self._slot(as_parameter(value)),))
            case (
                In(_, values)
                | HasNames(_, values)
                | HasItems(_, values)
                | HasReference(_, _, values)
                | InStatus(values)
            ):
                self._keep(sum(len(each) if isinstance(each, str) else 8 for each in values))
            case TextMatches(_, _, text):
                self._keep(len(text))
        return filter_

    def _slot(self, value: Value) -> Any:
        if len(self.values) == len(SLOTS):
            raise TooLarge
        slot = SLOTS[len(self.values)]
        self.values[slot] = value
        return slot

    def _keep(self, characters: int) -> None:
        self._characters += characters
        if self._characters > MOST_CHARACTERS:
            raise TooLarge
