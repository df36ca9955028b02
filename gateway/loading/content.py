"""The content of one folder, opened as the settings say: its store, and the ingest that brings it there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from gateway.content.workers import Workers
from gateway.loading.ingest import Ingest, Report
from gateway.loading.stream import Progress
from gateway.settings import Settings
from gateway.store.protocol import Store
from gateway.store.sqlite import SqliteStore
from gateway.store.temporary import temporary_store


class Content(NamedTuple):
    """The content of one folder: where it is kept, and what brings it there."""

    store: Store
    ingest: Ingest


@asynccontextmanager
async def opened(settings: Settings, *, shared: bool = False) -> AsyncIterator[Content]:
    """The content that the settings name; in the end every process, thread and file of it is closed.

    Raises StoreError where another process writes the database, unless it is to be `shared`; then the store is led
    before anything is loaded.
    """
    async with AsyncExitStack() as stack:
        open_store = SqliteStore.join if shared else SqliteStore.open
        store = await open_store(settings.database_path, readers=settings.readers)
        stack.push_async_callback(store.close)
        workers = await stack.enter_async_context(_working(settings))
        yield Content(store, _ingest(settings, store, workers, gently=shared))


@asynccontextmanager
async def loaded_aside(
    settings: Settings, *, seed: Path | None = None, progress: Progress | None = None
) -> AsyncIterator[tuple[Store, Report]]:
    """A store that the folder has just been loaded to, and that leaves nothing behind; and how the load went.

    It begins as a copy of the database `seed`, where that can be used, so that what has not changed is not read again.
    """
    async with temporary_store(seed) as store, _working(settings) as workers:
        yield store, await _ingest(settings, store, workers, serving=False).run(progress=progress)


@asynccontextmanager
async def _working(settings: Settings) -> AsyncIterator[Workers]:
    workers = Workers(settings.workers)
    try:
        yield workers
    finally:
        await workers.close()


def _ingest(
    settings: Settings, store: Store, workers: Workers, *, serving: bool = True, gently: bool = False
) -> Ingest:
    return Ingest(
        store,
        settings.content,
        workers,
        clock=lambda: datetime.now(UTC),
        max_bytes=settings.max_file_bytes,
        hold=timedelta(seconds=settings.hold_seconds),
        serving=serving,
        gently=gently,
    )
