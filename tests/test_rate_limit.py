"""Rates: what a client may ask for in a minute, and who a client is."""

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
"""Of the query, and of being read."""


def test_a_client_has_so_many_points() -> None:
    """When they are spent it is refused, with the seconds after which there is room; another client is not."""
    rate_limiter = RateLimiter(100)
    for _ in range(10):
        rate_limiter.charge("one", 10)
    with pytest.raises(RateLimited) as refused:
        rate_limiter.charge("one", 50)
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 30
    rate_limiter.charge("other", 100)


def test_who_is_refused_pays_nothing() -> None:
    """So a client that asks for too much can still ask for less."""
    rate_limiter = RateLimiter(100)
    rate_limiter.charge("one", 60)
    for _ in range(10):
        with pytest.raises(RateLimited):
            rate_limiter.charge("one", 60)
    rate_limiter.charge("one", 30)


def test_points_come_back() -> None:
    """Not at the end of a minute but one by one."""
    rate_limiter = RateLimiter(6_000_000)  # one in ten microseconds
    rate_limiter.charge("one", 6_000_000)
    while True:
        try:
            rate_limiter.charge("one", 1)
        except RateLimited:
            continue
        break


def test_without_a_rate_everything_is_allowed() -> None:
    """That is the default, and so is a client that nobody knows."""
    RateLimiter(None).charge("one", 10**9)
    RateLimiter(1).charge(None, 10**9)


def test_few_clients_are_remembered() -> None:
    """However many ask, the memory is bounded, and who asked last is remembered."""
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
def test_who_a_client_is(one: tuple[bytes | None, str], other: tuple[bytes | None, str], *, same: bool) -> None:
    """Its token, else its address; of an IPv6 address the part that it cannot choose. No part of either is kept."""
    assert (rate_key(*one) == rate_key(*other)) is same
    assert "192" not in str(rate_key(None, "192.0.2.1"))
    assert rate_key(None, None) is None


async def test_a_client_that_asks_too_often(tmp_path: Path) -> None:
    """It is told so with 429 in any media type, by POST, by GET and in a batch; with a token it is another client."""
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


async def test_a_token_is_one_client_however_it_is_written(tmp_path: Path) -> None:
    """The scheme's case and the spaces are the client's to choose, and make no other of it. Another token does."""
    async with serving(tmp_path, rate_limit=2 * COST) as http:
        statuses = [
            (await http.post("/graphql", json={"query": TITLES}, headers={"Authorization": written})).status_code
            for written in (*SPELLINGS, "Bearer reader")
        ]
        assert statuses == [200, 200, 429, 429, 200]


async def test_a_pass_is_no_client_of_its_own(tmp_path: Path) -> None:
    """Whoever may make links could else be as many as there are links; so its address pays."""
    async with serving(tmp_path, rate_limit=2 * COST, preview_secret=SECRET) as http:
        statuses = [
            (await http.post("/graphql", json={"query": TITLES}, headers=headers)).status_code
            for headers in ({"Authorization": f"Bearer {GOOD}"}, cookie(GOOD), {})
        ]
        assert statuses == [200, 200, 429]


async def test_a_wrong_token_costs_its_address(tmp_path: Path) -> None:
    """A point for each try, so that nobody tries many; who has a good one at the same address pays nothing of that."""
    async with serving(tmp_path, rate_limit=COST) as http:
        for number in range(COST + 1):
            wrong = {"Authorization": f"Bearer wrong{number}"}
            response = await http.post("/graphql", json={"query": TITLES}, headers=wrong)
            assert response.status_code == (401 if number < COST else 429)
        assert (await http.post("/graphql", json={"query": TITLES})).status_code == 429
        good = {"Authorization": "Bearer editor"}
        assert (await http.post("/graphql", json={"query": TITLES}, headers=good)).status_code == 200


async def test_a_socket_pays_for_its_credential(tmp_path: Path) -> None:
    """What one asks over it is charged to the token that it began with, as over HTTP."""
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


@pytest.mark.parametrize(("path", "points"), [("/", 450), (PATH, 15)])  # enough for once
async def test_a_page_is_charged_as_what_it_asks(tmp_path: Path, path: str, points: int) -> None:
    """To who asks for it, from the points that it has for the API too; without enough it is 429, and says when."""
    async with serving(tmp_path, explorer=True, rate_limit=points) as http:
        assert (await http.get(path)).status_code == 200
        refused = await http.get(path)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]) == (429, {"code": "RATE_LIMITED"})
        assert int(refused.headers["retry-after"]) >= 1
        assert (await http.post("/graphql", json={"query": TITLES})).status_code == 429
        assert (await http.get(path, headers={"Authorization": "Bearer editor"})).status_code == 200


async def test_a_page_waits_for_its_turn(tmp_path: Path) -> None:
    """What pages ask is at work beside no more operations than are allowed."""
    turns: dict[str, Any] = {"limit_operations": 1, "limit_queue_size": 0}
    async with serving(tmp_path, explorer=True, **turns) as http:
        responses = await asyncio.gather(*(http.get("/") for _ in range(10)))
        assert {response.status_code for response in responses} == {200, 503}


async def test_what_cannot_run_costs_too(tmp_path: Path) -> None:
    """A document is read before it is refused, and reading is work."""
    async with serving(tmp_path, rate_limit=5) as http:
        for _ in range(5):
            assert (await http.post("/graphql", json={"query": "{ nope }"})).status_code == 200
        assert (await http.post("/graphql", json={"query": "{ nope }"})).status_code == 429


@pytest.mark.parametrize(("proxies", "status"), [("127.0.0.0/8", 200), ("192.0.2.1", 429)])
async def test_behind_a_proxy(tmp_path: Path, proxies: str, status: int) -> None:
    """The client is whom a trusted proxy names last; what anybody else says of himself is not believed."""
    async with (
        listening_service(tmp_path, rate_limit=COST, trusted_proxies=[proxies]) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http,
    ):
        for address, expected in (("198.51.100.1", 200), ("198.51.100.2", status), ("198.51.100.1", 429)):
            headers = {"X-Forwarded-For": f"203.0.113.9, {address}"}
            response = await http.post("/graphql", json={"query": TITLES}, headers=headers)
            assert response.status_code == expected
