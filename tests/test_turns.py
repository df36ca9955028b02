"""Turns: who is at work, who waits, and who is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from gateway.errors import Abandoned, Overloaded
from gateway.turns import IsGone, Pace, Room, Turns

LONG = 60.0
AT_ONCE = 1e-6


@asynccontextmanager
async def taken(turns: Turns, number: int) -> AsyncIterator[AsyncExitStack]:
    """So many turns, until the stack is closed."""
    async with AsyncExitStack() as stack:
        for _ in range(number):
            await stack.enter_async_context(turns.turn())
        yield stack


def test_a_room_holds_so_many() -> None:
    """One more is refused, and a place that is left can be taken again, also where it was left in anger."""
    room = Room(1, "It is full")
    for _ in range(2):
        with suppress(ZeroDivisionError), room.place():
            with pytest.raises(Overloaded, match="It is full"), room.place():
                pass
            raise ZeroDivisionError


async def test_who_comes_next_waits() -> None:
    """Its turn comes when another one ends, and not before."""
    turns = Turns(2, 1, LONG)
    async with taken(turns, 2) as held:
        waiting = asyncio.ensure_future(anext(held_turn(turns)))
        await asyncio.sleep(0)
        assert not waiting.done()
        await held.aclose()
        await waiting


async def held_turn(turns: Turns, is_gone: IsGone | None = None) -> AsyncIterator[None]:
    async with turns.turn(is_gone):
        yield


async def test_not_too_many_wait() -> None:
    """One more is refused at once; who gives up waiting leaves room for another."""
    turns = Turns(1, 1, LONG)
    async with taken(turns, 1):
        for _ in range(2):
            waiting = asyncio.ensure_future(anext(held_turn(turns)))
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match="Too many operations wait"):
                await anext(held_turn(turns))
            waiting.cancel()
            await asyncio.wait([waiting])


async def test_nobody_waits_for_ever() -> None:
    """Who waited its time is refused, and the turn goes to the next as if it had never asked."""
    turns = Turns(1, 1, AT_ONCE)
    async with taken(turns, 1):
        with pytest.raises(Overloaded, match="took too long"):
            await anext(held_turn(turns))
    async with taken(turns, 1):
        pass


async def gone() -> bool:
    return True


async def test_a_turn_of_nobody_goes_to_the_next() -> None:
    """Whether the client has gone is asked only after waiting, and its turn is free again."""
    turns = Turns(1, 2, LONG)
    async with turns.turn(gone):
        waiting = [asyncio.ensure_future(anext(held_turn(turns, is_gone))) for is_gone in (gone, None)]
        await asyncio.sleep(0)
    with pytest.raises(Abandoned):
        await waiting[0]
    await waiting[1]


async def test_a_pace_lets_a_few_through() -> None:
    """One more waits for the next period, or until it is gone."""
    pace, lost = Pace(2, LONG), asyncio.get_running_loop().create_future()
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
    pace, through = Pace(2, AT_ONCE), list[int]()

    async def pass_through(number: int) -> None:
        await pace.wait()
        through.append(number)

    await asyncio.gather(*map(pass_through, range(9)))
    assert through == list(range(9))


def test_the_refusal_says_when_to_come_again() -> None:
    """It is 503, and no fault of the operation."""
    error = Overloaded()
    assert (error.status.value, dict(error.headers), error.is_about_operation) == (503, {"Retry-After": "1"}, False)
