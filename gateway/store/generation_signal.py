"""Wakes whoever waits for the next generation. It says that there is one, and nothing of what it holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class GenerationSignal:
    """Counts generations. Who is slow is woken once for all that came meanwhile."""

    def __init__(self) -> None:
        self._count = 0
        self._moved = asyncio.Event()
        self._is_ended = False

    def notify(self) -> None:
        self._count += 1
        self._wake()

    def end(self) -> None:
        """There will be no further generation."""
        self._is_ended = True
        self._wake()

    async def follow(self) -> AsyncIterator[None]:
        """Once at first, and then whenever there is a newer generation than the last time."""
        while not self._is_ended:
            seen = self._count
            yield
            while self._count == seen and not self._is_ended:
                await self._moved.wait()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
