"""The example queries, run on servers that their commands started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from graphql import parse

from gateway.execution.cost import analyse
from gateway.explorer.ready_queries import DOCUMENTS, PATH
from gateway.limits import Limits
from gateway.settings import Mode
from tests.commands import Running
from tests.conftest import NO_TLS
from tests.queries.oracle import CONTRACT
from tests.service import service, serving
from tests.test_preview_links import GOOD, SECRET, cookie

FINDS: Mapping[str, Callable[[Any], object]] = {
    "Feed": lambda data: data["articles"]["nodes"],
    "Article": lambda data: data["article"]["related"],
    "Search": lambda data: data["search"]["edges"] and data["facets"]["topics"],
    "Topic": lambda data: data["topic"]["articles"]["nodes"] and data["topic"]["providers"],
    "Provider": lambda data: data["provider"]["articles"]["nodes"] and data["provider"]["topics"],
    "Changes": lambda data: data["changes"]["changes"],
    "Corpus": lambda data: data["corpus"]["articleCount"],
}
"""The expected kind of result of each query, by name. The subscription waits for a change."""
LIVE = "Live"


def ready(server: Running) -> list[Any]:
    response = server.get(PATH)
    assert (response.headers["content-type"], response.headers["cache-control"]) == (
        "application/json",
        "private, no-store",
    )
    found: list[Any] = response.json()
    return found


@pytest.mark.parametrize("name", ["dev", "public"])
def test_each_query_has_results(name: str, request: pytest.FixtureRequest) -> None:
    """Over the seeds, with the given arguments, under `dev` and `serve`."""
    server: Running = request.getfixturevalue(name)
    queries = ready(server)
    assert {query["name"] for query in queries} == {*FINDS, LIVE}
    for query in queries:
        assert query.keys() == {"name", "query", "variables"}
        if query["name"] != LIVE:
            answer = httpx.post(f"{server.url}/graphql", json=query, timeout=30, trust_env=False, verify=NO_TLS).json()
            assert "errors" not in answer, answer
            assert FINDS[query["name"]](answer["data"]), answer


def test_subscription_reports_a_change(live: Running, draft: Path) -> None:
    """A file that is saved gives an event."""
    [query] = [query["query"] for query in ready(live) if query["name"] == LIVE]
    accept = {"Accept": "text/event-stream"}
    with (
        httpx.Client(trust_env=False, verify=NO_TLS, timeout=30) as client,
        client.stream("POST", f"{live.url}/graphql", json={"query": query}, headers=accept) as stream,
    ):
        lines = stream.iter_lines()
        next(lines)  # the stream is open
        for number, line in enumerate(lines):  # heartbeats are sent without events
            if line.startswith("data: "):
                change = orjson.loads(line.removeprefix("data: "))["data"]["articleChanged"]
                assert change["article"]["title"].startswith("New ")
                return
            (draft / "new.md").write_text(f"---\ntitle: New {number}\n---\n")
    raise AssertionError


def test_arguments_are_public(dev: Running, public: Running) -> None:
    """Arguments come from drafts only if drafts are shown."""
    headers = {"X-Include-Drafts": "false"}
    narrowed = httpx.get(dev.url + PATH, headers=headers, timeout=30, trust_env=False, verify=NO_TLS).json()
    assert narrowed == ready(public) != ready(dev)


async def test_arguments_of_a_preview(tmp_path: Path) -> None:
    """With a preview link the arguments are from all articles. Others get no queries."""
    files = {"draft.md": "---\ntitle: Draft\ndraft: true\ntopics: [Ideas]\n---\n"}
    async with serving(tmp_path, files=files, preview_secret=SECRET, preview_explorer=True) as client:
        assert (await client.get(PATH)).status_code == 404
        found = (await client.get(PATH, headers=cookie(GOOD))).json()
    assert {"slug": "ideas"} in [query["variables"] for query in found]


async def test_queries_over_an_empty_corpus(tmp_path: Path) -> None:
    """Each query is answered without results. Before the first load the queries are unavailable."""
    async with service(tmp_path, Mode.DEV, {}) as found:
        transport = httpx.ASGITransport(found.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.get(PATH)).status_code == 503
            await found.change({})
            for query in (await client.get(PATH)).json():
                if query["name"] != LIVE:
                    assert "errors" not in (await client.post("/graphql", json=query)).json()


async def test_search_word_from_a_title(tmp_path: Path) -> None:
    """Without topics, the longest word of a title is searched."""
    async with serving(tmp_path, Mode.DEV, {"one.md": "---\ntitle: A lighthouse, at sea\n---\n"}) as client:
        [query] = [query for query in (await client.get(PATH)).json() if query["name"] == "Search"]
        assert query["variables"] == {"query": "lighthouse"}
        answer = (await client.post("/graphql", json=query)).json()
        assert answer["data"]["search"]["totalCount"] == 1


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_each_query_has_a_comment(text: str) -> None:
    """The comment comes first, and the query costs at most a quarter of the limit."""
    assert text.startswith("# ")
    analysis = analyse(CONTRACT, parse(text), Limits())
    analysis.check_shape()
    assert analysis.check_cost(None, {}) * 4 <= Limits().cost
