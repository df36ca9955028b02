"""Generates the spelling variants of a word. The caller checks which of them are in the index."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from itertools import pairwise
from string import ascii_lowercase

from gateway.content.text import fold

SHORTEST, LONGEST = 3, 32
"""The length of words to correct. Shorter words have too many neighbours, and longer ones are seldom words."""

_BLOCK = 128
"""The size in code points of the Unicode blocks that contain the letters of one alphabet."""
_MOST_BLOCKS = 3


def variants(term: str) -> frozenset[str]:
    """All words at one edit: a letter removed, inserted or replaced, or two adjacent letters swapped.

    The letters are those of the word's own alphabets, so that the number of variants depends on the word only.
    """
    blocks = frozenset(ord(each) // _BLOCK for each in term)
    if not SHORTEST <= len(term) <= LONGEST or len(blocks) > _MOST_BLOCKS:
        return frozenset()
    letters = _letters(blocks)
    cuts = [(term[:at], term[at:]) for at in range(len(term) + 1)]
    found = {left + right[1:] for left, right in cuts if right}
    found |= {left + letter + right[1:] for left, right in cuts if right for letter in letters}
    found |= {left + letter + right for left, right in cuts for letter in letters}
    found |= {term[:at] + two + one + term[at + 2 :] for at, (one, two) in enumerate(pairwise(term))}
    return frozenset(found - {term})


@lru_cache(maxsize=64)
def _letters(blocks: Collection[int]) -> str:
    """The folded letters of the alphabets in these blocks."""
    others = (chr(code) for block in blocks if block for code in range(block * _BLOCK, (block + 1) * _BLOCK))
    return (ascii_lowercase if 0 in blocks else "") + "".join(each for each in others if _is_folded_letter(each))


def _is_folded_letter(character: str) -> bool:
    return character.isalpha() and fold(character) == character
