"""The suite's queries are ordinary, and its oracle is independent."""

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
def test_queries_are_within_the_limits(file: Path) -> None:
    """Each query costs less than a quarter of the limit."""
    analysis = analyse(CONTRACT, parse(file.read_text()), Limits())
    analysis.check_shape()
    assert analysis.check_cost(None, {}) < Limits().cost / 4


def test_expected_files_equal_the_oracle() -> None:
    """Every query has its file of answers, and the oracle generates the same."""
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
def test_oracle_does_not_import_the_gateway(name: str) -> None:
    """An error in the gateway's code is therefore not in both."""
    modules = list(imported(Path(__file__).with_name(f"{name}.py")))
    assert modules
    assert [module for module in modules if module.partition(".")[0] == "gateway"] == []
    siblings = {module for module in modules if module.startswith("tests")}
    assert siblings <= {"tests.queries.corpus", "tests.queries.oracle"}
