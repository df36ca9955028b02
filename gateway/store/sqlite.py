"""The store in one SQLite file: one connection writes, some others read. It holds the driver, and asks no question."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path

import aiosqlite

from gateway.content.identity import provider_id, suffix, topic_id
from gateway.content.text import fold, slug
from gateway.content.tokens import terms
from gateway.errors import StoreError
from gateway.model import FileVersion, Visibility
from gateway.store import journal, naming
from gateway.store.changes import Run
from gateway.store.feed import Feed
from gateway.store.protocol import Applied, ChangeSet, FileState, Snapshot
from gateway.store.query import keys
from gateway.store.readers import Lease, Reader, Readers
from gateway.store.rows import Row, instant, status
from gateway.store.snapshot import SqlSnapshot
from gateway.store.tables import APPLICATION, RELEASE, SCHEMA, TEMPORARY

FILES = """
SELECT file.*, article.published, article.public, article.read_at
FROM file LEFT JOIN article ON article.path = file.path
"""
FILES_UNDER = f"""
{FILES} WHERE file.path IN (SELECT value FROM json_each(?1))
UNION
SELECT file.*, article.published, article.public, article.read_at FROM json_each(?1) AS folder
CROSS JOIN file ON file.path > folder.value || '/' AND file.path < folder.value || '0'
LEFT JOIN article ON article.path = file.path
"""  # noqa: S608
MEMORY = "SELECT name, value FROM memory"
NEXT_DUE = "SELECT min(published_at) FROM article WHERE published AND published_at > (SELECT as_of FROM generation)"

PATIENCE = 5.0
"""Seconds to wait for another process that writes."""
LOG_BYTES = 64 * 2**20
"""What the write-ahead log is cut back to after a large run."""
SETTLING = 0.01
"""Seconds between two interruptions of a statement that nobody waits for any more."""

CLOSED = "The store is closed."
ERRORS = {
    sqlite3.SQLITE_BUSY: "is locked by another process. Stop it, or name another database.",
    sqlite3.SQLITE_LOCKED: "is locked by another process. Stop it, or name another database.",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full. Free some space.",
    sqlite3.SQLITE_CORRUPT: "is corrupt. Delete it; it is built anew from the content.",
    sqlite3.SQLITE_NOTADB: "is no SQLite database. Name another file, or delete it.",
    sqlite3.SQLITE_READONLY: "cannot be written. Mend the permissions of the file and its folder.",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened. Mend the permissions of the file and its folder.",
    sqlite3.SQLITE_IOERR: "cannot be read or written. Look after the disk.",
    sqlite3.SQLITE_INTERRUPT: "is being closed.",
}
"""What each of SQLite's errors means to whom runs the gateway."""


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise StoreError(f"The database {path} {ERRORS.get(code, f'cannot be used: {error}.')}") from error


def _address(path: Path, *, read_only: bool) -> str:
    return path.absolute().as_uri() + ("?mode=ro" if read_only else "")


