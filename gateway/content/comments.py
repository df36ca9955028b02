"""Removes the comments of Markdown's dialects from a body. It renders nothing and knows no Markdown parser.

The forms are `<!-- … -->`, Obsidian's `%%…%%`, Liquid's `{% comment %}…{% endcomment %}` and `{% # … %}`, Hugo's
`{{/* … */}}` and its shortcode `comment`, and MDX's `{/* … */}`. Code spans and code blocks stay as they are written. A
comment without an end reaches to the end of the body. The time is linear in the length of the body.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

from gateway.content.html_nesting import TAG
from gateway.content.lines import Kind, Line, Reader

LEFT = "<!---->"
"""Stands for an HTML comment, which has a meaning between blocks: it ends a list or a paragraph."""

_HINTS = ("<!--", "%%", "{%", "/*", "comment")
_MARK = re.compile(r"[\\`<%{]")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_OPENING = re.compile(
    r"(?=[<%{])(?:(?P<html><!--(?P<whole>-?>)?)|(?P<obsidian>(?<!%)%%%?(?!%))|(?P<liquid>\{%-?\s*+comment\b[^%{}]*+%\})"
    r"|(?P<line>\{%-?\s*+#)|(?P<shortcode>\{\{[<%]\s*+comment\s*+[>%]\}\})|(?P<hugo>\{\{-?\s*+/\*)|(?P<mdx>\{\s*+/\*))"
)
_ENDS: Mapping[str, re.Pattern[str]] = {
    "html": re.compile("-->"),
    "obsidian": re.compile("%%+"),
    "line": re.compile(r"%\}"),
    "shortcode": re.compile(r"\{\{[<%]\s*+/\s*+comment\s*+[>%]\}\}"),
    "hugo": re.compile(r"\*/\s*+-?\}\}"),
    "mdx": re.compile(r"\*/\s*+\}"),
}
_LIQUID = re.compile(r"\{%-?\s*+(end)?comment\b[^%{}]*+%\}")
_ANGLE = re.compile(rf"{TAG}|<[A-Za-z][A-Za-z0-9+.-]{{1,31}}+:[^\s<>]*+>")
_TICKS = re.compile("`+")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n|\Z)")
_BLANK = re.compile(r"[ \t]*+")
_TABLE = re.compile(r"[ \t>]*+[-:|][-:| \t]*+$")
_CELL = re.compile(r"(?:[^|\\\r\n]|\\.)*+")


class Stripped(NamedTuple):
    text: str
    """The body without its comments."""
    unclosed: int | None = None
    """The offset in the body of a comment without an end."""


def strip(body: str) -> str:
    """The body without its comments."""
    return read(body).text


@lru_cache(maxsize=1)  # the index, the title and the problems of a file each need the same body
def read(body: str) -> Stripped:
    """Remove the comments of a body. Of an HTML comment an empty one remains."""
    may_hold_some = any(hint in body for hint in _HINTS) and _OPENING.search(body)
    return _Stripper(body).run() if may_hold_some else Stripped(body)


class _Stripper:
    """Writes a body without its comments, line by line.

    `Reader` is given the lines as they are written here, so that no comment can open or close a block.
    """

    def __init__(self, body: str) -> None:
        self._body = body
        self._reader = Reader(body)
        self._before, self._at = self._reader, 0
        """The line that is written: the reader before it, and where it begins."""
        self._written: list[str] = []
        self._unclosed: int | None = None
        self._code_end = 0
        """Where the code span ends that the last line began."""
        self._inert_end = 0
        """Where the tag or the address ends in which backticks are not code."""
        self._paragraph_end = 0
        """Where the paragraph ends that was looked at last."""
        self._is_table = False
        self._unpaired = set[int]()
        """The lengths of the runs of backticks in this paragraph that open nothing."""

    def run(self) -> Stripped:
        at = 0
        while at < len(self._body):
            at = self._line(at, self._line_end(at))
        return Stripped("".join(self._written), self._unclosed)

    def _line_end(self, at: int) -> int:
        found = _LINE.match(self._body, at)
        return found.end() if found else len(self._body)

    def _line(self, at: int, end: int) -> int:
        """Write the line that begins at a place. Returns where the next one begins."""
        line = self._body[at:end]
        before = self._reader.copy() if _MARK.search(line) else None
        seen = self._read(line, at)
        is_code = seen.kind is Kind.CODE and at >= self._code_end
        if before is None or is_code or (before.hides and self._reader.hides):
            self._written.append(line)
            return end
        self._before, self._at = before, at
        count = len(self._written)
        following = self._text(at, end, is_raw=seen.is_raw)
        if len(self._written) > count + 1:  # a comment is gone
            self._reader = before
            self._read("".join(self._written[count:]), at)
        return following

    def _read(self, line: str, at: int) -> Line:
        read = self._reader.read(line, at)
        if read.kind is not Kind.TEXT or read.begins:
            self._unpaired.clear()
            self._is_table = False
        return read

    def _look_ahead(self) -> None:
        """Find the end of the paragraph that begins or goes on with the line."""
        reader, end = self._before.copy(), self._line_end(self._at)
        line = reader.read(self._body[self._at : end], self._at)
        while line.kind is Kind.TEXT and not line.is_raw and end < len(self._body):
            following = self._line_end(end)
            line = reader.read(self._body[end:following], end)
            if line.kind is not Kind.TEXT or line.begins or line.is_raw:
                break
            self._is_table |= _TABLE.match(line.text) is not None
            end = following
        self._paragraph_end = end

    def _text(self, at: int, end: int, *, is_raw: bool) -> int:
        """Write a line without its comments. Returns where the next one begins."""
        copied, at = at, max(at, min(self._code_end, end))
        while mark := _MARK.search(self._body, at, end):
            at = mark.start()
            opening = _OPENING.match(self._body, at)
            closed = self._closed(opening, end) if opening else at
            if opening and closed != at:
                self._written.append(self._body[copied:at])
                self._written.append(LEFT if opening["html"] else "")
                if closed is None:
                    self._unclosed = at
                    return len(self._body)
                if closed > end:
                    return self._resume(closed)
                copied = at = closed
            else:
                at = self._skip(at, is_raw=is_raw)
        self._written.append(self._body[copied:end])
        return end

    def _resume(self, at: int) -> int:
        """Go on after a comment of several lines, on a new line unless nothing follows."""
        blank = _BLANK.match(self._body, at)
        at = blank.end() if blank else at
        end = self._line_end(at)
        if not self._body[at:end].strip("\r\n"):
            self._written.append(self._body[at:end])
            return end
        self._written.append("\n")
        return at

    def _closed(self, opening: re.Match[str], line_end: int) -> int | None:
        """Where a comment ends, None if nowhere.

        Where it begins if it is not one: after a digit `%%` opens only a comment of one line.
        """
        form, at = opening.lastgroup or "", opening.end()
        if opening["whole"]:
            return at
        if form == "liquid":
            return self._liquid_end(at)
        found = _ENDS[form].search(self._body, at)
        after_digit = form == "obsidian" and self._body[opening.start() - 1 : opening.start()].isdigit()
        if after_digit and (found is None or found.end() > line_end):
            return opening.start()
        return found.end() if found else None

    def _liquid_end(self, at: int) -> int | None:
        depth = 1
        for tag in _LIQUID.finditer(self._body, at):
            depth += -1 if tag[1] else 1
            if not depth:
                return tag.end()
        return None

    def _skip(self, at: int, *, is_raw: bool) -> int:
        """Where to go on after a mark that begins no comment."""
        if is_raw:
            return at + 1
        if self._body[at] == "\\":
            return at + 1 + bool(_PUNCTUATION.match(self._body, at + 1))
        if angle := _ANGLE.match(self._body, at):
            self._inert_end = angle.end()
        if not (ticks := _TICKS.match(self._body, at)):
            return at + 1
        if at >= self._inert_end and (end := self._code_span(ticks)):
            self._code_end = end
            return end
        return ticks.end()

    def _code_span(self, ticks: re.Match[str]) -> int | None:
        """Where the code span ends that a run of backticks begins, None if it begins none."""
        if self._at >= self._paragraph_end:
            self._look_ahead()
        length = len(ticks[0])
        runs = self._runs[length]
        following = bisect_left(runs, ticks.end())
        end = runs[following] + length if following < len(runs) else len(self._body) + 1
        if length in self._unpaired or end > min(self._paragraph_end, self._cell_end(ticks.end())):
            self._unpaired.add(length)
            return None
        return end

    def _cell_end(self, at: int) -> int:
        cell = _CELL.match(self._body, at) if self._is_table else None
        return cell.end() if cell else len(self._body)

    @cached_property
    def _runs(self) -> Mapping[int, list[int]]:
        """The places of the runs of backticks by their lengths."""
        runs = defaultdict[int, list[int]](list)
        for run in _TICKS.finditer(self._body):
            runs[len(run[0])].append(run.start())
        return runs
