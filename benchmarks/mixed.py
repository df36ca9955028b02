"""Measures cheap queries beside expensive ones: their latency, and how long an expensive one holds the event loop.

python -m benchmarks.mixed [--files 10000] [--seconds 5] [--rounds 4] [--connections 2]

The expensive queries are those of `benchmarks.limits`, each of the largest size that the limits allow: with a plan, and
with a field that fails, so that graphql-core executes them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import uvloop

from benchmarks import wrk
from benchmarks.limits import CASES, CLIENT, largest, load
from benchmarks.loading import Asker, Question, finished
from benchmarks.operations import UNUSED
from benchmarks.overload import request
from gateway.execution.compiler import Compiler
from gateway.execution.executor import Executor, OperationRequest
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import UNPLANNED, Limits
from gateway.store.sqlite.store import SqliteStore
from tests.commands import Running, running
from tests.schema import SCHEMA

CARD = "title excerpt publishedDateTime provider { name } topics { name } related { title }"
CHEAP = json.dumps({"query": f"{{ articles(first: 1) {{ nodes {{ {CARD} }} }} }}"}).encode()
QUESTION = Question("cheap", "/graphql", CHEAP, b'{"data":{', 50)
Cases = Mapping[str, Callable[[int], str]]

LATENCY_AIM = 5.0
"""The ratio of the p99 to that of an idle server."""
HOLD_AIM = 0.005
"""Seconds."""
SECONDS = 60
"""The time limit of an operation, so that a busy machine does not end it."""


class Plan(NamedTuple):
    connections: int
    """Those that send expensive queries."""
    rounds: int
    seconds: int
    """Of each load in each round."""


class Hold(NamedTuple):
    """The longest iteration of an event loop."""

    processor: float
    """Seconds of processor time of the thread of the loop."""
    wall: float
    """Seconds, with what other threads and processes take meanwhile."""


async def longest_hold(asked: asyncio.Task[object]) -> Hold:
    """The longest iteration until a task ends. The loop does not wait for events meanwhile."""
    longest = Hold(0, 0)
    while not asked.done():
        processor, wall = time.thread_time(), time.perf_counter()
        await asyncio.sleep(0)
        found = Hold(time.thread_time() - processor, time.perf_counter() - wall)
        longest = Hold(*map(max, zip(longest, found, strict=True)))
    return longest


class Expensive(NamedTuple):
    """A query, and what it does to the event loop."""

    query: str
    hold: Hold


class Expenses(NamedTuple):
    """The expensive queries by name."""

    planned: Mapping[str, Expensive]
    unplanned: Mapping[str, Expensive]
    """Queries that graphql-core executes, because a field has an error."""


async def expenses(database: Path, cases: Cases, times: int) -> Expenses:
    """Each case of the largest size that is allowed, with the median of its longest holds."""
    store, limits = await SqliteStore.open(database, readers=2), replace(Limits(), operation_seconds=SECONDS)
    compiler = Compiler(SCHEMA, limits)
    smaller = replace(limits, cost=limits.cost // UNPLANNED)
    planning = Executor(SCHEMA, store, limits, PersistedDocuments(0), introspection=True, compiler=compiler)
    resolving = Executor(SCHEMA, store, smaller, PersistedDocuments(0), introspection=True)
    planned, unplanned = dict[str, Expensive](), dict[str, Expensive]()
    for name, build in cases.items():
        query = build(await largest(planning, build))
        planned[name] = Expensive(query, await _hold(planning, query, times))
        query = failing(build(await largest(resolving, build) - 1))
        unplanned[name] = Expensive(query, await _hold(planning, query, times))
    if compiler.executed < len(cases):
        raise ValueError("Some queries have no plan.")
    await store.close()
    return Expenses(planned, unplanned)


def failing(query: str) -> str:
    """A query with one more field, which fails."""
    return f"{query.removesuffix('}')} failing: articles(first: -1) {{ totalCount }} }}"


async def _hold(executor: Executor, query: str, times: int) -> Hold:
    """The median of the longest holds. The query is parsed, validated and compiled before."""
    prepared = await executor.prepare(OperationRequest(query), CLIENT)
    await executor.run(prepared)
    holds = [await longest_hold(asyncio.create_task(executor.run(prepared))) for _ in range(times)]
    return Hold(*map(median, zip(*holds, strict=True)))


def latencies(server: Running, seconds: int, expensive: Sequence[bytes], connections: int) -> Sequence[float]:
    """The sorted seconds of cheap queries, with expensive ones on some connections beside them."""
    asker = Asker(server.url, QUESTION)
    asker.start()
    if expensive:
        wrk.load(server.url, server.process.pid, expensive, connections, seconds)
    else:
        time.sleep(seconds)
    asker.end()
    if asker.failures:
        raise ValueError(f"A cheap query failed: {asker.failures[0]}")
    return asker.seconds


def measure(folder: Path, loads: Mapping[str, Sequence[str]], plan: Plan) -> Mapping[str, Sequence[float]]:
    """The sorted seconds of cheap queries beside each load of expensive ones. The loads take turns."""
    uncached = ("--answer-bytes", 0, "--watch", "off", "--limit-operation-seconds", SECONDS)
    options = ("--database", folder / "gateway.db", "--log-level", "error", *uncached)
    found: Mapping[str, list[float]] = {name: [] for name in loads}
    with running("serve", folder / "content", *options, cache=folder) as server:
        finished(server)
        wrk.pin(server.process.pid)
        for _ in range(plan.rounds):
            for name, queries in loads.items():
                sent = [
                    request(json.dumps({"query": query, "variables": {"unused": UNUSED}}).encode()) for query in queries
                ]
                found[name] += latencies(server, plan.seconds, sent, plan.connections)
        server.stop()
    return {name: sorted(seconds) for name, seconds in found.items()}


def row(name: str, planned: Hold, unplanned: Hold) -> str:
    """The milliseconds of the longest holds."""
    mark = "  missed" if planned.processor > HOLD_AIM else ""
    times = (planned.processor, planned.wall, unplanned.processor, unplanned.wall)
    return f"{name:34}{''.join(f'{1000 * each:9.2f}' for each in times)}{mark}"


def told(name: str, seconds: Sequence[float], idle: float) -> str:
    """The milliseconds of sorted latencies, and the ratio of their p99 to that of the idle server."""
    p50, p99, longest = seconds[len(seconds) // 2], seconds[len(seconds) * 99 // 100], seconds[-1]
    mark = "  missed" if p99 / idle > LATENCY_AIM else ""
    return f"{name:34}{1000 * p50:9.2f}{1000 * p99:9.2f}{1000 * longest:9.2f}{p99 / idle:8.1f}{mark}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=2, help="that send expensive queries")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cases = uvloop.run(expenses(load(folder, arguments.files), CASES, arguments.rounds))
        print(f"{'longest hold of the loop, ms':34}{'plan cpu':>9}{'wall':>9}{'core cpu':>9}{'wall':>9}")
        for name, planned in cases.planned.items():
            print(row(name, planned.hold, cases.unplanned[name].hold))
        loads = {
            "idle": [],
            "beside plans": [case.query for case in cases.planned.values()],
            "beside graphql-core": [case.query for case in cases.unplanned.values()],
        }
        found = measure(folder, loads, Plan(arguments.connections, arguments.rounds, arguments.seconds))
    print(f"\n{'cheap queries, ms':34}{'p50':>9}{'p99':>9}{'max':>9}{'ratio':>8}")
    for name, seconds in found.items():
        print(told(name, seconds, found["idle"][len(found["idle"]) * 99 // 100]))


if __name__ == "__main__":
    main()
