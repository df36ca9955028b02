"""The store in PostgreSQL: it follows a loader, survives its server's absence, and folds and orders as SQLite does."""

from __future__ import annotations

import asyncio
import mmap
import random
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import asyncpg
import pytest

from gateway.access.clients import Client
from gateway.access.tokens import Viewer
from gateway.content.text import fold
from gateway.errors import DatabaseUnavailable, NotReady, StoreError
from gateway.execution.compiler import Compiler
from gateway.execution.executor import Executor, OperationRequest
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import Limits
from gateway.model.lists import NEWEST_FIRST, ArticleOrderField, OrderTerm, TopicOrderField, Window
from gateway.model.records import Visibility
from gateway.option_types import DatabaseUrl
from gateway.store.postgres import read_connection
from gateway.store.postgres import store as postgres_store
from gateway.store.postgres.store import PostgresStore
from gateway.store.protocol import read_one
from gateway.store.reads import ARTICLE_BY_PATH, ARTICLES, ARTICLES_OF_TOPIC, TOPICS, ChangesOf, PageOf
from tests.network import Network
from tests.postgres import own_schema, running_server
from tests.schema import SCHEMA
from tests.store.documents import apply, day, document, provider, topics
from tests.store.reading import ask, look_up
from tests.store.replicated import ReplicatedStore

PUBLIC = Visibility.PUBLIC
READERS_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'content-gateway gateway'"
)


@asynccontextmanager
async def gateway(url: str, memory: int | None = None) -> AsyncIterator[PostgresStore]:
    opened = await PostgresStore.join(DatabaseUrl(url), readers=2, memory=memory)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def loaded(tmp_path: Path, postgres_url: str) -> AsyncIterator[ReplicatedStore]:
    opened = await ReplicatedStore.open(tmp_path / "working.db", postgres_url)
    yield opened
    await opened.close()


async def paths(store: PostgresStore) -> list[str]:
    async with store.snapshot(PUBLIC) as snapshot:
        page = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window()))
        return [edge.node.path for edge in page.edges]


async def test_gateway_waits_for_the_first_load(tmp_path: Path, postgres_url: str) -> None:
    """It is not ready until a loader has written a generation."""
    async with gateway(postgres_url) as reader:
        assert not await reader.ready()
        with pytest.raises(NotReady):
            reader.check_available()
        loader = await ReplicatedStore.open(tmp_path / "working.db", postgres_url)
        await apply(loader, document("a"))
        await reader.reach()
        assert await reader.ready()
        assert await paths(reader) == ["a"]
        await loader.close()


async def test_tables_of_another_release_are_not_read(loaded: ReplicatedStore, postgres_url: str) -> None:
    """The gateway is not ready, until its release is there again."""
    await apply(loaded, document("a"))
    connection = await asyncpg.connect(postgres_url)
    async with gateway(postgres_url) as reader:
        await connection.execute("UPDATE transfer SET release = release + 1")
        await reader.reach()
        assert not await reader.ready()
        with pytest.raises(NotReady):
            await paths(reader)
        await connection.execute("UPDATE transfer SET release = release - 1")
        await reader.reach()
        assert await paths(reader) == ["a"]
    await connection.close()


