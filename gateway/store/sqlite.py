"""The store in one SQLite file: one connection writes, some others read. It knows no table but the generation.

A reader keeps its transaction open from lease to lease and begins a new one when the generation has moved. It ends it
at once where it is idle at a commit, so that no reader holds the write-ahead log back from starting over.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiosqlite

from gateway.content.identity import provider_id, suffix, topic_id
from gateway.content.text import fold, slug
from gateway.content.tokens import terms
from gateway.errors import StoreError
from gateway.model import FileVersion, Visibility
from gateway.store.changes import Run
from gateway.store.protocol import Applied, ChangeSet, FileState, Snapshot
from gateway.store.rows import Row, instant, status
from gateway.store.snapshot import SqlSnapshot
from gateway.store.tables import APPLICATION, RELEASE, SCHEMA, TEMPORARY

GENERATION = "SELECT epoch, counter_all, counter_public, as_of, loaded_all, loaded_public FROM generation"
FILES = """
SELECT file.*, article.published, article.public, article.read_at
FROM file LEFT JOIN article ON article.path = file.path
"""
MEMORY = "SELECT name, value FROM memory"

PATIENCE = 5.0
"""Seconds to wait for another process that writes."""
LOG_BYTES = 64 * 2**20
"""What the write-ahead log is cut back to after a large run."""
SETTLING = 0.01
"""Seconds between two interruptions of a statement that nobody waits for any more."""

ERRORS = {
    sqlite3.SQLITE_BUSY: "is locked by another process. Stop it, or name another database.",
    sqlite3.SQLITE_LOCKED: "is locked by another process. Stop it, or name another database.",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full. Free some space.",
    sqlite3.SQLITE_CORRUPT: "is corrupt. Delete it; it is built anew from the content.",
    sqlite3.SQLITE_NOTADB: "is no SQLite database. Name another file, or delete it.",
    sqlite3.SQLITE_READONLY: "cannot be written. Mend the permissions of the file and its folder.",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened. Mend the permissions of the file and its folder.",
    sqlite3.SQLITE_IOERR: "cannot be read or written. Look after the disk.",
}
"""What each of SQLite's errors means to whom runs the gateway."""


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise StoreError(f"The database {path} {ERRORS.get(code, f'cannot be used: {error}.')}") from error


