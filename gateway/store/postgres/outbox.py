"""The outbox of a working file: which rows PostgreSQL lacks, and how its tables got their present rows.

Each function runs in the thread of a connection to the working file.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from gateway.store.postgres.tables import Table, tables
from gateway.store.sql_files import named, split
from gateway.store.sqlite.driver import Database

OWNED = (
    *("article_url", "article_topic", "article_author", "mention", "link", "asset"),
    *("custom_item", "custom_reference"),
)
"""The tables that are derived from an article's row and deleted with it. Their rows are sent with the article's."""
_WATCHED_COLUMN = {"provider": "words"}
"""A column whose value at the last transfer is noted too."""

_SQL = named("postgres/outbox.sql")
NOTED_ARTICLES = _SQL["noted_articles"].rstrip(";")
COUNT_CHANGED = _SQL["count_changed"]
WORDED_ARTICLES = _SQL["worded_articles"].rstrip(";")


class State(NamedTuple):
    """The state of a working file in relation to PostgreSQL."""

    last: str | None
    """The transfer that the notes follow. None if nothing was sent yet."""
    next: str | None
    """A transfer that was begun, and may have been committed."""
    is_whole: bool
    """Whether all rows must be sent, and changes are not noted."""


class Notes(NamedTuple):
    """The keys of the changed rows of a table."""

    table: Table
    keys: Sequence[Sequence[Any]]
    """The values of each column of the key."""

    @property
    def rows(self) -> str:
        """The changed rows that are left, as the part of a query after FROM."""
        columns = ", ".join(f'"{column.name}"' for column in self.table.key)
        return f"outbox_{self.table.name} CROSS JOIN {self.table.name} USING ({columns})"


def state(db: Database) -> State:
    """The state of a file that was never sent is that of an empty outbox."""
    [(exists,)] = db.execute(_SQL["exists"])
    if not exists:
        return State(None, None, is_whole=True)
    [(last, begun, is_whole)] = db.execute(_SQL["state"])
    return State(last, begun, bool(is_whole))


def send_all(db: Database, last: str | None) -> None:
    """From now on all rows must be sent, and changes are not noted."""
    with _transaction(db):
        _uninstall(db)
        db.execute(_SQL["set_state"], (last, None, 1))


def resume(db: Database, former: State) -> None:
    """Takes the state of the file that this one replaces, if that was sent."""
    if former.last or former.next:
        with _transaction(db):
            _create(db)
            db.execute(_SQL["set_state"], (former.last, former.next, 1))


def begin(db: Database, transfer: str) -> None:
    """Records a transfer before its commit."""
    with _transaction(db):
        _create(db)
        db.execute(_SQL["begin"], (transfer,))


def confirm(db: Database, transfer: str) -> None:
    """Empties the outbox, because PostgreSQL has all rows since this transfer. From now on changes are noted."""
    with _transaction(db):
        _create(db)
        if state(db).is_whole:
            statements: Iterable[str] = _installation(db)
        else:
            statements = [f"DELETE FROM outbox_{table.name}" for table in _noted(db)]
        for statement in statements:
            db.execute(statement)
        db.execute(_SQL["set_state"], (transfer, None, 0))


def notes(db: Database) -> Sequence[Notes]:
    """The notes of each table that has some."""
    found = [Notes(table, _keys(db, table)) for table in _noted(db)]
    return [each for each in found if each.keys]


def _keys(db: Database, table: Table) -> Sequence[Sequence[Any]]:
    names = ", ".join(f'"{column.name}"' for column in table.key)
    return list(zip(*db.execute(f"SELECT {names} FROM outbox_{table.name}"), strict=True))


def _noted(db: Database) -> Sequence[Table]:
    return [table for table in tables(db) if table.name not in OWNED]


@contextmanager
def _transaction(db: Database) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def _create(db: Database) -> None:
    for statement in split(_SQL["create"]):
        db.execute(statement)


def _uninstall(db: Database) -> None:
    _create(db)
    for table in _noted(db):
        for event in ("insert", "update", "delete"):
            db.execute(f"DROP TRIGGER IF EXISTS outbox_{table.name}_{event}")
        db.execute(f"DROP TABLE IF EXISTS outbox_{table.name}")


def _installation(db: Database) -> Iterator[str]:
    for table in _noted(db):
        key = [f'"{column.name}"' for column in table.key]
        columns = ", ".join(f"{column} NOT NULL" for column in key)
        watched = _WATCHED_COLUMN.get(table.name)
        more = f", sent_{watched}" if watched else ""
        yield (f"CREATE TABLE outbox_{table.name} ({columns}{more}, PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID")
        for event, row in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
            values = [f"{row}.{column}" for column in key]
            if watched:
                values.append("NULL" if event == "insert" else f"OLD.{watched}")
            # The conflict clause of the statement that fires a trigger overrides another one here.
            note = f"INSERT INTO outbox_{table.name} VALUES ({', '.join(values)}) ON CONFLICT DO NOTHING"
            yield f"CREATE TRIGGER outbox_{table.name}_{event} AFTER {event} ON {table.name} BEGIN {note}; END"
