"""The queries of the docs, executed over the seeds."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from graphql import OperationDefinitionNode, OperationType

from gateway.access.clients import Client
from gateway.access.tokens import Viewer
from gateway.app import executor_for
from gateway.execution.cost import analyse
from gateway.execution.executor import Executor, OperationRequest
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.stores import load_temporary
from tests.queries.oracle import CONTRACT
from tests.service import settings_of

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "docs/queries.md", ROOT / "docs/recipes.md"]
EXAMPLES = [
    example
    for page in PAGES
    for example in re.findall(r"```graphql\n(.*?)```\n\n```json\n(.*?)```", page.read_text(), re.DOTALL)
]
OTHERS = [
    (page.name, query)
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if page not in PAGES and page.name != "collections.md"  # its queries need the collections that it declares
    for query in re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL)
]
VARIABLES = {"query": "release notes"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seeds() -> AsyncIterator[Executor]:
    settings = settings_of(ROOT / "seeds")
    async with load_temporary(settings) as (store, _):
        yield executor_for(store, settings)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("query", "answer"), EXAMPLES)
async def test_answers_of_the_pages(seeds: Executor, query: str, answer: str) -> None:
    """Each query has the answer that its page shows, and costs at most a quarter of the limit."""
    prepared = await seeds.prepare(OperationRequest(query), Client(Viewer(Visibility.PUBLIC)))
    assert json.loads((await seeds.run(prepared)).body) == json.loads(answer)
    assert analyse(CONTRACT, prepared.document.node, Limits()).check_cost(None, {}) * 4 <= Limits().cost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_query_has_an_answer(page: Path) -> None:
    """On these pages each query is followed by its answer."""
    text = page.read_text()
    answered = re.findall(r"```graphql\n.*?```\n\n```json\n", text, re.DOTALL)
    assert len(answered) == text.count("```graphql") > 8


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("page", "query"), OTHERS, ids=lambda value: value[:20])
@pytest.mark.parametrize("visibility", Visibility)
async def test_queries_of_other_pages(seeds: Executor, page: str, query: str, visibility: Visibility) -> None:
    """Each runs without an error, for the public and in a preview. Subscriptions are accepted."""
    prepared = await seeds.prepare(OperationRequest(query, VARIABLES), Client(Viewer(visibility)))
    [operation] = [node for node in prepared.document.node.definitions if isinstance(node, OperationDefinitionNode)]
    if operation.operation is OperationType.QUERY:
        assert not (await seeds.run(prepared)).errors, page
