"""Hidden articles do not affect public answers: a server with drafts and one without answer equally."""

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
from gateway.web.responses import SECURITY_HEADERS
from tests.conftest import NO_TLS
from tests.drafts import CANARY, DRAFTS, HIDDEN, PUBLIC, SECURED, Twins, twins
from tests.service import Service, listening_service, listening_to, post
from tests.test_delta_sync import events, next_of
from tests.test_websocket import ask, connection, receive, send
from tests.walk import Walk

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
SCHEMA = build_schema(print_sdl())
FINDERS = {
    "article": 'slug: "two"',
    "provider": 'domain: "gazette.example"',
    "topic": 'name: "News"',
    "author": 'name: "desk"',
}
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
EDITOR = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
EVERYTHING = """{
  articles(first: 100) {
    pageInfo { endCursor }
    nodes {
      id slug path webUrl source { sha256 } provider { id slug domain } topics { id slug name }
      authors { id slug name url images { url } }
      related { id webUrl }
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
    """Every text in the public responses to EVERYTHING."""
    hidden: frozenset[str]
    """Texts that are only in an editor's responses."""
    step: int
    """Every how many queries one is asked."""

    @property
    def walk(self) -> Walk:
        ids = sorted(text for text in self.known if re.fullmatch(r"[a-z]{2}_[A-Za-z0-9_-]{22}", text))
        plain = {
            "id": json.dumps(ids[0]),
            "ids": json.dumps(ids),
            "query": '"harbour"',
            "interval": "DAY",
            "url": '"/place/"',
            "locale": '"quaggalocale"',
        }
        return Walk(SCHEMA, plain, FINDERS)

    async def shared_response(self, method: str, path: str, **sent: Any) -> bytes:
        """The response of both servers, which must be equal, including headers."""
        one, other = [await client.request(method, path, **sent) for client in self.clients]
        for response in (one, other):
            del response.headers["x-request-id"]
        assert (one.status_code, one.headers, one.content) == (other.status_code, other.headers, other.content)
        return one.content

    def check(self, response: bytes) -> None:
        """The text contains no word or identifier of a draft."""
        text = response.decode()
        assert [word for word in (CANARY, SECURED, HIDDEN, *self.hidden) if word in text] == []


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def asked(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Asked]:
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    async with twins(tmp_path, server) as both, AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(each.app), base_url="http://localhost")
            )
            for each in both
        ]
        known = frozenset(texts((await post(other, EVERYTHING))["data"]))
        seen = frozenset(texts((await post(one, EVERYTHING, EDITOR))["data"]))
        yield Asked(both, (one, other), known, seen - known, step=1 if FULL or server is None else 8)


def in_batches(queries: Iterable[str]) -> Iterator[list[dict[str, str]]]:
    left = iter(queries)
    while batch := [{"query": query} for query in islice(left, 10)]:
        yield batch


async def test_corpus_has_hidden_articles(asked: Asked) -> None:
    """An editor sees four more articles, so the other tests can detect a leak."""
    query = "{ articles { totalCount } corpus { articleCount draftCount issues { path } } topics { totalCount } }"
    [public, preview] = [(await post(asked.clients[0], query, headers))["data"] for headers in ({}, EDITOR)]
    assert (public["articles"]["totalCount"], preview["articles"]["totalCount"]) == (4, 8)
    assert (public["topics"]["totalCount"], preview["topics"]["totalCount"]) == (3, 5)
    assert {issue["path"] for issue in preview["corpus"]["issues"]} >= {"kept.md", "set-aside.md", "broken.md"}
    assert len(asked.hidden) > 20
    with pytest.raises(AssertionError):
        asked.check(orjson.dumps(preview | {"words": sorted(asked.hidden)}))
    with pytest.raises(AssertionError):
        await asked.shared_response("POST", "/graphql", json={"query": query}, headers=EDITOR)


@pytest.mark.timeout(1800)
async def test_every_field_is_equal_on_both_servers(asked: Asked) -> None:
    """The responses for each field, by many paths, are equal, and contain no hidden word, id or digest."""
    count = 0
    every_way = asked.walk.everything(6) if FULL else islice(asked.walk.everything(4), 0, None, 2 * asked.step)
    for batch in in_batches(every_way):
        response = await asked.shared_response("POST", "/graphql", json=batch)
        asked.check(response)
        count += sum("errors" not in answer for answer in orjson.loads(response))
    assert count > 400 / asked.step


