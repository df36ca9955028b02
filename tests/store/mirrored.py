"""All rows of a SQLite database and of PostgreSQL, in a form that is equal if the databases are."""

# ruff: noqa: S608 - the names are those of tables.

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

Rows = Mapping[str, list[tuple[Any, ...]]]

WEIGHED = {
    "fields": ("title", "topics", "excerpt", "provider"),
    "custom": ("custom_high", "custom", "custom_low"),
    "authors": (),
    "body": (),
}
"""The fields in the columns of PostgreSQL, by the weights of their words, or none if a column is a field."""


def in_sqlite(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as database:
        schema = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '*_[01]*'")
        names = [name for (name,) in schema if not name.startswith(("sqlite_", "outbox"))]
        found = {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in names}
        words = []
        for view in (0, 1):
            database.execute(f"CREATE VIRTUAL TABLE temp.words_{view} USING fts5vocab(main, search_{view}, instance)")
            words += [(view, *row) for row in database.execute(f"SELECT doc, col, offset, term FROM words_{view}")]
        counted = [
            (view, *row)
            for view in (0, 1)
            for row in database.execute(f"SELECT col, term, doc FROM vocabulary_{view}").fetchall()
        ]
    return _sorted({**found, "search": words, "word": counted})


async def in_postgres(connection: asyncpg.Connection) -> Rows:
    """All rows of the tables in the connection's search path."""
    names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    plain = [name for (name,) in names if name not in {"search", "transfer", "word", "folding"}]
    found = {name: list(map(tuple, await connection.fetch(f"SELECT * FROM {name}"))) for name in plain}
    counted = await connection.fetch("SELECT public, field, term, docs FROM word WHERE docs > 0")
    return _sorted({**found, "search": await _words(connection), "word": list(map(tuple, counted))})


async def _words(connection: asyncpg.Connection) -> list[tuple[Any, ...]]:
    """The view, article, field, offset in the field, and word of each position."""
    words = []
    for column, fields in WEIGHED.items():
        rows = await connection.fetch(
            f"SELECT public, article, lexeme, positions, weights FROM search CROSS JOIN unnest({column})"
        )
        for view, article, word, positions, weights in rows:
            for position, weight in zip(positions, weights, strict=True):
                field = fields["ABCD".index(weight)] if fields else column
                words.append((view, article, field, position, word))
    first: dict[tuple[int, str], int] = {}
    for _, article, field, position, _ in words:
        first[article, field] = min(position, first.get((article, field), position))
    return [(*word[:3], word[3] - first[word[1], word[2]], word[4]) for word in words]


def _sorted(rows: Rows) -> Rows:
    return {name: sorted(found, key=repr) for name, found in rows.items()}
