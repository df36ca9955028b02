"""Compares the gateway on PostgreSQL with itself on SQLite, and with PostGraphile on the same PostgreSQL. Linux only.

The CPU time is that of the server and of its database together.

python -m benchmarks.postgres [--seconds 2] [--rounds 3] [--files 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import asyncpg
import platformdirs

from benchmarks import relational, shapes, wrk
from benchmarks.contenders import PEERS, install_node
from benchmarks.operations import QUERIES, Query, Variables
from benchmarks.requests import SAMPLE, Comparison, Contender, posted
from benchmarks.servers import Server, Site, gateway
from benchmarks.wrk import Measured
from tests.commands import environment
from tests.postgres import PostgresServer, running_server

SCHEMA = "relational"
TABLES = ("providers", "topics", "articles", "article_topic", "related", "images")
NAMES = ("article", "page", "list", "provider")
TOPICS = "topics: articleTopicsByArticleKey(orderBy: [POSITION_ASC]) { nodes { topicByTopicKey { name } } }"
CARD = f"""
title excerpt publishedDateTime provider: providerByProviderKey {{ name domain }} {TOPICS}
images: imagesByArticleKey(orderBy: [KEY_ASC]) {{ nodes {{ url width }} }}
related: relatedsByArticleKey(orderBy: [KEY_ASC]) {{ nodes {{
  title webUrl publishedDateTime provider: providerByProviderKey {{ name }}
  images: imagesByRelatedKey(orderBy: [KEY_ASC]) {{ nodes {{ url }} }}
}} }}
"""
NEWEST_FIRST = "orderBy: [PUBLISHED_DATE_TIME_DESC, PATH_ASC]"
DOCUMENTS: Mapping[str, str] = {
    "article": f"query ($id: String!) {{ article: articleByRowId(rowId: $id) {{ {CARD} }} }}",
    "page": f"query ($offset: Int!) {{ articles: allArticles(first: 20, offset: $offset, {NEWEST_FIRST}) {{"
    f" nodes {{ {CARD} }} }} }}",
    "list": "query ($before: String!) { articles: articlesBefore(before: $before, first: 100) {"
    " nodes { id: rowId title publishedDateTime webUrl } } }",
    "provider": "query ($id: String!, $offset: Int!) { provider: providerByRowId(rowId: $id) { name"
    f" articles: articlesByProviderKey(first: 20, offset: $offset, {NEWEST_FIRST}) {{"
    f" nodes {{ title publishedDateTime {TOPICS} }} }} }} }}",
}
"""The same questions in PostGraphile's schema."""


class Measurement(NamedTuple):
    """A contender with its database, and the documents that it understands."""

    contender: Contender
    database: PostgresServer | None
    documents: Mapping[str, str]

    def query(self, query: Query) -> Query:
        return query._replace(document=self.documents.get(query.name, query.document))

    def answer(self, query: Query, variables: Variables) -> object:
        return plain(json.loads(self.contender.answer(self.query(query), variables))["data"])

    def measured(self, query: Query, sets: Sequence[Variables], connections: int, seconds: int) -> Measured:
        requests = [posted(self.contender, self.query(query), variables) for variables in sets]
        more = partial(cpu_seconds, self.database) if self.database else float
        running = self.contender.running
        return wrk.load(running.url, running.process.pid, requests, connections, seconds, more=more)


