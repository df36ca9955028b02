"""Answers the reads of a plan. Reads of articles can ask for rows with only some columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from gateway.model.lists import Window
from gateway.model.records import Visibility
from gateway.store.answers import State, answer
from gateway.store.list_query import PARENTS, ListQuery, find, within
from gateway.store.list_sources import LOOKUPS
from gateway.store.reads import Ask, PageOf, ReadSteps, Rows
from gateway.store.rows import Row, images, related_items
from gateway.store.sql_fragment import Sql, Steps, keys

T = TypeVar("T")
KEPT_QUERIES = 512


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
    columns = ", ".join(f"article.{name}" for name in asked.columns)
    if isinstance(asked.read, PageOf):
        return (yield from _page_rows(state, asked.read, parents, columns))
    return (yield from _found_rows(state, asked.read, parents, columns))


def _found_rows(state: State, read: Any, parents: Sequence[str], columns: str) -> Steps[Mapping[str, Row | None]]:
    """The row of each key. None if the key is unknown or not visible."""
    rows = yield find(LOOKUPS[read.lookup], parents, state.visibility, columns)
    return {**dict.fromkeys(parents), **{parents[row[0]]: row for row in reversed(_decoded(rows, columns))}}


def _page_rows(state: State, read: PageOf[Any], parents: Sequence[str], columns: str) -> Steps[Mapping[str, Rows]]:
    """The page of each parent."""
    make = _query if _is_small(read) else _query.__wrapped__
    ordered, sql, parameters = make(read, columns, state.visibility)
    bound = keys(parents)
    rows_of: list[list[Row]] = [[] for _ in parents]
    found = yield Sql(sql, [bound if each is PARENTS else each for each in parameters])
    for row in _decoded(found, columns):
        rows_of[row[0]].append(row)
    return {parent: _page(ordered, rows, read.window) for parent, rows in zip(parents, rows_of, strict=True)}


_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "article.topics": orjson.loads,
    "article.images": images,
    "article.related": related_items,
}


def _decoded(rows: Sequence[Row], columns: str) -> Sequence[Row]:
    """The rows with their lists decoded."""
    decoders = [(at, _DECODERS[name]) for at, name in enumerate(columns.split(", "), 1) if name in _DECODERS]
    if not decoders:
        return rows
    changed = list(map(list, rows))
    for row in changed:
        for at, decode in decoders:
            row[at] = decode(row[at])
    return changed


def _is_small(read: PageOf[Any]) -> bool:
    """Whether a query is kept: one with a filter, a search or a cursor can be large, and is rarely repeated."""
    return read.listing.filter is None and read.listing.search is None and read.window.cursor is None


@lru_cache(maxsize=KEPT_QUERIES)
def _query(read: PageOf[Any], columns: str, visibility: Visibility) -> tuple[ListQuery, str, Sequence[Any]]:
    """The query of a page. PARENTS is in the place of the parents."""
    ordered = ListQuery(read.listing, read.order, visibility)
    return ordered, *ordered.page(None, read.window, columns)


def _page(ordered: ListQuery, rows: list[Row], window: Window) -> Rows:
    ordered.sort(rows)
    return Rows(*within(window, rows), ordered.cursor)
