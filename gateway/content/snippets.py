"""Cuts a snippet of a text around search hits, and marks the hits."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Range = tuple[int, int]
"""A half-open range of a text, in code points."""

CUT = "…"
_MIN_CUT_LENGTH = 20
"""The minimum length of a snippet with an ellipsis."""


class Snippet(NamedTuple):
    text: str
    highlights: tuple[Range, ...]

    @property
    def html(self) -> str:
        """The text, escaped, with `<mark>` around each highlight."""
        return "".join(self._html())

    def _html(self) -> Iterator[str]:
        at = 0
        for start, end in self.highlights:
            yield html.escape(self.text[at:start])
            yield f"<mark>{html.escape(self.text[start:end])}</mark>"
            at = end
        yield html.escape(self.text[at:])


def snippet(text: str, hits: Sequence[Range], length: int) -> Snippet:
    """At most `length` characters of a text, where the hits are densest. `hits` are ordered and do not overlap."""
    if len(text) <= length:
        return Snippet(text, tuple(hits))
    cut = "" if length < _MIN_CUT_LENGTH else CUT
    start, end = _window(text, hits, length - 2 * len(cut))
    before, after = cut if start else "", cut if end < len(text) else ""
    shift = len(before) - start
    shown = [(max(one, start) + shift, min(other, end) + shift) for one, other in hits if other > start and one < end]
    return Snippet(f"{before}{text[start:end]}{after}", tuple(shown))


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
