"""The audits of the GraphQL-over-HTTP specification, against both servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.clients.conftest import Results
from tests.clients.npm import Packages
from tests.commands import running

pytestmark = pytest.mark.timeout(1000)  # may install the packages

SEEDS = Path(__file__).parent.parent.parent / "seeds"


def assert_perfect(audits: Sequence[Mapping[str, str]]) -> None:
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == 61


def test_serve_passes_the_audits(results: Results) -> None:
    """61 of 61."""
    assert_perfect(results("audits")["audits"])


def test_dev_passes_the_audits(packages: Packages, tmp_path: Path) -> None:
    """61 of 61."""
    with running("dev", SEEDS, "--log-level", "warning", cache=tmp_path) as server:
        server.said(r"^\d+ articles")
        assert_perfect(packages.script("audits", server.url)["audits"])
