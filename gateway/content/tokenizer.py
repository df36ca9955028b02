"""Words as an index holds them, made alike of documents and of what is searched. It knows no markup and no index.

A word is a run of letters and digits, with the marks and ignorable characters among them, in the form of `fold`. Where
a script sets no spaces between words, each two neighbours of a run are a word, and so is its last character: each
character of a run then begins a word.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby, islice, pairwise
from typing import NamedTuple

from gateway.content.text import IGNORABLE, SPACELESS, fold


class Token(NamedTuple):
    """A word, and where it stands in the text, in code points."""

    term: str
    start: int
    end: int


_ASCII_WORD = re.compile("[A-Za-z0-9]+")
_RUN = re.compile(f"[{SPACELESS}]")
_PIECE = re.compile(rf"((?:[{SPACELESS}]\W*+)++)|(?:[^\W{SPACELESS}]++\W*+)++")
"""Within a word: a run of a script without spaces, or one of others. In a word only marks and ignorable characters are
`\\W`."""
_CHARACTER = re.compile(r"\w\W*")


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in its order, in time linear in its length."""
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
    """The words of a text that is searched for: all but the last character of a run, where the word before it ends with
    the same character."""
    before = Token("", 0, 0)
    for token in tokens(text):
        if not closes(before, token):
            yield token
        before = token


def closes(before: Token, token: Token) -> bool:
    """Whether a word is the last character of a run and the word before it ends with that character."""
    return before.start < token.start and before.end == token.end


def terms(text: str) -> list[str]:
    """The words alone."""
    return _ASCII_WORD.findall(text.lower()) if text.isascii() else [token.term for token in tokens(text)]


def words(text: str) -> str:
    """The words alone, as one text for an index that parts them at spaces."""
    return " ".join(terms(text))


def first_words(text: str, number: int) -> str:
    """The text that is searched for, up to the end of its last word of so many."""
    ends = [token.end for token in islice(sought(text), number)]
    return text[: ends[-1]] if ends else ""


def is_spaceless(term: str) -> bool:
    """Whether a word is one of a script without spaces, and so no word that its author chose."""
    return _RUN.match(term) is not None


def is_character(term: str) -> bool:
    """Whether a word is one character of a script without spaces: it may begin two neighbours, or end a run."""
    return is_spaceless(term) and _CHARACTER.fullmatch(term) is not None


@cache
def _word() -> re.Pattern[str]:
    """Letters and digits, with the marks and ignorable characters that follow them. Made once: Unicode is large."""
    kinds = groupby(range(sys.maxunicode + 1), lambda code: unicodedata.category(chr(code))[0] == "M")
    runs = [list(run) for is_mark, run in kinds if is_mark]
    marks = "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)
    return re.compile(rf"[^\W_]++(?:[{marks}{IGNORABLE}]++[^\W_]*+)*+")


def _folded(word: str, start: int) -> Iterator[Token]:
    """Usually one word; a sign such as `½` is several when it is written out."""
    folded = fold(word)
    for term in (folded,) if folded.isalnum() else _word().findall(folded):
        yield Token(term, start, start + len(word))


def _split(word: str, start: int) -> Iterator[Token]:
    """The words of one in which a script without spaces occurs."""
    for piece in _PIECE.finditer(word):
        at = start + piece.start()
        yield from _folded(piece[0], at) if piece[1] is None else _neighbours(piece[1], at)


def _neighbours(run: str, start: int) -> Iterator[Token]:
    if run.isalnum():  # nothing else, so that each character is one
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
    """ "" where nothing but marks is left: a few letters of half width are marks in disguise."""
    folded = fold(character)
    return folded if any(map(str.isalnum, folded)) else ""
