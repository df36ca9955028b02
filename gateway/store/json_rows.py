"""Reads all rows of a query as JSON, in one step.

The driver releases the interpreter's lock at each row, and another thread that takes it keeps it for a while.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

from collections.abc import Collection, Sequence

import orjson

from gateway.store.rows import Row
from gateway.store.sql_fragment import Sql


def gathered(columns: Sequence[str], lists: Collection[str], tables: Sql) -> Sql:
    """One row with a JSON array for each column. The columns are numbers and text, without NUL and lone surrogates,
    and those among `lists` are JSON.

    SQLite aggregates the rows in the order of their query. One array of rows takes half as long again.
    """
    # printf makes an empty array of the null that group_concat is without rows.
    arrays = (
        f"printf('[%s]', group_concat({column}))" if column in lists else f"json_group_array({column})"
        for column in columns
    )
    return Sql(f"SELECT {', '.join(arrays)} FROM {tables.sql}", tables.parameters)


def spread(found: Sequence[Row]) -> list[Row]:
    """The rows of a gathered query."""
    [arrays] = found
    return [*zip(*map(orjson.loads, arrays), strict=True)]
