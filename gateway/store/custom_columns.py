"""The SQL of collections and of their custom fields. One function writes an expression for queries and for indexes.

Values are members of a JSON object. CAST gives each the affinity of a column, without which SQLite does not use its
index for all comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from gateway.model.collections import CustomField, FieldType

TEXT, INTEGER, REAL = "TEXT", "BIGINT", "DOUBLE PRECISION"
_TYPES: Mapping[FieldType, str] = {
    FieldType.STRING: TEXT,
    FieldType.INT: INTEGER,
    FieldType.FLOAT: REAL,
    FieldType.BOOLEAN: INTEGER,
    FieldType.DATE_TIME: INTEGER,
    FieldType.DATE: INTEGER,
    FieldType.ENUM: INTEGER,
}
"""The types whose values are compared and ordered, if they are not lists."""
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


def of_collection(name: str) -> str:
    """The condition for the articles of a collection.

    The name is a literal, because an index of the articles of one collection does not serve a parameter.
    """
    return f"article.collection = '{_checked(name)}'"


def sql_type(field: CustomField) -> str:
    """The type of its column. Values that are not compared are only tested for null."""
    return TEXT if field.is_list else _TYPES.get(field.type, TEXT)


@lru_cache
def value_column(field: CustomField) -> str:
    """The value. An empty list is null."""
    column = f"CAST(article.custom ->> '{_checked(field.key)}' AS {sql_type(field)})"
    return f"nullif({column}, '[]')" if field.is_list else column


@lru_cache
def folded_column(field: CustomField) -> str:
    """The beginning of a text, with case and accents folded."""
    return f"CAST(article.custom_order ->> '{_checked(field.key)}' AS TEXT)"


def is_ordered(field: CustomField) -> bool:
    """Whether articles are compared and ordered by it."""
    return field.type in _TYPES and not field.is_list


def is_text(field: CustomField) -> bool:
    return field.type is FieldType.STRING and not field.is_list


def selects_lists(field: CustomField) -> bool:
    """Whether an index has the articles with each of its values by date. Numbers with a fraction and times are compared
    with bounds."""
    has_bounds = field.type in {FieldType.FLOAT, FieldType.DATE_TIME, FieldType.DATE}
    return is_ordered(field) and (field.is_unique or not has_bounds)


def _checked(name: str) -> str:
    """The rules of the site accept only such names. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    return name
