"""The chart of articles per month."""

from __future__ import annotations

from datetime import date

from gateway.explorer.publication_chart import HEIGHT, SHOWN, Counts, chart

TODAY = date(2025, 3, 31)


def counts(**months: int) -> Counts:
    """`m2025_01=3` stands for three articles of January 2025."""
    return [{"start": f"{name[1:5]}-{name[6:]}-01T00:00:00Z", "count": count} for name, count in months.items()]


def test_chart_ends_with_the_current_month() -> None:
    """Months outside the chart are counted but not drawn."""
    found = chart(counts(m2022_01=7, m2023_04=1, m2025_02=4), counts(m2025_02=2, m2025_04=9), TODAY)
    assert found
    assert (found.first.start, found.last.start) == (date(2023, 3, 1), date(2025, 2, 1))
    assert (len(found.bars), found.earlier, found.later) == (SHOWN, 7, 9)
    assert (found.published, found.drafts) == (5, 2)


def test_drafts_are_stacked_on_published() -> None:
    """Heights are proportional to a scale that ends with a round number."""
    found = chart(counts(m2025_02=4), counts(m2025_02=3), TODAY)
    assert found
    assert found.top == 8
    last = found.bars[-1]
    assert (last.published, last.drafts) == (HEIGHT / 2, HEIGHT * 3 / 8)
    assert last.slot < last.x < last.x + last.width < 100
    assert [bar.published for bar in found.bars[:-1]] == [0] * (SHOWN - 1)


def test_scales_are_round() -> None:
    """Half of a scale is a whole number, except for a single article."""
    for count, top in {1: 1, 3: 4, 5: 6, 9: 10, 11: 20, 25: 30, 41: 50, 999: 1000}.items():
        found = chart(counts(m2025_01=count), [], TODAY)
        assert found
        assert found.top == top


def test_empty_chart() -> None:
    """The chart is empty if no article has a date, or if all dates are in the future."""
    assert chart([], [], TODAY) is None
    assert chart([], counts(m2999_01=1), TODAY) is None


def test_first_month_of_the_calendar() -> None:
    """An article of January of the year 1 is one bar."""
    found = chart(counts(m0001_01=1), [], TODAY)
    assert found
    assert [bar.month.start for bar in found.bars] == [date(1, 1, 1)]
