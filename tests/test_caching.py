"""HTTP caching: cacheable responses, lifetimes, revalidation and invalidation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from gateway.content.identity import article_id, topic_id
from gateway.settings import Mode
from gateway.web.caching import is_not_modified
from tests.service import FILES, Service, service, serving
from tests.test_persisted_documents import by_digest

pytestmark = pytest.mark.usefixtures("each_database_in_full")

QUERY = "query Titles($first: Int) { articles(first: $first) { nodes { title } } }"
PRIVATE = "private, no-store"
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
RESPONSE = "application/graphql-response+json"


def client_of(found: Service) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(found.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def get(client: httpx.AsyncClient, query: str = QUERY, headers: Any = None, **more: Any) -> httpx.Response:
    """`more` are URL parameters, as JSON unless they are text."""
    parameters = {name: each if isinstance(each, str) else orjson.dumps(each).decode() for name, each in more.items()}
    return await client.get("/graphql", params={"query": query, **parameters}, headers={**PREFLIGHT, **(headers or {})})


@pytest_asyncio.fixture
async def found(tmp_path: Path) -> AsyncIterator[Service]:
    async with service(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def client(found: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(found) as made:
        yield made


# Revalidation.


async def test_etag_gives_304(client: httpx.AsyncClient) -> None:
    """The ETag of a response gives 304 without a body, with the headers that a cache needs."""
    first = await get(client)
    again = await get(client, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert "content-type" not in again.headers


async def test_content_change_changes_the_etag(found: Service, client: httpx.AsyncClient) -> None:
    """A public change gives another ETag. A change of drafts does not."""
    first = await get(client)
    await found.change({"draft.md": "---\ntitle: Another draft\ndraft: true\n---\n"})
    known = {"If-None-Match": first.headers["etag"]}
    assert (await get(client, headers=known)).status_code == 304
    await found.change({"new.md": "---\ntitle: New\ndate: 2024-01-03\n---\n"})
    now = await get(client, headers=known)
    assert (now.status_code, now.json()["data"]["articles"]["nodes"][0]) == (200, {"title": "New"})
    assert now.headers["etag"] != first.headers["etag"]


async def test_etag_covers_the_request(client: httpx.AsyncClient) -> None:
    """Everything that affects the response is part of the ETag, and nothing else."""
    asked: dict[str, dict[str, Any]] = {
        "plain": {},
        "variables": {"variables": {"first": 1}},
        "other variables": {"variables": {"first": 2}},
        "document": {"query": QUERY + " "},
        "type": {"headers": {"Accept": RESPONSE}},
        "cost": {"extensions": {"cost": True}},
        "name": {"operationName": "Titles"},
    }
    tags = {name: (await get(client, **sent)).headers["etag"] for name, sent in asked.items()}
    assert len(set(tags.values())) == len(asked)
    same = await get(
        client, variables={}, extensions={"cost": False, "client": "a"}, headers={"X-Include-Drafts": "false"}
    )
    assert same.headers["etag"] == tags["plain"]


async def test_digest_and_document_share_an_etag(client: httpx.AsyncClient) -> None:
    """An unknown digest does not give 304."""
    missed = await get(client, "", extensions=by_digest(QUERY), headers={"If-None-Match": "*"})
    assert (missed.status_code, missed.headers["cache-control"]) == (200, PRIVATE)
    first = await get(client, extensions=by_digest(QUERY))
    known = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    again = await client.get("/graphql", params={"extensions": orjson.dumps(by_digest(QUERY)).decode()}, headers=known)
    assert again.status_code == 304


async def test_etag_covers_settings_and_database(tmp_path: Path) -> None:
    """Settings that affect responses, and the database, are part of the ETag."""
    tags = set()
    others: list[dict[str, Any]] = [{}, {}, {"limit_page": 50}, {"introspection": True}]
    for number, flags in enumerate(others):
        async with serving(tmp_path / str(number), **flags) as client:
            tags.add((await get(client)).headers["etag"])
    assert len(tags) == 4


@pytest.mark.parametrize(
    ("sent", "known"),
    [('W/"a"', True), ('"a"', True), ('"b", W/"a"', True), ('W/"b"', False), ("a", False), ("*", False), ("", False)],
)
def test_etags_are_compared_weakly(sent: str, known: bool) -> None:
    """One matching tag of the list is enough, weak or strong. Unquoted tags do not match."""
    assert is_not_modified('W/"a"', sent) is known


async def test_304_costs_one_point(tmp_path: Path) -> None:
    """A client with few points left can revalidate."""
    async with serving(tmp_path, rate_limit=25) as client:
        etag = (await get(client)).headers["etag"]  # 1 + 21 points
        assert (await get(client)).status_code == 429
        for _ in range(2):
            assert (await get(client, headers={"If-None-Match": etag})).status_code == 304
        assert (await get(client, headers={"If-None-Match": etag})).status_code == 429


# Cacheable responses.


async def test_public_response_is_cacheable(tmp_path: Path) -> None:
    """It is fresh for the configured time. By default caches revalidate each time."""
    async with serving(tmp_path / "plain") as client:
        assert (await get(client)).headers["cache-control"] == "public, max-age=0"
    async with serving(tmp_path / "set", cache_seconds=60, shared_cache_seconds=3600, stale_seconds=30) as client:
        kept = (await get(client)).headers["cache-control"]
    assert kept == "public, max-age=60, s-maxage=3600, stale-while-revalidate=30"


@pytest.mark.parametrize("key", ["expiryDate", "publishDate"])
async def test_nothing_is_kept_past_the_next_time_that_an_article_has(tmp_path: Path, key: str) -> None:
    """A cache asks again when an article expires or is published, at the latest."""
    longest: dict[str, Any] = {"cache_seconds": 60, "shared_cache_seconds": 3600, "stale_seconds": 600}
    async with service(tmp_path, Mode.SERVE, FILES, **longest) as found, client_of(found) as client:
        now = datetime.now(UTC)

        async def change(due: int, *, loaded: int = 0) -> None:
            text = f"---\ntitle: Due\n{key}: {(now + timedelta(seconds=due)).isoformat()}\n---\n"
            await found.change({"due.md": text}, now + timedelta(seconds=loaded))

        await change(4000)
        first = await get(client)
        again = await get(client, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        for response in (first, again):
            fresh, shared, stale = ages(response)
            assert (fresh, shared) == (60, 3600)
            assert 0 < stale <= 400
        await change(30)
        fresh, shared, stale = ages(await get(client))
        assert 0 < fresh == shared <= 30
        assert stale == 0
        await change(0, loaded=-1)
        assert ages(await get(client)) == (0, 0, 0)


def ages(response: httpx.Response) -> tuple[int, int, int]:
    """The seconds that an answer is fresh, is fresh for shared caches, and may be used while it is asked for again."""
    said = dict(part.split("=") for part in response.headers["cache-control"].removeprefix("public, ").split(", "))
    return int(said["max-age"]), int(said["s-maxage"]), int(said.get("stale-while-revalidate", 0))


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer editor", "X-Include-Drafts": "true"},
        {"Authorization": "Bearer editor"},
        {"Authorization": "Bearer reader"},
    ],
    ids=["preview", "public by token", "secured"],
)
async def test_response_with_a_credential_is_private(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """It has no ETag and no tags, is not stored, and never gives 304."""
    etag = (await get(client)).headers["etag"]
    answer = await get(client, headers={**headers, "If-None-Match": etag})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, PRIVATE)
    assert not {"etag", "cache-tag"} & {*answer.headers}


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer "])
async def test_empty_credential_counts_as_absent(client: httpx.AsyncClient, authorization: str) -> None:
    """Clients without a token send an empty one."""
    plain = await get(client)
    answer = await get(client, headers={"Authorization": authorization})
    assert (answer.status_code, answer.headers["etag"]) == (200, plain.headers["etag"])


async def test_dev_responses_with_drafts_are_not_stored(tmp_path: Path) -> None:
    """The public view may be cached as under `serve`."""
    async with serving(tmp_path, Mode.DEV) as client:
        drafts, public = await get(client), await get(client, headers={"X-Include-Drafts": "false"})
    assert (drafts.headers["cache-control"], "etag" in drafts.headers) == (PRIVATE, False)
    assert public.headers["cache-control"].startswith("public")


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nope }",
        "{ articles(first: -1) { totalCount } }",
        "{ article { id } }",
        "subscription { corpusChanged { added } }",
    ],
    ids=["syntax", "validation", "argument", "finder", "kind"],
)
async def test_errors_are_not_stored(client: httpx.AsyncClient, query: str) -> None:
    """This includes partial data with errors."""
    for accept in ("application/json", RESPONSE):
        answer = await get(client, query, headers={"Accept": accept})
        assert "errors" in answer.json()
        assert answer.headers["cache-control"] == PRIVATE
        assert not {"etag", "cache-tag"} & {*answer.headers}


async def test_post_is_not_stored(client: httpx.AsyncClient) -> None:
    """A batch is not stored either."""
    for sent in ({"query": QUERY}, [{"query": QUERY}]):
        answer = await client.post("/graphql", json=sent, headers={"If-None-Match": "*"})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, PRIVATE)


async def test_stream_is_not_stored(client: httpx.AsyncClient) -> None:
    """A client that sends the ETag of a JSON response gets events."""
    etag = (await get(client)).headers["etag"]
    answer = await get(client, headers={"Accept": "text/event-stream", "If-None-Match": etag})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == PRIVATE


# Tags.


@pytest.mark.parametrize(
    ("header", "separator"), [("Cache-Tag", ","), ("Edge-Cache-Tag", ","), ("Surrogate-Key", " "), ("xkey", " ")]
)
async def test_response_has_tags(tmp_path: Path, header: str, separator: str) -> None:
    """Each record and list is in the configured header."""
    async with serving(tmp_path, cache_tags=header.upper()) as client:
        answer = await get(client, '{ article(slug: "one") { topics { name } } topics { totalCount } }')
    assert answer.headers[header].split(separator) == sorted(
        [article_id("one.md"), topic_id("news"), "corpus", "topics"]
    )


async def test_tags_can_be_off(tmp_path: Path) -> None:
    """Some caches do not use tags."""
    async with serving(tmp_path, cache_tags="none") as client:
        assert not [name for name in (await get(client)).headers if "tag" in name and name != "etag"]


# Compression.

MANY = {f"{number}.md": f"---\ntitle: Number {number}\n---\n" for number in range(60)} | FILES


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
@pytest.mark.parametrize("accept", ["application/json", RESPONSE])
async def test_long_response_is_compressed(tmp_path: Path, encoding: str, accept: str) -> None:
    """If the client accepts it. The ETag equals that of the plain response, and gives 304 with any encoding."""
    sent: dict[str, Any] = {"variables": {"first": 60}}
    async with serving(tmp_path, files=MANY) as client:
        plain = await get(client, headers={"Accept-Encoding": "identity", "Accept": accept}, **sent)
        packed = await get(client, headers={"Accept-Encoding": encoding, "Accept": accept}, **sent)
        known = {"If-None-Match": packed.headers["etag"], "Accept-Encoding": encoding, "Accept": accept}
        again = await get(client, headers=known, **sent)
    assert packed.headers["content-encoding"] == encoding
    assert packed.num_bytes_downloaded < len(plain.content) / 3
    assert packed.content == plain.content
    assert packed.headers["etag"] == plain.headers["etag"]
    assert (again.status_code, again.content) == (304, b"")
    for answer in (packed, plain, again):
        assert answer.headers["vary"].split(", ").count("Accept-Encoding") == 1
    assert again.headers["vary"] == packed.headers["vary"] == plain.headers["vary"]


async def test_zstd_is_the_last_choice(tmp_path: Path) -> None:
    """Clients that also accept br or gzip get one of them. Weights apply."""
    offers = {"gzip, deflate, br, zstd": "br", "zstd, gzip": "gzip", "zstd, gzip;q=0.9": "zstd", "zstd, br;q=0": "zstd"}
    async with serving(tmp_path, files=MANY) as client:
        for offered, expected in offers.items():
            answer = await get(client, headers={"Accept-Encoding": offered}, variables={"first": 60})
            assert answer.headers["content-encoding"] == expected
        plain = await get(client, headers={"Accept-Encoding": "gzip;q=0.5, identity"}, variables={"first": 60})
        assert "content-encoding" not in plain.headers


async def test_compression_can_be_off(tmp_path: Path) -> None:
    """All responses are plain."""
    async with serving(tmp_path, files=MANY, compress=False) as client:
        answer = await get(client, headers={"Accept-Encoding": "gzip, br, zstd"}, variables={"first": 60})
    assert "content-encoding" not in answer.headers
    assert "Accept-Encoding" not in answer.headers["vary"]
    assert len(answer.json()["data"]["articles"]["nodes"]) == 60
