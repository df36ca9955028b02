"""Extracts text, headings and anchors from HTML.

The input is the output of the sanitiser, or of the Markdown parser for a body without HTML: tags are well nested, and
`<` before a letter or a slash, and `>` in tags, occur as the marks of tags only.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from gateway.content.text import is_blank, spells
from gateway.model.documents import Heading

_TAG = re.compile(r"(</?[a-z][^>]*>)")
_COMMON = frozenset({"<code>", "</code>", "<em>", "</em>", "<strong>", "</strong>", "</a>"})
"""The most frequent tags that do not affect the text."""
_ALT = re.compile(r' alt="([^"]*)"')
_SPACES = re.compile(r"[ \t\n\f\r]+")
_DROPPED = re.compile(r"[^\w\s-]")
_BLOCKS = (
    "article", "aside", "blockquote", "br", "caption", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "summary",
    "table", "tbody", "tfoot", "thead", "tr", "ul",
)  # fmt: skip


def _both(*names: str) -> frozenset[str]:
    """The names of opening and closing tags, these with a slash."""
    return frozenset(names) | {f"/{name}" for name in names}


_LINE_ENDS = _both(*_BLOCKS)
_CELLS = _both("td", "th")
_HEADINGS = _both("h1", "h2", "h3", "h4", "h5", "h6")
_ENCLOSING = _both("blockquote", "ol", "ul")
_PRE = _both("pre")

_OWN_ANCHOR = re.compile(r"\{:? *#(?P<anchor>[A-Za-z][\w:.-]*) *\}$", re.ASCII)
"""An explicit anchor at the end of a heading, as in `{#start}` or kramdown's `{: #start}`."""
NAMELESS = "section"
"""The anchor of a heading without letters and digits."""


class Outline(NamedTuple):
    html: str
    """The HTML, with the anchor of each heading as its id."""
    text: str
    headings: tuple[Heading, ...]
    title: str | None
    """The first visible heading outside quotes and lists."""


def outline(well_nested: str) -> Outline:
    return _Reader(well_nested).read()


class _Reader:
    def __init__(self, well_nested: str) -> None:
        self._parts = _TAG.split(well_nested)
        """Texts, with the tags between them."""
        self._lines: list[str] = []
        self._line: list[str] = []
        self._pre = 0
        self._enclosing = 0
        """The number of open quotes and lists."""
        self._headings: list[Heading] = []
        self._title: str | None = None
        self._anchors = _Anchors()
        self._open: list[tuple[int, int]] = []
        """The open headings: their indexes in the parts and in the lines."""

    def read(self) -> Outline:
        for at, (text, tag) in enumerate(zip(self._parts[::2], self._parts[1::2], strict=False)):
            self._line.append(text)
            if tag not in _COMMON:
                self._tag(tag, 2 * at + 1)
        self._line.append(self._parts[-1])
        self._end_line()
        return Outline("".join(self._parts), "\n".join(self._lines), tuple(self._headings), self._title)

    def _tag(self, tag: str, at: int) -> None:
        name = tag[1:-1].partition(" ")[0]
        if name in _LINE_ENDS:
            self._block(name, at)
        elif name in _CELLS:
            self._line.append(" ")
        elif name == "img" and (alt := _ALT.search(tag)):
            self._line.append(alt[1])

    def _block(self, name: str, at: int) -> None:
        self._end_line()
        step = -1 if name[0] == "/" else 1
        if name in _HEADINGS:
            self._heading(int(name[-1]), at, closes=step < 0)
        elif name in _ENCLOSING:
            self._enclosing += step
        elif name in _PRE:
            self._pre += step

    def _heading(self, depth: int, at: int, *, closes: bool) -> None:
        """Open or close a heading. A nested heading is part of the outer one."""
        if not closes:
            self._open.append((at, len(self._lines)))
            return
        opening, first_line = self._open.pop()
        if self._open:
            return
        own = self._own_anchor(at - 1, first_line)
        if text := _collapsed(" ".join(self._lines[first_line:])):
            anchor = self._anchors.of(own or _anchor(text))
            self._headings.append(Heading(depth, text, anchor))
            self._parts[opening] = self._parts[opening].replace(f"<h{depth}", f'<h{depth} id="{anchor}"', 1)
            if self._title is None and not self._enclosing and not is_blank(text):
                self._title = text

    def _own_anchor(self, at: int, first_line: int) -> str | None:
        """Remove the explicit anchor from the text and the HTML of the current heading, and return it.

        `at` is the index of the last text before the closing tag.
        """
        found = _OWN_ANCHOR.search(self._parts[at])
        if found is None or len(self._lines) == first_line:
            return None
        self._parts[at] = self._parts[at][: found.start()].rstrip()
        line = _OWN_ANCHOR.sub("", self._lines.pop()).rstrip()
        self._lines += [line] if line else []
        return found["anchor"]

    def _end_line(self) -> None:
        line = "".join(self._line)
        self._line.clear()
        if line.isspace():
            return
        if "&" in line:
            line = html.unescape(line)
        line = line.strip("\n").rstrip() if self._pre else _collapsed(line)
        if line:
            self._lines.append(line)


def _collapsed(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


class _Anchors:
    """Gives each heading a unique anchor, which does not depend on the headings after it."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}
        """The last suffix number tried for each anchor."""

    def of(self, first: str) -> str:
        anchor = first
        while anchor in self._given:
            self._given[first] += 1
            anchor = f"{first}-{self._given[first]}"
        self._given[anchor] = 0
        return anchor


def _anchor(text: str) -> str:
    """The anchor by GitHub's rule: lower case, without punctuation, a hyphen for each space. Accents are retained."""
    if not any(map(str.isalnum, text)):
        return NAMELESS
    kept = _DROPPED.sub(lambda sign: sign[0] if spells(sign[0]) else "", text.lower())
    return re.sub(r"\s", "-", kept)
