"""Two gateways on PostgreSQL under mixed load, while a loader applies a generation each second.

It lasts seconds, and ten minutes with GATEWAY_TEST_FULL.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.commands import Running
from tests.conftest import NO_TLS
from tests.postgres import running_server
from tests.queries.expected import QUERIES
from tests.store.test_deployment import gateway_on, loader_on

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
SECONDS, WARM = (600, 60) if FULL else (10, 4)
GROWTH = 1.1 if FULL else 1.3
"""The allowed growth of a process's memory after it is warm."""
ARTICLES, CLIENTS = 200, 6
SMALL_CACHES = ("--answer-bytes", 2**20, "--document-bytes", 2**21, "--rendered-bytes", 2**20)
CONNECTIONS = 2 * (4 + 1) + 1
"""Those of two gateways, each with its readers and one that follows, and of the loader."""
ARTICLE = "---\ntitle: Article {}\ndate: 2024-01-01\ntopics: [News, T{}]\nprovider: P{}\n---\nWords of version {}.\n"
STATE = "changes(since: $since) { token } corpus { revision }"
MIXED = (
    "articles(first: %d) { nodes { title topics { name } provider { name articles(first: 3) { totalCount } } } }",
    'search(query: "version", first: %d) { totalCount edges { node { title body { text } } } }',
    "topics(first: %d) { nodes { name articles(first: 5) { nodes { path related { title } } } } }",
    "providers(first: %d, orderBy: {field: ARTICLE_COUNT}) { nodes { name articles(first: 2) { totalCount } } }",
)


def write(content: Path, number: int, version: int) -> None:
    text = ARTICLE.format(number, number % 7, number % 5, version)
    (content / f"{number}.md").write_text(text)


def memory_of(process: int) -> int:
    """The resident memory in KiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def counter_of(data: Any) -> int:
    return int(data["corpus"]["revision"].rpartition("-")[2])


class Load:
    """The clients, and what they have seen."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.ended = asyncio.Event()
        self.requests = self.newest = 0
        self._urls = urls

    async def _until_ended(self) -> AsyncIterator[str]:
        """The gateways in turn."""
        while not self.ended.is_set():
            for url in self._urls:
                self.requests += 1
                yield url

    async def ask_with_token(self, client: httpx.AsyncClient, number: int) -> None:
        """New and repeated documents, with the token of the answer before."""
        chance, token, seen = random.Random(number), None, 0  # noqa: S311 - repeatable
        async for url in self._until_ended():
            query = f"query ($since: String) {{ {STATE} {chance.choice(MIXED) % chance.randint(1, 30)} }}"
            response = await client.post(f"{url}/graphql", json={"query": query, "variables": {"since": token}})
            body = response.raise_for_status().json()
            assert "errors" not in body, body
            assert counter_of(body["data"]) >= seen
            token, seen = body["data"]["changes"]["token"], counter_of(body["data"])
            self.newest = max(self.newest, seen)

    async def revalidate(self, client: httpx.AsyncClient) -> None:
        """One query, with the ETag of the answer before."""
        asked = {"query": "{ corpus { revision } articles(first: 5) { nodes { title } } }"}
        headers, seen = {"GraphQL-Require-Preflight": "1"}, 0
        async for url in self._until_ended():
            response = await client.get(f"{url}/graphql", params=asked, headers=headers)
            assert response.status_code in {200, 304}, response.text
            if response.status_code == 200:
                assert counter_of(response.json()["data"]) >= seen
                seen = counter_of(response.json()["data"])
            headers["If-None-Match"] = response.headers["etag"]

    async def ask_suite(self, client: httpx.AsyncClient) -> None:
        """The queries of the suite, over other content."""
        async for url in self._until_ended():
            for file in QUERIES:
                response = await client.post(f"{url}/graphql", json={"query": file.read_text()})
                assert "errors" not in response.raise_for_status().json()


@asynccontextmanager
async def running(load: Load) -> AsyncIterator[Sequence[asyncio.Task[None]]]:
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS, timeout=60) as client:
        parts = [load.ask_with_token(client, number) for number in range(CLIENTS)]
        tasks = [asyncio.create_task(part) for part in (*parts, load.revalidate(client), load.ask_suite(client))]
        try:
            yield tasks
        finally:
            load.ended.set()
            await asyncio.gather(*tasks)


@pytest.mark.timeout(SECONDS + 300)
async def test_soak(tmp_path: Path) -> None:
    """No request fails, no client goes back, memory is flat, and no connection is left."""
    content = tmp_path / "content"
    content.mkdir()
    for number in range(ARTICLES):
        write(content, number, 0)
    with running_server() as server, ExitStack() as processes:
        loader = processes.enter_context(loader_on(content, server.url, tmp_path, "--log-level", "warning"))
        options = ("--log-level", "warning", *SMALL_CACHES)
        gateways = [processes.enter_context(gateway_on(server.url, tmp_path, *options)) for _ in range(2)]
        await asyncio.to_thread(until_ready, gateways)
        ids = [loader.process.pid, *(gateway.process.pid for gateway in gateways)]
        load, warm = Load([gateway.url for gateway in gateways]), list[int]()
        connection = await asyncpg.connect(server.url)
        async with running(load) as tasks:
            for second in range(SECONDS):
                write(content, second % ARTICLES, second + 1)
                await asyncio.wait(tasks, timeout=1, return_when=asyncio.FIRST_EXCEPTION)
                assert not any(task.done() for task in tasks)
                assert await connections(connection) <= CONNECTIONS
                if second == WARM:
                    warm = list(map(memory_of, ids))
        assert [now for now, then in zip(map(memory_of, ids), warm, strict=True) if now > GROWTH * then] == []
        assert load.newest > SECONDS / 2
        assert [loader.stop(), *(gateway.stop() for gateway in gateways)] == [0, 0, 0]
        while await connections(connection):
            pass
        await connection.close()


def until_ready(gateways: Sequence[Running]) -> None:
    for gateway in gateways:
        while not gateway.get("/readyz").is_success:
            pass


async def connections(connection: asyncpg.Connection) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'content-gateway%'"
    found: int = await connection.fetchval(query)
    return found
