"""Words, minutes and excerpts of plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.prose import ELLIPSIS, LONGEST_WORD, excerpt, reading_time


@pytest.mark.parametrize(
    ("text", "words", "minutes"),
    [
        ("", 0, 0),
        ("— … !", 0, 0),
        ("Don't re-read a/b, 3.14 times", 5, 1),
        ("один\nдва", 2, 1),
        ("우리는 책을 읽는다", 3, 1),
        ("机器学习。很好", 6, 1),
        ("使用 Python 编程", 5, 1),
        ("東京タワー", 5, 1),
        ("ภาษาไทย", 7, 1),
        ("word " * 240, 240, 1),
        ("word " * 241, 241, 2),
        ("学" * 400, 400, 1),
        ("学" * 401 + " word", 402, 2),
    ],
)
def test_words_and_minutes(text: str, words: int, minutes: int) -> None:
    """Spaces separate words. In scripts without spaces each letter counts, without its marks."""
    assert reading_time(text) == (words, minutes)


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("One two three", 13, "One two three"),
        ("One two three", 12, "One two…"),
        ("One two three", 8, "One two…"),
        ("One two three", 7, "One…"),
        ("One two three", 3, "On…"),
        ("One two three", 1, "…"),
        ("One two three", 0, ""),
        ("", 0, ""),
        ("One\ntwo three", 6, "One…"),
        ("机器学习很好", 4, "机器学…"),
        ("Use 机器学习", 7, "Use 机器…"),
        ("ภาษาที่ดี", 8, "ภาษาที่…"),
        ("ภาษาที่ดี", 7, "ภาษา…"),
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        ("👍🏽👍🏽👍🏽", 4, "👍🏽…"),
        ("👩‍👩‍👧 ok", 3, "…"),
        ("🇫🇷🇩🇪🇮🇹", 4, "🇫🇷…"),
        ("🇫🇷🇩🇪🇮🇹", 5, "🇫🇷🇩🇪…"),
        ("क्षत्रिय", 3, "…"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", 4, "\u1112\u1161\u11ab…"),
    ],
)
def test_excerpts(text: str, length: int, expected: str) -> None:
    """An excerpt ends with a word, or between two graphemes. The ellipsis counts as length."""
    assert excerpt(text, length) == expected


@given(st.text(), st.integers(0, 50))
def test_excerpt_is_a_prefix_of_the_text(text: str, length: int) -> None:
    """It does not exceed its length and, without the ellipsis, is a prefix of the text."""
    found = excerpt(text, length)
    assert len(found) <= length
    assert found in {text, ""} or (found.endswith(ELLIPSIS) and text.startswith(found[:-1]))


@given(
    st.lists(st.sampled_from(["a", "e\u0301", "学", "👍🏽", "🇫🇷", "👩‍👩‍👧", "ที่", "각"]), min_size=1), st.integers(2, 20)
)
def test_excerpt_does_not_split_graphemes(characters: list[str], length: int) -> None:
    """A grapheme is included completely or not at all."""
    text = "".join(characters)
    beginnings = {"".join(characters[:number]) for number in range(len(characters))}
    assert excerpt(text, length).removesuffix(ELLIPSIS) in {text, *beginnings}


def test_long_word_is_cut() -> None:
    """A text of one long word has an excerpt."""
    assert excerpt("a " + "b" * 1000, 500) == "a " + "b" * 497 + ELLIPSIS
    assert excerpt("a " + "b" * 1000, LONGEST_WORD) == "a…"
