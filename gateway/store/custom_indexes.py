"""The indexes of custom fields. Each has the articles of one collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from gateway.model.collections import Collections, CustomField
from gateway.store.custom_columns import (
    folded_column,
    is_ordered,
    is_text,
    of_collection,
    selects_lists,
    value_column,
)

PREFIX = "field_"
"""The start of their names. The rest is a digest, because SQLite ignores the case of names."""


class IndexColumn(NamedTuple):
    sql: str
    is_long: bool = False
    """Whether it has texts of any length."""
    falls: bool = False
    is_nullable: bool = True


_PUBLIC = IndexColumn("article.public", is_nullable=False)
_DATE = IndexColumn("article.published_date_time", falls=True)
_PATH = IndexColumn("article.path", is_long=True, is_nullable=False)


class CustomIndex(NamedTuple):
    collection: str
    columns: tuple[IndexColumn, ...]

    @property
    def name(self) -> str:
        return PREFIX + sha256(repr(self).encode()).hexdigest()[:12]

    def statement(self, columns: str) -> str:
        condition = of_collection(self.collection)
        return f"CREATE INDEX {self.name} ON article ({columns}) WHERE {condition}"


def indexes(collections: Collections) -> list[CustomIndex]:
    return [
        CustomIndex(collection.name, columns)
        for collection in collections
        for field in collection.leaves
        for columns in _indexed(field)
    ]


def _indexed(field: CustomField) -> Iterator[tuple[IndexColumn, ...]]:
    if not is_ordered(field):
        return
    value = IndexColumn(value_column(field), is_long=is_text(field))
    if is_text(field):
        yield _PUBLIC, IndexColumn(folded_column(field)), value, _PATH
    else:
        yield _PUBLIC, value._replace(falls=True), _PATH
    if selects_lists(field):
        yield value, _PUBLIC, _DATE, _PATH


def statements(collections: Collections) -> Mapping[str, str]:
    """The statement of SQLite that creates each index, by name."""
    return {each.name: _statement(each) for each in indexes(collections)}


def _statement(index: CustomIndex) -> str:
    """SQLite does not accept names of tables in an index."""
    columns = ", ".join(f"{each.sql}{' DESC' if each.falls else ''}" for each in index.columns)
    return index.statement(columns).replace("article.", "")
