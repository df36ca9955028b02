"""Renders Markdown to safe HTML, text and headings. Time and output are bounded, also for hostile input."""

from __future__ import annotations

import html
import re
from itertools import repeat
from typing import NamedTuple

import nh3
import pyromark

from gateway.content import comments
from gateway.content.html_nesting import ATTRIBUTES, UNSEEN, is_deep, normalize
from gateway.content.outline import Outline, outline
from gateway.content.prose import ReadingTime, reading_time
from gateway.model.documents import Heading

MOST_CHARACTERS = 2**20
MOST_CELLS = 2**20
"""The number of lines times the largest number of `|` in one of them. A short row of a table has all its cells."""
MOST_STEPS = 2**24
"""The number of lines times the length of the longest indentation, including marks of quotes and lists.

The parser compares a line that continues a paragraph with all quotes and lists around it.
"""
MOST_OUTPUT = 2**22
"""The number of characters of HTML before it is sanitised. A reference may be used many times."""
MOST_CLEANINGS = 5

_PARSER = pyromark.Markdown(options=pyromark.Options.ENABLE_TABLES)
_INDENTATION = re.compile(r"\n((?:[^\S\n]|[>*+\-\d.)])*+)")
_PERHAPS_HTML = re.compile(rf"<(?!https?:)(?!{comments.LEFT[1:]})[A-Za-z/!?]")
_ALIGNED = re.compile(r'<(t[dh]) style="text-align: (left|center|right)"')
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


class _Unsafe(NamedTuple):
    """Well-nested HTML of bounded depth. `is_plain` if it comes from Markdown only, without HTML in it."""

    html: str
    is_plain: bool


def render(markdown: str) -> Rendered:
    """Render CommonMark and tables, without comments. A body beyond the limits is rendered as preformatted text."""
    shown = comments.strip(markdown)
    try:
        found = outline(_safe(_parsed(shown)))
    except _Excessive:
        found = outline(_as_written(shown))
    return Rendered(found.html, found.text, found.headings, reading_time(found.text))


def read(markdown: str) -> Outline:
    """The text and the headings of `render`. The HTML is not safe.

    The text of plain HTML is not changed by sanitising, so that step is skipped.
    """
    shown = comments.strip(markdown)
    try:
        unsafe = _parsed(shown)
        return outline(unsafe.html if unsafe.is_plain else _safe(unsafe))
    except _Excessive:
        return outline(_as_written(shown))


def without_code(markdown: str) -> str:
    """The Markdown with line feeds in place of the characters of code blocks."""
    source, kept, at = markdown.encode(), list[str](), 0
    for event, place in _PARSER.events_with_range(markdown):
        match event:
            case {"Start": {"CodeBlock": _}}:
                kept.append(source[at : place["start"]].decode())
                kept.append("\n" * len(source[place["start"] : place["end"]].decode()))
                at = place["end"]
    return "".join(kept) + source[at:].decode()


def _parsed(markdown: str) -> _Unsafe:
    """Render to unsafe HTML. Raises _Excessive."""
    if len(markdown) > MOST_CHARACTERS or _is_slow(markdown):
        raise _Excessive
    unsafe = _PARSER.html(markdown.replace("\0", "\ufffd") + "\n").replace(comments.LEFT, "")
    if len(unsafe) > MOST_OUTPUT:
        raise _Excessive
    unsafe = _ALIGNED.sub(r'<\1 align="\2"', unsafe)
    is_plain = not _holds_html(markdown) and not is_deep(unsafe)
    return _Unsafe(unsafe if is_plain else normalize(unsafe), is_plain)


def _is_slow(markdown: str) -> bool:
    """Whether the parser may take more than linear time or space."""
    text = markdown.replace("\r", "\n")
    lines = text.split("\n")
    if len(lines) * max(map(len, lines)) <= MOST_CELLS:
        return False
    cells = max(map(str.count, lines, repeat("|")))
    indentation = max(map(len, _INDENTATION.findall("\n" + text)))
    return len(lines) * cells > MOST_CELLS or len(lines) * indentation > MOST_STEPS


def _holds_html(markdown: str) -> bool:
    """Whether there is HTML, except comments and in code."""
    return _PERHAPS_HTML.search(markdown) is not None and any(
        isinstance(event, dict) and ("Html" in event or "InlineHtml" in event) for event in _PARSER.events(markdown)
    )


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


def _safe(unsafe: _Unsafe) -> str:
    """Sanitise until the HTML is stable, so that parsers agree with the sanitiser. Raises _Excessive if it is not.

    Plain HTML is stable at once.
    """
    before = SANITISER.clean(unsafe.html)
    if unsafe.is_plain:
        return before
    for _ in range(MOST_CLEANINGS):
        after = SANITISER.clean(before)
        if after == before:
            return after
        before = after
    raise _Excessive


def _as_written(markdown: str) -> str:
    """The whole body as escaped text, without the characters that HTML parsers replace."""
    plain = markdown.replace(comments.LEFT, "").strip()
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    escaped = html.escape(plain, quote=False).replace("\xa0", "&nbsp;")
    return f"<pre>{escaped}</pre>"
