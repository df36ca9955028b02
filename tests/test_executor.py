"""Operations that fail for internal reasons: the response, and the log."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import cast

import orjson
import pytest
import strawberry

from gateway.access.clients import Client
from gateway.access.tokens import Viewer
from gateway.errors import OperationTimedOut, Overloaded
from gateway.execution.executor import Executor, OperationRequest, Result, UsePreparedDocument
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.filters import And
from gateway.graph.context import Info, LiveContext
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.store.reads import ARTICLES_OF_TOPIC, CountOf
from gateway.store.sqlite.store import SqliteStore
from tests.service import post, serving
from tests.store.documents import apply, document, topics
from tests.store.reading import ask

FAULT = {"code": "INTERNAL_SERVER_ERROR"}


def lose(tmp_path: Path, table: str) -> None:
    """Drop a table of the database."""
    with sqlite3.connect(tmp_path / "gateway.db") as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()


async def test_internal_error_in_a_field_is_masked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The error has its path and an incident id. The log has the cause."""
    async with serving(tmp_path) as client:
        lose(tmp_path, "topic")
        answer = await post(client, '{ article(path: "one.md") { title topics { name } } articles { totalCount } }')
    [error] = answer["errors"]
    assert (answer["data"], error["path"]) == ({"article": None, "articles": {"totalCount": 2}}, ["article", "topics"])
    incident = error["extensions"].pop("incident")
    assert (error["extensions"], error["locations"]) == (FAULT, [{"line": 1, "column": 35}])
    assert "topic" not in error["message"]
    assert "gateway.db" not in str(answer)
    [record] = [record for record in caplog.records if incident in record.message]
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert "no such table: topic" in str(record.exc_info[1])


async def test_internal_error_of_an_operation_is_masked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The status is 500, as JSON, with an incident id."""
    async with serving(tmp_path) as client:
        lose(tmp_path, "generation")
        response = await client.post("/graphql", json={"query": "{ articles { totalCount } }"})
    [error] = response.json()["errors"]
    assert response.status_code == 500
    assert error["extensions"].pop("incident") in caplog.text
    assert error["extensions"] == FAULT
    assert "gateway.db" not in response.text


async def test_internal_error_of_a_stream_is_its_last_result(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It has only the error, with an incident id. Transports see no exception."""
    store = await SqliteStore.open(tmp_path / "content.db")
    await apply(store, document("one"))
    schema = strawberry.Schema(Slow, extensions=[UsePreparedDocument])
    executor = Executor(schema, store, Limits(), PersistedDocuments(), introspection=True)
    prepared = await executor.prepare(OperationRequest("{ counted(times: 1) }"), PUBLIC)
    await store.close()
    [result] = [result async for result in executor.subscribe(prepared)]
    assert result.is_final_error
    assert orjson.loads(result.body).keys() == {"errors"}
    [error] = result.errors
    extensions = error["extensions"]
    assert isinstance(extensions, dict)
    assert extensions.pop("incident") in caplog.text
    assert extensions == FAULT


async def test_operation_time_limit(tmp_path: Path) -> None:
    """An operation past its time is ended, and the next one is answered."""
    async with serving(tmp_path, limit_operation_seconds=1e-6) as client:
        for _ in range(3):
            response = await client.post("/graphql", json={"query": "{ articles { nodes { topics { name } } } }"})
            assert response.status_code == 503
            assert [error["extensions"] for error in response.json()["errors"]] == [{"code": "OPERATION_TIMED_OUT"}]
        assert (await client.get("/readyz")).status_code == 200


PUBLIC = Client(Viewer(Visibility.PUBLIC))


@strawberry.type
class Slow:
    """A query whose statement runs for hours, and a fast one."""

    @strawberry.field
    async def counted(self, info: Info, times: int) -> int:
        return len(await ask(info.context.snapshot, CountOf(ARTICLES_OF_TOPIC.where(And(()))), ["t"] * times))


@pytest.mark.timeout(60)
async def test_statement_ends_with_its_operation(tmp_path: Path) -> None:
    """The only reader answers the next operation."""
    store = await SqliteStore.open(tmp_path / "content.db", readers=1)
    try:
        await apply(store, *(document(f"{n}", topics=topics("t")) for n in range(1500)))
        schema = strawberry.Schema(Slow, extensions=[UsePreparedDocument])
        hurried, patient = [
            Executor(schema, store, Limits(operation_seconds=seconds), PersistedDocuments(), introspection=True)
            for seconds in (0.3, 60)
        ]
        for _ in range(2):
            with pytest.raises(OperationTimedOut):
                await answer(hurried, "{ counted(times: 1000000) }")
            assert (await answer(patient, "{ counted(times: 1) }")).body == b'{"data":{"counted":1}}'
    finally:
        await store.close()


async def answer(executor: Executor, query: str) -> Result:
    return await executor.answer(OperationRequest(query), PUBLIC)


