"""The command `check`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import click

from gateway import problem_format as printed
from gateway.commands.console import read_state, unexposed_keys
from gateway.commands.mapping_report import collection_files, field_origins, hidden_files, preset_rules, unexposed
from gateway.commands.progress import show_progress
from gateway.commands.startup import settings_of
from gateway.loading.active_rules import SiteError
from gateway.model.documents import FieldOrigin, Hiding
from gateway.model.problems import Problem, Severity
from gateway.settings import Settings
from gateway.stores import load_temporary


def check(content: Path, form: str, *, strict: bool, explain: bool, **flags: object) -> None:
    """List the problems of the files in CONTENT. Exits with 1 if there is an error."""
    checked = asyncio.run(_check(settings_of(content, flags)))
    problems = printed.sort_problems(checked.problems)
    click.echo(printed.FORMATS[form](problems), nl=False)
    if explain:
        explanation = (
            preset_rules(content)
            + collection_files(content, checked.articles)
            + field_origins(checked.field_origins)
            + unexposed(checked.unexposed)
            + hidden_files(checked.hidden)
        )
        click.echo(explanation, nl=False, err=form != "text")
    click.echo(
        f"{printed.count_noun(checked.documents, 'document')}; {printed.severity_counts(problems)}", err=form != "text"
    )
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(problem.severity in failing for problem in problems):
        sys.exit(1)


class Checked(NamedTuple):
    documents: int
    problems: Sequence[Problem]
    field_origins: Mapping[FieldOrigin, int] = MappingProxyType({})
    """The number of documents by field origin, for fields that do not come from their own key."""
    hidden: Mapping[str, Sequence[Hiding]] = MappingProxyType({})
    """The reasons that hide documents, by path."""
    unexposed: Mapping[str, int] = MappingProxyType({})
    """The number of documents by front matter key that the public cannot read, the most frequent first."""
    articles: Sequence[str] = ()
    """The paths of the documents."""


async def _check(settings: Settings) -> Checked:
    """All problems, including those between files. If the site's rules are invalid, only the problems of the rules."""
    with show_progress() as progress:
        try:
            async with load_temporary(settings, progress=progress) as (store, report):
                statistics, problems = await read_state(store)
                files = await store.files()
                return Checked(
                    statistics.articles,
                    problems,
                    report.field_origins,
                    report.hidden,
                    await unexposed_keys(store),
                    [path for path, state in files.items() if state.status],
                )
        except SiteError as error:
            return Checked(0, error.problems)
