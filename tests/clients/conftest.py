"""The npm packages, and the servers for the clients. Several tests share one start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.clients import corpus, npm
from tests.clients.npm import Packages
from tests.commands import Running, running
from tests.conftest import need

Results = Callable[..., Mapping[str, Any]]


@pytest.fixture(scope="package")
def packages() -> Packages:
    need("node", npm.node())
    return npm.install()


@pytest.fixture(scope="package")
def application(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application with types and documents from graphql-codegen, compiled by tsc."""
    project = packages.project("codegen", tmp_path_factory.mktemp("projects"))
    packages.tool(project, "graphql-codegen", "--config", "codegen.json")
    packages.tool(project, "tsc", "--strict")
    return project


class Served(NamedTuple):
    """A server of the corpus, and its folder."""

    server: Running
    content: Path

    def write(self, path: str, title: str) -> None:
        (self.content / path).write_text(f"---\ntitle: {title}\n---\n")

    async def change(self, path: str, results: asyncio.Future[Any]) -> None:
        """Change a file until a client gets the event, because it may not have subscribed yet."""
        number = 0
        while not results.done():
            number += 1
            self.write(path, f"Change {number}")
            await asyncio.wait({results}, timeout=0.2)


@contextmanager
def serving(folder: Path, *options: object) -> Iterator[Served]:
    content = folder / "content"
    content.mkdir()
    corpus.write(content)
    # The access log is off, because nothing reads the pipe of the log.
    with running("serve", content, "--log-level", "warning", *options, cache=folder) as server:
        server.said(r"^\d+ articles")
        yield Served(server, content)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The corpus as `serve` shows it, with a preview token."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, "--introspection", "--tokens", "editor:preview") as (server, _):
        yield server


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A corpus that tests may change."""
    with serving(tmp_path_factory.mktemp("live"), "--tokens", "editor:preview") as found:
        yield found


@pytest.fixture(scope="package")
def results(packages: Packages, served: Running) -> Results:
    """The results of a script's flows. The script runs once for all its tests: `results("apollo")["pages"]`."""

    @cache
    def run(script: str, *arguments: str | Path) -> Mapping[str, Any]:
        return packages.script(script, served.url, *arguments)

    return run
