"""GraphQL over HTTP: statuses, media types, methods, bodies and rights. No body causes a 500."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.app import create_app
from gateway.settings import Mode
from tests.schema import SCHEMA
from tests.service import post, service, serving

pytestmark = pytest.mark.usefixtures("each_database_in_full")

JSON, RESPONSE = "application/json", "application/graphql-response+json"
TITLES = "{ articles { nodes { title } } }"
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(tmp_path) as client:
        yield client


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


# Responses.


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_query_by_post_and_get(client: httpx.AsyncClient, accept: str) -> None:
    """Both responses are equal, in the requested media type."""
    query = "query Titles($first: Int) { articles(first: $first) { nodes { title } } }"
    sent = {"query": query, "operationName": "Titles"}
    posted = await client.post("/graphql", json={**sent, "variables": {"first": 1}}, headers={"Accept": accept})
    parameters = {**sent, "variables": '{"first": 1}'}
    got = await client.get("/graphql", params=parameters, headers={"Accept": accept, **PREFLIGHT})
    for response in (posted, got):
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
        assert response.json() == {"data": {"articles": {"nodes": [{"title": "Two"}]}}}
        varied = {"Authorization", "X-Include-Drafts", "Accept", "Accept-Encoding", "Origin"}
        assert set(response.headers["vary"].split(", ")) == varied


async def test_null_members_count_as_absent(client: httpx.AsyncClient) -> None:
    """Clients send null or an empty name for missing values."""
    sent = {"query": TITLES, "variables": None, "operationName": "", "extensions": None, "else": 1}
    assert "errors" not in (await client.post("/graphql", json=sent)).json()
    assert (
        "errors"
        not in (await client.get("/graphql", params={"query": TITLES, "variables": ""}, headers=PREFLIGHT)).json()
    )


async def test_batch_is_answered_in_order(client: httpx.AsyncClient) -> None:
    """Each operation has its own result or errors."""
    response = await client.post("/graphql", json=[{"query": TITLES}, {"query": "{ nope }"}, {"query": TITLES}])
    assert response.status_code == 200
    assert [sorted(answer) for answer in response.json()] == [["data"], ["errors"], ["data"]]


# Refusals.


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ articles {", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", {}, "OPERATION_RESOLUTION_FAILURE"),
        ("query Q($first: Int) { articles(first: $first) { totalCount } }", {"first": "x"}, "BAD_USER_INPUT"),
        ("query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", {}, "BAD_USER_INPUT"),
        ("{" + " __typename" * 501 + "}", {}, "LIMIT_EXCEEDED"),
    ],
)
async def test_invalid_operation(
    client: httpx.AsyncClient, query: str, variables: dict[str, object], code: str
) -> None:
    """The response has no data. Its status is 400, or 200 in plain JSON."""
    for accept, status in ((JSON, 200), (RESPONSE, 400)):
        sent = {"query": query, "variables": variables}
        response = await client.post("/graphql", json=sent, headers={"Accept": accept})
        assert (response.status_code, set(codes(response)), sorted(response.json())) == (status, {code}, ["errors"])


async def test_cost_counts_variables(client: httpx.AsyncClient) -> None:
    """Fifteen levels of `related` are refused, with the limit, the allowed and the actual value."""
    query = "{ articles { nodes " + "{ related { article " * 6 + "{ id }" + "} }" * 6 + " } }"
    [error] = (await post(client, query))["errors"]
    assert error["extensions"]["limit"] == "cost"
    assert error["extensions"]["actual"] > error["extensions"]["allowed"] == 40_000
    each = "topics { articles(first: 100) { totalCount nodes { id } } }"
    paged = f"query Q($n: Int) {{ articles(first: $n) {{ nodes {{ {each} }} }} }}"
    assert "errors" not in await post(client, paged, n=1)
    assert (await post(client, paged, n=100))["errors"][0]["extensions"]["limit"] == "cost"


NO_REQUESTS = (
    *(b"", b"{", b"null", b"1", b'"x"', b"{}", b"[1]", b"[" * 5000, b"\xff"),
    *(b'{"query": 1}', b'{"query": ""}', b'{"query": null}', b'{"query": NaN}', b'{"query": "\\ud800"}'),
    b'{"query": "{ __typename }", "variables": []}',
    b'{"query": "{ __typename }", "operationName": {}}',
    b'{"query": "{ __typename }", "extensions": "x"}',
)


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
@pytest.mark.parametrize("sent", NO_REQUESTS)
async def test_malformed_body(client: httpx.AsyncClient, sent: bytes, accept: str) -> None:
    """It is 400 in any media type, with a reason."""
    headers = {"Content-Type": JSON, "Accept": accept}
    response = await client.post("/graphql", content=sent, headers=headers)
    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "parameters",
    [{}, {"query": ""}, {"query": TITLES, "variables": "x"}, {"query": TITLES, "variables": "[]"}, {"variables": "{}"}],
)
async def test_malformed_url_parameters(client: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    """It is 400 for a GET too."""
    response = await client.get("/graphql", params=parameters)
    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])
    twice = await client.get("/graphql", params=[("query", TITLES), ("query", TITLES)])
    assert (twice.status_code, codes(twice)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_not_allowed(client: httpx.AsyncClient, method: str) -> None:
    """The response lists the allowed methods."""
    response = await client.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/graphql", "application/json; charset=latin-1"])
async def test_body_of_another_media_type(client: httpx.AsyncClient, kind: str | None) -> None:
    """Only JSON is accepted, because pages can send forms and plain text without a preflight."""
    response = await client.post("/graphql", content=b"{}", headers={"Content-Type": kind} if kind else {})
    assert (response.status_code, codes(response)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


async def test_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    """A small body may decompress to a large one."""
    headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    response = await client.post("/graphql", content=b"\x1f\x8b", headers=headers)
    assert (response.status_code, codes(response)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


async def test_large_body_is_not_read_completely(client: httpx.AsyncClient) -> None:
    """Reading stops at the limit, whatever length was announced."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * 2**20:
            sent += 2**16
            yield b" " * 2**16

    response = await client.post("/graphql", content=endless(), headers={"Content-Type": JSON})
    assert (response.status_code, codes(response)) == (413, ["PAYLOAD_TOO_LARGE"])
    assert sent < 2**20


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_empty_batch(client: httpx.AsyncClient, accept: str) -> None:
    """It is 400."""
    response = await client.post("/graphql", json=[], headers={"Accept": accept})
    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("directive", ["@x", "@skip(if: false)", "@deprecated"])
