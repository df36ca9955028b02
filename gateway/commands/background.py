"""Runs the parts of a command at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def in_background(part: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run a task, and cancel it at the end. Raises its error then."""
    task = asyncio.create_task(part)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def beside(*parts: Coroutine[None, None, None]) -> None:
    """Run the background tasks. If one fails, the others are cancelled and its error is raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
