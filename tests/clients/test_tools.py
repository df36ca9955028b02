"""Tools that read the schema: compilers, and a linter. What the compilers make is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.conftest import Told
from tests.clients.corpus import TITLES
from tests.clients.npm import Packages

pytestmark = pytest.mark.timeout(1000)  # the first test may have to install the packages


@pytest.fixture(scope="module")
def artifacts(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Relay's compiler makes."""
    project = packages.project("relay", tmp_path_factory.mktemp("projects"))
    packages.tool(project, "relay-compiler")
    return project / "src/__generated__"


def test_relay_pages(told: Told, artifacts: Path) -> None:
    """Relay compiles a connection over `articles`, and its runtime joins the pages in its store."""
    assert told("relay", artifacts)["pages"] == {
        "requests": ["POST 200"] * 3,
        "titles": TITLES,
        "providers": ["Example Gazette"] * len(TITLES),
    }


def test_relay_refetches(told: Told, artifacts: Path) -> None:
    """An article is fetched again by its id, through `node`."""
    assert told("relay", artifacts)["refetch"] == {
        "title": TITLES[0],
        "related": [{"title": "Elsewhere 24", "provider": {"name": "Example Observer"}}],
    }


def test_codegen(told: Told, application: Path) -> None:
    """The client preset types an application so that it compiles under `strict`, and what is compiled works."""
    assert told("codegen", application / "out/cards.js")["cards"] == [
        {"title": "Entry 00", "provider": "Example Gazette"},
        {"title": "Elsewhere 00", "provider": "Example Observer"},
        {"title": "Entry 01", "provider": "Example Gazette"},
        {"title": "Elsewhere 01", "provider": "Example Observer"},
    ]


def test_graphql_eslint(packages: Packages, tmp_path: Path) -> None:
    """The rules for schemas, and those for schemas that Relay reads, find no fault."""
    packages.tool(packages.project("eslint", tmp_path), "eslint", "--max-warnings", "0", "schema.graphql")
