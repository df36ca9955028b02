"""Copies of a working file in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from gateway.errors import StoreError
from gateway.model.changes import Quarantined
from gateway.model.problems import Problem, Severity
from gateway.store.article_row import IndexedText
from gateway.store.postgres import copying
from gateway.store.postgres.copying import copy_all
from gateway.store.postgres.search_text import MAX_POSITION, fields_value, text_value
from gateway.store.sqlite.driver import SqliteConnection
from gateway.store.sqlite.store import SqliteStore
from tests.store.documents import apply, day, document, entry, provider, topics, version
from tests.store.mirrored import in_postgres, in_sqlite

BROKEN = Problem(Severity.ERROR, "SYNTAX", "It is broken.", "b", 3, 7, "Mend it.")


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    connected = await asyncpg.connect(postgres_url)
    yield connected
    await connected.close()


async def copy(connection: asyncpg.Connection, path: Path) -> None:
    [(schema,)] = await connection.fetch("SELECT current_setting('search_path')")
    async with SqliteConnection.open(path) as source, connection.transaction():
        await copy_all(connection, schema, source, "one")


async def fill(path: Path) -> None:
    """Rows of every table, with all characters that COPY escapes."""
    store = await SqliteStore.open(path)
    try:
        named = provider("The Gazette", "gazette.example")
        text = "Tabs\t, lines\r\n, \\ and \\N, \\. and ‘quotes’ 東京都, é"
        await apply(
            store,
            document("a", title=text, body=text, provider=named, topics=topics("News", "Été")),
            document("b", body="A body.", related=(entry("A", "https://example.org/a", named),)),
            document("c", published=False, published_date_time=day(2), excerpt="An excerpt."),
        )
        await apply(store, Quarantined("b", (BROKEN,), version("b", "broken")), document("d"))
    finally:
        await store.close()


async def test_all_rows_are_equal(tmp_path: Path, connection: asyncpg.Connection) -> None:
    """PostgreSQL has the rows of the file, and the words of the full-text index at their positions."""
    await fill(tmp_path / "content.db")
    await copy(connection, tmp_path / "content.db")
    assert await in_postgres(connection) == in_sqlite(tmp_path / "content.db")


async def test_second_copy_replaces_the_first(tmp_path: Path, connection: asyncpg.Connection) -> None:
    """The schema is left with the rows of the newer file."""
    await fill(tmp_path / "one.db")
    await copy(connection, tmp_path / "one.db")
    await fill(tmp_path / "other.db")
    await copy(connection, tmp_path / "other.db")
    assert await in_postgres(connection) == in_sqlite(tmp_path / "other.db")


async def test_open_snapshot_reads_the_old_tables(
    tmp_path: Path, connection: asyncpg.Connection, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy waits for open snapshots before it replaces the tables, and lets new ones through."""
    monkeypatch.setattr(copying, "LOCK_SECONDS", 1)
    monkeypatch.setattr(copying, "UNLOCKED_SECONDS", 0.01)
    await fill(tmp_path / "content.db")
    await copy(connection, tmp_path / "content.db")
    one, other = await asyncpg.connect(postgres_url), await asyncpg.connect(postgres_url)
    try:
        async with one.transaction(isolation="repeatable_read", readonly=True):
            await one.fetch("SELECT epoch FROM generation")
            copying_again = asyncio.create_task(copy(connection, tmp_path / "content.db"))
            while not await other.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not copying_again.done()
            await other.fetch("SELECT epoch FROM generation")
            assert not copying_again.done()
            assert len(await one.fetch("SELECT * FROM article")) == 4
        await copying_again
        assert len(await other.fetch("SELECT * FROM article")) == 4
    finally:
        await one.close()
        await other.close()


async def test_other_program_keeps_its_tables(tmp_path: Path, connection: asyncpg.Connection) -> None:
    """A schema with an unknown table of the same name is refused."""
    [(schema,)] = await connection.fetch("SELECT current_setting('search_path')")
    await connection.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.article (title text)")
    with pytest.raises(StoreError, match=f"schema {schema} has a table article of another program"):
        await copy(connection, tmp_path / "content.db")


@pytest.mark.parametrize(
    ("body", "found", "missing"),
    [
        (" ".join(f"w{n}" for n in range(MAX_POSITION + 9)), f"w0 <-> w1 & w{MAX_POSITION + 8}", "w16380 <-> w16381"),
        ("x" * 3000, f"{'x' * 2046}", "x"),
        ("東京 京東 " * 2000, "東京 <-> 京東", "京"),
        (" ".join(f"w{n}" for n in range(200_000)), "w0 & w100000", "w1 <-> w2"),
        ("again " * 500_000, "again <-> again", "w1"),
        (" ".join(f"w{n:x}" for n in range(200_000, 0, -1)), "w30d40", "w2 <-> w1"),
    ],
)
async def test_limits_of_tsvector(connection: asyncpg.Connection, body: str, found: str, missing: str) -> None:
    """Texts beyond the limits are indexed as far as possible, without an error."""
    value = text_value(body)
    query = "SELECT $1::text::tsvector @@ $2::text::tsquery"
    assert await connection.fetchval(query, value, found)
    assert not await connection.fetchval(query, value, missing)


async def test_phrases_do_not_cross_fields(connection: asyncpg.Connection) -> None:
    """Each field has its weight, and the last word of one is not before the first word of the next."""
    value = fields_value(IndexedText("a b", "c d", "", "e", "f", "g", "", "", ""))
    for query, matches in {"a <-> b": True, "b <-> c": False, "b:A & d:B & e:D": True, "d <-> e": False}.items():
        assert await connection.fetchval("SELECT $1::text::tsvector @@ $2::text::tsquery", value, query) is matches
    long = fields_value(IndexedText("a " * MAX_POSITION, "b", "c", "d", "", "", "", "", ""))
    for query, matches in {"a <-> b": False, "b <-> c": False, "b:B & c:C & d:D": True}.items():
        assert await connection.fetchval("SELECT $1::text::tsvector @@ $2::text::tsquery", long, query) is matches
