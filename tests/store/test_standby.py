"""Gateways on a standby that lags: each serves its own revision, and waits for one that its client has seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from gateway.app import create_app
from gateway.option_types import DatabaseUrl
from gateway.store.postgres import store as postgres_store
from gateway.store.postgres.session import loader_session
from gateway.store.postgres.store import PostgresStore
from tests.postgres import PostgresServer, own_schema, running_server
from tests.schema import SCHEMA
from tests.service import settings_of
from tests.store.documents import apply, document
from tests.store.replicated import ReplicatedStore
from tests.store.test_postgres_store import PUBLIC, gateway, paths

QUERY = {"query": "{ corpus { revision } articles { totalCount } }"}


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgresServer]:
    with running_server() as started:
        yield started


@pytest.fixture(scope="module")
def standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    with running_server(primary) as started:
        yield started


class Replay:
    """What the standby does with the log of the primary."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def pause(self) -> None:
        await self._connection.execute("SELECT pg_wal_replay_pause()")
        while await self._connection.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":
            pass

    async def resume(self) -> None:
        await self._connection.execute("SELECT pg_wal_replay_resume()")


@pytest.fixture
async def replay(standby: PostgresServer) -> AsyncIterator[Replay]:
    connection = await asyncpg.connect(standby.url)
    found = Replay(connection)
    yield found
    await found.resume()
    await connection.close()


class Pair:
    """A loader, a gateway on its primary, and one on a standby."""

    def __init__(self, loader: ReplicatedStore, standby: PostgresStore) -> None:
        self.loader = loader
        self.primary = loader.read
        self.standby = standby

    async def catch_up(self) -> None:
        while self.standby.newest_generation(PUBLIC) != self.primary.newest_generation(PUBLIC):
            await self.standby.reach()


@pytest.fixture
async def pair(tmp_path: Path, primary: PostgresServer, standby: PostgresServer) -> AsyncIterator[Pair]:
    url = own_schema(primary.url)
    loader = await ReplicatedStore.open(tmp_path / "working.db", url)
    await apply(loader, document("a"))
    async with gateway(url.replace(primary.url, standby.url)) as reader:
        found = Pair(loader, reader)
        await found.catch_up()
        yield found
    await loader.close()


async def test_lagging_standby_serves_its_revision(pair: Pair, replay: Replay) -> None:
    """All of it, until it has the next one."""
    before = pair.standby.newest_generation(PUBLIC)
    await replay.pause()
    await apply(pair.loader, document("b"))
    await pair.standby.reach()
    assert pair.standby.newest_generation(PUBLIC) == before
    assert await paths(pair.standby) == ["a"]
    assert await paths(pair.primary) == ["a", "b"]
    await replay.resume()
    await pair.catch_up()
    assert await paths(pair.standby) == ["a", "b"]


@pytest.mark.parametrize("carrier", ["token", "revision"])
async def test_revision_of_the_client_is_waited_for(
    pair: Pair, replay: Replay, carrier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a limited time."""
    await replay.pause()
    await apply(pair.loader, document("b"))
    async with pair.primary.snapshot(PUBLIC) as snapshot:
        generation = await snapshot.generation()
        seen = {"token": await snapshot.token(), "revision": generation.revision}[carrier]
    monkeypatch.setattr(postgres_store, "REACH_SECONDS", 0.1)
    await pair.standby.reach(**{carrier: seen})
    monkeypatch.setattr(postgres_store, "REACH_SECONDS", 3600)
    assert await paths(pair.standby) == ["a"]
    waiting = asyncio.create_task(pair.standby.reach(**{carrier: seen}))
    await pair.standby.reach()
    assert not waiting.done()
    await replay.resume()
    await waiting
    assert await paths(pair.standby) == ["a", "b"]


@asynccontextmanager
async def client_of(store: PostgresStore, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(settings_of(folder), store, schema=SCHEMA))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        client.headers["GraphQL-Require-Preflight"] = "1"
        yield client


async def test_entity_tag_of_another_gateway(
    tmp_path: Path, pair: Pair, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that revalidates at the standby what the primary answered gets 304, or the newer answer."""
    monkeypatch.setattr(postgres_store, "REACH_SECONDS", 3600)
    async with client_of(pair.primary, tmp_path) as first, client_of(pair.standby, tmp_path) as second:
        old = await second.get("/graphql", params=QUERY)
        await replay.pause()
        await apply(pair.loader, document("b"))
        newest = await first.get("/graphql", params=QUERY)
        assert newest.json()["data"]["articles"] == {"totalCount": 2}
        known = {"If-None-Match": newest.headers["etag"]}
        asking = asyncio.create_task(second.get("/graphql", params=QUERY, headers=known))
        again = await second.get("/graphql", params=QUERY, headers={"If-None-Match": old.headers["etag"]})
        assert again.status_code == 304
        assert not asking.done()
        await replay.resume()
        assert (await asking).status_code == 304


async def test_loader_finds_the_primary(primary: PostgresServer, standby: PostgresServer) -> None:
    """Among several hosts, with target_session_attrs."""
    hosts = primary.url.replace("@", f"@127.0.0.1:{standby.port},")
    async with loader_session(DatabaseUrl(f"{hosts}?target_session_attrs=read-write"), waits=False) as session:
        assert await session.connection.fetchval("SHOW port") == str(primary.port)
