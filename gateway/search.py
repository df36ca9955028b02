"""What articles are searched for, as a frozen record, and what it finds in a text. It knows no GraphQL and no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from gateway.content.tokenizer import Token, closes, is_character, sought, tokens
from gateway.model import SearchField, SearchMode


@dataclass(frozen=True)
class Search:
    """Any text is one; without a word or a field it finds nothing."""

    text: str
    fields: frozenset[SearchField] = frozenset(SearchField)
    mode: SearchMode = SearchMode.ALL_TERMS

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The words with their places in the text, repeated ones too.

        Within a phrase the last character of a run stays, since it says that the run ends there.
        """
        if self.mode is not SearchMode.PHRASE:
            return tuple(sought(self.text))
        found = tuple(tokens(self.text))
        return found[:-1] if len(found) > 1 and closes(*found[-2:]) else found

    @cached_property
    def words(self) -> tuple[str, ...]:
        """In the order of the text, repeated ones too."""
        return tuple(token.term for token in self.tokens)

    def begins(self, word: str) -> bool:
        """Whether a word stands for all that begin with it: the last one may still be being typed.

        So does a character of a script without spaces, which begins a word wherever it is in a run. In a phrase only
        the last word may.
        """
        is_last = self.mode is not SearchMode.PHRASE and word == self.words[-1]
        return is_last or self.mode is SearchMode.PREFIX or is_character(word)

    def hits(self, text: str) -> list[tuple[int, int]]:
        """Where a text has what is searched for, in code points: in order, none touching the next."""
        found = list(tokens(text))
        merged: list[tuple[int, int]] = []
        for start, end in self._phrases(found) if self.mode is SearchMode.PHRASE else self._single(found):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _single(self, found: list[Token]) -> Iterator[tuple[int, int]]:
        characters = tuple(filter(is_character, self.words))
        whole = frozenset(self.words).difference(characters)
        begun = tuple(filter(self.begins, whole))
        for at, (term, start, end) in enumerate(found):
            if term in whole or term.startswith(begun):
                yield start, end
            elif term.startswith(characters):
                yield start, _character_end(found, at)

    def _phrases(self, found: list[Token]) -> Iterator[tuple[int, int]]:
        if not self.words:
            return
        *before, last = self.words
        begins = self.begins(last)
        every = [token.term for token in found]
        for at, term in enumerate(every[len(before) :], len(before)):
            start = at - len(before)
            if (term == last or (begins and term.startswith(last))) and every[start:at] == before:
                yield found[start].start, _character_end(found, at) if begins else found[at].end


def _character_end(found: list[Token], at: int) -> int:
    """Where the first character of a word of a run ends: where the next word begins, which has its other one."""
    end = found[at].end
    return next((token.start for token in found[at + 1 : at + 2] if token.start < end), end)
