"""Reduces MDX to Markdown: removes imports, exports and expressions, and replaces components by their children.

Tags of HTML stay, without attributes in braces. Code and formulas are unchanged. MDX has no indented code, so the
content of a tag loses its indentation. Time is linear in the length of the body.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from gateway.content.comments import MORE

_INERT = re.compile(
    r"(?P<fence>^[ \t>]*+(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]++)?(?P<mark>`{3,}+(?=[^`\n]*+$)|~{3,}+)[^\n]*+)"
    r"|(?P<ticks>`++)"
    r"|(?P<formula>\$\$(?:(?!\$\$).)*+\$\$|\$(?=[^\s${])[^$\n]*+(?<=[^\s\\])\$(?![0-9]))"
    r"|(?P<escape>\\.)"
    r"|(?P<brace>[{}])",
    re.MULTILINE | re.DOTALL,
)
"""Code, formulas and escapes, in which nothing is removed, and braces."""
_TICKS = re.compile("`+")
_BLANK_LINE = re.compile(r"\n(?=[ \t]*+(?:\n|\Z))")
_MARK = re.compile(
    r"(?P<module>^(?:import\s*+(?:[\"'{*]|[\w$]++\s*+(?:,|from\b))"
    r"|export\s++(?:default|const|let|var|function|class|async|[{*])))"
    r"|(?P<heading>\{#)|(?P<expression>\{)"
    r"|<(?P<closes>/?)(?P<name>[A-Za-z][\w.:-]*+|(?=>))",
    re.MULTILINE,
)
_EXCERPT_END = re.compile(r"\{\s*+/\*\s*+(?:more|truncate|excerpt)\s*+\*/\s*+\}")
"""A mark in the content of a tag, whose indentation looks like code outside MDX."""
_LITERAL = re.compile(r"""\{\s*+(?:"([^"\\]*+)"|'([^'\\]*+)'|`([^`\\$]*+)`)\s*+\}""")
_ATTRIBUTE = re.compile(r"""\s*+(?P<text>[A-Za-z_:][\w:.-]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'))?+)(?!\s*+=)""")
_BRACED = re.compile(r"\s*+(?:[A-Za-z_:][\w:.-]*+\s*+=\s*+)?+(?=\{)")
_TAG_END = re.compile(r"\s*+(?P<is_closed>/?)>")
_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "source", "track", "wbr"})


class _Tag(NamedTuple):
    html: str
    """Empty for a component."""
    step: int
    """1 if it opens, -1 if it closes and 0 if it does neither."""


class _Indentation(NamedTuple):
    """The indentation of a tag's content, in the source and in the result."""

    source: int | None
    """None before the first line."""
    result: int


def reduced(body: str) -> str:
    """The Markdown of an MDX body without comments."""
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(_lines(_Scanner(body).parts()))


