"""Limits concurrency. Callers beyond the limit wait in a bounded queue or get `Overloaded`.

The classes are not thread-safe. All calls must come from one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice

from gateway.errors import Abandoned, Overloaded

IsDisconnected = Callable[[], Awaitable[bool]]
"""Whether the client has disconnected."""


class CapacityLimiter:
    """A limit without a queue."""

    def __init__(self, limit: int, message: str) -> None:
        """`message` is that of the `Overloaded` error."""
        self._limit = limit
        self._message = message
        self._taken = 0

    @property
    def is_full(self) -> bool:
        return self._taken >= self._limit

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Holds a slot. Raises Overloaded if all slots are taken."""
        if self.is_full:
            raise Overloaded(self._message)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


class ConcurrencyLimiter:
    """A limit with a first-in, first-out queue of limited size and waiting time."""

    def __init__(self, running: int, queue_size: int, queue_seconds: float) -> None:
        self._capacity = CapacityLimiter(running + queue_size, "The queue of operations is full.")
        self._running = asyncio.Semaphore(running)
        self._seconds = queue_seconds

    @property
    def is_full(self) -> bool:
        """Whether the queue is full."""
        return self._capacity.is_full

    @asynccontextmanager
    async def acquire(self, is_gone: IsDisconnected | None = None) -> AsyncIterator[None]:
        """Raises Overloaded if the queue is full, or if the wait exceeds `queue_seconds`.

        After a wait, raises Abandoned if `is_gone` returns true.
        """
        with self._capacity.slot():
            has_to_wait = self._running.locked()
            await (self._wait() if has_to_wait else self._running.acquire())
            try:
                if has_to_wait and is_gone and await is_gone():
                    raise Abandoned
                yield
            finally:
                self._running.release()

    async def _wait(self) -> None:
        """Raises Overloaded."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._running.acquire()
        except TimeoutError as error:
            raise Overloaded("The operation waited too long in the queue.") from error


class Throttle:
    """Admits a number of callers per period, first in, first out."""

    def __init__(self, per_period: int, seconds: float) -> None:
        self._per_period = per_period
        self._seconds = seconds
        self._left = per_period
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, gone: asyncio.Future[None] | None = None) -> None:
        """Wait until the caller is admitted, or until `gone` is done."""
        loop = asyncio.get_running_loop()
        self._timer = self._timer or loop.call_later(self._seconds, self._renew)
        if self._left:
            self._left -= 1
            return
        admission = loop.create_future()
        self._waiting[admission] = None
        try:
            await asyncio.wait((admission, gone) if gone else (admission,), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.pop(admission, None)

    def _renew(self) -> None:
        """Begin a period. The timer stops after a period without callers."""
        self._timer = None
        admitted = tuple(islice(self._waiting, self._per_period))
        self._left = self._per_period - len(admitted)
        for admission in admitted:
            del self._waiting[admission]
            admission.set_result(None)
        if admitted:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._renew)
