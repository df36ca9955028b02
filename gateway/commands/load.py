"""The command `load`."""

from __future__ import annotations

import asyncio
import os
import time
from importlib import import_module
from pathlib import Path

import click

from gateway.commands.console import file_counts, print_state, strict_problems_printed
from gateway.commands.progress import show_progress
from gateway.commands.startup import settings_of
from gateway.loading.ingest import IngestReport
from gateway.settings import Settings
from gateway.stores import open_loader


def load(content: Path, *, follows: bool, accept_empty: bool, **flags: object) -> None:
    """Load CONTENT into the database once, or until a signal. A single load does not import what sends webhooks."""
    settings = settings_of(content, flags)
    with strict_problems_printed():
        if follows:
            import_module("gateway.commands.follower").run(settings)
        else:
            _load(settings, accept_empty=accept_empty)


def _load(settings: Settings, *, accept_empty: bool) -> None:
    started, cpu = time.perf_counter(), cpu_seconds()
    report = asyncio.run(_load_once(settings, accept_empty=accept_empty))
    seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    click.echo(f"{file_counts(report)} in {seconds:.1f} s, {cpu:.1f} s of CPU time")


async def _load_once(settings: Settings, *, accept_empty: bool) -> IngestReport:
    async with open_loader(settings) as pipeline:
        with show_progress() as progress:
            report = await pipeline.ingest.run(strict=settings.strict, accept_empty=accept_empty, progress=progress)
        await print_state(pipeline.store)
    return report


def cpu_seconds() -> float:
    """The CPU seconds of this process and of the child processes that have ended."""
    return sum(os.times()[:4])
