"""Copies rows of a working file into PostgreSQL tables, and all tables in place of those that are there.

SQLite writes the rows in the text format of COPY, which takes less time than values that Python encodes.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from gateway.errors import StoreError
from gateway.model.collections import Collections
from gateway.store.article_row import TEXT_COLUMNS, IndexedText, indexed_text
from gateway.store.postgres.connection import lock_table
from gateway.store.postgres.indexes import CREATE_INDEXES, custom_statements
from gateway.store.postgres.outbox import NOTED_ARTICLES, OWNED, WORDED_ARTICLES, Notes
from gateway.store.postgres.search_text import custom_value, fields_value, text_value
from gateway.store.postgres.tables import CREATE, INDEX_SEARCH, INSERT_TRANSFER, NAMES, PRESENT, Table, tables
from gateway.store.postgres.words import copy_vocabulary, count_words, create_folding, create_functions
from gateway.store.rows import Row
from gateway.store.snapshot import DECLARATION
from gateway.store.sqlite.driver import Database, SqliteConnection
from gateway.store.tables import RELEASE

logger = logging.getLogger("gateway")

LOCK_SECONDS, UNLOCKED_SECONDS = 2, 10
"""How long a lock is waited for, and how long readers are let through before the next try."""
ROWS = 500
"""The number of rows that are read and sent at once."""
WORDS = f"""
SELECT article.key, article.public, ifnull(provider.words, words(ifnull(article.provider_name, ''))),
  {", ".join(f"article.{name}" for name in TEXT_COLUMNS)}
