"""Opens the store for a command. It imports no server code, because commands without a server use it too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.errors import StoreError
from gateway.loading.active_rules import Accepts, accept_all
from gateway.loading.change_stream import Progress
from gateway.loading.ingest import IngestReport
from gateway.loading.pipeline import Pipeline, ingesting
from gateway.option_types import DatabaseUrl
from gateway.settings import Settings
from gateway.store.postgres.replica import PostgresReplica
from gateway.store.postgres.store import PostgresStore
from gateway.store.protocol import ContentStore, Store
from gateway.store.sqlite.store import SqliteStore, copy


@asynccontextmanager
async def open_pipeline(
    settings: Settings, *, shared: bool = False, accepts: Accepts = accept_all
) -> AsyncIterator[Pipeline]:
    """Open the store and the ingest for the settings. Processes, threads and files are closed at exit.

    Raises StoreError if another process writes the database, unless it is `shared`. A shared store must become the
    writer before a load. `accepts` returns why other collections cannot be used.
    """
    open_store = SqliteStore.join if shared else SqliteStore.open
    store = await open_store(settings.database_path, readers=settings.readers, entities=settings.entities)
    try:
        async with ingesting(settings, store, low_priority=shared, accepts=accepts) as ingest:
            yield Pipeline(store, ingest)
    finally:
        await store.close()


@asynccontextmanager
async def open_loader(settings: Settings, *, persists: bool = False) -> AsyncIterator[Pipeline]:
    """Open the store and the ingest of a process that loads and does not serve.

    For PostgreSQL, the store is a working file whose generations are sent there. `persists` makes the loader wait for
    other ones, and for a server that cannot be reached. Raises StoreError.
    """
    if not isinstance(settings.database, DatabaseUrl):
        async with open_pipeline(settings) as pipeline:
            yield pipeline
        return
    path = settings.working_path
    async with PostgresReplica.open(settings.database, path, persists=persists) as replica:
        store = await SqliteStore.open(path, readers=1, replica=replica)
        try:
            async with ingesting(settings, store) as ingest:
                yield Pipeline(store, ingest)
        finally:
            await store.close()


@asynccontextmanager
async def open_reader(settings: Settings, url: DatabaseUrl, memory: int | None = None) -> AsyncIterator[Store]:
    """Open a PostgreSQL database that a loader fills. Raises StoreError.

    `memory` is a descriptor of the memory that the processes of a server share.
    """
    store = await PostgresStore.join(url, readers=settings.readers, entities=settings.entities, memory=memory)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_loaded(settings: Settings, pipeline: Pipeline) -> AsyncIterator[Store]:
    """What gateways read of a loader: the PostgreSQL database, or the SQLite file of the pipeline."""
    if isinstance(settings.database, DatabaseUrl):
        async with open_reader(settings, settings.database) as store:
            yield store
    else:
        yield pipeline.store


@asynccontextmanager
async def load_temporary(
    settings: Settings, *, seed: Path | None = None, progress: Progress | None = None
) -> AsyncIterator[tuple[ContentStore, IngestReport]]:
    """A temporary store with the loaded folder, and the report of the load.

    The store starts as a copy of the database `seed`, if that is usable, so that unchanged files are not read again.
    """
    async with temporary_store(seed) as store, ingesting(settings, store, serving=False) as ingest:
        yield store, await ingest.run(progress=progress)


@asynccontextmanager
async def temporary_store(seed: Path | None = None) -> AsyncIterator[SqliteStore]:
    """A new database in its own folder, which is deleted at the end. Raises StoreError.

    Starts as a copy of the database `seed`, if that belongs to this program, and empty otherwise.
    """
    with _folder() as folder:
        path = Path(folder) / "content.db"
        if seed:
            await copy(seed, path)
        store = await SqliteStore.open(path, readers=1)
        try:
            yield store
        finally:
            await store.close()


def _folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="gateway-")
    except OSError as error:
        raise StoreError(f"Cannot create a folder for a temporary database: {error.strerror}.") from error
