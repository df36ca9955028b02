"""PostgreSQL's plans: lookups and pages use an index in order, and read no whole table.

Of smaller tables PostgreSQL reads the whole.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from gateway.model.lists import NEWEST_FIRST, Order, Window
from gateway.model.records import Visibility
from gateway.option_types import DatabaseUrl
from gateway.store.postgres import connection as connections
from gateway.store.protocol import Snapshot
from gateway.store.reads import WHOLE, Listing, Lookup, PageOf
from tests.postgres import own_schema
from tests.store.custom import POSTS
from tests.store.reading import ask, look_up
from tests.store.replicated import ReplicatedStore
from tests.store.test_filter_plans import CUSTOM
from tests.store.test_plans import LOOKUPS, OF_ARTICLES, ORDERS, PARENTS, fill

pytestmark = pytest.mark.asyncio(loop_scope="module")
SIZE = 10_000
LARGE = {"article", "article_topic", "article_url", "mention", "link", "search"}
FEW = 200
"""The rows that a plan may sort."""
Plan = Mapping[str, Any]


class Explained(NamedTuple):
    """A store, and the statements that its readers sent."""

    store: ReplicatedStore
    statements: list[tuple[str, Sequence[object]]]
    connection: asyncpg.Connection

    async def plans(self) -> Sequence[Plan]:
        """The plans of the statements since the last call."""
        await asyncio.sleep(0)  # the driver calls its loggers later
        found = []
        for query, parameters in self.statements:
            if "BEGIN" not in query and "ROLLBACK" not in query:
                [(plan,)] = await self.connection.fetch(f"EXPLAIN (FORMAT JSON) {query}", *parameters)
                found += [json.loads(plan)[0]["Plan"]]
        self.statements.clear()
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def explained(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Explained]:
    url, statements = own_schema(postgres), list[tuple[str, Sequence[object]]]()
    connect = connections._connect

    async def logged(url: DatabaseUrl, purpose: str) -> Any:
        opened = await connect(url, purpose)
        if purpose == "gateway":
            opened.add_query_logger(lambda record: statements.append((record.query, record.args)))
        return opened

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(connections, "_connect", logged)
        store = await ReplicatedStore.open(tmp_path_factory.mktemp("plans") / "working.db", url, entities=0)
        await fill(store, SIZE)
        connection = await asyncpg.connect(url)
        yield Explained(store, statements, connection)
        await connection.close()
        await store.close()


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def scans(plans: Sequence[Plan]) -> list[str]:
    """The large tables that are read as a whole."""
    every = [node for plan in plans for node in nodes(plan)]
    return [node["Relation Name"] for node in every if node["Node Type"] == "Seq Scan" and is_large(node)]


def is_large(node: Plan) -> bool:
    return node["Relation Name"] in LARGE


def sorts(plans: Sequence[Plan]) -> list[float]:
    """The numbers of rows that are sorted, if there are many."""
    sorted_ = [node for plan in plans for node in nodes(plan) if node["Node Type"] == "Sort"]
    return [node["Plan Rows"] for node in sorted_ if node["Plan Rows"] > FEW]


async def plans_of(explained: Explained, visibility: Visibility, question: Any) -> Sequence[Plan]:
    snapshot: Snapshot
    explained.statements.clear()
    async with explained.store.snapshot(visibility) as snapshot:
        await question(snapshot)
    plans = await explained.plans()
    assert plans
    return plans


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    ("listing", "order"), [(listing, order) for listing, orders in ORDERS.items() for order in orders], ids=str
)
async def test_pages_use_an_index_in_order(
    explained: Explained, listing: Listing[Any], order: Order, backward: bool
) -> None:
    """From the start and after a cursor."""

    async def ask_pages(snapshot: Snapshot) -> None:
        pages = await ask(snapshot, PageOf(listing, order, Window(3, backward)), PARENTS[listing])
        cursor = next(page.edges[0].cursor for page in pages.values() if page.edges)
        at_cursor = Window(3, backward, cursor)
        await ask(snapshot, PageOf(listing, order, at_cursor), PARENTS[listing])

    plans = await plans_of(explained, Visibility.PUBLIC, ask_pages)
    assert scans(plans) == []
    assert sorts(plans) == []


@pytest.mark.parametrize("lookup", LOOKUPS, ids=str)
@pytest.mark.parametrize("visibility", Visibility)
async def test_lookups_use_an_index(explained: Explained, visibility: Visibility, lookup: Lookup[Any]) -> None:
    plans = await plans_of(explained, visibility, lambda snapshot: look_up(snapshot, lookup, LOOKUPS[lookup]))
    assert (scans(plans), sorts(plans)) == ([], [])


@pytest.mark.parametrize("question", OF_ARTICLES)
@pytest.mark.parametrize("visibility", Visibility)
async def test_details_are_read_by_article(explained: Explained, visibility: Visibility, question: str) -> None:
    plans = await plans_of(explained, visibility, OF_ARTICLES[question])
    assert (scans(plans), sorts(plans)) == ([], [])


@pytest.mark.parametrize("name", ["unique", "reference"])
@pytest.mark.parametrize("visibility", Visibility)
async def test_filters_by_custom_fields_use_an_index(explained: Explained, visibility: Visibility, name: str) -> None:
    """If they select few articles. For many, PostgreSQL may read the table."""
    page = PageOf(POSTS.where(CUSTOM[name][0]), NEWEST_FIRST, Window(3))
    plans = await plans_of(explained, visibility, lambda snapshot: ask(snapshot, page, [WHOLE]))
    assert scans(plans) == []
