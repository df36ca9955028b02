"""Renders Markdown to safe HTML, text and headings. Time and output are bounded, also for hostile input."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block import table as read_table
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline import image as read_image
from markdown_it.token import Token

from gateway.content import comments
from gateway.content.html_nesting import ATTRIBUTES, UNSEEN, normalize
from gateway.content.outline import Heading, outline
from gateway.content.prose import ReadingTime, reading_time

MOST_CHARACTERS = 2**20
MOST_STEPS = 100_000
"""The number of lines (counted once for each quote around them), of `[` and `|`, and a quarter of the other marks."""
MOST_LEVELS = 40
"""The maximum depth of quotes, lists and items. Each list counts twice."""
MOST_TOKENS = 150_000
"""The maximum number of tokens before a table. A short table can expand to 65,536 empty cells."""
MOST_OUTPUT = 2**22
"""The maximum number of characters of text, addresses and titles. A reference may be used many times."""
MOST_IMAGES = 2
"""The maximum depth of images in image descriptions. Each level parses the description once more."""
MOST_CLEANINGS = 5

_MARKS = "*_`<&!\\"
_QUOTES = re.compile(r"[\s>*+\-\d.)]*")
_LANGUAGE = re.compile(r"language-[^\s\x00-\x1f]+")


class Rendered(NamedTuple):
    html: str
    """Sanitised HTML. Headings have their anchors as ids."""
    text: str
    """The text without markup, with entities decoded, one line for each block."""
    headings: tuple[Heading, ...]
    reading_time: ReadingTime


class _Excessive(Exception):
    """The body exceeds a limit on time or size."""


def render(markdown: str) -> Rendered:
    """Render CommonMark and tables, without comments. A body beyond the limits is rendered as preformatted text."""
    shown = comments.strip(markdown)
    try:
        found = outline(_settled(normalize(_html(shown))))
    except _Excessive:
        found = outline(_as_written(shown.replace(comments.LEFT, "")))
    return Rendered(*found, reading_time(found.text))


def steps(markdown: str) -> int:
    """An upper bound of the parser's steps for a body, except the steps for each character."""
    total = markdown.count("[") + markdown.count("|") + sum(map(markdown.count, _MARKS)) // 4
    lines = depth = 0
    for line in [*markdown.splitlines(), ""]:
        if line.strip():
            quotes = _QUOTES.match(line)
            depth = max(depth, quotes[0].count(">") if quotes else 0)
            lines += 1
        else:  # a quote includes the lines that follow it up to an empty one, once for each level
            total += lines * (1 + min(depth, MOST_LEVELS))
            lines = depth = 0
    return total


# Markdown to unsafe HTML.


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if len(state.tokens) > MOST_TOKENS and read_table(state, start, end, True):
        raise _Excessive
    return read_table(state, start, end, silent)


def _image(state: StateInline, silent: bool) -> bool:
    around = state.env.get("images", 0)
    if around == MOST_IMAGES:
        return False
    state.env["images"] = around + 1
    try:
        return read_image(state, silent)
    finally:
        state.env["images"] = around


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": MOST_LEVELS, "xhtmlOut": False}).enable("table")
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    parser.inline.ruler.at("image", _image)
    return parser


_PARSER = _parser()


def _html(markdown: str) -> str:
    """Render to unsafe HTML. Raises _Excessive."""
    if len(markdown) > MOST_CHARACTERS or steps(markdown) > MOST_STEPS:
        raise _Excessive
    env: dict[str, object] = {}
    tokens = _PARSER.parse(markdown, env)
    if any(token.level >= MOST_LEVELS - 1 for token in tokens) or _output(tokens) > MOST_OUTPUT:
        raise _Excessive
    for token in tokens:
        if token.type in {"th_open", "td_open"} and token.attrs:
            token.attrs = {"align": str(token.attrs["style"]).removeprefix("text-align:")}
    rendered: str = _PARSER.renderer.render(tokens, _PARSER.options, env)
    return rendered


def _output(tokens: Iterable[Token]) -> int:
    return sum(
        _output(token.children or ()) if token.type == "inline" else len(token.content) + _attributes(token)
        for token in tokens
    )


def _attributes(token: Token) -> int:
    return sum(len(str(value)) for value in token.attrs.values())


# Unsafe HTML to safe HTML.


def _kept(_tag: str, name: str, value: str) -> str | None:
    """Filter attribute values. The only class retained is a code block's language."""
    return value if name != "class" or _LANGUAGE.fullmatch(value) else None


SANITISER = nh3.Cleaner(
    tags=set(ATTRIBUTES),
    clean_content_tags=set(UNSEEN),
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    attribute_filter=_kept,
    link_rel="noopener noreferrer",
    url_schemes={"http", "https", "mailto", "tel"},
)


def _settled(unsafe: str) -> str:
    """Sanitise until the HTML is stable, so that parsers agree with the sanitiser. Raises _Excessive if it is not."""
    before = SANITISER.clean(unsafe)
    for _ in range(MOST_CLEANINGS):
        after = SANITISER.clean(before)
        if after == before:
            return after
        before = after
    raise _Excessive


def _as_written(markdown: str) -> str:
    """The whole body as escaped text, without the characters that HTML parsers replace."""
    plain = markdown.strip().replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    escaped = html.escape(plain, quote=False).replace("\xa0", "&nbsp;")
    return f"<pre>{escaped}</pre>"
