"""Renders Markdown to safe HTML, text and headings. Time and output are bounded, also for hostile input."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import nh3
import pyromark

from gateway.content import comments, footnotes, mdx, templates
from gateway.content.autolinks import linked
from gateway.content.html_nesting import ATTRIBUTES, FRAME_ATTRIBUTES, FRAME_RESTRICTIONS, UNSEEN, is_deep, normalize
from gateway.content.outline import Outline, outline
from gateway.content.prose import ReadingTime, reading_time
from gateway.model.documents import BodyRules, Heading

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

_EXTENSIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_GFM
)
_MATH, _WIKI_LINKS = pyromark.Options.ENABLE_MATH, pyromark.Options.ENABLE_WIKILINKS
_PARSERS = {
    (formulas, wiki_links): pyromark.Markdown(options=_EXTENSIONS | _MATH * formulas | _WIKI_LINKS * wiki_links)
    for formulas in (False, True)
    for wiki_links in (False, True)
}
"""The parsers, by whether they know formulas and wiki links."""
_BRACKETED_LINK_ENDS = ("]](", "]][")
"""The ends of a link's text in brackets, as in `[[1]](a)`. A parser of wiki links takes the text for one of them."""
_FORMULA = re.compile(r'<span class="math math-(inline|display)">([^<]*)</span>')
_NO_FORMULA = re.compile('[A-Za-z0-9]<span class="math math-inline">|"math math-inline">[^<]*</span>[A-Za-z0-9]')
"""Prices that look like a formula, as in `US$5 and US$6` or `$5/$6`."""
_CHECKBOX = re.compile(r'(<input disabled="" type="checkbox"(?: checked="")?)/>\n')
_INDENTATION = re.compile(r"\n((?:[^\S\n]|[>*+\-\d.)])*+)")
_PERHAPS_HTML = re.compile(rf"<(?!https?:)(?!{comments.LEFT[1:]})[A-Za-z/!?]")
_ALIGNED = re.compile(r'<(t[dh]) style="text-align: (left|center|right)"')
_CLASSES = {
    "code": re.compile(r"language-[^\s\x00-\x1f]+"),
    "blockquote": re.compile("markdown-alert-(?:note|tip|important|warning|caution)"),
    "span": re.compile("math math-(?:inline|display)"),
    "sup": re.compile("footnote-(?:reference|definition-label)"),
    "div": re.compile("footnote-definition"),
}
"""The classes that are retained, by tag."""


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


class Prepared(NamedTuple):
    """A body without what is not Markdown: comments, tags of templates, and MDX."""

    text: str
    removed: tuple[templates.Removed, ...] = ()
    """The tags that have no replacement, by their offsets in the body."""


DEFAULT_RULES = BodyRules()


def render(markdown: str, rules: BodyRules = DEFAULT_RULES) -> Rendered:
    """Render GitHub's Markdown without comments. A body beyond the limits is rendered as preformatted text."""
    shown = comments.strip(markdown)
    try:
        found = outline(_safe(_parsed(_prepared(shown, rules).text, rules.embeds), rules.embeds))
    except _Excessive:
        found = outline(_as_written(shown))
    linked_back = footnotes.with_links_back(found.html)
    return Rendered(linked_back, found.text, found.headings, reading_time(found.text))


def read(markdown: str, rules: BodyRules = DEFAULT_RULES) -> Outline:
    """The text and the headings of `render`. The HTML is not safe.

    The text of plain HTML is not changed by sanitising, so that step is skipped.
    """
    shown = comments.strip(markdown)
    try:
        unsafe = _parsed(_prepared(shown, rules).text, rules.embeds)
        return outline(unsafe.html if unsafe.is_plain else _safe(unsafe, rules.embeds))
    except _Excessive:
        return outline(_as_written(shown))


def lead(markdown: str, rules: BodyRules = DEFAULT_RULES, separator: str = "") -> str | None:
    """The text before the first mark that ends the excerpt, or None. `separator` is another mark, as in Jekyll."""
    if separator and (at := markdown.find(separator)) >= 0:
        at += separator.startswith("\n")
        markdown = markdown[:at] + comments.MORE + markdown[at:]
    stripped = comments.read(markdown)
    if stripped.more is not None:
        marked = stripped.text[: stripped.more] + comments.MORE + stripped.text[stripped.more :]
    elif rules.is_mdx and "/*" in stripped.text:
        marked = stripped.text
    else:
        return None
    try:
        unsafe = _parsed(_prepared(marked, rules).text, rules.embeds, until=comments.MORE)
        return outline(_safe(unsafe, rules.embeds)).text or None
    except _Excessive:
        return None


def removed_tags(markdown: str, rules: BodyRules) -> Iterator[templates.Removed]:
    """The tags of templates that have no replacement."""
    stripped = comments.read(markdown)
    try:
        for tag in _prepared(stripped.text, rules).removed:
            yield tag._replace(at=stripped.origin(tag.at))
    except _Excessive:
        return


def without_code(markdown: str) -> str:
    """The Markdown with line feeds in place of the characters of code blocks."""
    source, kept, at = markdown.encode(), list[str](), 0
    for event, place in _parser(markdown).events_with_range(markdown):
        match event:
            case {"Start": {"CodeBlock": _}}:
                kept.append(source[at : place["start"]].decode())
                kept.append("\n" * len(source[place["start"] : place["end"]].decode()))
                at = place["end"]
    return "".join(kept) + source[at:].decode()


