"""The bars of the chart of months."""

from __future__ import annotations

from datetime import date

from gateway.explorer.publication_chart import HEIGHT, SHOWN, Counts, chart

TODAY = date(2025, 3, 31)


def counts(**months: int) -> Counts:
    """`m2025_01=3` are three articles of January 2025."""
    return [{"start": f"{name[1:5]}-{name[6:]}-01T00:00:00Z", "count": count} for name, count in months.items()]


def test_it_ends_with_the_last_month_that_has_come() -> None:
    """Months before and after those that are shown are counted, and not drawn."""
    found = chart(counts(m2022_01=7, m2023_04=1, m2025_02=4), counts(m2025_02=2, m2025_04=9), TODAY)
    assert found
    assert (found.first.start, found.last.start) == (date(2023, 3, 1), date(2025, 2, 1))
    assert (len(found.bars), found.earlier, found.later) == (SHOWN, 7, 9)
    assert (found.published, found.drafts) == (5, 2)


def test_drafts_stand_on_what_is_published() -> None:
    """Heights are in proportion, to a scale that ends with a round number."""
    found = chart(counts(m2025_02=4), counts(m2025_02=3), TODAY)
    assert found
    assert found.top == 8
    last = found.bars[-1]
    assert (last.published, last.drafts) == (HEIGHT / 2, HEIGHT * 3 / 8)
    assert last.slot < last.x < last.x + last.width < 100
    assert [bar.published for bar in found.bars[:-1]] == [0] * (SHOWN - 1)


def test_scales_are_round() -> None:
    """And half of one is a whole number, but for a single article."""
    for count, top in {1: 1, 3: 4, 5: 6, 9: 10, 11: 20, 25: 30, 41: 50, 999: 1000}.items():
        found = chart(counts(m2025_01=count), [], TODAY)
        assert found
        assert found.top == top


def test_there_may_be_none() -> None:
    """Where no article has a date, and where all dates are still to come."""
    assert chart([], [], TODAY) is None
    assert chart([], counts(m2999_01=1), TODAY) is None


def test_the_calendar_begins_with_the_year_1() -> None:
    """An article of its first month stands alone in it."""
    found = chart(counts(m0001_01=1), [], TODAY)
    assert found
    assert [bar.month.start for bar in found.bars] == [date(1, 1, 1)]
