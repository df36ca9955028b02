"""The words of an article as the text of tsvector values.

PostgreSQL refuses a word above 2,046 bytes and a value above 1 MB, and has no position after 16,383. A longer word is
cut. All words after the last position share one: they match, but not in a phrase. If a value would be too large, none
of its words matches in a phrase, and words that do not fit are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import add

from gateway.store.article_row import IndexedText

MAX_WORD = 2046
"""The maximum size of a word in bytes."""
MAX_POSITION = 16_381
"""The last position of a single word. The next one stays free, so that no phrase reaches the shared position."""
SHARED = ":16383"
MAX_VALUE = 1_000_000
"""The maximum size in bytes of a value's text. What PostgreSQL stores exceeds it by two bytes for each position."""
_WIDEST = 4
"""The maximum size of a character in bytes."""
_MARKS = tuple(f":{position}" for position in range(1, MAX_POSITION + 1))


def lexeme(word: str) -> str:
    """The word as it is indexed, and as a search must spell it."""
    if len(word) * _WIDEST <= MAX_WORD:
        return word
    return word.encode()[:MAX_WORD].decode(errors="ignore")


def fields_value(text: IndexedText) -> str:
    """The value of `fields`."""
    return _weighed(zip("ABCD", text[:4], strict=True))


def custom_value(text: IndexedText) -> str:
    """The value of `custom`."""
    return _weighed(zip("CBA", text[-3:], strict=True))


def _weighed(texts: Iterable[tuple[str, str]]) -> str:
    """Each text has a weight, and a free position after it."""
    words, marks, start = list[str](), list[str](), 0
    for weight, text in texts:
        found = _lexemes(text)
        words += found
        marks += [f"{mark}{weight}" for mark in _marks(start, len(found))]
        start += len(found) + 1
    return _value(words, marks)


def text_value(text: str) -> str:
    """The value of a column with one text."""
    words = _lexemes(text)
    return _value(words, _marks(0, len(words)))


def _lexemes(text: str) -> Sequence[str]:
    words = text.split()
    if len(text) * _WIDEST <= MAX_WORD or max(map(len, words)) * _WIDEST <= MAX_WORD:
        return words
    return list(map(lexeme, words))


def _marks(start: int, count: int) -> Sequence[str]:
    marks = _MARKS[start : start + count]
    return marks + (SHARED,) * (count - len(marks))


def _value(words: Sequence[str], marks: Iterable[str]) -> str:
    parts: Iterable[str] = list(map(add, words, marks))
    value = " ".join(parts)
    if _fits(value):
        return value
    value = " ".join(parts := dict.fromkeys(parts))
    if _fits(value):
        return value
    unplaced = dict.fromkeys(_unplaced(part) for part in parts)
    return " ".join(_fitting(unplaced))


def _fits(value: str) -> bool:
    return len(value) * _WIDEST <= MAX_VALUE or len(value.encode()) <= MAX_VALUE


def _unplaced(part: str) -> str:
    """A word without its position, or with its weight at the shared position."""
    word, _, mark = part.partition(":")
    weight = mark.lstrip("0123456789")
    return f"{word}{SHARED}{weight}" if weight else word


def _fitting(parts: Iterable[str]) -> Iterable[str]:
    size = 0
    for part in parts:
        size += len(part.encode()) + 1
        if size <= MAX_VALUE:
            yield part
