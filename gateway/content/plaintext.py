"""Extracts the visible text of a Markdown body, for the search index and the fallback title.

One pass, linear in the length of the body. Fences, tags, comments and link targets are removed. Code and the text of
links and images are retained. Line breaks are unspecified. The words equal those of the rendered text, except as listed
in docs/search.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

from gateway.content import comments
from gateway.content.html_nesting import UNSEEN
from gateway.content.lines import Kind, lines
from gateway.content.outline import BLOCKS, CELLS, OWN_ANCHOR
from gateway.content.text import is_blank, unescape

_CLOSING_MARKS = re.compile(r"(?:^|(?<=\s))#++$")
_SEPARATOR = re.compile(r"[-=*_|:\s]++")
_DEFINITION = re.compile(r"\[[^\[\]]++\]:\s*+\S++(?:\s++[\"'(].*+)?")
_LABEL = re.compile(r"^ {0,3}\[([^\[\]]++)\]:", re.MULTILINE)
_MARKS = "\\`[]<*_!"
_MARK = re.compile(r"[\\`\[<*_]")
_PIECE = re.compile(r"\\[!-/:-@\[-`{-~]|`++|!?\[|\*++|_++|[^\\`!\[\]()<>*_]++|.")
_TAG = re.compile(r"(/?)([A-Za-z][A-Za-z0-9-]*+)(?=[\s/]|$)|[!?]")
_ALT = re.compile(r"""\balt\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"']++))""", re.IGNORECASE)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,31}+:\S*+$|[^\s@]++@[^\s@]++$")
_COMMENT = "!--"
_PARTING = BLOCKS | CELLS
"""Tags that separate words."""


def plain_text(body: str) -> str:
    """The visible text: one line for each paragraph, heading and line of code."""
    return "\n".join(text for text, _ in _blocks(body) if text)


def first_heading(body: str) -> str | None:
    """The first visible heading outside quotes and lists, or None."""
    return next((text for text, is_heading in _blocks(body) if is_heading and not is_blank(text)), None)


def _blocks(body: str) -> Iterator[tuple[str, bool]]:
    """The text of each block, and whether it is a heading outside quotes and lists."""
    body = comments.strip(body)
    labels = frozenset(map(_label, _LABEL.findall(body)))
    paragraph: list[str] = []
    for kind, line, begins, is_enclosed, _ in lines(body):
        shown = _shown(line) if kind is Kind.TEXT else ""
        if begins or not shown:
            text = " ".join(paragraph)
            text = OWN_ANCHOR.sub("", text) if kind is Kind.UNDERLINE else text
            yield _inline(text, labels), kind is Kind.UNDERLINE and not is_enclosed
            paragraph.clear()
        match kind:
            case Kind.TEXT:
                paragraph.append(shown)
            case Kind.HEADING:
                yield _inline(_heading(line), labels), not is_enclosed
            case Kind.CODE:
                yield line.strip(), False
    yield _inline(" ".join(paragraph), labels), False


def _heading(line: str) -> str:
    text = line.strip().lstrip("#").strip()
    text = _CLOSING_MARKS.sub("", text).rstrip() if text.endswith("#") else text
    return OWN_ANCHOR.sub("", text)


def _shown(line: str) -> str:
    """The text of a line, or "" if it consists of marks or is a link definition."""
    text = line.strip()
    if _SEPARATOR.fullmatch(text) or (text.startswith("[") and _DEFINITION.fullmatch(text)):
        return ""
    return text.replace("|", " ") if text.startswith("|") else text


def _inline(text: str, labels: Collection[str]) -> str:
    """The text of a paragraph with white space collapsed."""
    read = _Paragraph(text, labels).read() if _MARK.search(text) else unescape(text)
    return " ".join(read.split())


