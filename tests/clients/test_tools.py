"""Tools that read the schema: compilers, whose output is run, and a linter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.conftest import Results
from tests.clients.corpus import TITLES
from tests.clients.npm import Packages

pytestmark = pytest.mark.timeout(1000)  # may install the packages


@pytest.fixture(scope="module")
def artifacts(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of Relay's compiler."""
    project = packages.project("relay", tmp_path_factory.mktemp("projects"))
    packages.tool(project, "relay-compiler")
    return project / "src/__generated__"


def test_relay_pages(results: Results, artifacts: Path) -> None:
    """Relay compiles a connection over `articles`, and its runtime joins the pages in its store."""
    assert results("relay", artifacts)["pages"] == {
        "requests": ["POST 200"] * 3,
        "titles": TITLES,
        "providers": ["Example Gazette"] * len(TITLES),
    }


def test_relay_refetches(results: Results, artifacts: Path) -> None:
    """An article is refetched by its id, through `node`."""
    assert results("relay", artifacts)["refetch"] == {
        "title": TITLES[0],
        "related": [{"title": "Elsewhere 24", "provider": {"name": "Example Observer"}}],
    }


def test_codegen(results: Results, application: Path) -> None:
    """The client preset types an application, which compiles under `strict` and works."""
    assert results("codegen", application / "out/cards.js")["cards"] == [
        {"title": "Entry 00", "provider": "Example Gazette"},
        {"title": "Elsewhere 00", "provider": "Example Observer"},
        {"title": "Entry 01", "provider": "Example Gazette"},
        {"title": "Elsewhere 01", "provider": "Example Observer"},
    ]


def test_graphql_eslint(packages: Packages, tmp_path: Path) -> None:
    """The rules for schemas and for Relay find no error."""
    packages.tool(packages.project("eslint", tmp_path), "eslint", "--max-warnings", "0", "schema.graphql")
