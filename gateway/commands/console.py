"""Runs the ingest and reports the results on the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

from gateway import problem_format as printed
from gateway.commands.mapping_report import unexposed
from gateway.commands.progress import show_progress
from gateway.content.site_config import is_site_config
from gateway.errors import GatewayError
from gateway.loading.change_stream import StrictError
from gateway.loading.ingest import IngestReport
from gateway.loading.pipeline import Pipeline
from gateway.model.documents import FRONT_MATTER
from gateway.model.problems import Problem, Severity
from gateway.model.records import Statistics, Visibility
from gateway.store.protocol import Store, read_one
from gateway.store.reads import StatisticsOf

logger = logging.getLogger("gateway")


class ConsoleReporter:
    """Reports the runs over a folder: the first run in full, later runs by their new problems and changes."""

    def __init__(self, pipeline: Pipeline, *, strict: bool, lists_unexposed: bool = False) -> None:
        """`lists_unexposed` also prints the front matter keys that the public cannot read."""
        self._pipeline = pipeline
        self._strict = strict
        self._lists_unexposed = lists_unexposed
        self._parsed_keys = frozenset[str]()
        """The keys left in frontMatter of all parsed files."""
        self._unexposed = frozenset[str]()
        self._reported: frozenset[Problem] | None = None
        """The problems of the last run over the whole folder."""

    async def run(self, paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
        """Run the ingest and report it. Errors are raised, and also logged if an earlier generation is served."""
        try:
            report = await self._load(paths, accept_empty=accept_empty)
        except GatewayError as error:
            if await self._pipeline.ingest.is_ready():
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
        with show_progress() as progress:
            return await ingest.run(accept_empty=accept_empty, strict=self._strict, progress=progress)

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
            await self._print_unexposed(report, paths)
        if whole:
            self._reported = frozenset(report.problems)

    async def _print_unexposed(self, report: IngestReport, paths: frozenset[str] | None) -> None:
        """Print the unexposed keys that are new. The query reads all front matter, so it runs only if the run may have
        added keys."""
        keys = {given.source for given in report.field_origins if given.field == FRONT_MATTER}
        may_be_new = paths is None or any(map(is_site_config, paths)) or not keys <= self._parsed_keys
        self._parsed_keys |= keys
        if self._reported is None or (report.applied.changed and may_be_new):
            found = await unexposed_keys(self._pipeline.store)
            new = {key: files for key, files in found.items() if key not in self._unexposed}
            click.echo(unexposed(new), nl=False)
            self._unexposed = frozenset(found)


def print_run(report: IngestReport) -> None:
    """Print one line about a run."""
    click.echo(f"{file_counts(report)} in {report.seconds:.1f} s")


def file_counts(report: IngestReport) -> str:
    files = printed.count_noun(report.files, "file")
    return f"{files} found, {report.read} read, {report.parsed} parsed"


async def print_state(store: Store) -> None:
    """Print all problems and a summary line."""
    statistics, problems = await read_state(store)
    print_problems(problems)
    click.echo(printed.summary(statistics, problems))


def print_problems(problems: Iterable[Problem]) -> None:
    """Print errors and warnings. INFO is for `check` only."""
    grave = [problem for problem in problems if problem.severity is not Severity.INFO]
    click.echo(printed.format_text(printed.sort_problems(grave)), err=True, nl=False)


@contextmanager
def strict_problems_printed() -> Iterator[None]:
    """Print the problems that stopped a strict run, before the error ends the command."""
    try:
        yield
    except StrictError as error:
        print_problems(error.problems)
        raise


async def read_state(store: Store) -> tuple[Statistics, Sequence[Problem]]:
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        return await read_one(snapshot, StatisticsOf()), await snapshot.problems(None, None)


async def unexposed_keys(store: Store) -> Mapping[str, int]:
    """The number of files by front matter key that the public cannot read, the most frequent first."""
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        return await snapshot.unexposed_keys()
