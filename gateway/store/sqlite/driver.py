"""A connection to a SQLite file through aiosqlite. SQLite errors become StoreError, with a hint how to fix them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

import aiosqlite
import orjson

from gateway.content.identity import author_id, digits, provider_id, suffix, topic_id
from gateway.content.text import fold, slug
from gateway.content.tokenizer import words
from gateway.errors import StoreError
from gateway.store.rows import Row, related_items
from gateway.store.sql_fragment import STATEMENTS, Steps
from gateway.store.sqlite.disk_space import FULL, is_full

Database = sqlite3.Connection
"""The connection that a function in the driver's thread uses."""
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

PATIENCE = 5.0
"""Seconds to wait for another process that writes."""
SETTLING = 0.01
"""Seconds between two interrupts of an abandoned statement."""

CLOSED = "The store is closed."
ERRORS = {
    sqlite3.SQLITE_BUSY: "is locked by another process. Stop it, or name another database.",
    sqlite3.SQLITE_LOCKED: "is locked by another process. Stop it, or name another database.",
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CORRUPT: "is corrupt. Delete it: the next start rebuilds it from the content.",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database. Name another file, or delete it.",
    sqlite3.SQLITE_READONLY: "cannot be written. Fix the permissions of the file and its folder.",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened. Fix the permissions of the file and its folder.",
    sqlite3.SQLITE_IOERR: "cannot be read or written. Check the disk.",
    sqlite3.SQLITE_INTERRUPT: "is being closed.",
}
"""Error messages for operators, by SQLite error code."""
PERHAPS_FULL = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR})
"""Errors that SQLite also reports for a full disk, when it creates its log and shared memory files."""


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        meaning = ERRORS.get(code, f"cannot be used: {error}.")
        if code in PERHAPS_FULL and is_full(path.parent):
            meaning = FULL
        raise StoreError(f"The database {path} {meaning}") from error


class Access(StrEnum):
    """The access mode of a connection."""

    READ = "ro"
    WRITE = "rw"
    MAKE = "rwc"
    """Write, and create a missing file."""


def _address(path: Path, access: Access) -> str:
    return f"{path.absolute().as_uri()}?mode={access}"


class SqliteConnection:
    """A connection that raises StoreError."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self.path = path
        self._connection = connection
        self._refusing = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, patience: float = PATIENCE, access: Access = Access.MAKE
    ) -> AsyncIterator[SqliteConnection]:
        """`patience` is the time in seconds to wait for another process that writes. Raises StoreError."""
        with _translated(path):
            address = _address(path, access)
            connecting = aiosqlite.connect(
                address, timeout=patience, isolation_level=None, uri=True, cached_statements=STATEMENTS
            )
            try:
                async with connecting as connection:
                    for name, function in FUNCTIONS.items():
                        await connection.create_function(name, 1, function, deterministic=True)
                    await connection.create_function("provider_images", 2, _provider_images, deterministic=True)
                    yield cls(path, connection)
            finally:
                # aiosqlite does not join its thread, even if the connection fails. The thread is idle by then, but
                # would still call back into a loop that may be closed. A signal can arrive before the thread starts.
                if connecting._thread.ident is not None:
                    connecting._thread.join()

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    @contextmanager
    def _used(self) -> Iterator[aiosqlite.Connection]:
        if self._refusing:
            raise StoreError(CLOSED)
        with _translated(self.path):
            yield self._connection

    async def begin(self) -> None:
        await self.rows("BEGIN")

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]:
        with self._used() as connection:
            return list(await connection.execute_fetchall(sql, parameters))

    async def run(self, function: Callable[[Database, Unpack[Arguments]], T], *arguments: *Arguments) -> T:
        """Runs a function in the driver's thread, with the connection and the arguments.

        One round trip to the thread takes longer than most statements, and aiosqlite has no call for more than one.
        """
        with self._used() as connection:
            result: T = await connection._execute(function, connection._conn, *arguments)  # type: ignore[no-untyped-call]
            return result

    async def run_steps(self, steps: Steps[T]) -> T:
        """Runs the queries of the steps in one round trip. If the caller is cancelled, no further query begins: the
        caller interrupts the running one."""
        caller = _Caller()
        try:
            return await self.run(_run_steps, steps, caller)
        except asyncio.CancelledError:
            caller.is_gone = True
            raise

    async def script(self, sql: str) -> None:
        with self._used() as connection:
            await connection.executescript(sql)

    async def give_way(self, by: int) -> None:
        """Lowers the priority of the driver's thread by `by`. Only Linux supports this per thread."""
        if sys.platform == "linux":
            await self._connection._execute(_stand_behind, by)  # type: ignore[no-untyped-call]

    async def backup(self, to: Path) -> None:
        """Copies this database over another one, in one transaction."""
        with _translated(to):
            async with aiosqlite.connect(to) as target:
                await self._connection.backup(target)

    async def rollback(self) -> None:
        with self._used() as connection:
            await connection.rollback()

    def stop_accepting(self) -> None:
        """Rejects further statements."""
        self._refusing = True

    async def interrupt(self) -> None:
        """Interrupts running and queued statements."""
        idle = asyncio.ensure_future(self._connection.execute_fetchall("SELECT 1"))
        while not idle.done():
            await self._connection.interrupt()
            await asyncio.wait({idle}, timeout=SETTLING)
        with suppress(sqlite3.OperationalError):  # the last interrupt may hit the rollback itself
            await idle


class _Caller:
    """The caller of steps. Both threads see it: setting an attribute is atomic."""

    __slots__ = ("is_gone",)

    def __init__(self) -> None:
        self.is_gone = False


def _run_steps(database: Database, steps: Steps[T], caller: _Caller) -> T:
    try:
        query = next(steps)
        while not caller.is_gone:
            query = steps.send(database.execute(*query).fetchall())
    except StopIteration as end:
        result: T = end.value
        return result
    raise asyncio.CancelledError  # nobody awaits it


def _stand_behind(by: int) -> None:
    with suppress(OSError):  # optional: a sandbox may forbid it
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + by)


def _key_slug(key: str) -> str:
    return slug(key) or digits(key)


def _fold(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _provider_images(entries: bytes, position: int) -> str:
    """The images of a related entry's provider, as JSON."""
    return orjson.dumps(related_items(entries)[position][13]).decode()


FUNCTIONS: Mapping[str, Callable[[str], str | None]] = {
    "fold": _fold,
    "key_slug": _key_slug,
    "suffix": suffix,
    "provider_id": provider_id,
    "topic_id": topic_id,
    "author_id": author_id,
    "words": words,
}
"""SQL functions for the derivations in `tables` and for filter conditions."""
