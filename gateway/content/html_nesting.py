"""Normalises HTML to well-nested tags of bounded depth, and holds the table of allowed tags and attributes.

The sanitiser decides what is safe, and removes other attributes. Its input is normalised first, because HTML's error
recovery is not linear.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

_EVERYWHERE = frozenset({"dir", "lang", "title"})
_CELL = frozenset({"align", "colspan", "rowspan"})

_PLAIN = (
    "abbr", "article", "aside", "b", "bdi", "br", "caption", "cite", "dd", "dfn", "dl", "dt", "em", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "kbd", "li", "mark", "p", "pre",
    "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "strong", "sub", "summary", "table", "tbody", "tfoot",
    "thead", "tr", "u", "ul", "var", "wbr",
)  # fmt: skip

ATTRIBUTES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_PLAIN, _EVERYWHERE),
    "a": _EVERYWHERE | {"href"},
    **dict.fromkeys(("blockquote", "code", "div", "span", "sup"), _EVERYWHERE | {"class"}),
    "col": _EVERYWHERE | {"span"},
    "colgroup": _EVERYWHERE | {"span"},
    "del": _EVERYWHERE | {"datetime"},
    "details": _EVERYWHERE | {"open"},
    "input": frozenset({"type", "disabled", "checked"}),
    "img": _EVERYWHERE | {"src", "alt", "width", "height"},
    "ins": _EVERYWHERE | {"datetime"},
    "ol": _EVERYWHERE | {"start"},
    "td": _EVERYWHERE | _CELL,
    "th": _EVERYWHERE | _CELL | {"scope"},
    "time": _EVERYWHERE | {"datetime"},
}
"""The allowed attributes of each allowed tag. Of other tags only the content is retained."""

FRAME_RESTRICTIONS = {
    "loading": "lazy",
    "referrerpolicy": "strict-origin-when-cross-origin",
    "sandbox": "allow-scripts allow-same-origin allow-popups allow-presentation",
}
"""The attributes that all frames have. A frame cannot navigate the page, submit forms or open dialogs."""
_FRAME_RESTRICTIONS = "".join(f' {name}="{value}"' for name, value in FRAME_RESTRICTIONS.items())
FRAME_ATTRIBUTES = frozenset({"src", "title", "width", "height", "allowfullscreen", *FRAME_RESTRICTIONS})
"""The attributes of frames of allowed hosts."""
UNSEEN = frozenset({
    "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select", "style", "svg", "template",
    "textarea", "title", "xmp",
})  # fmt: skip
"""Tags that are removed together with their content."""

VOID = frozenset({"br", "col", "hr", "img", "input", "wbr"})
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small",
    "span", "strong", "sub", "sup", "u", "var",
})  # fmt: skip
MOST_OPEN = 120
MOST_OPEN_INLINE = 16
"""The maximum depth of inline tags. A parser reopens them in each block inside them, which multiplies the output."""

_SPACE = r"[ \t\n\r\f]"
_VALUE = r"""[^\s"'=<>`]++|'[^']*+'|"[^"]*+\""""
_ATTRIBUTE = rf"{_SPACE}++[a-zA-Z_:][\w:.-]*+(?:{_SPACE}*+={_SPACE}*+(?:{_VALUE}))?+"
_TAG = re.compile(rf"(/?)([a-zA-Z][a-zA-Z0-9-]*+)((?:{_ATTRIBUTE})*+){_SPACE}*+/?>", re.ASCII)
NAME = r"[A-Za-z][A-Za-z0-9-]*+"
ATTRIBUTE_TEXT = r"""\s++[A-Za-z_:][\w:.-]*+(?:\s*+=\s*+(?:[^\s"'=<>`]++|'[^']*+'|"[^"]*+"))?+"""
TAG = rf"<(?:{NAME}(?:{ATTRIBUTE_TEXT})*+\s*+/?|/{NAME}\s*+)>"
"""A tag by CommonMark's grammar, as are its name and the attributes."""
_NESTING = re.compile("</|<(?!br|hr|img|input)")
_STEPS = {"<": 1, "</": -1}
_REPEATABLE = {"<blockquote": 1, "<div": 1, "<ol": 2, "<ul": 2, "<em": 1, "<strong": 1, "<del": 1}
"""The tags that Markdown nests in tags of the same name, and the levels that each adds. A list adds its items'."""
_OTHERS = len(("table", "thead", "tr", "th", "a", "code", "sup", "span"))
"""The maximum depth of the other tags."""
_CHECKBOX_WORDS = frozenset({"type", "checkbox", "disabled"})
_CHECKED = ' checked=""'
_FRAME_SOURCE = re.compile(
    rf"""{_SPACE}src{_SPACE}*+={_SPACE}*+(["']?)https://(?P<host>[a-z0-9.-]++)(?:[/?#][^\s"'<>`\\]*+)?\1(?=\s|\Z)""",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"!--(?:-?>|.*?-->)", re.DOTALL)
_COMMENT_END = "-->"
_HIDING = UNSEEN | {_COMMENT_END}


class TagPart(NamedTuple):
    """The text from one `<` to the next: a tag and the text after it. Without a name it is not a tag."""

    name: str
    closes: bool
    attributes: str
    text: str
    after_comment: str | None
    """The text after the end of a comment, if one ends here."""


def is_deep(html: str) -> bool:
    """Whether more than MOST_OPEN tags are nested, in HTML that a Markdown parser made of Markdown without HTML."""
    most = _OTHERS + sum(levels * html.count(tag) for tag, levels in _REPEATABLE.items())
    return most > MOST_OPEN and _depth(html) > MOST_OPEN  # few bodies need the exact depth, which takes longer


def _depth(html: str) -> int:
    return max(accumulate(map(_STEPS.__getitem__, _NESTING.findall(html))), default=0)


def normalize(html: str, embeds: Collection[str] = ()) -> str:
    """Return the HTML with well-nested tags, limited to those of the table and to frames of the hosts in `embeds`.

    Tags that are too deep, and unmatched closing tags, are dropped. A `<` that does not begin a tag becomes text.
    """
    first, *parts = html.split("<")  # a tag of the table does not contain another "<"
    nesting = _Nesting(first)
    for part in _seen([_read(part) for part in parts]):
        if part.name == "iframe":
            if not part.closes and _is_frame(part.attributes, embeds):
                nesting.text(f"<iframe{part.attributes}{_FRAME_RESTRICTIONS}></iframe>")
        elif part.name == "input":
            nesting.text(_checkbox(part.attributes))
        elif part.name in ATTRIBUTES:
            (nesting.close if part.closes else nesting.open)(part)
        nesting.text(part.text)
    return nesting.end()


def _is_frame(attributes: str, embeds: Collection[str]) -> bool:
    """Whether a frame has one source, at one of the hosts."""
    source = _FRAME_SOURCE.search(attributes)
    return source is not None and source["host"].lower() in embeds and attributes.lower().count("src") == 1


def _checkbox(attributes: str) -> str:
    """The checkbox of a task, or nothing for another input."""
    words = set(re.findall("[a-z]+", attributes.lower()))
    if not words >= _CHECKBOX_WORDS:
        return ""
    return f'<input disabled="" type="checkbox"{_CHECKED * ("checked" in words)}>'


def _read(part: str) -> TagPart:
    _, ended, text = part.partition(_COMMENT_END)
    after = text if ended else None
    if tag := _TAG.match(part):
        return TagPart(tag[2].lower(), bool(tag[1]), tag[3], part[tag.end() :], after)
    if comment := _COMMENT.match(part):
        return TagPart("", False, "", part[comment.end() :], after)
    if part.startswith("!--"):
        return TagPart(_COMMENT_END, False, "", "", after)
    declaration, ended, text = part.partition(">")
    if ended and declaration.startswith(("!", "?")):
        return TagPart("", False, "", text, after)
    return TagPart("", False, "", "&lt;" + part, after)


def _seen(parts: Sequence[TagPart]) -> Iterator[TagPart]:
    """The parts without comments and the content of UNSEEN tags. If one is unclosed, only its opening is dropped."""
    last = {part.name: at for at, part in enumerate(parts) if part.closes}
    last[_COMMENT_END] = max((at for at, part in enumerate(parts) if part.after_comment is not None), default=-1)
    awaited = ""
    for at, part in enumerate(parts):
        if awaited:
            text = part.after_comment if awaited == _COMMENT_END else _text_after(awaited, part)
            if text is not None:
                awaited = ""
                yield TagPart("", False, "", text, None)
        elif part.name in _HIDING and not part.closes and last.get(part.name, -1) > at:
            awaited = part.name
            if part.name == "iframe":
                yield part._replace(text="")
        else:
            yield part


def _text_after(name: str, part: TagPart) -> str | None:
    return part.text if part.closes and part.name == name else None


class _Nesting:
    """The output, and the open tags."""

    def __init__(self, text: str) -> None:
        self._written = [text]
        self._open: list[str] = []
        self._inline = 0

    def text(self, text: str) -> None:
        self._written.append(text)

    def open(self, tag: TagPart) -> None:
        is_inline = tag.name in _INLINE
        if tag.name not in VOID:
            if len(self._open) == MOST_OPEN or (is_inline and self._inline == MOST_OPEN_INLINE):
                return
            self._open.append(tag.name)
            self._inline += is_inline
        self._written.append(f"<{tag.name}{tag.attributes}>")

    def close(self, tag: TagPart) -> None:
        """Close the innermost open tag of this name, and all tags inside it."""
        while tag.name in self._open:
            if self._close_last() == tag.name:
                return

    def end(self) -> str:
        while self._open:
            self._close_last()
        return "".join(self._written)

    def _close_last(self) -> str:
        name = self._open.pop()
        self._inline -= name in _INLINE
        self._written.append(f"</{name}>")
        return name
