"""The columns of the plain fields of articles, and the indexes of their orders.

A text by which articles are ordered has a second column, with case and accents folded.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.fields import FIELDS, INSTANT, ORDERED, Field

NAMES = tuple(field.name for field in FIELDS)
INSTANTS = tuple(at for at, field in enumerate(FIELDS) if field.kind is INSTANT)
"""The positions of times in NAMES."""
FOLDED = {field.name: f"{field.name}_folded" for field in FIELDS if field.is_folded}
"""The second column of each text that has one."""
FOLDED_AT = tuple(map(NAMES.index, FOLDED))
"""The positions of these texts in NAMES."""


def order_columns(field: Field) -> Sequence[str]:
    """The columns that order articles by the field."""
    return (FOLDED[field.name], field.name) if field.is_folded else (field.name,)


def _definition(field: Field) -> str:
    kind = f"{'TEXT' if field.kind.is_text else 'INTEGER'}{'' if field.is_optional else ' NOT NULL'}"
    return ", ".join(f"{column} {kind}" for column in (field.name, *order_columns(field)[:-1]))


def _index(field: Field) -> str:
    columns = ", ".join(order_columns(field)) + ("" if field.is_folded else " DESC")
    return f"CREATE INDEX article_{field.name}_order ON article (public, {columns}, path);"


DEFINITIONS = ", ".join(map(_definition, FIELDS)) + ","
"""The columns in CREATE TABLE."""
ORDERS = "\n".join(map(_index, ORDERED))
"""The indexes of the orders."""
