"""What is wrong with a body: a merge conflict, or a comment without an end. It knows nothing of front matter."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.content import comments, merge_conflicts
from gateway.content.lines import Kind, lines, written
from gateway.content.merge_conflicts import MERGE_CONFLICT
from gateway.content.nodes import LineIndex
from gateway.model import Problem, Severity

UNCLOSED_COMMENT = "UNCLOSED_COMMENT"


def of(path: str, body: str, first_line: int) -> Iterator[Problem]:
    """The problems of a body that begins on a line of a file."""

    def problem(code: str, message: str, at: int, hint: str) -> Problem:
        line, column = LineIndex(body).position(at)
        return Problem(Severity.WARNING, code, message, path, line + first_line - 1, column, hint)

    if (at := _conflict(body)) is not None:
        yield problem(MERGE_CONFLICT, merge_conflicts.MESSAGE, at, merge_conflicts.HINT)
    if (at := comments.read(body).unclosed) is not None:
        message = "A comment has no end, and hides the rest of the body."
        yield problem(UNCLOSED_COMMENT, message, at, "Close it, or put its marks in backticks.")


def _conflict(body: str) -> int | None:
    """Where a conflict begins that is not in code."""
    if merge_conflicts.find(body) is None:
        return None
    pairs = zip(written(body), lines(body), strict=True)
    return merge_conflicts.find("".join("\n" * len(line) if read.kind is Kind.CODE else line for line, read in pairs))
