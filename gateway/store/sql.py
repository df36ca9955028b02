"""Finds, orders and windows as SQL text and parameters. It knows no driver and runs nothing."""

# ruff: noqa: S608 - texts are put together from constants alone; values are bound.

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.errors import BadUserInput
from gateway.model import NullsOrder, Order, OrderDirection, Visibility, Window
from gateway.store.cursor import Value, decode, encode
from gateway.store.lists import Column, Found, Source
from gateway.store.rows import Row
from gateway.store.tables import PREVIEW_VIEW, PUBLIC_VIEW


class Query(NamedTuple):
    sql: str
    parameters: Sequence[Value] | Mapping[str, Value]


def visible(table: str, visibility: Visibility) -> str:
    """The condition that hides drafts, made here alone. Its form lets partial indexes serve the public."""
    return f"{table}.public" if visibility is Visibility.PUBLIC else "TRUE"


def view(visibility: Visibility) -> int:
    return PUBLIC_VIEW if visibility is Visibility.PUBLIC else PREVIEW_VIEW


def keys(values: Sequence[str]) -> str:
    """As the parameter of `json_each`; ASCII, so that even half of a surrogate pair can be asked for."""
    return json.dumps(values)


def find(found: Found[Any], wanted: Sequence[str], visibility: Visibility) -> Query:
    """Rows of the place of a wanted key and the record's columns."""
    shown = visible(found.guarded, visibility) if found.guarded else "TRUE"
    text = (
        f"SELECT parent.key, {found.record.columns} FROM json_each(?) AS parent"
        f" CROSS JOIN {found.record.table} WHERE {found.condition} AND {shown}"
    )
    return Query(_viewed(text, visibility), (keys(wanted),))


class Step(NamedTuple):
    """One column of an order, with its direction."""

    column: Column
    descending: bool = False
    nulls_last: bool = True

    def reversed(self) -> Step:
        return Step(self.column, not self.descending, not self.nulls_last)

    def after(self, value: Value, *, inclusive: bool) -> Iterator[Query]:
        """The conditions that hold, one after the other in the order, for what comes after a value."""
        sql, nullable = self.column.sql, self.column.kind.nullable
        if value is not None:
            yield Query(f"{sql} {'<' if self.descending else '>'}{'=' if inclusive else ''} ?", (value,))
            if nullable and self.nulls_last:
                yield Query(f"{sql} IS NULL", ())
        elif not self.nulls_last:
            yield Query(f"{sql} IS NOT NULL", ())

    def equal(self, value: Value) -> Query:
        return Query(f"{self.column.sql} IS NULL", ()) if value is None else Query(f"{self.column.sql} = ?", (value,))

    @property
    def sql(self) -> str:
        text = f"{self.column.sql} {'DESC' if self.descending else 'ASC'}"
        return f"{text} NULLS {'LAST' if self.nulls_last else 'FIRST'}" if self.column.kind.nullable else text

    def rank(self, value: Value) -> tuple[bool, Value]:
        """By what rows sort, ascending or descending as the step says."""
        nulls_high = self.nulls_last is not self.descending
        return (value is None) is nulls_high, self.column.kind.type() if value is None else value


