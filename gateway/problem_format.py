"""Formats problems as text, JSON and GitHub workflow commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import orjson

from gateway.model.problems import Problem, Severity
from gateway.model.records import Statistics


def count_noun(number: int, noun: str) -> str:
    """`1 draft`, `2 drafts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def summary(statistics: Statistics, problems: Sequence[Problem]) -> str:
    """Summarise a corpus in one line. `statistics` are those of a preview. Scheduled and expired articles count as
    drafts, because the public does not see them."""
    articles = count_noun(statistics.articles, "article")
    published, drafts = statistics.articles - statistics.drafts, count_noun(statistics.drafts, "draft")
    providers, topics = count_noun(statistics.providers, "provider"), count_noun(statistics.topics, "topic")
    return f"{articles} ({published} published, {drafts}), {providers}, {topics}; {severity_counts(problems)}"


def severity_counts(problems: Sequence[Problem]) -> str:
    """The number of problems by severity: `2 problems (1 error, 1 warning)`. INFO is not counted."""
    counts = Counter(problem.severity for problem in problems)
    worst = [severity for severity in (Severity.ERROR, Severity.WARNING) if counts[severity]]
    parts = ", ".join(count_noun(counts[severity], severity.lower()) for severity in worst)
    return count_noun(sum(counts[severity] for severity in worst), "problem") + (f" ({parts})" if parts else "")


def sort_problems(problems: Sequence[Problem]) -> list[Problem]:
    """Sort problems by path and position."""
    return sorted(problems, key=lambda problem: (problem.path, problem.line or 0, problem.column or 0, problem.code))


def format_sentence(problem: Problem) -> str:
    """One line with the place, the message and the hint."""
    return f"{_place(problem)}: {' '.join(filter(None, (problem.message, problem.hint)))}"


def format_text(problems: Sequence[Problem]) -> str:
    """A line for each problem, in the format of compilers, and a line for its hint."""
    return "".join(
        f"{_place(problem)}: {problem.severity.lower()} {problem.code}: {problem.message}\n"
        + (f"    {problem.hint}\n" if problem.hint else "")
        for problem in problems
    )


def format_json(problems: Sequence[Problem]) -> str:
    """A JSON array with an object for each problem."""
    return orjson.dumps([problem._asdict() for problem in problems], option=orjson.OPT_INDENT_2).decode() + "\n"


def format_github(problems: Sequence[Problem]) -> str:
    """Workflow commands. GitHub shows them as annotations of a pull request."""
    commands = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    return "".join(
        f"::{commands[problem.severity]} file={_property(problem.path)}"
        f",line={problem.line or 1},col={problem.column or 1},title={_property(problem.code)}"
        f"::{_data(' '.join(filter(None, (problem.message, problem.hint))))}\n"
        for problem in problems
    )


FORMATS: Mapping[str, Callable[[Sequence[Problem]], str]] = {
    "text": format_text,
    "json": format_json,
    "github": format_github,
}


def _place(problem: Problem) -> str:
    return ":".join(str(part) for part in (problem.path, problem.line, problem.column) if part is not None)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
