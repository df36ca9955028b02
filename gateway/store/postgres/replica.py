"""The replica of a working file in PostgreSQL: gets its changed rows, and fills it where it is behind.

PostgreSQL and the file each have the id of a transfer, so that after an end at any moment it is known which rows
PostgreSQL lacks.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from gateway.errors import StoreError, Superseded
from gateway.option_types import DatabaseUrl
from gateway.store.database_setup import prepare, set_up
from gateway.store.driver import PATIENCE, SqliteConnection
from gateway.store.postgres import outbox
from gateway.store.postgres.connection import ConnectionLost, driver_for, translated
from gateway.store.postgres.copying import copy_all, copy_notes
from gateway.store.postgres.hydration import hydrate, hydrate_last_good
from gateway.store.postgres.session import LoaderSession, Transfer, loader_session
from gateway.store.tables import RELEASE
from gateway.store.write_sql import COUNT_ARTICLES, GENERATION
from gateway.store.writer import is_large

logger = logging.getLogger("gateway")

SHORTEST_DELAY, LONGEST_DELAY = 0.5, 15.0
"""Seconds before another try to connect. The delay doubles with each try."""


class PostgresReplica:
    """The replica of one working file, which this process writes."""

    def __init__(self, url: DatabaseUrl, file: SqliteConnection, *, persists: bool) -> None:
        """See `open`."""
        self._url = url
        self._file = file
        self._persists = persists
        self._connection = AsyncExitStack()
        self._session: LoaderSession | None = None
        self._may_hydrate = True
        """Whether the working file may be replaced: not while a store has it open."""
        self._sent = 0
        """The newest generation that PostgreSQL has."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: DatabaseUrl, path: Path, *, persists: bool) -> AsyncIterator[PostgresReplica]:
        """Takes the lock of the database, and fills the working file if PostgreSQL has what it lacks. The caller opens
        the file as a store in the context.

        `persists` makes it wait for other loaders, and try again if the connection is lost. Raises StoreError.
        """
        driver_for(url)
        await prepare(path, PATIENCE)
        async with SqliteConnection.open(path) as file:
            await set_up(file)
            replica = cls(url, file, persists=persists)
            async with replica._connection:
                await replica._with_session(_do_nothing)
                replica._may_hydrate = False
                yield replica

    async def expect(self, files: int) -> None:
        """All rows are sent after a large run, so that their changes need not be noted."""
        [(articles,)] = await self._file.rows(COUNT_ARTICLES)
        if is_large(files, articles):
            await self._file.run(outbox.send_all, (await self._file.run(outbox.state)).last)

    async def send(self) -> None:
        """Raises Superseded if another loader has written the database."""
        await self._with_session(self._send)

    async def _with_session(self, action: Callable[[LoaderSession], Awaitable[None]]) -> None:
        delay = SHORTEST_DELAY
        while True:
            try:
                with translated(self._url):
                    await action(await self._connected())
                return
            except ConnectionLost as error:
                await self._disconnect()
                if not self._persists:
                    raise
                logger.warning("%s The loader tries again in %.1f s.", error.message, delay)
            except BaseException:
                await self._disconnect()
                raise
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)

    async def _connected(self) -> LoaderSession:
        if self._session is None:
            session = await self._connection.enter_async_context(loader_session(self._url, waits=self._persists))
            await self._compare(session)
            self._session = session
        return self._session

    async def _disconnect(self) -> None:
        self._session = None
        with suppress(StoreError):
            await self._connection.aclose()

    async def _compare(self, session: LoaderSession) -> None:
        """Finds which rows PostgreSQL lacks, or the working file."""
        known, newest = await self._file.run(outbox.state), await session.transfer()
        if newest is None:
            await self._file.run(outbox.send_all, None)
        elif newest.id not in {known.last, known.next}:
            await self._hydrate(session, newest)
        elif newest.release != RELEASE:
            await self._file.run(outbox.send_all, newest.id)
        elif newest.id == known.next:
            await self._file.run(outbox.confirm, newest.id)

    async def _hydrate(self, session: LoaderSession, newest: Transfer) -> None:
        if not self._may_hydrate:
            raise Superseded(f"Another loader has written the database {self._url} meanwhile.")
        if newest.release == RELEASE:
            await hydrate(session, self._file.path)
            await self._file.run(outbox.confirm, newest.id)
        else:
            await hydrate_last_good(session, self._file.path, newest.release)
            await self._file.run(outbox.send_all, newest.id)

    async def _send(self, session: LoaderSession) -> None:
        started = time.perf_counter()
        [(counter, *_)] = await self._file.rows(GENERATION)
        known = await self._file.run(outbox.state)
        notes = () if known.is_whole else await self._file.run(outbox.notes)
        if not counter or not (known.is_whole or notes):
            return
        transfer = secrets.token_hex(8)
        await self._file.run(outbox.begin, transfer)
        async with session.connection.transaction():
            await session.begin(known.last, transfer)
            if known.is_whole:
                await copy_all(session.connection, session.schema, self._file, transfer)
            else:
                await copy_notes(session.connection, self._file, notes)
            await session.notify()
        await self._file.run(outbox.confirm, transfer)
        level = logging.INFO if counter != self._sent else logging.DEBUG
        logger.log(level, "Generation %d is in %s after %.1f s.", counter, self._url, time.perf_counter() - started)
        self._sent = counter


async def _do_nothing(_: LoaderSession) -> None:
    pass
