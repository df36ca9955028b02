"""What a reader sees of a Markdown body, without its markup: words for the index, and a title for want of another.

One pass, linear in the length of the body, whatever it holds: neither a parser nor a renderer, and no promise of where
lines end. Fences, tags, comments and the targets of links go; code, and the text of links and images, stays. The words
are those of the rendered text, save for what docs/search.md names.
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
from gateway.content.text import unescape

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
"""Tags between which words do not touch."""


def plain_text(body: str) -> str:
    """One line for each paragraph, for each heading and for each line of code."""
    return "\n".join(text for text, _ in _blocks(body) if text)


def first_heading(body: str) -> str | None:
    """The first heading that holds any text, outside quotes and lists."""
    return next((text for text, is_heading in _blocks(body) if text and is_heading), None)


def _blocks(body: str) -> Iterator[tuple[str, bool]]:
    """Texts, and whether each is a heading outside quotes and lists."""
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
    """A line of a paragraph or a table: "" where it is all marks, or defines the target of links."""
    text = line.strip()
    if _SEPARATOR.fullmatch(text) or (text.startswith("[") and _DEFINITION.fullmatch(text)):
        return ""
    return text.replace("|", " ") if text.startswith("|") else text


def _inline(text: str, labels: Collection[str]) -> str:
    """The text of a paragraph, every run of white space in it a single space."""
    read = _Paragraph(text, labels).read() if _MARK.search(text) else unescape(text)
    return " ".join(read.split())


class _Paragraph:
    """A text cut into pieces, each looked at once; where one closes what another opened is known before."""

    def __init__(self, text: str, labels: Collection[str]) -> None:
        self._pieces = pieces = _PIECE.findall(text)
        self._labels = labels
        self._ends = _ends(pieces) | (_tag_ends(pieces) if "<" in text else {})
        self._spaces = list(accumulate(" " in piece for piece in pieces))
        self._runs = Counter(piece[0] for piece in pieces if piece[0] == "*")
        self._shown: list[str] = []
        self._brackets: list[int] = []
        """Where, in what is shown, the brackets stand that nothing has closed yet."""
        self._around = 0
        """So many of them are around a link, and so begin no other."""

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
        """Show one piece, or what it begins; the place after that."""
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
        """A tag is left out; the address of an autolink is what is seen of it."""
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
        """What is seen of a tag between two places: the description of an image, or a gap between words."""
        if name == "img" and (alt := _ALT.search("".join(self._pieces[at:end]))):
            self._shown.append(unescape(next(filter(None, alt.groups()), "")))
        elif name in _PARTING:
            self._shown.append(" ")

    def _bracket(self, at: int, opening: int) -> int:
        """The end of a link or an image, of which the text alone is shown, or just a bracket."""
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
        """Where the target ends that follows a closing bracket, there where its text names one; None for no target."""
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
    """For each piece that opens code or a parenthesis the place of the piece that closes it."""
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
    """For each piece that opens a tag the place of the piece that closes it, and all that no reader sees after it."""
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
    """The name of what no reader sees, where a tag of it stands here, and whether the tag closes it."""
    if pieces[at + 1 : at + 2] == ["!"] and pieces[at + 2].startswith("--"):
        return _COMMENT, False
    tag = _TAG.match(pieces[at + 1])
    name = (tag[2] or "").lower() if tag else ""
    return (name, bool(tag and tag[1])) if name in UNSEEN else ("", False)


def _label(text: str) -> str:
    return " ".join(text.casefold().split())
