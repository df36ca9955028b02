"""Classifies the lines of a Markdown body, to find the comments outside code.

It approximates the parser, which cannot be used: a comment may extend over blocks. One pass, linear in the length of
the body. Inline syntax is not parsed. Invisible HTML is skipped.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

from gateway.content.html_nesting import TAG, UNSEEN

MOST_LEVELS = 40
"""The maximum depth of nested quotes and lists. Deeper ones are text."""

_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r" {0,3}(?:[-*+]|([0-9]{1,9})[.)])(?: {1,4}(?! )| (?= {4})|(?= *$))")
_RULE = re.compile(r" {0,3}([-_*]) *+(?:\1 *+){2,}+$")
_FENCE = re.compile(r" {0,3}(`{3,}+|~{3,}+)(.*)")
_HEADING = re.compile(r" {0,3}#{1,6}(?: |$)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+) *$")
_HIDING = re.compile(rf" {{0,3}}<(?:(!--)|({'|'.join(sorted(UNSEEN))})(?=[\s/>]|$))", re.IGNORECASE)
_TO_BLANK_LINE = re.compile(r" *$")
_RAW = re.compile(
    r" {0,3}<(?:(pre)(?=[\s>]|$)|(\?)|(!\[CDATA\[)|(![a-z])|/?(?:address|article|aside|base|basefont|blockquote|body"
    r"|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset"
    r"|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search"
    r"|section|source|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?=[\s/>]|$))",
    re.IGNORECASE,
)
_RAW_ENDS = (
    re.compile("</(?:pre|script|style|textarea)>", re.IGNORECASE),
    re.compile(r"\?>"),
    re.compile("]]>"),
    re.compile(">"),
)
"""The ends of the first four kinds of raw HTML. The last kind ends with a blank line."""
_LONE_TAG = re.compile(rf" {{0,3}}{TAG} *$")
"""A tag that begins raw HTML unless it is inside a paragraph."""
_CODE = "    "
_OF_QUOTE = 0
"""Marks a quote in the list of the widths of items' marks."""


class Kind(Enum):
    TEXT = auto()
    HEADING = auto()
    CODE = auto()
    BREAK = auto()
    """Ends a paragraph and is invisible."""


class Line(NamedTuple):
    kind: Kind
    text: str = ""
    """The line without the marks of quotes and lists before it."""
    begins: bool = False
    """Whether it does not continue the paragraph before it."""
    is_raw: bool = False
    """Whether it is raw HTML, in which backticks are not code."""


