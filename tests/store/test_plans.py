"""SQLite's plans and read rows: lookups use an index in order, and do not read more in a larger corpus."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gateway.content.identity import article_id, author_id, topic_id
from gateway.model.documents import Document
from gateway.model.lists import (
    NEWEST_FIRST,
    ArticleOrderField,
    AuthorOrderField,
    NullsOrder,
    Order,
    OrderDirection,
    OrderTerm,
    ProviderOrderField,
    TopicOrderField,
    Window,
)
from gateway.model.records import Visibility
from gateway.store.entities import EntityCache
from gateway.store.protocol import ChangeSet, ContentStore, Snapshot, read_one
from gateway.store.reader_pool import GENERATION
from gateway.store.reads import (
    ARTICLE_BY_ID,
    ARTICLE_BY_LOCALIZED_SLUG,
    ARTICLE_BY_PATH,
    ARTICLE_BY_SLUG,
    ARTICLE_BY_URL,
    ARTICLES,
    ARTICLES_OF_AUTHOR,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    ARTICLES_REFERRING,
    AUTHOR_BY_ID,
    AUTHOR_BY_KEY,
    AUTHOR_BY_SLUG,
    AUTHORS,
    MENTIONS,
    PROVIDER_BY_ID,
    PROVIDER_BY_KEY,
    PROVIDER_BY_SLUG,
    PROVIDERS,
    RELATED_BY_ID,
    TOPIC_BY_ID,
    TOPIC_BY_KEY,
    TOPIC_BY_SLUG,
    TOPICS,
    WHOLE,
    AuthorsOf,
    CountOf,
    CustomLookup,
    Listing,
    Lookup,
    PageOf,
    Precedes,
    Read,
    ReferencesOf,
    RelatedOf,
    SecuredOf,
    StatisticsOf,
    TextOf,
    TopicsOf,
    localized_slug,
    referring_by,
)
from gateway.store.rows import Row
from gateway.store.snapshot import SqlSnapshot
from gateway.store.sql_fragment import Steps
from gateway.store.sqlite.commit_counter import CommitCounter
from gateway.store.sqlite.database_setup import set_up
from gateway.store.sqlite.driver import SqliteConnection
from gateway.store.sqlite.store import SqliteStore, write
from gateway.store.sqlite.writer import CACHE_KIB, SORTING_KIB, UNCACHED
from gateway.store.tables import INDEXES
from gateway.store.tree import TreeCache
from tests.store.conftest import Open
from tests.store.custom import AUTHOR, DECLARED, LEVEL, MINUTES, POSTS, RATING, SERIES, SKU, TOOLS, Values, post
from tests.store.documents import NOW, author, day, document, entry, loaded, provider, stream, topics
from tests.store.reading import ask, look_up

T = TypeVar("T")

URL = "https://example.org/{}"


def corpus(size: int) -> list[Document]:
    """Articles that share days, providers, topics, link targets and custom values. Two of three are posts."""
    return [
        (partial(document, collection="people") if n % 3 == 1 else partial(post, values=custom_values(n)))(
            f"{n:05}",
            title=f"Title {n % 50}",
            published=n % 10 == 0,
            published_date_time=None if n % 7 == 0 else day(n % 28 + 1),
            updated_date_time=None if n % 3 else day(n % 5 + 1),
            quality=n % 100,
            heat=None if n % 4 else n,
            provider=provider(f"Provider {n % 60}", f"p{n % 60}.org"),
            topics=topics(f"t{n % 40}", f"u{n % 9}"),
            authors=(author(f"t{n % 40}"), author(f"u{n % 9}")),
            urls=(URL.format(n),),
            related=tuple(
                entry(f"e{(n * 7 + at) % 30}", URL.format((n * 7 + at) % 30), provider(f"M{at}")) for at in range(3)
            ),
        )
        for n in range(size)
    ]


def custom_values(n: int) -> Values:
    """Some are missing. The posts have two authors."""
    values: Values = {RATING: n % 50 / 10, MINUTES: n % 90, LEVEL: n % 3, SERIES: f"Series {n % 40}", SKU: f"sku-{n}"}
    return {
        AUTHOR: [URL.format(10 + n // 10 % 2 * 30)],
        TOOLS: [f"tool {n % 20}", f"tool {n % 20 + 1}"],
        **{each: value for at, (each, value) in enumerate(values.items()) if n % (at + 5)},
    }


class Explainer:
    """Reads a database, and records the plan of each query."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.plans: list[list[str]] = []

    async def generation(self) -> Row:
        [row] = self._connection.execute(GENERATION)
        return list(row)

    async def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Sequence[Row]:
        self.plans.append([row[3] for row in self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)])
        return self._connection.execute(sql, parameters).fetchall()

    async def run(self, steps: Steps[T]) -> T:
        try:
            query = next(steps)
            while True:
                query = steps.send(await self.rows(*query))
        except StopIteration as end:
            result: T = end.value
            return result


