"""SQL for lookups, orders and pages."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from gateway.errors import BadUserInput
from gateway.model.collections import CustomField
from gateway.model.lists import Edge, NullsOrder, Order, OrderDirection, Window
from gateway.model.records import Visibility
from gateway.store.cursor import Value, decode, encode
from gateway.store.custom_columns import is_ordered, of_collection
from gateway.store.custom_sources import list_source, order_columns
from gateway.store.dialect import SQLITE, Dialect
from gateway.store.driving_index import driving_index_of
from gateway.store.filter_sql import TRUE, FilterSql
from gateway.store.list_sources import Column, LookupSource
from gateway.store.reads import ARTICLES, WHOLE, Listing
from gateway.store.rows import Row
from gateway.store.sql_fragment import NO_LIMIT, Slot, Sql, joined, keyed_views, keys, reachable, viewed, visible

T = TypeVar("T")

PARENT, PARENTS, LIMIT, OFFSET, REACH = (Slot() for _ in range(5))
"""The only parent of a page, its parents, its limit, its offset and the sum of both."""
PLACE = tuple(Slot() for _ in range(16))
"""The values of the cursor of a page."""


class Extent(NamedTuple):
    """Which rows of a list to select. The values can be slots."""

    limit: Any
    offset: Any = 0
    reach: Any = 0
    """The sum of both."""
    place: Sequence[Any] | None = None
    """The values of the cursor before the rows."""

    @property
    def merged(self) -> Extent:
        """The rows of each of several lists that are merged."""
        return self._replace(limit=self.reach, offset=0)


def find(
    found: LookupSource[Any],
    wanted: Sequence[str],
    visibility: Visibility,
    columns: str = "",
    dialect: Dialect = SQLITE,
) -> Sql:
    """Rows of a wanted key's index and the columns, by default the record's."""
    shown = reachable(found.visibility_table, visibility) if found.visibility_table else "TRUE"
    condition, table = found.condition.replace(":views", keyed_views(visibility)), found.record.table
    if found.selects:
        joined_by = dialect.each(table, "article.key", Sql(f"SELECT {condition}"), is_one=True).sql
    else:
        joined_by = f" CROSS JOIN {table} WHERE {condition}"
    text = f"SELECT parent.key, {columns or found.record.columns} FROM json_each(?) AS parent{joined_by} AND {shown}"
    bound = json.dumps(list(map(found.digest, wanted))) if found.digest else keys(wanted)
    return viewed(Sql(text, (bound,)), visibility)


class SortKey(NamedTuple):
    """One column of an order, with its direction."""

    column: Column
    descending: bool = False
    nulls_last: bool = True

    def reversed(self) -> SortKey:
        return SortKey(self.column, not self.descending, not self.nulls_last)

    def after(self, value: Value | Slot, *, inclusive: bool) -> Iterator[Sql]:
        """Conditions for the rows after a value, in the order of the rows."""
        sql, nullable = self.column.sql, self.column.kind.nullable
        if value is not None:
            yield Sql(f"{sql} {'<' if self.descending else '>'}{'=' if inclusive else ''} ?", (value,))
            if nullable and self.nulls_last:
                yield Sql(f"{sql} IS NULL", ())
        elif not self.nulls_last:
            yield Sql(f"{sql} IS NOT NULL", ())

    def seek_after(self, place: str) -> Iterator[Sql]:
        """The same, after the value of another row of the query, which can be null."""
        sql = self.column.sql
        yield Sql(f"{sql} {'<' if self.descending else '>'} {place}")
        if self.column.kind.nullable and self.nulls_last:
            yield Sql(f"{place} IS NOT NULL AND {sql} IS NULL")
        elif self.column.kind.nullable:
            yield Sql(f"{place} IS NULL AND {sql} IS NOT NULL")

    def equal(self, value: Value | Slot) -> Sql:
        return Sql(f"{self.column.sql} IS NULL", ()) if value is None else Sql(f"{self.column.sql} = ?", (value,))

    @property
    def sql(self) -> str:
        text = f"{self.column.sql} {'DESC' if self.descending else 'ASC'}"
        return f"{text} NULLS {'LAST' if self.nulls_last else 'FIRST'}" if self.column.kind.nullable else text

    @property
    def indexed(self) -> SortKey:
        """The key with nulls where its index has them. Equal if all of its values are null, or none of them."""
        return self._replace(nulls_last=self.descending)

    @property
    def is_split(self) -> bool:
        """Whether its index has the nulls on the other side."""
        return self.column.is_indexed and self.column.kind.nullable and self.nulls_last is not self.descending

    def parts(self) -> Iterator[Sql]:
        """Conditions for all rows, in the order of the rows."""
        sql = self.column.sql
        yield from (Sql(f"{sql} IS {each}NULL") for each in (("NOT ", "") if self.nulls_last else ("", "NOT ")))

    def rank(self, value: Value) -> tuple[bool, Value]:
        """Sort key of a value. The caller applies the direction."""
        nulls_high = self.nulls_last is not self.descending
        return (value is None) is nulls_high, self.column.kind.type() if value is None else value


class ListQuery:
    """The queries of an ordered list, for one visibility."""

    def __init__(self, listing: Listing[Any], order: Order, visibility: Visibility, dialect: Dialect = SQLITE) -> None:
        """Raises BadUserInput for an order that the list does not support."""
        is_whole = listing.name == ARTICLES.name
        self._driving_index = driving_index_of(listing.filter, visibility) if is_whole and listing.filter else None
        self._source = self._driving_index.source if self._driving_index else list_source(listing)
        self._visibility = visibility
        self._dialect = dialect
        self._search = listing.search
        self._collection = listing.collection
        self._filter = self._driving_index.rest if self._driving_index else listing.filter
        self._name = " ".join([self._source.name, *(f"{term.field}-{term.direction}-{term.nulls}" for term in order)])
        steps = [step for term in order for step in self._term(*term)]
        # An order against its index is the index read backwards, and so are its ties.
        backwards = bool(steps) and steps[0].descending != steps[0].column.falls
        ties = [SortKey(tie, backwards) for tie in self._source.ties]
        self._steps = _needed([*steps, *ties], self._source.ties)

    def _term(self, field: Any, direction: OrderDirection, nulls: NullsOrder) -> list[SortKey]:
        if isinstance(field, CustomField) and field.collection == self._collection and is_ordered(field):
            columns = order_columns(field)
        elif field in self._source.columns:
            columns = self._source.columns[field]
        else:
            raise BadUserInput(f"This list cannot be ordered by {field}.")
        return [SortKey(column, direction is OrderDirection.DESC, nulls is NullsOrder.LAST) for column in columns]

    @property
    def keeps_order(self) -> bool:
        """Whether the queries of `rows` return them in order."""
        return self._dialect.keeps_order

    def place(self, cursor: str) -> Sequence[Value]:
        """The values of a cursor. Raises BadUserInput."""
        return decode(cursor, self._name, [step.column.kind for step in self._steps])

    def _extent(self, window: Window, limit: int) -> Extent:
        place = None if window.cursor is None else self.place(window.cursor)
        return Extent(limit, window.offset, limit + window.offset, place)

    def page(self, parents: Sequence[str] | None, window: Window, columns: str = "") -> Sql:
        """Rows of a parent's index, the columns and the order columns: one more than the window's size. By default the
        columns are those of the record. Without `parents`, PARENTS is in the place of their parameter."""
        start = f"SELECT parent.key, {columns or self._source.record.columns}, {_numbered(self._steps)} FROM "
        return self._page(start, parents, self._directed(window.backward), self._extent(window, window.limit + 1))

    def _directed(self, backward: bool) -> Sequence[SortKey]:
        return [step.reversed() for step in self._steps] if backward else self._steps

    @property
    def _order_columns(self) -> Sequence[str]:
        return [step.column.sql for step in self._steps]

    def _page(self, start: str, parents: Sequence[str] | None, steps: Sequence[SortKey], extent: Extent) -> Sql:
        end = Sql("")
        if self._driving_index:
            start = start.replace("SELECT", "SELECT DISTINCT", 1)
            end = Sql(f" {_numbered_order(steps)} LIMIT ? OFFSET ?", (extent.limit, extent.offset))
            extent = extent.merged
        listed = self._listed(self._covered(steps), extent)
        found = self._dialect.each(self._source.record.table, self._source.found_by, listed)
        return self._query(Sql(start), self._parents(parents), found, end)

    def rows(
        self, columns: Sequence[str], extent: Extent, *, backward: bool, has_order: bool
    ) -> tuple[Sequence[str], Sql]:
        """The columns, with the order columns if `has_order`, and the tables of a page of the list of PARENT: its rows
        are in order, or in the reverse order if `backward`, if the engine keeps the order.

        SQLite joins the records in the order of the keys, because it does not flatten a subquery with a limit.
        """
        steps, source = self._directed(backward), self._source
        if self._driving_index:
            start = f"SELECT {source.found_by} AS key, {_numbered(self._steps)} FROM "
            keys = self._page(start, None, steps, extent)
        else:
            keys = self._listed(self._covered(steps), extent, of=PARENT)
        found = f") AS page CROSS JOIN {source.record.table} ON {source.found_by} = page.key"
        selected = [*columns, *(self._order_columns if has_order else ())]
        return [self.viewed(Sql(each)).sql for each in selected], self._query(Sql("("), keys, Sql(found))

    def has_rows_before(self, parents: Sequence[str], window: Window) -> Sql:
        """One row with the parent's index for each parent with a row on the other side of the window's cursor or
        offset."""
        steps = self._directed(not window.backward)
        sql, parameters = self._listed(self._covered(steps), self._extent(window, 1)._replace(offset=0), inclusive=True)
        exists = Sql(f" WHERE EXISTS ({sql})", parameters)
        select = "SELECT DISTINCT" if self._driving_index else "SELECT"
        return self._query(Sql(f"{select} parent.key FROM "), self._parents(parents), exists)

    def count(self, parents: Sequence[str]) -> Sql:
        """Rows of a parent's index and the length of its list.

        For a list that joins two tables, a limit prevents SQLite from flattening the subquery. Only then does SQLite
        omit the unused table.
        """
        if self._driving_index:
            listed = self.matching_ids(self._source.key, parents)
            return Sql(f"SELECT 0, count(*) FROM ({listed.sql} LIMIT {NO_LIMIT}) AS counted", listed.parameters)
        if self._source.covering_columns:
            sql, parameters = self._select(self._source.key)
            sql = f"SELECT count(*) FROM ({sql} LIMIT {NO_LIMIT}) AS counted"
        else:
            sql, parameters = self._select("count(*)")
        return self._query(Sql(f"SELECT parent.key, ({sql}) FROM ", parameters), self._parents(parents))

    def adjacent(self, article_ids: Sequence[str]) -> Sql:
        """Rows of an article's index, the side of its neighbour, the neighbour's columns and its rank, 1."""
        start = Sql(
            f"WITH place AS MATERIALIZED (SELECT asked.key AS at, {_numbered(self._steps)} FROM json_each(?) AS asked"
            f" CROSS JOIN article WHERE article.id = asked.value AND {reachable('article', self._visibility)}) ",
            (keys(article_ids),),
        )
        before = self._beside("previous", [step.reversed() for step in self._steps])
        return self._query(start, before, Sql(" UNION ALL "), self._beside("next", self._steps))

    def _beside(self, side: str, steps: Sequence[SortKey]) -> Sql:
        """Selects the first row of each list after the place, and the first of all lists of a place."""
        nearer, firsts = self._covered(steps), []
        for band in self._bands:
            ranges = []
            for last in reversed(range(len(steps))):
                for shared, beyond in product(_shared(nearer[:last]), nearer[last].seek_after(f"place.c{last}")):
                    sql, parameters = self._select(self._source.key, *shared, beyond, band=band)
                    order = self._order_within(nearer, last, beyond)
                    ranges.append(Sql(f"SELECT * FROM ({sql} {order} LIMIT 1) AS first", parameters))
            sql, parameters = joined(" UNION ALL ", ranges)
            firsts.append(Sql(f"SELECT * FROM ({sql} LIMIT 1) AS nearest", parameters))
        record = self._source.record
        found = self._dialect.each(record.table, self._source.found_by, joined(" UNION ALL ", firsts))
        start = Sql(
            f"SELECT * FROM (SELECT place.at, '{side}', {record.columns},"
            f" row_number() OVER (PARTITION BY place.at {_order(steps)}) AS rank FROM place CROSS JOIN "
        )
        return joined("", [start, self._parents([WHOLE]), found, Sql(") AS ranked WHERE rank = 1")])

    def matching_ids(self, column: str, parents: Sequence[str]) -> Sql:
        """Selects, as `at`, `value` and `key`, the parent's index, a column and a key for each record of its list."""
        once = "DISTINCT " if self._driving_index and self._driving_index.overlaps else ""
        value = self._source.covering_columns.get(column, column)
        what = f"{once}parent.key AS at, {value} AS value, {self._source.key} AS key"
        return self.viewed(self._select(what, within=self._parents(parents)))

    def viewed(self, query: Sql) -> Sql:
        """The query with `:view` bound."""
        return viewed(query, self._visibility)

    def _parents(self, parents: Sequence[str] | None) -> Sql:
        """The parents of a list: the requested ones or, with a driving index, those that it selects."""
        if self._driving_index:
            sql, parameters = self._driving_index.parents
            return Sql(f"(SELECT 0 AS key, value FROM ({sql}) AS driving) AS parent", parameters)
        return Sql("json_each(?) AS parent", (PARENTS if parents is None else keys(parents),))

    def _query(self, *parts: Sql) -> Sql:
        return self.viewed(joined("", parts))

    def sort(self, rows: list[Any]) -> None:
        """Sorts rows of `page`, which the database returns in any order."""
        for at, step in reversed(list(enumerate(self._steps, -len(self._steps)))):
            key: Callable[[Row], Any] = itemgetter(at)
            if step.column.kind.nullable and any(row[at] is None for row in rows):
                key = partial(_rank, at, step)
            rows.sort(key=key, reverse=step.descending)

    def cursor(self, row: Row) -> str:
        return encode(self._name, row[-len(self._steps) :])

    def edge(self, row: Row) -> Edge[Any]:
        return Edge(self.cursor(row), self._source.record.make(row))

    def _covered(self, steps: Sequence[SortKey]) -> list[SortKey]:
        nearer = self._source.covering_columns
        return [
            step._replace(column=step.column._replace(sql=nearer.get(step.column.sql, step.column.sql)))
            for step in steps
        ]

    def _listed(
        self, steps: Sequence[SortKey], extent: Extent, *, inclusive: bool = False, of: Slot | None = None
    ) -> Sql:
        """Selects, as `key`, the keys of the rows of an extent, in the order of the steps. `of` is the parent, unless
        it is a row of the query."""
        key = f"{self._source.key} AS key"
        if len(self._bands) == 1:
            return self._band(key, self._bands[0], steps, extent, inclusive=inclusive, of=of)
        what = f"{key}, {_numbered(steps)}"
        bands = [self._band(what, band, steps, extent.merged, inclusive=inclusive, of=of) for band in self._bands]
        merged = joined(" UNION ALL ", [Sql(f"SELECT * FROM ({sql}) AS band", parameters) for sql, parameters in bands])
        end = Sql(f") AS merged {_numbered_order(steps)} LIMIT ? OFFSET ?", (extent.limit, extent.offset))
        return joined("", [Sql("SELECT key FROM ("), merged, end])

    def _band(
        self, what: str, band: Sql, steps: Sequence[SortKey], extent: Extent, *, inclusive: bool, of: Slot | None
    ) -> Sql:
        """Selects the rows of one band in an extent, in the order of the steps.

        The rows after a position are those that share all columns except the last, then all except the last two, and so
        on. Each is a separate range that an index can serve. A single condition would scan.
        """
        if extent.place is None and (self._dialect.places_nulls or not steps[0].is_split):
            end = Sql(f" {_order(steps)} LIMIT ? OFFSET ?", (extent.limit, extent.offset))
            return joined("", [self._select(what, band=band, of=of), end])
        ranges = []
        for last, conditions in _ranges(steps, extent.place, inclusive=inclusive):
            sql, parameters = self._select(what, *conditions, band=band, of=of)
            text = f"SELECT * FROM ({sql} {self._order_within(steps, last, conditions[-1])} LIMIT ?) AS part"
            ranges.append(Sql(text, (*parameters, extent.reach)))
        end = Sql(" LIMIT ? OFFSET ?", (extent.limit, extent.offset))
        return joined("", [joined(" UNION ALL ", ranges), end])

    def _order_within(self, steps: Sequence[SortKey], last: int, beyond: Sql) -> str:
        """The order of the rows in a range, in which the steps before the last one are constant."""
        if self._dialect.sees_constants:
            return _order(steps, last)
        constant = last + beyond.sql.endswith(f"{steps[last].column.sql} IS NULL")
        return _order(steps[constant:], last - constant)

    @property
    def _bands(self) -> Sequence[Sql]:
        """The conditions of the parts that an index has in order: the public rows and, in a preview, the others."""
        table = self._source.visibility_table
        if table is None:
            return [TRUE]
        flags = (1,) if self._visibility is Visibility.PUBLIC else (1, 0)
        return [Sql(f"{table}.public = {flag}") for flag in flags]

    def _select(
        self,
        what: str,
        *conditions: Sql,
        band: Sql | None = None,
        within: Sql | None = None,
        of: Slot | None = None,
    ) -> Sql:
        """All reads of the list use this function, which applies the visibility."""
        source = self._source
        holds = [Sql(each) if of is None else _of_one(each, of) for each in source.conditions]
        if band or source.visibility_table:
            holds.append(band or Sql(visible(str(source.visibility_table), self._visibility)))
        if self._collection is not None:
            holds.append(Sql(of_collection(self._collection)))
        if self._search:
            holds.append(self._dialect.full_text.matching(source.key, self._search, self._visibility))
        if self._filter:
            holds.append(FilterSql(source.record.table, self._visibility, source.covering_columns).of(self._filter))
        tables = joined(" CROSS JOIN ", [*([within] if within else []), Sql(source.table)])
        return joined("", [Sql(f"SELECT {what} FROM "), tables, Sql(" WHERE "), joined(" AND ", [*holds, *conditions])])


