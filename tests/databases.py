"""The stores that tests of the API open: of SQLite, and of PostgreSQL in a test that runs on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.store.sqlite.store import SqliteStore
from tests.postgres import own_schema
from tests.store.empty_schemas import EmptySchemas
from tests.store.replicated import ReplicatedStore
from tests.store.template import empty_database, sent_database

schemas: EmptySchemas | None = None
"""Set by the fixture `each_database` while a test runs on PostgreSQL."""


@asynccontextmanager
async def new_store(
    path: Path, server: str | None = None, **options: Any
) -> AsyncIterator[SqliteStore | ReplicatedStore]:
    """An empty store. `path` is that of its database, or of the working file of a loader.

    If the file exists, and the store is to be of PostgreSQL, give the URL of a server for a schema of its own.
    """
    async with AsyncExitStack() as parts:
        store: SqliteStore | ReplicatedStore
        if server:
            store = await ReplicatedStore.open(path, own_schema(server), **options)
        elif schemas is None:
            store = await SqliteStore.open(empty_database(path), **options)
        else:
            url = await parts.enter_async_context(schemas.empty())
            store = await ReplicatedStore.open(sent_database(path), url, **options)
        parts.push_async_callback(store.close)
        yield store
