"""Compares the CPU time per HTTP request of `gateway serve` with other servers of the same articles. Linux only.

python -m benchmarks.serving [--requests 500] [--peers mercurius] [--gateway CHECKOUT] [--hot] [--write-docs]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import platformdirs

from benchmarks import relational, shapes
from benchmarks.load import PAGE, write_section
from benchmarks.servers import PEERS, Server, Site, gateway
from tests.commands import Running

CONNECTIONS = (1, 8)
SETS = 4_000
"""The maximum number of variable sets of a query."""
SAMPLE = 10
"""The number of variable sets whose answers are compared."""
CARD = """
title excerpt publishedDateTime provider { name domain } topics { name } images { url width }
related { title webUrl publishedDateTime provider { name } images { url } }
"""
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEADER = "| {title} | {ratios} | {costs} |\n|---|{columns}\n"

Variables = Mapping[str, Any]


class Query(NamedTuple):
    """A document, and the statement that selects its variable sets from the relational database."""

    name: str
    title: str
    document: str
    variables: str

    def sets(self, database: Path) -> Sequence[Variables]:
        """Different variable sets, in a random order that is the same each time."""
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute(self.variables).fetchmany(SETS)]
        random.Random(1).shuffle(found)
        return found

    def body(self, variables: Variables) -> bytes:
        return json.dumps({"query": self.document, "variables": variables}).encode()


QUERIES = (
    Query(
        "article",
        "one article with its relations",
        f"query ($id: ID!) {{ article(id: $id) {{ {CARD} }} }}",
        "SELECT id FROM articles",
    ),
    Query(
        "page",
        "20 articles with their relations",
        f"query ($offset: Int!) {{ articles(first: 20, offset: $offset) {{ nodes {{ {CARD} }} }} }}",
        "SELECT key - 1 AS offset FROM articles ORDER BY key",
    ),
    Query(
        "list",
        "100 articles without relations",
        "query ($before: DateTime!) { articles(first: 100, filter: {publishedDateTime: {lt: $before}}) {"
        " nodes { id title publishedDateTime webUrl } } }",
        "SELECT DISTINCT publishedDateTime AS before FROM articles",
    ),
    Query(
        "provider",
        "20 articles of a provider",
        "query ($id: ID!, $offset: Int!) { provider(id: $id) { name articles(first: 20, offset: $offset) {"
        " nodes { title publishedDateTime topics { name } } } } }",
        "SELECT providers.id, row_number() OVER (PARTITION BY providerKey ORDER BY articles.key) - 1 AS offset"
        " FROM articles JOIN providers ON providers.key = providerKey ORDER BY offset",
    ),
)


class Contender(NamedTuple):
    """A running server."""

    server: Server
    running: Running

    def request(self, query: Query, variables: Variables) -> bytes:
        """Does not accept compressed answers."""
        body, path = query.body(variables), self.server.path.format(query=query.name)
        fields = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return f"POST {path} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body

    def answer(self, query: Query, variables: Variables) -> bytes:
        url = self.running.url + self.server.path.format(query=query.name)
        sent = urllib.request.Request(url, query.body(variables), {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(sent) as response:  # noqa: S310 - a server of this benchmark
            found: bytes = response.read()
        return found

    def processor_seconds(self) -> float:
        """User and system time of the process with all its threads. clock_getcpuclockid(3) makes this clock id."""
        return time.clock_gettime((~self.running.process.pid << 3) | 2)


class Plan(NamedTuple):
    requests: int
    """Per measurement, and for the warm-up of each query."""
    rounds: int
    hot: bool
    """Whether each request of a query has the same variables."""


class Comparison(NamedTuple):
    """The median CPU seconds per request of each contender, the gateway's first, with each number of connections."""

    query: Query
    size: int
    """Bytes of an answer."""
    costs: Mapping[str, Sequence[float]]

    def table(self) -> str:
        """A Markdown table. Ratios are those of the first row to each row, so less than 1 is good for the gateway."""
        first = next(iter(self.costs.values()))
        rows = (
            f"| {name} | {_cells(one / its for one, its in zip(first, costs, strict=True))}"
            f" | {_cells(1000 * its for its in costs)} |\n"
            for name, costs in self.costs.items()
        )
        header = HEADER.format(
            title=f"{self.query.title}, {self.size / 1000:.1f} KB",
            ratios=" | ".join(f"gateway's CPU / its CPU, {number} conn." for number in CONNECTIONS),
            costs=" | ".join(f"CPU ms per request, {number} conn." for number in CONNECTIONS),
            columns="--:|" * 2 * len(CONNECTIONS),
        )
        return header + "".join(rows)


def _cells(numbers: Iterator[float]) -> str:
    return " | ".join(f"{number:.2f}" for number in numbers)


