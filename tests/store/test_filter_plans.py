"""SQLite's plans for common filters on a large corpus: indexes, without scans and sorts."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.filters import (
    And,
    Compared,
    Comparison,
    Field,
    Filter,
    HasItems,
    HasNames,
    HasReference,
    In,
    InStatus,
    NameList,
)
from gateway.model.documents import Status
from gateway.model.lists import NEWEST_FIRST, ArticleOrderField, OrderDirection, OrderTerm, Window
from gateway.model.records import Visibility
from gateway.store.custom_indexes import statements
from gateway.store.list_query import ListQuery
from gateway.store.reads import ARTICLES, ARTICLES_OF_PROVIDER, ARTICLES_OF_TOPIC, WHOLE, Listing
from gateway.store.sql_fragment import Sql
from gateway.store.tables import INDEXES, SCHEMA
from tests.store.custom import AUTHOR, DECLARED, LEVEL, MINUTES, POSTS, RATING, SERIES, SKU, TOOLS, VEGAN

WEEK = And(
    (
        Compared(Field["PUBLISHED_DATE_TIME"], Comparison.GREATER_OR_EQUAL, datetime(2024, 1, 1, tzinfo=UTC)),
        Compared(Field["PUBLISHED_DATE_TIME"], Comparison.LESS, datetime(2024, 1, 8, tzinfo=UTC)),
    )
)
DAILY: dict[str, tuple[Filter, str]] = {
    "provider id": (In(Field.PROVIDER_ID, ("pr_x",)), "_provider (provider=?"),
    "provider slug": (In(Field.PROVIDER_SLUG, ("x",)), "_provider (provider=?"),
    "provider domain": (In(Field.PROVIDER_DOMAIN, ("x",)), "_provider (provider=?"),
    "provider name": (In(Field.PROVIDER_NAME, ("x",)), "_provider (provider=?"),
    "providers": (In(Field.PROVIDER_SLUG, ("x", "y")), "_provider (provider=?"),
    "topic": (HasNames(NameList.TOPICS, ("x",)), "article_topic_order (topic=?"),
    "any topic": (HasNames(NameList.TOPICS, ("x", "y")), "article_topic_order (topic=?"),
    "all topics": (HasNames(NameList.TOPICS, ("x", "y"), needs_all=True), "article_topic_order (topic=?"),
    "author": (HasNames(NameList.AUTHORS, ("x",)), "article_author_order (author=?"),
    "any author": (HasNames(NameList.AUTHORS, ("x", "y")), "article_author_order (author=?"),
    "all authors": (HasNames(NameList.AUTHORS, ("x", "y"), needs_all=True), "article_author_order (author=?"),
    "week": (WEEK, "(public=? AND published_date_time>? AND published_date_time<?)"),
    "category": (In(Field["CATEGORY"], ("x",)), "_category (category=?"),
    "categories": (In(Field["CATEGORY"], ("x", "y")), "_category (category=?"),
    "type": (In(Field["TYPE"], ("x",)), "_type (type=?"),
    "locale": (In(Field["LOCALE"], ("x",)), "_locale (locale=?"),
    "topic and week": (
        And((WEEK, HasNames(NameList.TOPICS, ("x",)))),
        "article_topic_order (topic=? AND public=? AND published_date_time>? AND published_date_time<?)",
    ),
    "category and week": (
        And((WEEK, In(Field["CATEGORY"], ("x",)))),
        "_category (category=? AND public=? AND published_date_time>? AND published_date_time<?)",
    ),
}
CUSTOM: dict[str, tuple[Filter, str]] = {
    "text": (In(SERIES, ("x",)), "(<expr>=? AND public=?"),
    "texts": (In(SERIES, ("x", "y")), "(<expr>=? AND public=?"),
    "number": (In(MINUTES, (5,)), "(<expr>=? AND public=?"),
    "enum": (In(LEVEL, (0, 2)), "(<expr>=? AND public=?"),
    "flag": (In(VEGAN, (1,)), "(<expr>=? AND public=?"),
    "unique": (In(SKU, ("x",)), "(<expr>=? AND public=?"),
    "item": (HasItems(TOOLS, ("x",)), "custom_item_order (field=? AND value=?"),
    "any item": (HasItems(TOOLS, ("x", "y")), "custom_item_order (field=? AND value=?"),
    "all items": (HasItems(TOOLS, ("x", "y"), needs_all=True), "custom_item_order (field=? AND value=?"),
    "reference": (HasReference(AUTHOR, Field.SLUG, ("x",)), "reference_order (view=? AND target=? AND field=?"),
    "references": (
        HasReference(AUTHOR, Field.ID, ("ar_x", "ar_y")),
        "reference_order (view=? AND target=? AND field=?",
    ),
    "text and week": (And((WEEK, In(SERIES, ("x",)))), "(<expr>=? AND public=? AND published_date_time>?"),
}
HIDDEN: dict[str, tuple[Filter, str]] = {
    "drafts": (InStatus((Status.DRAFT,)), "article_status (status=?"),
    "scheduled": (InStatus((Status.SCHEDULED,)), "article_status (status=?"),
    "hidden": (InStatus((Status.DRAFT, Status.SCHEDULED, Status.EXPIRED)), "article_status (status=?"),
    "published": (InStatus((Status.PUBLISHED,)), "article_status (status=?"),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """An empty database, because SQLite plans by the schema only."""
    connection = sqlite3.connect(tmp_path_factory.mktemp("plans") / "plans.db")
    connection.executescript(";".join((SCHEMA, *INDEXES.values(), *statements(DECLARED).values())))
    return connection


def plan(database: sqlite3.Connection, query: Sql) -> str:
    return "\n".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.parameters))


def faults(lines: str, *, merges: int) -> list[str]:
    """Scans of content tables, and sorts, except for the merges of several limited lists."""
    found = re.findall(
        r"^SCAN (?:article|listed|topic|author|provider)\b(?! USING).*$|^USE TEMP B-TREE FOR ORDER.*$",
        lines,
        re.MULTILINE,
    )
    sorts = [fault for fault in found if fault.startswith("USE")]
    return [fault for fault in found if fault not in sorts] + sorts[merges:]


def pages(listing: Listing[Any], visibility: Visibility) -> Sequence[Sql]:
    """The first page, one after a cursor, and one from the end."""
    ordered = ListQuery(listing, NEWEST_FIRST, visibility)
    cursor = ordered.cursor((1_700_000_000_000_000, "path"))
    windows = (Window(), Window(cursor=cursor), Window(backward=True))
    return [ordered.page([WHOLE], window) for window in windows]


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("name", DAILY)
def test_common_filters_use_an_index(database: sqlite3.Connection, name: str, visibility: Visibility) -> None:
    """A page is read in order from the index of the filter's value, without scans and sorts."""
    filter_, index = DAILY[name]
    for query in pages(ARTICLES.where(filter_), visibility):
        lines = plan(database, query)
        assert index in lines
        # After a cursor SQLite sorts the topic's articles of the week instead of seeking to the tie.
        merges = query.sql.count("DISTINCT") + query.sql.count("UNION ALL SELECT *")
        assert faults(lines, merges=merges) == [] or (name == "topic and week" and "> ?" in query.sql)


