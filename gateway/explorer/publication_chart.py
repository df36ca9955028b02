"""How many articles each month has, as the bars of a chart. It draws nothing: a template does.

Places across are percentages, so that a chart is as wide as its page and its letters are not stretched; heights are
pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

SHOWN = 24
"""The months of one chart."""
HEIGHT = 132
"""Pixels of the tallest bar that there is room for."""
GAP = 0.3
"""What of a month's width lies between its bar and the next."""
STEPS = (1, 2, 3, 4, 5, 6, 8, 10)
"""What a scale may end with, times a power of ten."""

Counts = Sequence[Mapping[str, Any]]
"""As the facet `dates` gives them."""


class Month(NamedTuple):
    number: int
    """Since the year 0."""
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
"""The month that the calendar begins with."""


class Bar(NamedTuple):
    month: Month
    slot: float
    """Where its month begins."""
    x: float
    width: float
    published: float
    """Its height; that of the drafts stands on it."""
    drafts: float


class Chart(NamedTuple):
    bars: tuple[Bar, ...]
    top: int
    """The count that is as high as the chart."""
    earlier: int
    later: int
    """Articles before and after the months that are shown."""

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
    """The months up to the last of them that is not in the future; None where there is none."""
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
    """A round number that is not below the count, and has a whole half unless it is 1."""
    power: int = 10 ** (len(str(count)) - 1)
    tops = (step * power for step in STEPS)
    return next(top for top in tops if top >= count and (top == 1 or top % 2 == 0))


def _bar(month: Month, place: float, slot: float, unit: float) -> Bar:
    x, width = place + slot * GAP / 2, slot * (1 - GAP)
    return Bar(month, *(round(each, 3) for each in (place, x, width, month.published * unit, month.drafts * unit)))
