"""Extracts text, headings and anchors from sanitised HTML.

The input is the sanitiser's output: tags are well nested, attributes are quoted, and `<` occurs in tags only.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from gateway.content.text import spells

_TAG = re.compile(r'<(/?)([a-z][a-z0-9-]*)((?: [a-z]+="[^"]*")*)>')
_ALT = re.compile(r' alt="([^"]*)"')
_HEADING = re.compile(r"h[1-6]")
_SPACES = re.compile(r"[ \t\n\f\r]+")
_DROPPED = re.compile(r"[^\w\s-]")
BLOCKS = frozenset({
    "article", "aside", "blockquote", "br", "caption", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "summary",
    "table", "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip
CELLS = frozenset({"td", "th"})

OWN_ANCHOR = re.compile(r"\{:? *#(?P<anchor>[A-Za-z][\w:.-]*) *\}$", re.ASCII)
"""An explicit anchor at the end of a heading, as in `{#start}` or kramdown's `{: #start}`."""
NAMELESS = "section"
"""The anchor of a heading without letters and digits."""


class Heading(NamedTuple):
    depth: int
    text: str
    anchor: str


class Outline(NamedTuple):
    html: str
    """The HTML, with the anchor of each heading as its id."""
    text: str
    headings: tuple[Heading, ...]


def outline(sanitised: str) -> Outline:
    reader = _Reader()
    end = 0
    for tag in _TAG.finditer(sanitised):
        reader.text(sanitised[end : tag.start()])
        reader.tag(tag[0], tag[2], tag[3], closes=bool(tag[1]))
        end = tag.end()
    reader.text(sanitised[end:])
    return reader.outline()


class _Reader:
    def __init__(self) -> None:
        self._html: list[str] = []
        self._lines: list[str] = []
        self._line: list[str] = []
        self._pre = 0
        self._headings: list[Heading] = []
        self._anchors = _Anchors()
        self._open: list[tuple[int, int]] = []
        """The open headings: their indexes in the HTML and in the lines."""

    def text(self, escaped: str) -> None:
        self._html.append(escaped)
        self._line.append(html.unescape(escaped))

    def tag(self, written: str, name: str, attributes: str, *, closes: bool) -> None:
        if name in BLOCKS:
            self._end_line()
        elif name in CELLS:
            self._line.append(" ")
        elif name == "img" and (alt := _ALT.search(attributes)):
            self._line.append(html.unescape(alt[1]))
        if _HEADING.fullmatch(name):
            self._heading(int(name[1]), closes=closes)
        self._pre += (-1 if closes else 1) * (name == "pre")
        self._html.append(written)

    def outline(self) -> Outline:
        self._end_line()
        return Outline("".join(self._html), "\n".join(self._lines), tuple(self._headings))

    def _heading(self, depth: int, *, closes: bool) -> None:
        """Open or close a heading. A nested heading is part of the outer one."""
        if not closes:
            self._open.append((len(self._html), len(self._lines)))
            return
        at, first_line = self._open.pop()
        if self._open:
            return
        own = self._own_anchor(first_line)
        if text := _collapsed(" ".join(self._lines[first_line:])):
            anchor = self._anchors.of(own or _anchor(text))
            self._headings.append(Heading(depth, text, anchor))
            self._html[at] = self._html[at].replace(f"<h{depth}", f'<h{depth} id="{anchor}"', 1)

    def _own_anchor(self, first_line: int) -> str | None:
        """Remove the explicit anchor from the text and the HTML of the current heading, and return it."""
        found = OWN_ANCHOR.search(self._html[-1])
        if found is None or len(self._lines) == first_line:
            return None
        self._html[-1] = self._html[-1][: found.start()].rstrip()
        line = OWN_ANCHOR.sub("", self._lines.pop()).rstrip()
        self._lines += [line] if line else []
        return found["anchor"]

    def _end_line(self) -> None:
        line = "".join(self._line)
        line = line.strip("\n").rstrip() if self._pre else _collapsed(line)
        if line:
            self._lines.append(line)
        self._line.clear()


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
