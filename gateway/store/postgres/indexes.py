"""The indexes of PostgreSQL, made from those of SQLite that readers use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gateway.model.collections import Collections
from gateway.store.custom_indexes import IndexColumn, indexes
from gateway.store.postgres.dialect import PREFIX, translated
from gateway.store.tables import INDEXES, SCHEMA

_OF_WRITERS = frozenset(
    {
        *("file_sha256", "file_inode", "problem_about", "article_wanted_slug", "article_pictured"),
        *("article_author_pictured", "mention_pictured", "link_url", "asset_path"),
        *("provider_wanted_slug", "topic_wanted_slug", "author_wanted_slug"),
        *("backlink_source", "custom_reference_url"),
        "change_log_tombstone",
    }
)
_HASHED: Mapping[str, Sequence[str]] = {
    "article": ("path", "slug"),
    "provider": ("slug", "name"),
    "topic": ("slug", "name"),
    "author": ("slug", "name"),
}
"""The texts of unbounded length by which records are found."""
_BY_TEXT = frozenset(
    {
        *("article_path", "article_slug", "provider_slug", "provider_exact_name"),
        *("topic_slug", "topic_exact_name", "author_slug", "author_exact_name"),
    }
)
"""The indexes that those of _HASHED replace."""
_INDEX = re.compile(r"(?:CREATE) (?:UNIQUE )?INDEX (\w+) ON (\w+) \((.*)\)(?:\s+WHERE (.*))?")
_SHORT = frozenset({"id", "status", "code", "collection"})
"""Texts of limited length, which are indexed whole."""


def _columns(table: str) -> Mapping[str, str]:
    """The definition of each column of a table."""
    body = re.search(rf"CREATE TABLE {table} \((.*?)\n\)", SCHEMA, re.DOTALL)
    return dict(re.findall(r"\"?(\w+)\"? ((?:TEXT|INTEGER|BLOB)[^,]*)", body[1] if body else ""))


def _indexed(table: str, column: str) -> str:
    """A column of an index. The nulls are where SQLite has them, and texts are cut."""
    name, _, direction = column.partition(" ")
    definition = _columns(table).get(name.strip('"'), "INTEGER NOT NULL")
    shown = f"left({name}, {PREFIX})" if definition.startswith("TEXT") and name not in _SHORT else name
    nulls = "" if "NOT NULL" in definition or "KEY" in definition else f" NULLS {'LAST' if direction else 'FIRST'}"
    return f"{shown}{' ' * bool(direction)}{direction}{nulls}"


def _index(statement: str) -> str:
    found = _INDEX.fullmatch(statement)
    assert found, statement  # noqa: S101 - as `indexes.sql` is written
    name, table, columns, condition = found.groups()
    listed = ", ".join(_indexed(table, column) for column in columns.split(", "))
    return f"CREATE INDEX {name} ON {table} ({listed}){f' WHERE {condition}' if condition else ''}"


def custom_statements(collections: Collections) -> Sequence[str]:
    """The statements that create the indexes of custom fields."""
    return [
        translated(each.statement(", ".join(map(_custom_column, each.columns)))).text for each in indexes(collections)
    ]


def _custom_column(column: IndexColumn) -> str:
    sql = f"left({column.sql}, {PREFIX})" if column.is_long else column.sql
    nulls = f" NULLS {'LAST' if column.falls else 'FIRST'}" if column.is_nullable else ""
    return f"({sql}){' DESC' * column.falls}{nulls}"


CREATE_INDEXES: Sequence[str] = (
    *(_index(INDEXES[name]) for name in INDEXES if name not in _OF_WRITERS and name not in _BY_TEXT),
    *(
        f"CREATE INDEX {table}_{column}_hash ON {table} USING hash ({column})"
        for table, columns in _HASHED.items()
        for column in columns
    ),
)
