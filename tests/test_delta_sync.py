"""Delta sync and subscriptions: over HTTP, as server-sent events and over WebSocket, on real sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import orjson
import pytest
from graphql.execution.collect_fields import CollectedFields
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection

from gateway.filters import Field, In, Not
from gateway.graph import sync
from gateway.graph.sync import CompactIdSet, FilterTracker
from gateway.model.records import Visibility
from gateway.store.sqlite.store import SqliteStore
from tests.conftest import NO_TLS
from tests.service import FILES, Service, listening_to, post, service, serving
from tests.store.documents import apply, document
from tests.test_websocket import connection, receive, send

pytestmark = pytest.mark.usefixtures("each_database_in_full")

CHANGES = """query Changes($since: String, $first: Int) {
  changes(since: $since, first: $first) { changes { type id article { title } } token hasMore reset }
}"""
CORPUS = "subscription { corpusChanged { revision added updated removed } }"
ARTICLES = "subscription { articleChanged { type id article { title topics { name } } } }"
NEW = "---\ntitle: New\ntopics: [News]\n---\n"
DRAFT = "---\ntitle: Still a draft\ndraft: true\n---\n"


# Delta sync.


async def test_client_keeps_a_copy(tmp_path: Path) -> None:
    """A full listing in pages, followed by added, changed and removed articles."""
    async with service(tmp_path) as found:
        transport = httpx.ASGITransport(found.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

            async def read(**variables: Any) -> Any:
                return (await post(client, CHANGES, **variables))["data"]["changes"]

            one = await read(first=1)
            two = await read(first=1, since=one["token"])
            assert [(page["hasMore"], page["reset"]) for page in (one, two)] == [(True, True), (False, False)]
            listed = {change["article"]["title"]: change for page in (one, two) for change in page["changes"]}
            assert listed.keys() == {"One", "Two"}
            await found.change({"new.md": NEW, "two.md": FILES["two.md"].replace("Two", "Second"), "one.md": None})
            changed = (await read(since=two["token"]))["changes"]
            assert {(change["type"], change["article"] and change["article"]["title"]) for change in changed} == {
                ("ADDED", "New"),
                ("UPDATED", "Second"),
                ("REMOVED", None),
            }
            assert [change["id"] for change in changed if change["type"] == "REMOVED"] == [listed["One"]["id"]]


@pytest.mark.parametrize(
    ("variables", "code"),
    [({"since": "x"}, "BAD_USER_INPUT"), ({"first": -1}, "BAD_USER_INPUT"), ({"first": 101}, "LIMIT_EXCEEDED")],
)
async def test_invalid_arguments_are_refused(tmp_path: Path, variables: dict[str, Any], code: str) -> None:
    """An invalid token, and an invalid or large page size."""
    async with serving(tmp_path) as client:
        [error] = (await post(client, CHANGES, **variables))["errors"]
        assert error["extensions"]["code"] == code
        assert "errors" not in await post(client, CHANGES, since=None, first=None)


# Server-sent events.


@asynccontextmanager
async def events(url: str, query: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[AsyncIterator[Any]]:
    """The data of a query's events, and None for the event that ends the stream.

    The context is entered when the stream is open.
    """
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS, timeout=30) as client:
        accept = {"Accept": "text/event-stream", **(headers or {})}
        async with client.stream("POST", f"{url}/graphql", json={"query": query}, headers=accept) as response:
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            lines = response.aiter_lines()
            assert await anext(lines) == ":"
            yield _events(lines)


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[Any]:
    async for line in lines:
        if line == "event: complete":
            yield None
        elif line.startswith("data: "):
            yield orjson.loads(line.removeprefix("data: "))


async def next_of(stream: AsyncIterator[Any]) -> Any:
    async with asyncio.timeout(30):
        return await anext(stream)


async def event_of_change(found: Service, stream: AsyncIterator[Any], files: Mapping[str, str | None]) -> Any:
    """The event of a change. The change is repeated until the subscription has started."""
    coming = asyncio.ensure_future(next_of(stream))
    number = 0
    while not coming.done():
        await found.change(
            {path: text and text.replace("---\n", f"---\nheat: {number}\n", 1) for path, text in files.items()}
        )
        number += 1
        await asyncio.wait({coming}, timeout=0.2)
    return coming.result()


async def test_changes_are_events(tmp_path: Path) -> None:
    """A subscriber gets each visible change, with the current article."""
    async with service(tmp_path) as found, listening_to(found) as url, events(url, ARTICLES) as stream:
        first = await event_of_change(found, stream, {"new.md": NEW})
        article = {"title": "New", "topics": [{"name": "News"}]}
        assert first["data"]["articleChanged"]["type"] == "ADDED"
        assert first["data"]["articleChanged"]["article"] == article
        await found.change({"draft.md": DRAFT})
        await found.change({"new.md": None})
        while (change := (await next_of(stream))["data"]["articleChanged"])["type"] == "UPDATED":
            assert change["article"] == article
        assert change == {"type": "REMOVED", "id": first["data"]["articleChanged"]["id"], "article": None}


async def test_each_event_is_charged(tmp_path: Path) -> None:
    """The subscription pays the first event, each later one is charged. One over the rate ends the stream with the
    error."""
    cost = 1 + 1 + 10  # the change, its article and the topics
    rate = 1 + 2 * cost
    async with service(tmp_path, rate_limit=rate) as found, listening_to(found) as url, events(url, ARTICLES) as stream:
        seen = [await event_of_change(found, stream, {"new.md": NEW})]
        while "data" in seen[-1]:
            await found.change({"new.md": NEW.replace("New", f"New {len(seen)}")})
            seen.append(await next_of(stream))
        assert len(seen) == 3
        assert [error["extensions"] for error in seen[-1]["errors"]] == [{"code": "RATE_LIMITED"}]
        assert await next_of(stream) is None


async def test_filtered_subscription(tmp_path: Path) -> None:
    """An article that starts to match is added, one that still matches is updated, one that stops is removed."""
    query = 'subscription { articleChanged(filter: {topics: {anyOf: ["News"]}}) { type article { title } } }'
    async with service(tmp_path) as found, listening_to(found) as url, events(url, query) as stream:
        first = (await event_of_change(found, stream, {"new.md": NEW}))["data"]["articleChanged"]
        assert first == {"type": "ADDED", "article": {"title": "New"}}
        await found.change({"other.md": NEW.replace("News", "Sport"), "two.md": FILES["two.md"].replace("Two", "2")})
        await found.change({"two.md": FILES["two.md"].replace("Two", "Two\ntopics: [News]")})
        await found.change({"one.md": FILES["one.md"].replace("News", "Sport")})
        await found.change({"new.md": None})
        seen: list[tuple[str, object]] = []
        while len(seen) < 3:
            change = (await next_of(stream))["data"]["articleChanged"]
            if change != {"type": "UPDATED", "article": {"title": "New"}}:
                seen.append((change["type"], change["article"] and change["article"]["title"]))
        assert seen == [("ADDED", "Two"), ("REMOVED", None), ("REMOVED", None)]


async def test_filter_that_matches_too_many(tmp_path: Path) -> None:
    """The change that exceeds the limit ends the subscription."""
    query = 'subscription { articleChanged(filter: {topics: {anyOf: ["News"]}}) { type } }'
    async with service(tmp_path, limit_records=2) as found, listening_to(found) as url, events(url, query) as stream:
        first = await event_of_change(found, stream, {"new.md": NEW})
        assert first == {"data": {"articleChanged": {"type": "ADDED"}}}
        await found.change({"newer.md": NEW})
        while "data" in (last := await next_of(stream)):
            assert last == {"data": {"articleChanged": {"type": "UPDATED"}}}
        assert [error["extensions"]["limit"] for error in last["errors"]] == ["records"]
        assert await next_of(stream) is None


@pytest.mark.parametrize("filter_", ["{}", "{and: [{}, {provider: {}}]}"])
async def test_filter_without_conditions(tmp_path: Path, filter_: str) -> None:
    """It keeps no ids, whatever the number of articles."""
    query = f"subscription {{ articleChanged(filter: {filter_}) {{ type }} }}"
    async with service(tmp_path, limit_records=1) as found, listening_to(found) as url, events(url, query) as stream:
        assert await event_of_change(found, stream, {"new.md": NEW}) == {"data": {"articleChanged": {"type": "ADDED"}}}


async def test_memory_of_a_filter(tmp_path: Path) -> None:
    """A few bytes per matching article, and not its id."""
    number = 2000
    store = await SqliteStore.open(tmp_path / "content.db")
    try:
        await apply(store, *(document(str(each)) for each in range(number)))
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            sieves = [FilterTracker(Not(In(Field.PATH, ("none",))), number) for _ in range(9)]
            tracemalloc.start()
            try:
                sizes = []
                for tracker in sieves:
                    await tracker.fill(snapshot)
                    gc.collect()
                    sizes.append(held_by(sync))
            finally:
                tracemalloc.stop()
        assert sizes[-1] - sizes[0] < (len(sieves) - 1) * number * 16
    finally:
        await store.close()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20).map(str))), st.sets(st.integers(0, 20).map(str)))
def test_id_set(steps: list[tuple[bool, str]], first: set[str]) -> None:
    """After any additions and removals the contents equal those of a set."""
    ids = CompactIdSet(first)
    for comes, id_ in steps:
        (ids.add if comes else ids.discard)(id_)
        (first.add if comes else first.discard)(id_)
        assert len(ids) == len(first)
        assert {each for each in map(str, range(21)) if each in ids} == first


async def test_large_filter_is_refused(tmp_path: Path) -> None:
    """As in a query."""
    async with service(tmp_path) as found, listening_to(found) as url, events(url, FILTERED) as stream:
        [error] = (await next_of(stream))["errors"]
        assert error["extensions"]["limit"] == "filter_values"


async def test_generations_are_events(tmp_path: Path) -> None:
    """They have counts. Only previews get counts of drafts."""
    async with service(tmp_path) as found, listening_to(found) as url:
        headers = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
        async with events(url, CORPUS, headers) as preview, events(url, CORPUS) as public:
            assert (await event_of_change(found, public, {"new.md": NEW}))["data"]["corpusChanged"]["added"] == 1
            change = (await event_of_change(found, preview, {"draft.md": DRAFT}))["data"]["corpusChanged"]
            assert change["updated"] + change["added"] >= 1
            await found.change({"one.md": None})
            while (last := (await next_of(public))["data"]["corpusChanged"])["removed"] == 0:
                assert last["updated"] == 1
            assert (last["added"], last["removed"]) == (0, 1)


async def test_subscription_releases_its_events(tmp_path: Path) -> None:
    """The executor's data of an event is released at the next one."""
    async with service(tmp_path) as found, listening_to(found) as url, events(url, ARTICLES) as stream:
        await event_of_change(found, stream, {"new.md": NEW})
        before = kept_selections()
        for number in range(30):
            await found.change({"new.md": NEW.replace("New", f"New {number}")})
            await next_of(stream)
        assert kept_selections() - before < 10


