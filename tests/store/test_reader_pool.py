"""Readers: snapshots beside commits, the queue, cancelled queries, and closing of the store."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Sequence
from pathlib import Path

import pytest

from gateway.content.identity import article_id
from gateway.errors import BadUserInput, RequestError, StoreError
from gateway.filters import And
from gateway.model.lists import NEWEST_FIRST, Window
from gateway.model.records import Visibility
from gateway.store.protocol import ContentStore, Snapshot, read_one
from gateway.store.reads import (
    ARTICLE_BY_PATH,
    ARTICLES,
    ARTICLES_OF_TOPIC,
    TOPIC_BY_KEY,
    WHOLE,
    CountOf,
    Find,
    PageOf,
    Precedes,
    SimilarTo,
    StatisticsOf,
    TextOf,
    TopicsOf,
)
from gateway.store.rows import Row
from gateway.store.sql_fragment import Sql, Steps
from gateway.store.sqlite.driver import SqliteConnection
from gateway.store.sqlite.store import SqliteStore
from tests.store.conftest import READERS, open_files
from tests.store.documents import apply, document, topics
from tests.store.reading import ask, look_up

PUBLIC = Visibility.PUBLIC


async def titles(snapshot: Snapshot) -> dict[str, str]:
    found = await look_up(snapshot, ARTICLE_BY_PATH, ["a", "b"])
    return {path: article.title for path, article in found.items()}


def endless(snapshot: Snapshot) -> Awaitable[object]:
    """Reads of which the second runs for hours: a million counts of a long list."""
    long = (CountOf(ARTICLES_OF_TOPIC.where(And(()))), ["t"] * 1_000_000)
    return snapshot.read([(CountOf(ARTICLES), [WHOLE]), long, long])


async def fill(store: ContentStore) -> None:
    await apply(store, *(document(f"{n}", topics=topics("t")) for n in range(1500)))


def priorities() -> list[int]:
    """The priority of each thread of this process, unordered."""
    return [os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in Path("/proc/self/task").iterdir()]


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has priorities per thread.")
async def test_writer_thread_has_a_lower_priority(store: ContentStore) -> None:
    """Only the writer thread has a lower priority."""
    await fill(store)
    first, *others, last = sorted(priorities())
    assert first < last
    assert {*others} == {first}


# Snapshots.


async def test_snapshot_reads_one_generation(store: ContentStore) -> None:
    """Commits while it is open do not change its answers."""
    await apply(store, document("a", title="1"))
    async with store.snapshot(PUBLIC) as old:
        assert await titles(old) == {"a": "1"}
        generation = await old.generation()
        await apply(store, document("a", title="2"), document("b"))
        async with store.snapshot(PUBLIC) as new:
            assert await titles(new) == {"a": "2", "b": "b"}
            assert (await new.generation()).counter == 2
            await apply(store, document("a", title="3"))
            assert await titles(new) == {"a": "2", "b": "b"}
        assert await titles(old) == {"a": "1"}
        assert await ask(old, CountOf(ARTICLES), [WHOLE]) == {WHOLE: 1}
        assert await old.generation() == generation
    async with store.snapshot(PUBLIC) as last:
        assert await titles(last) == {"a": "3", "b": "b"}


async def test_snapshot_starts_at_its_first_query(store: ContentStore) -> None:
    """Until then it holds no reader, so any number may be open."""
    await apply(store, document("a", title="1"))
    async with store.snapshot(PUBLIC) as first, store.snapshot(PUBLIC) as second, store.snapshot(PUBLIC):
        await apply(store, document("a", title="2"))
        assert await titles(first) == await titles(second) == {"a": "2"}


async def test_generations_never_mix(store: ContentStore) -> None:
    """With many snapshots and commits, each snapshot reads both articles from one generation."""
    await apply(store, document("a", title="0"), document("b", title="0"))

    async def read() -> None:
        for _ in range(20):
            async with store.snapshot(PUBLIC) as snapshot:
                first = await titles(snapshot)
                assert first["a"] == first["b"] == str((await snapshot.generation()).counter - 1)
                assert await titles(snapshot) == first

    async def write() -> None:
        for n in range(1, 20):
            await apply(store, document("a", title=str(n)), document("b", title=str(n)))

    await asyncio.gather(write(), *(read() for _ in range(8)))


async def test_concurrent_queries_of_a_snapshot(store: ContentStore) -> None:
    """They share its reader."""
    await apply(store, document("a"), document("b"))
    async with store.snapshot(PUBLIC) as snapshot:
        assert await asyncio.gather(*(titles(snapshot) for _ in range(50))) == [{"a": "a", "b": "b"}] * 50
        assert snapshot.usage == (50, 100)


async def test_reads_are_one_round_trip(store: ContentStore) -> None:
    """Also if one of them fails. The others succeed."""
    await apply(store, document("a", topics=topics("t")), document("b"))
    malformed = PageOf(ARTICLES, NEWEST_FIRST, Window(cursor="?"))
    ids = [article_id("a"), article_id("b"), article_id("none")]
    async with store.snapshot(PUBLIC) as snapshot:
        count, error, similar, texts = await snapshot.read(
            [(CountOf(ARTICLES), [WHOLE]), (malformed, [WHOLE]), (SimilarTo(3), ids), (TextOf(), ids)]
        )
        assert count == {WHOLE: 2}
        assert isinstance(error, BadUserInput)
        assert not isinstance(similar, RequestError)
        assert not isinstance(texts, RequestError)
        assert [*similar] == [*texts] == ids
        assert snapshot.usage.calls == 1


async def test_read_without_a_query_is_free(store: ContentStore) -> None:
    """It does not wait for the database."""
    await apply(store, document("a", topics=topics("u")))
    async with store.snapshot(PUBLIC) as snapshot:
        first_page = Precedes(ARTICLES, NEWEST_FIRST, Window())
        assert await snapshot.read([(first_page, [WHOLE]), (TopicsOf(), []), (Find(TOPIC_BY_KEY), ["t"])]) == [
            {WHOLE: False},
            {},
            {"t": None},
        ]
        assert snapshot.usage == (0, 0)


async def test_snapshots_wait_for_readers(store: ContentStore) -> None:
    """First come, first served, as soon as a snapshot is left."""
    await apply(store, document("a"))
    served, held = asyncio.Queue[int](), [asyncio.Event() for _ in range(6)]

    async def read(n: int) -> None:
        async with store.snapshot(PUBLIC) as snapshot:
            await titles(snapshot)
            served.put_nowait(n)
            await held[n].wait()

    async with asyncio.TaskGroup() as tasks:
        for n in range(6):
            tasks.create_task(read(n))
        order = [await served.get() for _ in range(READERS)]
        for n in range(6):
            assert served.empty()
            held[order[n]].set()
            if len(order) < 6:
                order.append(await served.get())
    assert sorted(order[:READERS]) == list(range(READERS))
    assert order[READERS:] == list(range(READERS, 6))


# Cancelled queries.


async def begun(question: Awaitable[object], turns: int) -> asyncio.Task[object]:
    """A query whose statement waits for its turn or, after some iterations of the event loop, runs."""
    task = asyncio.ensure_future(question)
    for _ in range(turns):
        await asyncio.sleep(0)
    return task


QUEUED, RUNNING = 1, 2000


@pytest.mark.timeout(60)
@pytest.mark.parametrize("turns", [QUEUED, RUNNING])
async def test_cancelled_query_interrupts_its_statement(store: ContentStore, turns: int) -> None:
    """The next snapshot gets the reader at once."""
    await fill(store)
    async with store.snapshot(PUBLIC) as waiting:
        async with store.snapshot(PUBLIC) as one, store.snapshot(PUBLIC) as other:
            await asyncio.gather(one.generation(), other.generation())
            answer = asyncio.ensure_future(titles(waiting))
            asked = [await begun(endless(snapshot), turns) for snapshot in (one, other)]
            for task in asked:
                task.cancel()
        assert await answer == {}
        await asyncio.wait(asked)
        assert all(task.cancelled() for task in asked)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("turns", [QUEUED, RUNNING])
async def test_snapshot_continues_after_a_cancelled_query(store: ContentStore, turns: int) -> None:
    """The next query is answered from the same generation."""
    await fill(store)
    async with store.snapshot(PUBLIC) as snapshot:
        generation = await snapshot.generation()
        await apply(store, document("a"))
        asked = await begun(endless(snapshot), turns)
        asked.cancel()
        await asyncio.wait({asked})
        assert await titles(snapshot) == {}
        assert await snapshot.generation() == generation


async def test_cancelled_steps_stop_between_queries(database: Path) -> None:
    """An interrupt does not reach a query that has not begun."""
    cancelled, sent = threading.Event(), list[Sequence[Row]]()

    def steps() -> Steps[None]:
        sent.append((yield Sql("SELECT 1")))
        cancelled.wait()
        sent.append((yield Sql("SELECT 2")))

    async with SqliteConnection.open(database) as connection:
        asked = await begun(connection.run_steps(steps()), QUEUED)
        asked.cancel()
        await asyncio.wait({asked})
        cancelled.set()
        assert await connection.rows("SELECT 3") == [(3,)]
    assert (2,) not in [row for rows in sent for row in rows]


@pytest.mark.timeout(60)
async def test_leaving_a_snapshot_cancels_its_queries(store: ContentStore) -> None:
    """The reader serves the next snapshot."""
    await fill(store)
    async with store.snapshot(PUBLIC) as snapshot:
        await snapshot.generation()
        asked = await begun(endless(snapshot), RUNNING)
    await asyncio.wait({asked})
    assert asked.cancelled()
    await every_reader_serves(store)


async def test_cancelled_wait_takes_no_reader(store: ContentStore) -> None:
    """Also if its snapshot is left while it waits."""
    await apply(store, document("a"))
    async with store.snapshot(PUBLIC) as one, store.snapshot(PUBLIC) as other:
        await asyncio.gather(one.generation(), other.generation())
        async with store.snapshot(PUBLIC) as third, store.snapshot(PUBLIC) as fourth:
            cancelled, left = await begun(titles(third), 1), await begun(titles(fourth), 1)
            cancelled.cancel()
    await asyncio.wait({cancelled, left})
    assert cancelled.cancelled()
    assert left.cancelled()
    await every_reader_serves(store)


async def every_reader_serves(store: ContentStore) -> None:
    async with store.snapshot(PUBLIC) as one, store.snapshot(PUBLIC) as other:
        for snapshot in (one, other):
            count = await read_one(snapshot, CountOf(ARTICLES))
            assert count == (await read_one(snapshot, StatisticsOf())).articles


async def test_left_snapshot_is_unusable(store: ContentStore) -> None:
    """Its reader may read another generation."""
    await apply(store, document("a"))
    async with store.snapshot(PUBLIC) as snapshot:
        await titles(snapshot)
    with pytest.raises(StoreError, match="is closed"):
        await titles(snapshot)


# Closing.


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def store_threads() -> set[threading.Thread]:
    """All threads except those of the event loop's own pool."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}


