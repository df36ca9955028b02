"""What a word may have been meant to be. It knows no index: whoever asks knows which words there are."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from itertools import pairwise
from string import ascii_lowercase

from gateway.content.text import fold

SHORTEST, LONGEST = 3, 32
"""Letters of a word that is corrected: shorter ones resemble too many, and longer ones are seldom words."""

_BLOCK = 128
"""Of so many code points Unicode makes the blocks in which the letters of one alphabet lie."""
_MOST_BLOCKS = 3


def variants(term: str) -> frozenset[str]:
    """All that one edit makes of a word: a letter left out, put in or replaced, or two neighbours swapped.

    The letters are those of the alphabets that the word is written in, so that their number depends on it alone.
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
    """The letters of the alphabets in these blocks, in the form that words have."""
    others = (chr(code) for block in blocks if block for code in range(block * _BLOCK, (block + 1) * _BLOCK))
    return (ascii_lowercase if 0 in blocks else "") + "".join(each for each in others if _is_folded_letter(each))


def _is_folded_letter(character: str) -> bool:
    return character.isalpha() and fold(character) == character
