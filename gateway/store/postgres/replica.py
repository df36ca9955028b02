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
from gateway.store.postgres import outbox
from gateway.store.postgres.connection import ConnectionLost, driver_for, translated
from gateway.store.postgres.copying import copy_all, copy_notes
from gateway.store.postgres.hydration import hydrate, hydrate_last_good
from gateway.store.postgres.session import LoaderSession, Transfer, loader_session
from gateway.store.sqlite.database_setup import make_folder, prepare, set_up
from gateway.store.sqlite.driver import PATIENCE, SqliteConnection
from gateway.store.sqlite.write_sql import COUNT_ARTICLES, GENERATION
from gateway.store.sqlite.writer import is_large
from gateway.store.sqlite.writer_lock import WriterLock
from gateway.store.tables import RELEASE

logger = logging.getLogger("gateway")

SHORTEST_DELAY, LONGEST_DELAY = 0.5, 15.0
"""Seconds before another try to connect. The delay doubles with each try."""


class PostgresReplica:
    """The replica of one working file, which this process writes."""

    def __init__(self, url: DatabaseUrl, path: Path, *, persists: bool) -> None:
        """See `open`."""
        self._url = url
        self._path = path
        self._persists = persists
        self._files = AsyncExitStack()
        self._connection = AsyncExitStack()
        self._file: SqliteConnection
        self._session: LoaderSession | None = None
        self._is_open = False
        """Whether a store may have the working file open, so that it must not be replaced."""
        self._is_unsettled = False
        """Whether a transfer was begun, and it is unknown whether it was committed."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: DatabaseUrl, path: Path, *, persists: bool) -> AsyncIterator[PostgresReplica]:
        """Takes the lock of the database, and fills the working file if PostgreSQL has what it lacks. The caller opens
        the file as a store in the context.

        `persists` makes it wait for other loaders, and try again if the connection is lost. Raises StoreError.
        """
        driver_for(url)
        make_folder(path)
        replica = cls(url, path, persists=persists)
        async with replica._files, replica._connection:
            await replica._with_session(replica._open_file)
            replica._is_open = True
            yield replica

    async def settle(self) -> None:
        """Later notes must not be taken for those of a transfer that failed in a way that does not show its result."""
        if self._is_unsettled:
            await self._with_session(_do_nothing)

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
            if self._is_open:
                await self._compare(session)
            self._session = session
        return self._session

    async def _open_file(self, session: LoaderSession) -> None:
        """Opens the working file, and makes it equal to the database if that is newer."""
        lock = WriterLock(self._path)
        if not lock.take():
            raise StoreError(f"The working file {self._path} is used by {lock.holder}. Stop that loader.")
        try:
            await self._files.aclose()  # of an earlier try
            await prepare(self._path, PATIENCE)
            self._file = await self._files.enter_async_context(SqliteConnection.open(self._path))
            await set_up(self._file)
            await self._compare(session)
        finally:
            lock.release()

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
        self._is_unsettled = False

    async def _hydrate(self, session: LoaderSession, newest: Transfer) -> None:
        if self._is_open:
            raise Superseded(f"Another loader has written the database {self._url} meanwhile.")
        if newest.release == RELEASE:
            await hydrate(session, self._path)
            await self._file.run(outbox.confirm, newest.id)
        else:
            await hydrate_last_good(session, self._path, newest.release)
            await self._file.run(outbox.send_all, newest.id)

    async def _send(self, session: LoaderSession) -> None:
        started = time.perf_counter()
        [(counter, *_)] = await self._file.rows(GENERATION)
        known = await self._file.run(outbox.state)
        notes = () if known.is_whole else await self._file.run(outbox.notes)
        noted = {note.table.name for note in notes}
        if not counter or not (known.is_whole or notes):
            return
        transfer = secrets.token_hex(8)
        self._is_unsettled = True
        await self._file.run(outbox.begin, transfer)
        async with session.connection.transaction():
            await session.begin(known.last, transfer)
            if known.is_whole or "declaration" in noted or await self._is_large():
                await copy_all(session.connection, session.schema, self._file, transfer)
            else:
                await copy_notes(session.connection, self._file, notes)
            await session.notify()
        await self._file.run(outbox.confirm, transfer)
        self._is_unsettled = False
        if known.is_whole or "generation" in noted:
            logger.info("Generation %d is in %s after %.1f s.", counter, self._url, time.perf_counter() - started)

    async def _is_large(self) -> bool:
        """Whether so many articles changed that new tables cost less."""
        [(changed,)] = await self._file.rows(outbox.COUNT_CHANGED)
        [(articles,)] = await self._file.rows(COUNT_ARTICLES)
        return is_large(changed, articles)


async def _do_nothing(_: LoaderSession) -> None:
    """The result of the last transfer is known once a session is there."""
