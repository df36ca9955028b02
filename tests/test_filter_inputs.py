"""The argument `filter`: its limits, and that all allowed filters run."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.access.tokens import Viewer
from gateway.errors import LimitExceeded
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context
from gateway.graph.filter_inputs import ArticleFilter, StringFilter, filter_size
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.store.protocol import ContentStore
from tests.databases import new_store
from tests.schema import SCHEMA
from tests.store.documents import apply, document, topics

QUERY = """query Q($filter: ArticleFilter, $orderBy: [ArticleOrder!], $after: String) {
    articles(filter: $filter, orderBy: $orderBy, after: $after, first: 1) {
        totalCount nodes { path } pageInfo { endCursor } } }"""
ORDER = [{"field": field} for field in ("UPDATED_DATE_TIME", "QUALITY", "HEAT", "PROVIDER_NAME", "TITLE")]
Json = dict[str, Any]


@pytest_asyncio.fixture
async def store(each_database_in_full: None, tmp_path: Path) -> AsyncIterator[ContentStore]:  # noqa: ARG001
    """Two articles, one with a thousand topics."""
    async with new_store(tmp_path / "two.db", readers=1) as opened:
        await apply(opened, document("a"), document("b", topics=topics(*(f"T{number}" for number in range(1000)))))
        yield opened


async def run(store: ContentStore, filter_: Json | None, limits: Limits | None = None, **variables: Any) -> Any:
    viewer = Viewer(Visibility.PUBLIC)
    async with store.snapshot(viewer.visibility) as snapshot:
        context = Context(viewer, snapshot, limits or Limits(), BodyRenderer())
        result = await SCHEMA.execute(QUERY, variable_values={"filter": filter_, **variables}, context_value=context)
        assert snapshot.usage.calls == 0 or not result.errors
        return result


async def paths(store: ContentStore, filter_: Json | None, **variables: Any) -> list[str]:
    """All paths of the list, page by page."""
    result = await run(store, filter_, **variables)
    assert result.errors is None
    page = result.data["articles"]
    found = [node["path"] for node in page["nodes"]]
    if found:
        found += await paths(store, filter_, **{**variables, "after": page["pageInfo"]["endCursor"]})
    return found


async def refused(store: ContentStore, filter_: Json, limits: Limits | None = None) -> tuple[object, ...]:
    [error] = (await run(store, filter_, limits)).errors
    assert isinstance(error.original_error, LimitExceeded)
    return tuple(error.original_error.extensions.values())


def nested(depth: int, inner: Json) -> Json:
    """A filter of this depth."""
    for level in range(depth - 1):
        word = ("not", "and", "or")[level % 3]
        inner = {word: inner if word == "not" else [inner]}
    return inner


@pytest.mark.parametrize("depth", [11, 12, 50])
async def test_deep_filter_is_refused(store: ContentStore, depth: int) -> None:
    """The error has the depth, and nothing is read."""
    assert await refused(store, nested(depth, {})) == ("LIMIT_EXCEEDED", "filter_depth", 10, depth)


async def test_extremely_deep_filter_is_refused(store: ContentStore) -> None:
    """It is refused before it is coerced, and is not an internal error."""
    filter_: Json = {}
    for _ in range(900):
        filter_ = {"not": filter_}
    [error] = (await run(store, filter_)).errors
    assert error.original_error is None


@pytest.mark.parametrize(
    ("filter_", "conditions"),
    [
        ({"or": [{}] * 101}, 101),
        ({"and": [{"title": {}}] * 101}, 101),
        ({"and": [{"title": {"ne": "x", "isNull": False}, "hasBody": False, "quality": None}] * 34}, 102),
        ({"or": [{"provider": {"name": {"eq": "x"}, "minArticles": 1}, "topics": {"anyOf": []}}] * 34}, 102),
    ],
)
async def test_too_many_conditions_are_refused(store: ContentStore, filter_: Json, conditions: int) -> None:
    """Each comparison and each empty filter counts. Nulls do not."""
    assert await refused(store, filter_) == ("LIMIT_EXCEEDED", "filter_conditions", 100, conditions)


@pytest.mark.parametrize(
    "filter_",
    [
        {"slug": {"in": ["a"] * 1001}},
        {"not": {"provider": {"id": {"nin": ["a"] * 1001}}}},
        {"topics": {"allOf": ["a"] * 1001}},
    ],
)
async def test_too_many_values_are_refused(store: ContentStore, filter_: Json) -> None:
    """Each list is counted by itself."""
    assert await refused(store, filter_) == ("LIMIT_EXCEEDED", "filter_values", 1000, 1001)


async def test_filter_limits_are_settings(store: ContentStore) -> None:
    """Other limits than the defaults apply."""
    limits = Limits(filter_depth=1, filter_conditions=1, filter_values=1)
    assert (await run(store, {"slug": {"in": ["a"]}}, limits)).data["articles"]["totalCount"] == 1
    assert await refused(store, {"not": {}}, limits) == ("LIMIT_EXCEEDED", "filter_depth", 1, 2)


def test_size_of_a_filter() -> None:
    """The largest depth, the number of conditions, and the longest list."""
    path = StringFilter(in_=["a", "b", "c"], is_null=True)
    inner = ArticleFilter(path=path, and_=[ArticleFilter(), ArticleFilter(not_=ArticleFilter(has_body=True))])
    assert tuple(filter_size(inner)) == (3, 4, 3)
    assert tuple(filter_size(ArticleFilter())) == (1, 1, 0)


FULL = [f"T{number}" for number in range(1000)]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (nested(9, {"and": [{"title": {"startsWith": "b"}}] * 97}), 1),
        ({"or": [{"title": {"contains": "zz"}}] * 99 + [{"title": {"eq": "b"}}]}, 1),
        ({"and": [{"title": {"in": ["b", *FULL[1:]]}}] * 15 + [{"topics": {"allOf": FULL}}] * 15}, 1),
        ({"and": [{"not": {"topics": {"anyOf": FULL}}}] * 30}, 1),
        ({"topics": {"anyOf": FULL, "allOf": FULL, "noneOf": ["x"]}, "slug": {"nin": FULL}}, 1),
        ({"or": [{"provider": {"slug": {"contains": "x"}}}] * 99 + [{"topics": {"noneOf": FULL}}]}, 1),
    ],
)
async def test_largest_filters_run(store: ContentStore, filter_: Json, expected: int) -> None:
    """Filters at the limits run, in the longest order and by cursor."""
    assert len(json.dumps(filter_)) < Limits().body_bytes
    assert len(await paths(store, filter_, orderBy=ORDER)) == expected