class Reader:
    """Classifies the lines of one body in order."""

    def __init__(self, body: str) -> None:
        self._body = body
        self._open: list[int] = []
        """The open quotes and items, each item as the width of its mark, by which its content is indented."""
        self._fence = ""
        self._hiding: re.Pattern[str] | None = None
        """The end of the current invisible part."""
        self._last: dict[re.Pattern[str], int] = {}
        """The last offset of each such end in the body."""
        self._in_paragraph = False
        self._raw: re.Pattern[str] | None = None
        """The end of the current raw HTML."""

    @property
    def hides(self) -> bool:
        """Whether the next line is in an invisible part."""
        return self._hiding is not None

    @property
    def ends_at_blank_line(self) -> bool:
        """Whether a blank line ends the current block. It may stay in a quote or a list."""
        return not (self._hiding or self._fence or self._raw)

    def copy(self) -> Reader:
        """A copy, to look ahead."""
        other = Reader.__new__(Reader)
        other.__dict__.update(self.__dict__, _open=list(self._open))
        return other

    def read(self, line: str, at: int) -> Line:
        """Classify the line at an offset of the body."""
        line = line.rstrip("\r\n").expandtabs(4)
        if self._hiding:
            return self._hidden(self._hiding, line)
        rest, depth = self._continued(line)
        if self._raw:
            if depth == len(self._open):
                return self._line(rest, at)
            self._raw = None
        if self._fence:
            if depth == len(self._open):
                return self._fenced(rest)
            self._fence = ""
        is_lazy = self._in_paragraph and rest.strip(" ") and depth < len(self._open) and not self._interrupts(rest)
        if not is_lazy and depth < len(self._open):
            del self._open[depth:]
            self._in_paragraph = False
        if rest[:1].isalpha():  # most lines begin with a letter, which is not a mark
            self._in_paragraph = True
            return Line(Kind.TEXT, rest)
        rest, begins = (rest, False) if is_lazy else self._entered(rest)
        return self._line(rest, at)._replace(begins=begins)

    def _continued(self, line: str) -> tuple[str, int]:
        """The text after the marks of the quotes and items that the line continues, and their number."""
        for depth, width in enumerate(self._open):
            if width == _OF_QUOTE:
                if not (quote := _QUOTE.match(line)):
                    return line, depth
                line = line[quote.end() :]
            elif line.startswith(" " * width):
                line = line[width:]
            elif line.strip(" "):
                return line, depth
        return line, len(self._open)

    def _interrupts(self, rest: str) -> bool:
        """Whether a line that leaves a quote or an item begins a block instead of continuing the paragraph."""
        begins = (_QUOTE, _ITEM, _RULE, _FENCE, _HEADING, _HIDING, _RAW)
        return any(each.match(rest) for each in begins)

    def _entered(self, rest: str) -> tuple[str, bool]:
        """The text after the marks of the quotes and items that the line opens, and whether it opens any."""
        begins = False
        while len(self._open) < MOST_LEVELS:
            if mark := _QUOTE.match(rest):
                self._open.append(_OF_QUOTE)
            elif (mark := _ITEM.match(rest)) and not _RULE.match(rest) and self._may_begin(mark, rest):
                self._open.append(mark.end() + (mark.end() == len(rest)))
            else:
                break
            begins = True
            self._in_paragraph = False
            rest = rest[mark.end() :]
        return rest, begins

    def _may_begin(self, mark: re.Match[str], rest: str) -> bool:
        """A list interrupts a paragraph only if it begins with 1 and its first item is not empty."""
        return not self._in_paragraph or (mark[1] in {None, "1"} and bool(rest[mark.end() :].strip(" ")))

    def _line(self, rest: str, at: int) -> Line:
        if (hiding := _HIDING.match(rest)) and self._last_end(end := _end(hiding)) >= at:
            return self._hidden(end, rest[hiding.end() :])
        if self._raw or self._begins_raw(rest):
            return self._read_raw(rest)
        kind = self._kind(rest)
        self._in_paragraph = kind is Kind.TEXT
        return Line(kind, rest)

    def _begins_raw(self, rest: str) -> bool:
        if raw := _RAW.match(rest):
            self._raw = _RAW_ENDS[raw.lastindex - 1] if raw.lastindex else _TO_BLANK_LINE
        elif not self._in_paragraph and _LONE_TAG.match(rest):
            self._raw = _TO_BLANK_LINE
        return self._raw is not None

    def _read_raw(self, rest: str) -> Line:
        is_blank = not rest.strip(" ")
        if self._raw and (self._raw.match(rest) if self._raw is _TO_BLANK_LINE else self._raw.search(rest)):
            self._raw = None
        self._in_paragraph = False
        kind = Kind.BREAK if is_blank else Kind.HEADING if _HEADING.match(rest) else Kind.TEXT
        return Line(kind, rest, is_raw=True)

    def _kind(self, rest: str) -> Kind:
        if rest.startswith(_CODE) and rest.strip(" ") and not self._in_paragraph:
            return Kind.CODE
        if (fence := _FENCE.match(rest)) and not (fence[1][0] == "`" and "`" in fence[2]):
            self._fence = fence[1]
            return Kind.BREAK
        if self._in_paragraph and _UNDERLINE.match(rest):
            return Kind.HEADING
        if not rest.strip(" ") or _RULE.match(rest):
            return Kind.BREAK
        return Kind.HEADING if _HEADING.match(rest) else Kind.TEXT

    def _fenced(self, rest: str) -> Line:
        closing = _FENCE.match(rest)
        if closing and closing[1].startswith(self._fence) and not closing[2].strip(" "):
            self._fence = ""
            return Line(Kind.BREAK)
        return Line(Kind.CODE, rest)

    def _last_end(self, end: re.Pattern[str]) -> int:
        """The last offset of an end. An unclosed part is visible, except its opening."""
        if end not in self._last:
            self._last[end] = max((found.start() for found in end.finditer(self._body)), default=-1)
        return self._last[end]

    def _hidden(self, end: re.Pattern[str], line: str) -> Line:
        found = end.search(line)
        self._hiding = None if found else end
        self._in_paragraph = False
        if found is None:
            return Line(Kind.BREAK, is_raw=True)
        return Line(Kind.TEXT, line[found.end() :], begins=True, is_raw=True)


def _end(begin: re.Match[str]) -> re.Pattern[str]:
    return re.compile("-->" if begin[1] else rf"</{begin[2].lower()}\b[^>]*>?", re.IGNORECASE)
