"""Runs the loader, and tells the terminal what runs did. It decides not when one is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress

from gateway import problem_format as printed
from gateway.commands.mapping_report import unexposed
from gateway.content.site_config import is_site_config
from gateway.errors import GatewayError
from gateway.loading.change_stream import StrictError
from gateway.loading.ingest import IngestReport
from gateway.loading.pipeline import Pipeline
from gateway.model import FRONT_MATTER, Problem, Severity, Statistics, Visibility
from gateway.store.protocol import Store

logger = logging.getLogger("gateway")


class ConsoleReporter:
    """Tells of one folder's runs: of the first one all, and then what is new."""

    def __init__(self, pipeline: Pipeline, *, strict: bool, lists_unexposed: bool = False) -> None:
        """With `lists_unexposed` also the keys of front matter are printed that the public cannot read."""
        self._pipeline = pipeline
        self._strict = strict
        self._lists_unexposed = lists_unexposed
        self._parsed_keys = frozenset[str]()
        """The keys left in frontMatter of all files that were parsed."""
        self._unexposed = frozenset[str]()
        self._reported: frozenset[Problem] | None = None
        """The problems that the last run over the whole folder met."""

    async def run(self, paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
        """Load, and tell. What fails is told too, where something else is served; it is raised in any case."""
        try:
            report = await self._load(paths, accept_empty=accept_empty)
        except GatewayError as error:
            if await self._pipeline.store.ready():
                if isinstance(error, StrictError):
                    print_problems(error.problems)
                logger.error("%s What was loaded before is still served.", error.message)
            raise
        await self._print(report, paths)
        return report

    async def _load(self, paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
        ingest = self._pipeline.ingest
        if paths is not None:
            return await ingest.run(paths=paths, accept_empty=accept_empty, strict=self._strict)
        with show_progress(Console(stderr=True)) as tell:
            return await ingest.run(accept_empty=accept_empty, strict=self._strict, progress=tell)

    async def _print(self, report: IngestReport, paths: frozenset[str] | None) -> None:
        whole = paths is None
        if self._reported is None:
            print_run(report)
            await print_state(self._pipeline.store)
        else:
            print_problems(problem for problem in report.problems if not whole or problem not in self._reported)
            if report.applied.changed:
                print_run(report)
                click.echo(printed.summary(*await read_state(self._pipeline.store)))
        if self._lists_unexposed:
            await self._tell_unexposed(report, paths)
        if whole:
            self._reported = frozenset(report.problems)

    async def _tell_unexposed(self, report: IngestReport, paths: frozenset[str] | None) -> None:
        """The keys that are new since the last look, for which all front matter is read: so only where a run may have
        brought some."""
        keys = {given.source for given in report.field_origins if given.field == FRONT_MATTER}
        may_be_new = paths is None or any(map(is_site_config, paths)) or not keys <= self._parsed_keys
        self._parsed_keys |= keys
        if self._reported is None or (report.applied.changed and may_be_new):
            found = await unexposed_keys(self._pipeline.store)
            new = {key: files for key, files in found.items() if key not in self._unexposed}
            click.echo(unexposed(new), nl=False)
            self._unexposed = frozenset(found)


def print_run(report: IngestReport) -> None:
    """What a run did, in a line."""
    files = printed.count_noun(report.files, "file")
    click.echo(f"{files} found, {report.read} read, {report.parsed} parsed in {report.seconds:.1f} s")


async def print_state(store: Store) -> None:
    """All that there is, in the problems and a line."""
    statistics, problems = await read_state(store)
    print_problems(problems)
    click.echo(printed.summary(statistics, problems))


def print_problems(problems: Iterable[Problem]) -> None:
    """All that are one: an INFO is for `check`."""
    grave = [problem for problem in problems if problem.severity is not Severity.INFO]
    click.echo(printed.format_text(printed.sort_problems(grave)), err=True, nl=False)


@contextmanager
def strict_problems_told() -> Iterator[None]:
    """Print the problems for which a strict run was refused, before the error ends the command."""
    try:
        yield
    except StrictError as error:
        print_problems(error.problems)
        raise


async def read_state(store: Store) -> tuple[Statistics, Sequence[Problem]]:
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        return await snapshot.statistics(), await snapshot.problems(None, None)


async def unexposed_keys(store: Store) -> Mapping[str, int]:
    """In how many files each key of front matter is that the public cannot read, the most frequent first."""
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        return await snapshot.unexposed_keys()


@contextmanager
def show_progress(console: Console) -> Iterator[Callable[[int, int], None]]:
    """A line that goes away in the end. What is yielded is told how many files are done, of how many."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("Reading", total=None)
        yield lambda done, total: bar.update(line, completed=done, total=total)
