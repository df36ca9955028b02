"""The command `gateway`: reads its arguments, calls what does the work, and says how it went."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from gateway import __version__, progress
from gateway import problems as printed
from gateway.check import Checked, check
from gateway.content.source import DEFAULT_MAX_BYTES
from gateway.content.workers import Workers
from gateway.errors import GatewayError
from gateway.explanation import explained
from gateway.model import Severity


class Command(click.Command):
    """A command whose errors are one clear line and the exit code that belongs to them."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            click.echo(f"gateway: {error.message}", err=True)
            sys.exit(error.exit_code)


@click.group()
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """A folder of Markdown files becomes a GraphQL API."""


@main.command("check", cls=Command)
@click.argument("content", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Let a warning, too, make the exit code 1.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(printed.FORMATS)),
    default="text",
    show_default=True,
    help="How to print.",
)
@click.option(
    "--max-file-bytes",
    type=click.IntRange(min=1),
    default=DEFAULT_MAX_BYTES,
    show_default=True,
    help="Refuse files that are larger.",
)
@click.option("--explain", is_flag=True, help="Tell where the fields came from, and what is left in frontMatter.")
def check_command(content: Path, form: str, max_file_bytes: int, *, strict: bool, explain: bool) -> None:
    """Name what is wrong with the files in CONTENT. Exits 1 where there is an error."""
    checked = asyncio.run(_check(content, max_file_bytes))
    problems = printed.in_order(checked.problems)
    click.echo(printed.FORMATS[form](problems), nl=False)
    if explain:
        click.echo(explained(checked.given), nl=False, err=form != "text")
    documents = printed.counted(checked.statistics.articles, "document")
    click.echo(f"{documents}; {printed.tally(problems)}", err=form != "text")
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(problem.severity in failing for problem in problems):
        sys.exit(1)


async def _check(content: Path, max_bytes: int) -> Checked:
    workers = Workers(os.cpu_count() or 1)
    try:
        with progress.shown(Console(stderr=True)) as tell:
            return await check(content, workers, clock=partial(datetime.now, UTC), max_bytes=max_bytes, progress=tell)
    finally:
        await workers.close()
