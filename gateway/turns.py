"""How many may do something at once: those who come then wait, or are refused. It knows nothing of what is done.

All of it belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice

from gateway.errors import Abandoned, Overloaded

IsGone = Callable[[], Awaitable[bool]]
"""Whether nobody waits for the answer any more."""


class Room:
    """Holds so many, and no more."""

    def __init__(self, most: int, message: str) -> None:
        """`message` is for those who find no place."""
        self._most = most
        self._message = message
        self._taken = 0

    @property
    def is_full(self) -> bool:
        return self._taken >= self._most

    @contextmanager
    def place(self) -> Iterator[None]:
        """Raises Overloaded where there is none."""
        if self.is_full:
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

    @property
    def is_full(self) -> bool:
        """Whether one more would be refused."""
        return self._room.is_full

    @asynccontextmanager
    async def turn(self, is_gone: IsGone | None = None) -> AsyncIterator[None]:
        """Raises Overloaded where too many wait, or where the turn does not come in time.

        Raises Abandoned if the turn had to be waited for and `is_gone` then returns true.
        """
        with self._room.place():
            has_to_wait = self._work.locked()
            try:
                async with asyncio.timeout(self._seconds):
                    await self._work.acquire()
            except TimeoutError as error:
                raise Overloaded("Other operations took too long to end.") from error
            try:
                if has_to_wait and is_gone and await is_gone():
                    raise Abandoned
                yield
            finally:
                self._work.release()


class Pace:
    """Lets a few through each period, in the order in which they come."""

    def __init__(self, few: int, seconds: float) -> None:
        self._few = few
        self._seconds = seconds
        self._left = few
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, gone: asyncio.Future[None] | None = None) -> None:
        """Returns at once unless the period is used up, and early when `gone` is done."""
        loop = asyncio.get_running_loop()
        self._timer = self._timer or loop.call_later(self._seconds, self._renew)
        if self._left:
            self._left -= 1
            return
        turn = loop.create_future()
        self._waiting[turn] = None
        try:
            await asyncio.wait((turn, gone) if gone else (turn,), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.pop(turn, None)

    def _renew(self) -> None:
        """Begin a period. No timer runs while nothing has been let through for one."""
        self._timer = None
        turns = tuple(islice(self._waiting, self._few))
        self._left = self._few - len(turns)
        for turn in turns:
            del self._waiting[turn]
            turn.set_result(None)
        if turns:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._renew)
