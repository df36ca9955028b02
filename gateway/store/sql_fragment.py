"""SQL text with parameters, and the conditions of each visibility."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from gateway.content.text import storable
from gateway.model.records import Visibility
from gateway.store.cursor import Value
from gateway.store.rows import Row
from gateway.store.tables import KEYED_VIEW, PREVIEW_VIEW, PUBLIC_VIEW

T = TypeVar("T")

STATEMENTS = 256
"""The number of prepared statements that a connection keeps."""

NO_LIMIT = 2**63 - 1
"""The largest limit."""


class Slot:
    """A place in the parameters for a value, so that queries of one shape share their text."""

    __slots__ = ()


class Sql(NamedTuple):
    """A query or a part of one. The text is built only from constants. Values are parameters."""

    sql: str
    parameters: Sequence[Any] = ()
    """Values, and slots of a query that is kept."""

    def bound(self, values: Mapping[Slot, Value]) -> Sql:
        """The query with values in its slots."""
        return Sql(self.sql, [values[each] if isinstance(each, Slot) else each for each in self.parameters])


class NamedSql(NamedTuple):
    """A query whose parameters have names."""

    sql: str
    parameters: Mapping[str, Value]


Steps = Generator[Sql | NamedSql, Sequence[Row], T]
"""Yields queries, is sent the rows of each, and returns a result. One round trip to the database runs all queries."""


def joined(separator: str, parts: Iterable[Sql]) -> Sql:
    every = list(parts)
    return Sql(separator.join(part.sql for part in every), [value for part in every for value in part.parameters])


def visible(table: str, visibility: Visibility) -> str:
    """The condition for records in lists. It names both values, so that an index that begins with them is used."""
    return f"{table}.public = 1" if visibility is Visibility.PUBLIC else f"{table}.public IN (0, 1)"


def reachable(table: str, visibility: Visibility) -> str:
    """The condition for records found by key, including unlisted articles."""
    return f"{table}.reachable = 1" if visibility is Visibility.PUBLIC else "TRUE"


def keyed_views(visibility: Visibility) -> str:
    """The views of providers, topics and authors found by key, in SQL."""
    return f"({PUBLIC_VIEW}, {KEYED_VIEW})" if visibility is Visibility.PUBLIC else f"({PREVIEW_VIEW})"


def view(visibility: Visibility) -> int:
    return PUBLIC_VIEW if visibility is Visibility.PUBLIC else PREVIEW_VIEW


def viewed(query: Sql, visibility: Visibility) -> Sql:
    """The query with `:view` bound."""
    return query._replace(sql=query.sql.replace(":view", str(view(visibility))))


def keys(values: Sequence[str]) -> str:
    """The parameter of `json_each`. Null replaces text that cannot be stored, because databases do not read it from
    JSON."""
    return json.dumps([value if storable(value) else None for value in values])
