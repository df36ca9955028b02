"""The rate limit, and the identity of clients."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from gateway.access.rate_limit import RateLimiter, rate_key
from gateway.errors import RateLimited
from gateway.explorer.ready_queries import PATH
from tests.conftest import NO_TLS
from tests.service import listening_service, serving
from tests.test_preview_links import GOOD, SECRET, cookie

TITLES = "{ articles { nodes { title } } }"
COST = 1 + 21
"""The points of the query and of reading it."""


def test_points_of_a_client() -> None:
    """A client without points is refused, with the seconds until there are some. Other clients are not."""
    rate_limiter = RateLimiter(100)
    for _ in range(10):
        rate_limiter.charge("one", 10)
    with pytest.raises(RateLimited) as refused:
        rate_limiter.charge("one", 50)
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 30
    rate_limiter.charge("other", 100)


def test_refusal_is_free() -> None:
    """A client may still send a cheaper request."""
    rate_limiter = RateLimiter(100)
    rate_limiter.charge("one", 60)
    for _ in range(10):
        with pytest.raises(RateLimited):
            rate_limiter.charge("one", 60)
    rate_limiter.charge("one", 30)


def test_points_are_restored_gradually() -> None:
    """One by one, and not at the end of a minute."""
    rate_limiter = RateLimiter(6_000_000)  # one in ten microseconds
    rate_limiter.charge("one", 6_000_000)
    while True:
        try:
            rate_limiter.charge("one", 1)
        except RateLimited:
            continue
        break


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_repeated_query_is_charged_once_each_time(tmp_path: Path, accept: str) -> None:
    """Also if its answer is kept, and if it is sent as an event."""
    async with serving(tmp_path, rate_limit=3 * COST) as client:
        for _ in range(3):
            response = await client.post("/graphql", json={"query": TITLES}, headers={"Accept": accept})
            assert '"title":"One"' in response.text
        response = await client.post("/graphql", json={"query": TITLES}, headers={"Accept": accept})
        assert "RATE_LIMITED" in response.text


def test_without_a_rate_limit() -> None:
    """This is the default. Clients without an identity are also allowed."""
    RateLimiter(None).charge("one", 10**9)
    RateLimiter(1).charge(None, 10**9)


def test_number_of_clients_is_bounded() -> None:
    """The most recent clients are kept."""
    rate_limiter = RateLimiter(10, max_clients=5)
    for number in range(1000):
        rate_limiter.charge(str(number), 10)
    with pytest.raises(RateLimited):
        rate_limiter.charge("999", 1)
    rate_limiter.charge("0", 10)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((None, "192.0.2.1"), (None, "192.0.2.1"), True),
        ((None, "192.0.2.1"), (None, "192.0.2.2"), False),
        ((None, "192.0.2.1"), (None, "::ffff:192.0.2.1"), True),
        ((None, "2001:db8::1"), (None, "2001:db8::ffff:1"), True),
        ((None, "2001:db8::1"), (None, "2001:db8:0:1::1"), False),
        ((None, "proxy.example"), (None, "192.0.2.1"), False),
        ((None, "\ud800"), (None, "192.0.2.1"), False),
        ((b"a", "192.0.2.1"), (b"a", "192.0.2.2"), True),
        ((b"a", "192.0.2.1"), (b"b", "192.0.2.1"), False),
        ((b"a", "192.0.2.1"), (None, "192.0.2.1"), False),
    ],
)
def test_client_identity(one: tuple[bytes | None, str], other: tuple[bytes | None, str], *, same: bool) -> None:
    """The token, else the address; of an IPv6 address the network part. Only digests are kept."""
    assert (rate_key(*one) == rate_key(*other)) is same
    assert "192" not in str(rate_key(None, "192.0.2.1"))
    assert rate_key(None, None) is None


async def test_client_over_its_rate(tmp_path: Path) -> None:
    """It gets 429 in any media type, by POST, GET and in a batch. With a token it is another client."""
    async with serving(tmp_path, rate_limit=2 * COST) as http:
        for _ in range(2):
            assert (await http.post("/graphql", json={"query": TITLES})).status_code == 200
        for response in (
            await http.post("/graphql", json={"query": TITLES}),
            await http.get("/graphql", params={"query": TITLES}, headers={"GraphQL-Require-Preflight": "1"}),
        ):
            assert (response.status_code, response.json()["errors"][0]["extensions"]) == (429, {"code": "RATE_LIMITED"})
            assert int(response.headers["retry-after"]) >= 1
        [answer] = (await http.post("/graphql", json=[{"query": TITLES}])).json()
        assert answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        token = {"Authorization": "Bearer editor"}
        assert (await http.post("/graphql", json={"query": TITLES}, headers=token)).status_code == 200


SPELLINGS = ("Bearer editor", "bearer editor", "BEARER   editor", " Bearer editor ")


async def test_token_spelling_does_not_change_the_client(tmp_path: Path) -> None:
    """The scheme's case and spaces do not count. Another token does."""
    async with serving(tmp_path, rate_limit=2 * COST) as http:
        statuses = [
            (await http.post("/graphql", json={"query": TITLES}, headers={"Authorization": written})).status_code
            for written in (*SPELLINGS, "Bearer reader")
        ]
        assert statuses == [200, 200, 429, 429, 200]


