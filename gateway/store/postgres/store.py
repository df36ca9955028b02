"""The store in PostgreSQL, for gateways: it reads what a loader writes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from gateway.errors import DatabaseUnavailable, NotReady, StoreError
from gateway.limits import ENTITIES
from gateway.model.records import Generation, Visibility
from gateway.option_types import DatabaseUrl
from gateway.store.change_log import ChangeCursor
from gateway.store.entities import EntityCache
from gateway.store.generation_signal import GenerationSignal
from gateway.store.postgres.connection import ANSWER_SECONDS, ConnectionLost, beginning, connected, driver_for
from gateway.store.postgres.dialect import DIALECT
from gateway.store.postgres.dialect import translated as in_postgres
from gateway.store.postgres.place import Place, SharedPlace
from gateway.store.postgres.read_connection import ReadConnection
from gateway.store.protocol import Snapshot
from gateway.store.reader_pool import GENERATION, Reader, ReaderLease, ReaderPool
from gateway.store.rows import Row, generation
from gateway.store.snapshot import SqlSnapshot
from gateway.store.sql_files import named
from gateway.store.sqlite.driver import CLOSED
from gateway.store.tables import PUBLIC_VIEW, RELEASE
from gateway.store.tree import TreeCache

logger = logging.getLogger("gateway")

POLL_SECONDS = 1.0
"""Interval of looks at the generation, if no notification comes before. A reader keeps a transaction as long at most,
so that it does not prevent the server from cleaning up."""
SILENT_POLL_SECONDS = 0.25
"""The same on a standby or behind a pooler, which do not notify."""
SHORTEST_DELAY, LONGEST_DELAY = 0.1, 5.0
"""Seconds before another try to connect. The delay doubles with each try."""
REACH_SECONDS = 2.0
"""How long a request waits for a generation that its client has seen."""
_SQL = named("postgres/follow.sql")


class PostgresReaders(ReaderPool):
    """Readers that together never go back to an older generation, also with those of the server's other processes."""

    def __init__(self, signal: GenerationSignal, place: SharedPlace, check: Callable[[], None]) -> None:
        """`check` raises the reason why the server cannot be read."""
        super().__init__()
        self._signal = signal
        self._place = place
        self._check = check

    async def begin(self, reader: Reader) -> None:
        """Raises DatabaseUnavailable if the server of the reader does not answer, or stays behind another one."""
        self._check()  # again, because the snapshot may have waited for its reader
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await reader.begin(self.commit)
                if not self.is_newest(reader.generation):  # it may have begun before another process read
                    await reader.end()
                    await reader.begin(self.commit)
                while self._is_behind(reader.generation):
                    await reader.end()
                    await asyncio.sleep(SILENT_POLL_SECONDS)
                    await reader.begin(self.commit)
        except TimeoutError as error:
            raise DatabaseUnavailable from error
        self.meet(reader.generation)
        reader.commit = self.commit

    def meet(self, row: Row) -> None:
        """Call with each generation that was read."""
        if row != self._newest and not self._is_behind(row):
            self._place.advance(Place.of(row))
            self._newest = row
            self.commit += 1
            self._signal.notify()

    def is_newest(self, row: Row) -> bool:
        """Whether no process of the server has read another generation since."""
        return self._place.newest in {None, Place.of(row)}

    def _is_behind(self, row: Row) -> bool:
        newest = self._place.newest
        return newest is not None and Place.of(row).is_behind(newest)


