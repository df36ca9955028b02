"""Compares HTTP requests to `gateway serve` with other servers of the same articles. Linux only.

python -m benchmarks.requests [--seconds 2] [--rounds 3] [--modes cold hot] [--queries article page] [--peers mercurius]
    [--gateway CHECKOUT] [--write-docs]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlencode

import platformdirs

from benchmarks import charts, relational, shapes, wrk
from benchmarks.load import PAGE, write_section
from benchmarks.operations import QUERIES, Query, Variables
from benchmarks.servers import PEERS, Server, Site, gateway
from benchmarks.wrk import Measured
from tests.commands import Running

COLD, HOT = "cold", "hot"
"""Different requests, and one request again and again."""
NAMES = [query.name for query in QUERIES]
SAMPLE = 10
"""The number of variable sets whose answers are compared."""
JSON = {"Content-Type": "application/json"}
HEADER = (
    "| {title} | gateway's CPU / its CPU | CPU ms per request | requests/s | p50 ms | p99 ms |\n"
    "|---|--:|--:|--:|--:|--:|\n"
)


class Contender(NamedTuple):
    """A running server, and the form of the requests to it."""

    name: str
    server: Server
    running: Running
    form: Form

    def url(self, query: Query) -> str:
        return self.running.url + self.server.path.format(query=query.name)

    def answer(self, query: Query, variables: Variables) -> bytes:
        """The body of the answer to a POST request."""
        return _fetched(self.url(query), query.body(variables))[0]

    def measured(self, query: Query, sets: Sequence[Variables], plan: Plan) -> Measured:
        requests = [self.form(self, query, variables) for variables in sets]
        return wrk.load(self.running.url, self.running.process.pid, requests, plan.connections, plan.seconds)


Form = Callable[[Contender, Query, Variables], bytes]
"""Makes an HTTP request. It does not accept compressed answers."""


def posted(contender: Contender, query: Query, variables: Variables) -> bytes:
    body = query.body(variables)
    return _request("POST", contender.url(query), {**JSON, "Content-Length": str(len(body))}) + body


def persisted(contender: Contender, query: Query, variables: Variables) -> bytes:
    """A GET request with the digest of the document, which it registers."""
    return _request("GET", _registered(contender, query, variables), {})


def revalidated(contender: Contender, query: Query, variables: Variables) -> bytes:
    """The same with the ETag of the answer, so that it gets a 304."""
    url = _registered(contender, query, variables)
    return _request("GET", url, {"If-None-Match": _fetched(url)[1]["ETag"]})


def _registered(contender: Contender, query: Query, variables: Variables) -> str:
    """Register the document. Returns the URL of the operation."""
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.document.encode()).hexdigest()}}
    asked = json.loads(query.body(variables))
    _fetched(contender.url(query), json.dumps({**asked, "extensions": extensions}).encode())
    parts = {"variables": asked["variables"], "extensions": extensions}
    return f"{contender.url(query)}?{urlencode({name: json.dumps(part) for name, part in parts.items()})}"


def _request(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **headers}.items())
    return f"{method} /{url.split('/', 3)[3]} HTTP/1.1\r\n{fields}\r\n".encode()


def _fetched(url: str, body: bytes | None = None) -> tuple[bytes, Mapping[str, str]]:
    """The body and the headers of an answer to a POST request, or to GET without a body."""
    with urllib.request.urlopen(urllib.request.Request(url, body, JSON)) as response:  # noqa: S310 - a server of this benchmark
        return response.read(), response.headers


class Plan(NamedTuple):
    connections: int
    seconds: int
    """Of each measurement, and of the warm-up of each query."""
    rounds: int
    files: int
    modes: Sequence[str]
    queries: Sequence[Query]


class Comparison(NamedTuple):
    """The medians of each contender, the gateway's first."""

    query: Query
    size: int
    """Bytes of an answer."""
    found: Mapping[str, Measured]

    def table(self) -> str:
        """A Markdown table. Ratios are those of the first row to each row, so less than 1 is good for the gateway."""
        first = next(iter(self.found.values()))
        rows = (
            f"| {name} | {first.processor / each.processor:.2f} | {1000 * each.processor:.3f} | {each.rate:.0f}"
            f" | {1000 * each.p50:.2f} | {1000 * each.p99:.2f} |\n"
            for name, each in self.found.items()
        )
        return HEADER.format(title=f"{self.query.title}, {self.size / 1000:.1f} KB") + "".join(rows)


def compare(
    contenders: Sequence[Contender], query: Query, sets: Sequence[Variables], plan: Plan, mode: str
) -> Comparison:
    """The contenders take turns, so that other work on the machine affects them alike."""
    check(contenders, query, sets[-SAMPLE:])
    sent = sets[:1] if mode == HOT else sets
    for contender in contenders:
        contender.measured(query, sent, plan)
    found: Mapping[str, list[Measured]] = {contender.name: [] for contender in contenders}
    for number in range(plan.rounds):
        for contender in contenders[:: -1 if number % 2 else 1]:
            found[contender.name].append(contender.measured(query, sent, plan))
    medians = {name: Measured(*map(median, zip(*some, strict=True))) for name, some in found.items()}
    return Comparison(query, len(contenders[0].answer(query, sets[0])), medians)


