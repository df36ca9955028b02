"""The command `check`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import click
from rich.console import Console

from gateway import problems as printed
from gateway import progress
from gateway.commands.startup import settings_of
from gateway.explanation import explained, hidden, unexposed
from gateway.loading.rules import SiteError
from gateway.model import Given, Hiding, Problem, Severity
from gateway.settings import Settings
from gateway.stores import loaded_aside
from gateway.terminal import state, unexposed_keys


def check(content: Path, form: str, *, strict: bool, explain: bool, **flags: object) -> None:
    """Name what is wrong with the files in CONTENT. Exits 1 where there is an error."""
    checked = asyncio.run(_check(settings_of(content, flags)))
    problems = printed.in_order(checked.problems)
    click.echo(printed.FORMATS[form](problems), nl=False)
    if explain:
        explanation = explained(checked.given) + unexposed(checked.unexposed) + hidden(checked.hidden)
        click.echo(explanation, nl=False, err=form != "text")
    click.echo(f"{printed.counted(checked.documents, 'document')}; {printed.tally(problems)}", err=form != "text")
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(problem.severity in failing for problem in problems):
        sys.exit(1)


class Checked(NamedTuple):
    documents: int
    problems: Sequence[Problem]
    given: Mapping[Given, int] = MappingProxyType({})
    """In how many documents a field came from elsewhere than its own key."""
    hidden: Mapping[str, Sequence[Hiding]] = MappingProxyType({})
    """What hides documents, by path."""
    unexposed: Mapping[str, int] = MappingProxyType({})
    """In how many documents each key of front matter is that the public cannot read, the most frequent first."""


async def _check(settings: Settings) -> Checked:
    """All problems, those too that several files have together; where the site's rules are wrong, only theirs."""
    with progress.shown(Console(stderr=True)) as tell:
        try:
            async with loaded_aside(settings, progress=tell) as (store, report):
                statistics, problems = await state(store)
                return Checked(statistics.articles, problems, report.given, report.hidden, await unexposed_keys(store))
        except SiteError as error:
            return Checked(0, error.problems)