def held_by(module: ModuleType) -> int:
    """The bytes allocated by a module. Allocations of the rest of the process, such as a driver's thread, do not
    count."""
    assert module.__file__
    found = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, module.__file__)])
    return sum(trace.size for trace in found.traces)


def kept_selections() -> int:
    """The number of field selections that executors hold."""
    gc.collect()
    return sum(type(each) is CollectedFields for each in gc.get_objects())


async def test_changed_problems_are_events_for_previews(tmp_path: Path) -> None:
    """A broken or fixed file changes what a preview sees, but no article. The public gets no event."""
    async with service(tmp_path) as found, listening_to(found) as url:
        headers = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
        async with events(url, CORPUS, headers) as preview, events(url, CORPUS) as public:
            for stream in (preview, public):
                await event_of_change(found, stream, {"new.md": NEW})
            for text in ("---\ntitle: A: b\n---\n", None):
                await found.change({"broken.md": text})
                while any(number for name, number in (await corpus_of(preview)).items() if name != "revision"):
                    continue
            await found.change({"one.md": None})
            while (last := await corpus_of(public))["removed"] == 0:
                assert last["updated"] == 1
            assert (last["added"], last["updated"]) == (0, 0)


async def corpus_of(stream: AsyncIterator[Any]) -> Any:
    return (await next_of(stream))["data"]["corpusChanged"]


