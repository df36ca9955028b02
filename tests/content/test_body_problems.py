"""Problems of bodies: merge conflicts and comments without an end."""

from __future__ import annotations

import pytest

from gateway.content import body_problems
from gateway.model.problems import Severity

CONFLICT = "<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> branch\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (CONFLICT, [("MERGE_CONFLICT", 5, 1)]),
        ("a\n\n" + CONFLICT, [("MERGE_CONFLICT", 7, 1)]),
        ("```\n" + CONFLICT + "```\n\n" + CONFLICT, [("MERGE_CONFLICT", 13, 1)]),
        ("a\r\n" + CONFLICT.replace("\n", "\r\n"), [("MERGE_CONFLICT", 6, 1)]),
        ("a\n=======\n\n>>>>>>> b\n", []),
        ("<<<<<<< a\n\nb\n=======\n", []),
        (CONFLICT.replace("\n", "\n "), []),
        ("```\n" + CONFLICT + "```\n", []),
        ("a %% b %% c", []),
        ("a\nb %% c", [("UNCLOSED_COMMENT", 6, 3)]),
        ("a\n\n{% comment %}\nb", [("UNCLOSED_COMMENT", 7, 1)]),
        ("`%%` <!-- a -->", []),
        ("", []),
    ],
)
def test_problems_of_a_body(body: str, found: list[tuple[str, int, int]]) -> None:
    """Each problem is a warning at its line. Marks in code or in text are not reported."""
    problems = list(body_problems.of("a.md", body, 5))
    assert [(problem.code, problem.line, problem.column) for problem in problems] == found
    assert {problem.severity for problem in problems} <= {Severity.WARNING}
