"""The suite and its oracle: that the one is everyday, and the other stands on its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import parse

from gateway.execution.cost import analyse
from gateway.limits import Limits
from tests.queries.expected import QUERIES, expected
from tests.queries.oracle import CONTRACT


@pytest.mark.parametrize("file", QUERIES, ids=lambda file: file.stem)
def test_a_query_of_the_suite_is_an_everyday_one(file: Path) -> None:
    """It stays within all limits, and under a quarter of what it may cost."""
    analysis = analyse(CONTRACT, parse(file.read_text()), Limits())
    analysis.check_shape()
    assert analysis.check_cost(None, {}) < Limits().cost / 4


def test_what_is_expected_is_what_the_oracle_says() -> None:
    """Every query has its answers, and they are not written by hand."""
    assert len(QUERIES) > 10
    assert [file.name for file, text in expected() if not file.exists() or file.read_text() != text] == []


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module


@pytest.mark.parametrize("name", ["oracle", "corpus", "expected"])
def test_the_oracle_knows_nothing_of_the_gateway(name: str) -> None:
    """It imports none of it, so that the two cannot be wrong together."""
    modules = list(imported(Path(__file__).with_name(f"{name}.py")))
    assert modules
    assert [module for module in modules if module.partition(".")[0] == "gateway"] == []
    siblings = {module for module in modules if module.startswith("tests")}
    assert siblings <= {"tests.queries.corpus", "tests.queries.oracle"}
