"""A gateway under load while PostgreSQL is stopped, while its network is silent, and while no loader runs.

An outage lasts until the gateway reports it, and at least half a minute with GATEWAY_TEST_FULL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.conftest import FULL, NO_TLS
from tests.network import Network
from tests.postgres import PostgresServer, running_server
from tests.store.test_deployment import gateway_on, loader_on
from tests.store.test_loader import DOCUMENT, Loader

SHORTEST = 30 if FULL else 0
"""Seconds of an outage."""
CLIENTS = 4
ARTICLES = 2
"""The number of articles after an outage. Before it there is one."""
PAUSE = 0.05
"""Seconds until a refused client asks again."""
QUERY = "{ corpus { articleCount } articles(first: 3) { nodes { title topics { name } } } }"


class Client:
    """Asks for what the gateway has to read, and for an answer that it may keep whenever that is refused."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.refused = self.kept = 0
        self.has_all = asyncio.Event()
        """Set once it has seen all articles."""
        self._seen = 0
        self._http = http

    async def run(self, ended: asyncio.Event) -> None:
        for number in count():
            if ended.is_set():
                return
            if not await self.ask(number):
                is_kept = await self.ask()
                self.refused, self.kept = self.refused + 1, self.kept + is_kept
                await asyncio.sleep(PAUSE)

    async def ask(self, number: int | None = None) -> bool:
        """Whether the gateway answers. Otherwise it reports when to ask again. No answer is kept of a new number."""
        asked = {"query": QUERY, "variables": {"unused": number}}
        response = await self._http.post("/graphql", json=asked)
        body = response.json()
        if response.status_code == 200:
            articles = body["data"]["corpus"]["articleCount"]
            assert articles >= self._seen
            self._seen = articles
            if articles == ARTICLES:
                self.has_all.set()
            return True
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1"), body
        assert body["errors"][0]["extensions"]["code"] == "DATABASE_UNAVAILABLE"
        return False


class Site:
    """A loader and a gateway on one server."""

    def __init__(self, folder: Path, server: PostgresServer, network: Network, processes: ExitStack) -> None:
        self.content = folder / "content"
        self.server = server
        self.network = network
        self._folder = folder
        self._processes = processes
        self.loader: Loader

    def start_loader(self) -> None:
        url = self.network.url(self.server.url)
        self.loader = self._processes.enter_context(loader_on(self.content, url, self._folder))

    def start_gateway(self) -> str:
        """The address of the gateway."""
        url = self.network.url(self.server.url)
        gateway = gateway_on(url, self._folder, "--log-level", "warning")
        return self._processes.enter_context(gateway).url

    def write(self, title: str) -> None:
        (self.content / f"{title}.md").write_text(DOCUMENT.format(title))


@asynccontextmanager
async def stopped_server(site: Site) -> AsyncIterator[None]:
    await asyncio.to_thread(site.server.stop)
    yield
    await asyncio.to_thread(site.server.start)


@asynccontextmanager
async def silent_network(site: Site) -> AsyncIterator[None]:
    site.network.fall_silent()
    yield
    site.network.recover()


@asynccontextmanager
async def killed_loader(site: Site) -> AsyncIterator[None]:
    site.loader.process.kill()
    yield
    site.start_loader()


@asynccontextmanager
async def running_site(folder: Path) -> AsyncIterator[Site]:
    with ExitStack() as processes:
        server = processes.enter_context(running_server())
        async with Network.to(server.port) as network:
            site = Site(folder, server, network, processes)
            site.content.mkdir()
            site.write("First")
            site.start_loader()
            yield site
            processes.close()  # the processes end before their network


async def until_status(http: httpx.AsyncClient, status: int) -> None:
    while (await http.get("/readyz")).status_code != status:  # noqa: ASYNC110 - the gateway is another process
        await asyncio.sleep(PAUSE)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("outage", "status"), [(stopped_server, 503), (silent_network, 503), (killed_loader, 200)])
async def test_outage(tmp_path: Path, outage: Callable[[Site], AbstractAsyncContextManager[None]], status: int) -> None:
    """Each request gets a kept answer or the time to ask again, and later the article that was written meanwhile."""
    async with running_site(tmp_path) as site:
        at = await asyncio.to_thread(site.start_gateway)
        async with httpx.AsyncClient(base_url=at, trust_env=False, verify=NO_TLS, timeout=60) as http:
            await until_status(http, 200)
            clients, ended = [Client(http) for _ in range(CLIENTS)], asyncio.Event()
            await clients[0].ask()
            async with asyncio.TaskGroup() as load:  # which ends the test if a client fails
                for client in clients:
                    load.create_task(client.run(ended))
                async with outage(site):
                    site.write("Second")
                    await asyncio.sleep(SHORTEST)
                    await until_status(http, status)
                    assert [client.kept for client in clients] == [client.refused for client in clients]
                await asyncio.gather(*(client.has_all.wait() for client in clients))
                ended.set()
            assert any(client.refused for client in clients) is (status == 503)
