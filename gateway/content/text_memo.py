"""Keeps computed values by text, up to a total length of the texts."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class TextMemo(Generic[T]):
    """Values by text. If the texts exceed `most_characters` in total, those that were not used lately are dropped."""

    def __init__(self, most_characters: int) -> None:
        self._most = most_characters // 2
        self._characters = 0
        self._values: dict[str, T] = {}
        self._older: dict[str, T] = {}
        """The values before them. Dropping all at once is cheaper than to find the oldest one again and again."""

    def __contains__(self, text: object) -> bool:
        return text in self._values or text in self._older

    def get(self, text: str) -> T | None:
        """The value of a text, or None."""
        found = self._values.get(text)
        if found is None and (found := self._older.get(text)) is not None:
            self.add(text, found)
        return found

    def add(self, text: str, value: T) -> None:
        """Keep the value of a text."""
        self._values[text] = value
        self._characters += len(text)
        if self._characters > self._most:
            self._values, self._older = {}, self._values
            self._characters = 0
