"""An empty database, made once in a process. A copy of it is ready sooner than a new one."""

from __future__ import annotations

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from gateway.store.sqlite import SqliteStore


def empty_database(path: Path) -> Path:
    """Write an empty database to a path where there is none. All of them share one epoch."""
    if not path.exists():
        path.write_bytes(_template())
    return path


@cache
def _template() -> bytes:
    # The caller may run in an event loop, so the store is opened in that of another thread.
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        path = Path(folder) / "empty.db"
        pool.submit(asyncio.run, _make(path)).result()
        return path.read_bytes()


async def _make(path: Path) -> None:
    store = await SqliteStore.open(path)
    await store.close()
