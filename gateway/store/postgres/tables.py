"""The tables in PostgreSQL: those of `schema.sql`, with the same names and columns, and those of `tables.sql`.

They are made from the tables of a working file, so that each column is declared once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.store.sql_files import named
from gateway.store.sqlite.driver import Database
from gateway.store.tables import SCHEMA

_KINDS: Mapping[str, str] = {"INTEGER": "bigint", "TEXT": 'text COLLATE "C"', "BLOB": "bytea"}
_ESCAPES = ((r"'\'", r"'\\'"), ("char(9)", r"'\t'"), ("char(10)", r"'\n'"), ("char(13)", r"'\r'"))
"""The characters that the text format of COPY escapes, as SQL."""
_NAMES = tuple(re.findall(r"^CREATE TABLE (\w+)", SCHEMA, re.MULTILINE))
_SQL = named("postgres/tables.sql")
CREATE = _SQL["create"]
INDEX_SEARCH = _SQL["index_search"]
INSERT_TRANSFER = _SQL["insert_transfer"]
PRESENT = _SQL["present"]
NAMES = (*_NAMES, "search", "word", "folding", "transfer")
"""The tables in PostgreSQL."""


class Column(NamedTuple):
    name: str
    kind: str
    """In SQLite."""
    is_required: bool
    key: int
    """The position in the primary key, from 1. 0 if it is not a part of it."""

    @property
    def definition(self) -> str:
        return f'"{self.name}" {_KINDS[self.kind]}{" NOT NULL" if self.is_required else ""}'

    @property
    def copied(self) -> str:
        """The value in the text format of COPY, as SQL for SQLite."""
        value = f'"{self.name}"'
        text = f"'\\\\x' || hex({value})" if self.kind == "BLOB" else value
        for character, escape in _ESCAPES if self.kind == "TEXT" else ():
            text = f"replace({text}, {character}, {escape})"
        return text if self.is_required else f"iif({value} IS NULL, '\\N', {text})"


class Table(NamedTuple):
    """A table of both databases."""

    name: str
    columns: Sequence[Column]

    @property
    def key(self) -> Sequence[Column]:
        return sorted((column for column in self.columns if column.key), key=lambda column: column.key)

    @property
    def definition(self) -> str:
        """The statements that create the table and the index of its primary key.

        A B-tree of PostgreSQL does not hold texts above 2,700 bytes, and names and paths may be longer. If a text is in
        the key, its main text has a hash index instead.
        """
        columns = [column.definition for column in self.columns]
        texts = [column.name for column in self.key if column.kind == "TEXT"]
        if not texts:
            key = ", ".join(f'"{column.name}"' for column in self.key)
            return f"CREATE TABLE {self.name} ({', '.join(columns)}, PRIMARY KEY ({key}));"
        main = "key" if "key" in texts else texts[0]
        return (
            f"CREATE TABLE {self.name} ({', '.join(columns)});"
            f' CREATE INDEX {self.name}_key ON {self.name} USING hash ("{main}");'
        )

    @property
    def copied(self) -> str:
        """The row in the text format of COPY, as SQL for SQLite."""
        return " || char(9) || ".join(column.copied for column in self.columns) + " || char(10)"


def tables(db: Database) -> Sequence[Table]:
    """The tables of a working file, in the order of `schema.sql`."""
    return [Table(name, [_column(*row) for row in db.execute(_SQL["columns"], (name,))]) for name in _NAMES]


def _column(name: str, kind: str, is_required: int, key: int) -> Column:
    return Column(name, kind, bool(is_required or key), key)
