"""Parses dates and times, as people and tools write them, to instants in UTC.

Only unambiguous spellings are accepted: numeric dates begin with the year, others name the month in English.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import cache

from gateway.content import values
from gateway.content.nodes import Node
from gateway.content.values import Unreadable, shown

LONGEST = 100
"""The maximum number of characters of a date. It bounds the work."""

HINT = "Write it as 2024-03-21T16:00:00Z, or as 2024-03-21."

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR, _DAY = r"(?P<year>[0-9]{4})", r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_MONTH = (
    r"(?P<word>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DIGITS = r"(?P<year>(?:19|20|21)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
_GAP = r"(?:[-/.,]{1,2} ?| )"
_TIME = (
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?| ?(?P<bare_half>[ap])\.?m\.?)"
)
# A name after an offset is a comment: `-0700 MST`, `GMT+0200 (Central European Time)`, `+02:00[Europe/Paris]`.
_ZONE = (
    r" ?(?:(?P<utc>z|utc?|gmt)|(?:utc|gmt)?(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?"
    r"(?: (?P<name>(?![ap]m\b)[a-z]{1,5}|[+-][0-9]{2}(?:[0-9]{2})?)| \([a-z ]+\))?)"
    r"(?: ?\[!?(?P<place>[a-z0-9/_+-]+)\])?"
)
_DAY_ZONE = r"(?= ?(?:z|utc?|gmt|[+-][0-9]{2}:[0-9]{2})(?![a-z0-9]))"
"""Precedes the zone of a day without a time, `2024-05-06Z`. A shorter offset could be part of the day."""
_CLOCK = rf"(?:(?:(?:t|,? |,? at ){_TIME}|{_DAY_ZONE})(?:{_ZONE})?)?"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?[.,]{0,2} )?"

_SPELLINGS = (
    rf"{_YEAR}(?P<gap>[-/.])(?P<month>[0-9]{{1,2}})(?P=gap)(?P<day>[0-9]{{1,2}}){_CLOCK}",
    rf"{_DIGITS}(?:t?(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?P<second>[0-9]{{2}})?(?:{_ZONE})?)?",
    rf"{_MONTH}{_GAP}{_DAY}{_GAP}{_YEAR}{_CLOCK}",
    rf"{_DAY}(?:{_GAP}| of ){_MONTH}{_GAP}{_YEAR}{_CLOCK}",
    rf"{_YEAR}{_GAP}{_MONTH}{_GAP}{_DAY}{_CLOCK}",
    # The formats of the command `date` and of git.
    rf"{_MONTH} {_DAY} {_TIME}(?:{_ZONE})? {_YEAR}",
    rf"{_MONTH} {_DAY} {_TIME} {_YEAR}(?:{_ZONE})?",
)

USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-9]{2}:[0-9]{2}Z")
"""The form that most tools write, which Python parses faster."""

_UTC_NAMES = frozenset({"utc", "ut", "gmt", "z", "etc/utc", "etc/gmt"})

_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The first and the last time of UTC, for days at the ends of the calendar that a time zone moves outside of UTC."""


def parse_instant(text: str, zone: tzinfo = UTC) -> datetime:
    """Parse a date to an instant in UTC. Raises Unreadable.

    Times without an offset are in `zone`. A date without a time is midnight in `zone`. As in RFC 5545, a local time
    that occurs twice is the first of the two, and a skipped local time uses the offset before the gap.
    """
    if USUAL.fullmatch(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    written = " ".join(text.split()) if len(text) <= LONGEST else ""
    found = next(filter(None, (_pattern(spelling).fullmatch(written) for spelling in _SPELLINGS)), None)
    if found is None:
        raise Unreadable(f"{shown(text)} is not a date that can be read in one way only.", HINT)
    try:
        return _instant({name: part for name, part in found.groupdict().items() if part}, zone)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{shown(text)} is not a date that exists: {error}.", HINT) from error


@cache
def _pattern(spelling: str) -> re.Pattern[str]:
    """Compiled on first use, because this is slow and most sites spell their dates in one way."""
    return re.compile(f"{_WEEKDAY}{spelling}", re.IGNORECASE | re.ASCII)


def instant(node: Node, zone: tzinfo) -> datetime | None:
    """The instant of a node, or None if it is empty."""
    written = values.text(node)
    return None if written is None else parse_instant(written, zone)


def day(node: Node) -> datetime | None:
    """The day of a node as its midnight in UTC, or None if it is empty."""
    found = instant(node, UTC)
    if found and found.time() != time.min:
        written = values.text(node) or ""
        raise Unreadable(f"{shown(written)} has a time of day.", f"Write the day only: `{found.date()}`.")
    return found


def _instant(parts: dict[str, str], zone: tzinfo) -> datetime:
    month = int(parts["month"]) if "month" in parts else _MONTHS.index(parts["word"][:3].lower()) + 1
    day = datetime(int(parts["year"]), month, int(parts["day"]))  # noqa: DTZ001 - its zone comes next
    local = _at_time(day, parts)
    if own := _zone(parts):
        return local.replace(tzinfo=own).astimezone(UTC)
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return _LAST if local.year > 1 else _FIRST


def _at_time(day: datetime, parts: dict[str, str]) -> datetime:
    """24:00 is the midnight at the end of the day (ISO 8601)."""
    hour, minute, second = _hour(parts), int(parts.get("minute", 0)), int(parts.get("second", 0))
    microsecond = int(parts.get("fraction", "0")[:6].ljust(6, "0"))
    if (hour, minute, second, microsecond) == (24, 0, 0, 0):
        return day + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=second, microsecond=microsecond)


def _hour(parts: dict[str, str]) -> int:
    hour, half = int(parts.get("hour", 0)), parts.get("half") or parts.get("bare_half")
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("before AM and PM the hour is in 1..12")
    return hour % 12 + (12 if half.lower() == "p" else 0)


def _zone(parts: dict[str, str]) -> tzinfo | None:
    """The zone that the text names, or None."""
    if "utc" in parts:
        return UTC
    if "sign" not in parts:
        return None
    hours, minutes = int(parts["hours"]), int(parts.get("minutes", 0))
    if minutes > 59:
        raise ValueError("an offset has at most 59 minutes")
    offset = timedelta(hours=hours, minutes=minutes)
    if offset and not _UTC_NAMES.isdisjoint({parts.get("name", "").lower(), parts.get("place", "").lower()}):
        raise ValueError("its offset and its zone differ")
    return timezone(-offset if parts["sign"] == "-" else offset)