def plain(value: Any) -> Any:
    """An answer without the objects that only one of the schemas has: connections, and rows between two tables."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    for name in ("nodes", "topicByTopicKey"):
        if value.keys() == {name}:
            return plain(value[name])
    return {name: plain(each) for name, each in value.items()}


def cpu_seconds(server: PostgresServer) -> float:
    """The CPU seconds of the running processes of a PostgreSQL server."""
    first = int((server.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return sum(map(wrk.processor_seconds, [first, *map(int, children)]))


async def fill(url: str, database: Path) -> None:
    """Copy the relational database of the other peers into PostgreSQL."""
    connection = await asyncpg.connect(url)
    await connection.execute((PEERS / "postgraphile/schema.sql").read_text())
    with closing(sqlite3.connect(database)) as source:
        for table in TABLES:
            rows = source.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a name of TABLES
            await connection.copy_records_to_table(table, records=rows, schema_name=SCHEMA)
    await connection.execute("ANALYZE")
    await connection.close()


def on_postgres(url: str) -> Server:
    command = (Path(sys.executable).with_name("gateway"), "serve", "--port", 0, "--database", url)
    return Server("gateway on PostgreSQL", lambda *_: command)


def postgraphile(url: str) -> Server:
    return Server(
        "PostGraphile 5",
        lambda home, _: (home / "node_modules/node/bin/node", home / "server.mjs", url, SCHEMA),
        peer="postgraphile",
        install=install_node,
        needs="npm",
    )


def started(stack: ExitStack, site: Site, cache: Path, *, has_npm: bool) -> Iterator[Measurement]:
    """Start the servers. The gateway on SQLite fills the relational database. PostGraphile needs npm."""
    database = stack.enter_context(running_server())

    def start(server: Server, used: PostgresServer | None, documents: Mapping[str, str]) -> Measurement:
        state = Path(tempfile.mkdtemp(dir=site.folder))
        running = stack.enter_context(server.running(cache, site, state))
        return Measurement(Contender(server.name, server, running, posted), used, documents)

    first = start(gateway()._replace(name="gateway on SQLite"), None, {})
    first.contender.running.said(r"\d+ articles \(")
    load = [Path(sys.executable).with_name("gateway"), "load", site.content, "--database", database.url]
    subprocess.run([*map(str, load)], check=True, capture_output=True, env=environment(site.folder))
    relational.fill(site.database, first.contender.running)
    asyncio.run(fill(database.url, site.database))
    yield start(on_postgres(database.url), database, {})
    yield first
    if has_npm:
        yield start(postgraphile(database.url), database, DOCUMENTS)
    else:
        print("PostGraphile is left out: npm is missing.", file=sys.stderr)


def compare(found: Sequence[Measurement], query: Query, site: Site, arguments: argparse.Namespace) -> Comparison:
    sets = query.sets(site.database)
    check(found, query, sets[-SAMPLE:])
    results: Mapping[str, list[Measured]] = {each.contender.name: [] for each in found}
    for number in range(arguments.rounds + 1):
        for each in found[:: -1 if number % 2 else 1]:
            measured = each.measured(query, sets, arguments.connections, arguments.seconds)
            if number:  # the first is the warm-up
                results[each.contender.name].append(measured)
    medians = {name: Measured(*map(median, zip(*some, strict=True))) for name, some in results.items()}
    return Comparison(query, len(found[0].contender.answer(query, sets[0])), medians)


def check(found: Sequence[Measurement], query: Query, sample: Sequence[Variables]) -> None:
    """Exits if an answer differs from that of the first."""
    for variables in sample:
        expected, *others = (each.answer(query, variables) for each in found)
        for each, other in zip(found[1:], others, strict=True):
            if other != expected:
                where = f"{each.contender.name} answers the query '{query.name}' with {json.dumps(variables)}"
                sys.exit(f"{where} differently:\n{json.dumps(other)}\ninstead of:\n{json.dumps(expected)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--cache", type=Path, default=platformdirs.user_cache_path("gateway-benchmarks"))
    arguments = parser.parse_args()
    os.environ["GRAPHILE_ENV"] = "production"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        site = Site(Path(folder))
        shapes.write(site.content, shapes.article, arguments.files)
        found = [*started(stack, site, arguments.cache, has_npm=bool(shutil.which("npm")))]
        for each in found:
            wrk.pin(each.contender.running.process.pid)
        for query in QUERIES:
            if query.name in NAMES:
                print(compare(found, query, site, arguments).table(), flush=True)


if __name__ == "__main__":
    main()
