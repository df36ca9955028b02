"""Finds the markers of git's merge conflicts in a text."""

from __future__ import annotations

import re

MERGE_CONFLICT = "MERGE_CONFLICT"
MESSAGE = "A merge conflict is not resolved: both versions are in the file."
HINT = "Keep one of the versions, and delete the lines of `<<<<<<<`, `=======` and `>>>>>>>`."

_BEGIN = "<<<<<<<"
_MARKS = tuple(re.compile(rf"(?:^|(?<=\r)){mark}{{7}}(?: [^\r\n]*+)?(?=[\r\n]|\Z)", re.MULTILINE) for mark in "<=>")


def find(text: str, start: int = 0) -> int | None:
    """The offset of the first conflict at or after `start`. Its three markers begin lines, in order."""
    if _BEGIN not in text:
        return None
    begin, at = None, start
    for mark in _MARKS:
        found = mark.search(text, at)
        if found is None:
            return None
        begin, at = found.start() if begin is None else begin, found.end()
    return begin
