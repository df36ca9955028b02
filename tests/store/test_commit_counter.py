"""The counter of commits, and what it promises: no process serves an older generation after a newer one was served."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model.records import Visibility
from gateway.store.sqlite.commit_counter import CommitCounter
from gateway.store.sqlite.store import SqliteStore
from tests.store.conftest import READERS
from tests.store.documents import apply, document

PUBLIC = Visibility.PUBLIC


@pytest.fixture
async def writer(database: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(database, readers=READERS)
    yield store
    await store.close()


@pytest.fixture
async def reader(database: Path, writer: SqliteStore) -> AsyncIterator[SqliteStore]:
    """A store that does not poll, so that only the counter can notify it of a commit."""
    store = await SqliteStore.join(database, readers=READERS)
    assert not store.is_writer
    yield store
    await store.close()
    assert writer.is_writer


async def revision(store: SqliteStore) -> str:
    """The revision of the content, as a request finds it."""
    generation = store.newest_generation(PUBLIC)
    if generation is None:
        async with store.snapshot(PUBLIC) as snapshot:
            generation = await snapshot.generation()
    return generation.revision


async def test_commit_is_seen_at_once(writer: SqliteStore, reader: SqliteStore) -> None:
    """By the next request of another store. Between commits it knows the generation without a query."""
    for number in range(5):
        await apply(writer, document("a", title=f"{number}"))
        assert reader.newest_generation(PUBLIC) is None
        assert await revision(reader) == await revision(writer)
        assert reader.newest_generation(PUBLIC) is not None


async def test_commit_that_is_not_counted_yet(database: Path, writer: SqliteStore, reader: SqliteStore) -> None:
    """While a commit runs, and after its writer was killed during it, each request reads the newest commit."""
    counter = CommitCounter(database)
    with counter.counting():
        before = await revision(reader)
        with sqlite3.connect(database) as other:
            other.execute("UPDATE generation SET counter_public = counter_public + 1, counter_all = counter_all + 1")
        other.close()
        assert await revision(reader) != before
        assert reader.newest_generation(PUBLIC) is None
    assert await revision(reader) == await revision(writer) != before
    counter.close()


async def test_next_writer_completes_the_count(database: Path) -> None:
    """If the last one was killed during a commit. Otherwise its readers would query for ever."""
    counter = CommitCounter(database)
    with counter.counting():
        assert counter.newest % 2 == 1
        store = await SqliteStore.open(database)
        assert counter.newest % 2 == 0
        await revision(store)
        assert store.newest_generation(PUBLIC) is not None
        await store.close()
    counter.close()


def test_processes_share_the_count(tmp_path: Path) -> None:
    """And a process that opens it later does not reset it."""
    counter = CommitCounter(tmp_path / "content.db")
    other = multiprocessing.get_context("spawn").Process(target=count, args=(tmp_path / "content.db",))
    other.start()
    other.join()
    assert counter.newest == 6
    counter.close()
    counter.close()


def count(database: Path) -> None:
    counter = CommitCounter(database)
    for _ in range(3):
        with counter.counting():
            pass
    counter.close()
