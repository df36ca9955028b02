"""Measures which kept answers an edit purges: those that have one of the cache tags of the change."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import shapes
from benchmarks.operations import Query
from benchmarks.queries import PUBLIC
from gateway import cache_tags
from gateway.execution.executor import Executor, OperationRequest, Result
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.graph.schema import build_schema
from gateway.limits import Limits
from gateway.loading.ingest import Ingest
from gateway.model.records import Visibility
from gateway.store.protocol import ContentStore
from gateway.stores import temporary_store
from tests.parsing import InProcess

SAMPLE, EDITS = 1_000, 30
"""The numbers of answers to each query, and of edits."""
LISTED = 100
LIST = f"""
query ($offset: Int!) {{
  articles(first: {LISTED}, offset: $offset) {{
    nodes {{ id title publishedDateTime topics {{ name }} provider {{ id }} }}
  }}
}}
"""

Purged = Mapping[str, float]
"""The part of the answers to each query that an edit purges, by the name of the query."""


def spread(text: str, group: int) -> str:
    """A file with providers and topics of its own for each group."""
    text = re.sub(r"(domain: \w+)(?=\.example)", rf"\1-{group}", text)
    return re.sub(r"^(  - [A-Z]\w+ \w+)$", rf"\1 {group}", text, flags=re.MULTILINE)


async def purged_shares(folder: Path, groups: int, files: int, queries: Sequence[Query]) -> Purged:
    """Load files in groups, keep the tags of answers to each query, and edit files one by one."""
    shapes.write(folder, lambda number: spread(shapes.article(number), number % groups), files)
    edited = random.Random(1).sample(_files(folder), min(EDITS, files))
    async with temporary_store() as store:
        ingest = Ingest(store, folder, InProcess(1), clock=lambda: datetime.now(UTC))
        await ingest.run()
        kept = await _tags(store, queries)
        shares: Mapping[str, list[float]] = {name: [] for name in kept}
        for file in edited:
            gone = await _purged_by_edit(store, ingest, file)
            for name, answers in kept.items():
                shares[name].append(sum(not gone.isdisjoint(tags) for tags in answers) / len(answers))
    return {name: sum(some) / len(some) for name, some in shares.items()}


def _files(folder: Path) -> Sequence[Path]:
    return sorted(folder.rglob("*.md"))


async def _tags(store: ContentStore, queries: Sequence[Query]) -> Mapping[str, Sequence[Collection[str]]]:
    """The cache tags of answers to each query, about up to SAMPLE articles."""
    executor = Executor(build_schema(), store, Limits(), PersistedDocuments(), introspection=False)

    async def answer(document: str, variables: Mapping[str, Any]) -> Result:
        found = await executor.answer(OperationRequest(document, variables), PUBLIC)
        assert not found.errors, found.errors
        return found

    tags: Mapping[str, list[Collection[str]]] = {query.name: [] for query in queries}
    for offset in range(0, SAMPLE, LISTED):
        listed = json.loads((await answer(LIST, {"offset": offset})).body)["data"]["articles"]["nodes"]
        for query, (number, node) in product(queries, enumerate(listed)):
            found = await answer(query.document, _variables(query.name, offset + number, node))
            tags[query.name].append(cache_tags.for_response(found.dependencies))
    return tags


def _variables(name: str, number: int, node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those of all queries. An operation ignores the others."""
    return {
        "id": node["provider"]["id"] if name == "provider" else node["id"],
        "offset": 0 if name == "provider" else number,
        "topic": node["topics"][0]["name"],
        "before": node["publishedDateTime"],
        "words": " ".join(node["title"].split()[:3]),
    }


async def _purged_by_edit(store: ContentStore, ingest: Ingest, file: Path) -> set[str]:
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        token = await snapshot.token()
    _edit(file)
    await ingest.run()
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        return {*cache_tags.for_purge(await snapshot.changed_ids(token, cache_tags.MAX_PURGED_IDS + 1))}


def _edit(file: Path) -> None:
    """An edit of the title."""
    file.write_text(file.read_text().replace('title: "', 'title: "Edited: ', 1))
