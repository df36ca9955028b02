"""A working file and its replica in PostgreSQL have equal rows, whatever happens between their commits."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import StoreError, Superseded
from gateway.model.changes import Change, Deleted, Quarantined
from gateway.model.collections import NO_COLLECTIONS, Collections
from gateway.model.documents import Document
from gateway.model.problems import Problem, Severity
from gateway.option_types import DatabaseUrl
from gateway.store.custom_indexes import PREFIX, statements
from gateway.store.postgres import outbox, replica
from gateway.store.postgres.replica import PostgresReplica
from gateway.store.postgres.session import LoaderSession
from gateway.store.sqlite import writer
from gateway.store.sqlite.store import SqliteStore
from tests.parsing import InProcess
from tests.postgres import PostgresServer, own_schema, running_server
from tests.store.corpora import documents, runs
from tests.store.custom import DECLARED, RATING, SERIES, custom_indexes, post
from tests.store.documents import apply, document, entry, provider, topics, version
from tests.store.mirrored import Rows, in_postgres, in_sqlite
from tests.test_ingest import Clock, Site
from tests.test_scripts import FULL, LONGEST, STEPS, Act, Followed

BROKEN = Problem(Severity.ERROR, "SYNTAX", "It is broken.", "b", 3, 7, "Mend it.")


@asynccontextmanager
async def loader(url: str, path: Path, *, persists: bool = False) -> AsyncIterator[SqliteStore]:
    """A store whose commits are sent to PostgreSQL."""
    async with PostgresReplica.open(DatabaseUrl(url), path, persists=persists) as sent:
        store = await SqliteStore.open(path, readers=1, replica=sent)
        try:
            yield store
        finally:
            await store.close()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def replicated(url: str) -> Rows:
    async with connected(url) as connection:
        return await in_postgres(connection)


def without_epoch(rows: Rows) -> Rows:
    return {**rows, "generation": [row[2:] for row in rows["generation"]]}


Script = list[tuple[datetime, list[Change | Document]]]


@pytest.mark.timeout(3600)
@settings(max_examples=100 if FULL else 10)
@given(runs(documents()), st.sets(st.integers(1, 4)))
async def test_rows_are_equal_after_any_runs(
    tmp_path_factory: pytest.TempPathFactory, postgres: str, steps: Script, moves: set[int]
) -> None:
    """Also if the loader moves to a machine without the working file, the rows are those of an undisturbed store."""
    folder, url = tmp_path_factory.mktemp("replica"), own_schema(postgres)
    plain = await SqliteStore.open(folder / "plain.db", readers=1)
    for number, (as_of, changes) in enumerate(steps):
        path = folder / f"working-{sum(move <= number for move in moves)}.db"
        async with loader(url, path) as store:
            await apply(store, *changes, as_of=as_of)
        await apply(plain, *changes, as_of=as_of)
        assert await replicated(url) == in_sqlite(path)
    await plain.close()
    assert without_epoch(await replicated(url)) == without_epoch(in_sqlite(folder / "plain.db"))


@pytest.mark.timeout(3600)
@settings(max_examples=100 if FULL else 10)
@given(script=st.lists(STEPS, min_size=1, max_size=LONGEST))
async def test_rows_are_equal_after_any_edits(
    tmp_path_factory: pytest.TempPathFactory, postgres: str, script: Sequence[tuple[Sequence[Act], bool]]
) -> None:
    """The files are edited, broken, moved and deleted. After some steps another machine goes on, where all files have
    other times."""
    folder, url, clock = tmp_path_factory.mktemp("edits"), own_schema(postgres), Clock()
    (folder / "content").mkdir()
    machine = 0
    for acts, moves in script:
        path = folder / f"working-{machine}.db"
        async with loader(url, path) as store:
            site = Site(folder / "content", store, InProcess(1))
            site.clock = site.ingest._clock = clock
            followed = Followed(site)
            for act in acts:
                followed._do(act)
            await site.run()
        assert await replicated(url) == in_sqlite(path)
        if moves:
            machine += 1
            for file in site.root.rglob("*.md"):
                os.utime(file, (machine, machine))


async def test_changed_rows_are_sent(tmp_path: Path, postgres_url: str) -> None:
    """Only these, with the words of articles whose provider's shown name changed."""
    old, new = provider("Old Name", "gazette.example"), provider("New Name", "gazette.example")
    path = tmp_path / "working.db"
    async with loader(postgres_url, path) as store:
        await apply(store, document("a", provider=old, topics=topics("X")), document("b", provider=old), document("c"))
        async with connected(postgres_url) as connection:
            places = dict(await connection.fetch("SELECT path, ctid FROM article"))
            await apply(store, document("b", provider=new), document("d", provider=new, body="Some words."))
            assert await in_postgres(connection) == in_sqlite(path)
            left = dict(await connection.fetch("SELECT path, ctid FROM article"))
            assert {path for path in left if left[path] == places.get(path)} == {"a", "c"}
        await apply(
            store, Deleted("a"), Quarantined("b", (BROKEN,), version("b", "broken")), document("c", title="New")
        )
        assert await replicated(postgres_url) == in_sqlite(path)


