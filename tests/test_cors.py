"""Cross-origin requests: which are answered, and what pages may read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from gateway.settings import Mode
from gateway.web.cors import MOST_LINES, PREFLIGHT_HEADERS, REPEAT_SECONDS, AllowedOrigins
from tests.conftest import NO_TLS
from tests.service import FILES, listening_to, service, serving

TITLES = "{ articles { nodes { title } } }"
NEWS = "https://news.example"
ALLOW = "access-control-allow-origin"


async def get(client: httpx.AsyncClient, headers: Mapping[str, str]) -> object:
    """The number of articles in a GET's response, or its status and code."""
    response = await client.get("/graphql", params={"query": TITLES}, headers=headers)
    answer = response.json()
    if "errors" in answer:
        return response.status_code, answer["errors"][0]["extensions"]["code"]
    return len(answer["data"]["articles"]["nodes"])


# Requests without a preflight.

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
async def test_get_needs_a_header(tmp_path: Path, headers: Mapping[str, str], expected: object) -> None:
    """Any value of a header that pages cannot send by themselves is enough. Without it the query does not run."""
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
async def test_dev_uses_headers_of_the_browser(tmp_path: Path, headers: Mapping[str, str], expected: object) -> None:
    """Commands, the address bar and own pages are answered. Pages of other origins are not."""
    async with serving(tmp_path, Mode.DEV) as client:
        assert await get(client, headers) == expected


# Reading of responses.


def preflight(origin: str, method: str = "POST", headers: str = "content-type") -> Mapping[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


async def test_allowed_origin(tmp_path: Path) -> None:
    """It may send what clients send, and read responses and errors. Cookies are not sent."""
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
async def test_other_origin(tmp_path: Path, origin: str, allowed: list[str]) -> None:
    """Responses do not have its origin, and vary by origin."""
    async with serving(tmp_path, allowed_origins=allowed) as client:
        asked = await client.options("/graphql", headers=preflight(origin))
        assert (asked.status_code, asked.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
        read = await client.post("/graphql", json={"query": TITLES}, headers={"Origin": origin})
        for response in (asked, read):
            assert ALLOW not in response.headers
            assert "Origin" in response.headers["vary"].split(", ")


async def test_preflight_of_other_methods_and_headers(tmp_path: Path) -> None:
    """They are refused."""
    async with serving(tmp_path, allowed_origins=[NEWS]) as client:
        for headers in (preflight(NEWS, "DELETE"), preflight(NEWS, headers="x-anything")):
            assert (await client.options("/graphql", headers=headers)).status_code == 403


async def test_any_origin(tmp_path: Path) -> None:
    """The response allows any origin and has no particular one."""
    async with serving(tmp_path, allowed_origins=["*"]) as client:
        asked = await client.options("/graphql", headers=preflight(NEWS))
        read = await client.post("/graphql", json={"query": TITLES}, headers={"Origin": NEWS, "Cookie": "a=b"})
        for response in (asked, read):
            assert (response.status_code, response.headers[ALLOW]) == (200, "*")
            assert "access-control-allow-credentials" not in response.headers


# Loopback origins under `dev`.

LOCAL = (
    "http://localhost:5173",
    "https://localhost:5173",
    "http://127.0.0.1:3000",
    "http://[::1]:8080",
    "http://shop.localhost:4321",
)
NOT_LOCAL = (
    *FOREIGN,
    "http://localhost.evil.example",
    "http://evil.example:5173",
    "http://notlocalhost:5173",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.2",
    "http://192.168.0.2:5173",
    "http://localhost:5173/",
    "http://localhost:5173.evil.example",
    "http://localhost@evil.example",
    "http://evil.example#.localhost",
    "ftp://localhost:5173",
    "app://localhost:5173",
    "http://LOCALHOST:5173",
    "http://.localhost",
)


@pytest.mark.parametrize("origin", LOCAL)
def test_loopback_origin(origin: str) -> None:
    """Any port and any name below `localhost` count, only if loopback origins are allowed."""
    assert AllowedOrigins([], loopback=True).allows(origin)
    assert not AllowedOrigins([]).allows(origin)


@pytest.mark.parametrize("origin", NOT_LOCAL)
def test_origin_that_resembles_loopback(origin: str) -> None:
    """It is not allowed."""
    assert not AllowedOrigins([], loopback=True).allows(origin)


async def test_dev_allows_loopback_origins(tmp_path: Path) -> None:
    """They may read public content, and drafts with the header."""
    async with serving(tmp_path, Mode.DEV) as client:
        sent = "authorization,content-type,x-include-drafts,graphql-require-preflight"
        for origin in LOCAL:
            asked = await client.options("/graphql", headers=preflight(origin, "POST", sent))
            assert (asked.status_code, asked.headers[ALLOW]) == (200, origin)
            for headers, articles in (({}, 2), ({"X-Include-Drafts": "false"}, 2), ({"X-Include-Drafts": "true"}, 3)):
                read = await client.post("/graphql", json={"query": TITLES}, headers={"Origin": origin, **headers})
                assert len(read.json()["data"]["articles"]["nodes"]) == articles
                assert read.headers[ALLOW] == origin
                assert "Origin" in read.headers["vary"].split(", ")
                assert "access-control-allow-credentials" not in read.headers
        for path, draft in (("/", "draft.md"), ("/graphiql/queries.json", "draft.md")):
            own, foreign = [await client.get(path, headers=headers) for headers in ({}, {"Origin": LOCAL[0]})]
            assert (own.status_code, foreign.status_code) == (200, 200)
            assert draft not in foreign.text


async def test_dev_refuses_other_origins(tmp_path: Path) -> None:
    """No response has their origin, and no simple request shows a draft."""
    async with serving(tmp_path, Mode.DEV) as client:
        for origin in NOT_LOCAL:
            assert (await client.options("/graphql", headers=preflight(origin))).status_code == 403
            read = await client.post("/graphql", json={"query": TITLES}, headers={"Origin": origin})
            assert ALLOW not in read.headers
            assert len(read.json()["data"]["articles"]["nodes"]) == 2


async def test_serve_does_not_allow_loopback_origins(tmp_path: Path) -> None:
    """Only `dev` allows them without a setting."""
    async with serving(tmp_path) as client:
        assert (await client.options("/graphql", headers=preflight(LOCAL[0]))).status_code == 403
        read = await client.post("/graphql", json={"query": TITLES}, headers={"Origin": LOCAL[0]})
        assert ALLOW not in read.headers


async def test_dev_shows_drafts_to_its_own_pages(tmp_path: Path) -> None:
    """Programs and same-origin pages see drafts, also through a proxy. Pages of other origins see public content unless
    they send the header."""
    cases: list[tuple[Mapping[str, str], int]] = [
        ({}, 3),
        ({"Origin": "http://localhost"}, 3),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 3),
        ({"Origin": "http://localhost:5173", "Sec-Fetch-Site": "same-origin"}, 3),
        ({"Origin": "http://localhost:5173", "Sec-Fetch-Site": "same-site"}, 2),
        ({"Origin": "http://127.0.0.1"}, 2),
        ({"Origin": "null"}, 2),
        ({"Origin": NEWS}, 2),
        ({"Origin": NEWS, "X-Include-Drafts": "true"}, 3),
    ]
    async with serving(tmp_path, Mode.DEV, allowed_origins=[NEWS]) as client:
        for headers, articles in cases:
            read = await client.post("/graphql", json={"query": TITLES}, headers=headers)
            assert (headers, len(read.json()["data"]["articles"]["nodes"])) == (headers, articles)


async def test_host_is_checked_for_local_pages(tmp_path: Path) -> None:
    """A foreign name that resolves to the server is refused."""
    async with serving(tmp_path, Mode.DEV) as client:
        for origin in (LOCAL[0], "http://evil.example"):
            read = await client.post(
                "/graphql", json={"query": TITLES}, headers={"Origin": origin, "Host": "evil.example"}
            )
            assert read.status_code == 421


async def test_local_page_reads_events(tmp_path: Path) -> None:
    """The first event of a stream over a socket is public content unless the page sends the header."""
    query = "subscription { articleChanged { article { title } } }"
    async with service(tmp_path, Mode.DEV) as found, listening_to(found) as url:
        sent = {"Origin": LOCAL[0], "Accept": "text/event-stream"}
        asking = {**sent, "X-Include-Drafts": "true"}
        async with (
            httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS, timeout=30) as client,
            client.stream("POST", "/graphql", json={"query": query}, headers=sent) as public,
            client.stream("POST", "/graphql", json={"query": query}, headers=asking) as preview,
        ):
            assert {each.headers[ALLOW] for each in (public, preview)} == {LOCAL[0]}
            await found.change({"draft.md": FILES["draft.md"].replace("Draft", "Secret")})
            await found.change({"one.md": FILES["one.md"].replace("One", "Uno")})
            assert [await first_title(each) for each in (public, preview)] == ["Uno", "Secret"]


