"""Turns: who is at work, who waits, and who is refused."""

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
    """So many turns, until the stack is closed."""
    async with AsyncExitStack() as stack:
        for _ in range(number):
            await stack.enter_async_context(concurrency.acquire())
        yield stack


def test_a_room_holds_so_many() -> None:
    """One more is refused, and a place that is left can be taken again, also where it was left in anger."""
    capacity = CapacityLimiter(1, "It is full")
    for _ in range(2):
        with suppress(ZeroDivisionError), capacity.slot():
            with pytest.raises(Overloaded, match="It is full"), capacity.slot():
                pass
            raise ZeroDivisionError


async def test_who_comes_next_waits() -> None:
    """Its turn comes when another one ends, and not before."""
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


async def test_not_too_many_wait() -> None:
    """One more is refused at once; who gives up waiting leaves room for another."""
    concurrency = ConcurrencyLimiter(1, 1, LONG)
    async with taken(concurrency, 1):
        for _ in range(2):
            waiting = asyncio.ensure_future(anext(held_turn(concurrency)))
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match="queue of operations is full"):
                await anext(held_turn(concurrency))
            waiting.cancel()
            await asyncio.wait([waiting])


async def test_nobody_waits_for_ever() -> None:
    """Who waited its time is refused, and the turn goes to the next as if it had never asked."""
    concurrency = ConcurrencyLimiter(1, 1, AT_ONCE)
    async with taken(concurrency, 1):
        with pytest.raises(Overloaded, match="waited too long"):
            await anext(held_turn(concurrency))
    async with taken(concurrency, 1):
        pass


async def gone() -> bool:
    return True


async def test_a_turn_of_nobody_goes_to_the_next() -> None:
    """Whether the client has gone is asked only after waiting, and its turn is free again."""
    concurrency = ConcurrencyLimiter(1, 2, LONG)
    async with concurrency.acquire(gone):
        waiting = [asyncio.ensure_future(anext(held_turn(concurrency, is_gone))) for is_gone in (gone, None)]
        await asyncio.sleep(0)
    with pytest.raises(Abandoned):
        await waiting[0]
    await waiting[1]


async def test_a_pace_lets_a_few_through() -> None:
    """One more waits for the next period, or until it is gone."""
    pace, lost = Throttle(2, LONG), asyncio.get_running_loop().create_future()
    await pace.wait()
    await pace.wait()
    waiting = [asyncio.ensure_future(pace.wait(each)) for each in (None, lost)]
    await asyncio.sleep(0)
    lost.set_result(None)
    await waiting[1]
    assert not waiting[0].done()
    waiting[0].cancel()


async def test_a_pace_keeps_the_order() -> None:
    """Those who wait are let through as they came, in one period or another."""
    pace, through = Throttle(2, AT_ONCE), list[int]()

    async def pass_through(number: int) -> None:
        await pace.wait()
        through.append(number)

    await asyncio.gather(*map(pass_through, range(9)))
    assert through == list(range(9))


def test_the_refusal_says_when_to_come_again() -> None:
    """It is 503, and no fault of the operation."""
    error = Overloaded()
    assert (error.status.value, dict(error.headers), error.is_about_operation) == (503, {"Retry-After": "1"}, False)