def reading(explainer: Explainer, visibility: Visibility, entities: int = 0) -> SqlSnapshot:
    """A snapshot of the explainer's database. By default it has no entities in memory."""
    return SqlSnapshot(explainer, visibility, EntityCache(visibility, entities), TreeCache(visibility))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "content.db"

    async def make() -> None:
        store = await SqliteStore.open(path)
        await fill(store, 3000)
        await store.close()

    asyncio.run(make())
    return path


async def fill(store: ContentStore, size: int) -> None:
    changes = stream([[loaded(one) for one in corpus(size)]])
    await store.apply(ChangeSet(NOW, changes, collections=DECLARED))


@pytest.fixture(scope="module", params=[False, True], ids=["fresh", "analyzed"])
def explainer(request: pytest.FixtureRequest, made: Path) -> Iterator[Explainer]:
    """Over a new database, and over an analysed one."""
    connection = sqlite3.connect(made)
    if request.param:
        connection.execute("ANALYZE")
    yield Explainer(connection)
    connection.close()


PARENTS: Mapping[Listing[Any], Sequence[str]] = {
    ARTICLES: [WHOLE],
    POSTS: [WHOLE],
    ARTICLES_OF_PROVIDER: ["p0.org", "p10.org"],
    ARTICLES_OF_TOPIC: ["t0", "u1"],
    ARTICLES_OF_AUTHOR: ["t0", "u1"],
    ARTICLES_REFERRING: [article_id("00000"), article_id("00010")],
    referring_by(AUTHOR): [article_id("00010"), article_id("00040")],
    MENTIONS: ["m0", "m1"],
    PROVIDERS: [WHOLE],
    TOPICS: [WHOLE],
    AUTHORS: [WHOLE],
}
ARTICLE_ORDERS: Sequence[Order] = [
    (),
    *(
        (OrderTerm(field, direction, nulls),)
        for field, direction, nulls in product(ArticleOrderField, OrderDirection, NullsOrder)
        if field is not ArticleOrderField.PROVIDER_NAME  # it depends on the visibility, and has no index by design
    ),
]
CUSTOM_ORDERS: Sequence[Order] = [
    (OrderTerm(*term),) for term in product((RATING, MINUTES, LEVEL, SERIES), OrderDirection, NullsOrder)
]
ORDERS: Mapping[Listing[Any], Sequence[Order]] = {
    ARTICLES: ARTICLE_ORDERS,
    POSTS: [NEWEST_FIRST, *CUSTOM_ORDERS],
    ARTICLES_OF_PROVIDER: [NEWEST_FIRST],
    ARTICLES_OF_TOPIC: [NEWEST_FIRST],
    ARTICLES_OF_AUTHOR: [NEWEST_FIRST],
    ARTICLES_REFERRING: [NEWEST_FIRST],
    referring_by(AUTHOR): [NEWEST_FIRST],
    MENTIONS: [NEWEST_FIRST],
    PROVIDERS: [(), *((OrderTerm(*term),) for term in product(ProviderOrderField, OrderDirection))],
    AUTHORS: [(), *((OrderTerm(*term),) for term in product(AuthorOrderField, OrderDirection))],
    TOPICS: [(), *((OrderTerm(*term),) for term in product(TopicOrderField, OrderDirection))],
}

