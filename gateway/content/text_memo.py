"""Keeps computed values by text, up to a total length of the texts."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class TextMemo(Generic[T]):
    """Values by text. If the texts exceed `most_characters` in total, the oldest are dropped."""

    def __init__(self, most_characters: int) -> None:
        self._most = most_characters
        self._characters = 0
        self._values: dict[str, T] = {}
        self.get = self._values.get
        """Returns the value of a text, or None."""

    def __contains__(self, text: object) -> bool:
        return text in self._values

    def add(self, text: str, value: T) -> None:
        """Keep the value of a text that is not kept yet."""
        self._values[text] = value
        self._characters += len(text)
        while self._characters > self._most:
            oldest = next(iter(self._values))
            self._characters -= len(oldest)
            del self._values[oldest]
