"""Creates the database, or replaces one of another release, which is then loaded from the files.

Only the last good versions of broken files are kept. The caller holds the writer lock.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import StoreError
from gateway.model.changes import Loaded
from gateway.model.instants import instant
from gateway.store.postgres import outbox
from gateway.store.protocol import LOST
from gateway.store.rows import Row
from gateway.store.sqlite import last_good
from gateway.store.sqlite.driver import Database, SqliteConnection
from gateway.store.sqlite.write_sql import INSERT_MEMORY, TEMPORARY
from gateway.store.sqlite.writer import CACHE_KIB, ChangeWriter
from gateway.store.tables import APPLICATION, INDEXES, RELEASE, SCHEMA

logger = logging.getLogger("gateway")

LOG_BYTES = 64 * 2**20
"""The size to which the write-ahead log is truncated after a large run."""
MOST_NAMED = 20
"""Maximum number of paths in a log line."""


def make_folder(path: Path) -> None:
    """Creates the folder of a database. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder of the database {path} cannot be created: {error.strerror}.") from error


async def is_current(connection: SqliteConnection) -> bool:
    """Whether a database has this release. Raises StoreError for a database of another program."""
    has_tables = await _has_tables(connection)  # first, because the writer may create them and the marks meanwhile
    application, release = await _marks(connection)
    if application != APPLICATION and has_tables:
        raise StoreError(f"The database {connection.path} belongs to another program. Name another file.")
    return (application, release) == (APPLICATION, RELEASE)


async def prepare(path: Path, patience: float) -> None:
    """Rebuilds a database of another release. Raises StoreError if the file belongs to another program or cannot be
    used."""
    async with SqliteConnection.open(path, patience) as connection:
        if await is_current(connection) or not await _has_tables(connection):
            return
        _, release = await _marks(connection)
        await connection.script(
            "BEGIN IMMEDIATE; ROLLBACK;"
        )  # waits for other writers with a timeout, which the backup lacks
        await _rebuild(connection, release)


async def set_up(writer: SqliteConnection) -> None:
    """Configures the writing connection, and creates missing tables."""
    await writer.script(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        f"PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE_KIB}; PRAGMA journal_size_limit = {LOG_BYTES};"
    )
    if not await is_current(writer):
        marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {RELEASE};"
        await writer.script(f"BEGIN IMMEDIATE; {SCHEMA} {'; '.join(INDEXES.values())}; {marks} COMMIT;")
    await writer.script(TEMPORARY)


async def _marks(connection: SqliteConnection) -> tuple[int, int]:
    [(application,)] = await connection.rows("PRAGMA application_id")
    [(release,)] = await connection.rows("PRAGMA user_version")
    return application, release


async def _has_tables(connection: SqliteConnection) -> bool:
    [(tables,)] = await connection.rows("SELECT count(*) FROM sqlite_master")
    return bool(tables)


async def _rebuild(old: SqliteConnection, release: int) -> None:
    """Builds a new database in a separate file, and copies it over the old one in one transaction, so that a crash
    leaves one of them intact. Saves the old one if it has last good versions that cannot be read."""
    async with replacing(old.path) as target:
        lost = await _keep_last_good(old, target)
        await target.run(outbox.resume, await old.run(outbox.state))
        logger.warning("The database %s of release %d is rebuilt as release %d.", old.path, release, RELEASE)
        if lost is None or lost:
            await _save(old, release, lost)


@asynccontextmanager
async def replacing(path: Path) -> AsyncIterator[SqliteConnection]:
    """A new database in a separate file. At the end of the context it is copied over the one at the path."""
    new = path.with_name(f"{path.name}-new")
    _delete(new)
    try:
        async with SqliteConnection.open(new) as target:
            await set_up(target)
            yield target
            await target.backup(path)
    finally:
        _delete(new)


async def _keep_last_good(old: SqliteConnection, target: SqliteConnection) -> list[str] | None:
    """Copies the last good versions of broken files. Returns the paths of those that cannot be read, or None if they
    cannot be listed."""
    try:
        rows = await old.rows(last_good.SELECT if await _has_last_good(old) else last_good.SELECT_BEFORE_10)
        [(as_of,)] = await old.rows(last_good.AS_OF) if rows else [(0,)]
    except (StoreError, ValueError):
        return None
    return await keep_last_good(target, as_of, rows)


async def keep_last_good(target: SqliteConnection, as_of: Any, rows: Sequence[Row]) -> list[str] | None:
    """Writes rows of `last_good` of another release, and their articles. Returns as `_keep_last_good`."""
    good, lost = dict[Row, Loaded](), list[str]()
    for path, *row in rows:
        try:
            good[path, *row] = last_good.loaded((path, *row))
        except last_good.UNREADABLE:
            lost.append(path)
    try:
        time = instant(as_of) if good else None
    except last_good.UNREADABLE:
        return None
    await target.rows("BEGIN IMMEDIATE")
    if time:
        await target.run(_write_last_good, time, good)
    await target.rows(INSERT_MEMORY, (LOST, orjson.dumps(lost).decode()))
    await target.rows("COMMIT")
    return lost


async def _has_last_good(old: SqliteConnection) -> bool:
    [(columns,)] = await old.rows("SELECT count(*) FROM pragma_table_info('last_good')")
    return bool(columns)


def _write_last_good(db: Database, as_of: datetime, good: Mapping[Row, Loaded]) -> None:
    writer = ChangeWriter(as_of, len(good))
    writer.begin(db, {}, None)
    writer.take(db, list(good.values()))
    for step in writer.finish((), {}, timedelta()):
        step(db)
    db.executemany(last_good.KEEP, good)
    db.execute(last_good.RESTORE_TIMES)


async def _save(old: SqliteConnection, release: int, lost: list[str] | None) -> None:
    saved = old.path.with_name(f"{old.path.name}-release-{release}")
    await old.backup(saved)
    names = "any file" if lost is None else ", ".join(lost[:MOST_NAMED])
    more = f" and {len(lost) - MOST_NAMED} more" if lost and len(lost) > MOST_NAMED else ""
    logger.error(
        "The last good version of %s%s cannot be read from the old database. Articles are loaded from their files. The"
        " last good version of a broken file is available only in %s, with the earlier release.",
        *(names, more, saved),
    )


def _delete(path: Path) -> None:
    try:
        for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"The file {path} cannot be deleted: {error.strerror}.") from error
