"""Opens the store for a command. It imports no server code, because commands without a server use it too."""

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
async def open_pipeline(settings: Settings, *, shared: bool = False) -> AsyncIterator[Pipeline]:
    """Open the store and the ingest for the settings. Processes, threads and files are closed at exit.

    Raises StoreError if another process writes the database, unless it is `shared`. A shared store must become the
    writer before a load.
    """
    open_store = SqliteStore.join if shared else SqliteStore.open
    store = await open_store(settings.database_path, readers=settings.readers)
    try:
        async with ingesting(settings, store, low_priority=shared) as ingest:
            yield Pipeline(store, ingest)
    finally:
        await store.close()


@asynccontextmanager
async def load_temporary(
    settings: Settings, *, seed: Path | None = None, progress: Progress | None = None
) -> AsyncIterator[tuple[Store, IngestReport]]:
    """A temporary store with the loaded folder, and the report of the load.

    The store starts as a copy of the database `seed`, if that is usable, so that unchanged files are not read again.
    """
    async with temporary_store(seed) as store, ingesting(settings, store, serving=False) as ingest:
        yield store, await ingest.run(progress=progress)
