"""Computes the word count, the reading time and the excerpt of a plain text."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from gateway.content.text import SPACELESS

_UNSPACED = re.compile(f"[{SPACELESS}]")
_LETTER = re.compile(r"[^\W_]")
_REGIONAL_INDICATORS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_VIRAMA = 9
"""The combining class of viramas, which join a consonant to the next one."""

ELLIPSIS = "…"
LONGEST_WORD = 100
"""A longer word, or character with its marks, may be cut."""
WORDS_A_MINUTE = 240
CHARACTERS_A_MINUTE = 400
"""The reading speed for scripts without spaces."""


class ReadingTime(NamedTuple):
    words: int
    """The number of words. In scripts without spaces each letter counts as a word."""
    minutes: int
    """The reading time, rounded up. 0 if there are no words."""


@lru_cache(maxsize=8)  # the word count and the reading time of a body are computed one after the other
def reading_time(text: str) -> ReadingTime:
    unspaced = _UNSPACED.findall(text)
    characters = sum(map(str.isalnum, unspaced))
    parts = (_UNSPACED.sub(" ", text) if unspaced else text).split()
    words = sum(1 for part in parts if part.isalnum() or _LETTER.search(part))
    return ReadingTime(words + characters, math.ceil(words / WORDS_A_MINUTE + characters / CHARACTERS_A_MINUTE))


def excerpt(text: str, length: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `length` code points, cut at the end of a word.

    In scripts without spaces it may be cut after any character. A character is not separated from its marks.
    """
    if len(text) <= length:
        return text
    return text[: _last_break(text, length - 1)].rstrip() + ELLIPSIS if length > 0 else ""


def _last_break(text: str, most: int) -> int:
    places = range(most, max(most - LONGEST_WORD, 0), -1)
    at_words = (place for place in places if _parts_words(text[place - 1], text[place]))
    for place in chain(at_words, places):
        if not _is_one_character(text, place):
            return place
    return 0 if most <= LONGEST_WORD else most


def _parts_words(before: str, after: str) -> bool:
    return any(each.isspace() or _UNSPACED.match(each) for each in (before, after))


def _is_one_character(text: str, place: int) -> bool:
    """Whether the code points around the index are one character. Approximates Unicode's grapheme clusters."""
    before, after = text[place - 1], text[place]
    if after in _REGIONAL_INDICATORS and before in _REGIONAL_INDICATORS:  # a flag
        return (place - len(text[:place].rstrip(_REGIONAL_INDICATORS))) % 2 == 1
    return (
        unicodedata.category(after).startswith("M")
        or after in "\u200c\u200d"
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # emoji skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # tags of regional flags
        or "\u1160" <= after <= "\u11ff"  # Korean vowels and finals (conjoining jamo)
        or ("\u1100" <= before <= "\u115f" and "\u1100" <= after <= "\u115f")
        or (unicodedata.combining(before) == _VIRAMA and after.isalpha())
    )
