"""Rates: what a client may ask for in a minute, and who a client is."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from gateway.errors import RateLimited
from gateway.rates import Rates, client
from tests.service import listening_service, serving

TITLES = "{ articles { nodes { title } } }"
COST = 1 + 21
"""Of the query, and of being read."""


def test_a_client_has_so_many_points() -> None:
    """When they are spent it is refused, with the seconds after which there is room; another client is not."""
    rates = Rates(100)
    for _ in range(10):
        rates.charge("one", 10)
    with pytest.raises(RateLimited) as refused:
        rates.charge("one", 50)
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 30
    rates.charge("other", 100)


def test_who_is_refused_pays_nothing() -> None:
    """So a client that asks for too much can still ask for less."""
    rates = Rates(100)
    rates.charge("one", 60)
    for _ in range(10):
        with pytest.raises(RateLimited):
            rates.charge("one", 60)
    rates.charge("one", 30)


def test_points_come_back() -> None:
    """Not at the end of a minute but one by one."""
    rates = Rates(6_000_000)  # one in ten microseconds
    rates.charge("one", 6_000_000)
    while True:
        try:
            rates.charge("one", 1)
        except RateLimited:
            continue
        break


def test_without_a_rate_everything_is_allowed() -> None:
    """That is the default, and so is a client that nobody knows."""
    Rates(None).charge("one", 10**9)
    Rates(1).charge(None, 10**9)


def test_few_clients_are_remembered() -> None:
    """However many ask, the memory is bounded, and who asked last is remembered."""
    rates = Rates(10, most_clients=5)
    for number in range(1000):
        rates.charge(str(number), 10)
    with pytest.raises(RateLimited):
        rates.charge("999", 1)
    rates.charge("0", 10)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((None, "192.0.2.1"), (None, "192.0.2.1"), True),
        ((None, "192.0.2.1"), (None, "192.0.2.2"), False),
        ((None, "192.0.2.1"), (None, "::ffff:192.0.2.1"), True),
        ((None, "2001:db8::1"), (None, "2001:db8::ffff:1"), True),
        ((None, "2001:db8::1"), (None, "2001:db8:0:1::1"), False),
        ((None, "proxy.example"), (None, "192.0.2.1"), False),
        (("Bearer a", "192.0.2.1"), ("Bearer a", "192.0.2.2"), True),
        (("Bearer a", "192.0.2.1"), ("Bearer b", "192.0.2.1"), False),
        (("Bearer \ud800", None), ("Bearer a", None), False),
    ],
)
def test_who_a_client_is(one: tuple[str | None, str], other: tuple[str | None, str], *, same: bool) -> None:
    """Its token, else its address; of an IPv6 address the part that it cannot choose. No part of either is kept."""
    assert (client(*one) == client(*other)) is same
    assert "192" not in str(client(None, "192.0.2.1"))
    assert client(None, None) is None


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
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        for address, expected in (("198.51.100.1", 200), ("198.51.100.2", status), ("198.51.100.1", 429)):
            headers = {"X-Forwarded-For": f"203.0.113.9, {address}"}
            response = await http.post("/graphql", json={"query": TITLES}, headers=headers)
            assert response.status_code == expected
