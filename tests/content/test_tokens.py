"""The words of a text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.text import fold
from gateway.content.tokens import first_words, terms, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Facial-recognition, 38.101 C++", ["facial", "recognition", "38", "101", "c"]),
        ("Résumé RÉSUMÉ resume", ["resume"] * 3),
        ("Straße İstanbul ΟΔΟΣ", ["strasse", "istanbul", "οδοσ"]),
        ("ﬁne ２０２４ ½", ["fine", "2024", "1", "2"]),
        ("snake_case", ["snake", "case"]),
        ("机器学习", ["机器", "器学", "学习"]),
        ("学", ["学"]),
        ("iPhone手机，学", ["iphone", "手机", "学"]),
        ("カタカナ ｶﾞ", ["カタ", "タカ", "カナ", "カ"]),
        ("か\u3099く", ["かく"]),
        ("ไทย", ["ไท", "ทย"]),
        ("हिंदी में", ["हिंदी", "में"]),
        ("한국어", [unicodedata.normalize("NFKD", "한국어")]),
        ("\ud800 \0 🎉 * \" '", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """Case, accents and signs make no difference, and scripts without spaces are found by neighbours."""
    assert terms(text) == expected


LETTERS = st.sampled_from("aZé ñ-_'.ßﬁ½学习机カナﾞ\u0301\u3099ไทยकि\u200dЖ한9\n🎉İ")


@given(st.text(LETTERS) | st.text())
def test_tokens_stand_where_they_say(text: str) -> None:
    """Each covers what it was made of, in order, and is made of it alone; none is empty or holds what parts words."""
    found = list(tokens(text))
    assert [token.term for token in found] == terms(text)
    for token in found:
        assert 0 <= token.start < token.end <= len(text)
        assert token.term in terms(text[token.start : token.end])
        assert all(ord(each) > 127 or (each.isalnum() and each == each.lower()) for each in token.term)
    assert [token.start for token in found] == sorted(token.start for token in found)


@given(st.text(LETTERS) | st.text())
def test_every_letter_belongs_to_a_word(text: str) -> None:
    """No letter and no digit is passed over, apart from those that are marks in disguise."""
    covered = {at for token in tokens(text) for at in range(token.start, token.end)}
    passed = {each for at, each in enumerate(text) if each.isalnum() and at not in covered}
    assert not any(map(str.isalnum, fold("".join(passed))))


@given(st.text(LETTERS))
def test_a_word_is_found_by_itself(text: str) -> None:
    """A word of a document, typed into a search, is the same word."""
    assert all(terms(term) == [term] for term in terms(text))


@given(st.text(), st.integers(0, 5))
def test_the_first_words(text: str, number: int) -> None:
    """A text is cut after its last word of so many, and the words before stay what they were."""
    cut = first_words(text, number)
    assert text.startswith(cut)
    assert terms(cut)[:number] == terms(text)[:number]
    assert cut == "" or number > 0