class Ordered:
    """A list in an order, as one visibility sees it: what makes its queries, and its pages of their rows."""

    def __init__(self, source: Source[Any], order: Order, visibility: Visibility) -> None:
        """Raises BadUserInput for an order that the list does not know."""
        self._source = source
        self._visibility = visibility
        self._name = " ".join([source.name, *(f"{term.field}-{term.direction}-{term.nulls}" for term in order)])
        steps = [step for term in order for step in self._term(*term)] + [Step(column) for column in source.ties]
        self._steps = [step for at, step in enumerate(steps) if step.column not in [it.column for it in steps[:at]]]

    def _term(self, field: Any, direction: OrderDirection, nulls: NullsOrder) -> list[Step]:
        if field not in self._source.columns:
            raise BadUserInput(f"This list cannot be ordered by {field}.")
        columns = self._source.columns[field]
        return [Step(column, direction is OrderDirection.DESC, nulls is NullsOrder.LAST) for column in columns]

    def page(self, parents: Sequence[str], window: Window) -> Query:
        """Rows of a parent's place, the record's columns and those of the order: one more than the window takes."""
        listed = self._listed(self._nearer(self._steps, backward=window.backward), window, window.limit + 1)
        columns = ", ".join(step.column.sql for step in self._steps)
        text = (
            f"SELECT parent.key, {self._source.record.columns}, {columns} FROM json_each(?) AS parent"
            f" CROSS JOIN {self._source.record.table} WHERE {self._source.found_by} IN ({listed.sql})"
        )
        return Query(_viewed(text, self._visibility), (keys(parents), *listed.parameters))

    def preceded(self, parents: Sequence[str], window: Window) -> Query:
        """A row of its place for each parent with a row on the other side of the window's cursor or offset."""
        steps = self._nearer(self._steps, backward=not window.backward)
        listed = self._listed(steps, window._replace(offset=0), 1, inclusive=True)
        text = f"SELECT parent.key FROM json_each(?) AS parent WHERE EXISTS ({listed.sql})"
        return Query(_viewed(text, self._visibility), (keys(parents), *listed.parameters))

    def count(self, parents: Sequence[str]) -> Query:
        text = f"SELECT parent.key, ({self._select('count(*)')}) FROM json_each(?) AS parent"
        return Query(_viewed(text, self._visibility), (keys(parents),))

    def sort(self, rows: list[Row]) -> None:
        """Puts rows of `page` in order: the database finds them by their keys, and so in any."""
        for at, step in reversed(list(enumerate(self._steps, -len(self._steps)))):
            rows.sort(key=lambda row, at=at, step=step: step.rank(row[at]), reverse=step.descending)  # type: ignore[misc]

    def cursor(self, row: Row) -> str:
        return encode(self._name, row[-len(self._steps) :])

    def _nearer(self, steps: Sequence[Step], *, backward: bool) -> list[Step]:
        nearer = self._source.nearer
        placed = [
            step._replace(column=step.column._replace(sql=nearer.get(step.column.sql, step.column.sql)))
            for step in steps
        ]
        return [step.reversed() for step in placed] if backward else placed

    def _listed(self, steps: list[Step], window: Window, limit: int, *, inclusive: bool = False) -> Query:
        """Selects the keys of the rows that follow the window's cursor in the order of the steps.

        The rows after a place are those that share all columns but the last, then all but the last two, and so on:
        each a range of its own that an index can serve, where one condition for all of them would scan.
        """
        if window.cursor is None:
            return Query(f"{self._select(self._source.key)} {_order(steps)} LIMIT ? OFFSET ?", (limit, window.offset))
        place = decode(window.cursor, self._name, [step.column.kind for step in steps])
        ranges, parameters = [], list[Value]()
        for last in reversed(range(len(steps))):
            shared = [step.equal(value) for step, value in zip(steps[:last], place, strict=False)]
            whole = inclusive and last == len(steps) - 1
            for beyond in steps[last].after(place[last], inclusive=whole):
                conditions = [*shared, beyond]
                select = self._select(self._source.key, *(condition.sql for condition in conditions))
                ranges.append(f"SELECT * FROM ({select} {_order(steps[last:])} LIMIT ?)")
                parameters += [value for condition in conditions for value in condition.parameters] + [limit]
        return Query(" UNION ALL ".join(ranges) + " LIMIT ?", (*parameters, limit))

    def _select(self, what: str, *conditions: str) -> str:
        """Every reading of the list goes through here, and so through what the visibility hides."""
        source = self._source
        shown = [visible(source.guarded, self._visibility)] if source.guarded else []
        return f"SELECT {what} FROM {source.table} WHERE {' AND '.join([*source.conditions, *shown, *conditions])}"


def _order(steps: Sequence[Step]) -> str:
    return "ORDER BY " + ", ".join(step.sql for step in steps)


def _viewed(text: str, visibility: Visibility) -> str:
    return text.replace(":view", str(view(visibility)))