class _Scanner:
    """Splits a body into text and tags."""

    def __init__(self, body: str) -> None:
        self._body = body
        self._blank_lines = [found.start() for found in _BLANK_LINE.finditer(body)]
        self._inert: list[tuple[int, int]] = []
        """The ranges in which nothing is removed."""
        self._closing: dict[int, int] = {}
        """The offsets of closing braces by those of the opening ones."""
        self._find_inert()
        self._inert_ends = [end for _, end in self._inert]

    def parts(self) -> Iterator[str | _Tag]:
        at = copied = 0
        while mark := _MARK.search(self._body, at):
            start, inert_end = mark.start(), self._inert_end(mark.start())
            if inert_end is not None:
                at = inert_end
                continue
            end, part = self._part(mark)
            if end is None:
                at = start + 1
                continue
            yield self._body[copied:start]
            yield part
            at = copied = end
        yield self._body[copied:]

    def _find_inert(self) -> None:
        runs, open_braces, at = self._runs(), list[int](), 0
        while found := _INERT.search(self._body, at):
            at = found.end()
            if found["fence"] is not None:
                at = self._fence_end(found["mark"], at)
            elif found["ticks"] is not None:
                at = self._span_end(runs[len(found["ticks"])], found) or at
            elif found["brace"] == "{":
                open_braces.append(found.start())
            elif found["brace"] and open_braces:
                self._closing[open_braces.pop()] = found.start()
            if found["brace"] is None:
                self._inert.append((found.start(), at))

    def _runs(self) -> defaultdict[int, list[int]]:
        """The offsets of the runs of backticks, by length."""
        runs = defaultdict[int, list[int]](list)
        for run in _TICKS.finditer(self._body):
            runs[len(run[0])].append(run.start())
        return runs

    def _fence_end(self, mark: str, at: int) -> int:
        end = re.compile(rf"^[ \t>]*+{mark}{mark[0]}*+[ \t]*+$", re.MULTILINE).search(self._body, at)
        return end.end() if end else len(self._body)

    def _span_end(self, runs: list[int], ticks: re.Match[str]) -> int | None:
        following = bisect_left(runs, ticks.end())
        if following == len(runs) or runs[following] > self._paragraph_end(ticks.end()):
            return None
        return runs[following] + len(ticks[0])

    def _paragraph_end(self, at: int) -> int:
        """The offset of the next blank line."""
        following = bisect_left(self._blank_lines, at)
        return self._blank_lines[following] if following < len(self._blank_lines) else len(self._body)

    def _inert_end(self, at: int) -> int | None:
        """The end of the inert range that contains an offset."""
        following = bisect_right(self._inert_ends, at)
        return self._inert[following][1] if following < len(self._inert) and self._inert[following][0] <= at else None

    def _part(self, mark: re.Match[str]) -> tuple[int | None, str | _Tag]:
        """The end of what a mark begins, or None, and its replacement."""
        if mark["module"] is not None:
            return self._module_end(mark.start()), ""
        if mark["heading"] is not None:
            return None, ""
        if mark["expression"] is None:
            return self._tag(mark)
        if end := _EXCERPT_END.match(self._body, mark.start()):
            return end.end(), MORE
        if literal := _LITERAL.match(self._body, mark.start()):
            return literal.end(), literal[literal.lastindex or 0]
        return self._after_brace(mark.start()), ""

    def _after_brace(self, at: int) -> int | None:
        closing = self._closing.get(at)
        return None if closing is None else closing + 1

    def _module_end(self, at: int) -> int | None:
        """The end of the imports and exports of a block: its blank line, after the braces that it opens."""
        if self._body[self._body.rfind("\n", 0, max(0, at - 1)) + 1 : at].strip():
            return None
        end = self._paragraph_end(at)
        brace = self._body.find("{", at, end)
        while brace != -1:
            brace = self._closing.get(brace, brace)
            if brace >= end:
                end = self._paragraph_end(brace)
            brace = self._body.find("{", brace + 1, end)
        return end

    def _tag(self, mark: re.Match[str]) -> tuple[int | None, str | _Tag]:
        name, closes, at = mark["name"], bool(mark["closes"]), mark.end()
        attributes: list[str] = []
        while not (end := _TAG_END.match(self._body, at)):
            if attribute := _ATTRIBUTE.match(self._body, at):
                attributes.append(attribute["text"])
                at = attribute.end()
            elif (braced := _BRACED.match(self._body, at)) and (after := self._after_brace(braced.end())):
                at = after
            else:
                return None, ""
        is_html = name.islower() and "." not in name
        is_whole = bool(end["is_closed"]) or name in _VOID
        written = " ".join([f"<{'/' * closes}{name}", *attributes]) if is_html else ""
        html = f"{written}{' /' * is_whole}>" if is_html else ""
        return end.end(), _Tag(html.replace("\n", " "), -1 if closes else 1 - is_whole)


def _lines(parts: Iterator[str | _Tag]) -> Iterator[str]:
    """The lines of the result. Tags on lines of their own are blocks."""
    open_tags: list[_Indentation] = []
    for line in _split(parts):
        tags = [part for part in line if isinstance(part, _Tag)]
        text = "".join(part if isinstance(part, str) else part.html for part in line)
        is_block = bool(tags) and not any(isinstance(part, str) and part.strip() for part in line)
        if not is_block and (not text.strip() or not open_tags):
            yield text
            continue
        steps = sum(tag.step for tag in tags) if is_block else 0
        if steps < 0:
            del open_tags[steps:]
        indent = _indent(text, open_tags)
        text = (" " * indent + text.lstrip(" \t")).rstrip(" ") if is_block else " " * indent + text.lstrip(" \t")
        yield from ("", text, "") if is_block else (text,)
        open_tags += [_Indentation(None, indent)] * steps


def _split(parts: Iterator[str | _Tag]) -> Iterator[list[str | _Tag]]:
    line: list[str | _Tag] = []
    for part in parts:
        if isinstance(part, _Tag):
            line.append(part)
            continue
        first, *others = part.split("\n")
        line.append(first)
        for other in others:
            yield line
            line = [other]
    yield line


def _indent(text: str, open_tags: list[_Indentation]) -> int:
    """The indentation in the result of a line that begins with a text."""
    indent = len(text.expandtabs(4)) - len(text.expandtabs(4).lstrip(" "))
    if not open_tags:
        return indent
    inner = open_tags[-1]
    if inner.source is None:
        inner = open_tags[-1] = inner._replace(source=indent)
    return max(0, indent - (inner.source or 0)) + inner.result
