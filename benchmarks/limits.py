"""Measures the most expensive operations that the limits allow.

python -m benchmarks.limits [--files 10000] [--cost POINTS] [--database FILE]

Each operation has the largest size that is allowed. A plan executes it, and then graphql-core, as an operation
without a plan, which may cost less. An operation over a second is marked.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks import shapes
from gateway.access.clients import Client
from gateway.access.tokens import Viewer
from gateway.errors import LimitExceeded
from gateway.execution.compiler import Compiler
from gateway.execution.executor import Executor, OperationRequest
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import UNPLANNED, Limits
from gateway.model.records import Visibility
from gateway.store.sqlite.store import SqliteStore
from tests.schema import SCHEMA, every_field

LOAD = (sys.executable, "-c", "from gateway.cli import main; main()", "load")
LONG = 1.0
LARGEST = 1_000
"""The largest size of an operation: the rows of its page, its aliases or its conditions."""
CLIENT = Client(Viewer(Visibility.PUBLIC))
ALL = every_field("Article", 1)
CARD = "id title excerpt webUrl provider { name domain } topics { name slug } images { url width height }"
WHERE = ", ".join('{title: {contains: "a"}}' for _ in range(40))


def page(fields: str) -> Callable[[int], str]:
    """A page of `size` articles."""
    return lambda size: f"{{ articles(first: {size}) {{ totalCount nodes {{ {fields} }} }} }}"


def aliases(field: str, around: str = "") -> Callable[[int], str]:
    """The same field `size` times, with different arguments where it has `%d`."""
    before, _, after = around.partition("...")
    return lambda size: (
        "{ "
        + before
        + " ".join(f"a{at}: {field % at if '%d' in field else field}" for at in range(size))
        + after
        + " }"
    )


FACETS = (
    "facets(filter: {quality: {gte: %d}}) { topics(first: 100) { count topic { name } } "
    "providers(first: 100) { count provider { name } } categories { value count } types { value count } }"
)
CASES: Mapping[str, Callable[[int], str]] = {
    "a page with all fields": page(ALL),
    "a page of bodies": page("body { html text markdown toc { text } wordCount excerpt }"),
    "bodies under many aliases": page(" ".join(f"a{at}: body {{ html }}" for at in range(90))),
    "a page of leaves": page(" ".join(f"a{at}: status" for at in range(99))),
    "lists of leaves": lambda size: (
        f"{{ providers(first: 100) {{ nodes {{ articles(first: {size}) {{ nodes {{ "
        + " ".join(f"a{at}: status" for at in range(99))
        + " } } } } }"
    ),
    "a page of adjacent": page(f"adjacent {{ previous {{ {CARD} }} next {{ {CARD} }} newer {{ id }} older {{ id }} }}"),
    "a page of adjacent, filtered": page(
        f"adjacent(filter: {{or: [{WHERE}]}}, orderBy: {{field: TITLE}}) {{ previous {{ id }} next {{ id }} }}"
    ),
    "a page of similar": page(f"similar(first: 100) {{ score sharedTopics {{ name }} article {{ {CARD} }} }}"),
    "wide lists": lambda size: (
        f"{{ providers(first: 100) {{ nodes {{ name articles(first: {size}) {{ nodes {{ {CARD} }} }} }} }} }}"
    ),
    "lists with all fields": lambda size: (
        f"{{ providers(first: 10) {{ nodes {{ name articles(first: {size}) {{ nodes {{ {ALL} }} }} }} }} }}"
    ),
    "deep lists": page(
        "topics { articles(first: 10) { nodes { topics { articles(first: 10) { nodes { id title } } } } } }"
    ),
    "topics of topics": lambda size: (
        f"{{ topics(first: {size}) {{ nodes {{ relatedTopics(first: 20) {{ count topic {{ providers(first: 20) "
        "{ count provider { name } } } } } } }"
    ),
    "pages under many aliases": aliases(f"articles(first: 100, offset: %d) {{ totalCount nodes {{ {CARD} }} }}"),
    "counts under many aliases": aliases('articles(filter: {title: {contains: "%d"}}) { totalCount }'),
    "filtered counts of lists": lambda size: (
        "{ providers(first: 100) { nodes { "
        + " ".join(f'a{at}: articles(filter: {{title: {{contains: "{at}"}}}}) {{ totalCount }}' for at in range(size))
        + " } } }"
    ),
    "facets under many aliases": aliases(FACETS),
    "searches under many aliases": aliases(
        'search(query: "t%d", first: 20, mode: PREFIX) { totalCount edges { score node { title } } }'
    ),
    "snippets": lambda size: (
        f'{{ search(query: "a e i o", mode: ANY_TERM, first: {size}) {{ edges {{ score snippets {{ text html '
        "highlights { start end } } } } }"
    ),
    "suggestions under many aliases": aliases('search(query: "zzqx%dvv marklet") { suggestion }'),
    "conditions": lambda size: (
        "{ articles(first: 20, filter: {or: ["
        + ", ".join(['{title: {contains: "zq"}}'] * size)
        + "]}) { totalCount } }"
    ),
    "conditions under many aliases": aliases(
        "articles(filter: {or: [" + ", ".join(['{title: {contains: "zq"}}'] * 4) + "]}) { totalCount }"
    ),
    "an order by five terms": aliases(
        "articles(first: 100, offset: %d, orderBy: [{field: UPDATED_DATE_TIME}, {field: QUALITY}, {field: TITLE}, "
        "{field: HEAT}, {field: SUBTITLE}]) { nodes { id } }"
    ),
    "changes": lambda size: f"{{ changes(first: {size}) {{ changes {{ article {{ {ALL} }} }} }} }}",
    "introspection": aliases("__schema { types { name fields { name description type { name } } } }"),
}


class Measured(NamedTuple):
    cost: int
    seconds: float
    size: int
    """Bytes of the answer."""


def executor(store: SqliteStore, limits: Limits, *, compiles: bool) -> Executor:
    compiler = Compiler(SCHEMA, limits) if compiles else None
    return Executor(SCHEMA, store, limits, PersistedDocuments(0), introspection=True, compiler=compiler)


async def is_allowed(asked: Executor, query: str) -> bool:
    try:
        result = await asked.answer(OperationRequest(query), CLIENT)
    except LimitExceeded:
        return False
    if any("LIMIT_EXCEEDED" not in str(error) for error in result.errors):
        raise RuntimeError(f"The operation failed: {result.errors[0]}")
    return not result.errors


async def largest(asked: Executor, build: Callable[[int], str]) -> int:
    """The largest size that is allowed, or 0."""
    least, most = 0, LARGEST
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if await is_allowed(asked, build(middle)) else (least, middle - 1)
    return least


async def measure(asked: Executor, query: str) -> Measured:
    """The processor time of this process, with warm caches."""
    prepared = await asked.prepare(OperationRequest(query), CLIENT)
    await asked.run(prepared)
    started = time.process_time()
    result = await asked.run(prepared)
    return Measured(prepared.cost, time.process_time() - started, len(result.body))


async def report(database: Path, limits: Limits) -> None:
    store = await SqliteStore.open(database, readers=2)
    smaller = replace(limits, cost=limits.cost // UNPLANNED)
    both = [executor(store, limits, compiles=True), executor(store, smaller, compiles=False)]
    columns = f"{'size':>6}{'points':>8}{'ms':>8}{'µs/point':>10}"
    print(f"{'':34}{columns}{'MB':>7} | graphql-core: {columns}")
    for name, build in CASES.items():
        sizes = [await largest(each, build) for each in both]
        found = [await measure(each, build(size)) for each, size in zip(both, sizes, strict=True)]
        print(row(name, sizes, found), flush=True)
    await store.close()


def row(name: str, sizes: list[int], found: list[Measured]) -> str:
    compiled, resolved = [
        f"{size:6}{each.cost:8}{1e3 * each.seconds:8.0f}{1e6 * each.seconds / max(each.cost, 1):10.1f}"
        for size, each in zip(sizes, found, strict=True)
    ]
    mark = " over a second" if max(each.seconds for each in found) > LONG else ""
    return f"{name:34}{compiled}{found[0].size / 1e6:7.2f} |               {resolved}{mark}"


def text(number: int) -> str:
    """A file with related entries, and with a body of about 5 KB."""
    return shapes.article(number) + shapes.body(number).partition("---\n\n")[2]


def load(folder: Path, files: int) -> Path:
    content, database = folder / "content", folder / "gateway.db"
    shapes.write(content, text, files)
    subprocess.run([*LOAD, str(content), "--database", str(database)], check=True, stdout=subprocess.DEVNULL)
    return database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--cost", type=int, default=Limits().cost, help="the limit of the points of an operation")
    parser.add_argument("--database", type=Path, help="a loaded database, instead of new files")
    arguments = parser.parse_args()
    limits = replace(Limits(), cost=arguments.cost, operation_seconds=60)
    with tempfile.TemporaryDirectory() as folder:
        database = arguments.database or load(Path(folder), arguments.files)
        asyncio.run(report(database, limits))


if __name__ == "__main__":
    main()
