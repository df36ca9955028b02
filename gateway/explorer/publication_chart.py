"""Computes the bars of a chart of articles per month.

Horizontal positions are percentages, so that the chart scales with the page without stretching its text. Heights are
pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

SHOWN = 24
"""The number of months in a chart."""
HEIGHT = 132
"""The maximum height of a bar in pixels."""
GAP = 0.3
"""The gap between two bars, as a share of the width of a month."""
STEPS = (1, 2, 3, 4, 5, 6, 8, 10)
"""The possible ends of a scale, times a power of ten."""

Counts = Sequence[Mapping[str, Any]]
"""The values of the facet `dates`."""


class Month(NamedTuple):
    number: int
    """Months since the year 0."""
    published: int = 0
    drafts: int = 0

    @property
    def total(self) -> int:
        return self.published + self.drafts

    @property
    def start(self) -> date:
        year, month = divmod(self.number, 12)
        return date(year, month + 1, 1)


FIRST = 12
"""The first month of `date`, January of the year 1."""


class Bar(NamedTuple):
    month: Month
    slot: float
    """The left edge of the month, in percent."""
    x: float
    width: float
    published: float
    """The height in pixels. The bar of the drafts is on top of it."""
    drafts: float


class Chart(NamedTuple):
    bars: tuple[Bar, ...]
    top: int
    """The count at the top of the chart."""
    earlier: int
    later: int
    """The number of articles after the shown months; `earlier` is the number before them."""

    @property
    def first(self) -> Month:
        return self.bars[0].month

    @property
    def last(self) -> Month:
        return self.bars[-1].month

    @property
    def published(self) -> int:
        return sum(bar.month.published for bar in self.bars)

    @property
    def drafts(self) -> int:
        return sum(bar.month.drafts for bar in self.bars)


def chart(published: Counts, drafts: Counts, today: date) -> Chart | None:
    """The chart of the months up to the last one with articles that is not in the future. None without such a month."""
    months = _months(published, drafts)
    past = [number for number in months if number <= _number(today)]
    if not past:
        return None
    last = max(past)
    first = max(last - SHOWN + 1, FIRST)
    shown = [months.get(number, Month(number)) for number in range(first, last + 1)]
    top = _scale(max(month.total for month in shown))
    slot = 100 / len(shown)
    return Chart(
        tuple(_bar(month, place * slot, slot, HEIGHT / top) for place, month in enumerate(shown)),
        top,
        sum(month.total for number, month in months.items() if number < first),
        sum(month.total for number, month in months.items() if number > last),
    )


def _months(published: Counts, drafts: Counts) -> Mapping[int, Month]:
    one, other = _by_number(published), _by_number(drafts)
    return {number: Month(number, one.get(number, 0), other.get(number, 0)) for number in one.keys() | other.keys()}


def _by_number(counts: Counts) -> Mapping[int, int]:
    return {_number(datetime.fromisoformat(each["start"]).date()): each["count"] for each in counts}


def _number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _scale(count: int) -> int:
    """A round number of at least the count. It is even, unless it is 1."""
    power: int = 10 ** (len(str(count)) - 1)
    tops = (step * power for step in STEPS)
    return next(top for top in tops if top >= count and (top == 1 or top % 2 == 0))


def _bar(month: Month, place: float, slot: float, unit: float) -> Bar:
    x, width = place + slot * GAP / 2, slot * (1 - GAP)
    return Bar(month, *(round(each, 3) for each in (place, x, width, month.published * unit, month.drafts * unit)))
