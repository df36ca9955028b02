"""Variables that validation allows and execution refuses: a client error in every transport."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.conftest import NO_TLS
from tests.service import FILES, listening_service, listening_to, post, service, serving
from tests.test_websocket import ask, connection

pytestmark = pytest.mark.usefixtures("each_database_in_full")

NULL = {"given": None}
QUERIES = {
    "an argument": 'query Q($given: ID = "x") { node(id: $given) { id } }',
    "an argument in a fragment": 'query Q($given: String = "x") { ...F } '
    "fragment F on Query { search(query: $given) { totalCount } }",
    "a list": 'query Q($given: [ID!] = ["x"]) { nodes(ids: $given) { id } }',
    "an item of a list": 'query Q($given: ID = "x") { nodes(ids: [$given]) { id } }',
    "a field of an input object": "query Q($given: OrderDirection = ASC) "
    "{ articles(orderBy: [{field: TITLE, direction: $given}]) { totalCount } }",
    "an item within input objects": 'query Q($given: String = "x") '
    "{ articles(filter: {not: {title: {in: [$given]}}}) { totalCount } }",
    "a nested field's argument": "query Q($given: OrderDirection = ASC) "
    '{ article(path: "one.md") { topics { articles(orderBy: [{field: TITLE, direction: $given}]) { totalCount } } } }',
    "a directive on a root field": "query Q($given: Boolean = true) { articles @skip(if: $given) { totalCount } }",
    "a directive on a nested field": "query Q($given: Boolean = true) { articles { totalCount @include(if: $given) } }",
    "a directive on a fragment": "query Q($given: Boolean = true) "
    "{ articles { ... @include(if: $given) { totalCount } } }",
}
SUBSCRIPTION = 'subscription S($given: String = "x") { articleChanged(filter: {title: {in: [$given]}}) { type } }'
SKIPPING = "subscription S($given: Boolean = true) { articleChanged { type @skip(if: $given) } }"
REFUSED = ["BAD_USER_INPUT"]


def codes(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


def event(line: str) -> Any:
    return orjson.loads(line.removeprefix("data: "))


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
async def test_null_variable_at_a_non_null_position(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    """It is BAD_USER_INPUT with a location, and is not logged. Without the null the query runs."""
    async with serving(tmp_path) as client:
        refused = await post(client, query, **NULL)
        answered = await post(client, query)
    assert codes(refused) == REFUSED
    assert "'$given'" in refused["errors"][0]["message"]
    assert refused["errors"][0]["locations"]
    assert "errors" not in answered
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_null_variable_of_an_event_stream(tmp_path: Path) -> None:
    """The error is the only event, and the stream is complete."""
    async with serving(tmp_path) as client:
        sent = {"query": SUBSCRIPTION, "variables": NULL}
        streamed = await client.post("/graphql", json=sent, headers={"Accept": "text/event-stream"})
    [answer] = [event(line) for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert codes(answer) == REFUSED
    assert "event: complete" in streamed.text


async def test_null_variable_over_a_websocket(tmp_path: Path) -> None:
    """A query's error is in its result, a subscription's ends it. The connection stays open."""
    async with listening_service(tmp_path) as url, connection(url.replace("http", "ws", 1) + "/graphql") as socket:
        assert codes(await ask(socket, QUERIES["an item of a list"], variables=NULL)) == REFUSED
        [error] = await ask(socket, SUBSCRIPTION, variables=NULL)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert await ask(socket, "{ articles { totalCount } }") == {"data": {"articles": {"totalCount": 2}}}


async def test_null_variable_in_an_event(tmp_path: Path) -> None:
    """The event has the error instead of data."""
    async with (
        service(tmp_path) as found,
        listening_to(found) as url,
        httpx.AsyncClient(
            base_url=url, trust_env=False, verify=NO_TLS, headers={"Accept": "text/event-stream"}
        ) as client,
        client.stream("POST", "/graphql", json={"query": SKIPPING, "variables": NULL}) as streamed,
    ):
        lines = streamed.aiter_lines()
        assert await anext(lines) == ":"
        await found.change({"one.md": FILES["one.md"].replace("One", "Uno")})
        answer = await anext(event(line) async for line in lines if line.startswith("data: {"))
    assert codes(answer) == REFUSED
