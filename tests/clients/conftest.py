"""The clients' packages, and the servers that they are tried against. One start of one serves many tests."""

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

Told = Callable[..., Mapping[str, Any]]


@pytest.fixture(scope="package")
def packages() -> Packages:
    need("node", npm.node())
    return npm.install()


@pytest.fixture(scope="package")
def application(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an application whose types and documents graphql-codegen made, as tsc compiled it."""
    project = packages.project("codegen", tmp_path_factory.mktemp("projects"))
    packages.tool(project, "graphql-codegen", "--config", "codegen.json")
    packages.tool(project, "tsc", "--strict")
    return project


class Served(NamedTuple):
    """A server of the corpus, and the folder that it serves."""

    server: Running
    content: Path

    def write(self, path: str, title: str) -> None:
        (self.content / path).write_text(f"---\ntitle: {title}\n---\n")

    async def change(self, path: str, told: asyncio.Future[Any]) -> None:
        """Change a file until a client has been told of it: it may not listen yet."""
        number = 0
        while not told.done():
            number += 1
            self.write(path, f"Change {number}")
            await asyncio.wait({told}, timeout=0.2)


@contextmanager
def serving(folder: Path, *options: object) -> Iterator[Served]:
    content = folder / "content"
    content.mkdir()
    corpus.write(content)
    # Requests are not logged, since nobody would read the pipe that they are logged to.
    with running("serve", content, "--log-level", "warning", *options, cache=folder) as server:
        server.said(r"^\d+ articles")
        yield Served(server, content)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The corpus, as it is served to everyone, with a token for its editor."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, "--introspection", "--tokens", "editor:preview") as (server, _):
        yield server


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A corpus that tests may change."""
    with serving(tmp_path_factory.mktemp("live"), "--tokens", "editor:preview") as found:
        yield found


@pytest.fixture(scope="package")
def told(packages: Packages, served: Running) -> Told:
    """What the flows of a script told, which runs once for all its tests: `told("apollo")["pages"]`."""

    @cache
    def told(script: str, *arguments: str | Path) -> Mapping[str, Any]:
        return packages.script(script, served.url, *arguments)

    return told
