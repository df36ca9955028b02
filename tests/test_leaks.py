"""Nothing that is hidden shapes what a stranger is told: two servers, one with drafts and one without, answer alike."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import pytest
import pytest_asyncio
from graphql import build_schema
from websockets.asyncio.client import ClientConnection

from gateway.graph.schema import print_sdl
from gateway.web.middleware import SECURITY_HEADERS
from tests.conftest import NO_TLS
from tests.drafts import CANARY, DRAFTS, HIDDEN, PUBLIC, SECURED, Twins, twins
from tests.service import Service, listening_service, listening_to, post
from tests.test_delta_sync import events, next_of
from tests.test_websocket import ask, connection, receive, send
from tests.walk import Walk

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
SCHEMA = build_schema(print_sdl())
FINDERS = {"article": 'slug: "two"', "provider": 'domain: "gazette.example"', "topic": 'name: "News"'}
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
EDITOR = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
EVERYTHING = """{
  articles(first: 100) {
    pageInfo { endCursor }
    nodes {
      id slug path webUrl source { sha256 } provider { id slug domain } topics { id slug name } related { id webUrl }
    }
  }
  changes { token }
  corpus { revision }
}"""


class Asked(NamedTuple):
    """Both servers, each with its client."""

    both: Twins
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient]
    known: frozenset[str]
    """What the public may know: every text that it is told in EVERYTHING."""
    hidden: frozenset[str]
    """What only an editor is told there."""

    @property
    def walk(self) -> Walk:
        ids = sorted(text for text in self.known if re.fullmatch(r"[a-z]{2}_[A-Za-z0-9_-]{22}", text))
        plain = {"id": json.dumps(ids[0]), "ids": json.dumps(ids), "query": '"harbour"', "interval": "DAY"}
        return Walk(SCHEMA, plain, FINDERS)

    async def told(self, method: str, path: str, **sent: Any) -> bytes:
        """What both are told, which must be equal, in its headers too."""
        one, other = [await client.request(method, path, **sent) for client in self.clients]
        for response in (one, other):
            del response.headers["x-request-id"]
        assert (one.status_code, one.headers, one.content) == (other.status_code, other.headers, other.content)
        return one.content

    def check(self, told: bytes) -> None:
        """No word of a draft stands in it, nor what identifies one."""
        text = told.decode()
        assert [word for word in (CANARY, SECURED, HIDDEN, *self.hidden) if word in text] == []


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


@pytest_asyncio.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with twins(tmp_path) as both, AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(each.app), base_url="http://localhost")
            )
            for each in both
        ]
        known = frozenset(texts((await post(other, EVERYTHING))["data"]))
        seen = frozenset(texts((await post(one, EVERYTHING, EDITOR))["data"]))
        yield Asked(both, (one, other), known, seen - known)


def in_batches(queries: Iterable[str]) -> Iterator[list[dict[str, str]]]:
    left = iter(queries)
    while batch := [{"query": query} for query in islice(left, 10)]:
        yield batch


async def test_the_corpus_has_something_to_hide(asked: Asked) -> None:
    """An editor is told of four articles more, and the two differ then; else no other test would show a thing."""
    query = "{ articles { totalCount } corpus { articleCount draftCount issues { path } } topics { totalCount } }"
    [public, preview] = [(await post(asked.clients[0], query, headers))["data"] for headers in ({}, EDITOR)]
    assert (public["articles"]["totalCount"], preview["articles"]["totalCount"]) == (4, 8)
    assert (public["topics"]["totalCount"], preview["topics"]["totalCount"]) == (3, 5)
    assert {issue["path"] for issue in preview["corpus"]["issues"]} >= {"kept.md", "set-aside.md", "broken.md"}
    assert len(asked.hidden) > 20
    with pytest.raises(AssertionError):
        asked.check(orjson.dumps(preview | {"words": sorted(asked.hidden)}))
    with pytest.raises(AssertionError):
        await asked.told("POST", "/graphql", json={"query": query}, headers=EDITOR)


@pytest.mark.timeout(1800)
async def test_every_way_through_the_schema_tells_nothing(asked: Asked) -> None:
    """Each field, by many ways to it: the answers of both are equal, and hold no hidden word, id or digest."""
    count = 0
    every_way = asked.walk.everything(6) if FULL else islice(asked.walk.everything(4), 0, None, 2)
    for batch in in_batches(every_way):
        told = await asked.told("POST", "/graphql", json=batch)
        asked.check(told)
        count += sum("errors" not in answer for answer in orjson.loads(told))
    assert count > 400


async def test_no_way_to_ask_tells_anything(asked: Asked) -> None:
    """By GET and over a WebSocket answers are what they are by POST."""
    queries = list(asked.walk.everything(2))
    for query in queries:
        asked.check(await asked.told("GET", "/graphql", params={"query": query}, headers=PREFLIGHT))
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(listening_to(each)) for each in asked.both]
        sockets = [
            await stack.enter_async_context(connection(url.replace("http", "ws", 1) + "/graphql")) for url in urls
        ]
        for query in queries:
            one, other = [await ask(socket, query) for socket in sockets]
            assert one == other
            assert "errors" not in one
            asked.check(orjson.dumps(one))


@pytest.mark.timeout(1800)
async def test_no_argument_finds_what_is_hidden(asked: Asked) -> None:
    """A word, an id, a path, an address, a cursor or a token of a draft is to a stranger as if it were made up.

    It is tried wherever text may stand, also cut and misspelt; of enums, such as a status, each value is.
    """
    spelt = [
        "quaggatitle",
        "quaggatitel",
        "quaggat",
        "harbour quaggabody",
        "quaggascheduled",
        "QUAGGATOPIC",
        "quaggahiden",
    ]
    words = sorted({*spelt, "quaggaearlier", "layout", "secured", *asked.hidden})
    step = 1 if FULL else len(words) - 1  # so that each place is tried with another word
    count = 0
    for batch in in_batches(islice(asked.walk.asked_with(words), 0, None, step)):
        told = orjson.loads(await asked.told("POST", "/graphql", json=batch))
        count += sum("errors" not in answer for answer in told)
    assert count > 400


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"query": "{ quaggatitle }"}},
        {"json": {"query": '{ article(slug: "quaggaslug", path: "quaggapath.md") { id } }'}},
        {"json": {"query": '{ articles(after: "quaggatitle") { nodes { id } } }'}},
        {"json": {"query": "{ articles(first: 1000) { nodes { id } } }"}},
        {"json": {"query": "{"}},
        {"json": {"query": "{ corpus { draftCount issues { message } } }"}, "headers": {"X-Include-Drafts": "true"}},
        {"json": {"query": "{ corpus { draftCount issues { message } } }"}, "headers": {"X-Include-Drafts": "false"}},
        {"json": {"query": "{ corpus { articleCount } }"}, "headers": {"Authorization": "Bearer quaggatitle"}},
        {"json": {"query": "{ corpus { articleCount } }"}, "headers": {"If-None-Match": '"quagga", *'}},
    ],
)
async def test_errors_tell_nothing(asked: Asked, sent: Mapping[str, Any]) -> None:
    """What is wrong with a request is wrong with it whatever there is."""
    await asked.told("POST", "/graphql", **sent)


async def test_no_other_path_tells_anything(asked: Asked) -> None:
    """Neither health checks nor pages nor paths that look like a draft's."""
    paths = ["/", "/healthz", "/readyz", "/schema.graphql", "/graphiql", "/metrics", "/-/reload", "/-/preview"]
    for path in [*paths, "/quaggapath.md", "/quaggaslug"]:
        asked.check(await asked.told("GET", path))


