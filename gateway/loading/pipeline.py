"""Combines the store and the ingest of one content folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gateway.content.parser_pool import ParserPool
from gateway.loading.active_rules import Accepts, accept_all
from gateway.loading.ingest import Ingest
from gateway.settings import Settings
from gateway.store.protocol import ContentStore


class Pipeline(NamedTuple):
    """The store of one content folder, and its ingest."""

    store: ContentStore
    ingest: Ingest


@asynccontextmanager
async def ingesting(
    settings: Settings,
    store: ContentStore,
    *,
    serving: bool = True,
    low_priority: bool = False,
    accepts: Accepts = accept_all,
) -> AsyncIterator[Ingest]:
    """The ingest of the settings' folder into a store. Its parser processes end with the context."""
    parser_pool = ParserPool(settings.parsers)
    try:
        yield Ingest(
            store,
            settings.folder,
            parser_pool,
            clock=lambda: datetime.now(UTC),
            max_bytes=settings.max_file_bytes,
            follow_links=settings.follow_links,
            assets_url=settings.assets_base,
            hold=timedelta(seconds=settings.hold_seconds),
            serving=serving,
            low_priority=low_priority,
            accepts=accepts,
        )
    finally:
        await parser_pool.close()
