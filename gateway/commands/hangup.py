"""Reloads the folder on SIGHUP, as other servers do."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager


@contextmanager
def reloading_at_hangup(reload: Callable[[], Coroutine[None, None, object]]) -> Iterator[None]:
    """Calls `reload` at each SIGHUP. It reports its errors itself."""
    running = set[asyncio.Task[object]]()

    def begin() -> None:
        task = asyncio.create_task(reload())
        running.add(task)
        task.add_done_callback(end)

    def end(task: asyncio.Task[object]) -> None:
        running.discard(task)
        if not task.cancelled():
            task.exception()  # marks the error as retrieved, because the reporter has logged it

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, begin)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
