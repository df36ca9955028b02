"""Reports unquoted values that end at a comment, where `#` may belong to the value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from functools import partial

from gateway.content import dates, values
from gateway.content.nodes import CutValue, Node, Position, ScalarNode
from gateway.content.values import Unreadable
from gateway.model.problems import Problem, Severity

VALUE_CUT_OFF = "VALUE_CUT_OFF"

_NUMBER = re.compile(r"[+-]?[0-9][0-9_]*+(?:\.[0-9_]*+)?(?:[eE][+-]?[0-9]++)?")


def problem(path: str, cut: CutValue) -> Problem:
    """The problem of a value that a comment ends.

    It is a warning if `#` looks like part of the value: in a text of two or more words, or before a word as in `#foo`.
    """
    is_part = " " in cut.text or cut.comment[:1] not in {" ", "\t"}
    severity = Severity.WARNING if is_part else Severity.INFO
    state = "ends before the `#`" if cut.text else "is empty"
    message = f"The value {state}, because a `#` after a space begins a comment."
    hint = "Put the value in quotes if the `#` belongs to it."
    return Problem(severity, VALUE_CUT_OFF, message, path, *cut.position, hint=hint)


def is_complete(written: str) -> bool:
    """Whether an unquoted text is a number, a date, a boolean or null, and so is not cut off."""
    scalar = ScalarNode(written, True, Position(0, 0))
    if _NUMBER.fullmatch(written) or (written and values.is_null(scalar)):
        return True
    return any(_is_readable(decode, scalar) for decode in (values.boolean, partial(dates.instant, zone=UTC)))


def _is_readable(decode: Callable[[Node], object], scalar: ScalarNode) -> bool:
    try:
        return decode(scalar) is not None
    except Unreadable:
        return False
