"""Fills a working file with the rows that PostgreSQL has, so that a loader goes on where another one ended.

The full-text indexes are made from the rows. Of another release, only the last good versions of broken files are kept,
as in a SQLite file.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from gateway.model.collections import Collections
from gateway.store.custom_indexes import statements
from gateway.store.postgres.copying import ROWS, WORDS, worded
from gateway.store.postgres.session import LoaderSession
from gateway.store.postgres.tables import Table, tables
from gateway.store.rows import Row
from gateway.store.snapshot import DECLARATION
from gateway.store.sql_files import named, split
from gateway.store.sqlite.database_setup import keep_last_good, replacing
from gateway.store.sqlite.driver import Database, SqliteConnection
from gateway.store.sqlite.write_sql import INDEX
from gateway.store.tables import INDEXES

logger = logging.getLogger("gateway")

_SQL = named("postgres/tables.sql")


async def hydrate(session: LoaderSession, path: Path) -> None:
    """Replaces the working file at a path by one with all rows."""
    logger.info("The working file %s is filled from the database.", path)
    async with replacing(path) as target, session.connection.transaction(isolation="repeatable_read", readonly=True):
        await target.rows("BEGIN IMMEDIATE")
        await target.run(_drop_indexes)
        for table in await target.run(tables):
            await _fill(session.connection, table, target)
        await target.run(_finish)
        await target.rows("COMMIT")


async def hydrate_last_good(session: LoaderSession, path: Path, release: int) -> None:
    """Replaces the working file at a path by one with the last good versions of another release. Those that cannot be
    read are saved beside it."""
    rows = [tuple(row) for row in await session.connection.fetch(_SQL["last_good"])]
    [(as_of,)] = await session.connection.fetch(_SQL["as_of"])
    async with replacing(path) as target:
        lost = await keep_last_good(target, as_of, rows)
    if lost is None or lost:
        saved = path.with_name(f"{path.name}-release-{release}.json")
        saved.write_bytes(orjson.dumps(rows))
        logger.error("Some last good versions of release %d cannot be read. They are saved in %s.", release, saved)


async def _fill(connection: Any, table: Table, target: SqliteConnection) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    insert = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(table.columns))})"
    await target.run(_empty, table)
    cursor = await connection.cursor(f"SELECT {names} FROM {table.name}")
    while rows := await cursor.fetch(ROWS):
        await target.run(_insert, insert, list(map(tuple, rows)))


def _empty(db: Database, table: Table) -> None:
    """The schema gives some tables their first row."""
    db.execute(f"DELETE FROM {table.name}")


def _insert(db: Database, statement: str, rows: Sequence[Row]) -> None:
    db.executemany(statement, rows)


def _drop_indexes(db: Database) -> None:
    for name in INDEXES:
        db.execute(f"DROP INDEX {name}")


def _finish(db: Database) -> None:
    [(declared,)] = db.execute(DECLARATION)
    for statement in (*INDEXES.values(), *statements(Collections.load(declared)).values()):
        db.execute(statement)
    for key, public, text in map(worded, db.execute(WORDS)):
        db.execute(INDEX[public], (key, *text))
    for statement in split(_SQL["restore_sequence"]):
        db.execute(statement)
