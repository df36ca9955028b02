"""HTTP caching: what may be kept, for how long, how it is asked for again, and what has it dropped."""

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

QUERY = "query Titles($first: Int) { articles(first: $first) { nodes { title } } }"
PRIVATE = "private, no-store"
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
RESPONSE = "application/graphql-response+json"


def client_of(found: Service) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(found.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def get(client: httpx.AsyncClient, query: str = QUERY, headers: Any = None, **more: Any) -> httpx.Response:
    """`more` are parameters of the URL, as JSON where they are no text."""
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


# Asked for again.


async def test_what_a_client_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    """The ETag of an answer brings 304 without a body, with what a cache needs to go on keeping it."""
    first = await get(client)
    again = await get(client, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert "content-type" not in again.headers


async def test_an_answer_is_new_when_the_content_is(found: Service, client: httpx.AsyncClient) -> None:
    """A public change has another ETag; a change among drafts has none, and empties no cache."""
    first = await get(client)
    await found.change({"draft.md": "---\ntitle: Another draft\ndraft: true\n---\n"})
    known = {"If-None-Match": first.headers["etag"]}
    assert (await get(client, headers=known)).status_code == 304
    await found.change({"new.md": "---\ntitle: New\ndate: 2024-01-03\n---\n"})
    now = await get(client, headers=known)
    assert (now.status_code, now.json()["data"]["articles"]["nodes"][0]) == (200, {"title": "New"})
    assert now.headers["etag"] != first.headers["etag"]


async def test_an_etag_names_one_answer(client: httpx.AsyncClient) -> None:
    """Whatever an answer depends on is in it; what it does not depend on is not."""
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


async def test_a_digest_is_as_good_as_its_document(client: httpx.AsyncClient) -> None:
    """An answer by digest has the ETag of the one by document; a digest that is not known brings no 304."""
    missed = await get(client, "", extensions=by_digest(QUERY), headers={"If-None-Match": "*"})
    assert (missed.status_code, missed.headers["cache-control"]) == (200, PRIVATE)
    first = await get(client, extensions=by_digest(QUERY))
    known = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    again = await client.get("/graphql", params={"extensions": orjson.dumps(by_digest(QUERY)).decode()}, headers=known)
    assert again.status_code == 304


async def test_another_server_answers_with_other_names(tmp_path: Path) -> None:
    """What shapes its answers, and the database, are part of an ETag."""
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
def test_the_comparison_is_the_weak_one(sent: str, known: bool) -> None:
    """One name of the list is enough, whether weak or strong. What is in no quotes is no name."""
    assert is_not_modified('W/"a"', sent) is known


async def test_an_answer_that_is_known_costs_a_point(tmp_path: Path) -> None:
    """A client that has spent all but a few points still learns that nothing has changed."""
    async with serving(tmp_path, rate_limit=25) as client:
        etag = (await get(client)).headers["etag"]  # 1 + 21 points
        assert (await get(client)).status_code == 429
        for _ in range(2):
            assert (await get(client, headers={"If-None-Match": etag})).status_code == 304
        assert (await get(client, headers={"If-None-Match": etag})).status_code == 429


# What may be kept.


async def test_what_everybody_is_answered_may_be_kept(tmp_path: Path) -> None:
    """Fresh as long as the settings say, or not at all, which has caches ask each time."""
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
async def test_what_a_credential_is_answered_is_its_own(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """It has no ETag, no tags, and may be kept by nobody; nor is it told to be what somebody else was answered."""
    etag = (await get(client)).headers["etag"]
    answer = await get(client, headers={**headers, "If-None-Match": etag})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, PRIVATE)
    assert not {"etag", "cache-tag"} & {*answer.headers}


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer "])
async def test_an_empty_credential_is_none(client: httpx.AsyncClient, authorization: str) -> None:
    """Clients without a token send one: it is answered as if it were absent."""
    plain = await get(client)
    answer = await get(client, headers={"Authorization": authorization})
    assert (answer.status_code, answer.headers["etag"]) == (200, plain.headers["etag"])


async def test_in_dev_drafts_are_kept_by_nobody(tmp_path: Path) -> None:
    """They are shown to everyone there; what the public sees may be kept as it may under `serve`."""
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
async def test_errors_are_never_kept(client: httpx.AsyncClient, query: str) -> None:
    """Whatever is wrong, also where a part of the answer is right."""
    for accept in ("application/json", RESPONSE):
        answer = await get(client, query, headers={"Accept": accept})
        assert "errors" in answer.json()
        assert answer.headers["cache-control"] == PRIVATE
        assert not {"etag", "cache-tag"} & {*answer.headers}


async def test_a_post_is_kept_by_nobody(client: httpx.AsyncClient) -> None:
    """Nor is a batch."""
    for sent in ({"query": QUERY}, [{"query": QUERY}]):
        answer = await client.post("/graphql", json=sent, headers={"If-None-Match": "*"})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, PRIVATE)


async def test_a_stream_is_kept_by_nobody(client: httpx.AsyncClient) -> None:
    """Its client may name an answer of JSON that it has, and is sent events all the same."""
    etag = (await get(client)).headers["etag"]
    answer = await get(client, headers={"Accept": "text/event-stream", "If-None-Match": etag})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == PRIVATE


# Tags.


@pytest.mark.parametrize(
    ("header", "separator"), [("Cache-Tag", ","), ("Edge-Cache-Tag", ","), ("Surrogate-Key", " "), ("xkey", " ")]
)
async def test_an_answer_names_what_is_in_it(tmp_path: Path, header: str, separator: str) -> None:
    """Each record, and each list, in the header that the cache reads."""
    async with serving(tmp_path, cache_tags=header.upper()) as client:
        answer = await get(client, '{ article(slug: "one") { topics { name } } topics { totalCount } }')
    assert answer.headers[header].split(separator) == sorted(
        [article_id("one.md"), topic_id("news"), "corpus", "topics"]
    )


async def test_tags_are_left_out_on_demand(tmp_path: Path) -> None:
    """A cache that knows none of them has no use for them."""
    async with serving(tmp_path, cache_tags="none") as client:
        assert not [name for name in (await get(client)).headers if "tag" in name and name != "etag"]


# Compression.

MANY = {f"{number}.md": f"---\ntitle: Number {number}\n---\n" for number in range(60)} | FILES


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
@pytest.mark.parametrize("accept", ["application/json", RESPONSE])
async def test_a_long_answer_is_compressed(tmp_path: Path, encoding: str, accept: str) -> None:
    """For who takes that; its ETag is the one of the plain answer, and brings 304 with any encoding."""
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


async def test_zstd_is_not_what_who_takes_others_gets(tmp_path: Path) -> None:
    """Clients that offer it and cannot read it get br or gzip; the weights of a client count."""
    offers = {"gzip, deflate, br, zstd": "br", "zstd, gzip": "gzip", "zstd, gzip;q=0.9": "zstd", "zstd, br;q=0": "zstd"}
    async with serving(tmp_path, files=MANY) as client:
        for offered, expected in offers.items():
            answer = await get(client, headers={"Accept-Encoding": offered}, variables={"first": 60})
            assert answer.headers["content-encoding"] == expected
        plain = await get(client, headers={"Accept-Encoding": "gzip;q=0.5, identity"}, variables={"first": 60})
        assert "content-encoding" not in plain.headers


async def test_compression_can_be_left_to_a_proxy(tmp_path: Path) -> None:
    """Then every answer is plain."""
    async with serving(tmp_path, files=MANY, compress=False) as client:
        answer = await get(client, headers={"Accept-Encoding": "gzip, br, zstd"}, variables={"first": 60})
    assert "content-encoding" not in answer.headers
    assert "Accept-Encoding" not in answer.headers["vary"]
    assert len(answer.json()["data"]["articles"]["nodes"]) == 60