class _Connection:
    """A connection whose errors are ours."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self._path = path
        self._connection = connection
        self._refusing = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, patience: float = PATIENCE, *, read_only: bool = False
    ) -> AsyncIterator[_Connection]:
        with _translated(path):
            address = _address(path, read_only=read_only)
            async with aiosqlite.connect(address, timeout=patience, isolation_level=None, uri=True) as connection:
                for name, function in FUNCTIONS.items():
                    await connection.create_function(name, 1, function, deterministic=True)
                yield cls(path, connection)
            # The library has told its thread to end, and does not wait for that; it has nothing left to do.
            connection._thread.join()

    @contextmanager
    def _used(self) -> Iterator[aiosqlite.Connection]:
        if self._refusing:
            raise StoreError(CLOSED)
        with _translated(self._path):
            yield self._connection

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]:
        with self._used() as connection:
            return list(await connection.execute_fetchall(sql, parameters))

    async def many(self, sql: str, rows: Sequence[Sequence[object] | Mapping[str, object]]) -> None:
        with self._used() as connection:
            await connection.executemany(sql, rows)

    async def script(self, sql: str) -> None:
        with self._used() as connection:
            await connection.executescript(sql)

    async def backup(self, to: Path) -> None:
        with _translated(to):
            async with aiosqlite.connect(to) as target:
                await self._connection.backup(target)

    async def rollback(self) -> None:
        with self._used() as connection:
            await connection.rollback()

    def refuse(self) -> None:
        """Take no further statement."""
        self._refusing = True

    async def settle(self) -> None:
        """End the statements that run, or wait to run."""
        idle = asyncio.ensure_future(self._connection.execute_fetchall("SELECT 1"))
        while not idle.done():
            await self._connection.interrupt()
            await asyncio.wait({idle}, timeout=SETTLING)
        with suppress(sqlite3.OperationalError):  # the last interruption may have met it
            await idle


class SqliteStore:
    """A database of one content folder in one file."""

    def __init__(self, writer: _Connection, readers: Readers, connections: AsyncExitStack) -> None:
        """See `open`."""
        self._writer = writer
        self._readers = readers
        self._connections = connections
        self._feed = Feed()
        self._writing = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, path: Path, *, readers: int = 4, patience: float = PATIENCE) -> SqliteStore:
        """Open the database in a file, or make one there. One of another release is built anew.

        `patience` is how many seconds to wait for another process that writes. Raises StoreError for a file that is
        no database of ours, or cannot be used.
        """
        async with AsyncExitStack() as connections:
            await _prepare(path, patience)
            writer = await connections.enter_async_context(_Connection.open(path, patience))
            await _set_up(writer)
            pool = [Reader(await connections.enter_async_context(_Connection.open(path))) for _ in range(readers)]
            return cls(writer, Readers(pool), connections.pop_all())

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
            if applied.changed:
                self._feed.move()
            await self._writer.rows("PRAGMA wal_checkpoint(PASSIVE)")
            return applied

    def generations(self) -> AsyncIterator[None]:
        return self._feed.follow()

    def end_generations(self) -> None:
        self._feed.end()

    async def ready(self) -> bool:
        async with self._lease() as lease:
            return bool((await lease.generation())[1])

    async def files(self, under: Collection[str] | None = None) -> Mapping[str, FileState]:
        async with self._lease() as lease:
            rows = lease.rows(FILES) if under is None else lease.rows(FILES_UNDER, (keys(list(under)),))
            return await asyncio.to_thread(_file_states, await rows)

    async def memory(self) -> Mapping[str, str]:
        async with self._lease() as lease:
            return {row[0]: row[1] for row in await lease.rows(MEMORY)}

    async def next_due(self) -> datetime | None:
        async with self._lease() as lease:
            [(due,)] = await lease.rows(NEXT_DUE)
            return None if due is None else instant(due)

    async def close(self) -> None:
        async with self._writing:
            if not self._closed:
                self._closed = True
                self._feed.end()
                await self._readers.close()
                await self._connections.aclose()

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[Lease]:
        self._check_open()
        lease = Lease(self._readers)
        try:
            yield lease
        finally:
            lease.end()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(CLOSED)


async def copy(path: Path, to: Path) -> None:
    """Copy a database of ours as it stands, also while another process writes it; nothing else is copied."""
    with suppress(StoreError):
        async with _Connection.open(path, read_only=True) as source:
            if await _is_ours(source):
                await source.backup(to)


async def _is_ours(connection: _Connection) -> bool:
    marks = [row for name in ("application_id", "user_version") for (row,) in await connection.rows(f"PRAGMA {name}")]
    return marks == [APPLICATION, RELEASE]


def _file_states(rows: Sequence[Row]) -> Mapping[str, FileState]:
    return {row[0]: _file_state(row) for row in rows}


def _file_state(row: Row) -> FileState:
    version, (published, public, read_at) = FileVersion(*row[:6]), row[6:]
    if read_at is None:
        return FileState(version, None, None)
    return FileState(version, status(published=published, public=public), instant(read_at))


async def _prepare(path: Path, patience: float) -> None:
    """Make the folder of the database, and delete a database of ours of another release."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder of the database {path} cannot be made: {error.strerror}.") from error
    async with _Connection.open(path, patience) as connection:
        [(application,)] = await connection.rows("PRAGMA application_id")
        [(release,)] = await connection.rows("PRAGMA user_version")
        [(tables,)] = await connection.rows("SELECT count(*) FROM sqlite_master")
    if tables and application != APPLICATION:
        raise StoreError(f"The database {path} belongs to another program. Name another file.")
    if tables and release != RELEASE:
        _delete(path)


def _delete(path: Path) -> None:
    try:
        for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"The database {path} of another release cannot be deleted: {error.strerror}.") from error


async def _set_up(writer: _Connection) -> None:
    await writer.script(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        f"PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = {LOG_BYTES};"
    )
    [(release,)] = await writer.rows("PRAGMA user_version")
    if release != RELEASE:
        marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {RELEASE};"
        await writer.script(f"BEGIN IMMEDIATE; {SCHEMA} {naming.SCHEMA} {journal.SCHEMA} {marks} COMMIT;")
    await writer.script(f"{TEMPORARY} {naming.PART};")


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
