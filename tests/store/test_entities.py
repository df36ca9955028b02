"""Providers, topics and authors in memory: they equal the tables, and follow each generation by its changes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.identity import article_id, author_id, provider_id, suffix, topic_id
from gateway.model.changes import Change, Deleted
from gateway.model.documents import Document
from gateway.model.records import Visibility
from gateway.store.entities import EntityCache
from gateway.store.protocol import ContentStore, Snapshot, Usage
from gateway.store.reader_pool import GENERATION
from gateway.store.reads import (
    ARTICLES_OF_AUTHOR,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    AUTHOR_BY_ID,
    AUTHOR_BY_KEY,
    AUTHOR_BY_SLUG,
    PROVIDER_BY_ID,
    PROVIDER_BY_KEY,
    PROVIDER_BY_SLUG,
    TOPIC_BY_ID,
    TOPIC_BY_KEY,
    TOPIC_BY_SLUG,
    AuthorsOf,
    CountOf,
    Lookup,
    TopicsOf,
)
from gateway.store.rows import Row
from gateway.store.sqlite.store import SqliteStore
from tests.store.corpora import PATHS, documents, runs
from tests.store.documents import apply, author, document, provider, topics
from tests.store.reading import ask, look_up
from tests.store.template import empty_database

PUBLIC, PREVIEW = Visibility.PUBLIC, Visibility.PREVIEW
FREE, ONE_CALL = Usage(0, 0), Usage(1, 1)

# Equality with the tables.

TAKEN = (
    *("acme-org" + suffix("acme.org"), "acme-org" + suffix("acme-org")),
    *("c" + suffix("c!"), "desk" + suffix("desk!")),
)
"""Slugs that one record gets by a collision, and another by its name."""
PROVIDER_KEYS = ("acme.org", "acme-org", "机", *TAKEN)
TOPIC_KEYS = ("c", "c!", "ai", "机", *TAKEN)
AUTHOR_KEYS = ("desk", "desk!", "机", *TAKEN)
INVALID = ("", "none", "a\0", "\ud800", "ACME.ORG")
LOOKUPS: Mapping[Lookup[Any], Sequence[str]] = {
    PROVIDER_BY_KEY: [*PROVIDER_KEYS, *INVALID],
    PROVIDER_BY_ID: [*map(provider_id, PROVIDER_KEYS), *INVALID, topic_id("c")],
    PROVIDER_BY_SLUG: ["acme-org", *TAKEN, "机", *INVALID],
    TOPIC_BY_KEY: [*TOPIC_KEYS, *INVALID],
    TOPIC_BY_ID: [*map(topic_id, TOPIC_KEYS), *INVALID, provider_id("acme.org")],
    TOPIC_BY_SLUG: ["c", *TAKEN, "ai", "机", *INVALID],
    AUTHOR_BY_KEY: [*AUTHOR_KEYS, *INVALID],
    AUTHOR_BY_ID: [*map(author_id, AUTHOR_KEYS), *INVALID, topic_id("desk")],
    AUTHOR_BY_SLUG: ["desk", *TAKEN, "机", *INVALID],
}


async def found(snapshot: Snapshot) -> Mapping[str, Any]:
    """All that memory can answer."""
    return {
        **{lookup.name: await look_up(snapshot, lookup, keys) for lookup, keys in LOOKUPS.items()},
        "of providers": await ask(snapshot, CountOf(ARTICLES_OF_PROVIDER), LOOKUPS[PROVIDER_BY_KEY]),
        "of topics": await ask(snapshot, CountOf(ARTICLES_OF_TOPIC), LOOKUPS[TOPIC_BY_KEY]),
        "of authors": await ask(snapshot, CountOf(ARTICLES_OF_AUTHOR), LOOKUPS[AUTHOR_BY_KEY]),
        "authors": await ask(snapshot, AuthorsOf(), [article_id(path) for path in PATHS]),
        "topics": await ask(snapshot, TopicsOf(), [article_id(path) for path in PATHS]),
    }


@asynccontextmanager
async def opened(path: Path, entities: int) -> AsyncIterator[ContentStore]:
    """A store that writes a new database."""
    store = await SqliteStore.open(empty_database(path), entities=entities)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ContentStore]:
    """A new, empty store."""
    async with opened(tmp_path / "content.db", 100) as made:
        yield made


@asynccontextmanager
async def joined(path: Path, entities: int) -> AsyncIterator[ContentStore]:
    """Another store on a database, as after a restart."""
    store = await SqliteStore.join(path, readers=1, entities=entities)
    try:
        yield store
    finally:
        await store.close()


def named() -> st.SearchStrategy[Document]:
    """Documents of all visibilities. Some names give the slug that another record has by a collision."""
    taken = st.sampled_from(TAKEN)
    return st.builds(
        lambda one, unlisted, own: replace(one, unlisted=unlisted, **(own or {})),
        documents(),
        st.booleans(),
        st.none()
        | st.builds(
            lambda name: {
                "provider": provider(name),
                "topics": topics("C!", name),
                "authors": (author("Desk!"), author(name)),
            },
            taken,
        ),
    )


@settings(max_examples=25)
@given(runs(named()), st.lists(st.booleans(), min_size=5, max_size=5))
async def test_memory_equals_the_tables(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[datetime, list[Change | Document]]], read: list[bool]
) -> None:
    """For a store that reads some generations, and for one that starts at each. Snapshots of the generation before keep
    its records."""
    path = tmp_path_factory.mktemp("entities") / "content.db"
    async with opened(path, 100) as store:
        for (as_of, changes), is_read in zip(steps, read, strict=False):
            async with store.snapshot(PUBLIC) as public, store.snapshot(PREVIEW) as preview:
                before = [await found(snapshot) for snapshot in (public, preview) if is_read]
                await apply(store, *changes, as_of=as_of)
                if is_read:
                    await compare(store, path)
                    assert before == [await found(public), await found(preview)]
        await compare(store, path)


async def compare(store: ContentStore, path: Path) -> None:
    for visibility in Visibility:
        async with (
            joined(path, 0) as tables,
            joined(path, 100) as started,
            tables.snapshot(visibility) as expected,
            started.snapshot(visibility) as fresh,
            store.snapshot(visibility) as grown,
        ):
            assert await found(grown) == await found(fresh) == await found(expected)


async def test_slug_of_two_records(store: ContentStore, tmp_path: Path) -> None:
    """If one gets by a collision the slug that another has by its name, the first key has it, in any order of runs."""
    await apply(
        store, document("a", provider=provider("Acme", "acme.org")), document("b", provider=provider("acme-org"))
    )
    for change, key in (
        (document("c", provider=provider(TAKEN[0])), TAKEN[0]),
        (Deleted("c"), "acme.org"),
        (document("c", provider=provider(TAKEN[0])), TAKEN[0]),
    ):
        async with store.snapshot(PUBLIC) as snapshot:
            await found(snapshot)
        await apply(store, change)
        async with store.snapshot(PUBLIC) as snapshot:
            assert (await look_up(snapshot, PROVIDER_BY_SLUG, [TAKEN[0]]))[TAKEN[0]].key == key
            assert snapshot.usage == FREE
        await compare(store, tmp_path / "content.db")


# Generations.


async def name(snapshot: Snapshot) -> str:
    return (await look_up(snapshot, PROVIDER_BY_KEY, ["acme.org"]))["acme.org"].name


async def name_in(store: ContentStore) -> tuple[str, Usage]:
    """The name in the newest generation, and the cost of the lookup."""
    async with store.snapshot(PUBLIC) as snapshot:
        return await name(snapshot), snapshot.usage


def acme(path: str, number: int, *more: str) -> Document:
    return document(path, provider=provider(f"{number}", "acme.org"), topics=topics("t", *more))


async def test_lookups_and_counts_are_not_calls(store: ContentStore) -> None:
    """In each generation. The topics of articles are one call, for their keys."""
    for number in range(3):
        await apply(store, acme("a", number, "u"))
        assert await name_in(store) == (f"{number}", FREE)
        async with store.snapshot(PUBLIC) as snapshot:
            assert await ask(snapshot, CountOf(ARTICLES_OF_TOPIC), ["t", "none"]) == {"t": 1, "none": 0}
            assert await ask(snapshot, CountOf(ARTICLES_OF_PROVIDER), ["acme.org"]) == {"acme.org": 1}
            assert snapshot.usage == FREE
            assert len((await ask(snapshot, TopicsOf(), [article_id("a")]))[article_id("a")]) == 2
            assert snapshot.usage == Usage(1, 2)


async def test_snapshot_of_an_older_generation(store: ContentStore) -> None:
    """It has its own records. If it did not use them before a newer generation was read, they come from the tables."""
    await apply(store, acme("a", 1))
    async with store.snapshot(PUBLIC) as used, store.snapshot(PUBLIC) as unused:
        await unused.generation()
        assert await name(used) == "1"
        await apply(store, acme("a", 2))
        assert await name_in(store) == ("2", FREE)
        assert (await name(used), used.usage) == ("1", FREE)
        assert (await name(unused), unused.usage) == ("1", ONE_CALL)
        await apply(store, acme("a", 3))
        assert await name_in(store) == ("3", FREE)


async def test_snapshots_that_begin_together(store: ContentStore) -> None:
    """They use the same read, and one that is cancelled does not stop the others."""
    await apply(store, acme("a", 1))
    async with store.snapshot(PUBLIC) as first, store.snapshot(PUBLIC) as second, store.snapshot(PUBLIC) as third:
        cancelled, *others = [asyncio.create_task(name(snapshot)) for snapshot in (first, second, third)]
        for _ in range(3):
            await asyncio.sleep(0)
        cancelled.cancel()
        assert await asyncio.gather(*others) == ["1", "1"]
        assert second.usage == third.usage == FREE


@pytest.mark.parametrize(("limit", "cost"), [(0, ONE_CALL), (2, ONE_CALL), (3, FREE)])
async def test_limit(tmp_path: Path, limit: int, cost: Usage) -> None:
    """More entities are read from the tables at each lookup. It is one for both kinds, and for each visibility."""
    async with opened(tmp_path / "content.db", limit) as store:
        await apply(store, acme("a", 1, "u"), document("hidden", published=False, topics=topics("v")))
        assert await name_in(store) == ("1", cost)
        async with store.snapshot(PREVIEW) as preview:
            assert (await name(preview), preview.usage) == ("1", ONE_CALL)


async def test_number_of_entities_passes_the_limit(tmp_path: Path) -> None:
    """In both directions."""
    async with opened(tmp_path / "content.db", 3) as store:
        for number, added, cost in ((1, "u", FREE), (2, "uv", ONE_CALL), (3, "uvw", ONE_CALL), (4, "w", FREE)):
            await apply(store, acme("a", number, *added))
            assert await name_in(store) == (f"{number}", cost)


async def test_empty_database_has_no_entities(store: ContentStore) -> None:
    """Neither before the first generation, nor in an empty one. The next generation has them."""
    async with store.snapshot(PUBLIC) as snapshot:
        assert await found(snapshot)
    await apply(store)
    async with store.snapshot(PUBLIC) as snapshot:
        assert await look_up(snapshot, PROVIDER_BY_KEY, ["acme.org"]) == {}
    await apply(store, acme("a", 1))
    assert await name_in(store) == ("1", FREE)


# Rows that are read.


class Reads:
    """Reads the entities of a database's newest generation, and counts the rows of each read."""

    def __init__(self, path: Path, visibility: Visibility) -> None:
        self._connection = sqlite3.connect(path)
        self._cache = EntityCache(visibility, 1000)

    async def rows(self) -> list[int]:
        """The number of rows of each read of the generation."""
        counts: list[int] = []

        async def read(sql: str, parameters: Mapping[str, object]) -> Sequence[Row]:
            rows = self._connection.execute(sql, parameters).fetchall()
            counts.append(len(rows))
            return rows

        [generation] = self._connection.execute(GENERATION)
        assert await self._cache.of(generation, read) is not None
        return counts

    def close(self) -> None:
        self._connection.close()


async def test_save_reads_only_the_changed_entities(store: ContentStore, tmp_path: Path) -> None:
    """Once for each generation, and for the public only if it sees the change."""
    names = [
        document(f"{n}", provider=provider(f"P{n % 50}", f"p{n % 50}.org"), topics=topics(f"t{n % 40}"))
        for n in range(200)
    ]
    await apply(store, *names)
    with (
        closing(Reads(tmp_path / "content.db", PUBLIC)) as public,
        closing(Reads(tmp_path / "content.db", PREVIEW)) as preview,
    ):

        async def after(*changes: Change | Document) -> tuple[list[int], list[int]]:
            await apply(store, *changes)
            return await public.rows(), await preview.rows()

        assert await after() == ([90], [90])
        assert await after() == ([], [])
        assert await after(replace(names[0], title="Other")) == ([0], [0])
        assert await after(replace(names[0], topics=topics("t1"))) == ([2], [2])
        assert await after(replace(names[0], topics=topics("t1"), provider=provider("P1", "p1.org"))) == ([2], [2])
        assert await after(document("new", topics=topics("new"))) == ([1], [1])
        assert await after(Deleted("new")) == ([1], [1])
        assert await after(document("draft", published=False, topics=topics("t1"))) == ([], [1])