async def test_notification_wakes_a_gateway(
    loaded: ReplicatedStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new generation is followed without a poll."""
    monkeypatch.setattr(postgres_store, "POLL_SECONDS", 3600)
    await apply(loaded, document("a"))
    async with gateway(postgres_url) as reader:
        generations = reader.generations()
        await anext(generations)
        await apply(loaded.written, document("b"))
        while "b" not in await paths(reader):
            await anext(generations)


async def test_two_gateways_share_tokens_and_cursors(loaded: ReplicatedStore, postgres_url: str) -> None:
    """A gateway that is asked with a token of a newer generation reads that generation."""
    await apply(loaded, *(document(f"{number}", published_date_time=day(number)) for number in range(1, 6)))
    async with gateway(postgres_url) as one, gateway(postgres_url) as other:
        async with one.snapshot(PUBLIC) as snapshot:
            first = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(2)))
        async with other.snapshot(PUBLIC) as snapshot:
            after = Window(2, cursor=first.edges[-1].cursor)
            second = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, after))
        assert [edge.node.path for edge in (*first.edges, *second.edges)] == ["5", "4", "3", "2"]
        await apply(loaded, document("6"))
        await one.reach()
        async with one.snapshot(PUBLIC) as snapshot:
            token, newest = await snapshot.token(), await snapshot.generation()
        await other.reach(token=token)
        assert other.newest_generation(PUBLIC) == newest
        async with other.snapshot(PUBLIC) as snapshot:
            page = await read_one(snapshot, ChangesOf(token, 10))
        assert (page.changes, page.reset) == ((), False)


async def test_processes_of_a_gateway_share_the_newest_generation(loaded: ReplicatedStore, postgres_url: str) -> None:
    """Once one of them has read a generation, no other one serves an older one, also before it is notified."""
    with NamedTemporaryFile() as memory:
        memory.truncate(mmap.PAGESIZE)
        async with (
            gateway(postgres_url, memory.fileno()) as one,
            gateway(postgres_url, memory.fileno()) as other,
        ):
            for number in range(20):
                await apply(loaded.written, document(f"{number}"))
                await one.reach()
                newest = one.newest_generation(PUBLIC)
                assert other.newest_generation(PUBLIC) in {newest, None}
                async with other.snapshot(PUBLIC) as snapshot:
                    assert await snapshot.generation() == newest


def is_available(store: PostgresStore) -> bool:
    try:
        store.check_available()
    except DatabaseUnavailable:
        return False
    return True


async def test_gateway_recovers_from_the_end_of_its_server(tmp_path: Path) -> None:
    """While the server is down, the last generation is known and reads fail. Then the gateway reads again."""
    with running_server() as server:
        url = own_schema(server.url)
        loader = await ReplicatedStore.open(tmp_path / "working.db", url)
        await apply(loader, document("a"))
        await loader.close()
        async with gateway(url) as reader:
            assert await paths(reader) == ["a"]
            known = reader.newest_generation(PUBLIC)
            server.stop()
            with pytest.raises(DatabaseUnavailable):
                await paths(reader)
            while is_available(reader):
                await reader.reach()
            assert reader.newest_generation(PUBLIC) == known
            server.start()
            while True:
                try:
                    assert await paths(reader) == ["a"]
                    break
                except DatabaseUnavailable:
                    await asyncio.sleep(0.01)


@pytest.mark.parametrize("compiles", [True, False])
async def test_lost_reader_ends_the_operation(
    loaded: ReplicatedStore, postgres_url: str, compiles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the error of the operation, and not of the fields that could not be read. The next operation succeeds."""
    monkeypatch.setattr(postgres_store, "POLL_SECONDS", 3600)
    await apply(loaded, document("a"))
    connection = await asyncpg.connect(postgres_url)
    async with gateway(postgres_url) as reader:
        compiler = Compiler(SCHEMA, Limits()) if compiles else None
        executor = Executor(SCHEMA, reader, Limits(), PersistedDocuments(), introspection=False, compiler=compiler)
        asked = OperationRequest("{ corpus { articleCount } articles { nodes { title } } }"), Client(Viewer(PUBLIC))
        assert not (await executor.answer(*asked)).errors
        await connection.execute(READERS_END)
        with pytest.raises(DatabaseUnavailable):
            await executor.answer(*asked)
        assert not (await executor.answer(*asked)).errors
    await connection.close()


async def test_gateway_recovers_from_a_silent_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements that run or wait for a reader fail once the silence is noticed. Then all readers can be used again."""
    for module in (postgres_store, read_connection):
        monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)
    with running_server() as server:
        url = own_schema(server.url)
        loader = await ReplicatedStore.open(tmp_path / "working.db", url)
        await apply(loader, document("a"))
        await loader.close()
        async with Network.to(server.port) as network, gateway(network.url(url)) as reader:
            async with reader.snapshot(PUBLIC) as one, reader.snapshot(PUBLIC) as other:
                assert await one.generation() == await other.generation()
                network.fall_silent()
                waiting = asyncio.create_task(paths(reader))
                cancelled = asyncio.create_task(look_up(one, ARTICLE_BY_PATH, ["a"]))
                await asyncio.sleep(0)
                cancelled.cancel()
                with pytest.raises(DatabaseUnavailable):
                    await look_up(other, ARTICLE_BY_PATH, ["a"])
            with pytest.raises(DatabaseUnavailable):
                await waiting
            assert not is_available(reader)
            network.recover()
            while not is_available(reader):  # noqa: ASYNC110 - a gateway does not announce it
                await asyncio.sleep(0.01)
            async with reader.snapshot(PUBLIC) as one, reader.snapshot(PUBLIC) as other:
                assert await one.generation() == await other.generation()


async def test_closed_store_refuses(loaded: ReplicatedStore, postgres_url: str) -> None:
    await apply(loaded, document("a"))
    async with gateway(postgres_url) as reader:
        pass
    with pytest.raises(StoreError):
        await paths(reader)


async def test_cancelled_read_leaves_a_usable_reader(loaded: ReplicatedStore, postgres_url: str) -> None:
    await apply(loaded, document("a"))
    async with gateway(postgres_url) as reader:
        for waits in range(20):
            reading = asyncio.ensure_future(paths(reader))
            for _ in range(waits):
                await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait((reading,))
        assert await paths(reader) == ["a"]


async def test_characters_fold_as_in_python(loaded: ReplicatedStore, postgres_url: str) -> None:
    """Those of the first blocks, and a sample of the others, if Python's Unicode has them."""
    await apply(loaded, document("a"))
    connection = await asyncpg.connect(postgres_url)
    codes = (*range(1, 0x2500), *range(0x2500, 0xD800, 50), *range(0xF900, 0x20000, 50))
    every = [one for one in map(chr, codes) if unicodedata.category(one) != "Cn"]
    rows = await connection.fetch("SELECT held, fold(held) FROM unnest($1::text[]) AS held", every)
    different = [one for one, folded in rows if folded != fold(one)]
    await connection.close()
    assert different == []


async def test_long_texts(loaded: ReplicatedStore, postgres_url: str) -> None:
    """Texts that an index of PostgreSQL does not hold are found and ordered."""
    chance = random.Random(1)  # noqa: S311 - not a secret
    long = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=20_000)).strip() for _ in range(3)]
    start = "same " * 100
    names = sorted([*long, f"{start}a", f"{start}b", "short"])
    await apply(
        loaded,
        *(
            document(
                name[:3000], title=name, subtitle=name, category=name, provider=provider(name), topics=topics(name)
            )
            for name in names
        ),
    )
    async with gateway(postgres_url) as reader, reader.snapshot(PUBLIC) as snapshot:
        order = (OrderTerm(ArticleOrderField["TITLE"]),)
        seen, cursor = list[str](), None
        for _ in names:
            page = await read_one(snapshot, PageOf(ARTICLES, order, Window(1, cursor=cursor)))
            seen.append(page.edges[0].node.title)
            cursor = page.edges[0].cursor
        assert seen == names
        found = await look_up(snapshot, ARTICLE_BY_PATH, [name[:3000] for name in names])
        assert [found[name[:3000]].title for name in names] == names
        listed = await read_one(snapshot, PageOf(TOPICS, (OrderTerm(TopicOrderField.NAME),), Window()))
        keys = [edge.node.key for edge in listed.edges]
        assert keys == names
        of_topics = await ask(snapshot, PageOf(ARTICLES_OF_TOPIC, NEWEST_FIRST, Window()), keys)
        assert {key: [edge.node.title for edge in page.edges] for key, page in of_topics.items()} == {
            name: [name] for name in names
        }