async def test_close_leaves_nothing_open(tmp_path: Path) -> None:
    """No thread and no file, after any number of calls. The log is checkpointed."""
    threads = store_threads()
    opened = await SqliteStore.open(tmp_path / "content.db")
    await apply(opened, document("a"))
    async with opened.snapshot(PUBLIC) as snapshot:
        assert await titles(snapshot) == {"a": "a"}
    await asyncio.gather(opened.close(), opened.close())
    await opened.close()
    assert store_threads() == threads
    assert open_files(tmp_path) == []
    assert names(tmp_path) == {"content.db", "content.db-commits"}


@pytest.mark.timeout(60)
async def test_close_ends_open_snapshots(tmp_path: Path) -> None:
    """Open snapshots, running and waiting queries get an error and do not block."""
    threads = store_threads()
    opened = await SqliteStore.open(tmp_path / "content.db", readers=READERS)
    await fill(opened)
    async with (
        opened.snapshot(PUBLIC) as idle,
        opened.snapshot(PUBLIC) as running,
        opened.snapshot(PUBLIC) as waiting,
        opened.snapshot(PUBLIC) as late,
    ):
        await asyncio.gather(idle.generation(), running.generation())
        asked = [await begun(endless(running), RUNNING)]
        asked += [await begun(titles(snapshot), 1) for snapshot in (waiting, late)]
        await opened.close()
        assert store_threads() == threads
        assert open_files(tmp_path) == []
        for answer in await asyncio.gather(*asked, titles(idle), return_exceptions=True):
            assert isinstance(answer, StoreError)
    assert store_threads() == threads


async def test_closed_store_raises(database: Path) -> None:
    """For every call."""
    opened = await SqliteStore.open(database)
    await opened.close()
    for question in (opened.ready(), opened.files(), opened.memory(), apply(opened, document("b"))):
        with pytest.raises(StoreError, match="closed"):
            await question
    with pytest.raises(StoreError, match="closed"):
        async with opened.snapshot(PUBLIC):
            pass


async def test_close_waits_for_a_run(tmp_path: Path) -> None:
    """Its changes are there at the next start."""
    opened = await SqliteStore.open(tmp_path / "content.db")
    run = asyncio.create_task(apply(opened, document("a")))
    await asyncio.sleep(0)
    await opened.close()
    assert (await run).added == 1
    again = await SqliteStore.open(tmp_path / "content.db")
    async with again.snapshot(PUBLIC) as snapshot:
        assert await titles(snapshot) == {"a": "a"}
    await again.close()


async def test_database_is_reopened(database: Path) -> None:
    """The next store serves the same generation, with its revision."""
    generations = []
    for _ in range(2):
        opened = await SqliteStore.open(database)
        async with opened.snapshot(PUBLIC) as snapshot:
            generations.append(await snapshot.generation())
        await opened.close()
    assert generations[0] == generations[1]
