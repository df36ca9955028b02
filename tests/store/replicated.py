"""A store that writes to SQLite, copies each commit to PostgreSQL, and reads from there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import asyncpg

from gateway.model.records import Generation, Visibility
from gateway.option_types import DatabaseUrl
from gateway.store.driver import SqliteConnection
from gateway.store.postgres.copying import copy_all
from gateway.store.postgres.store import PostgresStore
from gateway.store.protocol import Applied, ChangeSet, Snapshot
from gateway.store.sqlite import SqliteStore


class ReplicatedStore:
    """A `ContentStore` whose snapshots are of PostgreSQL."""

    def __init__(self, written: SqliteStore, read: PostgresStore, path: Path, url: DatabaseUrl) -> None:
        self._written = written
        self.read = read
        self._path = path
        self._url = url

    @classmethod
    async def open(cls, path: Path, url: str, *, readers: int = 2, **options: Any) -> ReplicatedStore:
        """`url` has the schema of the copy."""
        written = await SqliteStore.open(path, readers=readers, **options)
        await _copy(path, DatabaseUrl(url))
        read = await PostgresStore.join(DatabaseUrl(url), readers=readers, **options)
        return cls(written, read, path, DatabaseUrl(url))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._written, name)

    async def apply(self, changes: ChangeSet) -> Applied:
        applied = await self._written.apply(changes)
        await _copy(self._path, self._url)
        await self.read.reach(Visibility.PREVIEW)
        return applied

    def newest_generation(self, visibility: Visibility) -> Generation | None:
        return self.read.newest_generation(visibility)

    def snapshot(self, visibility: Visibility) -> AbstractAsyncContextManager[Snapshot]:
        return self.read.snapshot(visibility)

    def generations(self) -> AsyncIterator[None]:
        return self.read.generations()

    def end_generations(self) -> None:
        self.read.end_generations()

    async def ready(self) -> bool:
        return await self.read.ready()

    async def close(self) -> None:
        await self.read.close()
        await self._written.close()


async def _copy(path: Path, url: DatabaseUrl) -> None:
    connection = await asyncpg.connect(url.complete)
    try:
        async with SqliteConnection.open(path) as source, connection.transaction():
            await copy_all(connection, url.schema, source, "copied")
    finally:
        await connection.close()
