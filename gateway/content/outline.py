"""Extracts text, headings and anchors from HTML.

The input is the output of the sanitiser, or of the Markdown parser for a body without HTML: tags are well nested, and
`<` before a letter or a slash, and `>` in tags, occur as the marks of tags only.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple

from gateway.content.footnotes import NOTE_ID, REFERENCE_ID
from gateway.content.text import is_blank
from gateway.model.documents import Heading

# The most frequent tags are first, because the patterns try them in this order.
_CELLS = ("td", "th")
_LINE_ENDS = (
    "tr", "li", "p", "table", "thead", "tbody", "tfoot", "br", "hr", "div", "article", "aside", "caption", "dd",
    "details", "dl", "dt", "figcaption", "figure", "footer", "header", "section", "summary",
)  # fmt: skip
"""Tags that end a line and do not affect the text otherwise."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_ENCLOSING = ("ul", "ol", "blockquote")


def _name(*names: str) -> str:
    """A pattern of the names of opening and closing tags, these with a slash."""
    return rf"/?+(?:{'|'.join(names)})(?=[ >])"


_CELL = re.compile(f"<{_name(*_CELLS)}[^>]*+>")
_IMAGE = re.compile(f"<{_name('img')}[^>]*+>")
_ALT = re.compile(r' alt="([^"]*)"')
_INLINE = re.compile(f"<(?!{_name(*_CELLS, *_LINE_ENDS, *_HEADINGS, *_ENCLOSING, 'pre', 'img')})/?[a-z][^>]*+>")
_HEADING = re.compile(f"(<{_name(*_HEADINGS)}[^>]*+>)")
_LINE_END = f"<{_name(*_LINE_ENDS)}[^>]*+>"
_BREAK = re.compile(rf"{_LINE_END}(?:\s*+{_LINE_END})*+|<({_name(*_HEADINGS, *_ENCLOSING, 'pre')})[^>]*+>")
"""Tags that end a line, with the white space between them, or another block's tag. Its group is the name of that."""
_SPACES = re.compile(r"[ \t\n\f\r]+")
_NOTE_NUMBER = re.compile(
    '<sup class="footnote-(?:reference|definition-label)">(?:<a [^>]*+>[0-9]++</a>|[0-9]++)</sup>',
)
"""As the parser writes it. HTML in the body may have the classes too, and contain anything."""
_KEPT_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"})
"""The general categories of the characters of anchors: letters, marks, digits and connectors, as in github-slugger."""
_LETTERS_IN_SHAPES = re.compile("[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]")
"""The symbols that Unicode counts as alphabetic."""
_ASCII_ANCHOR = {
    code: "-" if sign == " " else sign.lower() if sign.isalnum() or sign in "-_" else None
    for code, sign in enumerate(map(chr, range(128)))
}
"""The anchors of ASCII characters. `str.translate` is fast for ASCII only."""

_OWN_ANCHOR = re.compile(rf"\{{:? *#(?P<anchor>(?!{NOTE_ID}|{REFERENCE_ID})[A-Za-z][\w:.-]*) *\}}$", re.ASCII)
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
        self._texts = _BREAK.split(_without_inline(well_nested))
        """Texts, with the names of the block tags between them. A name is None if the tag ends a line only."""
        self._parts = _HEADING.split(well_nested)
        """The HTML between the tags of headings, with these tags."""
        self._at = -1
        """The index in the parts of the last tag of a heading."""
        self._lines: list[str] = []
        self._pre = 0
        self._enclosing = 0
        """The number of open quotes and lists."""
        self._headings: list[Heading] = []
        self._title: str | None = None
        self._anchors = _Anchors()
        self._open: list[tuple[int, int]] = []
        """The open headings: their indexes in the parts and in the lines."""

    def read(self) -> Outline:
        for text, name in zip(self._texts[::2], [*self._texts[1::2], None], strict=True):
            if text and not text.isspace():
                self._line(text)
            if name:
                self._block(name)
        return Outline("".join(self._parts), "\n".join(self._lines), tuple(self._headings), self._title)

    def _line(self, text: str) -> None:
        if "&" in text:
            text = html.unescape(text)
        line = text.strip("\n").rstrip() if self._pre else _collapsed(text)
        if line:
            self._lines.append(line)

    def _block(self, name: str) -> None:
        step = -1 if name[0] == "/" else 1
        if name.endswith("pre"):
            self._pre += step
        elif name[-1].isdigit():
            self._at += 2
            self._heading(int(name[-1]), self._at, closes=step < 0)
        else:
            self._enclosing += step

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
            anchor = self._anchors.of(own or anchor_of(text))
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


def _without_inline(well_nested: str) -> str:
    """The HTML with block tags only, without the numbers of footnotes.

    A cell's tag is a space, and an image is its description.
    """
    if '"footnote-' in well_nested:
        well_nested = _NOTE_NUMBER.sub("", well_nested)
    blocks = _CELL.sub(" ", _INLINE.sub("", well_nested))
    return _IMAGE.sub(_description, blocks) if "<img" in blocks else blocks


def _description(image: re.Match[str]) -> str:
    alt = _ALT.search(image[0])
    return alt[1] if alt else ""


def _collapsed(text: str) -> str:
    text = text.replace("\n", " ")
    if "  " in text or "\t" in text or "\f" in text or "\r" in text:  # rare, and the pattern is slow
        text = _SPACES.sub(" ", text)
    return text.strip()


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


def anchor_of(text: str) -> str:
    """The anchor by GitHub's rule: lower case, letters, marks, digits, `_` and `-` only, a hyphen for each space."""
    if not any(map(str.isalnum, text)):
        return NAMELESS
    if text.isascii():
        return text.translate(_ASCII_ANCHOR)
    return "".join(filter(_is_kept, text.lower())).replace(" ", "-") or NAMELESS


def _is_kept(sign: str) -> bool:
    return sign in " -" or unicodedata.category(sign) in _KEPT_CATEGORIES or bool(_LETTERS_IN_SHAPES.match(sign))
