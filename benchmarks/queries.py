"""Compares the time and processor time of queries over 1,000 and over 100,000 articles.

The queries run in this process, with the real store and schema, but without HTTP.

python -m benchmarks.queries [--small 1000] [--large 100000] [--rounds 15]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.skewed import COMMON, PROVIDER, RARE, TOPIC, fill
from gateway.access.clients import Client
from gateway.access.tokens import Viewer
from gateway.execution.compiler import Compiler
from gateway.execution.executor import Executor, OperationRequest, UsePreparedDocument
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.graph.schema import build_schema
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.store.sqlite.store import SqliteStore

PUBLIC = Client(Viewer(Visibility.PUBLIC))
CARD = "nodes { path title publishedDateTime provider { name } topics { name } } pageInfo { hasNextPage endCursor }"
FILTER = (
    '{category: {in: ["news", "guides"]}, quality: {gte: 60}, publishedDateTime: {gte: "2020-01-01T00:00:00Z"},'
    ' not: {type: {eq: "video"}}}'
)
BOTH = f'{{topics: {{anyOf: ["{TOPIC}"]}}, provider: {{domain: {{eq: "{PROVIDER}"}}}}}}'
HITS = "edges { score snippets { html } node { path title provider { name } } } pageInfo { hasNextPage endCursor }"
FEW, MANY, LINEAR = 1.3, 3.0, None


class Question(NamedTuple):
    name: str
    query: str
    aim: float | None
    """The maximum ratio of the times. LINEAR is the ratio of the numbers of articles."""


def _facet(name: str, selection: str) -> Question:
    return Question(f"facet {name}", f"{{ facets {{ {selection} }} }}", LINEAR)


QUESTIONS = (
    Question("a page", f"{{ articles {{ {CARD} }} }}", FEW),
    Question("a filtered page", f"{{ articles(filter: {FILTER}) {{ {CARD} }} }}", FEW),
    Question(
        "a page of half of all: provider", f'{{ provider(domain: "{PROVIDER}") {{ articles {{ {CARD} }} }} }}', FEW
    ),
    Question("a page of half of all: topic", f'{{ topic(name: "{TOPIC}") {{ articles {{ {CARD} }} }} }}', FEW),
    Question("both as filters", f"{{ articles(filter: {BOTH}) {{ {CARD} }} }}", FEW),
    Question("search: a rare word", f'{{ search(query: "{RARE}") {{ totalCount {HITS} }} }}', MANY),
    Question("search: a common word", f'{{ search(query: "{COMMON}") {{ totalCount {HITS} }} }}', LINEAR),
    Question("totalCount, filtered", f"{{ articles(filter: {FILTER}) {{ totalCount }} }}", LINEAR),
    _facet("topics", "topics { topic { name } count }"),
    _facet("providers", "providers { provider { name } count }"),
    _facet("categories", "categories { value count }"),
    _facet("types", "types { value count }"),
    _facet("dates by day", "dates(interval: DAY) { start count }"),
    _facet("dates by week", "dates(interval: WEEK) { start count }"),
    _facet("dates by month", "dates(interval: MONTH) { start count }"),
    _facet("dates by year", "dates(interval: YEAR) { start count }"),
    _facet("quality", "quality { gte lt count }"),
)


class Taken(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


async def ask(executor: Executor, query: str) -> Taken:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = await executor.answer(OperationRequest(query), PUBLIC)
    taken = Taken(time.perf_counter() - wall, time.process_time() - cpu)
    assert not answer.errors, answer.errors
    return taken


def medians(taken: Sequence[Taken]) -> Taken:
    return Taken(median(each.wall for each in taken), median(each.cpu for each in taken))


class Row(NamedTuple):
    question: Question
    small: Taken
    large: Taken

    def told(self, growth: float) -> str:
        aim = growth if self.question.aim is None else self.question.aim
        ratio = self.large.cpu / self.small.cpu
        milliseconds = "".join(f"{1000 * seconds:9.2f}" for seconds in (*self.small, *self.large))
        ratios = f"{self.large.wall / self.small.wall:9.2f}{ratio:9.2f}"
        return f"{self.question.name:33}{milliseconds}{ratios}{aim:7g}{'' if ratio <= aim else '  missed'}"


async def compare(folder: Path, sizes: Sequence[int], rounds: int) -> AsyncIterator[Row]:
    """Run each query on the small and the large corpus in turn, so that noise affects both equally."""
    async with AsyncExitStack() as stores:
        both = []
        for size in sizes:
            store = await SqliteStore.open(folder / f"{size}.db", readers=1)
            stores.push_async_callback(store.close)
            await _fill(store, size)
            both.append(_operations(store))
        for question in QUESTIONS:
            yield await _compared(question, both, rounds)


def _operations(store: SqliteStore) -> Executor:
    schema, limits = build_schema([UsePreparedDocument]), Limits()
    compiler = Compiler(schema, limits)
    return Executor(schema, store, limits, PersistedDocuments(), introspection=False, compiler=compiler)


async def _fill(store: SqliteStore, size: int) -> None:
    if not await store.ready():
        begun = time.perf_counter()
        await fill(store, size)
        print(f"{size} articles loaded in {time.perf_counter() - begun:.1f} s", flush=True)


async def _compared(question: Question, both: Iterable[Executor], rounds: int) -> Row:
    for executor in both:
        await ask(executor, question.query)
    found = [[await ask(executor, question.query) for executor in both] for _ in range(rounds)]
    small, large = (medians(each) for each in zip(*found, strict=True))
    return Row(question, small, large)


async def show(folder: Path, sizes: tuple[int, int], rounds: int) -> None:
    titles = "".join(f"{title:>9}" for title in (sizes[0], "cpu", sizes[1], "cpu", "ratio", "cpu"))
    print(f"{f'medians of {rounds}, in ms':33}{titles}{'aim':>7}")
    async for row in compare(folder, sizes, rounds):
        print(row.told(sizes[1] / sizes[0]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--folder", type=Path, help="the folder for the databases (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(show(arguments.folder or Path(temporary), (arguments.small, arguments.large), arguments.rounds))


if __name__ == "__main__":
    main()
