"""SQL text with its parameters, and how a visibility is said in it. It runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gateway.model import Visibility
from gateway.store.cursor import Value
from gateway.store.tables import KEYED_VIEW, PREVIEW_VIEW, PUBLIC_VIEW


class Sql(NamedTuple):
    """A query, or a part of one. Its text is put together from constants alone; values are its parameters."""

    sql: str
    parameters: Sequence[Value] = ()


def joined(separator: str, parts: Iterable[Sql]) -> Sql:
    every = list(parts)
    return Sql(separator.join(part.sql for part in every), [value for part in every for value in part.parameters])


def visible(table: str, visibility: Visibility) -> str:
    """The condition of what a list holds. Its form lets partial indexes serve the public."""
    return f"{table}.public" if visibility is Visibility.PUBLIC else "TRUE"


def reachable(table: str, visibility: Visibility) -> str:
    """The condition of what is found by key: unlisted articles too."""
    return f"{table}.reachable" if visibility is Visibility.PUBLIC else "TRUE"


def keyed_views(visibility: Visibility) -> str:
    """The views, in SQL, of the providers and topics that are found by key."""
    return f"({PUBLIC_VIEW}, {KEYED_VIEW})" if visibility is Visibility.PUBLIC else f"({PREVIEW_VIEW})"


def view(visibility: Visibility) -> int:
    return PUBLIC_VIEW if visibility is Visibility.PUBLIC else PREVIEW_VIEW


def viewed(query: Sql, visibility: Visibility) -> Sql:
    """The query with `:view` filled in."""
    return query._replace(sql=query.sql.replace(":view", str(view(visibility))))


def keys(values: Sequence[str]) -> str:
    """As the parameter of `json_each`; ASCII, so that even half of a surrogate pair can be asked for.

    SQLite ends a text of JSON at a NUL. No stored text holds one, and none holds half a pair, which stands for it.
    """
    return json.dumps([value.replace("\0", "\ud800") for value in values])
