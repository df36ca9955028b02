"""The PostgreSQL benchmark in small, without PostGraphile."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import asyncpg

from benchmarks import shapes
from benchmarks.operations import QUERIES
from benchmarks.postgres import DOCUMENTS, NAMES, check, cpu_seconds, plain, started
from benchmarks.servers import Site


def test_both_gateways_answer_equally(tmp_path: Path) -> None:
    """PostgreSQL has the gateway's tables and the relational ones, and its CPU time grows with the answers."""
    site = Site(tmp_path)
    shapes.write(site.content, shapes.article, 20)
    with ExitStack() as stack:
        found = [*started(stack, site, tmp_path / "cache", has_npm=False)]
        assert [each.contender.name for each in found] == ["gateway on PostgreSQL", "gateway on SQLite"]
        database = found[0].database
        assert database
        for query in QUERIES:
            if query.name in NAMES:
                check(found, query, query.sets(site.database)[:3])
        assert cpu_seconds(database) > 0
        assert asyncio.run(articles(database.url)) == 20


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
