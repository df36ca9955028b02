"""Times as numbers: the microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(time: datetime) -> int:
    return (time - EPOCH) // _MICROSECOND


def optional_micros(time: datetime | None) -> int | None:
    return None if time is None else micros(time)


def instant(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def optional_instant(value: int | None) -> datetime | None:
    return None if value is None else instant(value)
