"""A new, empty store, and functions about its files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest

from gateway.store.protocol import ContentStore
from gateway.store.sqlite.store import SqliteStore
from tests.postgres import own_schema
from tests.store.documents import apply, document
from tests.store.empty_schemas import EmptySchemas
from tests.store.replicated import ReplicatedStore
from tests.store.template import empty_database, sent_database

Open = Callable[[], Awaitable[ContentStore]]
READERS = 2


def open_files(folder: Path) -> list[str]:
    """The files below a folder that this process has open."""
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [link for link in links if link.startswith(str(folder))]


@pytest.fixture(scope="session")
def empty_schemas(postgres: str) -> EmptySchemas:
    return EmptySchemas(postgres)


@pytest.fixture(params=["sqlite", "postgres"])
async def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a further store at each call. All are closed at the end."""
    schemas = request.getfixturevalue("empty_schemas") if request.param == "postgres" else None
    async with AsyncExitStack() as stores:
        numbers = count()

        async def new() -> ContentStore:
            path = tmp_path / f"{next(numbers)}.db"
            store: ContentStore
            if schemas:
                url = await stores.enter_async_context(schemas.empty())
                store = await ReplicatedStore.open(sent_database(path), url, readers=READERS)
            else:
                store = await SqliteStore.open(empty_database(path), readers=READERS)
            stores.push_async_callback(store.close)
            return store

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