class _Connection:
    """A connection whose errors are ours."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[_Connection]:
        with _translated(path):
            async with aiosqlite.connect(path, timeout=PATIENCE, isolation_level=None) as connection:
                for name, function in FUNCTIONS.items():
                    await connection.create_function(name, 1, function, deterministic=True)
                yield cls(path, connection)

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]:
        with _translated(self._path):
            return list(await self._connection.execute_fetchall(sql, parameters))

    async def many(self, sql: str, rows: Sequence[Sequence[object] | Mapping[str, object]]) -> None:
        with _translated(self._path):
            await self._connection.executemany(sql, rows)

    async def script(self, sql: str) -> None:
        with _translated(self._path):
            await self._connection.executescript(sql)

    async def rollback(self) -> None:
        with _translated(self._path):
            await self._connection.rollback()

    async def settle(self) -> None:
        """End a statement that nobody waits for any more."""
        idle = asyncio.ensure_future(self._connection.execute_fetchall("SELECT 1"))
        while not idle.done():
            await self._connection.interrupt()
            await asyncio.wait({idle}, timeout=SETTLING)
        with suppress(sqlite3.OperationalError):  # the last interruption may have met it
            await idle


class _Reader:
    """A connection that reads one generation at a time."""

    def __init__(self, connection: _Connection) -> None:
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

    async def rows(self, sql: str, parameters: Sequence[object] = ()) -> Sequence[Row]:
        try:
            return await self._connection.rows(sql, parameters)
        except asyncio.CancelledError:
            self.busy = True
            raise

    async def settle(self) -> None:
        await self._connection.settle()
        self.busy = False


class _Readers:
    """The readers of a store, each leased to one snapshot at a time."""

    def __init__(self, readers: Sequence[_Reader]) -> None:
        self._idle: asyncio.LifoQueue[_Reader] = asyncio.LifoQueue()
        for reader in readers:
            self._idle.put_nowait(reader)
        self._tidying: set[asyncio.Task[None]] = set()
        self.commit = 0

    async def take(self) -> _Reader:
        return await self._idle.get()

    def give(self, reader: _Reader) -> None:
        """Take a reader back, at once or, where it must be tidied first, as soon as it is."""
        if not reader.busy and reader.commit == self.commit:
            self._idle.put_nowait(reader)
            return
        task = asyncio.create_task(self._tidy(reader))
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    async def move(self) -> None:
        """Called after each commit: no idle reader goes on to hold the generation before."""
        self.commit += 1
        idle = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        await asyncio.gather(*map(self._tidy, idle))

    async def close(self) -> None:
        await asyncio.gather(*self._tidying, return_exceptions=True)

    async def _tidy(self, reader: _Reader) -> None:
        try:
            if reader.busy:
                await reader.settle()
            await reader.end()
        finally:
            self._idle.put_nowait(reader)


class _Lease:
    """Takes a reader at the first question, and keeps it until it is returned."""

    def __init__(self, readers: _Readers) -> None:
        self._readers = readers
        self._reader: _Reader | None = None
        self._begun = False
        self._taking = asyncio.Lock()

    async def generation(self) -> Row:
        return (await self._held()).generation

    async def rows(self, sql: str, parameters: Sequence[object] = ()) -> Sequence[Row]:
        return await (await self._held()).rows(sql, parameters)

    def end(self) -> None:
        if self._reader:
            self._readers.give(self._reader)

    async def _held(self) -> _Reader:
        async with self._taking:
            if self._reader is None:
                self._reader = await self._readers.take()
            if not self._begun:
                await self._reader.begin(self._readers.commit)
                self._begun = True
            return self._reader


class SqliteStore:
    """A database of one content folder in one file."""

    def __init__(self, writer: _Connection, readers: _Readers, connections: AsyncExitStack) -> None:
        """See `open`."""
        self._writer = writer
        self._readers = readers
        self._connections = connections
        self._writing = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, path: Path, *, readers: int = 4) -> SqliteStore:
        """Open the database in a file, or make one there. One of another release is built anew.

        Raises StoreError for a file that is no database of ours.
        """
        async with AsyncExitStack() as connections:
            await _prepare(path)
            writer = await connections.enter_async_context(_Connection.open(path))
            await _set_up(writer)
            pool = [_Reader(await connections.enter_async_context(_Connection.open(path))) for _ in range(readers)]
            return cls(writer, _Readers(pool), connections.pop_all())

    @asynccontextmanager
    async def snapshot(self, visibility: Visibility) -> AsyncIterator[Snapshot]:
        async with self._lease() as lease:
            yield SqlSnapshot(lease, visibility)

    async def apply(self, changes: ChangeSet) -> Applied:
        async with self._writing:
            self._check_open()
            try:
                await self._writer.rows("BEGIN IMMEDIATE")
                applied = await Run(self._writer, changes).write()
                await self._writer.rows("COMMIT")
            except BaseException:
                await self._writer.rollback()
                raise
            finally:  # whoever is cancelled while it commits may have committed
                await self._readers.move()
            await self._writer.rows("PRAGMA wal_checkpoint(PASSIVE)")
            return applied

    async def ready(self) -> bool:
        async with self._lease() as lease:
            return bool((await lease.generation())[1])

    async def files(self) -> Mapping[str, FileState]:
        async with self._lease() as lease:
            return {row[0]: _file_state(row) for row in await lease.rows(FILES)}

    async def memory(self) -> Mapping[str, str]:
        async with self._lease() as lease:
            return {row[0]: row[1] for row in await lease.rows(MEMORY)}

    async def close(self) -> None:
        async with self._writing:
            self._closed = True
            await self._readers.close()
            await self._connections.aclose()

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[_Lease]:
        self._check_open()
        lease = _Lease(self._readers)
        try:
            yield lease
        finally:
            lease.end()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("The store is closed.")


def _file_state(row: Row) -> FileState:
    version, (published, public, read_at) = FileVersion(*row[:6]), row[6:]
    if read_at is None:
        return FileState(version, None, None)
    return FileState(version, status(published=published, public=public), instant(read_at))


async def _prepare(path: Path) -> None:
    """Make the folder of the database, and delete a database of ours of another release."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder of the database {path} cannot be made: {error.strerror}.") from error
    async with _Connection.open(path) as connection:
        [(application,)] = await connection.rows("PRAGMA application_id")
        [(release,)] = await connection.rows("PRAGMA user_version")
        [(tables,)] = await connection.rows("SELECT count(*) FROM sqlite_master")
    if tables and application != APPLICATION:
        raise StoreError(f"The database {path} belongs to another program. Name another file.")
    if tables and release != RELEASE:
        for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            file.unlink(missing_ok=True)


async def _set_up(writer: _Connection) -> None:
    await writer.script(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        f"PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = {LOG_BYTES};"
    )
    [(release,)] = await writer.rows("PRAGMA user_version")
    if release != RELEASE:
        marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {RELEASE};"
        await writer.script(f"BEGIN IMMEDIATE; {SCHEMA} {marks} COMMIT;")
    await writer.script(TEMPORARY)


def _key_slug(key: str) -> str:
    return slug(key) or suffix(key)


def _fold(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _words(text: str) -> str:
    return " ".join(terms(text))


FUNCTIONS: Mapping[str, Callable[[str], str | None]] = {
    "fold": _fold,
    "key_slug": _key_slug,
    "suffix": suffix,
    "provider_id": provider_id,
    "topic_id": topic_id,
    "words": _words,
}
"""What the derivations in `tables` and the conditions of filters call."""