async def test_query_as_an_event(tmp_path: Path) -> None:
    """For a client that accepts only events. The stream ends after it."""
    query = "{ articles { totalCount } }"
    async with service(tmp_path) as found, listening_to(found) as url, events(url, query) as stream:
        assert await next_of(stream) == {"data": {"articles": {"totalCount": 2}}}
        assert await next_of(stream) is None


async def test_subscription_needs_a_stream(tmp_path: Path) -> None:
    """It is refused if the client accepts only JSON, by GET, and in a batch."""
    async with serving(tmp_path) as client:
        plain = await client.post("/graphql", json={"query": CORPUS})
        assert (plain.status_code, plain.json()["errors"][0]["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")
        headers = {"Accept": "text/event-stream", "GraphQL-Require-Preflight": "1"}
        got = await client.get("/graphql", params={"query": CORPUS}, headers=headers)
        assert (got.status_code, got.headers["allow"]) == (405, "POST")
        [batched] = (await client.post("/graphql", json=[{"query": CORPUS}])).json()
        assert batched["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("query", ["subscription { nothing }", "{", "{" + " __typename" * 501 + "}"])
async def test_refused_operation_is_an_event(tmp_path: Path, query: str) -> None:
    """Clients that accept only events would retry after an error status."""
    async with service(tmp_path) as found, listening_to(found) as url, events(url, query) as stream:
        [error] = (await next_of(stream))["errors"]
        assert error["extensions"]["code"] in {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "LIMIT_EXCEEDED"}
        assert await next_of(stream) is None


LISTED = "{ articles { nodes { title } } }"
TOO_MANY_VALUES = orjson.dumps(["x"] * 1001).decode()
FILTERED = f"subscription {{ articleChanged(filter: {{path: {{in: {TOO_MANY_VALUES}}}}}) {{ id }} }}"
MATCHING_TWO = 'subscription { articleChanged(filter: {path: {endsWith: ".md"}}) { type } }'
REFUSED_AT_WORK = [
    (LISTED, {"limit_records": 1}, "LIMIT_EXCEEDED"),
    (LISTED, {"limit_operation_seconds": 1e-6}, "OPERATION_TIMED_OUT"),
    (ARTICLES, {"limit_operation_seconds": 1e-6}, "OPERATION_TIMED_OUT"),
    (FILTERED, {}, "LIMIT_EXCEEDED"),
    (MATCHING_TWO, {"limit_records": 1}, "LIMIT_EXCEEDED"),
]
"""Operations that fail during execution: a query, the settings, and the code."""


@pytest.mark.parametrize(("query", "flags", "code"), REFUSED_AT_WORK)
async def test_execution_error_is_an_event(tmp_path: Path, query: str, flags: dict[str, Any], code: str) -> None:
    """It has errors and no data, and the stream is complete, so that the client does not retry."""
    async with service(tmp_path, **flags) as found, listening_to(found) as url, events(url, query) as stream:
        refusal = await next_of(stream)
        assert [error["extensions"]["code"] for error in refusal.pop("errors")] == [code]
        assert refusal == {}
        assert await next_of(stream) is None


async def test_malformed_request_has_a_status(tmp_path: Path) -> None:
    """It is not an event."""
    async with serving(tmp_path) as client:
        for sent, headers in ((b"{", {}), (b'{"query": "{ __typename }"}', {"Authorization": "Bearer unknown"})):
            accept = {"Accept": "text/event-stream", "Content-Type": "application/json", **headers}
            refused = await client.post("/graphql", content=sent, headers=accept)
            assert refused.status_code in {400, 401}
            assert refused.headers["content-type"] == "application/json; charset=utf-8"


# WebSocket.


def over_websocket(url: str) -> AbstractAsyncContextManager[ClientConnection]:
    return connection(url.replace("http", "ws", 1) + "/graphql")


async def test_changes_over_a_websocket(tmp_path: Path) -> None:
    """Several subscriptions and queries share a connection. Each subscription ends when its client stops it."""
    async with service(tmp_path) as found, listening_to(found) as url, over_websocket(url) as socket:
        for id_, query in (("corpus", CORPUS), ("articles", ARTICLES)):
            await send(socket, {"type": "subscribe", "id": id_, "payload": {"query": query}})
        seen = set[str]()
        number = 0
        while seen != {"corpus", "articles"}:
            await found.change({"new.md": NEW.replace("New", f"New {number}")})
            number += 1
            try:
                async with asyncio.timeout(0.5):
                    seen.add(orjson.loads(await socket.recv())["id"])
            except TimeoutError:
                continue
        for id_ in ("corpus", "articles"):
            await send(socket, {"type": "complete", "id": id_})
        await send(socket, {"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}})
        while (message := await receive(socket))["id"] != "1":
            assert message["type"] == "next"
        assert message["payload"] == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(("query", "flags", "code"), REFUSED_AT_WORK)
async def test_execution_error_over_a_websocket(tmp_path: Path, query: str, flags: dict[str, Any], code: str) -> None:
    """It is the operation's last message. The id may be reused, and the connection stays open."""
    async with service(tmp_path, **flags) as found, listening_to(found) as url, over_websocket(url) as socket:
        for _ in range(2):
            await send(socket, {"type": "subscribe", "id": "1", "payload": {"query": query}})
            message = await receive(socket)
            assert (message["id"], message["type"]) == ("1", "error")
            assert [error["extensions"]["code"] for error in message["payload"]] == [code]


# Shutdown.


async def test_server_stops_with_subscribers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The server ends in order without completing the streams."""
    with caplog.at_level(logging.WARNING):
        async with service(tmp_path) as found:
            async with listening_to(found) as url:
                stack = events(url, CORPUS)
                stream = await stack.__aenter__()
                socket = over_websocket(url)
                opened = await socket.__aenter__()
                await send(opened, {"type": "subscribe", "id": "1", "payload": {"query": CORPUS}})
                await event_of_change(found, stream, {"new.md": NEW})
            assert [event async for event in stream if event is None] == []
            await stack.__aexit__(None, None, None)
            await socket.__aexit__(None, None, None)
    assert [record.message for record in caplog.records] == []
