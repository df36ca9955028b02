"""Whole answers are kept: what they depend on, and how much memory they take."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.access.clients import Client
from gateway.access.tokens import Scope, Viewer
from gateway.execution.answer_cache import Answer, AnswerCache, key_of
from gateway.execution.executor import Executor, OperationRequest, Result
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.store.protocol import ChangeSet
from gateway.store.sqlite.store import SqliteStore
from tests.queries.conftest import stream
from tests.queries.corpus import AS_OF, corpus
from tests.schema import SCHEMA

PUBLIC = Viewer(Visibility.PUBLIC)
PREVIEW = Viewer(Visibility.PREVIEW, frozenset({Scope.PREVIEW}))
SECURED = Viewer(Visibility.PREVIEW, frozenset({Scope.PREVIEW, Scope.SECURED_READ}))
QUERY = "query ($n: Int) { articles(first: $n) { totalCount nodes { title secured } } }"
CAPACITY = 10**6


async def ask(executor: Executor, viewer: Viewer, query: str = QUERY, **variables: object) -> Result:
    return await executor.answer(OperationRequest(query, variables), Client(viewer))


async def opened(folder: Path) -> SqliteStore:
    store = await SqliteStore.open(folder / "gateway.db", readers=1)
    await store.apply(ChangeSet(AS_OF, stream(corpus(20))))
    return store


@pytest.mark.asyncio
async def test_repeated_request_reads_nothing(tmp_path: Path) -> None:
    """It is answered while all readers are leased, with the same data, tags and revision."""
    store = await opened(tmp_path)
    executor = Executor(SCHEMA, store, Limits(), PersistedDocuments(0), introspection=True, answer_bytes=CAPACITY)
    first = await ask(executor, PUBLIC, n=2)
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        await snapshot.generation()
        again = await ask(executor, PUBLIC, n=2)
    assert (again.revision, set(again.dependencies)) == (first.revision, set(first.dependencies))
    assert again.is_kept
    assert again.body == first.body
    await store.close()


@pytest.mark.asyncio
async def test_answer_depends_on_viewer_variables_and_revision(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    executor = Executor(SCHEMA, store, Limits(), PersistedDocuments(0), introspection=True, answer_bytes=CAPACITY)
    plain = Executor(SCHEMA, store, Limits(), PersistedDocuments(0), introspection=True)
    for title in ("One", "Two"):
        await store.apply(ChangeSet(AS_OF, stream([corpus(20)[0]._replace(title=title)])))
        for viewer in (PUBLIC, PREVIEW, SECURED, PUBLIC, PREVIEW, SECURED):
            for n in (1, 2, 20):
                found, expected = await ask(executor, viewer, n=n), await ask(plain, viewer, n=n)
                assert _json(found) == _json(expected)
                assert found.revision == expected.revision
    await store.close()


@pytest.mark.asyncio
async def test_variables_with_lone_surrogates(tmp_path: Path) -> None:
    """They are no valid JSON, but valid Python."""
    store = await opened(tmp_path)
    executor = Executor(SCHEMA, store, Limits(), PersistedDocuments(0), introspection=True, answer_bytes=CAPACITY)
    query = "query ($t: String) { articles(filter: {title: {eq: $t}}) { totalCount } }"
    for text in ("\ud800", "\ud801"):
        assert _json(await ask(executor, PUBLIC, query, t=text)) == '{"data":{"articles":{"totalCount":0}}}'
    await store.close()


@pytest.mark.asyncio
async def test_errors_are_not_kept(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    executor = Executor(SCHEMA, store, Limits(), PersistedDocuments(0), introspection=True, answer_bytes=CAPACITY)
    for _ in range(2):
        assert (await ask(executor, PUBLIC, n=-1)).errors
    assert executor.answers.size == 0
    await store.close()


def test_memory_is_bounded() -> None:
    """A hundred thousand different answers take no more than the capacity, and the newest is kept."""
    cache = AnswerCache(200_000)
    for number in range(100_000):
        key = key_of("{ a }", None, {"n": number}, PUBLIC, "1")
        cache.put(key, Answer(b"x" * 500, ("ar_1",), 1))
        assert cache.size <= 200_000
    assert cache.get(key)
    cache.put(key_of("{ b }", None, {}, PUBLIC, "1"), Answer(b"x" * 300_000, (), 1))
    assert cache.get(key), "a large answer drops no others"


def _json(result: Result) -> str:
    return result.body.decode()
