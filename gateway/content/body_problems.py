"""Finds problems in a Markdown body: merge conflicts, unclosed comments and tags of templates that are removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from operator import attrgetter

from gateway.content import comments, markup, merge_conflicts
from gateway.content.merge_conflicts import MERGE_CONFLICT
from gateway.content.nodes import LineIndex
from gateway.model.documents import BodyRules
from gateway.model.problems import Problem, Severity

UNCLOSED_COMMENT = "UNCLOSED_COMMENT"
TAG_REMOVED = "TAG_REMOVED"


def of(path: str, body: str, first_line: int, rules: BodyRules) -> Iterator[Problem]:
    """The problems of a body. `first_line` is the line of the file on which the body begins."""

    def problem(code: str, message: str, at: int, hint: str, severity: Severity = Severity.WARNING) -> Problem:
        line, column = LineIndex(body).position(at)
        return Problem(severity, code, message, path, line + first_line - 1, column, hint)

    if (at := _conflict(body)) is not None:
        yield problem(MERGE_CONFLICT, merge_conflicts.MESSAGE, at, merge_conflicts.HINT)
    if (at := comments.read(body).unclosed) is not None:
        message = "The comment is not closed and hides the rest of the body."
        yield problem(UNCLOSED_COMMENT, message, at, "Close it, or put its marks in backticks.")
    tags = list(markup.removed_tags(body, rules))
    counts = Counter(tag.name for tag in tags)
    for tag in sorted({tag.name: tag for tag in reversed(tags)}.values(), key=attrgetter("at")):
        times = "once" if counts[tag.name] == 1 else f"{counts[tag.name]} times"
        message = f"`{tag.name}` is not supported. It is removed from the body, {times}."
        hint = "Write Markdown or HTML in its place, or put it in backticks to show it."
        yield problem(TAG_REMOVED, message, tag.at, hint, Severity.INFO)


def _conflict(body: str) -> int | None:
    """The offset of the first merge conflict outside code blocks."""
    return None if merge_conflicts.find(body) is None else merge_conflicts.find(markup.without_code(body))
