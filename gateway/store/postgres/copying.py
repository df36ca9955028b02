"""Copies rows of a working file into PostgreSQL tables, and all tables in place of those that are there.

SQLite writes the rows in the text format of COPY, which takes less time than values that Python encodes.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from gateway.errors import StoreError
from gateway.store.article_row import TEXT_COLUMNS, indexed_text
from gateway.store.driver import Database, SqliteConnection
from gateway.store.postgres.indexes import CREATE_INDEXES
from gateway.store.postgres.search_text import body_value, fields_value
from gateway.store.postgres.tables import CREATE, INDEX_SEARCH, INSERT_TRANSFER, NAMES, PRESENT, Table, tables
from gateway.store.postgres.words import copy_vocabulary, create_folding, create_functions
from gateway.store.rows import Row
from gateway.store.tables import RELEASE

ROWS = 500
"""The number of rows that are read and sent at once."""
_WORDS = f"""
SELECT article.key, article.public, ifnull(provider.words, words(ifnull(article.provider_name, ''))),
  {", ".join(f"article.{name}" for name in TEXT_COLUMNS)}
FROM article LEFT JOIN provider ON provider.view = article.public AND provider.key = article.provider
"""
_SEARCH = ("article", "public", "fields", "body")


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
        await copy_rows(connection, table, source, is_new=True)
    await copy_words(connection, source, is_new=True)
    await copy_vocabulary(connection, source)
    await create_folding(connection)
    await connection.execute(INSERT_TRANSFER, RELEASE, transfer)
    await connection.execute(";\n".join([*CREATE_INDEXES, INDEX_SEARCH]))
    await connection.execute(f"ANALYZE {', '.join(NAMES)}")
    await _swap(connection, schema, staging)
    await create_functions(connection)


async def copy_rows(
    connection: Any, table: Table, source: SqliteConnection, where: str = "", *, is_new: bool = False
) -> None:
    """Copies the rows of a table that satisfy a condition. `is_new` if this transaction created the table."""
    rows = _chunks(source, f"SELECT {table.copied} FROM {table.name} {where}", _joined)
    columns = [column.name for column in table.columns]
    await connection.copy_to_table(table.name, source=rows, columns=columns, format="text", freeze=is_new or None)


async def copy_words(connection: Any, source: SqliteConnection, where: str = "", *, is_new: bool = False) -> None:
    """Copies the words of the articles that satisfy a condition."""
    rows = _chunks(source, f"{_WORDS} {where}", _words)
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
        await connection.execute(f"LOCK TABLE {schema}.generation IN ACCESS EXCLUSIVE MODE")
        await connection.execute(f"DROP TABLE {', '.join(f'{schema}.{name}' for name in old)}")
    await connection.execute(";".join(f"ALTER TABLE {staging}.{name} SET SCHEMA {schema}" for name in NAMES))
    await connection.execute(f"DROP SCHEMA {staging}; SET LOCAL search_path TO {schema}")


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
    return "".join(_word_row(*row) for row in rows).encode()


def _word_row(key: int, public: int, provider: str, *values: Any) -> str:
    text = indexed_text(values, "")._replace(provider=provider)
    return f"{key}\t{public}\t{fields_value(text)}\t{body_value(text)}\n"
