"""The content of one folder: its store, and the ingest as the settings say. It opens no store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gateway.content.workers import Workers
from gateway.loading.ingest import Ingest
from gateway.settings import Settings
from gateway.store.protocol import Store


class Content(NamedTuple):
    """The content of one folder: where it is kept, and what brings it there."""

    store: Store
    ingest: Ingest


@asynccontextmanager
async def ingesting(
    settings: Settings, store: Store, *, serving: bool = True, gently: bool = False
) -> AsyncIterator[Ingest]:
    """What loads the folder of the settings into a store; in the end its processes are closed."""
    workers = Workers(settings.workers)
    try:
        yield Ingest(
            store,
            settings.content,
            workers,
            clock=lambda: datetime.now(UTC),
            max_bytes=settings.max_file_bytes,
            follow_links=settings.follow_links,
            hold=timedelta(seconds=settings.hold_seconds),
            serving=serving,
            gently=gently,
        )
    finally:
        await workers.close()
