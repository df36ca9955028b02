"""The clients' packages, and the server that they are tried against. One start of it serves many tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

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
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The corpus, as it is served to everyone, with a token for its editor."""
    folder = tmp_path_factory.mktemp("served")
    content = folder / "content"
    content.mkdir()
    corpus.write(content)
    # Requests are not logged, since nobody would read the pipe that they are logged to.
    options = ("--introspection", "--tokens", "editor:preview", "--log-level", "warning")
    with running("serve", content, *options, cache=folder) as server:
        server.said(r"^\d+ articles")
        yield server


@pytest.fixture(scope="package")
def told(packages: Packages, served: Running) -> Told:
    """What the flows of a script told, which runs once for all its tests: `told("apollo")["pages"]`."""

    @cache
    def told(script: str, *arguments: str | Path) -> Mapping[str, Any]:
        return packages.script(script, served.url, *arguments)

    return told