STORED = (
    "article|mention|link|article_topic|article_author|backlink|article_url|provider|topic|author|listed|known|named"
    "|source|target|reference|led|custom_item"
)


def scans(plan: Sequence[str]) -> list[str]:
    return [step for step in plan if re.match(rf"SCAN (?:{STORED})\b", step)]


def sorts(plan: Sequence[str]) -> list[str]:
    return [step for step in plan if "TEMP B-TREE" in step]


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    ("listing", "order"), [(listing, order) for listing, orders in ORDERS.items() for order in orders], ids=str
)
@pytest.mark.parametrize("visibility", Visibility)
async def test_pages_use_an_index_in_order(
    explainer: Explainer, visibility: Visibility, listing: Listing[Any], order: Order, backward: bool
) -> None:
    """From the start, after an offset and after a cursor, without scans and sorts."""
    snapshot, parents = reading(explainer, visibility), PARENTS[listing]
    explainer.plans.clear()
    pages = await ask(snapshot, PageOf(listing, order, Window(3, backward)), parents)
    await ask(snapshot, PageOf(listing, order, Window(3, backward, offset=2)), parents)
    for plan in explainer.plans:
        assert all("INDEX" in scan and listing is ARTICLES for scan in scans(plan)), plan  # the walk along the list
    at_cursor = Window(3, backward, next(page.edges[0].cursor for page in pages.values() if page.edges))
    reads: Sequence[Read[Any]] = (PageOf(listing, order, at_cursor), Precedes(listing, order, at_cursor))
    for read in reads:
        await ask(snapshot, read, parents)
        assert scans(explainer.plans[-1]) == []
    allowed = {"USE TEMP B-TREE FOR ORDER BY"} if visibility is Visibility.PREVIEW else set()
    assert {step for plan in explainer.plans for step in sorts(plan)} <= allowed  # the merge of two limited parts


async def test_order_by_provider_name_reads_the_list(explainer: Explainer) -> None:
    """The one order without an index: the name depends on the visibility, so each would need its own."""
    snapshot = reading(explainer, Visibility.PUBLIC)
    await ask(snapshot, PageOf(ARTICLES, (OrderTerm(ArticleOrderField.PROVIDER_NAME),), Window(3)), [WHOLE])
    assert sorts(explainer.plans[-1]) == ["USE TEMP B-TREE FOR ORDER BY"]


LOOKUPS: Mapping[Lookup[Any], Sequence[str]] = {
    ARTICLE_BY_ID: [article_id("00010")],
    ARTICLE_BY_PATH: ["00010", "00020"],
    ARTICLE_BY_SLUG: ["00010", "00020"],
    ARTICLE_BY_LOCALIZED_SLUG: [localized_slug("00010", "en"), localized_slug("00020", "de")],
    ARTICLE_BY_URL: [URL.format(10)],
    PROVIDER_BY_ID: ["pr_"],
    PROVIDER_BY_KEY: ["p0.org"],
    PROVIDER_BY_SLUG: ["p0-org"],
    RELATED_BY_ID: ["re_"],
    TOPIC_BY_ID: [topic_id("t0")],
    TOPIC_BY_KEY: ["t0"],
    TOPIC_BY_SLUG: ["t0"],
    AUTHOR_BY_ID: [author_id("t0")],
    AUTHOR_BY_KEY: ["t0"],
    AUTHOR_BY_SLUG: ["t0"],
    CustomLookup.of(SKU): ["sku-30", "sku-60"],
}


