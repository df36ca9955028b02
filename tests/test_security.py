"""Hostile clients on real sockets: their responses leak nothing, and other clients are answered
meanwhile. Work and response sizes are bounded, which does not depend on the machine."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from gateway.settings import Mode
from tests.conftest import NO_TLS
from tests.hostile import BODIES, DOCUMENTS, IN_A_CYCLE, Body, Hostile, cycle
from tests.service import FILES, listening_to, service

JSON, RESPONSE = "application/json", "application/graphql-response+json"
HONEST = {"query": "{ articles(first: 1) { totalCount } }"}
LARGEST_ANSWER = 600_000
"""The largest response to a hostile document in bytes: some thousands of records."""
INTERNALS = re.compile(
    r"traceback|\.py\b|sqlite|\bselect\b.+\bfrom\b|gateway\.db|/tmp/|site-packages|codec|line \d+, in |\bat 0x|asyncio"
    r"|strawberry|graphql.?core|starlette|uvicorn|orjson|did you mean",
    re.IGNORECASE,
)


@asynccontextmanager
async def clients(tmp_path: Path, mode: Mode = Mode.SERVE, **flags: Any) -> AsyncIterator[httpx.AsyncClient]:
    served = service(tmp_path, mode, {**FILES, **cycle()}, **flags)
    async with (
        served as found,
        listening_to(found) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS, timeout=60) as client,
    ):
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with clients(tmp_path_factory.mktemp("hostile")) as client:
        yield client


pytestmark = pytest.mark.asyncio(loop_scope="module")


def codes(response: httpx.Response) -> set[str]:
    return {error["extensions"]["code"] for error in response.json().get("errors", [])}


def leaks(text: str) -> list[str]:
    """Details of the implementation in a response."""
    return INTERNALS.findall(text)


async def honest(client: httpx.AsyncClient) -> None:
    """Another client gets its usual response."""
    response = await client.post("/graphql", json=HONEST)
    assert response.json() == {"data": {"articles": {"totalCount": 23}}}


def texts_of(response: httpx.Response) -> Iterator[str]:
    """Every name and value of the headers, and the body."""
    for name, value in response.headers.items():
        yield f"{name}: {value}"
    yield response.text


@pytest.mark.parametrize("hostile", DOCUMENTS.values(), ids=DOCUMENTS.keys())
async def test_hostile_document(client: httpx.AsyncClient, hostile: Hostile) -> None:
    """It is refused with its code, and 400 or, in plain JSON, 200; or it runs with a bounded response."""
    sent = {"query": hostile.query, "variables": hostile.variables}
    for accept in (JSON, RESPONSE):
        response = await client.post("/graphql", json=sent, headers={"Accept": accept})
        ran = "data" in response.json()
        assert response.status_code == (200 if ran or accept == JSON else 400)
        assert codes(response) == ({hostile.code} if hostile.code else set())
        assert len(response.content) < LARGEST_ANSWER
        assert [found for text in texts_of(response) for found in leaks(text)] == []
    await honest(client)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_hostile_body(client: httpx.AsyncClient, body: Body) -> None:
    """It is refused with its status in any media type, and with a code."""
    for accept in (JSON, RESPONSE):
        headers = {"Content-Type": JSON, "Accept": accept, **body.headers}
        try:
            response = await client.post("/graphql", content=body.content, headers=headers)
        except httpx.WriteError:  # the response came before the end of the request
            assert body.status == 413
            continue
        assert (response.status_code, codes(response)) == (body.status, {body.code})
        assert [found for text in texts_of(response) for found in leaks(text)] == []
    await honest(client)


async def test_cycle_corpus(client: httpx.AsyncClient) -> None:
    """Each list has 179 entries, each of which leads to another such list."""
    query = '{ article(path: "0.md") { related { title } some: related(first: 3) { article { related { title } } } } }'
    article = (await client.post("/graphql", json={"query": query})).json()["data"]["article"]
    lists = [article["related"], *(entry["article"]["related"] for entry in article["some"])]
    assert [len(each) for each in lists] == [IN_A_CYCLE] * 4


async def test_concurrent_hostile_documents(tmp_path: Path) -> None:
    """Each gets the response that it gets by itself, or 503."""
    async with clients(tmp_path, limit_operations=2, limit_queue_size=2) as client:
        worst = [name for name, hostile in DOCUMENTS.items() if hostile.code is None or "cycle of long" in name]
        asked = [{"query": DOCUMENTS[name].query} for name in worst for _ in range(3)]
        responses = await asyncio.gather(*(client.post("/graphql", json=each) for each in asked))
        assert {response.status_code for response in responses} <= {200, 503}
        assert set().union(*map(codes, responses)) <= {"LIMIT_EXCEEDED", "OVERLOADED"}
        await honest(client)


async def test_defaults_of_serve(client: httpx.AsyncClient) -> None:
    """There is no introspection, schema, explorer, suggestion, count or mutation by GET."""
    for query in ("{ __schema { types { name } } }", '{ __type(name: "Article") { name } }', "{ articlez { id } }"):
        response = await client.post("/graphql", json={"query": query})
        assert codes(response) == {"GRAPHQL_VALIDATION_FAILED"}
        assert leaks(response.text) == []
    for path in ("/", "/graphiql", "/schema.graphql", "/metrics", "/-/reload", "/docs", "/.env"):
        response = await client.get(path)
        assert (response.status_code, codes(response)) in ((404, {"NOT_FOUND"}), (405, {"METHOD_NOT_ALLOWED"}))
    for path, state in (("/healthz", "ok"), ("/readyz", "ready")):
        assert (await client.get(path)).json() == {"status": state}
    for query in ("mutation { a }", "subscription { corpusChanged { revision } }"):
        got = await client.get("/graphql", params={"query": query})
        assert got.status_code in {200, 400, 403, 405}
        assert "data" not in got.json()


async def test_names_of_the_schema_do_not_leak(client: httpx.AsyncClient) -> None:
    """Errors for wrong names, arguments, values and variables contain only names of the request."""
    hidden = {
        "publishedDateTime",
        "provider",
        "topics",
        "nodes {",
        "draftCount",
        "isSecured",
        "relatedTopics",
        "CreateArticle",
        "PUBLISHED_DATE_TIME",
        "contains",
    }
    for query, variables in (
        ("{ corpus { draftCoun } }", {}),
        ("{ articles(orderBy: [{field: PUBLISHED}]) { totalCount } }", {}),
        ("{ articles(filter: {titel: {contain: 1}}) { totalCount } }", {}),
        ("{ articles(frst: 1) { totalCount } }", {}),
        ("query ($f: ArticleFiltr) { articles(filter: $f) { totalCount } }", {}),
        ("query ($f: ArticleFilter) { articles(filter: $f) { totalCount } }", {"f": {"title": {"containz": "a"}}}),
        ("query ($f: ArticleFilter) { articles(filter: $f) { totalCount } }", {"f": {"titl": 1}}),
        ("{ topics { nodes { relatedTopic { totalCount } } } }", {}),
        ("{ article { ... on Articel { title } } }", {}),
        ("{ posts { title } tags { name } article { date author } }", {}),
        ('{ articles { title date } search(query: "a") { excerpt } }', {}),
    ):
        response = await client.post("/graphql", json={"query": query, "variables": variables})
        assert codes(response) <= {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
        assert [name for name in hidden if name in response.text] == []
        assert leaks(response.text) == []


async def test_foreign_hosts_and_pages(tmp_path: Path) -> None:
    """Under `dev` foreign hosts and WebSockets of foreign pages are refused."""
    async with clients(tmp_path, Mode.DEV) as client:
        response = await client.post("/graphql", json=HONEST, headers={"Host": "evil.example"})
        assert (response.status_code, codes(response)) == (421, {"MISDIRECTED_REQUEST"})
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        upgrade |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "graphql-transport-ws"}
        for foreign, status in (
            ({"Host": "evil.example"}, 421),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
        ):
            response = await client.get("/graphql", headers={**upgrade, **foreign})
            assert response.status_code == status
