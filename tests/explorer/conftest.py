"""A browser, and a server with pages for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browsing import browsing, chromium
from tests.commands import Running, running
from tests.conftest import need

SEEDS = Path(__file__).parent.parent.parent / "seeds"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing(need("chromium", chromium())) as browser:
        yield browser


@pytest.fixture(scope="package")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The seeds, as their author sees them."""
    with running("dev", SEEDS, "--log-level", "warning", cache=tmp_path_factory.mktemp("dev")) as server:
        server.said(r"^\d+ articles")
        yield server
