"""Finds the date in a path or in another text by a pattern, such as `{year}/{month}/{day}/`."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from functools import partial
from typing import NamedTuple

from gateway.content import dates, values
from gateway.content.nodes import MappingEntry, Node, ScalarNode
from gateway.content.values import Unreadable, shown

HINT = 'Write it as in "{year}/{month}/{day}/". The other parts are {hour}, {minute} and {second}.'

_PARTS = {
    "year": "[0-9]{4}",
    "month": "[0-9]{1,2}|[A-Za-z]{3,9}",
    **dict.fromkeys(("day", "hour", "minute", "second"), "[0-9]{1,2}"),
}
_PART = re.compile(r"\{([^{}]*)\}")


class BadPattern(ValueError):
    """An invalid pattern."""


class DatePattern(NamedTuple):
    """The place of a date in a text. Parts in braces are numbers, or the month's English name. Other text is literal.

    Without a month or a day, the date is the first one of the year or of the month.
    """

    text: str
    regex: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> DatePattern:
        """Raises BadPattern."""
        names = _PART.findall(text)
        if unknown := [name for name in names if name not in _PARTS]:
            raise BadPattern(f"{shown(f'{{{unknown[0]}}}')} is not a part of a date.")
        if len(names) > len(set(names)):
            raise BadPattern("A part is repeated.")
        before = ("year", *(name for name in ("month", "day", "hour", "minute", "second") if name in names))
        if set(names) != set(before) or list(_PARTS)[: len(before)] != list(before):
            raise BadPattern("A part is missing: a day has a month and a year, and a minute has an hour and a day.")
        literals = _PART.split(text)[::2]
        regex = re.escape(literals[0]) or "(?<![0-9A-Za-z])"
        for name, literal in zip(names, literals[1:], strict=True):
            regex += f"(?P<{name}>{_PARTS[name]}){re.escape(literal)}"
        return cls(text, re.compile(regex if literals[-1] else f"{regex}(?![0-9A-Za-z])"))

    def in_path(self, path: str, zone: tzinfo) -> tuple[datetime, int] | None:
        """The date in a path, and the offset of its end. It begins with a name. None if it is not in the calendar."""
        for found in self.regex.finditer(path):
            if found.start() == 0 or path[found.start() - 1] == "/":
                try:
                    return dates.parse_instant(_written(found), zone), found.end()
                except Unreadable:
                    continue
        return None

    def in_text(self, text: str) -> str:
        """The date in a text, in a usual spelling, or ""."""
        found = self.regex.search(text)
        return _written(found) if found else ""


class DateText(NamedTuple):
    """How to find the date in the text of a key."""

    pattern: DatePattern | None
    ignored: frozenset[str]
    """Texts that are not dates, casefolded."""

    def dated(self, field: MappingEntry, *, is_address: bool) -> MappingEntry:
        """The field with its date only. A text without the pattern remains, except that an address has no date."""
        date = partial(self._date, is_address=is_address)
        return field._replace(value=date(field.value), repeated=tuple(map(date, field.repeated)))

    def _date(self, node: Node, *, is_address: bool) -> Node:
        if not isinstance(node, ScalarNode) or values.is_null(node):
            return node
        if node.text.strip().casefold() in self.ignored:
            return node._replace(text="")
        if self.pattern is None:
            return node
        found = self.pattern.in_text(node.text)
        return node._replace(text=found, plain=False) if found or is_address else node


def _written(found: re.Match[str]) -> str:
    """The date that a pattern found, in a usual spelling."""
    part = {"month": "1", "day": "1", **found.groupdict()}
    day = f"{part['year']}-{part['month']}-{part['day']}"
    if part["month"].isalpha():
        day = f"{part['day']} {part['month']} {part['year']}"
    if "hour" not in part:
        return day
    return f"{day} {part['hour']}:{part.get('minute', '0').zfill(2)}:{part.get('second', '0').zfill(2)}"
