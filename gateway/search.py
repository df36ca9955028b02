"""A full-text search as a frozen dataclass, and its matches in a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from gateway.content.tokenizer import Token, closes, is_character, sought, tokens
from gateway.model.lists import SearchField, SearchMode


@dataclass(frozen=True)
class Search:
    """Any text is valid. Without words or fields the search finds nothing."""

    text: str
    fields: frozenset[SearchField] = frozenset(SearchField)
    mode: SearchMode = SearchMode.ALL_TERMS

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The words with their positions, including duplicates.

        Within a phrase, the last character of a run is included, because it marks the end of the run.
        """
        if self.mode is not SearchMode.PHRASE:
            return tuple(sought(self.text))
        found = tuple(tokens(self.text))
        return found[:-1] if len(found) > 1 and closes(*found[-2:]) else found

    @cached_property
    def words(self) -> tuple[str, ...]:
        """In text order, including duplicates."""
        return tuple(token.term for token in self.tokens)

    def begins(self, word: str) -> bool:
        """Whether a word also matches as a prefix. The last word does, because the user may still be typing it.

        A character of a script without spaces also does, at any position of a run. In a phrase only the last word does.
        """
        is_last = self.mode is not SearchMode.PHRASE and word == self.words[-1]
        return is_last or self.mode is SearchMode.PREFIX or is_character(word)

    def hits(self, text: str) -> list[tuple[int, int]]:
        """The ranges of the matches in code points, in order, merged if they touch."""
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
    """The end of the first character of a run's word: the start of the next word, which begins with its second
    character."""
    end = found[at].end
    return next((token.start for token in found[at + 1 : at + 2] if token.start < end), end)
