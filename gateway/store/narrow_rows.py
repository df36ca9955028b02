"""Answers the reads of a plan. Reads of articles can ask for rows with only some columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import orjson

from gateway.model.lists import Order
from gateway.model.records import Visibility
from gateway.store import json_rows
from gateway.store.answers import State, answer
from gateway.store.cursor import Value
from gateway.store.custom_sources import lookup_source
from gateway.store.dialect import Dialect
from gateway.store.filter_shape import Shape, TooLarge
from gateway.store.list_query import LIMIT, OFFSET, PARENT, PARENTS, PLACE, REACH, Extent, ListQuery, find, within
from gateway.store.reads import Ask, Listing, PageOf, ReadSteps, Rows
from gateway.store.rows import Row, all_related_items
from gateway.store.sql_fragment import STATEMENTS, Slot, Sql, Steps, keys

T = TypeVar("T")


def planned(state: State, plan: ReadSteps[T]) -> Steps[T]:
    """The steps of a plan."""
    try:
        level = next(plan)
        while True:
            level = plan.send((yield from _answers(state, level)))
    except StopIteration as end:
        result: T = end.value
        return result


def _answers(state: State, level: Sequence[Ask]) -> Steps[list[Mapping[str, Any]]]:
    found = []
    for asked in level:
        answer = yield from _answered(state, asked)
        found.append(answer)
    return found


def _answered(state: State, asked: Ask) -> Steps[Mapping[str, Any]]:
    parents = list(asked.parents)
    if not (asked.columns and parents):
        return (yield from answer(state, asked.read, parents))
    if not isinstance(asked.read, PageOf):
        return (yield from _found_rows(state, asked.read, parents, asked.columns))
    if len(parents) == 1:
        return {parents[0]: (yield from _only_page(state, asked.read, parents[0], asked))}
    return (yield from _pages(state, asked.read, parents, asked.columns))


def _found_rows(
    state: State, read: Any, parents: Sequence[str], names: Sequence[str]
) -> Steps[Mapping[str, Row | None]]:
    """The row of each key. None if the key is unknown or not visible."""
    columns = ", ".join(map(_column, names))
    found = yield find(lookup_source(read.lookup), parents, state.visibility, columns, state.dialect)
    rows = _decoded([row[1:] for row in found], names)
    places = [parents[row[0]] for row in found]
    return {**dict.fromkeys(parents), **dict(zip(reversed(places), reversed(rows), strict=True))}


def _only_page(state: State, read: PageOf[Any], parent: str, asked: Ask) -> Steps[Rows]:
    """The page of one parent. Its query is kept, if the filter is not large, for all pages of its shape."""
    window, listing, values = read.window, read.listing, dict[Slot, Value]()
    listed: Callable[..., ListQuery] = _list_query
    text: Callable[..., _RowQuery] = _row_query
    try:
        if listing.search:
            raise TooLarge
        if listing.filter:
            shape = Shape(listing.filter)
            listing, values = listing.where(shape.filter), shape.values
    except TooLarge:
        listed, text = _list_query.__wrapped__, _row_query.__wrapped__
    ordered = listed(listing, read.order, state.visibility, state.dialect)
    place = None if window.cursor is None else ordered.place(window.cursor)
    limit = window.limit + 1
    values |= {PARENT: parent, LIMIT: limit, OFFSET: window.offset, REACH: limit + window.offset}
    values |= zip(PLACE, place or (), strict=False)
    nulls = None if place is None else tuple(value is None for value in place)
    query = text(ordered, asked.columns, nulls, window.backward, asked.has_cursors)
    found = yield query.sql.bound(values)
    rows = json_rows.spread(found) if query.is_gathered else _decoded(found, asked.columns)
    if not ordered.keeps_order:
        ordered.sort(rows)
    elif window.backward:
        rows.reverse()
    return Rows(*within(window, rows), ordered.cursor)


class _RowQuery(NamedTuple):
    sql: Sql
    is_gathered: bool
    """Whether its rows are JSON, which does not hold blobs."""


@lru_cache(maxsize=STATEMENTS)
def _list_query(listing: Listing[Any], order: Order, visibility: Visibility, dialect: Dialect) -> ListQuery:
    return ListQuery(listing, order, visibility, dialect)


@lru_cache(maxsize=STATEMENTS)
def _row_query(
    ordered: ListQuery, names: Sequence[str], nulls: Sequence[bool] | None, backward: bool, has_cursors: bool
) -> _RowQuery:
    """The query of a page after a cursor with nulls at some places, or without a cursor."""
    place = None if nulls is None else [None if null else slot for slot, null in zip(PLACE, nulls, strict=False)]
    extent = Extent(LIMIT, OFFSET, REACH, place)
    has_order = has_cursors or not ordered.keeps_order
    columns, tables = ordered.rows([*map(_column, names)], extent, backward=backward, has_order=has_order)
    if ordered.keeps_order and _BLOBS.isdisjoint(names):
        return _RowQuery(json_rows.gathered(columns, _LISTS, tables), is_gathered=True)
    return _RowQuery(Sql(f"SELECT {', '.join(columns)} FROM {tables.sql}", tables.parameters), is_gathered=False)  # noqa: S608


def _pages(state: State, read: PageOf[Any], parents: Sequence[str], names: Sequence[str]) -> Steps[Mapping[str, Rows]]:
    """The page of each parent."""
    ordered, sql = _page_query(read, names, state.visibility, state.dialect)
    found = yield sql.bound({PARENTS: keys(parents)})
    rows_of: list[list[Row]] = [[] for _ in parents]
    for (at, *_), row in zip(found, _decoded([row[1:] for row in found], names), strict=True):
        rows_of[at].append(row)
    for rows in rows_of:
        ordered.sort(rows)
    pages = (Rows(*within(read.window, rows), ordered.cursor) for rows in rows_of)
    return dict(zip(parents, pages, strict=True))


@lru_cache(maxsize=STATEMENTS)
def _page_query(
    read: PageOf[Any], names: Sequence[str], visibility: Visibility, dialect: Dialect
) -> tuple[ListQuery, Sql]:
    ordered = ListQuery(read.listing, read.order, visibility, dialect)
    return ordered, ordered.page(None, read.window, ", ".join(map(_column, names)))


def _column(name: str) -> str:
    return f"article.{name}"


def _json(column: Sequence[str]) -> Sequence[Any]:
    values: Sequence[Any] = orjson.loads(f"[{','.join(column)}]")
    return values


_BLOBS = frozenset({"related"})
_LISTS = frozenset({"article.topics", "article.authors", "article.images", "article.aliases", "article.custom"})
_DECODERS: Mapping[str, Callable[[Sequence[Any]], Sequence[Any]]] = {
    "topics": _json,
    "authors": _json,
    "images": _json,
    "aliases": _json,
    "custom": _json,
    "related": all_related_items,
}
"""Decoders of columns."""


def _decoded(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Rows that begin with the named columns, with their lists decoded."""
    columns: list[Sequence[Any]] = [*zip(*rows, strict=True)]
    for at, (name, column) in enumerate(zip(names, columns, strict=False)):
        if name in _DECODERS:
            columns[at] = _DECODERS[name](column)
    return [*zip(*columns, strict=True)]