@pytest.mark.parametrize("name", HIDDEN)
def test_status_filters_use_an_index(database: sqlite3.Connection, name: str) -> None:
    """The same for statuses that only previews see."""
    filter_, index = HIDDEN[name]
    for query in pages(ARTICLES.where(filter_), Visibility.PREVIEW):
        lines = plan(database, query)
        assert index in lines
        assert faults(lines, merges=1) == []


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("name", DAILY)
def test_neighbours_use_an_index(database: sqlite3.Connection, name: str, visibility: Visibility) -> None:
    """The next article of a topic is the next entry of an index."""
    filter_, index = DAILY[name]
    lines = plan(database, ListQuery(ARTICLES.where(filter_), NEWEST_FIRST, visibility).adjacent(["ar_x"]))
    assert index in lines
    assert [fault for fault in faults(lines, merges=1) if fault.startswith("SCAN")] == []


@pytest.mark.parametrize("listing", [ARTICLES_OF_PROVIDER, ARTICLES_OF_TOPIC], ids=lambda listing: listing.name)
@pytest.mark.parametrize("name", DAILY)
def test_nested_lists_use_their_index(database: sqlite3.Connection, listing: Listing[Any], name: str) -> None:
    """A filter of a parent's list is checked along the list or uses an index."""
    for visibility in Visibility:
        for query in pages(listing.where(DAILY[name][0]), visibility):
            assert [fault for fault in faults(plan(database, query), merges=1) if fault.startswith("SCAN")] == []


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("name", DAILY)
def test_counts_use_an_index(database: sqlite3.Connection, name: str, visibility: Visibility) -> None:
    """Articles that do not match are not read."""
    filter_, index = DAILY[name]
    lines = plan(database, ListQuery(ARTICLES.where(filter_), (), visibility).count([WHOLE]))
    assert index in lines
    assert faults(lines, merges=False) == []


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("name", CUSTOM)
def test_filters_by_custom_fields_use_an_index(database: sqlite3.Connection, name: str, visibility: Visibility) -> None:
    """For pages, neighbours and counts, in a list of the collection."""
    filter_, index = CUSTOM[name]
    listing = POSTS.where(filter_)
    for query in pages(listing, visibility):
        lines = plan(database, query)
        assert index in lines
        merges = query.sql.count("DISTINCT") + query.sql.count("UNION ALL SELECT *")
        assert faults(lines, merges=merges) == []
    lines = plan(database, ListQuery(listing, (), visibility).count([WHOLE]))
    assert index in lines
    assert faults(lines, merges=False) == []
    lines = plan(database, ListQuery(listing, NEWEST_FIRST, visibility).adjacent(["ar_x"]))
    assert index in lines
    assert [fault for fault in faults(lines, merges=1) if fault.startswith("SCAN")] == []


BOUNDS = And((Compared(RATING, Comparison.GREATER_OR_EQUAL, 3.5), Compared(RATING, Comparison.LESS, 4.5)))


@pytest.mark.parametrize("visibility", Visibility)
def test_ranges_of_a_custom_field_use_its_index(database: sqlite3.Connection, visibility: Visibility) -> None:
    """In its order, and for counts."""
    ordered = ListQuery(POSTS.where(BOUNDS), (OrderTerm(RATING, OrderDirection.DESC),), visibility)
    for query in (ordered.count([WHOLE]), ordered.page([WHOLE], Window())):
        lines = plan(database, query)
        assert "(public=? AND <expr>>? AND <expr><?)" in lines
        assert faults(lines, merges=1) == []


def test_scans_and_sorts_are_found(database: sqlite3.Connection) -> None:
    """An order without an index is a sort, and a filter without one a scan."""
    by_category = (OrderTerm(ArticleOrderField["QUALITY"]),)
    sorted_ = ListQuery(ARTICLES.where(DAILY["provider slug"][0]), by_category, Visibility.PREVIEW)
    assert len(faults(plan(database, sorted_.page([WHOLE], Window())), merges=1)) == 1
    scan = Sql("SELECT count(*) FROM article WHERE provider_name = 'x'")
    assert faults(plan(database, scan), merges=1) == ["SCAN article"]
