"""Reports values of unique custom fields that several articles of a collection have.

As a slug, a value is unique within a locale.
"""

# ruff: noqa: S608 - the text is built only from constants and names of fields; values are bound.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from gateway.model.collections import Collections, CustomField
from gateway.store.article_row import AT
from gateway.store.custom_columns import of_collection, value_column
from gateway.store.rows import Row
from gateway.store.sql_files import named
from gateway.store.sqlite.driver import Database

NOT_UNIQUE = "NOT_UNIQUE"

_SQL = named("sqlite/unique_check.sql")


class UniqueCheck:
    """The check of one run."""

    def __init__(self, collections: Collections, *, is_whole: bool) -> None:
        """`is_whole` checks all values, and not only those of articles that the run changes."""
        self._fields = {each.name: [leaf for leaf in each.leaves if leaf.is_unique] for each in collections}
        self._is_whole = is_whole
        self._values: dict[CustomField, set[Any]] = {
            field: set() for fields in self._fields.values() for field in fields
        }

    def note(self, rows: Iterator[Row]) -> None:
        """Notes the values of articles that come or go, from their values of COLUMNS."""
        if not self._values or self._is_whole:
            return
        for row in rows:
            if fields := self._fields.get(row[AT["collection"]]):
                values = orjson.loads(row[AT["custom"]])
                for field in fields:
                    self._values[field].add(values.get(field.key))

    def report(self, db: Database) -> None:
        if self._is_whole:
            db.execute(_SQL["forget_all"])
        for field, values in self._values.items():
            if self._is_whole:
                _report(db, field, _repeated(field), ())
            elif wanted := values - {None}:
                bound = (orjson.dumps([*wanted]).decode(),)
                db.execute(_SQL["forget"], (str(field), *bound))
                _report(db, field, "json_each(?)", bound)


def _report(db: Database, field: CustomField, wanted: str, parameters: Sequence[str]) -> None:
    """`wanted` selects the checked values, as `value`."""
    value = value_column(field)
    found = (
        f"SELECT article.path, {value} AS value, first_value(article.path) OVER same AS first,"
        " row_number() OVER same AS rank"
        f" FROM {wanted} AS wanted CROSS JOIN article"
        f" WHERE {of_collection(field.collection)} AND {value} = wanted.value"
        f" WINDOW same AS (PARTITION BY {value}, article.locale ORDER BY article.reachable DESC, article.path)"
    )
    rows = db.execute(f"SELECT value, first, path FROM ({found}) WHERE rank > 1", parameters).fetchall()
    name = ".".join(field.path)
    db.executemany(_SQL["insert"], [(str(field), name, NOT_UNIQUE, *row) for row in rows])


def _repeated(field: CustomField) -> str:
    value = value_column(field)
    return (
        f"(SELECT {value} AS value FROM article WHERE {of_collection(field.collection)} AND {value} IS NOT NULL"
        f" GROUP BY {value} HAVING count(*) > 1)"
    )
