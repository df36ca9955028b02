"""Single values, decoded by the type that the model wants, from the text as written.

Nothing is guessed from how a value looks, and nothing is known of the keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from gateway.content.nodes import Fields, Items, Mark, Node, Scalar

_TRUE = frozenset({"true", "yes", "on", "1", "y"})
_FALSE = frozenset({"false", "no", "off", "0", "n"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_SPACE = " \t\r\n"

_INTEGER = re.compile(r"([+-]?)(?=[0-9])0*+([0-9]*+)(?:\.0*+)?")
_LEAST, _MOST = -(2**31), 2**31 - 1

_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"[ \t]*(?:[Zz]|UTC|GMT|([+-])([0-9]{1,2})(?::?([0-9]{2}))?)?)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_MONTH_FIRST = re.compile(rf"{_MONTH}\.? +([0-9]{{1,2}}),? +([0-9]{{4}})", re.IGNORECASE)
_DAY_FIRST = re.compile(rf"([0-9]{{1,2}})\.? +{_MONTH}\.?,? +([0-9]{{4}})", re.IGNORECASE)
_JSON_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_NUMBER = re.compile(r"[+-]?[0-9][0-9_]*+(?:\.[0-9_]*+)?(?:[eE][+-]?[0-9]++)?")
_SHOWN = 60


class Unreadable(ValueError):
    """A value is not of the kind that is wanted."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def is_null(node: Node) -> bool:
    """Whether the author wrote nothing, or one of YAML's words for nothing without quotes."""
    return isinstance(node, Scalar) and _said(node) is None


def text(node: Node) -> str | None:
    """The text as written, without white space around it; None where it is empty."""
    return _said(_scalar(node))


def verbatim(node: Node) -> str | None:
    """The text to the last white space; None where it is empty."""
    scalar = _scalar(node)
    return None if is_null(scalar) else scalar.text


def integer(node: Node) -> int | None:
    """A decimal of 32 bits, GraphQL's `Int`; `24.0` is 24, since some tools write every number so."""
    written = text(node)
    if written is None:
        return None
    found = _INTEGER.fullmatch(written)
    hint = f"Write a whole number from {_LEAST} to {_MOST}."
    if not found:
        raise Unreadable(f"{shown(written)} is no whole number.", hint)
    # The length comes first: Python refuses to convert very long numbers.
    if len(found[2]) > 10 or not _LEAST <= (number := int(found[1] + (found[2] or "0"))) <= _MOST:
        raise Unreadable(f"{shown(written)} does not fit into 32 bits.", hint)
    return number


def boolean(node: Node) -> bool | None:
    """One of the usual words, quoted or not, in any case; None where it is empty."""
    written = text(node)
    if written is None:
        return None
    word = written.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Unreadable(f"{shown(written)} is neither true nor false.", "Write true or false.")


def instant(node: Node) -> datetime | None:
    """An ISO 8601 date, with or without a time, or a day whose month is an English word.

    Without offset it is taken as UTC, without time as midnight.
    """
    written = text(node)
    if written is None:
        return None
    found = _INSTANT.fullmatch(_numbered(written))
    hint = "Write it as 2024-03-21T16:00:00Z, or as 2024-03-21."
    if not found:
        raise Unreadable(f"{shown(written)} is no date.", hint)
    try:
        return _utc(found)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{shown(written)} is no date that exists: {error}.", hint) from error


def is_complete(written: str) -> bool:
    """Whether a text without quotes is a number, a date, or a word for true, false or nothing, and so not cut off."""
    if _NUMBER.fullmatch(written) or (written and written in _NULL):
        return True
    scalar = Scalar(written, True, Mark(0, 0))
    return any(_is_readable(decode, scalar) for decode in (boolean, instant))


def _is_readable(decode: Callable[[Node], object], scalar: Scalar) -> bool:
    try:
        return decode(scalar) is not None
    except Unreadable:
        return False


def json_value(node: Node) -> object:
    """The node as JSON, without keys named `secured`.

    A plain scalar is a number, true, false or null only where that prints as its author wrote it: `1.10` is text.
    """
    if isinstance(node, Items):
        return [json_value(each) for each in node.nodes]
    if isinstance(node, Fields):
        return json_object(node)
    return _json_scalar(node.text) if node.plain else node.text


def json_object(fields: Fields) -> dict[str, object]:
    return {key: json_value(field.value) for key, field in fields.entries.items() if not _is_secured(key)}


def shown(written: str) -> str:
    """A value as a message quotes it."""
    return f'"{written if len(written) <= _SHOWN else written[: _SHOWN - 1] + "…"}"'


def _is_secured(key: str) -> bool:
    """A slip of case must not show what is never shown."""
    return key.strip().casefold() == "secured"


def _scalar(node: Node) -> Scalar:
    if isinstance(node, Scalar):
        return node
    found = "list" if isinstance(node, Items) else "mapping"
    raise Unreadable(f"A {found} stands where a single value is wanted.", "Write a single value.")


def _said(scalar: Scalar) -> str | None:
    return None if scalar.plain and scalar.text in _NULL else scalar.text.strip(_SPACE) or None


def _numbered(written: str) -> str:
    """A day with its month as a number, where that is a word; else the text as it is."""
    if found := _MONTH_FIRST.fullmatch(written):
        month, day, year = found.groups()
    elif found := _DAY_FIRST.fullmatch(written):
        day, month, year = found.groups()
    else:
        return written
    return f"{year}-{_MONTHS.index(month[:3].lower()) + 1}-{day}"


def _utc(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    micros = int(fraction[:6].ljust(6, "0")) if fraction else 0
    time = (int(hour or 0), int(minute or 0), int(second or 0), micros)
    moment = datetime(int(year), int(month), int(day), *time, tzinfo=UTC)
    if sign is None:
        return moment
    if int(minutes or 0) > 59:
        raise ValueError("an offset has at most 59 minutes")
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return moment.replace(tzinfo=timezone(-offset if sign == "-" else offset)).astimezone(UTC)


def _json_scalar(written: str) -> object:
    if written in _NULL:
        return None
    if written in {"true", "false"}:
        return written == "true"
    if found := _JSON_NUMBER.fullmatch(written):
        number = float(written) if found[1] else int(written)
        return number if repr(number) == written else written
    return written
