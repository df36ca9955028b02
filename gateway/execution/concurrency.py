"""How many may do something at once: those who come then wait, or are refused. It knows nothing of what is done.

All of it belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice

from gateway.errors import Abandoned, Overloaded

IsDisconnected = Callable[[], Awaitable[bool]]
"""Whether nobody waits for the answer any more."""


class CapacityLimiter:
    """Holds so many, and no more."""

    def __init__(self, limit: int, message: str) -> None:
        """`message` is for those who find no place."""
        self._limit = limit
        self._message = message
        self._taken = 0

    @property
    def is_full(self) -> bool:
        return self._taken >= self._limit

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Raises Overloaded where there is none."""
        if self.is_full:
            raise Overloaded(self._message)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


class ConcurrencyLimiter:
    """So many are at work; so many more wait, first come first served, each for so long."""

    def __init__(self, running: int, queue_size: int, queue_seconds: float) -> None:
        self._capacity = CapacityLimiter(running + queue_size, "Too many operations wait for others to end.")
        self._running = asyncio.Semaphore(running)
        self._seconds = queue_seconds

    @property
    def is_full(self) -> bool:
        """Whether one more would be refused."""
        return self._capacity.is_full

    @asynccontextmanager
    async def acquire(self, is_gone: IsDisconnected | None = None) -> AsyncIterator[None]:
        """Raises Overloaded where too many wait, or where the turn does not come in time.

        Raises Abandoned if the turn had to be waited for and `is_gone` then returns true.
        """
        with self._capacity.slot():
            has_to_wait = self._running.locked()
            try:
                async with asyncio.timeout(self._seconds):
                    await self._running.acquire()
            except TimeoutError as error:
                raise Overloaded("Other operations took too long to end.") from error
            try:
                if has_to_wait and is_gone and await is_gone():
                    raise Abandoned
                yield
            finally:
                self._running.release()


class Throttle:
    """Lets a few through each period, in the order in which they come."""

    def __init__(self, per_period: int, seconds: float) -> None:
        self._per_period = per_period
        self._seconds = seconds
        self._left = per_period
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
        turns = tuple(islice(self._waiting, self._per_period))
        self._left = self._per_period - len(turns)
        for turn in turns:
            del self._waiting[turn]
            turn.set_result(None)
        if turns:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._renew)
