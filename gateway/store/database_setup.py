"""Creates the database, or rebuilds one of another release from its content.

The caller holds the writer lock.
"""

from __future__ import annotations

import logging
from pathlib import Path

import orjson

from gateway.errors import StoreError
from gateway.store import change_log, name_counts
from gateway.store.carry_over import UNREADABLE, OldDatabase
from gateway.store.driver import SqliteConnection
from gateway.store.protocol import LOST
from gateway.store.tables import APPLICATION, RELEASE, SCHEMA, TEMPORARY
from gateway.store.writer import INSERT_MEMORY

logger = logging.getLogger("gateway")

LOG_BYTES = 64 * 2**20
"""The size to which the write-ahead log is truncated after a large run."""
MOST_NAMED = 20
"""Maximum number of paths in a log line."""


async def is_current(connection: SqliteConnection) -> bool:
    """Whether a database has this release. Raises StoreError for a database of another program."""
    application, release = await _marks(connection)
    if application != APPLICATION and await _has_tables(connection):
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
        f"PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = {LOG_BYTES};"
    )
    if not await is_current(writer):
        marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {RELEASE};"
        await writer.script(f"BEGIN IMMEDIATE; {SCHEMA} {name_counts.SCHEMA} {change_log.SCHEMA} {marks} COMMIT;")
    await writer.script(f"{TEMPORARY} {name_counts.NAME_DELTA};")


async def _marks(connection: SqliteConnection) -> tuple[int, int]:
    [(application,)] = await connection.rows("PRAGMA application_id")
    [(release,)] = await connection.rows("PRAGMA user_version")
    return application, release


async def _has_tables(connection: SqliteConnection) -> bool:
    [(tables,)] = await connection.rows("SELECT count(*) FROM sqlite_master")
    return bool(tables)


async def _rebuild(old: SqliteConnection, release: int) -> None:
    """Builds a new database in a separate file, and copies it over the old one in one transaction, so that a crash
    leaves one of them intact. Saves the old one if an article cannot be carried over."""
    new = old.path.with_name(f"{old.path.name}-new")
    _delete(new)
    try:
        async with SqliteConnection.open(new) as target:
            await set_up(target)
            lost = await _carry(old, target)
            logger.warning("The database %s of release %d is rebuilt as release %d.", old.path, release, RELEASE)
            if lost is None or lost:
                await _keep(old, release, lost)
            await target.backup(old.path)
    finally:
        _delete(new)


async def _carry(old: SqliteConnection, target: SqliteConnection) -> list[str] | None:
    """Carries articles over. Returns the paths of those that failed, or None if the old articles cannot be listed."""
    try:
        predecessor = await OldDatabase.of(old)
    except UNREADABLE:
        return None
    lost = predecessor.lost
    await target.rows("BEGIN IMMEDIATE")
    try:
        await predecessor.carry(target)
    except UNREADABLE:
        lost = list(predecessor.paths)
        await target.rollback()
        await target.rows("BEGIN IMMEDIATE")
    await target.rows(INSERT_MEMORY, (LOST, orjson.dumps(lost).decode()))
    await target.rows("COMMIT")
    return lost


async def _keep(old: SqliteConnection, release: int, lost: list[str] | None) -> None:
    backup = old.path.with_name(f"{old.path.name}-release-{release}")
    await old.backup(backup)
    names = "any article" if lost is None else ", ".join(lost[:MOST_NAMED])
    more = f" and {len(lost) - MOST_NAMED} more" if lost and len(lost) > MOST_NAMED else ""
    logger.error(
        "Cannot carry over %s%s from the old database. Articles are loaded from their files. The last good"
        " version of a broken file is available only in %s, with the earlier release.",
        *(names, more, backup),
    )


def _delete(path: Path) -> None:
    try:
        for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"The file {path} cannot be deleted: {error.strerror}.") from error
