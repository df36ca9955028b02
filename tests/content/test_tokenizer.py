"""Words of a text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.text import fold
from gateway.content.tokenizer import first_words, is_character, is_spaceless, sought, terms, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Facial-recognition, 38.101 C++", ["facial", "recognition", "38", "101", "c"]),
        ("Résumé RÉSUMÉ resume", ["resume"] * 3),
        ("Straße İstanbul ΟΔΟΣ", ["strasse", "istanbul", "οδοσ"]),
        ("ﬁne ２０２４ ½", ["fine", "2024", "1", "2"]),
        ("snake_case", ["snake", "case"]),
        ("机器学习", ["机器", "器学", "学习", "习"]),
        ("学", ["学"]),
        ("iPhone手机，学", ["iphone", "手机", "机", "学"]),
        ("カタカナ ｶﾞ", ["カタ", "タカ", "カナ", "ナ", "カ"]),
        ("か\u3099く", ["かく", "く"]),
        ("ไทย", ["ไท", "ทย", "ย"]),
        ("हिंदी में", ["हिंदी", "में"]),
        ("한국어", [unicodedata.normalize("NFKD", "한국어")]),
        ("con\u00adtent a\u200bb\u200cc\u200dd\u2060e\ufeff", ["content", "abcde"]),
        ("\u200b学\u200b习\u00ad", ["学习", "习"]),
        ("Łódź SMØRBRØD ﬂœur", ["lodz", "smorbrod", "floeur"]),
        ("\ud800 \0 🎉 * \" '", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """Case, accents, punctuation and ignorable characters make no difference. In scripts without spaces each pair of
    adjacent characters is a word, and so is the last character of a run."""
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("机器学习", ["机器", "器学", "学习"]),
        ("学", ["学"]),
        ("学习 x ½ 习", ["学习", "x", "1", "2", "习"]),
        ("a-b", ["a", "b"]),
    ],
)
def test_words_of_a_query(text: str, expected: list[str]) -> None:
    """The last character of a run is a word only if it is the whole run."""
    assert [token.term for token in sought(text)] == expected


LETTERS = st.sampled_from("aZé łæ\u00ad\u200b ñ-_'.ßﬁ½学习机カナﾞ\u0301\u3099ไทยकि\u200dЖ한9\n🎉İ")


@given(st.text(LETTERS) | st.text())
def test_token_positions(text: str) -> None:
    """Each token covers exactly the text that it was made from, in order. No token is empty or contains a separator."""
    found = list(tokens(text))
    assert [token.term for token in found] == terms(text)
    for token in found:
        assert 0 <= token.start < token.end <= len(text)
        assert token.term in terms(text[token.start : token.end])
        assert all(ord(each) > 127 or (each.isalnum() and each == each.lower()) for each in token.term)
    assert [token.start for token in found] == sorted(token.start for token in found)


@given(st.text(LETTERS) | st.text())
def test_every_letter_belongs_to_a_word(text: str) -> None:
    """No letter or digit is skipped, except those that act as marks."""
    covered = {at for token in tokens(text) for at in range(token.start, token.end)}
    passed = {each for at, each in enumerate(text) if each.isalnum() and at not in covered}
    assert not any(map(str.isalnum, fold("".join(passed))))


@given(st.text(LETTERS))
def test_word_matches_itself(text: str) -> None:
    """A word of a document gives the same word as a query."""
    assert all([token.term for token in sought(term)] == [term] for term in terms(text))


@given(st.text(LETTERS))
def test_each_character_begins_a_word(text: str) -> None:
    """In scripts without spaces a single character is found as a prefix."""
    characters = [each for each in text if is_spaceless(each) and is_character(fold(each))]
    assert all(any(term.startswith(fold(each)) for term in terms(text)) for each in characters)


@given(st.text(), st.integers(0, 5))
def test_text_is_cut_after_n_words(text: str, number: int) -> None:
    """The remaining words are unchanged."""
    cut = first_words(text, number)
    assert text.startswith(cut)
    searched, whole = ([token.term for token in sought(each)][:number] for each in (cut, text))
    assert searched == whole
    assert cut == "" or number > 0


@given(
    st.lists(
        st.text("aB1_-«»‐‑–—‘’‚“”„•…‹›€→°·×©®™£éßИ中한\u0301\u200d")
        | st.sampled_from([*" \t\n\x0b\x1c\x85\xa0\u2028\u202f\u3000", "word", "é" * 40, "中文" * 20])
    ).map("".join)
)
def test_terms_are_the_words_of_the_tokens(text: str) -> None:
    """Punctuation is replaced first, parts without accents are split at once, and the words of other parts are kept."""
    assert terms(text) == terms(text) == [token.term for token in tokens(text)]