def _of_one(condition: str, parent: Slot) -> Sql:
    """The condition for one parent, which is a parameter."""
    return Sql(condition.replace("parent.value", "?"), (parent,) * condition.count("parent.value"))


def _rank(at: int, step: SortKey, row: Row) -> tuple[bool, Value]:
    return step.rank(row[at])


def within(window: Window, rows: list[T]) -> tuple[list[T], bool]:
    """The rows of a window, of sorted rows of `page`, and whether there are more in its direction."""
    has_more = len(rows) > window.limit
    start = 1 if has_more and window.backward else 0
    return rows[start : start + window.limit], has_more


def _needed(steps: Sequence[SortKey], ties: Sequence[Column]) -> list[SortKey]:
    """Each column once, up to the one that completes the ties and makes rows unique."""
    needed = [step for at, step in enumerate(steps) if step.column not in [it.column for it in steps[:at]]]
    complete = max(at for at, step in enumerate(needed) if step.column in ties)
    return needed[: complete + 1]


def _ranges(
    steps: Sequence[SortKey], place: Sequence[Any] | None, *, inclusive: bool
) -> Iterator[tuple[int, Sequence[Sql]]]:
    """The conditions of each range of the rows after a place, with the position of the last step that they bound.
    Without a place, the ranges of all rows."""
    if place is None:
        yield from ((0, [part]) for part in steps[0].parts())
        return
    for last in reversed(range(len(steps))):
        shared = [step.equal(value) for step, value in zip(steps[:last], place, strict=False)]
        for beyond in steps[last].after(place[last], inclusive=inclusive and last == len(steps) - 1):
            yield last, [*shared, beyond]


