"""Splits documents and search queries into index terms.

A word is a run of letters and digits, with the marks and ignorable characters among them, folded by `fold`. In scripts
without spaces, each pair of adjacent characters of a run (bigram) is a word, and so is its last character. Thus each
character of a run begins a word.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain, groupby, islice, pairwise, starmap
from typing import NamedTuple

from gateway.content.text import IGNORABLE, SPACELESS, fold


class Token(NamedTuple):
    """A word, and its range in the text, in code points."""

    term: str
    start: int
    end: int


_ASCII_WORD = re.compile("[A-Za-z0-9]+")
_ASCII_TERMS = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
"""Small letters, digits, and a space for each other character. `str.translate` is fast for ASCII only."""
_PUNCTUATION = "«»‐‑–—‘’‚“”„•…‹›€→\u00a0\u202f°·×©®™£"
"""Frequent characters that are not part of words. Without them most texts are ASCII."""
_LONGEST_KEPT = 32
"""The maximum length of a part of a text whose terms are kept. A part without spaces may be long, and rarely recurs."""
_RUN = re.compile(f"[{SPACELESS}]")
_PIECE = re.compile(rf"((?:[{SPACELESS}]\W*+)++)|(?:[^\W{SPACELESS}]++\W*+)++")
"""A part of a word: a run of scripts without spaces, or of other scripts. In a word, `\\W` matches only marks and
ignorable characters."""
_CHARACTER = re.compile(r"\w\W*")


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in order. Time is linear in its length."""
    if text.isascii():
        for word in _ASCII_WORD.finditer(text):
            yield Token(word[0].lower(), word.start(), word.end())
        return
    for word in _word().finditer(text):
        if word[0].isascii():
            yield Token(word[0].lower(), word.start(), word.end())
        elif _RUN.search(word[0]):
            yield from _split(word[0], word.start())
        else:
            yield from _folded(word[0], word.start())


def sought(text: str) -> Iterator[Token]:
    """The words of a search text. The last character of a run is omitted if the bigram before it ends with it."""
    before = Token("", 0, 0)
    for token in tokens(text):
        if not closes(before, token):
            yield token
        before = token


def closes(before: Token, token: Token) -> bool:
    """Whether a word is the last character of a run and the word before it ends with that character."""
    return before.start < token.start and before.end == token.end


def terms(text: str) -> list[str]:
    """The words without their ranges."""
    if not text.isascii():
        for sign in _PUNCTUATION:
            text = text.replace(sign, " ")
    if text.isascii():
        return text.translate(_ASCII_TERMS).split()
    parts = groupby(text.split(), str.isascii)  # white space separates words in all scripts
    return list(chain.from_iterable(starmap(_terms, parts)))


def words(text: str) -> str:
    """The words as one text, separated by spaces, for the index."""
    return " ".join(terms(text))


def first_words(text: str, number: int) -> str:
    """The search text up to the end of its first `number` words."""
    ends = [token.end for token in islice(sought(text), number)]
    return text[: ends[-1]] if ends else ""


def is_spaceless(term: str) -> bool:
    """Whether a word is in a script without spaces, so that its boundaries are not the author's."""
    return _RUN.match(term) is not None


def is_character(term: str) -> bool:
    """Whether a word is one character of a script without spaces. It may begin a bigram or end a run."""
    return is_spaceless(term) and _CHARACTER.fullmatch(term) is not None


@cache
def _word() -> re.Pattern[str]:
    """The pattern of a word: letters and digits, with marks and ignorable characters after them. Computed once."""
    kinds = groupby(range(sys.maxunicode + 1), lambda code: unicodedata.category(chr(code))[0] == "M")
    runs = [list(run) for is_mark, run in kinds if is_mark]
    marks = "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)
    return re.compile(rf"[^\W_]++(?:[{marks}{IGNORABLE}]++[^\W_]*+)*+")


def _terms(is_ascii: bool, parts: Iterable[str]) -> Iterable[str]:
    """The words of parts that are all ASCII or all not."""
    if is_ascii:
        return terms(" ".join(parts))
    return chain.from_iterable(_kept(part) if len(part) <= _LONGEST_KEPT else _of_tokens(part) for part in parts)


def _of_tokens(text: str) -> tuple[str, ...]:
    return tuple([token.term for token in tokens(text)])


_kept = lru_cache(maxsize=8192)(_of_tokens)


def _folded(word: str, start: int) -> Iterator[Token]:
    """The folded word, usually one. A sign such as `½` folds to more than one."""
    folded = fold(word)
    for term in (folded,) if folded.isalnum() else _word().findall(folded):
        yield Token(term, start, start + len(word))


def _split(word: str, start: int) -> Iterator[Token]:
    """Split a word that contains a script without spaces."""
    for piece in _PIECE.finditer(word):
        at = start + piece.start()
        yield from _folded(piece[0], at) if piece[1] is None else _neighbours(piece[1], at)


def _neighbours(run: str, start: int) -> Iterator[Token]:
    if run.isalnum():  # without marks, so that each code point is one character
        found = [(_fold_character(each), at, at + 1) for at, each in enumerate(run)]
    else:
        found = [(_fold_character(each[0]), each.start(), each.end()) for each in _CHARACTER.finditer(run)]
    characters = [each for each in found if each[0]]
    for (one, at, _), (other, _, end) in pairwise(characters):
        yield Token(one + other, start + at, start + end)
    for last, at, end in characters[-1:]:
        yield Token(last, start + at, start + end)


@lru_cache(maxsize=8192)
def _fold_character(character: str) -> str:
    """Fold a character, to "" if only marks are left, as for some half-width letters."""
    folded = fold(character)
    return folded if any(map(str.isalnum, folded)) else ""
