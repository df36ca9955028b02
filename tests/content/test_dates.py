"""Dates and times in each unambiguous form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import dates
from gateway.content.dates import LONGEST, parse_instant
from gateway.content.nodes import Position, ScalarNode
from gateway.content.values import Unreadable

NEW_YORK = ZoneInfo("America/New_York")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS_IN_FULL = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("2022-11-15T17:36:00Z", "2022-11-15T17:36:00"),
        ("2022-11-15", "2022-11-15T00:00:00"),
        ("2022-11-15 17:36", "2022-11-15T17:36:00"),
        ("2024-03-21 4:00:00 +0000", "2024-03-21T04:00:00"),
        ("2024-03-21T04:00:00+02:00", "2024-03-21T02:00:00"),
        ("2024-03-21T04:00:00-0330", "2024-03-21T07:30:00"),
        ("2024-03-21T04:00:00 +2", "2024-03-21T02:00:00"),
        ("2024-03-21T04:00:00+02", "2024-03-21T02:00:00"),
        ("2024-03-21t04:00:00.1234567z", "2024-03-21T04:00:00.123456"),
        ("2024-3-1", "2024-03-01T00:00:00"),
        ("2024/05/06", "2024-05-06T00:00:00"),
        ("2013/7/13 20:46:25", "2013-07-13T20:46:25"),
        ("2024.05.06", "2024-05-06T00:00:00"),
        ("20240506", "2024-05-06T00:00:00"),
        ("20240506T102030Z", "2024-05-06T10:20:30"),
        ("2015-10-21 16:29:00 +0000 UTC", "2015-10-21T16:29:00"),
        ("2015-10-21 16:29:00 -0700 MST", "2015-10-21T23:29:00"),
        ("2015-10-21 16:29:00 UTC", "2015-10-21T16:29:00"),
        ("2012-04-05 3:00 PM", "2012-04-05T15:00:00"),
        ("2012-04-05 12:00 am", "2012-04-05T00:00:00"),
        ("2012-04-05, 12 p.m.", "2012-04-05T12:00:00"),
        ("Mon, 02 Jan 2006 15:04:05 -0700", "2006-01-02T22:04:05"),
        ("Mon, 02 Jan 2006 15:04:05 GMT", "2006-01-02T15:04:05"),
        ("Monday, 2 January 2006", "2006-01-02T00:00:00"),
        ("Mon Jan  2 15:04:05 2006", "2006-01-02T15:04:05"),
        ("Mon Jan  2 15:04:05 UTC 2006", "2006-01-02T15:04:05"),
        ("Mon Jan 2 15:04:05 2006 -0700", "2006-01-02T22:04:05"),
        ("2024-05-06T10:00+02:00[Europe/Paris]", "2024-05-06T08:00:00"),
        ("Fri Jul 08 2022 10:30:00 GMT+0200 (Central European Summer Time)", "2022-07-08T08:30:00"),
        ("Jul 08 2022", "2022-07-08T00:00:00"),
        ("Jul 08 2022 10:30", "2022-07-08T10:30:00"),
        ("8 July 2022", "2022-07-08T00:00:00"),
        ("July 8th, 2022 at 3:00 PM", "2022-07-08T15:00:00"),
        ("September 8, 2022", "2022-09-08T00:00:00"),
        ("8. may 2022", "2022-05-08T00:00:00"),
        ("31 Dec, 2022", "2022-12-31T00:00:00"),
        ("8-Jul-2022", "2022-07-08T00:00:00"),
        ("2022-Jul-08", "2022-07-08T00:00:00"),
        ("8th of July 2022", "2022-07-08T00:00:00"),
        ("1st of May, 2022 at 15:00", "2022-05-01T15:00:00"),
        ("July 8th, 2022", "2022-07-08T00:00:00"),
        ("2024-05-06T24:00", "2024-05-07T00:00:00"),
        ("2024-12-31 24:00:00.000 +02:00", "2024-12-31T22:00:00"),
        ("2024-05-06Z", "2024-05-06T00:00:00"),
        ("2024-05-06+02:00", "2024-05-05T22:00:00"),
        ("6 May 2024 UTC", "2024-05-06T00:00:00"),
        ("2024-05-06T10:30:00Z[UTC]", "2024-05-06T10:30:00"),
        ("2024-05-06T10:30Z[Europe/Paris]", "2024-05-06T10:30:00"),
        ("2024-05-06T10:30-02:00[Etc/GMT+2]", "2024-05-06T12:30:00"),
        ("2024-05-06T10:30+02:00[!Europe/Paris]", "2024-05-06T08:30:00"),
        ("20240506103000", "2024-05-06T10:30:00"),
        ("202405061030", "2024-05-06T10:30:00"),
        ("20240506T103000Z", "2024-05-06T10:30:00"),
        ("20240506103000+0200", "2024-05-06T08:30:00"),
        (" 2022-07-08\t10:30 ", "2022-07-08T10:30:00"),
    ],
)
def test_unambiguous_dates(written: str, printed: str) -> None:
    """The offset applies, no offset means UTC, and a day is its midnight."""
    assert parse_instant(written).isoformat() == f"{printed}+00:00"


@pytest.mark.parametrize(
    "written",
    [
        *("2022-13-01", "2022-02-30", "2022-11-15T25:00:00Z", "2022-11-15T24:00:01Z", "2022-11-15T10:60:00", "soon"),
        *("0000-01-01", "0001-01-01T00:00:00+01:00", "2022-11-15T10:00:00+24:00", "2022-11-15T10:00:00+01:60"),
        *("Jul 32 2022", "Jux 08 2022", "Juli 8 2022", "Jul 2022", "Feb 29 2023", "2022", "20221301", "12345678"),
        *("08/07/2022", "8.7.2022", "13-07-2022", "13/07/2022 10:30", "22-07-08", "8 July 22", "2022/07-08"),
        *("2022-07-08 15:00 PM", "2022-07-08 0:30 AM", "2022-07-08 10", "10:30", "2022-07-08 10:30 EST"),
        *("2022-07-08 24:00 PM", "9999-12-31T24:00", "2022-07-08T10:30+02:00[UTC]", "2022-07-08-02", "2022-07-08-0200"),
        *("20240506103", "2024050610300", "20240506256000", "22220506103000", "of July 8 2022", "8th of 2022"),
        *("2022-07-08 10:30 +0200 UTC", "1657276200", "2022-07-08Tomorrow", "٢٠٢٢-٠٧-٠٨", ""),
    ],
)
def test_ambiguous_and_invalid_dates_are_refused(written: str) -> None:
    """Month 13, days before years and zone names are not guessed."""
    with pytest.raises(Unreadable) as refused:
        parse_instant(written)
    assert refused.value.hint


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30), timezones=OFFSETS)  # noqa: DTZ001
DAYS = (
    lambda m: f"{m:%Y-%m-%d}",
    lambda m: f"{m.year}-{m.month}-{m.day}",
    lambda m: f"{m:%Y/%m/%d}",
    lambda m: f"{m.year}/{m.month}/{m.day}",
    lambda m: f"{MONTHS[m.month - 1]} {m.day} {m.year}",
    lambda m: f"{MONTHS_IN_FULL[m.month - 1]} {m.day}, {m.year}",
    lambda m: f"{m.day} {MONTHS[m.month - 1].lower()} {m.year}",
    lambda m: f"{m.day:02} {MONTHS_IN_FULL[m.month - 1].upper()} {m.year}",
    lambda m: f"{m.day}th of {MONTHS_IN_FULL[m.month - 1]} {m.year}",
    lambda m: f"{MONTHS_IN_FULL[m.month - 1]} {m.day}th, {m.year}",
)
TIMES = (
    lambda m: f"{m:%H:%M:%S.%f}",
    lambda m: f"{m.hour}:{m:%M:%S}.{m.microsecond:06}",
    lambda m: f"{m.hour % 12 or 12}:{m:%M:%S.%f} {'PM' if m.hour >= 12 else 'AM'}",
)


def offset(moment: datetime) -> str:
    """`+02:00`, as a fixed offset that Python 3.11 can parse."""
    return moment.isoformat()[-6:]


@given(
    moment=MOMENTS,
    weekday=st.sampled_from(["", "%a ", "%a, ", "%A, "]),
    day=st.sampled_from(DAYS),
    gap=st.sampled_from([" ", "T", ", ", "  "]),
    time=st.sampled_from(TIMES),
    zone=st.sampled_from(["{}", " {}", "plain"]),
)
def test_every_format_round_trips(
    moment: datetime, weekday: str, day: object, gap: str, time: object, zone: str
) -> None:
    """Parsing is the inverse of formatting."""
    assert callable(day)
    assert callable(time)
    written_zone = offset(moment).replace(":", "") if zone == "plain" else zone.format(offset(moment))
    written = f"{moment:{weekday or ' '}}".lstrip() + day(moment) + gap + time(moment) + written_zone
    assert parse_instant(written) == moment


@given(MOMENTS, st.sampled_from(["", "[Europe/Paris]", " [!America/Port-au-Prince]"]), st.sampled_from(["T", " "]))
def test_every_moment_is_read_as_temporal_prints_it(moment: datetime, place: str, gap: str) -> None:
    """The offset counts; the place after it does not."""
    assert parse_instant(f"{moment.isoformat(gap)}{place}") == moment
    utc = moment.astimezone(UTC)
    assert parse_instant(f"{utc:%Y-%m-%dT%H:%M:%S.%f}Z[UTC]") == utc


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2199, 12, 30)), OFFSETS)  # noqa: DTZ001
def test_every_second_is_read_in_digits(local: datetime, zone: timezone) -> None:
    """With or without a `T`; without a time the day has an offset too."""
    moment = local.replace(microsecond=0, tzinfo=zone)
    for written in (f"{moment:%Y%m%d%H%M%S}", f"{moment:%Y%m%dT%H%M%S}"):
        assert parse_instant(written + offset(moment)) == moment
        assert parse_instant(written, zone) == moment
    midnight = moment.replace(hour=0, minute=0, second=0)
    assert parse_instant(f"{moment:%Y-%m-%d}{offset(moment)}") == midnight
    assert parse_instant(f"{moment:%Y-%m-%d}T24:00{offset(moment)}") == midnight + timedelta(days=1)


@given(st.datetimes(timezones=OFFSETS))
def test_python_formats_round_trip(moment: datetime) -> None:
    """If the time exists in UTC. Otherwise it is refused."""
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        with pytest.raises(Unreadable):
            parse_instant(moment.isoformat())
    else:
        assert parse_instant(moment.isoformat()) == expected


PIECES = st.sampled_from(
    [*"0123456789", "2024", "-", "/", ".", ",", ":", " ", "T", "Z", "+", "jul", "may", "pm", "utc", "(", ")", "mon"]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_arbitrary_text(text: str) -> None:
    """Any text is read or refused, without other exceptions."""
    try:
        found = parse_instant(text, NEW_YORK)
    except Unreadable:
        return
    assert found.tzinfo is UTC


@pytest.mark.parametrize("unit", ["1", " ", "2024-01-01 ", "jan ", "(", "1:"])
def test_long_text_is_refused_by_its_length(unit: str) -> None:
    """It is refused before it is parsed."""
    with pytest.raises(Unreadable):
        parse_instant(unit * 1_000_000)
    with pytest.raises(Unreadable):
        parse_instant((unit * LONGEST)[:LONGEST])


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("2024-01-15", "2024-01-15T05:00:00"),
        ("2024-07-15 12:00", "2024-07-15T16:00:00"),
        ("2024-07-15 12:00Z", "2024-07-15T12:00:00"),
        ("2024-07-15 12:00 +02:00", "2024-07-15T10:00:00"),
        ("2024-03-10 02:30", "2024-03-10T07:30:00"),  # skipped: half past three in summer time
        ("2024-11-03 01:30", "2024-11-03T05:30:00"),  # twice: the first, in summer time
    ],
)
def test_time_zone(written: str, printed: str) -> None:
    """Daylight saving applies. Skipped and repeated times follow RFC 5545."""
    assert parse_instant(written, NEW_YORK).isoformat() == f"{printed}+00:00"


def test_empty_value_is_not_a_date() -> None:
    """It is not an error."""
    assert dates.instant(ScalarNode("", True, Position(1, 1)), UTC) is None


@given(st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z", fullmatch=True))
def test_usual_form_is_read_like_the_others(written: str) -> None:
    """It is parsed by Python. The same moment with a space is parsed by its parts."""
    try:
        moment = parse_instant(written.replace("T", " "))
    except Unreadable:
        with pytest.raises(Unreadable):
            parse_instant(written)
    else:
        assert parse_instant(written) == moment
