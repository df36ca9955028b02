"""Cuts a snippet of a text around search hits, and marks the hits."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gateway.model.records import TextRange

Range = tuple[int, int]

CUT = "…"
_MIN_CUT_LENGTH = 20
"""The minimum length of a snippet with an ellipsis."""


class Extract(NamedTuple):
    text: str
    highlights: Sequence[TextRange]
    html: str
    """The text, escaped, with `<mark>` around each highlight."""


def extract(text: str, hits: Callable[[str], Sequence[Range]], length: int) -> Extract | None:
    """At most `length` characters of a text with white space collapsed, where the hits are densest. None without hits.

    `hits` returns the hits of a text, ordered and disjoint.
    """
    shown = " ".join(text.split())
    found = hits(shown)
    if not found:
        return None
    text, marked = _cut(shown, found, length)
    return Extract(text, [TextRange(*each) for each in marked], "".join(_html(text, marked)))


def _html(text: str, marked: Sequence[Range]) -> Iterator[str]:
    at = 0
    for start, end in marked:
        yield html.escape(text[at:start])
        yield f"<mark>{html.escape(text[start:end])}</mark>"
        at = end
    yield html.escape(text[at:])


def _cut(text: str, hits: Sequence[Range], length: int) -> tuple[str, Sequence[Range]]:
    """The extract, and the hits in it."""
    if len(text) <= length:
        return text, hits
    cut = "" if length < _MIN_CUT_LENGTH else CUT
    start, end = _window(text, hits, length - 2 * len(cut))
    before, after = cut if start else "", cut if end < len(text) else ""
    shift = len(before) - start
    shown = [(max(one, start) + shift, min(other, end) + shift) for one, other in hits if other > start and one < end]
    return f"{before}{text[start:end]}{after}", shown


def _window(text: str, hits: Sequence[Range], length: int) -> Range:
    """The first range with the most hits, centred, and cut between words."""
    first, last = _densest(hits, length)
    start = max(0, min(first - max(0, length - (last - first)) // 2, len(text) - length))
    end = start + length
    if start:
        start = text.find(" ", start - 1, first) + 1 or start
    if end < len(text):
        gap = text.rfind(" ", last, end + 1)
        end = end if gap < 0 else gap
    return start, end


def _densest(hits: Sequence[Range], length: int) -> Range:
    """The range of the most hits that fit into `length`."""
    best, left = (0, 0, 0), 0
    for right, (_, end) in enumerate(hits):
        while left < right and end - hits[left][0] > length:
            left += 1
        best = max(best, (right - left + 1, -hits[left][0], end), key=lambda each: each[0])
    return -best[1], min(best[2], -best[1] + length)
