"""Random valid queries, and random bytes, JSON and headers: none fails, hangs or leaks.

There are a few examples of each, and many with GATEWAY_TEST_FULL.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from gateway.settings import Mode
from tests.conftest import NO_TLS
from tests.hostile import cycle
from tests.service import FILES, listening_to, service
from tests.test_security import leaks

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
SCHEMA = schemathesis.graphql.from_path(Path(__file__).parent.parent / "schema.graphql")
FIELDS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)}
QUERIES = [label for label in FIELDS if label.startswith("Query.")]
JSON = {"Content-Type": "application/json"}
MOST_SECONDS = 60.0
"""A response that takes this long hangs."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


def tried(few: int) -> settings:
    """Run a property on so many examples; with GATEWAY_TEST_FULL on twenty times as many."""
    return settings(
        max_examples=few * 20 if FULL else few,
        database=None,
        derandomize=not FULL,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@asynccontextmanager
async def clients(tmp_path: Path, mode: Mode) -> AsyncIterator[httpx.AsyncClient]:
    served = service(tmp_path, mode, {**FILES, **cycle(5)}, limit_request_seconds=0.5)
    async with (
        served as found,
        listening_to(found) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS, timeout=MOST_SECONDS) as client,
    ):
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with clients(tmp_path_factory.mktemp("fuzzing"), Mode.SERVE) as client:
        yield client


def errors(answered: Any) -> Iterator[Any]:
    for answer in answered if isinstance(answered, list) else [answered]:
        yield from answer.get("errors", [])


def check(response: httpx.Response) -> None:
    """The response is JSON, at most a client error, and leaks nothing."""
    assert response.status_code < 500
    for error in errors(response.json()):
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR"
        assert leaks(error["message"]) == []
    for name, value in response.headers.items():
        assert leaks(f"{name}: {value}") == []


@pytest.mark.parametrize("field", QUERIES)
@tried(6)
@given(st.data())
async def test_valid_queries(client: httpx.AsyncClient, field: str, data: st.DataObject) -> None:
    """Every root field, with arbitrary valid arguments and selections, has a response."""
    case = data.draw(FIELDS[field].as_strategy())
    check(await client.post("/graphql", json={"query": case.body}))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=6), children, max_size=4),
    max_leaves=20,
)
WORDS = st.sampled_from(
    [
        *("{", "}", "(", ")", "[", "]", ":", "$", "!", "@", "...", "on", "query", "fragment", "subscription", "null"),
        *("articles", "nodes", "related", "title", "first", "filter", "__typename", '"""', '"', "\\u", "#", "A", "-1"),
    ]
)
DOCUMENTS = st.lists(WORDS, max_size=60).map(" ".join) | st.text()
PARTS = st.fixed_dictionaries(
    {"query": DOCUMENTS | ANY_JSON},
    optional={"variables": ANY_JSON, "operationName": st.text() | ANY_JSON, "extensions": ANY_JSON},
)


def written(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer that is too large for JSON
        return repr(value).encode("utf-8", "surrogatepass")


@tried(60)
@given(st.binary() | (ANY_JSON | PARTS | st.lists(PARTS, max_size=3)).map(written))
async def test_bodies(client: httpx.AsyncClient, body: bytes) -> None:
    """Arbitrary bytes, JSON and near requests."""
    check(await client.post("/graphql", content=body, headers=JSON))


NAMES = st.sampled_from(
    [
        *(
            "Accept",
            "Accept-Encoding",
            "Authorization",
            "X-Include-Drafts",
            "Content-Type",
            "Content-Encoding",
            "Origin",
        ),
        *("X-Forwarded-For", "X-Forwarded-Proto", "If-None-Match", "Cookie", "Range", "Expect", "X-Request-Id"),
    ]
)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30).map(
    lambda value: value.strip().encode("latin-1")
)
WORDS_OF_HEADERS = st.lists(
    st.sampled_from(["application/json", "*/*", "text/event-stream", "q=0", "q=1.1", ";", ",", "=", "gzip", "Bearer"]),
    max_size=6,
).map(lambda words: " ".join(words).encode())
HEADERS = st.dictionaries(NAMES, VALUES | WORDS_OF_HEADERS, max_size=6)


@tried(60)
@given(HEADERS, st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD"]), st.text(max_size=20))
async def test_headers(client: httpx.AsyncClient, headers: dict[str, bytes], method: str, parameter: str) -> None:
    """Arbitrary headers on a valid request."""
    parameters = {"query": "{ __typename }", "variables": parameter} if method == "GET" else None
    sent = [(name.encode(), value) for name, value in ({"Content-Type": b"application/json"} | headers).items()]
    response = await client.request(method, "/graphql", params=parameters, headers=sent)
    assert response.status_code < 500
    if response.content and not response.headers["content-type"].startswith("text/event-stream"):
        check(response)


HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\n"
LINES = st.sampled_from(
    [
        *(HEAD, b"GET / HTTP/1.1\r\n", b"Host: a\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"\r\n"),
        *(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"Upgrade: websocket\r\n", b"\0"),
        *(b"Connection: upgrade\r\n", b"Sec-WebSocket-Version: 13\r\n", b"Expect: 100-continue\r\n", b"\xff" * 9),
    ]
)


@tried(40)
@given(st.binary(max_size=200) | st.lists(LINES, max_size=12).map(b"".join))
async def test_bytes(client: httpx.AsyncClient, sent: bytes) -> None:
    """Arbitrary bytes on a connection are answered or close it, and the next connection is served."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(str(client.base_url)).port)
    try:
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(MOST_SECONDS):
            answer = await reader.read()
    except ConnectionError:
        answer = b""
    finally:
        writer.close()
    assert b"HTTP/1.1 500" not in answer
    assert leaks(answer.decode("latin-1")) == []
    assert (await client.get("/healthz")).json() == {"status": "ok"}