@lru_cache(maxsize=1)  # the index and the problems of a file read the same body
def _prepared(shown: str, rules: BodyRules) -> Prepared:
    """Prepare a body without comments. Raises _Excessive."""
    if rules.is_mdx:
        return Prepared(mdx.reduced(shown)) if len(shown) <= MOST_CHARACTERS else Prepared(shown)
    if not templates.may_hold_tags(shown):
        return Prepared(shown)
    _check(shown)
    return Prepared(*templates.expand(shown, _code(shown), rules))


def _code(markdown: str) -> list[tuple[int, int]]:
    """The ranges of code, in order."""
    source, at, found = markdown.encode(), (0, 0), list[tuple[int, int]]()
    for event, place in _parser(markdown).events_with_range(markdown):
        match event:
            case {"Start": {"CodeBlock": _}} | {"Code": _}:
                start = at[1] + len(source[at[0] : place["start"]].decode())
                end = start + len(source[place["start"] : place["end"]].decode())
                found.append((start, end))
                at = place["end"], end
    return found


def _check(markdown: str) -> None:
    """Raises _Excessive for a body that the parser may not read."""
    if len(markdown) > MOST_CHARACTERS or _is_slow(markdown):
        raise _Excessive


def _parser(markdown: str, *, formulas: bool = True) -> pyromark.Markdown:
    return _PARSERS[formulas, not any(end in markdown for end in _BRACKETED_LINK_ENDS)]


def _parsed(markdown: str, embeds: Collection[str] = (), until: str = "") -> _Unsafe:
    """Render to unsafe HTML, up to a comment. Raises _Excessive."""
    _check(markdown)
    parser, text = _parser(markdown), markdown.replace("\0", "\ufffd") + "\n"
    unsafe = parser.html(text)
    if "math math-inline" in unsafe and _NO_FORMULA.search(unsafe):
        parser = _parser(markdown, formulas=False)
        unsafe = parser.html(text)
    if until:
        unsafe, found, _ = unsafe.partition(until)
        if not found:
            raise _Excessive
    unsafe = unsafe.replace(comments.LEFT, "").replace(comments.MORE, "")
    if len(unsafe) > MOST_OUTPUT:
        raise _Excessive
    unsafe = _adapted(unsafe)
    is_plain = not _holds_html(markdown, parser) and not is_deep(unsafe)
    return _Unsafe(unsafe if is_plain else normalize(unsafe, embeds), is_plain)


def _adapted(unsafe: str) -> str:
    """The parser's HTML with attributes instead of styles, with the marks of formulas, and with links to footnotes."""
    unsafe = _ALIGNED.sub(r'<\1 align="\2"', unsafe)
    if "<input" in unsafe:
        unsafe = _CHECKBOX.sub(r"\1> ", unsafe)
    if '"math math-' in unsafe:
        unsafe = _FORMULA.sub(_marked, unsafe)
    return footnotes.numbered(unsafe)


def _marked(formula: re.Match[str]) -> str:
    mark = "$" if formula[1] == "inline" else "$$"
    return f'<span class="math math-{formula[1]}">{mark}{formula[2]}{mark}</span>'


def _is_slow(markdown: str) -> bool:
    """Whether the parser may take more than linear time or space."""
    text = markdown.replace("\r", "\n")
    lines = text.split("\n")
    if len(lines) * max(map(len, lines)) <= MOST_CELLS:
        return False
    cells = max(map(str.count, lines, repeat("|")))
    indentation = max(map(len, _INDENTATION.findall("\n" + text)))
    return len(lines) * cells > MOST_CELLS or len(lines) * indentation > MOST_STEPS


def _holds_html(markdown: str, parser: pyromark.Markdown) -> bool:
    """Whether there is HTML, except comments and in code."""
    return _PERHAPS_HTML.search(markdown) is not None and any(
        isinstance(event, dict) and ("Html" in event or "InlineHtml" in event) for event in parser.events(markdown)
    )


# Unsafe HTML to safe HTML.


def _kept(tag: str, name: str, value: str) -> str | None:
    """Filter attribute values. The only classes retained are those that Markdown gives."""
    return value if name != "class" or _CLASSES[tag].fullmatch(value) else None


def _sanitiser(frames: Mapping[str, frozenset[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=ATTRIBUTES.keys() | frames.keys(),
        clean_content_tags=set(UNSEEN - frames.keys()),
        attributes={tag: set(names) for tag, names in {**ATTRIBUTES, **frames}.items()},
        attribute_filter=_kept,
        set_tag_attribute_values={
            "input": {"type": "checkbox", "disabled": ""},
            "iframe": FRAME_RESTRICTIONS,
        },
        link_rel="noopener noreferrer",
        url_schemes={"http", "https", "mailto", "tel"},
    )


SANITISER = _sanitiser({})
_SANITISER_OF_FRAMES = _sanitiser({"iframe": FRAME_ATTRIBUTES})
"""For HTML whose frames `normalize` has checked."""


def _safe(unsafe: _Unsafe, embeds: Collection[str] = ()) -> str:
    """Sanitise until the HTML is stable, so that parsers agree with the sanitiser. Raises _Excessive if it is not.

    Plain HTML is stable at once. Addresses in other HTML are linked after it is sanitised once, as its tags are then
    plain.
    """
    if unsafe.is_plain:
        return SANITISER.clean(linked(unsafe.html))
    sanitiser = _SANITISER_OF_FRAMES if embeds else SANITISER
    before = linked(sanitiser.clean(unsafe.html))
    for _ in range(MOST_CLEANINGS):
        after = sanitiser.clean(before)
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
