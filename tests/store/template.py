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

from gateway.store.postgres import outbox
from gateway.store.sqlite.driver import SqliteConnection
from gateway.store.sqlite.store import SqliteStore

TRANSFER = "first"
"""The transfer that PostgreSQL has of `sent_database`."""


def empty_database(path: Path) -> Path:
    """Write an empty database with its own epoch to a path without a file."""
    return _copied(_template(is_sent=False), path)


def sent_database(path: Path) -> Path:
    """The same for the working file of a loader, whose rows PostgreSQL has."""
    return _copied(_template(is_sent=True), path)


def _copied(database: bytes, path: Path) -> Path:
    if not path.exists():
        path.write_bytes(database)
        with closing(sqlite3.connect(path)) as opened, opened:
            opened.execute("UPDATE generation SET epoch = ?", [secrets.token_hex(8)])
    return path


@cache
def _template(*, is_sent: bool) -> bytes:
    # The caller may run in an event loop, so another thread opens the store.
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        path = Path(folder) / "empty.db"
        pool.submit(asyncio.run, _make(path, is_sent=is_sent)).result()
        return path.read_bytes()


async def _make(path: Path, *, is_sent: bool) -> None:
    store = await SqliteStore.open(path)
    await store.close()
    if is_sent:
        async with SqliteConnection.open(path) as connection:
            await connection.run(outbox.confirm, TRANSFER)
