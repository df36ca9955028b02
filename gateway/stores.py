"""Chooses the store of a command. Commands that start no server use it too, so it imports nothing of one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.loading.change_stream import Progress
from gateway.loading.ingest import IngestReport
from gateway.loading.pipeline import Pipeline, ingesting
from gateway.settings import Settings
from gateway.store.protocol import Store
from gateway.store.sqlite import SqliteStore
from gateway.store.temporary import temporary_store


@asynccontextmanager
async def opened(settings: Settings, *, shared: bool = False) -> AsyncIterator[Pipeline]:
    """The content that the settings name; in the end every process, thread and file of it is closed.

    Raises StoreError where another process writes the database, unless it is to be `shared`; then the store is led
    before anything is loaded.
    """
    open_store = SqliteStore.join if shared else SqliteStore.open
    store = await open_store(settings.database_path, readers=settings.readers)
    try:
        async with ingesting(settings, store, low_priority=shared) as ingest:
            yield Pipeline(store, ingest)
    finally:
        await store.close()


@asynccontextmanager
async def loaded_aside(
    settings: Settings, *, seed: Path | None = None, progress: Progress | None = None
) -> AsyncIterator[tuple[Store, IngestReport]]:
    """A store that the folder has just been loaded to, and that leaves nothing behind; and how the load went.

    It begins as a copy of the database `seed`, where that can be used, so that what has not changed is not read again.
    """
    async with temporary_store(seed) as store, ingesting(settings, store, serving=False) as ingest:
        yield store, await ingest.run(progress=progress)
