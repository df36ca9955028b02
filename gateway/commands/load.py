"""The command `load`."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Coroutine
from pathlib import Path

import click

from gateway.commands.console import ConsoleReporter, file_counts, print_state, strict_problems_printed
from gateway.commands.hangup import reloading_at_hangup
from gateway.commands.progress import show_progress
from gateway.commands.startup import logger, settings_of
from gateway.content.watch import Watch
from gateway.errors import Superseded
from gateway.loading.ingest import IngestReport
from gateway.loading.pipeline import Pipeline
from gateway.loading.scheduler import Scheduler
from gateway.settings import Settings
from gateway.stores import open_loader


def load(content: Path, *, follows: bool, accept_empty: bool, **flags: object) -> None:
    """Load CONTENT into the database once, or until a signal."""
    settings = settings_of(content, flags)
    with strict_problems_printed():
        if follows:
            asyncio.run(_until_signal(_follow_always(settings)))
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


async def _follow_always(settings: Settings) -> None:
    while True:
        try:
            async with open_loader(settings, persists=True) as pipeline:
                await _Follower(settings, pipeline).run()
        except Superseded as error:
            logger.warning("%s This loader waits, and is its next one.", error.message)


class _Follower:
    """Follows the folder until another loader has written the database."""

    def __init__(self, settings: Settings, pipeline: Pipeline) -> None:
        self._ingest = pipeline.ingest
        self._reporter = ConsoleReporter(pipeline, strict=settings.strict)
        self._is_superseded = False
        watch = Watch(settings.folder, settings.watch, settings.poll_seconds)
        self._scheduler = Scheduler(
            pipeline.ingest, watch, self._load, is_ready=self._is_ready, sweep=settings.sweep_seconds
        )

    async def run(self) -> None:
        """Raises Superseded, and GatewayError if there is nothing to follow."""
        await self._ingest.resume()
        with reloading_at_hangup(self._scheduler.request):
            await self._scheduler.follow()

    async def _load(self, paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
        try:
            return await self._reporter.run(paths, accept_empty=accept_empty)
        except Superseded:
            self._is_superseded = True
            raise

    async def _is_ready(self) -> bool:
        return not self._is_superseded and await self._ingest.is_ready()


async def _until_signal(work: Coroutine[None, None, None]) -> None:
    """Cancels the work at SIGINT and SIGTERM, and returns when it has ended."""
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()


def cpu_seconds() -> float:
    """The CPU seconds of this process and of the child processes that have ended."""
    return sum(os.times()[:4])
