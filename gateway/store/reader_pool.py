"""The readers of a store and who holds them. It knows no driver, and no table but the generation.

A reader keeps its transaction open from lease to lease and begins a new one when the generation has moved. It ends it
at once where it is idle at a commit, so that no reader holds the write-ahead log back from starting over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from gateway.errors import NotReady, StoreError
from gateway.store.rows import Row

GENERATION = "SELECT epoch, counter_all, counter_public, as_of, loaded_all, loaded_public FROM generation"


class ReaderConnection(Protocol):
    """What a reader reads with."""

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]: ...

    async def rollback(self) -> None: ...

    async def interrupt(self) -> None:
        """End the statements that run, or wait to run."""
        ...

    def stop_accepting(self) -> None:
        """Take no further statement."""
        ...


class Reader:
    """A connection that reads one generation at a time."""

    def __init__(self, connection: ReaderConnection) -> None:
        self._connection = connection
        self.generation: Row = ()
        self.commit = -1
        """The number of the commit that its transaction sees."""
        self.busy = False
        """Whether a statement may be running that nobody waits for any more."""

    async def begin(self, commit: int) -> None:
        """Begin to read the newest generation. BEGIN alone pins nothing; reading does."""
        if self.commit == commit and self.generation:
            return
        self.busy = True
        await self.end()
        await self._connection.rows("BEGIN")
        [self.generation] = await self._connection.rows(GENERATION)
        self.commit = commit
        self.busy = False

    async def end(self) -> None:
        self.generation = ()
        await self._connection.rollback()

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]:
        return await self._connection.rows(sql, parameters)

    async def interrupt(self) -> None:
        await self._connection.interrupt()
        self.busy = False

    async def close(self) -> None:
        """End what runs, and take nothing more."""
        self._connection.stop_accepting()
        await self.interrupt()


class ReaderPool:
    """Each is leased to one snapshot at a time; who finds none waits for its turn."""

    def __init__(self) -> None:
        self._readers: Sequence[Reader] = ()
        self._idle: asyncio.LifoQueue[Reader] = asyncio.LifoQueue()
        self._tidying: set[asyncio.Task[None]] = set()
        self._closed = False
        self.commit = 0

    def fill(self, readers: Sequence[Reader]) -> None:
        """To be called once, when there is something to read."""
        self._readers = readers
        for reader in readers:
            self._idle.put_nowait(reader)

    async def acquire(self) -> Reader:
        """Raises NotReady where there is nothing to read yet."""
        if not self._readers:
            raise NotReady
        return await self._idle.get()

    def release(self, reader: Reader) -> None:
        """Take a reader back, at once or, where it must be tidied first, as soon as it is."""
        if self._closed or (not reader.busy and reader.commit == self.commit):
            self._idle.put_nowait(reader)
            return
        task = asyncio.create_task(self._tidy(reader))
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    async def advance(self) -> None:
        """Called after each commit: no idle reader goes on to hold the generation before."""
        self.commit += 1
        idle = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        await asyncio.gather(*map(self._tidy, idle))

    async def close(self) -> None:
        """Whoever still asks, or waits for a reader, is told that the store is closed."""
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
    """Takes a reader at the first question, and keeps it until the lease ends."""

    def __init__(self, readers: ReaderPool) -> None:
        self._readers = readers
        self._reader: Reader | None = None
        self._begun = self._ended = False
        self._taking = asyncio.Lock()
        self._asking = set[asyncio.Task[Any]]()

    async def generation(self) -> Row:
        with self._asked():
            return (await self._held()).generation

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]:
        with self._asked():
            return await (await self._held()).rows(sql, parameters)

    def end(self) -> None:
        """Give the reader back. Tasks that still ask are cancelled: they would read on where another one reads."""
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
            raise StoreError("The snapshot has been left.")
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
        async with self._taking:
            if self._reader is None:
                self._reader = await self._readers.acquire()
            if self._reader.busy and len(self._asking) == 1:  # or the statement of another question would be met
                await self._reader.interrupt()
            if not self._begun:
                await self._reader.begin(self._readers.commit)
                self._begun = True
            return self._reader
