"""The one connection of a loader, with the lock that makes it the only one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from gateway.errors import StoreError, Superseded
from gateway.option_types import DatabaseUrl
from gateway.store.postgres.connection import READ_ONLY, connected
from gateway.store.sql_files import named
from gateway.store.tables import APPLICATION

logger = logging.getLogger("gateway")

POLL_SECONDS = 1.0
"""Interval of tries to get the lock of another loader."""
_SQL = named("postgres/tables.sql")


class Transfer(NamedTuple):
    """What PostgreSQL has."""

    release: int
    id: str


class LoaderSession:
    """A connection that holds the lock of its schema."""

    def __init__(self, url: DatabaseUrl, connection: Any) -> None:
        self.schema = url.schema
        self.connection = connection
        self._url = url

    async def transfer(self) -> Transfer | None:
        """The newest transfer. None before the first one."""
        [(exists,)] = await self.connection.fetch(_SQL["has_transfer"], f"{self.schema}.transfer")
        rows = await self.connection.fetch(_SQL["transfer"]) if exists else []
        return Transfer(*rows[0]) if rows else None

    async def begin(self, last: str | None, transfer: str) -> None:
        """Begins a transfer after the last one, in the transaction of the caller.

        Raises StoreError if the session does not have the lock, and Superseded if another loader has written meanwhile.
        """
        [(is_locked,)] = await self.connection.fetch(_SQL["is_locked"], APPLICATION, self.schema)
        if not is_locked:
            raise StoreError(
                f"The database {self._url} is behind a pooler that changes sessions. Connect to PostgreSQL itself."
            )
        if last is not None and await self.connection.execute(_SQL["advance"], last, transfer) != "UPDATE 1":
            raise Superseded(f"Another loader has written the database {self._url} meanwhile.")

    async def notify(self) -> None:
        """Wakes the gateways at the commit."""
        await self.connection.fetch(_SQL["notify"], self.schema)


@asynccontextmanager
async def loader_session(url: DatabaseUrl, *, waits: bool) -> AsyncIterator[LoaderSession]:
    """Connects and takes the lock. If another loader has it, `waits` for that one. Raises StoreError."""
    if url.is_pooled:
        raise StoreError(
            f"The URL {url} is of a pooler: its statement_cache_size is 0. A loader keeps its session. Connect to"
            " PostgreSQL itself."
        )
    async with connected(url, "loader") as connection:
        await _check_server(url, connection)
        await _take_lock(url, connection, waits=waits)
        yield LoaderSession(url, connection)


async def _check_server(url: DatabaseUrl, connection: Any) -> None:
    [(is_standby, encoding)] = await connection.fetch(_SQL["server"])
    if is_standby:
        raise StoreError(f"The database {url} {READ_ONLY}")
    if encoding != "UTF8":
        raise StoreError(f"The database {url} has the encoding {encoding}. Create one with the encoding UTF8.")


async def _take_lock(url: DatabaseUrl, connection: Any, *, waits: bool) -> None:
    is_reported = False
    while not (await connection.fetch(_SQL["try_lock"], APPLICATION, url.schema))[0][0]:
        holders = await connection.fetch(_SQL["holder"], APPLICATION, url.schema)
        holder = holders[0][0] if holders else "another loader"
        if not waits:
            raise StoreError(f"The database {url} is written by {holder}. Stop that loader.")
        if not is_reported:
            logger.warning("The database %s is written by %s. This loader waits, and is its next one.", url, holder)
            is_reported = True
        await asyncio.sleep(POLL_SECONDS)
