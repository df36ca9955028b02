"""Reads all rows of a query as one JSON value, in one step.

The driver releases the interpreter's lock at each row, and another thread that takes it keeps it for a while.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.store.rows import Row
from gateway.store.sql_fragment import Sql


def gathered(columns: Sequence[str], tables: Sql) -> Sql:
    """One row with the columns of all rows. The columns are numbers and text, without NUL and lone surrogates.

    SQLite aggregates the rows in the order of their query.
    """
    text = f"SELECT json_group_array(json_array({', '.join(columns)})) FROM {tables.sql}"
    return Sql(text, tables.parameters)


def spread(found: Sequence[Row]) -> list[list[Any]]:
    """The rows of a gathered query."""
    [(text,)] = found
    rows: list[list[Any]] = orjson.loads(text)
    return rows
