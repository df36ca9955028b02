"""Words at one edit distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.spelling import LONGEST, variants

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def is_one_edit(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) == 1:
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    differing = [at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]]
    if len(one) != len(other) or len(differing) > 2:
        return False
    first, last = differing[0], differing[-1]
    return first == last or (last == first + 1 and one[first] == other[last] and one[last] == other[first])


@given(st.text("abz", min_size=3, max_size=6))
def test_variants_are_one_edit_away(term: str) -> None:
    """The word itself is excluded."""
    found = variants(term)
    assert term not in found
    assert all(is_one_edit(term, each) for each in found)


@given(st.text(ALPHABET, min_size=3, max_size=8), st.data())
def test_variants_include_every_edit(term: str, data: st.DataObject) -> None:
    """A word is found from any deletion, insertion, replacement or transposition."""
    at, letter = data.draw(st.integers(0, len(term) - 1)), data.draw(st.sampled_from(ALPHABET))
    slips = {term[:at] + term[at + 1 :], term[:at] + letter + term[at:], term[:at] + letter + term[at + 1 :]}
    slips.add(term[:at] + term[at : at + 2][::-1] + term[at + 2 :])
    assert all(term in variants(slip) for slip in slips - {term} if len(slip) >= 3)


@pytest.mark.parametrize(("slip", "meant"), [("безопастность", "безопасность"), ("λογοσς", "λογοσ"), ("שלוום", "שלום")])
def test_variants_use_the_alphabet_of_the_word(slip: str, meant: str) -> None:
    """A word is corrected in its own alphabet."""
    assert meant in variants(slip)


@pytest.mark.parametrize("term", ["", "ab", "a" * (LONGEST + 1), "aбγא机"])
def test_unsuitable_words_have_no_variants(term: str) -> None:
    """Words that are too short, too long or of too many alphabets have none."""
    assert variants(term) == frozenset()


@given(st.text(max_size=40))
def test_number_of_variants_is_bounded(term: str) -> None:
    """The bound holds for any word."""
    assert len(variants(term)) <= (2 * LONGEST + 1) * 3 * 128 + 2 * LONGEST
