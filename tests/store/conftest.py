"""A new, empty store, and functions about its files."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest
from hypothesis import assume, currently_in_test_context

from gateway.store.protocol import ContentStore
from gateway.store.sqlite.store import SqliteStore
from tests.postgres import own_schema
from tests.store.documents import apply, document
from tests.store.replicated import ReplicatedStore
from tests.store.template import empty_database

Open = Callable[[], Awaitable[ContentStore]]
READERS = 2
FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
FEW = 4
"""The number of examples on PostgreSQL, where a new store takes longer, without FULL."""


def open_files(folder: Path) -> list[str]:
    """The files below a folder that this process has open."""
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [link for link in links if link.startswith(str(folder))]


@pytest.fixture(params=["sqlite", "postgres"])
async def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a further store at each call. All are closed at the end."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    async with AsyncExitStack() as stores:
        numbers = count()

        async def new() -> ContentStore:
            number = next(numbers)
            if server and not FULL and currently_in_test_context():
                assume(number < FEW)
            store = await open_store(tmp_path / f"{number}.db", server)
            stores.push_async_callback(store.close)
            return store

        yield new


async def open_store(path: Path, server: str | None, readers: int = READERS) -> ContentStore:
    """A new, empty store: a SQLite file, or also a schema of a PostgreSQL server that is read in its place."""
    file = empty_database(path)
    if server is None:
        return await SqliteStore.open(file, readers=readers)
    return await ReplicatedStore.open(file, own_schema(server), readers=readers)


@pytest.fixture
async def store(new_store: Open) -> ContentStore:
    return await new_store()


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """The file of a closed SQLite database with one article."""
    opened = await SqliteStore.open(tmp_path / "content.db")
    await apply(opened, document("a"))
    await opened.close()
    return tmp_path / "content.db"


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """The URL of a PostgreSQL schema for one test."""
    return own_schema(postgres)
