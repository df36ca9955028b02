"""Groups problems that differ only in the values that they quote, so that a page shows each kind of problem once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

Issue = Mapping[str, Any]
"""A `ContentIssue`, as the API returns it."""

_VALUE = re.compile(r'(`[^`]*`)|"[^"]*"|\d[\d.,]*')
"""A key in backticks, which stays in the pattern, or a value, which is replaced."""


class ProblemGroup(NamedTuple):
    """Issues with the same severity, code and message, except for the values in the message."""

    id: str
    """The same on each load, so that an open group stays open."""
    severity: str
    code: str
    message: str
    """With `…` in place of values that differ."""
    hint: str | None
    """The hint that all issues share."""
    issues: Sequence[Issue]

    @property
    def file_count(self) -> int:
        return len({issue["path"] for issue in self.issues})


def problem_groups(issues: Sequence[Issue]) -> list[ProblemGroup]:
    """Group issues, in the order of the first issue of each group."""
    groups: dict[tuple[str, str, str], list[Issue]] = {}
    for issue in issues:
        groups.setdefault((issue["severity"], issue["code"], _pattern(issue["message"])), []).append(issue)
    return [_group(*key, members) for key, members in groups.items()]


def _pattern(message: str) -> str:
    return _VALUE.sub(lambda found: found[1] or "…", message)


def _group(severity: str, code: str, pattern: str, issues: Sequence[Issue]) -> ProblemGroup:
    messages, hints = ({issue[key] for issue in issues} for key in ("message", "hint"))
    message = messages.pop() if len(messages) == 1 else pattern
    hint = hints.pop() if len(hints) == 1 else None
    return ProblemGroup(f"{severity}-{code}-{crc32(pattern.encode()):x}", severity, code, message, hint, issues)
