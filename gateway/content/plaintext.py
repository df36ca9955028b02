"""What a reader sees of a Markdown body, without its markup: words for the index, text for snippets.

One pass, linear in the length of the body, whatever it holds: neither a parser nor a renderer, and no promise of where
lines end. Fences, tags, comments and the targets of links go; code, and the text of links and images, stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

from gateway.content.text import lines, unescape

_HIDING = {"<!--": "-->", "<script": "</script>", "<style": "</style>"}
"""What begins, at the start of a line, a block that no reader sees, and what ends it."""
_MARKERS = re.compile(r"\s*+(?:(?:>|[-*+]|[0-9]{1,9}[.)]|#{1,6})(?:\s++|$))*+(?:>\s*+)*+")
_CLOSING_MARKS = re.compile(r"(?<=\s)#++$")
_RULE = re.compile(r"[-=*_|:\s]++")
_DEFINITION = re.compile(r"\[[^\[\]]++\]:\s*+\S++(?:\s++[\"'(].*+)?")
_LABEL = re.compile(r"^ {0,3}\[([^\[\]]++)\]:", re.MULTILINE)
_MARKS = "\\`[]<*~_!"
_MARK = re.compile(r"[\\`\[<*~_]")
_PIECE = re.compile(r"\\[!-/:-@\[-`{-~]|`++|!?\[|\*++|~++|_++|[^\\`!\[\]()<>*~_]++|.")
_TAG = re.compile(r"/?[A-Za-z][A-Za-z0-9-]*+(?=[\s/]|$)|[!?]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,31}+:\S*+$|[^\s@]++@[^\s@]++$")
_PARTING = re.compile(
    r"/?(?:address|article|blockquote|br|dd|div|dl|dt|footer|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table"
    r"|td|th|tr|ul)(?=[\s/]|$)",
    re.IGNORECASE,
)
"""Tags between which words do not touch."""


def plain_text(body: str) -> str:
    """One line for each paragraph and for each line of code."""
    return "\n".join(text for text in _blocks(body) if text)


def _blocks(body: str) -> Iterator[str]:
    labels = frozenset(map(_label, _LABEL.findall(body)))
    paragraph: list[str] = []
    for line, is_code in _seen(body):
        shown = "" if is_code else _unmarked(line)
        if shown:
            paragraph.append(shown)
            continue
        yield _inline(" ".join(paragraph), labels)
        yield line.strip() if is_code else ""
        paragraph.clear()
    yield _inline(" ".join(paragraph), labels)


def _seen(body: str) -> Iterator[tuple[str, bool]]:
    """The lines without those that only a browser reads."""
    end = ""
    for line, is_code in lines(body):
        start = line[:12].lstrip().lower()
        begun = [begin for begin in _HIDING if start.startswith(begin)]
        if not end and not is_code and begun:
            end = _HIDING[begun[0]]
        if not end:
            yield line, is_code
            continue
        _, closing, rest = line.partition(end)
        if closing:
            end = ""
            yield rest, False


def _unmarked(line: str) -> str:
    """The text of a line: "" where it is all marks, or defines the target of links."""
    text = _MARKERS.sub("", line, count=1).rstrip()
    if _RULE.fullmatch(text) or (text.startswith("[") and _DEFINITION.fullmatch(text)):
        return ""
    if text.endswith("#"):
        text = _CLOSING_MARKS.sub("", text)
    return " ".join((text.replace("|", " ") if text.startswith("|") else text).split())


def _inline(text: str, labels: Collection[str]) -> str:
    """The text of a paragraph, every run of white space in it a single space."""
    if not _MARK.search(text):
        return unescape(text)
    return " ".join(_Paragraph(text, labels).read().split())


class _Paragraph:
    """A text cut into pieces, each looked at once; where one closes what another opened is known before."""

    def __init__(self, text: str, labels: Collection[str]) -> None:
        self._pieces = pieces = _PIECE.findall(text)
        self._labels = labels
        self._ends = _ends(pieces)
        self._spaces = list(accumulate(" " in piece for piece in pieces))
        self._runs = Counter(piece[0] for piece in pieces if piece[0] in "*~")
        self._shown: list[str] = []
        self._brackets: list[int] = []
        """Where, in what is shown, the brackets stand that nothing has closed yet."""

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
            case "*" | "~" | "_" if self._is_emphasis(at, piece[0]):
                pass
            case _:
                self._shown.append(piece)
        return at + 1

    def _angle(self, at: int) -> int:
        """A tag is left out; the address of an autolink is what is seen of it."""
        end, inner = self._ends[at], self._pieces[at + 1]
        if _TAG.match(inner):
            self._shown.append(" " if _PARTING.match(inner) else "")
            return end + 1
        if _ADDRESS.match(inner):
            self._shown += self._pieces[at + 1 : end]
            return end + 1
        self._shown.append("<")
        return at + 1

    def _bracket(self, at: int, opening: int) -> int:
        """The end of a link or an image, of which the text alone is shown, or just a bracket."""
        end = self._target(at)
        if end is None:
            self._shown.append("]")
            return at + 1
        self._shown[opening] = ""
        return end + 1

    def _target(self, at: int) -> int | None:
        """Where the target ends that follows a closing bracket; None where none does."""
        following = self._pieces[at + 1 : at + 4]
        if following[:1] == ["("] and (end := self._ends.get(at + 1)):
            has_space = self._spaces[end] > self._spaces[at + 1]
            return None if has_space and self._pieces[end - 1][-1] not in "\"'>)" else end
        if len(following) == 3 and following[0] == "[" and following[2] == "]" and _label(following[1]) in self._labels:
            return at + 3
        return None

    def _is_emphasis(self, at: int, mark: str) -> bool:
        before = self._pieces[at - 1][-1] if at else " "
        after = self._pieces[at + 1][0] if at + 1 < len(self._pieces) else " "
        if mark == "_":
            return not (before.isalnum() and after.isalnum())
        return self._runs[mark] > 1 and not (before == after == " ")


def _ends(pieces: Sequence[str]) -> dict[int, int]:
    """For each piece that opens code, a tag or a parenthesis the place of the piece that closes it."""
    ends: dict[int, int] = {}
    ticks: dict[str, int] = {}
    angles: list[int] = []
    parentheses: list[int] = []
    for at in reversed(range(len(pieces))):
        piece = pieces[at]
        match piece[0]:
            case "`":
                if piece in ticks:
                    ends[at] = ticks[piece]
                ticks[piece] = at
            case ">":
                angles = [at]
            case ")":
                parentheses.append(at)
            case "<" if angles:
                ends[at] = angles.pop()
            case "(" if parentheses:
                ends[at] = parentheses.pop()
    return ends


def _label(text: str) -> str:
    return " ".join(text.casefold().split())