async def test_preview_token_is_not_a_client(tmp_path: Path) -> None:
    """The address is charged, because one user may create many links."""
    async with serving(tmp_path, rate_limit=2 * COST, preview_secret=SECRET) as http:
        statuses = [
            (await http.post("/graphql", json={"query": TITLES}, headers=headers)).status_code
            for headers in ({"Authorization": f"Bearer {GOOD}"}, cookie(GOOD), {})
        ]
        assert statuses == [200, 200, 429]


async def test_invalid_token_costs_its_address_a_point(tmp_path: Path) -> None:
    """Valid tokens of the same address are not charged."""
    async with serving(tmp_path, rate_limit=COST) as http:
        for number in range(COST + 1):
            wrong = {"Authorization": f"Bearer wrong{number}"}
            response = await http.post("/graphql", json={"query": TITLES}, headers=wrong)
            assert response.status_code == (401 if number < COST else 429)
        assert (await http.post("/graphql", json={"query": TITLES})).status_code == 429
        good = {"Authorization": "Bearer editor"}
        assert (await http.post("/graphql", json={"query": TITLES}, headers=good)).status_code == 200


async def test_websocket_is_charged_to_its_token(tmp_path: Path) -> None:
    """As over HTTP."""
    async with listening_service(tmp_path, rate_limit=COST) as url:
        for written, kind in (("Bearer editor", "next"), ("bearer  editor", "error"), ("Bearer reader", "next")):
            headers = {"Authorization": written}
            protocols = [Subprotocol("graphql-transport-ws")]
            at = url.replace("http", "ws", 1) + "/graphql"
            async with connect(at, subprotocols=protocols, additional_headers=headers) as socket:
                await socket.send('{"type": "connection_init"}')
                await socket.recv()
                await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": {"query": TITLES}}).decode())
                assert orjson.loads(await socket.recv())["type"] == kind


@pytest.mark.parametrize(("path", "points"), [("/", 6600), (PATH, 30)])  # enough for once
async def test_pages_are_charged(tmp_path: Path, path: str, points: int) -> None:
    """To the client's points, as for the API. Without enough points it is 429 with Retry-After."""
    async with serving(tmp_path, explorer=True, rate_limit=points) as http:
        assert (await http.get(path)).status_code == 200
        refused = await http.get(path)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]) == (429, {"code": "RATE_LIMITED"})
        assert int(refused.headers["retry-after"]) >= 1
        page = "articles(first: 100) { nodes { id provider { id } } }"
        dear = " ".join(f"a{number}: {page}" for number in range(points // 200))
        assert (await http.post("/graphql", json={"query": f"{{ {dear or TITLES[1:-1]} }}"})).status_code == 429
        assert (await http.get(path, headers={"Authorization": "Bearer editor"})).status_code == 200


async def test_pages_use_the_operation_queue(tmp_path: Path) -> None:
    """Their queries count as running operations."""
    turns: dict[str, Any] = {"limit_operations": 1, "limit_queue_size": 0}
    async with serving(tmp_path, explorer=True, **turns) as http:
        responses = await asyncio.gather(*(http.get("/") for _ in range(10)))
        assert {response.status_code for response in responses} == {200, 503}


async def test_invalid_documents_are_charged(tmp_path: Path) -> None:
    """Reading a document is work."""
    async with serving(tmp_path, rate_limit=5) as http:
        for _ in range(5):
            assert (await http.post("/graphql", json={"query": "{ nope }"})).status_code == 200
        assert (await http.post("/graphql", json={"query": "{ nope }"})).status_code == 429


@pytest.mark.parametrize(("proxies", "status"), [("127.0.0.0/8", 200), ("192.0.2.1", 429)])
async def test_behind_a_proxy(tmp_path: Path, proxies: str, status: int) -> None:
    """The client is the last address that a trusted proxy names. Other addresses are ignored."""
    async with (
        listening_service(tmp_path, rate_limit=COST, trusted_proxies=[proxies]) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http,
    ):
        for address, expected in (("198.51.100.1", 200), ("198.51.100.2", status), ("198.51.100.1", 429)):
            headers = {"X-Forwarded-For": f"203.0.113.9, {address}"}
            response = await http.post("/graphql", json={"query": TITLES}, headers=headers)
            assert response.status_code == expected
