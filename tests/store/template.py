"""An empty database, created once per process. A copy of it is faster than a new one."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path

from gateway.store.sqlite.store import SqliteStore


def empty_database(path: Path) -> Path:
    """Write an empty database with its own epoch to a path without a file."""
    if not path.exists():
        path.write_bytes(_template())
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE generation SET epoch = ?", [secrets.token_hex(8)])
    return path


@cache
def _template() -> bytes:
    # The caller may run in an event loop, so another thread opens the store.
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        path = Path(folder) / "empty.db"
        pool.submit(asyncio.run, _make(path)).result()
        return path.read_bytes()


async def _make(path: Path) -> None:
    store = await SqliteStore.open(path)
    await store.close()