CHANGES = (
    "query C($since: String) { changes(since: $since) { token hasMore reset changes { type id article { title } } } }"
)
SUBSCRIPTIONS = {
    "corpus": "subscription { corpusChanged { revision added updated removed } }",
    "articles": "subscription { articleChanged { type id article { title slug topics { name slug } } } }",
}
LATER = {
    "quaggapath.md": DRAFTS["quaggapath.md"].replace("quaggatitle", "quaggaother"),
    "new.md": "---\ntitle: quaggafresh\ndraft: true\ntopics: [News, quaggafresh]\n---\n",
    "scheduled.md": None,
    "broken.md": "---\ntitle: quaggamended\ndraft: true\n---\n",
}


async def test_changes_among_drafts_are_not_told(asked: Asked) -> None:
    """To a client that keeps a copy nothing has happened, and the next change is told alike."""
    whole = orjson.loads(await asked.told("POST", "/graphql", json={"query": CHANGES}))["data"]["changes"]
    since = {"query": CHANGES, "variables": {"since": whole["token"]}}
    await asked.both.own.change(LATER)
    told = await asked.told("POST", "/graphql", json=since)
    assert orjson.loads(told)["data"]["changes"]["changes"] == []
    await asked.both.change({"one.md": PUBLIC["one.md"].replace("harbour", "port")})
    told = await asked.told("POST", "/graphql", json=since)
    asked.check(told)
    assert len(orjson.loads(told)["data"]["changes"]["changes"]) == 1