class PostgresStore:
    """A database that loaders of other processes write."""

    def __init__(self, url: DatabaseUrl, readers: int, entities: int, memory: int | None) -> None:
        """See `join`."""
        self._url = url
        self._signal = GenerationSignal()
        self._place = SharedPlace(memory)
        self._connections = [ReadConnection(url) for _ in range(readers)]
        self._readers = PostgresReaders(self._signal, self._place, self.check_available)
        self._readers.fill([Reader(connection) for connection in self._connections])
        self._entities = {visibility: EntityCache(visibility, entities) for visibility in Visibility}
        self._trees = {visibility: TreeCache(visibility) for visibility in Visibility}
        self._is_current = False
        """Whether the tables have this release."""
        self._fault: StoreError | None = None
        """Why the server cannot be read. None if it can."""
        self._wake = asyncio.Event()
        self._looks = GenerationSignal()
        """Notifies of each look at the server, also if it failed."""
        self._begun_looks = self._ended_looks = 0
        self._following: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def join(
        cls, url: DatabaseUrl, *, readers: int = 4, entities: int = ENTITIES, memory: int | None = None
    ) -> PostgresStore:
        """Connects, and follows the generations. The server may be unreachable, and the tables may come later.

        `memory` is a descriptor of the memory that the processes of a server share. Raises StoreError if the driver is
        missing, or if the server refuses the role or the database.
        """
        driver_for(url)
        store = cls(url, readers, entities, memory)
        store._following = asyncio.create_task(store._follow())
        try:
            await store._next_look()
            if store._fault and not isinstance(store._fault, ConnectionLost):
                raise store._fault
        except BaseException:
            await store.close()
            raise
        return store

    def newest_generation(self, visibility: Visibility) -> Generation | None:
        """While the server cannot be reached, the last one that was read, so that kept answers are served.

        None if another process of the same gateway has read a newer one.
        """
        row = self._known
        return generation(row, visibility) if row and self._readers.is_newest(row) else None

    @property
    def _known(self) -> Row | None:
        """The newest generation that this process has read, if it can be served."""
        row = self._readers.newest if self._is_current and not self._closed else None
        return row if row and row[1] else None

    @asynccontextmanager
    async def snapshot(self, visibility: Visibility) -> AsyncIterator[Snapshot]:
        if self._closed:
            raise StoreError(CLOSED)
        lease = ReaderLease(self._readers)
        try:
            self.check_available()
            yield SqlSnapshot(lease, visibility, self._entities[visibility], self._trees[visibility], DIALECT)
        except DatabaseUnavailable:
            self._wake.set()  # looks at once
            raise
        finally:
            lease.end()

    def generations(self) -> AsyncIterator[None]:
        return self._signal.follow()

    def end_generations(self) -> None:
        self._signal.end()

    async def ready(self) -> bool:
        return self._known is not None

    def check_available(self) -> None:
        """Raises DatabaseUnavailable if the server cannot be reached, and NotReady if its tables are of another release
        or not loaded yet."""
        if self._fault:
            raise DatabaseUnavailable
        if not self._is_current:
            raise NotReady

    async def reach(self, *, token: str | None = None, revision: str | None = None) -> None:
        promised = ChangeCursor.promised(token) if token else _of_public(revision) if revision else None
        if self._fault or ((token or revision) and not self._lacks(promised)):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(REACH_SECONDS):
                await self._next_look()
                while self._lacks(promised):
                    await asyncio.sleep(SILENT_POLL_SECONDS)
                    await self._next_look()

    def _lacks(self, promised: tuple[str, int, int] | None) -> bool:
        """Whether an epoch, a view and a counter are newer than the newest generation that is known."""
        row = self._readers.newest
        if promised is None or row is None:
            return False
        epoch, view, counter = promised
        known: int = row[2 if view == PUBLIC_VIEW else 1]
        return epoch == row[0] and known < counter

    async def _next_look(self) -> None:
        """Waits for a look that begins after the call."""
        begun = self._begun_looks
        self._wake.set()
        async for _ in self._looks.follow():
            if self._ended_looks > begun or self._closed:
                return

    async def close(self) -> None:
        """Idempotent."""
        if not self._closed:
            self._closed = True
            self._signal.end()
            self._looks.end()
            if self._following:
                self._following.cancel()
                with suppress(asyncio.CancelledError):
                    await self._following
            await self._readers.close()
            self._place.close()

    async def _follow(self) -> None:
        """Looks at the generation until the store is closed. Connects again if the connection is lost."""
        delay = SHORTEST_DELAY
        while True:
            self._begun_looks += 1
            try:
                async with connected(self._url, "gateway, generations") as connection:
                    interval = await self._listen(connection)
                    while True:
                        await self._look(connection)
                        self._recover()
                        delay = SHORTEST_DELAY
                        with suppress(TimeoutError):
                            async with asyncio.timeout(interval):  # `wait_for` can miss a cancellation
                                await self._wake.wait()
                        self._wake.clear()
                        self._begun_looks += 1
            except StoreError as error:
                self._report(error, delay)
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)

    async def _listen(self, connection: Any) -> float:
        """Wakes at notifications. Returns the interval of looks."""
        (is_standby,) = await self._row(connection, _SQL["is_standby"])
        if is_standby or self._url.is_pooled:
            return SILENT_POLL_SECONDS
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.add_listener(self._url.schema, lambda *_: self._wake.set())
        return POLL_SECONDS

    async def _look(self, connection: Any) -> None:
        (has_tables,) = await self._row(connection, _SQL["has_tables"], f"{self._url.schema}.transfer")
        if has_tables:
            (release,) = await self._row(connection, _SQL["release"])
            self._see(release, tuple(await self._row(connection, in_postgres(GENERATION).text)))
        else:
            self._is_current = False
        await self._readers.rest()

    async def _row(self, connection: Any, query: str, *parameters: object) -> Row:
        """The row of a query, in a transaction of its own, because the locks of two could block a loader."""
        if self._url.is_pooled:
            await connection.execute(beginning(self._url, "BEGIN READ ONLY"), timeout=ANSWER_SECONDS)
        [row] = await connection.fetch(query, *parameters, timeout=ANSWER_SECONDS)
        if self._url.is_pooled:
            await connection.execute("COMMIT", timeout=ANSWER_SECONDS)
        found: Row = row
        return found

    def _see(self, release: int, row: Row) -> None:
        if self._is_current is not (release == RELEASE):
            self._is_current = release == RELEASE
            if not self._is_current:
                logger.error(
                    "The database %s has release %d of the tables. This gateway reads release %d.",
                    *(self._url, release, RELEASE),
                )
        if self._is_current:
            self._readers.meet(row)

    def _report(self, error: StoreError, delay: float) -> None:
        if self._fault is None:
            logger.error("%s The gateway tries again until it can read the database.", error.message)
        else:
            logger.debug("%s The gateway tries again in %.1f s.", error.message, delay)
        self._end_look(error)
        if isinstance(error.__cause__, TimeoutError):  # statements wait for the same silent server
            for connection in self._connections:
                connection.drop()

    def _recover(self) -> None:
        if self._fault:
            logger.warning("The database %s can be read again.", self._url)
        self._end_look(None)

    def _end_look(self, fault: StoreError | None) -> None:
        self._fault = fault
        self._ended_looks = self._begun_looks
        self._looks.notify()


def _of_public(revision: str) -> tuple[str, int, int]:
    """The epoch, the view and the counter of a revision of the public content."""
    epoch, _, counter = revision.rpartition("-")
    return epoch, PUBLIC_VIEW, int(counter)
