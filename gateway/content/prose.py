"""Plain text as readers meet it: how many words it has, how long it takes to read, and how it begins.

It knows no markup.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import NamedTuple

from gateway.content.text import SPACELESS

_UNSPACED = re.compile(f"[{SPACELESS}]")
_WORD = re.compile(r"[^\W_]\S*")
_REGIONAL_INDICATORS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_VIRAMA = 9
"""The combining class of the marks that bind a consonant to the next one."""

ELLIPSIS = "…"
LONGEST_WORD = 100
"""A word, or a character with its marks, that is longer may be cut."""
WORDS_A_MINUTE = 240
CHARACTERS_A_MINUTE = 400
"""Of scripts without spaces."""


class ReadingTime(NamedTuple):
    words: int
    """Of scripts without spaces each letter counts as a word."""
    minutes: int
    """The time to read it, rounded up; 0 where there is no word."""


def reading_time(text: str) -> ReadingTime:
    characters = sum(map(str.isalnum, _UNSPACED.findall(text)))
    words = len(_WORD.findall(_UNSPACED.sub(" ", text)))
    return ReadingTime(words + characters, math.ceil(words / WORDS_A_MINUTE + characters / CHARACTERS_A_MINUTE))


def excerpt(text: str, length: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `length` code points, cut where a word ends.

    Of scripts without spaces it may end after any character; a character is never parted from its marks.
    """
    if len(text) <= length:
        return text
    return text[: _last_break(text, length - 1)].rstrip() + ELLIPSIS if length > 0 else ""


def _last_break(text: str, most: int) -> int:
    places = range(most, max(most - LONGEST_WORD, 0), -1)
    breaks = [place for place in places if not _is_one_character(text, place)]
    if at_word := next((place for place in breaks if _parts_words(text[place - 1], text[place])), None):
        return at_word
    return next(iter(breaks), 0 if most <= LONGEST_WORD else most)


def _parts_words(before: str, after: str) -> bool:
    return any(each.isspace() or _UNSPACED.match(each) for each in (before, after))


def _is_one_character(text: str, place: int) -> bool:
    """Whether the code points before and after the place are shown as one; close to Unicode's grapheme clusters."""
    before, after = text[place - 1], text[place]
    if after in _REGIONAL_INDICATORS and before in _REGIONAL_INDICATORS:  # two of them make a flag
        return (place - len(text[:place].rstrip(_REGIONAL_INDICATORS))) % 2 == 1
    return (
        unicodedata.category(after).startswith("M")
        or after in "\u200c\u200d"
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # the tones of emoji
        or "\U000e0020" <= after <= "\U000e007f"  # the tags of flags of regions
        or "\u1160" <= after <= "\u11ff"  # vowels and finals of Korean, written by parts
        or ("\u1100" <= before <= "\u115f" and "\u1100" <= after <= "\u115f")
        or (unicodedata.combining(before) == _VIRAMA and after.isalpha())
    )