async def test_subscribers_are_not_told_of_drafts(asked: Asked) -> None:
    """Over WebSockets and as server-sent events both tell the same, and only of what the public sees."""
    one, other = [await live(each, LATER if each is asked.both.own else {}) for each in asked.both]
    assert one == other
    assert {name: len(told) for name, told in one.items()} == {"sse corpus": 1, "corpus": 1, "articles": 1}
    asked.check(orjson.dumps(one))


Next = Callable[[], Awaitable[Any]]


async def live(found: Service, drafts: Mapping[str, str | None]) -> Mapping[str, list[Any]]:
    """What subscribers are told of a change of drafts, and of one that the public sees after it."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(listening_to(found))
        stream = await stack.enter_async_context(events(url, SUBSCRIPTIONS["corpus"]))
        subscribed: dict[str, Next] = {"sse corpus": partial(next_of, stream)}
        for name, query in SUBSCRIPTIONS.items():
            socket = await stack.enter_async_context(connection(url.replace("http", "ws", 1) + "/graphql"))
            await send(socket, {"type": "subscribe", "id": "1", "payload": {"query": query}})
            subscribed[name] = partial(payload_of, socket)
        await until_all_listen(found, subscribed)
        await publish(found, url, subscribed, "Marked")
        await found.change(drafts)
        return await publish(found, url, subscribed, "Last")


async def payload_of(socket: ClientConnection) -> Any:
    return (await receive(socket))["payload"]


async def until_all_listen(found: Service, subscribed: Mapping[str, Next]) -> None:
    """A subscriber may not have begun: changes are made until each was told of one."""
    coming, number = asyncio.gather(*(each() for each in subscribed.values())), 0
    while not coming.done():
        await found.change({"one.md": PUBLIC["one.md"].replace("One", f"One {number}")})
        number += 1
        await asyncio.wait({coming}, timeout=0.2)
    await coming


async def publish(found: Service, url: str, subscribed: Mapping[str, Next], title: str) -> Mapping[str, list[Any]]:
    """What each is told up to the public change that is made here, without revisions, which count what came before."""
    await found.change({"two.md": PUBLIC["two.md"].replace("Two", title)})
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        sent = {"query": "{ corpus { revision } }"}
        revision = (await client.post(f"{url}/graphql", json=sent)).json()["data"]["corpus"]["revision"]
    return {name: await read_to(each, revision, title) for name, each in subscribed.items()}


async def read_to(coming: Next, revision: str, title: str) -> list[Any]:
    told: list[Any] = []
    while True:
        data = (await coming())["data"]
        told.append(data)
        if change := data.get("corpusChanged"):
            if change.pop("revision") == revision:
                return told
        elif data["articleChanged"]["article"]["title"].startswith(title):
            return told


# What an auditor finds.


async def test_serve_with_its_defaults_gives_an_auditor_nothing(tmp_path: Path) -> None:
    """No schema, suggestion, page, count, name of the software or plain GET, and no more than is allowed."""
    async with (
        listening_service(tmp_path) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as client,
    ):

        async def codes(sent: object) -> set[str]:
            answer = (await client.post("/graphql", json=sent)).json()
            return {error["extensions"]["code"] for error in answer["errors"]}

        for query in ("{ __schema { queryType { name } } }", '{ __type(name: "Article") { name } }'):
            assert await codes({"query": query}) == {"GRAPHQL_VALIDATION_FAILED"}
        for query in (
            "{ articlez { totalCount } }",
            "{ articles(frist: 1) { totalCount } }",
            "{ corpus { draftCont } }",
        ):
            answer = await client.post("/graphql", json={"query": query})
            assert "Did you mean" not in answer.text
        for path in ("/", "/graphiql", "/graphql/", "/schema.graphql", "/metrics", "/-/preview", "/-/reload", "/docs"):
            assert (await client.get(path)).status_code in {404, 307}
        assert [(await client.get(path)).json() for path in ("/healthz", "/readyz")] == [
            {"status": "ok"},
            {"status": "ready"},
        ]
        plain = await client.get("/graphql", params={"query": "{ __typename }"})
        assert (plain.status_code, plain.json()["errors"][0]["extensions"]["code"]) == (400, "PREFLIGHT_REQUIRED")
        assert await codes([{"query": "{ __typename }"}] * 11) == {"LIMIT_EXCEEDED"}
        assert await codes({"query": f"{{ {' '.join(f'a{n}: __typename' for n in range(101))} }}"}) == {
            "LIMIT_EXCEEDED"
        }
        foreign = await client.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"Origin": "https://a.example"}
        )
        assert not [name for name in foreign.headers if name.startswith("access-control-allow")]
        for response in (plain, foreign, await client.get("/nope"), await client.get("/healthz")):
            assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
            assert {"server", "x-powered-by"}.isdisjoint(response.headers)
