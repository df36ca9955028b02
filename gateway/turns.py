"""How many may do something at once: those who come then wait, or are refused. It knows nothing of what is done.

All of it belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from gateway.errors import Overloaded


class Room:
    """Holds so many, and no more."""

    def __init__(self, most: int, message: str) -> None:
        """`message` is for those who find no place."""
        self._most = most
        self._message = message
        self._taken = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Raises Overloaded where there is none."""
        if self._taken >= self._most:
            raise Overloaded(self._message)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


class Turns:
    """So many are at work; so many more wait, first come first served, each for so long."""

    def __init__(self, at_work: int, waiting: int, seconds: float) -> None:
        self._room = Room(at_work + waiting, "Too many operations wait for others to end.")
        self._work = asyncio.Semaphore(at_work)
        self._seconds = seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises Overloaded where too many wait, or where the turn does not come in time."""
        with self._room.place():
            try:
                async with asyncio.timeout(self._seconds):
                    await self._work.acquire()
            except TimeoutError as error:
                raise Overloaded("Other operations took too long to end.") from error
            try:
                yield
            finally:
                self._work.release()