@pytest.mark.parametrize("lookup", LOOKUPS, ids=str)
@pytest.mark.parametrize("visibility", Visibility)
async def test_lookups_use_an_index(explainer: Explainer, visibility: Visibility, lookup: Lookup[Any]) -> None:
    """For each key. Only the articles that share a value of a unique field are sorted."""
    await look_up(reading(explainer, visibility), lookup, LOOKUPS[lookup])
    assert scans(explainer.plans[-1]) == []
    allowed = {"USE TEMP B-TREE FOR ORDER BY"} if isinstance(lookup, CustomLookup) else set()
    assert {*sorts(explainer.plans[-1])} <= allowed
    assert any("USING INDEX field_" in step for step in explainer.plans[-1]) or not allowed


@pytest.mark.parametrize("visibility", Visibility)
async def test_changed_entities_use_an_index(explainer: Explainer, visibility: Visibility) -> None:
    """Neither the marks of earlier generations nor other entities are read."""
    cache, [epoch, *counters] = EntityCache(visibility, 1000), await explainer.generation()
    await cache.of([epoch, *counters], explainer.rows)
    await cache.of([epoch, *(counter + 1 for counter in counters[:2])], explainer.rows)
    assert scans(explainer.plans[-1]) == []
    assert any("record_change_order" in step for step in explainer.plans[-1])


IDS = [article_id("00010"), article_id("00020")]
Question = Callable[[Snapshot], Awaitable[object]]
OF_ARTICLES: Mapping[str, Question] = {
    "topics": lambda snapshot: ask(snapshot, TopicsOf(), IDS),
    "authors": lambda snapshot: ask(snapshot, AuthorsOf(), IDS),
    "related": lambda snapshot: ask(snapshot, RelatedOf(None), IDS),
    "first related": lambda snapshot: ask(snapshot, RelatedOf(1), IDS),
    "references": lambda snapshot: ask(snapshot, ReferencesOf(AUTHOR), IDS),
    "texts": lambda snapshot: ask(snapshot, TextOf(), IDS),
    "secured": lambda snapshot: ask(snapshot, SecuredOf(), IDS),
}


@pytest.mark.parametrize("question", OF_ARTICLES)
@pytest.mark.parametrize("visibility", Visibility)
async def test_details_are_read_by_article(explainer: Explainer, visibility: Visibility, question: str) -> None:
    """Rows of other articles are not read, and only the result is sorted."""
    explainer.plans.clear()
    await OF_ARTICLES[question](reading(explainer, visibility))
    assert [scan for plan in explainer.plans for scan in scans(plan)] == []


@pytest.mark.parametrize("listing", PARENTS, ids=str)
@pytest.mark.parametrize("visibility", Visibility)
async def test_counts_read_only_an_index(explainer: Explainer, visibility: Visibility, listing: Listing[Any]) -> None:
    """Of the parent's rows; for all articles the smallest index."""
    await ask(reading(explainer, visibility), CountOf(listing), PARENTS[listing])
    allowed = "SCAN article USING COVERING INDEX" if listing is ARTICLES else "nothing"
    assert all(scan.startswith(allowed) for scan in scans(explainer.plans[-1]))


async def test_statistics_and_problems_use_indexes(explainer: Explainer) -> None:
    """Problems are limited and in order."""
    snapshot = reading(explainer, Visibility.PREVIEW)
    await read_one(snapshot, StatisticsOf())
    assert all("COVERING INDEX" in scan for scan in scans(explainer.plans[-1]))
    await snapshot.problems(None, 5)
    assert sorts(explainer.plans[-1]) == []


# Rows read.


def paged(listing: Listing[Any], order: Order) -> Question:
    return lambda snapshot: ask(snapshot, PageOf(listing, order, Window(3)), PARENTS[listing])


