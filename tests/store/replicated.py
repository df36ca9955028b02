"""A store that a loader writes, with the reads of a gateway on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

from gateway.model.records import Generation, Visibility
from gateway.option_types import DatabaseUrl
from gateway.store.postgres.replica import PostgresReplica
from gateway.store.postgres.store import PostgresStore
from gateway.store.protocol import Applied, ChangeSet, Snapshot
from gateway.store.sqlite.store import SqliteStore


class ReplicatedStore:
    """A `ContentStore` whose snapshots are of PostgreSQL."""

    def __init__(self, written: SqliteStore, read: PostgresStore, parts: AsyncExitStack) -> None:
        self.written = written
        self.read = read
        self._parts = parts

    @classmethod
    async def open(cls, path: Path, url: str, *, readers: int = 2, **options: Any) -> ReplicatedStore:
        """`path` is the working file. `url` has the schema of the tables."""
        parts, database = AsyncExitStack(), DatabaseUrl(url)
        replica = await parts.enter_async_context(PostgresReplica.open(database, path, persists=False))
        written = await SqliteStore.open(path, readers=readers, replica=replica)
        parts.push_async_callback(written.close)
        read = await PostgresStore.join(database, readers=readers, **options)
        parts.push_async_callback(read.close)
        return cls(written, read, parts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.written, name)

    async def apply(self, changes: ChangeSet) -> Applied:
        applied = await self.written.apply(changes)
        await self.catch_up()
        return applied

    async def catch_up(self) -> None:
        """Waits until the reads have what is written."""
        async with self.written.snapshot(Visibility.PREVIEW) as snapshot:
            written = await snapshot.generation()
        while self.read.newest_generation(Visibility.PREVIEW) != written:
            await self.read.reach()

    def newest_generation(self, visibility: Visibility) -> Generation | None:
        return self.read.newest_generation(visibility)

    def snapshot(self, visibility: Visibility) -> AbstractAsyncContextManager[Snapshot]:
        return self.read.snapshot(visibility)

    def generations(self) -> AsyncIterator[None]:
        return self.read.generations()

    def end_generations(self) -> None:
        self.read.end_generations()

    def check_available(self) -> None:
        self.read.check_available()

    async def reach(self, *, token: str | None = None, revision: str | None = None) -> None:
        await self.read.reach(token=token, revision=revision)

    async def ready(self) -> bool:
        return await self.read.ready()

    async def close(self) -> None:
        await self._parts.aclose()
