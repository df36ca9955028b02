"""The queries of docs/queries.md, asked of the seeds."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.analysis import analyse
from gateway.app import operations_over
from gateway.auth import Viewer
from gateway.limits import Limits
from gateway.model import Visibility
from gateway.operation import OperationRequest, Operations
from gateway.stores import loaded_aside
from tests.queries.oracle import CONTRACT
from tests.service import settings_of

ROOT = Path(__file__).parent.parent
EXAMPLES = re.findall(r"```graphql\n(.*?)```\n\n```json\n(.*?)```", (ROOT / "docs/queries.md").read_text(), re.DOTALL)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seeds() -> AsyncIterator[Operations]:
    settings = settings_of(ROOT / "seeds")
    async with loaded_aside(settings) as (store, _):
        yield operations_over(store, settings)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("query", "answer"), EXAMPLES)
async def test_the_page_is_right(seeds: Operations, query: str, answer: str) -> None:
    """Every query is answered as the page says, and costs a quarter of what one may cost at most."""
    accepted = await seeds.accept(OperationRequest(query))
    found = await seeds.run(accepted, Viewer(Visibility.PUBLIC))
    assert json.loads(json.dumps(found.body())) == json.loads(answer)
    assert analyse(CONTRACT, accepted.document.node, Limits()).check_cost(None, {}) * 4 <= Limits().cost


def test_every_query_has_its_answer() -> None:
    """None stands without."""
    assert len(EXAMPLES) == (ROOT / "docs/queries.md").read_text().count("```graphql") > 8