def counted(listing: Listing[Any]) -> Question:
    return lambda snapshot: ask(snapshot, CountOf(listing), PARENTS[listing])


def preceded(listing: Listing[Any], order: Order) -> Question:
    return lambda snapshot: ask(snapshot, Precedes(listing, order, Window(3, offset=2)), PARENTS[listing])


def found(lookup: Lookup[Any]) -> Question:
    return lambda snapshot: look_up(snapshot, lookup, LOOKUPS[lookup])


BOUNDS: Sequence[tuple[Question, int]] = [
    *((paged(listing, order), 4 * len(PARENTS[listing])) for listing in ORDERS for order in ORDERS[listing]),
    *((preceded(listing, orders[0]), len(PARENTS[listing])) for listing, orders in ORDERS.items()),
    *((counted(listing), len(parents)) for listing, parents in PARENTS.items()),
    *((found(lookup), len(keys)) for lookup, keys in LOOKUPS.items()),
    *((question, 3 * len(IDS)) for question in OF_ARTICLES.values()),
    (lambda snapshot: read_one(snapshot, StatisticsOf()), 1),
    (lambda snapshot: snapshot.problems(None, 5), 5),
]


@pytest.mark.parametrize("visibility", Visibility)
async def test_read_rows_do_not_grow_with_the_corpus(new_store: Open, visibility: Visibility) -> None:
    """Each query is at most one call, and ten times as many articles do not return more rows than needed."""
    costs = []
    for size in (300, 3000):
        store = await new_store()
        await fill(store, size)
        async with store.snapshot(visibility) as snapshot:
            costs.append([await cost(snapshot, question, bound) for question, bound in BOUNDS])
    small, large = costs
    assert large == small


async def cost(snapshot: Snapshot, question: Question, bound: int) -> int:
    before = snapshot.usage
    await question(snapshot)
    assert snapshot.usage.calls - before.calls <= 1
    rows = snapshot.usage.rows - before.rows
    assert rows <= bound
    return rows


async def test_saving_an_article_does_not_read_the_corpus(tmp_path: Path) -> None:
    """SQLite executes about the same number of instructions in a corpus of ten times the size."""
    small, large = [await instructions(tmp_path / f"{size}.db", size) for size in (300, 3000)]
    assert large < 1.5 * small, (small, large)


async def instructions(path: Path, size: int) -> int:
    """The hundreds of instructions that SQLite executes to write one new version of an article."""
    store = await SqliteStore.open(path)
    await fill(store, size)
    await store.close()
    executed = 0

    def count() -> None:
        nonlocal executed
        executed += 1

    async with SqliteConnection.open(path) as connection:
        await set_up(connection)
        await connection.run(lambda db: db.set_progress_handler(count, 100))
        changed = document("00299", title="Changed", published_date_time=day(1))
        await write(connection, ChangeSet(NOW, stream([[loaded(changed)]]), expected=1), CommitCounter(path))
        await connection.run(lambda db: db.set_progress_handler(None, 0))
    return executed


async def test_large_run_sorts_in_little_memory(tmp_path: Path) -> None:
    """SQLite sorts the rows of an index in as much memory as its page cache, in addition to the cache."""
    path, executed = tmp_path / "content.db", list[str]()
    async with SqliteConnection.open(path) as connection:
        await set_up(connection)
        await connection.run(lambda db: db.set_trace_callback(executed.append))
        changes = ChangeSet(NOW, stream([[loaded(document("a"))]]), expected=UNCACHED)
        await write(connection, changes, CommitCounter(path))
        await connection.run(lambda db: db.set_trace_callback(None))
        assert await connection.rows("PRAGMA cache_size") == [(-CACHE_KIB,)]
    indexed = [at for at, statement in enumerate(executed) if statement.startswith("CREATE")]
    assert len(indexed) == len(INDEXES)
    assert {executed[at - 1] for at in indexed} == {f"PRAGMA cache_size = -{SORTING_KIB}"}
