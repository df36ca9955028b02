"""A short piece of a text around what is found in it, with marks. It finds nothing itself."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Range = tuple[int, int]
"""Where something stands in a text, in code points, its end exclusive."""

CUT = "…"
_TOO_SHORT_TO_TELL = 20
"""Of so few characters none is spent on saying that the text goes on."""


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
    """So many characters of a text at most, where most of the hits are; `hits` are in order and touch nowhere."""
    if len(text) <= length:
        return Snippet(text, tuple(hits))
    cut = "" if length < _TOO_SHORT_TO_TELL else CUT
    start, end = _window(text, hits, length - 2 * len(cut))
    before, after = cut if start else "", cut if end < len(text) else ""
    shift = len(before) - start
    shown = [(max(one, start) + shift, min(other, end) + shift) for one, other in hits if other > start and one < end]
    return Snippet(f"{before}{text[start:end]}{after}", tuple(shown))


def _window(text: str, hits: Sequence[Range], room: int) -> Range:
    """Where the most hits are, the first such place, in the middle of what is around it, cut between words."""
    first, last = _densest(hits, room)
    start = max(0, min(first - max(0, room - (last - first)) // 2, len(text) - room))
    end = start + room
    if start:
        start = text.find(" ", start - 1, first) + 1 or start
    if end < len(text):
        gap = text.rfind(" ", last, end + 1)
        end = end if gap < 0 else gap
    return start, end


def _densest(hits: Sequence[Range], room: int) -> Range:
    """The start of the first and the end of the last of the hits of which the most fit into the room."""
    best, left = (0, 0, 0), 0
    for right, (_, end) in enumerate(hits):
        while left < right and end - hits[left][0] > room:
            left += 1
        best = max(best, (right - left + 1, -hits[left][0], end), key=lambda each: each[0])
    return -best[1], min(best[2], -best[1] + room)
