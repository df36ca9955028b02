"""The operation queue: running, waiting and refused operations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from gateway.errors import Abandoned, Overloaded
from gateway.execution.concurrency import CapacityLimiter, ConcurrencyLimiter, IsDisconnected, Throttle

LONG = 60.0
AT_ONCE = 1e-6


@asynccontextmanager
async def taken(concurrency: ConcurrencyLimiter, number: int) -> AsyncIterator[AsyncExitStack]:
    """Hold this many places until the stack is closed."""
    async with AsyncExitStack() as stack:
        for _ in range(number):
            await stack.enter_async_context(concurrency.acquire())
        yield stack


def test_limit_on_places() -> None:
    """One more is refused. A place that is left, also by an exception, is free again."""
    capacity = CapacityLimiter(1, "It is full")
    for _ in range(2):
        with suppress(ZeroDivisionError), capacity.slot():
            with pytest.raises(Overloaded, match="It is full"), capacity.slot():
                pass
            raise ZeroDivisionError


async def test_next_operation_waits() -> None:
    """It runs when another one ends."""
    concurrency = ConcurrencyLimiter(2, 1, LONG)
    async with taken(concurrency, 2) as held:
        waiting = asyncio.ensure_future(anext(held_turn(concurrency)))
        await asyncio.sleep(0)
        assert not waiting.done()
        await held.aclose()
        await waiting


async def held_turn(concurrency: ConcurrencyLimiter, is_gone: IsDisconnected | None = None) -> AsyncIterator[None]:
    async with concurrency.acquire(is_gone):
        yield


async def test_queue_size_is_limited() -> None:
    """One more is refused at once. A cancelled wait frees its place."""
    concurrency = ConcurrencyLimiter(1, 1, LONG)
    async with taken(concurrency, 1):
        for _ in range(2):
            waiting = asyncio.ensure_future(anext(held_turn(concurrency)))
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match="queue of operations is full"):
                await anext(held_turn(concurrency))
            waiting.cancel()
            await asyncio.wait([waiting])


async def test_wait_is_limited() -> None:
    """An operation past its wait is refused, and the next one is unaffected."""
    concurrency = ConcurrencyLimiter(1, 1, AT_ONCE)
    async with taken(concurrency, 1):
        with pytest.raises(Overloaded, match="waited too long"):
            await anext(held_turn(concurrency))
    async with taken(concurrency, 1):
        pass


async def gone() -> bool:
    return True


async def test_operation_of_a_disconnected_client_is_skipped() -> None:
    """The client's state is checked only after waiting."""
    concurrency = ConcurrencyLimiter(1, 2, LONG)
    async with concurrency.acquire(gone):
        waiting = [asyncio.ensure_future(anext(held_turn(concurrency, is_gone))) for is_gone in (gone, None)]
        await asyncio.sleep(0)
    with pytest.raises(Abandoned):
        await waiting[0]
    await waiting[1]


async def test_pace() -> None:
    """One more waits for the next period, or until it is cancelled."""
    pace, lost = Throttle(2, LONG), asyncio.get_running_loop().create_future()
    await pace.wait()
    await pace.wait()
    waiting = [asyncio.ensure_future(pace.wait(each)) for each in (None, lost)]
    await asyncio.sleep(0)
    lost.set_result(None)
    await waiting[1]
    assert not waiting[0].done()
    waiting[0].cancel()


async def test_pace_keeps_the_order() -> None:
    """Waiting requests continue in order, in the same or a later period."""
    pace, through = Throttle(2, AT_ONCE), list[int]()

    async def pass_through(number: int) -> None:
        await pace.wait()
        through.append(number)

    await asyncio.gather(*map(pass_through, range(9)))
    assert through == list(range(9))


def test_refusal_has_retry_after() -> None:
    """It is 503, and not an error of the operation."""
    error = Overloaded()
    assert (error.status.value, dict(error.headers), error.is_about_operation) == (503, {"Retry-After": "1"}, False)
