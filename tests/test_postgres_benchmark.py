"""The PostgreSQL benchmark in small, without PostGraphile."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import asyncpg
import pytest

from benchmarks import shapes, wrk
from benchmarks.operations import QUERIES
from benchmarks.postgres import DOCUMENTS, NAMES, Measurement, check, cpu_seconds, plain, started
from benchmarks.scaling import KINDS, cost, memory
from benchmarks.servers import Site
from tests.conftest import need

FILES = 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    found = Site(tmp_path_factory.mktemp("site"))
    shapes.write(found.content, shapes.article, FILES)
    return found


@pytest.fixture(scope="module")
def gateways(site: Site) -> Iterator[Sequence[Measurement]]:
    with ExitStack() as stack:
        yield [*started(stack, site, site.folder / "cache", has_npm=False)]


def test_both_gateways_answer_equally(site: Site, gateways: Sequence[Measurement]) -> None:
    """PostgreSQL has the gateway's tables and the relational ones, and its CPU time grows with the answers."""
    assert [each.contender.name for each in gateways] == ["gateway on PostgreSQL", "gateway on SQLite"]
    database = gateways[0].database
    assert database
    for query in QUERIES:
        if query.name in NAMES:
            check(gateways, query, query.sets(site.database)[:3])
    assert cpu_seconds(database) > 0
    assert asyncio.run(articles(database.url)) == FILES


def test_costs_for_scaling(site: Site, gateways: Sequence[Measurement]) -> None:
    """The gateway and PostgreSQL each take a part of the CPU time, and have a size."""
    for program in wrk.NEEDS:
        need(program, shutil.which(program))
    found = cost(gateways[0], KINDS[0].query, site, 1)
    assert min(found) > 0
    assert min(asyncio.run(memory(gateways[0], FILES))) > 0


async def articles(url: str) -> int:
    connection = await asyncpg.connect(url)
    found: int = await connection.fetchval("SELECT count(*) FROM relational.articles")
    await connection.close()
    return found


def test_answers_are_compared_without_the_objects_of_a_schema() -> None:
    """Those of connections, and of rows between two tables."""
    other = {"topics": {"nodes": [{"topicByTopicKey": {"name": "News"}}]}, "title": None}
    assert plain(other) == plain({"topics": [{"name": "News"}], "title": None})
    assert DOCUMENTS.keys() == {*NAMES}