def check(contenders: Sequence[Contender], query: Query, sample: Sequence[Variables]) -> None:
    """Exits if an answer differs from the gateway's."""
    first, *others = (contender for contender in contenders if not contender.server.fixed)
    for variables in sample:
        expected = query.compared(first.answer(query, variables))
        for other in others:
            if (found := query.compared(other.answer(query, variables))) != expected:
                where = f"{other.name} answers the query '{query.name}' with {json.dumps(variables)}"
                sys.exit(f"{where} differently:\n{json.dumps(found)}\ninstead of:\n{json.dumps(expected)}")


def started(
    stack: ExitStack, site: Site, gateways: Sequence[Server], peers: Sequence[Server], cache: Path
) -> Iterator[Contender]:
    """Start all servers. The first gateway fills the database and the answers of the peers."""

    def start(server: Server) -> Contender:
        state = Path(tempfile.mkdtemp(dir=site.folder))
        return Contender(server.name, server, stack.enter_context(server.running(cache, site, state)), posted)

    first, *others = map(start, gateways)
    for contender in (first, *others):
        contender.running.said(r"\d+ articles \(")
        yield contender
    relational.fill(site.database, first.running)
    site.answers.mkdir()
    for query in QUERIES:
        answer = first.answer(query, query.sets(site.database)[0])
        (site.answers / query.name).write_bytes(answer)
    yield from map(start, peers)


def of_mode(contenders: Sequence[Contender], mode: str) -> Sequence[Contender]:
    """The contenders of a mode: of hot requests, the first gateway in all forms, and no other that has no compiler."""
    if mode == COLD:
        return contenders
    first, *others = (contender for contender in contenders if not contender.server.uncompiled)
    forms = {"GET by digest": persisted, "304": revalidated}
    return [first, *(first._replace(name=f"{first.name}, {name}", form=form) for name, form in forms.items()), *others]


def results(
    gateways: Sequence[Server], peers: Sequence[Server], plan: Plan, cache: Path
) -> Iterator[tuple[str, Comparison]]:
    """Each mode and the comparison of each query, one by one."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        site = Site(Path(folder))
        shapes.write(site.content, shapes.article, plan.files)
        contenders = [*started(stack, site, gateways, peers, cache)]
        for contender in contenders:
            wrk.pin(contender.running.process.pid)
        for mode in plan.modes:
            for query in plan.queries:
                yield mode, compare(of_mode(contenders, mode), query, query.sets(site.database), plan, mode)


def chart(comparisons: Sequence[Comparison]) -> str:
    """The CPU time of each contender for each query."""
    groups = {
        each.query.title: {name: 1000 * its.processor for name, its in each.found.items()} for each in comparisons
    }
    return charts.dots("CPU ms per request", groups)


def _present(peers: Sequence[str]) -> Iterator[Server]:
    for server in map(PEERS.__getitem__, peers):
        if shutil.which(server.needs):
            yield server
        else:
            print(f"{server.name} is left out: {server.needs} is missing.", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--modes", choices=(COLD, HOT), nargs="+", default=[COLD, HOT])
    parser.add_argument("--queries", choices=NAMES, nargs="+", default=NAMES)
    parser.add_argument("--peers", choices=PEERS, nargs="*", default=[*PEERS])
    parser.add_argument("--gateway", type=Path, action="append", default=[], help="another checkout of the gateway")
    parser.add_argument("--write-docs", action="store_true", help=f"write the results to docs/{PAGE.name}")
    parser.add_argument("--cache", type=Path, default=platformdirs.user_cache_path("gateway-benchmarks"))
    arguments = parser.parse_args()
    if missing := [each for each in wrk.NEEDS if not shutil.which(each)]:
        sys.exit(f"The benchmark needs {' and '.join(missing)}.")
    queries = [query for query in QUERIES if query.name in arguments.queries]
    plan = Plan(arguments.connections, arguments.seconds, arguments.rounds, arguments.files, arguments.modes, queries)
    gateways = [gateway(), gateway(compiles=False), *map(gateway, arguments.gateway)]
    found: Mapping[str, list[Comparison]] = {mode: [] for mode in plan.modes}
    for mode, comparison in results(gateways, [*_present(arguments.peers)], plan, arguments.cache):
        found[mode].append(comparison)
        print(f"{mode}:\n\n{comparison.table()}", flush=True)
    if arguments.write_docs:
        for mode, comparisons in found.items():
            shown = charts.write(mode, f"CPU time per {mode} request of each server", chart(comparisons))
            write_section(PAGE, mode, "\n".join([shown, *(each.table() for each in comparisons)]))


if __name__ == "__main__":
    main()
