"""Collects the problems of one file while it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from typing import TypeVar

from gateway.content import dates, visibility_flags
from gateway.content.nodes import NOWHERE, ForeignPosition, MappingEntry, MappingNode, Node, Position
from gateway.content.text import fold
from gateway.content.values import Unreadable
from gateway.model.problems import Problem, Severity

T = TypeVar("T")

AUTHORS_AS_TEXT = "AUTHORS_AS_TEXT"
BAD_VALUE = "BAD_VALUE"
BAD_VISIBILITY = "BAD_VISIBILITY"
CONFLICT = "CONFLICT"
LOCALES_UNKNOWN = "LOCALES_UNKNOWN"
MISSING_FILE = "MISSING_FILE"
MISSING_TITLE = "MISSING_TITLE"
PROVIDERS_LEFT_OUT = "PROVIDERS_LEFT_OUT"
RELATED_LEFT_OUT = "RELATED_LEFT_OUT"
RELATED_WITHOUT_TITLE = "RELATED_WITHOUT_TITLE"
TOPICS_AS_TEXT = "TOPICS_AS_TEXT"
UNKNOWN_KEY = "UNKNOWN_KEY"
URL_WITHOUT_DATE = "URL_WITHOUT_DATE"

_DATE = "date"
_LEAST_LETTERS = 5
"""The minimum length of a key for typo detection. Shorter keys are often other words (`data`, `date`)."""


class PositionNeeded(Exception):
    """There is a problem at a node without a position."""


class ProblemCollector:
    """The problems of one file. Decodes values and records their problems.

    A problem at a node without a position raises PositionNeeded.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.problems: list[Problem] = []
        self.failed = False
        """Whether there is an error, which quarantines the file."""

    def error(self, code: str, message: str, position: Position, hint: str) -> None:
        self.failed = True
        self._add(Severity.ERROR, code, message, position, hint)

    def warn(self, code: str, message: str, position: Position, hint: str) -> None:
        self._add(Severity.WARNING, code, message, position, hint)

    def inform(self, code: str, message: str, position: Position, hint: str) -> None:
        self._add(Severity.INFO, code, message, position, hint)

    def value(self, decode: Callable[[Node], T | None], field: MappingEntry | None) -> T | None:
        """Decode the value of a field. An unreadable value gives a warning and None."""
        if field is None:
            return None
        try:
            return decode(field.value)
        except Unreadable as error:
            self._leave_out(field.key.text, field.value, error)
            return None

    def item(self, decode: Callable[[Node], T | None], node: Node, name: str) -> T | None:
        """Decode an entry of a list. `name` is the list's key."""
        try:
            return decode(node)
        except Unreadable as error:
            self._leave_out(name, node, error)
            return None

    def _leave_out(self, name: str, node: Node, error: Unreadable) -> None:
        self.warn(BAD_VALUE, f"`{name}` is left out: {error}", node.position, error.hint)

    def check_keys(
        self,
        fields: MappingNode,
        known: frozenset[str],
        governing: frozenset[str] = frozenset(),
        claimed: frozenset[str] = frozenset(),
    ) -> None:
        """Report keys that are likely misspellings of known keys.

        A misspelling of a `governing` key is an error if its value could hide the file under the correct key. Each
        value of a `claimed` key could, because the site defines its meaning.
        """
        if fields.entries.keys() <= known:
            return
        for name in fields.entries.keys() - known:
            field = fields.entries[name]
            meant = nearest(name, known) or _meant_date(field, governing)
            if meant is None:
                continue
            position, message, hint = field.key.position, f"`{name}` is not a known key.", f"Write `{meant}`."
            if meant in governing and (meant in claimed or visibility_flags.may_hide(meant, field.value)):
                self.error(BAD_VISIBILITY, message, position, hint)
            elif meant in claimed or meant not in visibility_flags.KEYS:
                self.warn(UNKNOWN_KEY, message, position, hint)

    def _add(self, severity: Severity, code: str, message: str, position: Position, hint: str) -> None:
        if isinstance(position, ForeignPosition):
            return  # already reported for the file that the value is inherited from
        if position is NOWHERE:
            raise PositionNeeded
        self.problems.append(Problem(severity, code, message, self._path, position.line, position.column, hint))


def _meant_date(field: MappingEntry, governing: frozenset[str]) -> str | None:
    """Detect a misspelled `date`, which is too short for `nearest`: one edit away, with a date as its value."""
    if _DATE not in governing or not _one_slip(_DATE, field.key.text.casefold()):
        return None
    try:
        return _DATE if dates.instant(field.value, UTC) else None
    except Unreadable:
        return None


@lru_cache(maxsize=4096)
def nearest(name: str, known: frozenset[str]) -> str | None:
    """The known key that differs from a name only in case, accents and white space, or else by one typo."""
    folded, (equal, by_length) = fold(name).strip(), _folded(known)
    if folded in equal:
        return equal[folded]
    alike = (each for length in range(-1, 2) for each in by_length.get(len(folded) + length, ()))
    # One typo in five letters leaves the first two or the last two. This check excludes nearly all keys.
    start, end = folded[:2], folded[-2:]
    close = (each for each in alike if each[1][:2] == start or each[1][-2:] == end)
    return min((key for key, written in close if _one_slip(written, folded)), default=None)


@lru_cache(maxsize=64)
def _folded(known: frozenset[str]) -> tuple[Mapping[str, str], Mapping[int, Sequence[tuple[str, str]]]]:
    """The first of the keys by their casefolded text, and those long enough for typo detection by its length."""
    equal: dict[str, str] = {}
    by_length: dict[int, list[tuple[str, str]]] = {}
    for key in sorted(known):
        folded = key.casefold()
        equal.setdefault(folded, key)
        if len(key) >= _LEAST_LETTERS:
            by_length.setdefault(len(folded), []).append((key, folded))
    return equal, by_length


def _one_slip(left: str, right: str) -> bool:
    """Whether one letter is missing, added or replaced, or two adjacent letters are swapped."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
