"""The queries of the suite: their answers, and what these cost as the corpus grows."""

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
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The corpus that the queries are written for."""
    made = await world(tmp_path_factory.mktemp("suite") / "suite.db", CORPUS)
    yield made
    await made.store.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def growing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, World]]:
    """A corpus, and one that is a hundred times as large."""
    folder = tmp_path_factory.mktemp("growing")
    async with AsyncExitStack() as stores:
        made = [await world(folder / f"{size}.db", corpus(size)) for size in (SMALL, LARGE)]
        for each in made:
            stores.push_async_callback(each.store.close)
        yield made[0], made[1]


def shown(value: Any) -> int:
    """The rows that an answer shows: its objects, be they records, counts or the lists they stand in, and totals."""
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
async def test_the_answer_is_the_expected_one(suite: World, query: str, expected: str, preview: bool) -> None:
    """Each query of the suite answers what stands beside it."""
    answer = await suite.answer(query, preview=preview)
    assert answer.data == json.loads(expected)["preview" if preview else "public"]


@pytest.mark.parametrize("query", [file.read_text() for file in QUERIES], ids=[file.stem for file in QUERIES])
async def test_a_hundred_times_as_much_content_costs_an_answer_no_more(
    growing: tuple[World, World], query: str
) -> None:
    """No more calls of the store, and never more rows than the answer shows."""
    small, large = [await each.answer(query, preview=True) for each in growing]
    assert large.usage.calls <= small.usage.calls
    assert small.usage.rows <= shown(small.data)
    assert large.usage.rows <= shown(large.data)