async def test_large_run_sends_all_rows(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If half of the articles changed, all tables are new. Unchanged articles are not sent, however many are read."""
    monkeypatch.setattr(writer, "LARGE", 1)
    path = tmp_path / "working.db"
    every = [document("a"), document("b", related=(entry("A", "https://example.org/a"),)), document("c")]
    async with loader(postgres_url, path) as store, connected(postgres_url) as connection:
        await apply(store, *every)
        tables = [await table_of_articles(connection)]
        await apply(store, *every)
        tables.append(await table_of_articles(connection))
        await apply(store, document("a", title="New"), document("d"))
        assert await in_postgres(connection) == in_sqlite(path)
        tables.append(await table_of_articles(connection))
        await apply(store, document("d", title="New"))
        assert await in_postgres(connection) == in_sqlite(path)
        tables.append(await table_of_articles(connection))
        assert noted(path) == []
    assert tables[0] == tables[1] != tables[2] == tables[3]


async def table_of_articles(connection: asyncpg.Connection) -> int:
    """It changes if the table is replaced."""
    oid: int = await connection.fetchval("SELECT 'article'::regclass::oid::bigint")
    return oid


def noted(path: Path) -> list[str]:
    """The tables with notes."""
    with closing(sqlite3.connect(path)) as database:
        return [notes.table.name for notes in outbox.notes(database)]


def state(path: Path) -> outbox.State:
    with closing(sqlite3.connect(path)) as database:
        return outbox.state(database)


Interrupt = Callable[[pytest.MonkeyPatch], None]


class Interruption(Exception):
    pass


async def interrupted(*_: object) -> None:
    raise Interruption


def before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LoaderSession, "notify", interrupted)


def after_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Interruption

    monkeypatch.setattr(outbox, "confirm", fail)


@pytest.mark.parametrize("interrupt", [before_the_commit, after_the_commit])
@pytest.mark.parametrize("is_first", [True, False])
async def test_unconfirmed_transfer(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, interrupt: Interrupt, is_first: bool
) -> None:
    """What was committed is not sent again, and what was not is."""
    path = tmp_path / "working.db"
    if not is_first:
        async with loader(postgres_url, path) as store:
            await apply(store, document("a"), document("b"))
    with monkeypatch.context() as patched:
        interrupt(patched)
        async with loader(postgres_url, path) as store:
            with pytest.raises(Interruption):
                await apply(store, document("b", title="New"), document("c"))
    is_sent = interrupt is after_the_commit
    assert state(path).next is not None
    async with loader(postgres_url, path) as store:
        assert (state(path).is_whole or bool(noted(path))) is not is_sent
        await apply(store)
        assert noted(path) == []
        assert await replicated(postgres_url) == in_sqlite(path)


async def test_change_after_an_unconfirmed_transfer(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes after a transfer that PostgreSQL has, and the file does not know of, is sent too."""

    def fail(*_: object) -> None:
        raise StoreError("The disk is full.")

    path = tmp_path / "working.db"
    async with loader(postgres_url, path) as store:
        await apply(store, document("a"))
        with monkeypatch.context() as patched:
            patched.setattr(outbox, "confirm", fail)
            for title in ("b", "new"):
                with pytest.raises(StoreError, match=r"The disk is full\."):
                    await apply(store, document("b", title=title))
        await apply(store, document("c"))
        assert await replicated(postgres_url) == in_sqlite(path)


async def test_file_that_is_behind_is_filled(tmp_path: Path, postgres_url: str) -> None:
    """A copy that an earlier transfer left does not undo later ones."""
    path, earlier = tmp_path / "working.db", tmp_path / "earlier.db"
    async with loader(postgres_url, path) as store:
        await apply(store, document("a"))
    shutil.copy(path, earlier)
    async with loader(postgres_url, path) as store:
        await apply(store, document("a", title="New"), document("b"))
    rows = in_sqlite(path)
    async with loader(postgres_url, earlier):
        assert in_sqlite(earlier) == rows
    assert await replicated(postgres_url) == rows


async def test_empty_database_gets_all_rows(tmp_path: Path, postgres_url: str) -> None:
    """A new database gets what the working file has, under the same epoch."""
    path = tmp_path / "working.db"
    async with loader(postgres_url, path) as store:
        await apply(store, document("a"))
    async with connected(postgres_url) as connection:
        [(schema,)] = await connection.fetch("SELECT current_schema()")
        await connection.execute(f"DROP SCHEMA {schema} CASCADE")
    async with loader(postgres_url, path) as store:
        await apply(store)
    assert await replicated(postgres_url) == in_sqlite(path)


async def test_declaration_is_sent_with_its_indexes(tmp_path: Path, postgres_url: str) -> None:
    """Another machine fills its file with both."""
    posts = Collections(DECLARED.all[:1])
    for number, declared in enumerate((DECLARED, posts, NO_COLLECTIONS)):
        path = tmp_path / f"{number}.db"
        async with loader(postgres_url, path) as store, connected(postgres_url) as connection:
            with_indexes = custom_indexes(path)
            await apply(store, post("a", {RATING: 4.5, SERIES: "x" * 3000}), collections=declared)
            assert await in_postgres(connection) == in_sqlite(path)
            named = await connection.fetch("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")
            assert (
                {name for (name,) in named if name.startswith(PREFIX)}
                == custom_indexes(path)
                == {*statements(declared)}
            )
        assert with_indexes == {*statements(DECLARED if number == 1 else posts if number else NO_COLLECTIONS)}


# Other loaders.


async def test_one_loader_writes(tmp_path: Path, postgres_url: str) -> None:
    """Another one gets an error with the name of the first, unless it waits."""
    async with loader(postgres_url, tmp_path / "one.db"):
        with pytest.raises(StoreError, match=r"is written by process \d+ \(content-gateway loader\) of .* Stop that"):
            async with loader(postgres_url, tmp_path / "other.db"):
                pass
        other_schema = own_schema(postgres_url.partition("?")[0])
        async with loader(other_schema, tmp_path / "third.db"):
            pass


async def test_next_loader_goes_on(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for the first, and begins with its rows."""
    monkeypatch.setattr("gateway.store.postgres.session.POLL_SECONDS", 0.01)
    waiting = asyncio.Event()

    async def follow() -> None:
        async with loader(postgres_url, tmp_path / "other.db", persists=True) as store:
            waiting.set()
            await apply(store, document("b"))

    async with loader(postgres_url, tmp_path / "one.db") as store:
        following = asyncio.create_task(follow())
        await apply(store, document("a"))
        await asyncio.sleep(0.05)
        assert not waiting.is_set()
    await following
    rows = await replicated(postgres_url)
    assert rows == in_sqlite(tmp_path / "other.db")
    assert [row[2] for row in rows["article"]] == ["a", "b"]


async def test_superseded_loader_writes_nothing(tmp_path: Path, postgres_url: str) -> None:
    """A loader that lost its connection finds what another one wrote."""
    async with loader(postgres_url, tmp_path / "one.db", persists=True) as store:
        await apply(store, document("a"))
        await end_sessions(postgres_url)
        async with loader(postgres_url, tmp_path / "other.db") as other:
            await apply(other, document("b"))
        with pytest.raises(Superseded):
            await apply(store, document("c"))
    assert await replicated(postgres_url) == in_sqlite(tmp_path / "other.db")


async def end_sessions(url: str) -> None:
    """End the connection of the loader that has the lock of the schema."""
    locked = (
        "FROM pg_locks WHERE locktype = 'advisory'"
        " AND objid = (hashtext(current_setting('search_path'))::bigint & 4294967295)"
    )
    async with connected(url) as connection:
        while not await connection.fetch(f"SELECT pg_terminate_backend(pid) {locked}"):
            pass
        while await connection.fetch(f"SELECT 1 {locked}"):
            pass


# Lost connections.


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with running_server() as started:
        yield started


async def test_lost_connection_is_renewed(tmp_path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A loader that persists sends what it could not send."""
    async with loader(postgres_url, tmp_path / "working.db", persists=True) as store:
        await apply(store, document("a"))
        await end_sessions(postgres_url)
        await apply(store, document("b"))
        assert await replicated(postgres_url) == in_sqlite(tmp_path / "working.db")
    assert "is lost" in caplog.text


@pytest.mark.timeout(3600)
async def test_connection_lost_at_any_moment(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transfer is sent as a whole, once."""
    monkeypatch.setattr(replica, "SHORTEST_DELAY", 0.02)
    path, body = tmp_path / "working.db", " ".join(map(str, range(1000)))
    async with loader(postgres_url, path, persists=True) as store:
        await apply(store, document("a"))
        for number in range(100 if FULL else 5):
            changed = [document(f"{at}", title=f"{at} {number}", body=body) for at in range(40)]
            sending = asyncio.create_task(apply(store, *changed))
            await asyncio.wait([sending], timeout=random.uniform(0, 0.3))  # noqa: S311
            await end_sessions(postgres_url)
            await sending
            assert await replicated(postgres_url) == in_sqlite(path)


async def test_lost_connection_ends_a_single_load(tmp_path: Path, postgres_url: str) -> None:
    """The next load sends what is left."""
    async with loader(postgres_url, tmp_path / "working.db") as store:
        await apply(store, document("a"))
        await end_sessions(postgres_url)
        with pytest.raises(StoreError, match="is lost"):
            await apply(store, document("b"))
    async with loader(postgres_url, tmp_path / "working.db") as store:
        await apply(store)
    assert await replicated(postgres_url) == in_sqlite(tmp_path / "working.db")


async def test_server_that_stops(
    tmp_path: Path, server: PostgresServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The loader tries again until the server runs, also if it is stopped in the middle of a transfer."""
    monkeypatch.setattr(replica, "LONGEST_DELAY", 0.1)
    path = tmp_path / "working.db"
    async with loader(server.url, path, persists=True) as store:
        await apply(store, document("a"))
        await asyncio.to_thread(server.stop, "immediate")
        sending = asyncio.create_task(apply(store, document("b"), *(document(f"c{n}") for n in range(20))))
        while "tries again" not in caplog.text:
            await asyncio.wait([sending], timeout=0.01)
        assert not sending.done()
        await asyncio.to_thread(server.start)
        await sending
        assert await replicated(f"{server.url}?search_path=gateway") == in_sqlite(path)


# Other releases.


async def test_other_release_keeps_the_last_good_versions(tmp_path: Path, postgres_url: str) -> None:
    """A loader of this release replaces the tables of another one, with or without a working file."""
    path = tmp_path / "working.db"
    async with loader(postgres_url, path) as store:
        await apply(store, document("a"), document("b", body="Kept."))
        await apply(store, Quarantined("b", (BROKEN,), version("b", "broken")))
    for new in (path, tmp_path / "new.db"):
        async with connected(postgres_url) as connection:
            await connection.execute("UPDATE transfer SET release = 5")
        if new == path:
            with closing(sqlite3.connect(path)) as database:
                database.execute("PRAGMA user_version = 5")
        async with loader(postgres_url, new) as store:
            assert [row[2] for row in in_sqlite(new)["article"]] == ["b"]
            await apply(store, document("a"))
        rows = await replicated(postgres_url)
        assert rows == in_sqlite(new)
        assert [row[0] for row in rows["last_good"]] == ["b"]
        assert sorted(row[2] for row in rows["article"]) == ["a", "b"]


async def test_version_that_was_not_sent_is_kept(tmp_path: Path, postgres_url: str) -> None:
    """A new release continues from the working file if PostgreSQL has nothing newer."""
    path = tmp_path / "working.db"
    async with loader(postgres_url, path) as store:
        await apply(store, document("a"), document("b"))
        await end_sessions(postgres_url)
        with pytest.raises(StoreError):
            await apply(store, Quarantined("b", (BROKEN,), version("b", "broken")))
    async with connected(postgres_url) as connection:
        await connection.execute("UPDATE transfer SET release = 5")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 5")
    async with loader(postgres_url, path) as store:
        await apply(store, document("a"))
    assert [row[0] for row in (await replicated(postgres_url))["last_good"]] == ["b"]


async def test_unreadable_version_is_saved(tmp_path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A last good version that this release cannot read is kept in a file."""
    async with loader(postgres_url, tmp_path / "working.db") as store:
        await apply(store, document("b"))
        await apply(store, Quarantined("b", (BROKEN,), version("b", "broken")))
    async with connected(postgres_url) as connection:
        await connection.execute("UPDATE transfer SET release = 5; UPDATE last_good SET record = '[]'")
    async with loader(postgres_url, tmp_path / "new.db"):
        pass
    [saved] = json.loads((tmp_path / "new.db-release-5.json").read_bytes())
    assert (saved[0], saved[-1]) == ("b", "[]")
    assert "saved in" in caplog.text