async def test_every_transport_is_equal_on_both_servers(asked: Asked) -> None:
    """GET and WebSocket give the responses of POST."""
    queries = list(asked.walk.everything(2))
    for query in queries:
        asked.check(await asked.shared_response("GET", "/graphql", params={"query": query}, headers=PREFLIGHT))
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
async def test_no_argument_finds_hidden_articles(asked: Asked) -> None:
    """A word, id, path, address, cursor or token of a draft has the effect of an invented one.

    Each is tried in every text argument, also truncated and misspelt. Each value of an enum is tried.
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
    step = 1 if FULL else len(words) - 1  # a different word at each place
    count = 0
    for batch in in_batches(islice(asked.walk.asked_with(words), 0, None, step * asked.step)):
        response = orjson.loads(await asked.shared_response("POST", "/graphql", json=batch))
        count += sum("errors" not in answer for answer in response)
    assert count > 400 / asked.step


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
async def test_errors_are_equal_on_both_servers(asked: Asked, sent: Mapping[str, Any]) -> None:
    """Errors do not depend on the content."""
    await asked.shared_response("POST", "/graphql", **sent)


async def test_other_paths_are_equal_on_both_servers(asked: Asked) -> None:
    """Health checks, pages, and paths that resemble a draft's."""
    paths = ["/", "/healthz", "/readyz", "/schema.graphql", "/graphiql", "/metrics", "/-/reload", "/-/preview"]
    for path in [*paths, "/quaggapath.md", "/quaggaslug"]:
        asked.check(await asked.shared_response("GET", path))


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


async def test_changes_of_drafts_are_not_synced(asked: Asked) -> None:
    """Sync clients get nothing, and the next public change is equal on both servers."""
    whole = orjson.loads(await asked.shared_response("POST", "/graphql", json={"query": CHANGES}))["data"]["changes"]
    since = {"query": CHANGES, "variables": {"since": whole["token"]}}
    await asked.both.own.change(LATER)
    response = await asked.shared_response("POST", "/graphql", json=since)
    assert orjson.loads(response)["data"]["changes"]["changes"] == []
    await asked.both.change({"one.md": PUBLIC["one.md"].replace("harbour", "port")})
    response = await asked.shared_response("POST", "/graphql", json=since)
    asked.check(response)
    assert len(orjson.loads(response)["data"]["changes"]["changes"]) == 1


async def test_subscribers_get_no_drafts(asked: Asked) -> None:
    """Over WebSocket and as server-sent events, both servers send the same public events."""
    one, other = [await live(each, LATER if each is asked.both.own else {}) for each in asked.both]
    assert one == other
    assert {name: len(events) for name, events in one.items()} == {
        "sse corpus": 1,
        "corpus": 1,
        "articles": 1,
    }
    asked.check(orjson.dumps(one))


Next = Callable[[], Awaitable[Any]]


async def live(found: Service, drafts: Mapping[str, str | None]) -> Mapping[str, list[Any]]:
    """The events after a change of drafts and a public change."""
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
    """Repeat changes until each subscriber has received one."""
    coming, number = asyncio.gather(*(each() for each in subscribed.values())), 0
    while not coming.done():
        await found.change({"one.md": PUBLIC["one.md"].replace("One", f"One {number}")})
        number += 1
        await asyncio.wait({coming}, timeout=0.2)
    await coming


async def publish(found: Service, url: str, subscribed: Mapping[str, Next], title: str) -> Mapping[str, list[Any]]:
    """The events up to a public change, without revisions, which depend on earlier changes."""
    await found.change({"two.md": PUBLIC["two.md"].replace("Two", title)})
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        sent = {"query": "{ corpus { revision } }"}
        revision = (await client.post(f"{url}/graphql", json=sent)).json()["data"]["corpus"]["revision"]
    return {name: await read_to(each, revision, title) for name, each in subscribed.items()}


async def read_to(coming: Next, revision: str, title: str) -> list[Any]:
    events: list[Any] = []
    while True:
        data = (await coming())["data"]
        events.append(data)
        if change := data.get("corpusChanged"):
            if change.pop("revision") == revision:
                return events
        elif data["articleChanged"]["article"]["title"].startswith(title):
            return events


# Defaults.


async def test_defaults_of_serve(tmp_path: Path) -> None:
    """No schema, suggestion, page, count, software name or plain GET, and the default limits."""
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
