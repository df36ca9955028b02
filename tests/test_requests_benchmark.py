"""The request benchmark in small, without packages of peers: it compares answers, then measures requests with wrk."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from xml.etree import ElementTree as ET

import pytest

from benchmarks import shapes, wrk
from benchmarks.contenders import PEERS as FOLDERS
from benchmarks.operations import QUERIES
from benchmarks.requests import COLD, HOT, Comparison, Contender, Plan, chart, check, compare, of_mode, started
from benchmarks.servers import PEERS, Site, gateway
from benchmarks.wrk import Measured
from tests.conftest import need

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
    """A gateway, one without its compiler, and fixed answers."""
    gateways = [gateway(), gateway(compiles=False)]
    with ExitStack() as stack:
        yield [*started(stack, site, gateways, [FIXED], tmp_path_factory.mktemp("cache"))]


@pytest.mark.parametrize("mode", [COLD, HOT])
def test_each_mode_is_measured(contenders: list[Contender], site: Site, mode: str) -> None:
    """Each contender of the mode has positive numbers. The fixed answers have the size of the gateway's."""
    for program in wrk.NEEDS:
        need(program, shutil.which(program))
    query, plan = QUERIES[1], Plan(2, 1, 1, FILES, [mode], QUERIES)
    for contender in contenders:
        wrk.pin(contender.running.process.pid)
    found = compare(of_mode(contenders, mode), query, query.sets(site.database), plan, mode)
    forms = ["gateway, GET by digest", "gateway, 304"] if mode == HOT else ["gateway without its compiler"]
    assert [*found.found] == ["gateway", *forms, FIXED.name]
    assert all(number > 0 for each in found.found.values() for number in each)
    assert found.size == len(contenders[-1].answer(query, {}))


def test_each_query_has_an_answer(contenders: list[Contender], site: Site) -> None:
    """The answers of the compiler and of graphql-core are equal, and not empty."""
    for query in QUERIES:
        sets = query.sets(site.database)
        check(contenders, query, sets)
        assert query.compared(contenders[0].answer(query, sets[0]))


def test_the_forms_of_hot_requests(contenders: list[Contender], site: Site) -> None:
    """The document of a GET request is registered, and the last form has the ETag of its answer."""
    query = QUERIES[1]
    variables = query.sets(site.database)[0]
    post, get, revalidation, *_ = of_mode(contenders, HOT)
    assert post.form(post, query, variables).startswith(b"POST /graphql HTTP/1.1\r\n")
    line, *_ = get.form(get, query, variables).decode().split("\r\n")
    assert post.running.get(line.split(" ")[1]).json() == json.loads(post.answer(query, variables))
    assert b"\r\nIf-None-Match: " in revalidation.form(revalidation, query, variables)


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
        assert len({json.dumps(variables) for variables in sets}) == len(sets) >= FILES
        assert sets == query.sets(site.database)


def test_a_different_answer_is_an_error(contenders: list[Contender], site: Site) -> None:
    """The message has the query and its variables. Fixed answers are not compared."""
    query, other = QUERIES[1], contenders[0]._replace(name="other")
    sets = query.sets(site.database)
    check([*contenders, other], query, sets)
    wrong = contenders[-1]._replace(name="wrong", server=FIXED._replace(path="/page"))
    with pytest.raises(SystemExit, match=r"wrong answers the query 'article' with {\"id\": \"\w+\"} differently"):
        check([*contenders, wrong], query, sets)


def test_an_answer_with_errors_is_an_error(contenders: list[Contender]) -> None:
    """It is in the message."""
    query = QUERIES[0]._replace(document="{ unknown }")
    with pytest.raises(ValueError, match=r"The answer to 'typename' is an error: .*unknown"):
        check(contenders, query, [{}])


def test_a_failed_request_is_an_error(contenders: list[Contender]) -> None:
    """The number of failures is in the message."""
    for program in wrk.NEEDS:
        need(program, shutil.which(program))
    server = contenders[-1].running
    with pytest.raises(ValueError, match=r"(\d+) of \1 requests failed"):
        wrk.load(server.url, server.process.pid, [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"], 1, 1)


COMPARISON = Comparison(
    QUERIES[1], 4_400, {"one": Measured(0.001, 800, 0.01, 0.02), "two": Measured(0.004, 200, 0.04, 0.5)}
)


def test_the_table_has_ratios_to_the_first() -> None:
    """Before the values, in milliseconds."""
    title, _, one, two = COMPARISON.table().splitlines()
    assert title.startswith("| one article with its relations, 4.4 KB | ")
    assert one == "| one | 1.00 | 1.000 | 800 | 10.00 | 20.00 |"
    assert two == "| two | 0.25 | 4.000 | 200 | 40.00 | 500.00 |"


def test_the_chart_has_a_dot_for_each_value() -> None:
    """And one for each name in the legend. It is well-formed, and dots have different places."""
    drawn = ET.fromstring(chart([COMPARISON, COMPARISON._replace(query=QUERIES[2])]))  # noqa: S314 - drawn here
    namespace = "{http://www.w3.org/2000/svg}"
    circles = [*drawn.iter(f"{namespace}circle")]
    assert len(circles) == 4 + 2
    assert len({(each.get("cx"), each.get("cy")) for each in circles}) == len(circles)
    assert {"one", "two", QUERIES[1].title, QUERIES[2].title} <= {each.text for each in drawn.iter(f"{namespace}text")}
