"""Facets and neighbours with arbitrary filters, compared with the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.queries.conftest import QUERIES, World
from tests.queries.strategies import ARTICLE_ORDERS, FILTERS, WORLDS

pytestmark = pytest.mark.asyncio(loop_scope="package")

FACETS = """query Facets($filter: ArticleFilter, $first: Int, $least: Int, $own: Boolean, $interval: DateInterval!,
        $bounds: [Int!]) {
    facets(filter: $filter) {
        topics(first: $first, minCount: $least, excludeOwnFilter: $own) { topic { id name slug } count }
        authors(first: $first, minCount: $least, excludeOwnFilter: $own) { author { id name slug } count }
        providers(first: $first, minCount: $least, excludeOwnFilter: $own) { provider { id name domain } count }
        categories(first: $first, minCount: $least, excludeOwnFilter: $own) { value count }
        types(first: $first, minCount: $least, excludeOwnFilter: $own) { value count }
        dates(interval: $interval) { start end count }
        quality(bounds: $bounds) { gte lt count } } }"""
NESTED = """query Counts($first: Int) {
    providers(first: 30) { nodes { slug topics(first: $first) { topic { name } count } } }
    authors(first: 30) { nodes { slug topics(first: $first) { topic { name } count } } }
    topics(first: 30) { nodes { slug
        providers(first: $first) { provider { name } count }
        relatedTopics(first: $first) { topic { name } count } } } }"""
ADJACENT = """query Adjacent($filter: ArticleFilter, $orderBy: [ArticleOrder!], $offset: Int) {
    articles(first: 5, offset: $offset) { nodes { path
        adjacent(filter: $filter, orderBy: $orderBy) {
            previous { path } next { path } newer { path } older { path } } } } }"""
OWN = st.sampled_from(("topics", "authors", "provider", "category", "type"))
Json = dict[str, Any]


@QUERIES
@given(
    WORLDS,
    st.booleans(),
    FILTERS,
    st.none() | st.integers(0, 8),
    st.none() | st.integers(0, 5),
    st.none() | st.booleans(),
    st.sampled_from(("DAY", "WEEK", "MONTH", "YEAR")),
    st.none() | st.lists(st.integers(-5, 110), max_size=5),
)
async def test_facets(
    worlds: list[World],
    at: int,
    preview: bool,
    filter_: Json | None,
    first: int | None,
    least: int | None,
    own: bool | None,
    interval: str,
    bounds: list[int] | None,
) -> None:
    """Every facet counts the matches of the filter, with or without its own field, in order. All are one call."""
    variables = {
        "filter": filter_, "first": first, "least": least, "own": own, "interval": interval, "bounds": bounds
    }  # fmt: skip
    answer = await worlds[at].answer(FACETS, preview=preview, **variables)
    assert answer.data == worlds[at].oracles[preview].answer(FACETS, variables)
    assert answer.usage.calls == 1


@QUERIES
@given(WORLDS, st.booleans(), st.none() | st.integers(0, 10))
async def test_counts_of_many_parents(worlds: list[World], at: int, preview: bool, first: int | None) -> None:
    """Topics of providers and authors, providers of topics and related topics are counted for a whole level at once."""
    answer = await worlds[at].answer(NESTED, preview=preview, first=first)
    assert answer.data == worlds[at].oracles[preview].answer(NESTED, {"first": first})
    assert answer.usage.calls <= 3


@QUERIES
@given(WORLDS, st.booleans(), FILTERS, ARTICLE_ORDERS, st.integers(0, 200))
@example(5, True, None, [{"field": "TITLE", "direction": "ASC"}, {"field": "UPDATED_DATE_TIME", "direction": "ASC"}], 0)
async def test_adjacent(
    worlds: list[World], at: int, preview: bool, filter_: Json | None, order: Any, offset: int
) -> None:
    """An article's neighbours are the nearest matching ones in the order, for a page at once. Those in time follow the
    default order, and are read in the same call."""
    variables = {"filter": filter_, "orderBy": order, "offset": offset}
    answer = await worlds[at].answer(ADJACENT, preview=preview, **variables)
    assert answer.data == worlds[at].oracles[preview].answer(ADJACENT, variables)
    assert answer.usage.calls <= 2
