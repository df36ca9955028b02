"""A pool of readers, leased to snapshots.

A reader reuses its transaction for several leases, and begins a new one after a new generation. A reader that is idle
at a commit ends its transaction at once, so that it does not prevent the write-ahead log from being reset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from gateway.errors import NotReady, StoreError
from gateway.store.rows import Row
from gateway.store.sql_files import named
from gateway.store.sql_fragment import Steps

T = TypeVar("T")

GENERATION = named("read.sql")["generation"]


class ReaderConnection(Protocol):
    """The connection of a reader."""

    @property
    def in_transaction(self) -> bool: ...

    async def begin(self) -> None:
        """Begins a transaction."""
        ...

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]: ...

    async def run_steps(self, steps: Steps[T]) -> T:
        """Runs the queries of the steps in one round trip. If the caller is cancelled, no further query begins."""
        ...

    async def rollback(self) -> None: ...

    async def interrupt(self) -> None:
        """Interrupts running and queued statements."""
        ...

    def stop_accepting(self) -> None:
        """Rejects further statements."""
        ...


class Reader:
    """A connection that reads one generation at a time."""

    def __init__(self, connection: ReaderConnection) -> None:
        self._connection = connection
        self.generation: Row = ()
        self.commit = -1
        """The number of the commit that its transaction sees."""
        self.busy = False
        """Whether an abandoned statement may be running."""

    async def begin(self, commit: int) -> None:
        """Begins to read the newest generation. BEGIN does not open a snapshot: the first read does."""
        if self.commit == commit and self.generation and self._connection.in_transaction:
            return
        self.busy = True
        await self.end()
        await self._connection.begin()
        [row] = await self._connection.rows(GENERATION)
        self.generation = tuple(row)
        self.commit = commit
        self.busy = False

    async def end(self) -> None:
        self.generation = ()
        await self._connection.rollback()

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]:
        return await self._connection.rows(sql, parameters)

    async def run(self, steps: Steps[T]) -> T:
        return await self._connection.run_steps(steps)

    async def interrupt(self) -> None:
        await self._connection.interrupt()
        self.busy = False

    async def close(self) -> None:
        """Interrupts running statements and rejects new ones."""
        self._connection.stop_accepting()
        await self.interrupt()


class ReaderPool:
    """Leases each reader to one snapshot at a time. Further snapshots wait in order."""

    def __init__(self) -> None:
        self._readers: Sequence[Reader] = ()
        self._idle: asyncio.LifoQueue[Reader] = asyncio.LifoQueue()
        self._tidying: set[asyncio.Task[None]] = set()
        self._closed = False
        self._newest: Row = ()
        self.commit = 0

    def fill(self, readers: Sequence[Reader]) -> None:
        """Call once, when the database can be read."""
        self._readers = readers
        for reader in readers:
            self._idle.put_nowait(reader)

    @property
    def newest(self) -> Row | None:
        """The generation of the newest commit, if a reader has read it since."""
        return self._newest or None

    async def begin(self, reader: Reader) -> None:
        """Makes a reader read the newest generation."""
        await reader.begin(self.commit)
        if reader.commit == self.commit:
            self._newest = reader.generation

    async def acquire(self) -> Reader:
        """Raises NotReady if the database cannot be read yet."""
        if not self._readers:
            raise NotReady
        return await self._idle.get()

    def release(self, reader: Reader) -> None:
        """Returns a reader to the pool, after cleaning up if it is busy."""
        if self._closed or (not reader.busy and reader.commit == self.commit):
            self._idle.put_nowait(reader)
            return
        task = asyncio.create_task(self._tidy(reader))
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    async def advance(self) -> None:
        """Call after each commit, so that idle readers do not hold the previous generation."""
        self.commit += 1
        self._newest = ()
        await self.rest()

    async def rest(self) -> None:
        """Ends the transactions of idle readers."""
        idle = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        await asyncio.gather(*map(self._tidy, idle))

    async def close(self) -> None:
        """Raises StoreError in waiting and later `acquire` calls."""
        self._closed = True
        await asyncio.gather(*self._tidying, return_exceptions=True)
        await asyncio.gather(*(reader.close() for reader in self._readers))
        for reader in self._readers:
            self._idle.put_nowait(reader)

    async def _tidy(self, reader: Reader) -> None:
        try:
            if reader.busy:
                await reader.interrupt()
            await reader.end()
        finally:
            self._idle.put_nowait(reader)


class ReaderLease:
    """Acquires a reader at the first read, and holds it until the lease ends."""

    def __init__(self, readers: ReaderPool) -> None:
        self._readers = readers
        self._reader: Reader | None = None
        self._begun = self._ended = False
        self._taking = asyncio.Lock()
        self._asking = set[asyncio.Task[Any]]()

    async def generation(self) -> Row:
        if self._begun and self._reader and not self._ended:
            return self._reader.generation
        with self._asked():
            return (await self._held()).generation

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]:
        with self._asked():
            return await (await self._held()).rows(sql, parameters)

    async def run(self, steps: Steps[T]) -> T:
        """The result of the steps, in one round trip. Raises their exceptions."""
        with self._asked():
            return await (await self._held()).run(steps)

    def end(self) -> None:
        """Returns the reader. Cancels pending reads, which would otherwise run in the next lease."""
        self._ended = True
        for task in self._asking:
            task.cancel()
        if self._reader:
            self._reader.busy |= bool(self._asking)
            self._readers.release(self._reader)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        task = asyncio.current_task()
        if self._ended or task is None:
            raise StoreError("The snapshot is closed.")
        self._asking.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._reader and not self._ended:
                self._reader.busy = True
            raise
        finally:
            self._asking.discard(task)

    async def _held(self) -> Reader:
        if self._begun and self._reader and not self._reader.busy:
            return self._reader
        async with self._taking:
            if self._reader is None:
                self._reader = await self._readers.acquire()
            if self._reader.busy and len(self._asking) == 1:  # an interrupt would also hit a concurrent statement
                await self._reader.interrupt()
            if not self._begun:
                await self._readers.begin(self._reader)
                self._begun = True
            return self._reader
