"""Which pages of other sites are answered, and what they may read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strawberry.http.websocket_origin import normalize_allowed_origins

from gateway.errors import SettingsError
from gateway.settings import Mode
from gateway.web.origins import PREFLIGHT_HEADERS
from tests.service import serving, settings_of

TITLES = "{ articles { nodes { title } } }"
NEWS = "https://news.example"
ALLOW = "access-control-allow-origin"


async def get(client: httpx.AsyncClient, headers: Mapping[str, str]) -> object:
    """How many articles a GET is told, or the status and the code that it is refused with."""
    response = await client.get("/graphql", params={"query": TITLES}, headers=headers)
    answer = response.json()
    if "errors" in answer:
        return response.status_code, answer["errors"][0]["extensions"]["code"]
    return len(answer["data"]["articles"]["nodes"])


# What a page can have sent unasked.

UNASKED = (400, "PREFLIGHT_REQUIRED")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, UNASKED),
        ({"Sec-Fetch-Site": "same-origin"}, UNASKED),
        ({"Authorization": "Bearer editor"}, UNASKED),
        ({"Content-Type": "application/json"}, UNASKED),
        *(({name: value}, 2) for name in PREFLIGHT_HEADERS for value in ("true", "0", "")),
        ({"graphql-require-preflight": "1", "Sec-Fetch-Site": "cross-site", "Origin": NEWS}, 2),
    ],
)
async def test_a_get_shows_that_nobody_else_sent_it(
    tmp_path: Path, headers: Mapping[str, str], expected: object
) -> None:
    """With a header that a page may not send on its own, of any value; without one it does not run."""
    async with serving(tmp_path) as client:
        assert await get(client, headers) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 3),
        ({"Sec-Fetch-Site": "none"}, 3),
        ({"Sec-Fetch-Site": "same-origin"}, 3),
        ({"Sec-Fetch-Site": "same-site"}, UNASKED),
        ({"Sec-Fetch-Site": "cross-site"}, UNASKED),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, UNASKED),
        ({"Origin": NEWS}, UNASKED),
        ({"Sec-Fetch-Site": "cross-site", "Apollo-Require-Preflight": "1"}, 3),
    ],
)
async def test_dev_asks_the_browser(tmp_path: Path, headers: Mapping[str, str], expected: object) -> None:
    """A developer's own commands, address bar and pages are answered as they are; pages of other origins are not."""
    async with serving(tmp_path, Mode.DEV) as client:
        assert await get(client, headers) == expected


# What a page may read.


def preflight(origin: str, method: str = "POST", headers: str = "content-type") -> Mapping[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


async def test_a_page_of_an_allowed_origin(tmp_path: Path) -> None:
    """It may send what our clients send, and read the answer, errors too; no cookie goes along."""
    async with serving(tmp_path, allowed_origins=[NEWS]) as client:
        sent = "authorization,content-type,x-include-drafts,graphql-require-preflight,apollo-require-preflight"
        for method in ("GET", "POST"):
            response = await client.options("/graphql", headers=preflight(NEWS, method, sent))
            assert (response.status_code, response.headers[ALLOW]) == (200, NEWS)
            assert {"GET", "POST"} == set(response.headers["access-control-allow-methods"].split(", "))
            assert "Origin" in response.headers["vary"].split(", ")
            assert response.headers["access-control-max-age"] == "7200"
        for path, status in (("/graphql", 400), ("/healthz", 200), ("/nope", 404)):
            read = await client.get(path, headers={"Origin": NEWS})
            assert (read.status_code, read.headers[ALLOW]) == (status, NEWS)
            assert read.headers["access-control-expose-headers"] == "ETag, Retry-After, X-Request-Id"
            assert read.headers["vary"].split(", ").count("Origin") == 1
            assert "access-control-allow-credentials" not in read.headers


FOREIGN = ("https://evil.example", "http://news.example", f"{NEWS}:444", f"{NEWS}.evil.example", "null", "", "*")


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("allowed", [[], [NEWS]])
async def test_a_page_of_another_origin(tmp_path: Path, origin: str, allowed: list[str]) -> None:
    """It is named in no answer, and caches are told that answers differ."""
    async with serving(tmp_path, allowed_origins=allowed) as client:
        asked = await client.options("/graphql", headers=preflight(origin))
        assert (asked.status_code, asked.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
        read = await client.post("/graphql", json={"query": TITLES}, headers={"Origin": origin})
        for response in (asked, read):
            assert ALLOW not in response.headers
            assert "Origin" in response.headers["vary"].split(", ")


async def test_what_an_allowed_page_may_not_send(tmp_path: Path) -> None:
    """Another method, or another header, is refused."""
    async with serving(tmp_path, allowed_origins=[NEWS]) as client:
        for headers in (preflight(NEWS, "DELETE"), preflight(NEWS, headers="x-anything")):
            assert (await client.options("/graphql", headers=headers)).status_code == 403


async def test_any_page_may_be_allowed(tmp_path: Path) -> None:
    """The answer is for anyone then, and names nobody, whatever else the page sends."""
    async with serving(tmp_path, allowed_origins=["*"]) as client:
        asked = await client.options("/graphql", headers=preflight(NEWS))
        read = await client.post("/graphql", json={"query": TITLES}, headers={"Origin": NEWS, "Cookie": "a=b"})
        for response in (asked, read):
            assert (response.status_code, response.headers[ALLOW]) == (200, "*")
            assert "access-control-allow-credentials" not in response.headers


@given(st.from_regex(r"\A(https?|app)://[a-z0-9\[\]:.@/ü-]{1,12}\Z"))
def test_sockets_know_the_same_origins(origin: str) -> None:
    """What the setting takes is what the check of WebSockets takes, in the same form."""
    try:
        [kept] = settings_of(Path("content"), allowed_origins=[origin]).allowed_origins
    except SettingsError:
        return
    if "[" not in kept:  # an address of IPv6 may have several forms
        assert normalize_allowed_origins([kept]) == {kept}
