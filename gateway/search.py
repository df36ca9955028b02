"""What articles are searched for, as a frozen record, and what it finds in a text. It knows no GraphQL and no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from gateway.content.tokens import Token, terms, tokens
from gateway.model import SearchField, SearchMode


@dataclass(frozen=True)
class Search:
    """Any text is one; without a word or a field it finds nothing."""

    text: str
    fields: frozenset[SearchField] = frozenset(SearchField)
    mode: SearchMode = SearchMode.ALL_TERMS

    @cached_property
    def words(self) -> tuple[str, ...]:
        """In the order of the text, repeated ones too."""
        return tuple(terms(self.text))

    def begins(self, word: str) -> bool:
        """Whether a word stands for all that begin with it: the last one may still be being typed."""
        return self.mode is SearchMode.PREFIX or (self.mode is not SearchMode.PHRASE and word == self.words[-1])

    def hits(self, text: str) -> list[tuple[int, int]]:
        """Where a text has what is searched for, in code points: in order, none touching the next."""
        found = list(tokens(text))
        merged: list[tuple[int, int]] = []
        for start, end in self._phrases(found) if self.mode is SearchMode.PHRASE else self._single(found):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _single(self, found: list[Token]) -> Iterator[tuple[int, int]]:
        whole = frozenset(self.words)
        begun = tuple(word for word in whole if self.begins(word))
        return ((start, end) for term, start, end in found if term in whole or term.startswith(begun))

    def _phrases(self, found: list[Token]) -> Iterator[tuple[int, int]]:
        number = len(self.words)
        for at in range(len(found) - number + 1 if number else 0):
            run = found[at : at + number]
            if tuple(token.term for token in run) == self.words:
                yield run[0].start, run[-1].end
