"""The serving benchmark in small, without packages of peers: it compares answers, then CPU time per request."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from multiprocessing import get_context

import pytest

from benchmarks import shapes
from benchmarks.contenders import PEERS as FOLDERS
from benchmarks.servers import PEERS, Site, gateway
from benchmarks.serving import QUERIES, Comparison, Contender, Plan, check, compare, send, started

FILES = 30
FIXED = PEERS["starlette"]._replace(
    command=lambda _, site: (sys.executable, FOLDERS / "starlette/server.py", site.answers), install=lambda _: None
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    found = Site(tmp_path_factory.mktemp("site"))
    shapes.write(found.content, shapes.article, FILES)
    return found


@pytest.fixture(scope="module")
def contenders(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Contender]]:
    """A gateway and fixed answers."""
    with ExitStack() as stack:
        yield [*started(stack, site, [gateway()], [FIXED], tmp_path_factory.mktemp("cache"))]


def test_each_query_is_measured(contenders: list[Contender], site: Site) -> None:
    """With one connection and with several. The fixed answers have the size of the gateway's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as client:
        for query in QUERIES:
            found = compare(contenders, query, query.sets(site.database), Plan(3, 2, hot=False), client)
            assert [*found.costs] == ["gateway", FIXED.name]
            assert all(cost > 0 for costs in found.costs.values() for cost in costs)
            assert found.size == len(contenders[1].answer(query, {}))


def test_the_database_has_all_that_the_gateway_serves(contenders: list[Contender], site: Site) -> None:
    """Related entries and images belong to the same articles, and providers and topics are stored once."""
    query = "{ articles(first: 30, orderBy: []) { nodes { id provider { id } topics { name } related { title } } } }"
    nodes = contenders[0].running.post(query)["data"]["articles"]["nodes"]
    with closing(sqlite3.connect(site.database)) as connection:
        rows = connection.execute(
            "SELECT articles.id, providers.id,"
            " (SELECT json_group_array(name) FROM (SELECT name FROM article_topic JOIN topics ON key = topicKey"
            "   WHERE articleKey = articles.key ORDER BY position)),"
            " (SELECT json_group_array(title) FROM (SELECT title FROM related WHERE articleKey = articles.key"
            "   ORDER BY key))"
            " FROM articles JOIN providers ON providers.key = providerKey ORDER BY articles.key"
        ).fetchall()
        images = connection.execute("SELECT count(*) FROM images").fetchone()[0]
    assert len(rows) == FILES
    for node, (article, provider, topics, related) in zip(nodes, rows, strict=True):
        assert (article, provider) == (node["id"], node["provider"]["id"])
        assert json.loads(topics) == [each["name"] for each in node["topics"]]
        assert json.loads(related) == [each["title"] for each in node["related"]]
    assert images == FILES + sum(len(node["related"]) for node in nodes)


@pytest.mark.usefixtures("contenders")
def test_variable_sets_differ(site: Site) -> None:
    """Each set occurs once, and the order is the same each time."""
    for query in QUERIES:
        sets = query.sets(site.database)
        assert len({json.dumps(variables) for variables in sets}) == len(sets) == FILES
        assert sets == query.sets(site.database)


def test_a_different_answer_is_an_error(contenders: list[Contender], site: Site) -> None:
    """The message has the query and its variables. Fixed answers are not compared."""
    query, other = QUERIES[0], contenders[0]._replace(server=contenders[0].server._replace(name="other"))
    sets = query.sets(site.database)
    check([*contenders, other], query, sets)
    wrong = contenders[1]._replace(server=FIXED._replace(name="wrong", path="/page"))
    with pytest.raises(SystemExit, match=r"wrong answers the query 'article' with {\"id\": \"\w+\"} differently"):
        check([*contenders, wrong], query, sets)


def test_an_error_ends_the_load(contenders: list[Contender]) -> None:
    """The answer is in the message."""
    request = contenders[0].request(QUERIES[0]._replace(document="{ unknown }"), {})
    port = int(contenders[0].running.url.rpartition(":")[2])
    with pytest.raises(ValueError, match=r"The answer is an error:[^$]*unknown"):
        send(port, [request], 1)


def test_the_table_has_ratios_to_the_first() -> None:
    """Before the values, in milliseconds."""
    found = Comparison(QUERIES[0], 4_400, {"one": [0.001, 0.002], "two": [0.004, 0.002]})
    title, _, one, two = found.table().splitlines()
    assert title.startswith("| one article with its relations, 4.4 KB | ")
    assert one == "| one | 1.00 | 1.00 | 1.00 | 2.00 |"
    assert two == "| two | 0.25 | 1.00 | 4.00 | 2.00 |"