FROM article LEFT JOIN provider ON provider.view = article.public AND provider.key = article.provider
"""
_ARRAYS = {"INTEGER": "bigint[]", "TEXT": "text[]"}
_SEARCH = ("article", "public", "fields", "authors", "body", "custom")


async def copy_all(connection: Any, schema: str, source: SqliteConnection, transfer: str) -> None:
    """Replaces the tables of the schema, in one transaction of the caller. Raises StoreError if other tables are there.

    The new tables are filled in a second schema, so that gateways read the old generation meanwhile. The lock on
    `generation` waits for the snapshots that are open, and new ones wait for it: a snapshot reads that table first.
    """
    staging = f"{schema}_new"
    await _check_owner(connection, schema)
    await connection.execute(f"DROP SCHEMA IF EXISTS {staging} CASCADE; CREATE SCHEMA {staging}")
    await connection.execute(f"SET LOCAL search_path TO {staging}")
    found = await source.run(tables)
    await connection.execute("\n".join([*(table.definition for table in found), CREATE]))
    for table in found:
        await copy_rows(connection, table, source, table.name, is_new=True)
    await copy_words(connection, source, is_new=True)
    await copy_vocabulary(connection, source)
    await create_folding(connection)
    await connection.execute(INSERT_TRANSFER, RELEASE, transfer)
    [(declared,)] = await source.rows(DECLARATION)
    indexes = [*CREATE_INDEXES, *custom_statements(Collections.load(declared)), INDEX_SEARCH]
    await connection.execute(";\n".join(indexes))
    await connection.execute(f"ANALYZE {', '.join(NAMES)}")
    await _swap(connection, schema, staging)
    await create_functions(connection)


async def copy_notes(connection: Any, source: SqliteConnection, notes: Sequence[Notes]) -> int:
    """Replaces the rows that are noted in the outbox, in the search path. Returns the number of copied rows."""
    found = {table.name: table for table in await source.run(tables)}
    copied = 0
    for noted in sorted(notes, key=lambda noted: noted.table.name == "generation"):  # which is written last
        await connection.execute(_deletion(noted), *noted.keys)
        copied += await copy_rows(connection, noted.table, source, noted.rows)
    articles = [key for (key,) in await source.rows(NOTED_ARTICLES)]
    for name in OWNED:
        await connection.execute(f"DELETE FROM {name} WHERE article = ANY($1)", articles)
        copied += await copy_rows(connection, found[name], source, f"{name} WHERE article IN ({NOTED_ARTICLES})")
    worded = [key for (key,) in await source.rows(WORDED_ARTICLES)]
    await count_words(connection, [*articles, *worded], -1)
    await connection.execute("DELETE FROM search WHERE article = ANY($1)", [*articles, *worded])
    await copy_words(connection, source, f"WHERE article.key IN ({WORDED_ARTICLES})")
    await count_words(connection, worded, 1)
    return copied


def _deletion(notes: Notes) -> str:
    name, key = notes.table.name, notes.table.key
    arrays = ", ".join(f"${at}::{_ARRAYS[column.kind]}" for at, column in enumerate(key, 1))
    names = ", ".join(f'"{column.name}"' for column in key)
    equal = " AND ".join(f'{name}."{column.name}" = gone."{column.name}"' for column in key)
    return f"DELETE FROM {name} USING unnest({arrays}) AS gone({names}) WHERE {equal}"


async def copy_rows(
    connection: Any, table: Table, source: SqliteConnection, origin: str, *, is_new: bool = False
) -> int:
    """Copies rows into a table, and returns their number.

    `origin` follows FROM in the query of the working file. `is_new` if this transaction created the table.
    """
    rows = _chunks(source, f"SELECT {table.copied} FROM {origin}", _joined)
    columns = [column.name for column in table.columns]
    done = await connection.copy_to_table(
        table.name, source=rows, columns=columns, format="text", freeze=is_new or None
    )
    return int(done.removeprefix("COPY "))


async def copy_words(connection: Any, source: SqliteConnection, where: str = "", *, is_new: bool = False) -> None:
    """Copies the words of the articles that satisfy a condition."""
    rows = _chunks(source, f"{WORDS} {where}", _words)
    await connection.copy_to_table("search", source=rows, columns=_SEARCH, format="text", freeze=is_new or None)


async def _check_owner(connection: Any, schema: str) -> None:
    present = {name for (name,) in await connection.fetch(PRESENT, schema)}
    if "transfer" not in present and (taken := present.intersection(NAMES)):
        raise StoreError(
            f"The schema {schema} has a table {min(taken)} of another program. Name another schema in the URL:"
            " ?search_path=NAME."
        )


async def _swap(connection: Any, schema: str, staging: str) -> None:
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    old = {name for (name,) in await connection.fetch(PRESENT, schema)}.intersection(NAMES)
    if old:
        await _lock(connection, f"{schema}.generation")
        await connection.execute(f"DROP TABLE {', '.join(f'{schema}.{name}' for name in old)}")
    await connection.execute(";".join(f"ALTER TABLE {staging}.{name} SET SCHEMA {schema}" for name in NAMES))
    await connection.execute(f"DROP SCHEMA {staging}; SET LOCAL search_path TO {schema}")


async def _lock(connection: Any, table: str) -> None:
    """Waits in turns for a reader that holds the table, such as a backup, because new readers queue behind a lock that
    waits."""
    while not await lock_table(connection, table, LOCK_SECONDS):
        logger.warning("The new tables are ready. Another session reads %s, so the loader waits.", table)
        await asyncio.sleep(UNLOCKED_SECONDS)


async def _chunks(
    source: SqliteConnection, query: str, encoded: Callable[[Iterable[Row]], bytes]
) -> AsyncIterator[bytes]:
    """The rows of a query in the text format of COPY, several in each chunk. Encoded in the driver's thread."""

    def begin(db: Database) -> Any:
        return db.execute(query)

    def proceed(_: Database) -> bytes:
        return encoded(cursor.fetchmany(ROWS))

    cursor = await source.run(begin)
    while chunk := await source.run(proceed):
        yield chunk


def _joined(rows: Iterable[Row]) -> bytes:
    return "".join([row[0] for row in rows]).encode()


def _words(rows: Iterable[Row]) -> bytes:
    return "".join(_line(*worded(row)) for row in rows).encode()


def _line(key: int, public: int, text: IndexedText) -> str:
    values = (fields_value(text), text_value(text.authors), text_value(text.body), custom_value(text))
    return "\t".join((str(key), str(public), *values)) + "\n"


def worded(row: Row) -> tuple[int, int, IndexedText]:
    """The key, the view and the words of an article, from a row of WORDS."""
    key, public, provider, *values = row
    return key, public, indexed_text(values, "")._replace(provider=provider)
