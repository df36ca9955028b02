"""Computes what a million articles and 100,000 requests per second need behind a CDN. Linux only.

The CPU time of a request to a gateway on PostgreSQL, the sizes, and the answers that an edit purges are measured. The
rest follows from the assumptions below. Nothing is sent at that rate.

python -m benchmarks.scaling [--seconds 2] [--files 10000] [--write-docs]
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import asyncpg
import platformdirs

from benchmarks import shapes, wrk
from benchmarks.load import write_section
from benchmarks.operations import QUERIES, Query
from benchmarks.postgres import Measurement, started
from benchmarks.purges import Purged, purged_shares
from benchmarks.servers import Site

PAGE = Path(__file__).parent.parent / "docs/scaling.md"
REQUESTS = 100_000
"""Per second, of all clients."""
ARTICLES = 1_000_000
SKEW = 1.0
"""The exponent of Zipf's law: the page of rank n gets n**-SKEW of the requests for the first one."""
PLACES = 20
"""The data centres of the CDN, each with a cache and an equal part of the clients."""
USAGE = 0.6
"""The part of the processors that the mean load may take. A purge may take all of them for a second."""
GATEWAY_CORES, STANDBY_CORES = 2, 4
FEWEST = 2
"""So that one gateway or standby can fail."""
GROUPS = {"few": 1, "many": 50}
"""The factor of the numbers of providers and topics in the generated files."""
TABLES = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = $1::text::regnamespace
"""


class Kind(NamedTuple):
    """Requests that differ in their variables only."""

    query: Query
    share: float
    """Of all requests."""
    pages: int
    """The number of different requests."""


_QUERIES = {query.name: query for query in QUERIES}
KINDS = (
    Kind(_QUERIES["article"], 0.85, ARTICLES),
    Kind(_QUERIES["page"], 0.05, 1_000),
    Kind(_QUERIES["provider"], 0.05, 10_000),
    Kind(_QUERIES["facets"], 0.03, 10_000),
    Kind(_QUERIES["search"], 0.02, 100_000),
)


class Cost(NamedTuple):
    """The measured cost of a request that no cache answers."""

    gateway: float
    """CPU seconds of the gateway."""
    database: float
    """CPU seconds of PostgreSQL."""
    size: int
    """Bytes of the answer."""


class Memory(NamedTuple):
    """Measured after the requests."""

    gateway: int
    """Bytes of a gateway."""
    article: float
    """Bytes of PostgreSQL for each article, with indexes."""


class Cache(NamedTuple):
    """How a CDN keeps answers."""

    title: str
    seconds: float
    edits: int
    """Per hour."""
    purged: Purged | None = None
    """None if the CDN does not purge."""
    places: int = 1
    """The number of caches that ask the gateways. One if the data centres share a cache, as an origin shield."""


class Need(NamedTuple):
    """The requests per second that reach the gateways, and their CPU seconds per second."""

    requests: float
    gateway: float
    database: float

    @classmethod
    def of(cls, rates: Mapping[str, float], costs: Mapping[str, Cost]) -> Need:
        return cls(
            sum(rates.values()),
            sum(rate * costs[name].gateway for name, rate in rates.items()),
            sum(rate * costs[name].database for name, rate in rates.items()),
        )


# What follows from the assumptions.


def popularity(pages: int) -> Iterator[tuple[int, float]]:
    """The number of pages of about the same rank, and the part of the requests that each of them gets."""
    groups, first = list[tuple[int, float]](), 1
    while first <= pages:
        count = min(max(1, first // 100), pages + 1 - first)
        groups.append((count, (first + (count - 1) / 2) ** -SKEW))
        first += count
    total = sum(count * weight for count, weight in groups)
    return ((count, weight / total) for count, weight in groups)


def lifetime(seconds: float, purges: float) -> float:
    """The mean seconds that a cache keeps an answer, which `purges` per second end at random."""
    return -math.expm1(-purges * seconds) / purges if purges else seconds


def _rates(kind: Kind, cache: Cache) -> Iterator[tuple[int, float, float]]:
    """Of pages of about the same rank, for all caches: their number, the requests per second, and the part that a cache
    answers."""
    purges = cache.purged[kind.query.name] * cache.edits / 3600 if cache.purged else 0
    kept = lifetime(cache.seconds, purges)
    for count, part in popularity(kind.pages):
        rate = REQUESTS * kind.share * part / cache.places
        yield count * cache.places, rate, rate * kept / (1 + rate * kept)


def mean_misses(kind: Kind, cache: Cache) -> float:
    """The requests per second that reach the gateways: each life of an answer begins with one."""
    return sum(count * rate * (1 - answered) for count, rate, answered in _rates(kind, cache))


def misses_after_edit(kind: Kind, cache: Cache) -> float:
    """Those of the second after an edit: the purged pages that are requested in it, once each, come on top."""
    again = sum(count * answered * -math.expm1(-rate) for count, rate, answered in _rates(kind, cache))
    return mean_misses(kind, cache) + (cache.purged[kind.query.name] * again if cache.purged else 0)


def row(cache: Cache, costs: Mapping[str, Cost]) -> str:
    """A row of the table of needs."""
    mean = Need.of({kind.query.name: mean_misses(kind, cache) for kind in KINDS}, costs)
    after = Need.of({kind.query.name: misses_after_edit(kind, cache) for kind in KINDS}, costs)
    gateways = machines(mean.gateway, after.gateway, GATEWAY_CORES)
    standbys = machines(mean.database, after.database, STANDBY_CORES)
    return (
        f"| {cache.title} | {cache.edits} | {1 - mean.requests / REQUESTS:.1%} | {mean.requests:,.0f}"
        f" | {after.requests:,.0f} | {gateways} | {standbys} |\n"
    )


def machines(mean: float, after: float, cores: int) -> int:
    """For CPU seconds per second, in the mean and in the second after an edit."""
    return max(FEWEST, math.ceil(max(mean / USAGE, after) / cores))


def needs(costs: Mapping[str, Cost], purged: Mapping[str, Purged]) -> str:
    """A Markdown table of what each kind of caching needs."""
    few, many, day = purged["few"], purged["many"], 86_400
    everything = dict.fromkeys(few, 1.0)
    caches = (
        Cache("no cache", 0, 60),
        Cache(f"60 s, in {PLACES} places", 60, 60, places=PLACES),
        Cache("60 s, one shield", 60, 60),
        *(Cache("a day, purged, few providers", day, edits, few) for edits in (6, 60, 600)),
        *(Cache("a day, purged, many providers", day, edits, many) for edits in (6, 60, 600)),
        Cache("a day, each edit purges everything", day, 6, everything),
    )
    header = (
        "| cache | edits per hour | answered by the CDN | requests/s to gateways | in the second after an edit"
        f" | gateways of {GATEWAY_CORES} cores | standbys of {STANDBY_CORES} cores |\n|---|--:|--:|--:|--:|--:|--:|\n"
    )
    return header + "".join(row(cache, costs) for cache in caches)


def inputs(costs: Mapping[str, Cost], purged: Mapping[str, Purged], memory: Memory) -> str:
    """A Markdown table of what was measured and assumed of each kind."""
    header = (
        "| request | of all requests | different ones | gateway's CPU ms | PostgreSQL's CPU ms | KB"
        " | purged by an edit, few providers | many providers |\n|---|--:|--:|--:|--:|--:|--:|--:|\n"
    )
    rows = (
        f"| {kind.query.title} | {kind.share:.0%} | {kind.pages:,} | {1000 * cost.gateway:.2f}"
        f" | {1000 * cost.database:.2f} | {cost.size / 1000:.1f}"
        f" | {purged['few'][kind.query.name]:.2%} | {purged['many'][kind.query.name]:.2%} |\n"
        for kind in KINDS
        for cost in (costs[kind.query.name],)
    )
    answers = sum(kind.pages * costs[kind.query.name].size for kind in KINDS)
    return (
        f"{header}{''.join(rows)}\nMemory: {memory.gateway / 1e6:.0f} MB for a gateway with full caches of this"
        f" measurement, {memory.article * ARTICLES / 1e9:.1f} GB in PostgreSQL for {ARTICLES:,} articles, and"
        f" {answers / 1e9:.1f} GB in the CDN for all answers, uncompressed.\n"
    )


# What is measured.


def cost(gateway: Measurement, query: Query, site: Site, seconds: int, connections: int = 8) -> Cost:
    """The cost of different requests to a gateway on PostgreSQL."""
    sets = query.sets(site.database)
    gateway.measured(query, sets, connections, seconds)  # the warm-up
    both = gateway.measured(query, sets, connections, seconds).processor
    own = gateway._replace(database=None).measured(query, sets, connections, seconds).processor
    return Cost(own, max(0.0, both - own), len(gateway.contender.answer(query, sets[0])))


async def memory(gateway: Measurement, files: int) -> Memory:
    assert gateway.database
    connection = await asyncpg.connect(gateway.database.url)
    size = await connection.fetchval(TABLES, "gateway")
    await connection.close()
    return Memory(_resident(gateway.contender.running.process.pid), float(size) / files)


def _resident(process: int) -> int:
    """The resident memory in bytes."""
    return 1024 * int(Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--cache", type=Path, default=platformdirs.user_cache_path("gateway-benchmarks"))
    parser.add_argument("--write-docs", action="store_true", help=f"write the results to docs/{PAGE.name}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = Site(folder)
        shapes.write(site.content, shapes.article, arguments.files)
        with ExitStack() as stack:
            gateway = next(started(stack, site, arguments.cache, has_npm=False))
            wrk.pin(gateway.contender.running.process.pid)
            costs = {kind.query.name: cost(gateway, kind.query, site, arguments.seconds) for kind in KINDS}
            used = asyncio.run(memory(gateway, arguments.files))
        purged = {
            title: asyncio.run(purged_shares(folder / title, groups, arguments.files, [kind.query for kind in KINDS]))
            for title, groups in GROUPS.items()
        }
    measured = f"{arguments.files:,} articles, {os.cpu_count()} CPUs, Python {platform.python_version()}.\n\n"
    parts = {"inputs": measured + inputs(costs, purged, used), "needs": needs(costs, purged)}
    for section, text in parts.items():
        print(text)
        if arguments.write_docs:
            write_section(PAGE, section, text)


if __name__ == "__main__":
    main()