async def test_repeated_directive_errors(client: httpx.AsyncClient, directive: str) -> None:
    """A directive that is unknown, repeated or misplaced fifty times gives each of its errors once."""
    query = f"{{ corpus {{ revision {' '.join([directive] * 25)} articleCount {' '.join([directive] * 25)} }} }}"
    messages = [error["message"] for error in (await post(client, query))["errors"]]
    assert len(messages) == len(set(messages)) <= 2


async def test_batch_size_is_limited(client: httpx.AsyncClient) -> None:
    """Ten operations are allowed."""
    response = await client.post("/graphql", json=[{"query": TITLES}] * 11)
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": "batch", "allowed": 10, "actual": 11}


async def test_client_without_a_supported_media_type(client: httpx.AsyncClient) -> None:
    """The response lists the supported types."""
    response = await client.post("/graphql", json={"query": TITLES}, headers={"Accept": "text/html"})
    assert (response.status_code, codes(response)) == (406, ["NOT_ACCEPTABLE"])


async def test_request_before_the_first_load(tmp_path: Path) -> None:
    """It is 503 in any media type, with Retry-After."""
    async with serving(tmp_path, files={}) as client:
        for accept in (JSON, RESPONSE):
            response = await client.post("/graphql", json={"query": TITLES}, headers={"Accept": accept})
            assert (response.status_code, codes(response)) == (503, ["NOT_READY"])
            assert response.headers["retry-after"] == "1"


