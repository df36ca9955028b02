"""A new, empty store, and functions about its files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest

from gateway.store.protocol import ContentStore
from gateway.store.sqlite.store import SqliteStore
from tests import databases
from tests.postgres import own_schema
from tests.store.documents import apply, document

Open = Callable[[], Awaitable[ContentStore]]
READERS = 2


def open_files(folder: Path) -> list[str]:
    """The files below a folder that this process has open."""
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [link for link in links if link.startswith(str(folder))]


@pytest.fixture
async def new_store(each_database: None, tmp_path: Path) -> AsyncIterator[Open]:  # noqa: ARG001 - chooses the database
    """Opens a further store at each call. All are closed at the end."""
    async with AsyncExitStack() as stores:
        numbers = count()

        async def new() -> ContentStore:
            opened = databases.new_store(tmp_path / f"{next(numbers)}.db", readers=READERS)
            return await stores.enter_async_context(opened)

        yield new


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