async def first_title(stream: httpx.Response) -> str:
    async for line in stream.aiter_lines():
        if found := re.search(r'"title":"(\w+)"', line):
            return found[1]
    raise AssertionError("The stream ended without an event.")


# Log of refused pages.


async def test_refused_page_is_logged_with_the_option(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line per origin, under `serve` and `dev`."""
    for mode, origin in ((Mode.SERVE, LOCAL[0]), (Mode.DEV, NEWS)):
        caplog.clear()
        async with serving(tmp_path / mode, mode) as client:
            for _ in range(3):
                await client.options("/graphql", headers=preflight(origin))
        option = f"--allowed-origins {origin} (GATEWAY_ALLOWED_ORIGINS)"
        assert warnings(caplog) == [f"A page of {origin} was refused. To allow it, start the gateway with {option}."]


async def test_refused_request_of_an_allowed_page_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The line does not suggest to allow the origin."""
    async with serving(tmp_path, allowed_origins=[NEWS]) as client:
        await client.options("/graphql", headers=preflight(NEWS, headers="x-anything"))
    [line] = warnings(caplog)
    assert line.startswith(f"A request of a page of {NEWS} was refused. Pages may send GET and POST, with the headers ")


@pytest.mark.parametrize("origin", ["null", "*", "http://a.example/\x1b[31m", f"http://{'a' * 300}.example", "x\ny"])
def test_invalid_origin_in_the_log(origin: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is quoted safely, without an option."""
    AllowedOrigins([]).log_refused(origin)
    [line] = warnings(caplog)
    assert line == f"A page of the origin {origin[:255]!r} was refused. Open it over http or https."
    assert line.isprintable()


def test_log_of_refused_pages_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """At most a hundred lines are logged in ten minutes."""
    now = 0.0
    origins = AllowedOrigins([], clock=lambda: now)
    for wave in (1, 2):
        for number in range(1000):
            origins.log_refused(f"https://{number}.example")
        assert len(warnings(caplog)) == wave * MOST_LINES
        now += REPEAT_SECONDS


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
