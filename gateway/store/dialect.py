"""What differs in shape between the engines' SQL. The shared text is that of SQLite: the driver of another engine
translates its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.model.lists import Interval
from gateway.model.records import Visibility
from gateway.search import Search
from gateway.store.fts5 import Fts5
from gateway.store.sql_fragment import Sql

DAY = 86_400_000_000
"""One day in microseconds."""
ERA = 1_050_000
"""Days from the base date to 1970, in whole weeks. Dates before the base date do not occur: division truncates towards
zero."""


class FullText(Protocol):
    """The full-text search of an engine. A score is higher for a better match."""

    def expression(self, search: Search) -> str:
        """The search in the language of the engine. Equal for searches with equal results."""
        ...

    def matching(self, key: str, search: Search, visibility: Visibility) -> Sql:
        """The condition that the search matches the article with a key."""
        ...

    def found(self, search: Search, visibility: Visibility) -> Sql:
        """Selects `key` and `score` of the matching articles."""
        ...

    def holders(self, words: Iterable[str], visibility: Visibility, most: int) -> Sql:
        """Rows of a word and the number of articles that have it, counted up to `most`."""
        ...

    def any_of(self, words: Iterable[str]) -> str:
        """The expression for articles with one of these words."""
        ...

    def likenesses(self, visibility: Visibility) -> str:
        """Selects `at`, `article` and `likeness`, a score, for each row of `subject` and each article that matches its
        expression `words`."""
        ...


@dataclass(frozen=True, eq=False)
class Dialect:
    """The shapes of one engine."""

    full_text: FullText
    starts: Mapping[Interval, str]
    """The first day of the interval of the time `member.value`, counted from 1970-01-01, a Thursday. Weeks begin on
    Monday."""
    has_lateral: bool
    """Whether a subquery of FROM sees the tables before it."""
    places_nulls: bool
    """Whether an index serves an order whose nulls are on the other side."""
    sees_constants: bool
    """Whether an index serves an order that begins with expressions which a condition makes constant."""
    keeps_order: bool
    """Whether a join returns its rows in the order of a subquery with a limit."""

    def each(self, table: str, found_by: str, listed: Sql, *, is_one: bool = False) -> Sql:
        """Joins the records of the listed keys, whose query can depend on the tables before it. `is_one` if it has at
        most one row.

        SQLite does not see these tables in a subquery of FROM, and PostgreSQL would run one in a condition for each
        record.
        """
        if self.has_lateral:
            text = f" CROSS JOIN LATERAL ({listed.sql}) AS chosen (chosen_key) JOIN {table} ON {found_by} = chosen_key"
        else:
            text = f" CROSS JOIN {table} WHERE {found_by} {'=' if is_one else 'IN'} ({listed.sql})"
        return Sql(text, listed.parameters)


_DAYS = f"(member.value + {ERA * DAY}) / {DAY} - {ERA}"
_MIDNIGHT = f"({_DAYS}) * 86400, 'unixepoch'"
DAYS: Mapping[Interval, str] = {
    Interval.DAY: _DAYS,
    Interval.WEEK: f"{_DAYS} - ({_DAYS} + 3 + {ERA}) % 7",
}
"""The intervals that are equal in all engines."""

SQLITE = Dialect(
    Fts5(),
    {
        **DAYS,
        Interval.MONTH: f"strftime('%s', {_MIDNIGHT}, 'start of month') / 86400",
        Interval.YEAR: f"strftime('%s', {_MIDNIGHT}, 'start of year') / 86400",
    },
    has_lateral=False,
    places_nulls=True,
    sees_constants=False,
    keeps_order=True,
)
