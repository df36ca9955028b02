"""A browser, and a server with pages for it."""

from __future__ import annotations

import shutil
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
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The seeds, as everyone sees them who may use the explorer."""
    options = ("--explorer", "--introspection", "--log-level", "warning")
    with running("serve", SEEDS, *options, cache=tmp_path_factory.mktemp("public")) as server:
        server.said(r"^\d+ articles")
        yield server


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of the seeds, to be changed."""
    return Path(shutil.copytree(SEEDS, tmp_path / "content"))


@pytest.fixture
def live(draft: Path, tmp_path: Path) -> Iterator[Running]:
    """The copy, as its author sees it."""
    with running("dev", draft, "--log-level", "warning", cache=tmp_path / "cache") as server:
        server.said(r"^\d+ articles")
        yield server


@pytest.fixture(scope="package")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The seeds, as their author sees them."""
    with running("dev", SEEDS, "--log-level", "warning", cache=tmp_path_factory.mktemp("dev")) as server:
        server.said(r"^\d+ articles")
        yield server