class _Paragraph:
    """A text split into pieces, each visited once. Matching closing pieces are computed beforehand."""

    def __init__(self, text: str, labels: Collection[str]) -> None:
        self._pieces = pieces = _PIECE.findall(text)
        self._labels = labels
        self._ends = _ends(pieces) | (_tag_ends(pieces) if "<" in text else {})
        self._spaces = list(accumulate(" " in piece for piece in pieces))
        self._runs = Counter(piece[0] for piece in pieces if piece[0] == "*")
        self._shown: list[str] = []
        self._brackets: list[int] = []
        """The indexes of the unclosed brackets in the output."""
        self._around = 0
        """The number of these brackets that are around a link, and so cannot begin another link."""

    def read(self) -> str:
        at = 0
        while at < len(self._pieces):
            piece = self._pieces[at]
            if piece[0] in _MARKS:
                at = self._step(at, piece)
            else:
                self._shown.append(unescape(piece) if "&" in piece else piece)
                at += 1
        return "".join(self._shown)

    def _step(self, at: int, piece: str) -> int:
        """Output one piece, or the construct that it opens. Returns the index after it."""
        match piece[0]:
            case "\\":
                self._shown.append(piece[-1])
            case "`" if at in self._ends:
                self._shown += self._pieces[at + 1 : self._ends[at]]
                return self._ends[at] + 1
            case "<" if at in self._ends:
                return self._angle(at)
            case "[" | "!" if piece[-1] == "[":
                self._brackets.append(len(self._shown))
                self._shown.append(piece)
            case "]" if self._brackets:
                return self._bracket(at, self._brackets.pop())
            case "*" | "_" if self._is_emphasis(at, piece[0]):
                pass
            case _:
                self._shown.append(piece)
        return at + 1

    def _angle(self, at: int) -> int:
        """Skip a tag, or output the address of an autolink."""
        end, inner = self._ends[at], self._pieces[at + 1]
        if tag := _TAG.match(inner):
            self._tag((tag[2] or "").lower(), at + 1, end)
            return end + 1
        if _ADDRESS.match(inner):
            self._shown += self._pieces[at + 1 : end]
            return end + 1
        self._shown.append("<")
        return at + 1

    def _tag(self, name: str, at: int, end: int) -> None:
        """Output the visible part of a tag: an image's description, or a space between words."""
        if name == "img" and (alt := _ALT.search("".join(self._pieces[at:end]))):
            self._shown.append(unescape(next(filter(None, alt.groups()), "")))
        elif name in _PARTING:
            self._shown.append(" ")

    def _bracket(self, at: int, opening: int) -> int:
        """Close a link or an image, of which only the text is visible, or output a literal bracket."""
        is_image = self._shown[opening] == "!["
        end = self._target(at) if is_image or len(self._brackets) >= self._around else None
        self._around = min(self._around, len(self._brackets))
        if end is None:
            self._shown.append("]")
            return at + 1
        if not is_image:
            self._around = len(self._brackets)
        self._shown[opening] = ""
        return end + 1

    def _target(self, at: int) -> int | None:
        """The end of the link target after a closing bracket, the bracket itself for a shortcut reference, or None."""
        following = self._pieces[at + 1 : at + 4]
        if following[:1] == ["("] and (end := self._ends.get(at + 1)):
            has_space = self._spaces[end] > self._spaces[at + 1]
            return None if has_space and self._pieces[end - 1][-1] not in "\"'>)" else end
        if len(following) == 3 and following[0] == "[" and following[2] == "]" and _label(following[1]) in self._labels:
            return at + 3
        is_label = self._pieces[at - 2][-1] == "[" and _label(self._pieces[at - 1]) in self._labels
        return at if is_label else None

    def _is_emphasis(self, at: int, mark: str) -> bool:
        before = self._pieces[at - 1][-1] if at else " "
        after = self._pieces[at + 1][0] if at + 1 < len(self._pieces) else " "
        if mark == "_":
            return not (before.isalnum() and after.isalnum())
        return self._runs[mark] > 1 and not (before == after == " ")


def _ends(pieces: Sequence[str]) -> dict[int, int]:
    """The index of the closing piece for each piece that opens code or a parenthesis."""
    ends: dict[int, int] = {}
    ticks: dict[str, int] = {}
    parentheses: list[int] = []
    for at in reversed(range(len(pieces))):
        piece = pieces[at]
        match piece[0]:
            case "`":
                if piece in ticks:
                    ends[at] = ticks[piece]
                ticks[piece] = at
            case ")":
                parentheses.append(at)
            case "(" if parentheses:
                ends[at] = parentheses.pop()
    return ends


def _tag_ends(pieces: Sequence[str]) -> dict[int, int]:
    """The index of the closing piece for each piece that opens a tag, including the invisible content after it."""
    ends: dict[int, int] = {}
    angle: int | None = None
    unseen: dict[str, int] = {}
    for at in reversed(range(len(pieces))):
        if pieces[at] == ">":
            angle = at
            if pieces[at - 1].endswith("--"):
                unseen[_COMMENT] = at
        elif pieces[at] == "<" and angle is not None:
            name, closes = _unseen(pieces, at)
            if closes:
                unseen[name] = angle
            ends[at] = angle if closes else unseen.get(name, angle)
            angle = None
    return ends


def _unseen(pieces: Sequence[str], at: int) -> tuple[str, bool]:
    """The name of the invisible element whose tag is here, or "", and whether the tag closes it."""
    if pieces[at + 1 : at + 2] == ["!"] and pieces[at + 2].startswith("--"):
        return _COMMENT, False
    tag = _TAG.match(pieces[at + 1])
    name = (tag[2] or "").lower() if tag else ""
    return (name, bool(tag and tag[1])) if name in UNSEEN else ("", False)


def _label(text: str) -> str:
    return " ".join(text.casefold().split())
