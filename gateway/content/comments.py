"""Removes the comments of Markdown's dialects from a body.

The forms are those of HTML, Obsidian, Liquid, Jinja, Handlebars, Hugo, MDX and kramdown, as docs/bodies.md lists them.
Elements of HTML with the attribute `hidden` count as comments. Code spans and code blocks are unchanged. An unclosed
comment extends to the end of the body. Time is linear in the length of the body.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import NamedTuple

from gateway.content.html_nesting import ATTRIBUTE_TEXT, NAME, TAG, UNSEEN
from gateway.content.lines import Kind, Line, Reader

LEFT = "<!---->"
"""Replaces an HTML comment or element, because between blocks it ends a list or a paragraph."""

MORE = "<!--more-->"
"""The end of an excerpt."""
_MORE = re.compile(r"\s*+(?:more|truncate|excerpt)\s*+(?:-->|\*/\s*+\})")
"""A comment that ends the excerpt, after its opening."""
_MARK = re.compile(r"[\\`<%{]")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_HIDDEN = r"\s++(?i:hidden)[\s=/>]"
_ELEMENT = (
    rf"(?P<tag>{NAME})(?:(?!{_HIDDEN}){ATTRIBUTE_TEXT})*+(?={_HIDDEN})(?:{ATTRIBUTE_TEXT})*+\s*+(?P<is_closed>/)?+>"
)
# Each alternative begins with a literal, which makes the search fast. `{#id}` is an attribute of kramdown and Pandoc.
_OPENING = re.compile(
    rf"<(?:(?P<html>!--(?P<is_whole>-?>)?)|(?P<element>{_ELEMENT}))"
    r"|%(?P<obsidian>(?<!%%)%%?(?!%))"
    r"|\{(?:(?P<liquid>%-?\s*+comment\b[^%{}]*+%\})|(?P<doc>%-?\s*+doc\s*+-?%\})|(?P<line>%-?\s*+#)"
    r"|(?P<jinja>#(?=[-+]?\s|[^{}]++(?<=#)\}))|(?P<kramdown>::comment\s*+(?P<is_empty>/)?+\})"
    r"|(?P<shortcode>\{[<%]\s*+comment\s*+[>%]\}\})|(?P<hugo>\{-?\s*+/\*)|(?P<mdx>\s*+/\*)"
    r"|(?P<handlebars>\{~?!--)|(?P<mustache>\{~?!))"
)
_TAG_OPENING = re.compile(rf"<(?:!--|{NAME}\s)")
_ENDS: Mapping[str, re.Pattern[str]] = {
    "html": re.compile("-->"),
    "obsidian": re.compile("%%+"),
    "doc": re.compile(r"\{%-?\s*+enddoc\s*+-?%\}"),
    "line": re.compile(r"%\}"),
    "jinja": re.compile(r"#\}"),
    "kramdown": re.compile(r"\{:/(?:comment)?\s*+\}"),
    "shortcode": re.compile(r"\{\{[<%]\s*+/\s*+comment\s*+[>%]\}\}"),
    "hugo": re.compile(r"\*/\s*+-?\}\}"),
    "mdx": re.compile(r"\*/\s*+\}"),
    "handlebars": re.compile(r"--~?\}\}"),
    "mustache": re.compile(r"\}\}"),
}
_LIQUID = re.compile(r"\{%-?\s*+(end)?comment\b[^%{}]*+%\}")
_ELEMENTS = re.compile(
    rf"<(?:/(?P<end>{NAME})\s*+>|(?P<start>{NAME})(?=[\s/>])(?:{ATTRIBUTE_TEXT})*+\s*+(?P<is_closed>/>)?+)"
)
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
_FRESH = re.compile(r"(?<=\n)\r?\n(?=[^\s>])")
"""A blank line that ends all quotes and lists, because the next line does not continue them."""
_LASTING = re.compile(rf"```|~~~|<(?i:[!?]|(?:pre|{'|'.join(sorted(UNSEEN))})\b)")
"""The beginning of a block that a blank line may not end."""
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
    """The offset in the body of an unclosed comment."""
    more: int | None = None
    """The offset in the text of the first comment that ends the excerpt."""
    copied: tuple[tuple[int, int], ...] = ((0, 0),)
    """The offsets in the text, and in the body, of the parts that are copied."""

    def origin(self, at: int) -> int:
        """The offset in the body of a character of the text."""
        to, source = self.copied[max(0, bisect_right(self.copied, at, key=itemgetter(0)) - 1)]
        return source + at - to


def strip(body: str) -> str:
    """The body without its comments."""
    return read(body).text


@lru_cache(maxsize=1)  # the index, the title and the problems of a file all read the same body
def read(body: str) -> Stripped:
    """Remove the comments of a body. An HTML comment is replaced by an empty one."""
    return _Stripper(body).run() if _may_open(body) and _OPENING.search(body) else Stripped(body)


def _may_open(body: str) -> bool:
    """Whether there is the first character of a comment. Faster than the search for an opening."""
    return "{" in body or "%" in body or _TAG_OPENING.search(body) is not None


class _Stripper:
    """Writes a body without its comments, line by line.

    `Reader` receives the lines without comments, so that a comment cannot open or close a block.
    """

    def __init__(self, body: str) -> None:
        self._body = body
        self._reader = Reader(body)
        self._before, self._at = self._reader, 0
        """The current line: the reader's state before it, and its offset."""
        self._written: list[str] = []
        self._length = 0
        self._copied = [(0, 0)]
        self._more: int | None = None
        self._unclosed: int | None = None
        self._code_end = 0
        """The end of the code span that the last line opened."""
        self._inert_end = 0
        """The end of the tag or autolink in which backticks are not code."""
        self._paragraph_end = 0
        """The end of the paragraph that `_look_ahead` last scanned."""
        self._is_table = False
        self._unpaired = set[int]()
        """The lengths of the runs of backticks in this paragraph that do not open a code span."""
        self._skipped_to = -1
        """The offset up to which `_skip_blocks` has looked for blocks to skip."""

    def run(self) -> Stripped:
        at = self._skip_blocks(0)
        while at < len(self._body):
            at = self._skip_blocks(self._line(at, self._line_end(at)))
        return Stripped("".join(self._written), self._unclosed, self._more, tuple(self._copied))

    def _write(self, text: str) -> None:
        self._written.append(text)
        self._length += len(text)

    def _copy(self, start: int, end: int) -> None:
        to, source = self._copied[-1]
        if start < end and self._length - to != start - source:
            self._copied.append((self._length, start))
        self._write(self._body[start:end])

    def _skip_blocks(self, at: int) -> int:
        """Write the blocks that do not affect any opening, without a look at their lines. Returns the offset after
        them."""
        if at <= self._skipped_to or at < self._code_end or not self._reader.ends_at_blank_line:
            return at
        opening = _OPENING.search(self._body, at)
        end = len(self._body)
        if opening:
            lasting = _LASTING.search(self._body, at, opening.start())
            self._skipped_to = (lasting or opening).start()
            fresh = [found.start() for found in _FRESH.finditer(self._body, at, self._skipped_to + 1)]
            end = fresh[-1] if fresh else at
        self._copy(at, end)
        return end

    def _line_end(self, at: int) -> int:
        found = _LINE.match(self._body, at)
        return found.end() if found else len(self._body)

    def _line(self, at: int, end: int) -> int:
        """Write the line at an offset. Returns the offset of the next line."""
        line = self._body[at:end]
        before = self._reader.copy() if _MARK.search(line) else None
        seen = self._read(line, at)
        is_code = seen.kind is Kind.CODE and at >= self._code_end
        if before is None or is_code or (before.hides and self._reader.hides):
            self._copy(at, end)
            return end
        self._before, self._at = before, at
        count = len(self._written)
        following = self._text(at, end, is_raw=seen.is_raw)
        if len(self._written) > count + 1:  # a comment was removed
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
        """Find the end of the paragraph that contains the current line."""
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
        """Write a line without its comments. Returns the offset of the next line."""
        copied, at = at, max(at, min(self._code_end, end))
        while mark := _MARK.search(self._body, at, end):
            at = mark.start()
            opening = _OPENING.match(self._body, at)
            closed = self._closed(opening, end) if opening else at
            if opening and closed != at:
                self._copy(copied, at)
                if (
                    self._more is None
                    and (opening["html"] or opening["mdx"])
                    and _MORE.match(self._body, opening.end())
                ):
                    self._more = self._length
                self._write(LEFT if opening["html"] or opening["element"] else "")
                if closed is None:
                    self._unclosed = at
                    return len(self._body)
                if closed > end:
                    return self._resume(closed)
                copied = at = closed
            else:
                at = self._skip(at, is_raw=is_raw)
        self._copy(copied, end)
        return end

    def _resume(self, at: int) -> int:
        """Continue after a multi-line comment, on a new line unless only white space follows."""
        blank = _BLANK.match(self._body, at)
        at = blank.end() if blank else at
        end = self._line_end(at)
        if not self._body[at:end].strip("\r\n"):
            self._copy(at, end)
            return end
        self._write("\n")
        return at

    def _closed(self, opening: re.Match[str], line_end: int) -> int | None:
        """The end of a comment, or None if it is unclosed.

        Returns the opening's own offset if it does not open a comment: after a digit, `%%` opens only a comment that
        closes on the same line, or one whose marks end a line and begin another.
        """
        form, at = opening.lastgroup or "", opening.end()
        if opening["is_whole"] or opening["is_empty"]:
            return at
        if form == "liquid":
            return self._liquid_end(at)
        if form == "element":
            return self._element_end(opening)
        found = _ENDS[form].search(self._body, at)
        after_digit = form == "obsidian" and self._body[opening.start() - 1 : opening.start()].isdigit()
        if after_digit and (found is None or not (found.end() <= line_end or self._parts_lines(at, found.start()))):
            return opening.start()
        return found.end() if found else None

    def _parts_lines(self, at: int, end: int) -> bool:
        """Whether only white space is before the first line break of a part of the body, and after the last."""
        first, _, others = self._body[at:end].replace("\r", "\n").partition("\n")
        return not first.strip() and not others.rpartition("\n")[2].strip()

    def _liquid_end(self, at: int) -> int | None:
        depth = 1
        for tag in _LIQUID.finditer(self._body, at):
            depth += -1 if tag[1] else 1
            if not depth:
                return tag.end()
        return None

    def _element_end(self, opening: re.Match[str]) -> int | None:
        """The end of an element, after the elements of the same name in it. Paragraphs do not contain paragraphs."""
        name, depth = opening["tag"].lower(), 1
        if opening["is_closed"] or name in _VOID:
            return opening.end()
        for tag in _ELEMENTS.finditer(self._body, opening.end()):
            if (tag["end"] or "").lower() == name:
                depth -= 1
            elif (tag["start"] or "").lower() == name != "p" and not tag["is_closed"]:
                depth += 1
            if not depth:
                return tag.end()
        return None

    def _skip(self, at: int, *, is_raw: bool) -> int:
        """The offset after a mark that does not open a comment."""
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
        """The end of the code span that a run of backticks opens, or None if it does not open one."""
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
        """The offsets of the runs of backticks, by length."""
        runs = defaultdict[int, list[int]](list)
        for run in _TICKS.finditer(self._body):
            runs[len(run[0])].append(run.start())
        return runs
