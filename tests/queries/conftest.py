"""Databases of generated corpora, each with its oracle."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from gateway.access.tokens import Scope, Viewer
from gateway.content import decoder, frontmatter
from gateway.execution.document_cache import DocumentCache
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context
from gateway.limits import Limits
from gateway.model.changes import FileVersion, Loaded
from gateway.model.records import Visibility
from gateway.store.protocol import ChangeSet, Usage
from gateway.store.sqlite.store import SqliteStore
from tests.postgres import own_schema
from tests.queries.corpus import AS_OF, SIZES, Piece, corpus, text
from tests.queries.oracle import Oracle
from tests.schema import SCHEMA
from tests.store.replicated import ReplicatedStore

DOCUMENTS = DocumentCache(SCHEMA._schema, Limits(), introspection=False)
"""Parsed and validated once for all examples, as a server does."""
VIEWERS = {
    False: Viewer(Visibility.PUBLIC),
    True: Viewer(Visibility.PREVIEW, frozenset({Scope.PREVIEW})),
}

settings.register_profile("queries", max_examples=40, suppress_health_check=list(HealthCheck))
settings.register_profile("queries-in-full", settings.get_profile("queries"), max_examples=5000)
QUERIES = settings.get_profile("queries-in-full" if os.environ.get("GATEWAY_TEST_FULL") else "queries")
"""The number of examples per property."""


class Answer(NamedTuple):
    data: Any
    usage: Usage


class World(NamedTuple):
    """A database, and its expected answers with and without drafts."""

    store: SqliteStore | ReplicatedStore
    oracles: dict[bool, Oracle]

    async def answer(self, query: str, *, preview: bool, **variables: Any) -> Answer:
        viewer = VIEWERS[preview]
        async with self.store.snapshot(viewer.visibility) as snapshot:
            context = Context(viewer, snapshot, Limits(), BodyRenderer(), DOCUMENTS.get(query).node)
            result = await SCHEMA.execute(query, variable_values=variables, context_value=context)
            assert not result.errors, result.errors
            return Answer(result.data, snapshot.usage)


async def stream(pieces: Sequence[Piece]) -> AsyncIterator[Sequence[Loaded]]:
    yield [loaded(piece) for piece in pieces]


def loaded(piece: Piece) -> Loaded:
    content = text(piece).encode()
    front_matter = frontmatter.read(piece.path, content)
    assert front_matter
    document, problems, *_ = decoder.decode(piece.path, front_matter)
    assert document, problems
    version = FileVersion(piece.path, len(content), 0, 0, 0, hashlib.sha256(content).hexdigest())
    return Loaded(version, document)


async def world(file: Path, pieces: Sequence[Piece], server: str | None = None) -> World:
    """`server` is the URL of a PostgreSQL server, to read from it."""
    store: SqliteStore | ReplicatedStore
    if server is None:
        store = await SqliteStore.open(file, readers=1)
    else:
        store = await ReplicatedStore.open(file, own_schema(server), readers=1)
    await store.apply(ChangeSet(AS_OF, stream(pieces)))
    return World(store, {preview: Oracle(pieces, preview=preview) for preview in (False, True)})


@pytest.fixture(scope="package", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> str | None:
    """The PostgreSQL server to read from, or None for SQLite."""
    return request.getfixturevalue("postgres") if request.param == "postgres" else None


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def worlds(server: str | None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[World]]:
    """One for each of SIZES."""
    folder = tmp_path_factory.mktemp("worlds")
    async with AsyncExitStack() as stores:
        made = [await world(folder / f"{size}.db", corpus(size), server) for size in SIZES]
        for each in made:
            stores.push_async_callback(each.store.close)
        yield made
