"""A browser, and servers whose pages the tests open."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from pytest_asyncio import is_async_test

from gateway.explorer.assets import FOLDER, are_in
from gateway.explorer.fetch_assets import bring
from tests.browsing import browsing, chromium
from tests.clients import npm
from tests.commands import Running, running
from tests.conftest import need

ROOT = Path(__file__).parent.parent.parent
SEEDS = ROOT / "seeds"
PACKAGE = ROOT / "gateway/explorer"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser belongs to one event loop, so all its tests share that loop."""
    for item in items:
        if is_async_test(item) and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def started() -> AsyncIterator[Browser]:
    """One browser per session, because starting it takes longer than most tests."""
    async with browsing(need("chromium", chromium())) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="package")
async def browser(started: Browser) -> AsyncIterator[Browser]:
    """A browser context without data of other tests."""
    yield started
    for context in started.contexts:
        await context.close()


@pytest.fixture(scope="package")
def files() -> bool:
    """Whether GraphiQL's files are installed. If npm is available, one process installs them permanently."""
    with (PACKAGE / "package-lock.json").open() as held:
        flock(held, LOCK_EX)
        if not are_in(FOLDER) and npm.node():
            bring(FOLDER)
        return are_in(FOLDER)


@pytest.fixture(scope="package")
def graphiql(files: bool) -> None:
    """Skips the test if GraphiQL's files are missing."""
    need("node", files or None)


@pytest.fixture(scope="package")
def public(files: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:  # noqa: ARG001 - it comes first
    """The seeds, as `serve` shows them with the explorer on."""
    options = ("--explorer", "--introspection", "--log-level", "warning")
    with running("serve", SEEDS, *options, cache=tmp_path_factory.mktemp("public")) as server:
        server.said(r"^\d+ articles")
        yield server


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A writable copy of the seeds."""
    return Path(shutil.copytree(SEEDS, tmp_path / "content"))


@pytest.fixture
def live(files: bool, draft: Path, tmp_path: Path) -> Iterator[Running]:  # noqa: ARG001 - it comes first
    """The copy, served by `dev`."""
    with running("dev", draft, "--log-level", "warning", cache=tmp_path / "cache") as server:
        server.said(r"^\d+ articles")
        yield server


@pytest.fixture(scope="package")
def dev(files: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:  # noqa: ARG001 - it comes first
    """The seeds, served by `dev`."""
    with running("dev", SEEDS, "--log-level", "warning", cache=tmp_path_factory.mktemp("dev")) as server:
        server.said(r"^\d+ articles")
        yield server


@pytest.fixture(scope="package")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The start of a command line that runs a package without GraphiQL's files."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(ROOT / "gateway", folder / "gateway", ignore=shutil.ignore_patterns("assets", "__pycache__"))
    return ("env", f"--chdir={folder}")
