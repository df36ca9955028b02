"""Collects what is wrong with one file while it is decoded. It decides nothing of what the values mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from gateway.content.nodes import Field, Fields, Mark, Node
from gateway.content.values import Unreadable
from gateway.model import Problem, Severity

T = TypeVar("T")

BAD_VALUE = "BAD_VALUE"
BAD_VISIBILITY = "BAD_VISIBILITY"
CONFLICT = "CONFLICT"
MISSING_TITLE = "MISSING_TITLE"
PROVIDERS_LEFT_OUT = "PROVIDERS_LEFT_OUT"
RELATED_LEFT_OUT = "RELATED_LEFT_OUT"
RELATED_WITHOUT_TITLE = "RELATED_WITHOUT_TITLE"
TOPICS_AS_TEXT = "TOPICS_AS_TEXT"
UNKNOWN_KEY = "UNKNOWN_KEY"

_LEAST_LETTERS = 5
"""Of a key that an edit makes another one; among shorter keys an edit is more often another word (`data`, `date`)."""


class Report:
    """The problems of one file, and the reading of values that may add to them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.problems: list[Problem] = []
        self.failed = False
        """Whether there is an error, so that the file is to be set aside."""

    def error(self, code: str, message: str, mark: Mark, hint: str) -> None:
        self.failed = True
        self._add(Severity.ERROR, code, message, mark, hint)

    def warn(self, code: str, message: str, mark: Mark, hint: str) -> None:
        self._add(Severity.WARNING, code, message, mark, hint)

    def inform(self, code: str, message: str, mark: Mark, hint: str) -> None:
        self._add(Severity.INFO, code, message, mark, hint)

    def value(self, decode: Callable[[Node], T | None], field: Field | None) -> T | None:
        """The value of a field; None, with a warning, where it cannot be read."""
        return None if field is None else self.item(decode, field.value, field.key.text)

    def item(self, decode: Callable[[Node], T | None], node: Node, name: str) -> T | None:
        """The same for an entry of a list; `name` is the list's key."""
        try:
            return decode(node)
        except Unreadable as error:
            self.warn(BAD_VALUE, f"`{name}` is left out: {error}", node.mark, error.hint)
            return None

    def check_keys(self, fields: Fields, known: frozenset[str], governing: frozenset[str] = frozenset()) -> None:
        """Tell of keys that look like slips of known ones; those of a `governing` one are errors."""
        for name in fields.entries.keys() - known:
            meant = nearest(name, known)
            if meant is None:
                continue
            mark, message, hint = fields.entries[name].key.mark, f"`{name}` is no known key.", f"Write `{meant}`."
            if meant in governing:
                self.error(BAD_VISIBILITY, message, mark, hint)
            else:
                self.warn(UNKNOWN_KEY, message, mark, hint)

    def _add(self, severity: Severity, code: str, message: str, mark: Mark, hint: str) -> None:
        self.problems.append(Problem(severity, code, message, self._path, mark.line, mark.column, hint))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known key that differs from a name in case alone, or else by one slip of a finger."""
    folded = name.casefold()
    keys = sorted(known)
    for key in keys:
        if key.casefold() == folded:
            return key
    return next((key for key in keys if len(key) >= _LEAST_LETTERS and _one_slip(key.casefold(), folded)), None)


def _one_slip(left: str, right: str) -> bool:
    """Whether one letter is missing, added or another, or two neighbours are swapped."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
