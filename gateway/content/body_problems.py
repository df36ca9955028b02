"""Finds problems in a Markdown body: merge conflicts and unclosed comments."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.content import comments, markup, merge_conflicts
from gateway.content.merge_conflicts import MERGE_CONFLICT
from gateway.content.nodes import LineIndex
from gateway.model.problems import Problem, Severity

UNCLOSED_COMMENT = "UNCLOSED_COMMENT"


def of(path: str, body: str, first_line: int) -> Iterator[Problem]:
    """The problems of a body. `first_line` is the line of the file on which the body begins."""

    def problem(code: str, message: str, at: int, hint: str) -> Problem:
        line, column = LineIndex(body).position(at)
        return Problem(Severity.WARNING, code, message, path, line + first_line - 1, column, hint)

    if (at := _conflict(body)) is not None:
        yield problem(MERGE_CONFLICT, merge_conflicts.MESSAGE, at, merge_conflicts.HINT)
    if (at := comments.read(body).unclosed) is not None:
        message = "The comment is not closed and hides the rest of the body."
        yield problem(UNCLOSED_COMMENT, message, at, "Close it, or put its marks in backticks.")


def _conflict(body: str) -> int | None:
    """The offset of the first merge conflict outside code blocks."""
    return None if merge_conflicts.find(body) is None else merge_conflicts.find(markup.without_code(body))
