"""The queries of the suite: their answers, and their cost as the corpus grows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from tests.queries.conftest import World, world
from tests.queries.corpus import corpus
from tests.queries.expected import CORPUS, QUERIES

pytestmark = pytest.mark.asyncio(loop_scope="module")
SMALL, LARGE = 40, 4000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(server: str | None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The corpus of the queries."""
    made = await world(tmp_path_factory.mktemp("suite") / "suite.db", CORPUS, server)
    yield made
    await made.store.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def growing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, World]]:
    """A corpus, and one a hundred times as large."""
    folder = tmp_path_factory.mktemp("growing")
    async with AsyncExitStack() as stores:
        made = [await world(folder / f"{size}.db", corpus(size)) for size in (SMALL, LARGE)]
        for each in made:
            stores.push_async_callback(each.store.close)
        yield made[0], made[1]


def shown(value: Any) -> int:
    """The number of rows in an answer: objects (records, counts, lists) and totals."""
    match value:
        case dict():
            return 1 + ("totalCount" in value) + sum(shown(each) for each in value.values())
        case list():
            return sum(shown(each) for each in value)
        case _:
            return 0


@pytest.mark.parametrize("preview", [False, True], ids=["public", "preview"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [(file.read_text(), file.with_suffix(".json").read_text()) for file in QUERIES],
    ids=[file.stem for file in QUERIES],
)
async def test_answer_equals_the_expected_file(suite: World, query: str, expected: str, preview: bool) -> None:
    """Each query returns the content of its file."""
    answer = await suite.answer(query, preview=preview)
    assert answer.data == json.loads(expected)["preview" if preview else "public"]


@pytest.mark.parametrize("query", [file.read_text() for file in QUERIES], ids=[file.stem for file in QUERIES])
async def test_cost_does_not_grow_with_the_corpus(growing: tuple[World, World], query: str) -> None:
    """The number of store calls is equal, and never more rows are read than the answer shows."""
    small, large = [await each.answer(query, preview=True) for each in growing]
    assert large.usage.calls <= small.usage.calls
    assert small.usage.rows <= shown(small.data)
    assert large.usage.rows <= shown(large.data)
