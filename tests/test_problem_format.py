"""Messages for problems and the summary of the corpus."""

from __future__ import annotations

import pytest

from gateway.model.problems import Problem, Severity
from gateway.model.records import Statistics
from gateway.problem_format import summary


def of(*severities: Severity) -> list[Problem]:
    return [Problem(severity, "CODE", "Something is wrong.", "a.md") for severity in severities]


ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    ("statistics", "problems", "expected"),
    [
        (Statistics(1, 1, 5, 2, 3), [], "1 article (0 published, 1 draft), 5 providers, 2 topics; 0 problems"),
        (Statistics(0, 0, 0, 0, 3), [], "0 articles (0 published, 0 drafts), 0 providers, 0 topics; 0 problems"),
        (Statistics(5, 2, 1, 1, 3), [INFO], "5 articles (3 published, 2 drafts), 1 provider, 1 topic; 0 problems"),
        (
            Statistics(2, 0, 0, 1, 3),
            [INFO, WARNING],
            "2 articles (2 published, 0 drafts), 0 providers, 1 topic; 1 problem (1 warning)",
        ),
        (
            Statistics(2, 0, 0, 1, 3),
            [ERROR, WARNING, WARNING],
            "2 articles (2 published, 0 drafts), 0 providers, 1 topic; 3 problems (1 error, 2 warnings)",
        ),
    ],
)
def test_summary_line(statistics: Statistics, problems: list[Severity], expected: str) -> None:
    """It has the number of articles, of public ones, and of problems. An INFO is not counted."""
    assert summary(statistics, of(*problems)) == expected
