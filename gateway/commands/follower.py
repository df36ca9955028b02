"""A loader that follows its folder until a signal, and sends webhooks."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine

from gateway.commands.background import beside
from gateway.commands.console import ConsoleReporter
from gateway.commands.hangup import reloading_at_hangup
from gateway.commands.startup import logger
from gateway.content.watch import Watch
from gateway.errors import Superseded
from gateway.loading.ingest import IngestReport
from gateway.loading.pipeline import Pipeline
from gateway.loading.scheduler import Scheduler
from gateway.option_types import DatabaseUrl
from gateway.settings import Settings
from gateway.stores import open_loaded, open_loader
from gateway.web.webhooks import Webhooks

GATEWAYS_SECONDS = 2.0
"""How long a webhook waits for gateways to read what it reports. They look at the database each second."""


def run(settings: Settings) -> None:
    asyncio.run(_until_signal(_follow_always(settings)))


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
        self._settings = settings
        self._pipeline = pipeline
        self._reporter = ConsoleReporter(pipeline, strict=settings.strict)
        self._is_superseded = False
        watch = Watch(settings.folder, settings.watch, settings.poll_seconds)
        self._scheduler = Scheduler(
            pipeline.ingest, watch, self._load, is_ready=self._is_ready, sweep=settings.sweep_seconds
        )

    async def run(self) -> None:
        """Raises Superseded, and GatewayError if there is nothing to follow."""
        await self._pipeline.ingest.resume()
        with reloading_at_hangup(self._scheduler.request):
            if self._settings.webhooks:
                await self._follow_and_notify()
            else:
                await self._scheduler.follow()

    async def _follow_and_notify(self) -> None:
        settings = self._settings
        delay = GATEWAYS_SECONDS if isinstance(settings.database, DatabaseUrl) else 0
        async with open_loaded(settings, self._pipeline) as store:
            webhooks = Webhooks(store, settings.webhooks, settings.webhook_secret, delay=delay)
            await webhooks.begin()
            await beside(webhooks.run(), self._scheduler.follow())

    async def _load(self, paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
        try:
            return await self._reporter.run(paths, accept_empty=accept_empty)
        except Superseded:
            self._is_superseded = True
            raise

    async def _is_ready(self) -> bool:
        return not self._is_superseded and await self._pipeline.ingest.is_ready()


async def _until_signal(work: Coroutine[None, None, None]) -> None:
    """Cancels the work at SIGINT and SIGTERM, and returns when it has ended."""
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()
