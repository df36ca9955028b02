"""Notifies waiting tasks of a new generation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class GenerationSignal:
    """Counts generations. A slow follower is notified once for all that it missed."""

    def __init__(self) -> None:
        self._count = 0
        self._moved = asyncio.Event()
        self.is_ended = False

    def notify(self) -> None:
        self._count += 1
        self._wake()

    def end(self) -> None:
        """Ends all followers."""
        self.is_ended = True
        self._wake()

    async def follow(self) -> AsyncIterator[None]:
        """Yields at once, and then for each newer generation."""
        while not self.is_ended:
            seen = self._count
            yield
            while self._count == seen and not self.is_ended:
                await self._moved.wait()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