@strawberry.type
class Watched:
    """Returns the same for each generation."""

    @strawberry.subscription
    async def counted(self, info: Info, times: int) -> AsyncIterator[int]:
        context = cast("LiveContext", info.context)
        async for _ in context.generations():
            yield len(
                await ask(await context.open_snapshot(), CountOf(ARTICLES_OF_TOPIC.where(And(()))), ["t"] * times)
            )


async def watching(executor: Executor, times: int) -> AsyncGenerator[Result, None]:
    prepared = await executor.prepare(OperationRequest(f"subscription {{ counted(times: {times}) }}"), PUBLIC)
    return executor.subscribe(prepared)


@pytest.mark.timeout(60)
async def test_event_time_limit(tmp_path: Path) -> None:
    """An event past its time ends the subscription with the error, and the only reader answers the next. Waiting for a
    change is not limited."""
    store = await SqliteStore.open(tmp_path / "content.db", readers=1)
    try:
        await apply(store, *(document(f"{n}", topics=topics("t")) for n in range(1500)))
        schema = strawberry.Schema(Slow, subscription=Watched, extensions=[UsePreparedDocument])
        executor = Executor(schema, store, Limits(operation_seconds=1), PersistedDocuments(), introspection=True)
        [refused] = [result async for result in await watching(executor, 1_000_000)]
        assert orjson.loads(refused.body) == {"errors": list(OperationTimedOut().entries())}
        async with aclosing(await watching(executor, 1)) as events:
            assert (await anext(events)).body == b'{"data":{"counted":1}}'
            coming = asyncio.ensure_future(anext(events))
            assert not (await asyncio.wait({coming}, timeout=1.5))[0]
            await apply(store, document("new", topics=topics("t")))
            assert (await coming).body == b'{"data":{"counted":1}}'
    finally:
        await store.close()


@pytest.mark.timeout(60)
async def test_concurrent_operations_are_limited(tmp_path: Path) -> None:
    """One more waits and gets 503 after its time. When one ends, the next is answered."""
    store = await SqliteStore.open(tmp_path / "content.db", readers=1)
    try:
        await apply(store, *(document(f"{n}", topics=topics("t")) for n in range(1500)))
        schema = strawberry.Schema(Slow, extensions=[UsePreparedDocument])
        limits = Limits(operations=1, queue_size=1, queue_seconds=0.1, operation_seconds=600)
        executor = Executor(schema, store, limits, PersistedDocuments(), introspection=True)
        assert (await answer(executor, "{ counted(times: 1) }")).body == b'{"data":{"counted":1}}'
        slow = asyncio.create_task(answer(executor, "{ counted(times: 1000000) }"))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await answer(executor, "{ counted(times: 1) }")
        slow.cancel()
        await asyncio.wait([slow])
        assert (await answer(executor, "{ counted(times: 1) }")).body == b'{"data":{"counted":1}}'
    finally:
        await store.close()


COSTS = {"cost": {"actual": 21, "allowed": 40_000}}


@pytest.mark.parametrize(
    ("asked", "result"), [({"cost": True}, COSTS), ({"cost": False}, None), ({"cost": 1}, None), ({}, None)]
)
async def test_cost_is_returned_on_request(tmp_path: Path, asked: dict[str, object], result: object) -> None:
    """By POST, GET and in a batch, for each operation with the extension."""
    query = "query Titles { articles { nodes { title } } }"
    sent = {"query": query, "extensions": asked}
    async with serving(tmp_path) as client:
        [batched] = (await client.post("/graphql", json=[sent])).json()
        posted = (await client.post("/graphql", json=sent)).json()
        parameters = {"query": query, "extensions": json.dumps(asked)}
        got = (await client.get("/graphql", params=parameters, headers={"GraphQL-Require-Preflight": "1"})).json()
    assert posted == got == batched
    assert posted.get("extensions") == result


async def test_client_errors_are_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log has only errors of the server."""
    async with serving(tmp_path) as client:
        for query in ("{ nope }", "{ articles(first: -1) { totalCount } }", "{", "{ article { id } }"):
            assert "errors" in await post(client, query)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


RICH = """{
  articles(first: 2) { totalCount nodes { title body { text html } provider { name articles { totalCount } }
    topics { name articles(first: 1) { nodes { title } } } related { title provider { name } } } }
  search(query: "one") { totalCount nodes { title } }
  nothing: article(path: "none.md") { title }
}"""


async def test_operation_leaves_no_reference_cycles(tmp_path: Path) -> None:
    """Otherwise the collector would free the records of about a hundred operations at once and delay responses."""
    async with serving(tmp_path) as client:
        for _ in range(2):  # warm up
            assert "errors" not in await post(client, RICH)
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                await post(client, RICH)
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            left = Counter(type(each).__name__ for each in gc.garbage if type(each).__module__.startswith("gateway"))
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert left == Counter()