def _shared(steps: Sequence[SortKey]) -> Sequence[Sequence[Sql]]:
    """The alternatives of the condition that a row shares the values of the place. An index serves each of them."""
    equal = [
        Sql(f"{step.column.sql} {'IS' if step.column.kind.nullable else '='} place.c{at}")
        for at, step in enumerate(steps)
    ]
    if not (steps and steps[0].column.kind.nullable):
        return [equal]
    sql, rest = steps[0].column.sql, equal[1:]
    return [[Sql(f"{sql} = place.c0"), *rest], [Sql("place.c0 IS NULL"), Sql(f"{sql} IS NULL"), *rest]]


def _order(steps: Sequence[SortKey], last: int = -1) -> str:
    """The order of the rows, in a range that bounds the steps up to `last`."""
    placed = [step.indexed if at <= last or step.column.follows else step for at, step in enumerate(steps)]
    return "ORDER BY " + ", ".join(step.sql for step in placed)


def _numbered(steps: Sequence[SortKey]) -> str:
    """The columns of the steps, by numbered names."""
    return ", ".join(f"{step.column.sql} AS c{at}" for at, step in enumerate(steps))


def _numbered_order(steps: Sequence[SortKey]) -> str:
    return _order([step._replace(column=step.column._replace(sql=f"c{at}")) for at, step in enumerate(steps)])