def compare(
    contenders: Sequence[Contender], query: Query, sets: Sequence[Variables], plan: Plan, client: ProcessPoolExecutor
) -> Comparison:
    """The contenders take turns, so that other work on the machine affects them alike."""
    check(contenders, query, sets[-SAMPLE:])
    upcoming = cycle(sets[:1] if plan.hot else sets)

    def measured(contender: Contender, some: Sequence[Variables], connections: int) -> float:
        port, requests = urlsplit(contender.running.url).port or 0, [contender.request(query, each) for each in some]
        before = contender.processor_seconds()
        client.submit(send, port, requests, connections).result()
        return (contender.processor_seconds() - before) / len(requests)

    warming = [*islice(upcoming, plan.requests)]
    for contender in contenders:
        measured(contender, warming, max(CONNECTIONS))
    costs = {contender.server.name: [list[float]() for _ in CONNECTIONS] for contender in contenders}
    for number in range(plan.rounds):
        for place, connections in enumerate(CONNECTIONS):
            some = [*islice(upcoming, plan.requests)]
            for contender in contenders[:: -1 if number % 2 else 1]:
                costs[contender.server.name][place].append(measured(contender, some, connections))
    medians = {name: [*map(median, places)] for name, places in costs.items()}
    return Comparison(query, len(contenders[0].answer(query, sets[0])), medians)


def check(contenders: Sequence[Contender], query: Query, sample: Sequence[Variables]) -> None:
    """Exits if an answer differs from the gateway's."""
    first, *others = (contender for contender in contenders if not contender.server.fixed)
    for variables in sample:
        expected = _data(first.answer(query, variables))
        for other in others:
            if (found := _data(other.answer(query, variables))) != expected:
                where = f"{other.server.name} answers the query '{query.name}' with {json.dumps(variables)}"
                sys.exit(f"{where} differently:\n{json.dumps(found)}\ninstead of:\n{json.dumps(expected)}")


def _data(answer: bytes) -> object:
    return json.loads(answer).get("data")


def send(port: int, requests: Sequence[bytes], connections: int) -> None:
    """Send the requests on a number of connections, each the next one after its answer. Raises ValueError on errors."""
    asyncio.run(_send_all(port, requests, connections))


async def _send_all(port: int, requests: Sequence[bytes], connections: int) -> None:
    upcoming = iter(requests)
    await asyncio.gather(*(_send(port, upcoming) for _ in range(connections)))


async def _send(port: int, upcoming: Iterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with closing(writer):
        for request in upcoming:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            if not (head.startswith(b"HTTP/1.1 200 ") and body.startswith(b'{"data":{')):
                raise ValueError(f"The answer is an error:\n{(head + body[:1000]).decode()}")


def started(
    stack: ExitStack, site: Site, gateways: Sequence[Server], peers: Sequence[Server], cache: Path
) -> Iterator[Contender]:
    """Start all servers. The first gateway fills the database and the answers of the peers."""

    def start(server: Server) -> Contender:
        return Contender(
            server, stack.enter_context(server.running(cache, site, Path(tempfile.mkdtemp(dir=site.folder))))
        )

    first, *others = [start(server) for server in gateways]
    for contender in (first, *others):
        contender.running.said(r"\d+ articles \(")
        yield contender
    relational.fill(site.database, first.running)
    site.answers.mkdir()
    for query in QUERIES:
        answer = first.answer(query, query.sets(site.database)[0])
        (site.answers / query.name).write_bytes(answer)
    yield from map(start, peers)


def results(
    gateways: Sequence[Server], peers: Sequence[Server], files: int, plan: Plan, cache: Path
) -> Iterator[Comparison]:
    """The comparison of each query, one by one."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ExitStack() as stack,
        ProcessPoolExecutor(1, get_context("spawn")) as client,
    ):
        site = Site(Path(folder))
        shapes.write(site.content, shapes.article, files)
        contenders = [*started(stack, site, gateways, peers, cache)]
        for query in QUERIES:
            yield compare(contenders, query, query.sets(site.database), plan, client)


def _present(peers: Sequence[str]) -> Iterator[Server]:
    for server in map(PEERS.__getitem__, peers):
        if shutil.which(server.needs):
            yield server
        else:
            print(f"{server.name} is left out: {server.needs} is missing.", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=500, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--peers", choices=PEERS, nargs="*", default=[*PEERS])
    parser.add_argument("--gateway", type=Path, action="append", default=[], help="another checkout of the gateway")
    parser.add_argument("--hot", action="store_true", help="repeat one set of variables")
    parser.add_argument("--write-docs", action="store_true", help=f"write the results to docs/{PAGE.name}")
    parser.add_argument("--cache", type=Path, default=platformdirs.user_cache_path("gateway-benchmarks"))
    arguments = parser.parse_args()
    gateways = [gateway(), *map(gateway, arguments.gateway)]
    plan = Plan(arguments.requests, arguments.rounds, arguments.hot)
    tables = []
    for found in results(gateways, [*_present(arguments.peers)], arguments.files, plan, arguments.cache):
        tables.append(found.table())
        print(tables[-1], flush=True)
    if arguments.write_docs:
        write_section(PAGE, "repeated" if arguments.hot else "requests", "\n".join(tables))


if __name__ == "__main__":
    main()