async def test_before_what_is_stored_may_be_served(tmp_path: Path) -> None:
    """What an application may not serve yet is in no answer, also where a client has an answer from before."""
    async with service(tmp_path) as found:
        ready = asyncio.Event()

        async def is_ready() -> bool:
            return ready.is_set()

        app = create_app(found.settings, found.store, is_ready=is_ready, schema=SCHEMA)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for headers in (PREFLIGHT, {**PREFLIGHT, "If-None-Match": '"a"'}):
                response = await client.get("/graphql", params={"query": TITLES}, headers=headers)
                assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert (
                await client.post("/graphql", json={"query": TITLES}, headers={"Accept": RESPONSE})
            ).status_code == 503
            assert (await client.get("/readyz")).status_code == 503
            ready.set()
            assert (await client.get("/readyz")).status_code == 200
            assert "errors" not in (await client.post("/graphql", json={"query": TITLES})).json()


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=8,
)
QUERIES = st.sampled_from([TITLES, "query Q($v: [ID!]!) { nodes(ids: $v) { id } }"])
MEMBERS = st.fixed_dictionaries(
    {"query": QUERIES | st.text(max_size=30) | ANY_JSON},
    optional={
        "variables": ANY_JSON | st.fixed_dictionaries({"v": ANY_JSON}),
        "operationName": ANY_JSON,
        "extensions": ANY_JSON,
    },
)


def dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer that is too large for JSON
        return repr(value).encode()


@settings(max_examples=150)
@given(st.binary(max_size=60) | ANY_JSON.map(dumped) | MEMBERS.map(dumped) | st.lists(MEMBERS, max_size=3).map(dumped))
async def test_arbitrary_bodies_are_not_500(client: httpx.AsyncClient, sent: bytes) -> None:
    """Any bytes, JSON and documents get a JSON response."""
    response = await client.post("/graphql", content=sent, headers={"Content-Type": JSON})
    assert response.status_code in {200, 400}
    answers = response.json()
    for answer in answers if isinstance(answers, list) else [answers]:
        assert answer.keys() <= {"data", "errors"}
        assert {error["extensions"]["code"] for error in answer.get("errors", [])}.isdisjoint({"INTERNAL_SERVER_ERROR"})


# Rights.


@pytest.mark.parametrize(
    ("token", "drafts", "status", "titles"),
    [
        (None, None, 200, 2),
        ("editor", None, 200, 2),
        ("editor", "true", 200, 3),
        ("editor", "false", 200, 2),
        (None, "true", 403, None),
        ("reader", "true", 403, None),
        ("unknown", None, 401, None),
        ("unknown", "true", 401, None),
        ("editor", "maybe", 400, None),
    ],
)
async def test_drafts_need_the_token_and_the_header(
    client: httpx.AsyncClient, token: str | None, drafts: str | None, status: int, titles: int | None
) -> None:
    """Neither is enough by itself, and a refused request does not run."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"X-Include-Drafts": drafts} if drafts else {}
    response = await client.post("/graphql", json={"query": TITLES}, headers=headers)
    assert response.status_code == status
    assert len(response.json().get("data", {}).get("articles", {}).get("nodes", [])) == (titles or 0)
    assert ("www-authenticate" in response.headers) is (status == 401)


async def test_dev_shows_drafts_by_default(tmp_path: Path) -> None:
    """The header selects the public view. Nobody reads `secured`."""
    async with serving(tmp_path, Mode.DEV) as client:
        query = '{ articles { totalCount } article(path: "two.md") { isSecured secured } }'
        secured = {"isSecured": True, "secured": None}
        assert (await post(client, query))["data"] == {"articles": {"totalCount": 3}, "article": secured}
        public = await post(client, query, {"X-Include-Drafts": "false"})
        assert public["data"] == {"articles": {"totalCount": 2}, "article": secured}
        asked = await post(client, query, {"Authorization": "Bearer both"})
        assert asked["data"]["article"] == secured


async def test_schema_is_hidden_under_serve(tmp_path: Path, client: httpx.AsyncClient) -> None:
    """Neither introspection, suggestions nor the SDL show it."""
    introspection = "{ __schema { queryType { name } } }"
    assert "data" not in await post(client, introspection)
    assert "Did you mean" not in str(await post(client, "{ articlez { totalCount } }"))
    assert (await client.get("/schema.graphql")).status_code == 404
    async with serving(tmp_path / "dev", Mode.DEV) as dev:
        assert (await post(dev, introspection))["data"] == {"__schema": {"queryType": {"name": "Query"}}}
        sdl = (await dev.get("/schema.graphql")).text
    assert sdl == (Path(__file__).parent.parent / "schema.graphql").read_text()
