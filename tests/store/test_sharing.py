"""Two stores on one database: one writes, the other reads its commits and takes over after it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.errors import NotReady, StoreError
from gateway.model.records import Visibility
from gateway.store.protocol import read_one
from gateway.store.reads import ARTICLE_BY_PATH, PROVIDER_BY_KEY, StatisticsOf
from gateway.store.sqlite.store import SqliteStore
from tests.store.conftest import READERS
from tests.store.documents import apply, document, provider
from tests.store.reading import look_up


@asynccontextmanager
async def following(path: Path) -> AsyncIterator[tuple[SqliteStore, asyncio.Task[None]]]:
    """A store that another one writes, and its wait to take over."""
    store = await SqliteStore.join(path, readers=READERS, patience=0)
    leading = asyncio.create_task(store.become_writer())
    try:
        yield store, leading
    finally:
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)
        await store.close()


async def title(store: SqliteStore, path: str) -> str | None:
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        found = await look_up(snapshot, ARTICLE_BY_PATH, [path])
        return found[path].title if path in found else None


async def until(store: SqliteStore, path: str, wanted: str) -> None:
    """Wait for a generation with a title. A store without a generation is waited for too."""
    async with asyncio.timeout(30):
        async for _ in store.generations():
            if await store.ready() and await title(store, path) == wanted:
                return


async def test_reader_serves_the_commits_of_the_writer(database: Path) -> None:
    """Each generation wakes the reader's subscribers. The reader does not write."""
    writer = await SqliteStore.open(database, readers=READERS)
    async with following(database) as (reader, leading):
        assert (writer.is_writer, reader.is_writer, await title(reader, "a")) == (True, False, "a")
        assert reader.writer_name.startswith("process ")
        for number in range(3):
            await apply(writer, document("a", title=f"{number}"))
            await until(reader, "a", f"{number}")
        with pytest.raises(StoreError, match=r"is written by process \d+ on "):
            await apply(reader, document("b"))
        assert not leading.done()
    await writer.close()


async def test_reader_has_the_providers_of_the_writer(database: Path) -> None:
    """In each generation that it follows: names, and records that were added or removed."""
    writer = await SqliteStore.open(database, readers=READERS)
    async with following(database) as (reader, _):
        for number in range(4):
            own = provider(f"{number}", "p.org"), provider(f"{number % 2}")
            await apply(writer, document("a", title=f"{number}", provider=own[0]), document("b", provider=own[1]))
            await until(reader, "a", f"{number}")
            async with reader.snapshot(Visibility.PUBLIC) as snapshot:
                found = await look_up(snapshot, PROVIDER_BY_KEY, ["p.org", "0", "1"])
                assert {key: one.name for key, one in found.items()} == {
                    "p.org": f"{number}",
                    f"{number % 2}": f"{number % 2}",
                }
                assert snapshot.usage.calls == 0
    await writer.close()


async def test_reader_takes_over(database: Path) -> None:
    """When the writer closes. Its last commit is there, and subscribers get later ones."""
    writer = await SqliteStore.open(database, readers=READERS)
    async with following(database) as (reader, leading):
        await apply(writer, document("a", title="last"))
        await writer.close()
        await leading
        assert (reader.is_writer, await title(reader, "a")) == (True, "last")
        await apply(reader, document("a", title="new"))
        assert await title(reader, "a") == "new"
        with pytest.raises(StoreError, match=r"which follows the content\. Reload that process"):
            await SqliteStore.open(database)


async def test_reader_waits_for_a_new_database(tmp_path: Path) -> None:
    """Until the writer has created it, the reader has no generation."""
    path = tmp_path / "content.db"
    writer = await SqliteStore.join(path, readers=READERS)
    async with following(path) as (reader, _):
        assert not await reader.ready()
        async with reader.snapshot(Visibility.PUBLIC) as snapshot:
            with pytest.raises(NotReady):
                await snapshot.generation()
        await writer.become_writer()
        await apply(writer, document("a"))
        await until(reader, "a", "a")
    await writer.close()


async def test_reader_waits_for_a_database_of_another_release(database: Path) -> None:
    """The writer may need it. The reader replaces it when the writer has ended."""
    other = sqlite3.connect(database)
    other.execute("PRAGMA user_version = 999")
    writer = await SqliteStore.join(database, readers=READERS)
    async with following(database) as (reader, leading):
        assert (await reader.ready(), leading.done()) == (False, False)
        assert other.execute("PRAGMA user_version").fetchone() == (999,)
        other.close()
        await writer.close()
        await leading
        await apply(reader, document("b"))
        assert await title(reader, "b") == "b"


async def test_reader_ends_if_another_release_takes_the_database(database: Path) -> None:
    """It cannot read the new content, logs the reason, and ends."""
    writer = await SqliteStore.open(database, readers=READERS)
    async with following(database) as (reader, leading):
        await until(reader, "a", "a")
        other = sqlite3.connect(database)
        other.execute("PRAGMA user_version = 999")
        other.close()
        with pytest.raises(StoreError, match=r"was rebuilt by another release\. Restart the gateway\."):
            await leading
    await writer.close()


@pytest.mark.parametrize("again", [False, True])
async def test_database_deleted_in_use(database: Path, again: bool) -> None:
    """Its content is served, and a run fails, because its writes would be lost."""
    writer = await SqliteStore.open(database, readers=READERS)
    for file in database.parent.glob("content.db*"):
        file.unlink()
    if again:
        await (await SqliteStore.open(database)).close()
    with pytest.raises(StoreError, match="was deleted or moved while it was in use"):
        await apply(writer, document("b"))
    assert await title(writer, "a") == "a"
    async with writer.snapshot(Visibility.PUBLIC) as snapshot:
        assert (await read_one(snapshot, StatisticsOf())).articles == 1
    await writer.close()


@pytest.mark.parametrize("again", [False, True])
async def test_reader_ends_if_the_database_is_deleted(database: Path, again: bool) -> None:
    """Also if another process holds or recreates it, because the reader would not see its commits."""
    writer = await SqliteStore.open(database, readers=READERS)
    async with following(database) as (reader, leading):
        await until(reader, "a", "a")
        for file in database.parent.glob("content.db*"):
            if again or file.suffix != ".db-lock":
                file.unlink()
        other = await SqliteStore.open(database) if again else None
        async with asyncio.timeout(30):
            with pytest.raises(StoreError, match=r"was deleted or moved while it was in use\. Restart the gateway\."):
                await leading
        if other:
            await other.close()
    await writer.close()


async def test_reader_can_be_closed(database: Path) -> None:
    """It leaves no lock, and the writer continues."""
    writer = await SqliteStore.open(database, readers=READERS)
    async with following(database):
        pass
    await apply(writer, document("b"))
    assert await title(writer, "b") == "b"
    await writer.close()
    assert {file.name for file in database.parent.iterdir()} == {"content.db", "content.db-commits"}


async def test_reader_that_stops_does_not_take_over(database: Path) -> None:
    """Its server ends, and another process may take over."""
    writer = await SqliteStore.open(database, readers=READERS)
    async with following(database) as (reader, leading):
        await until(reader, "a", "a")
        reader.end_generations()
        await writer.close()
        other = await SqliteStore.open(database, readers=READERS)
        await apply(other, document("a", title="new"))
        assert (reader.is_writer, leading.done(), await title(reader, "a")) == (False, False, "new")
        await other.close()
