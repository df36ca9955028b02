"""Lists with arbitrary filters, orders and pages, compared with the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.queries.conftest import QUERIES, World
from tests.queries.strategies import (
    ARTICLE_ORDERS,
    AUTHOR_FILTERS,
    AUTHOR_ORDERS,
    FILTERS,
    PROVIDER_FILTERS,
    PROVIDER_ORDERS,
    TOPIC_FILTERS,
    TOPIC_ORDERS,
    WINDOWS,
    WORLDS,
)

pytestmark = pytest.mark.asyncio(loop_scope="package")

PAGE = "nodes { %s } edges { node { %s } } totalCount pageInfo { hasNextPage hasPreviousPage }"
LIST = """query List($first: Int, $last: Int, $offset: Int, $filter: %sFilter, $orderBy: [%sOrder!]) {
    %s(first: $first, last: $last, offset: $offset, filter: $filter, orderBy: $orderBy) { %s } }"""
ARTICLES = LIST % ("Article", "Article", "articles", PAGE % (("path status",) * 2))
PROVIDERS = LIST % ("Provider", "Provider", "providers", PAGE % (("id slug name domain",) * 2))
TOPICS = LIST % ("Topic", "Topic", "topics", PAGE % (("id slug name",) * 2))
AUTHORS = LIST % ("Author", "Author", "authors", PAGE % (("id slug name",) * 2))
NESTED = """query Nested($first: Int, $last: Int, $offset: Int, $filter: ArticleFilter, $orderBy: [ArticleOrder!]) {
    %s(first: 30) { nodes { slug
        articles(first: $first, last: $last, offset: $offset, filter: $filter, orderBy: $orderBy) { %s } } } }"""
WALK = """query Walk($first: Int, $after: String, $filter: ArticleFilter, $orderBy: [ArticleOrder!]) {
    articles(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
        nodes { path } totalCount pageInfo { hasNextPage endCursor } } }"""
BACK = """query Back($last: Int, $before: String, $filter: ArticleFilter, $orderBy: [ArticleOrder!]) {
    articles(last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
        nodes { path } totalCount pageInfo { hasPreviousPage startCursor } } }"""
Json = dict[str, Any]


async def check(world: World, preview: bool, query: str, **variables: Any) -> None:
    answer = await world.answer(query, preview=preview, **variables)
    assert answer.data == world.oracles[preview].answer(query, variables)


@QUERIES
@given(WORLDS, st.booleans(), FILTERS, ARTICLE_ORDERS, WINDOWS)
async def test_articles(
    worlds: list[World], at: int, preview: bool, filter_: Json | None, order: Any, window: Json
) -> None:
    """Any page of any filtered and ordered list of articles equals the oracle's, and so does its length."""
    await check(worlds[at], preview, ARTICLES, filter=filter_, orderBy=order, **window)


@QUERIES
@given(WORLDS, st.booleans(), PROVIDER_FILTERS, PROVIDER_ORDERS, WINDOWS)
async def test_providers(worlds: list[World], at: int, preview: bool, filter_: Json, order: Any, window: Json) -> None:
    """The same for providers, with the names and counts that the caller sees."""
    await check(worlds[at], preview, PROVIDERS, filter=filter_, orderBy=order, **window)


@QUERIES
@given(WORLDS, st.booleans(), TOPIC_FILTERS, TOPIC_ORDERS, WINDOWS)
async def test_topics(worlds: list[World], at: int, preview: bool, filter_: Json, order: Any, window: Json) -> None:
    """The same for topics."""
    await check(worlds[at], preview, TOPICS, filter=filter_, orderBy=order, **window)


@QUERIES
@given(WORLDS, st.booleans(), AUTHOR_FILTERS, AUTHOR_ORDERS, WINDOWS)
async def test_authors(worlds: list[World], at: int, preview: bool, filter_: Json, order: Any, window: Json) -> None:
    """The same for authors."""
    await check(worlds[at], preview, AUTHORS, filter=filter_, orderBy=order, **window)


@QUERIES
@given(WORLDS, st.booleans(), st.sampled_from(("providers", "topics", "authors")), FILTERS, ARTICLE_ORDERS, WINDOWS)
async def test_nested_articles(
    worlds: list[World], at: int, preview: bool, outer: str, filter_: Json | None, order: Any, window: Json
) -> None:
    """The same for the lists of many providers, topics or authors at once, in one more call with any filter."""
    query = NESTED % (outer, PAGE % (("path",) * 2))
    variables = {"filter": filter_, "orderBy": order, **window}
    answer = await worlds[at].answer(query, preview=preview, **variables)
    assert answer.data == worlds[at].oracles[preview].answer(query, variables)
    assert answer.usage.calls <= 2


@QUERIES
@given(WORLDS, st.booleans(), FILTERS, ARTICLE_ORDERS, st.integers(1, 20), st.booleans())
async def test_pages_cover_the_list(
    worlds: list[World], at: int, preview: bool, filter_: Json | None, order: Any, size: int, backward: bool
) -> None:
    """The pages from either end, concatenated, are the whole list, and each has its length."""
    whole = [one.path for one in worlds[at].oracles[preview].sorted(filter_, order)]
    found: list[str] = []
    cursor: str | None = None
    more = True
    while more:
        window = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        query = BACK if backward else WALK
        answer = await worlds[at].answer(query, preview=preview, filter=filter_, orderBy=order, **window)
        page = answer.data["articles"]
        paths = [node["path"] for node in page["nodes"]]
        found = [*paths, *found] if backward else [*found, *paths]
        more = page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]
        cursor = page["pageInfo"]["startCursor" if backward else "endCursor"]
        assert page["totalCount"] == len(whole)
        assert len(paths) == size or not more
    assert found == whole
