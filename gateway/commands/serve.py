"""The commands `dev` and `serve`."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from gateway.app import create_app
from gateway.commands import standard_streams
from gateway.commands.console import ConsoleReporter, strict_problems_printed
from gateway.commands.startup import settings_of
from gateway.content.watch import Watch
from gateway.errors import StoreError
from gateway.loading.pipeline import Pipeline
from gateway.loading.scheduler import Scheduler
from gateway.settings import Mode, Settings
from gateway.stores import open_pipeline
from gateway.web.file_descriptors import fitting, own, raise_allowed
from gateway.web.server import address, is_public, listening, run
from gateway.web.server import serve as serve_app
from gateway.web.webhooks import Webhooks

NEW_OBJECTS = 2_000
"""The number of new objects after which the garbage collector runs."""


def dev(content: Path, **flags: object) -> None:
    """Serve CONTENT to its author: drafts shown, explorer and introspection on, for this machine only."""
    _run(content, flags, Mode.DEV)


def serve(content: Path, **flags: object) -> None:
    """Serve CONTENT to everyone: published articles only, explorer and introspection off."""
    _run(content, flags, Mode.SERVE)


def _run(content: Path, flags: Mapping[str, object], mode: Mode) -> None:
    standard_streams.protect()
    settings = settings_of(content, flags, mode)
    with strict_problems_printed():
        run(_serve(settings))


async def _serve(settings: Settings) -> None:
    """Serve until a signal. The socket opens first, so that early connections wait instead of being refused."""
    with listening(settings.host, settings.port) as listener:
        async with open_pipeline(settings, shared=True) as pipeline:
            scheduler = Scheduler(
                pipeline.ingest,
                Watch(settings.content, settings.watch, settings.poll_seconds),
                ConsoleReporter(pipeline, strict=settings.strict, lists_unexposed=settings.mode is Mode.DEV).run,
                is_ready=pipeline.ingest.is_ready,
                sweep=settings.sweep_seconds,
            )
            app = create_app(settings, pipeline.store, scheduler.request, is_ready=pipeline.ingest.is_ready)
            limits = fitting(settings.limits, own(settings.readers, settings.workers), raise_allowed())
            webhooks = Webhooks(pipeline.store, settings.webhooks, settings.webhook_secret)
            resumed = asyncio.Event()
            _collect_little()
            _print_addresses(settings, listener)
            with _reloading_at_hangup(scheduler.request):
                await serve_app(
                    app,
                    listener,
                    limits,
                    trusted_proxies=settings.trusted_proxies,
                    work=lambda: _load(pipeline, scheduler, webhooks, resumed),
                    starting=resumed.wait,
                    stopping=pipeline.store.end_generations,
                )


def _print_addresses(settings: Settings, listener: socket.socket) -> None:
    """Print the addresses. Called after every step that can fail, so that a printed address is served."""
    url = address(listener)
    click.echo(f"Listening on {url}{' and all other interfaces' if is_public(listener) else ''}")
    if settings.explorer:
        click.echo(f"The start page is at {url}/, GraphiQL at {url}/graphiql")


async def _load(pipeline: Pipeline, scheduler: Scheduler, webhooks: Webhooks, resumed: asyncio.Event) -> None:
    """Wait while another process writes the database, then load the content and send webhooks.

    Sets `resumed` once it is known whether the stored content is served before the first run.
    """
    try:
        if pipeline.store.is_writer:
            await pipeline.store.become_writer()
        else:
            await _stand_by(pipeline, resumed)
        # The webhooks read first what their receivers have.
        await _beside(webhooks.run(), _follow(pipeline, scheduler, resumed))
    finally:
        resumed.set()


async def _follow(pipeline: Pipeline, scheduler: Scheduler, resumed: asyncio.Event) -> None:
    await pipeline.ingest.resume()
    resumed.set()
    await scheduler.follow()


async def _stand_by(pipeline: Pipeline, resumed: asyncio.Event) -> None:
    """Wait until this process writes the database. Meanwhile, serve what the other process loads by the same rules."""
    click.echo(
        f"The database is written by {pipeline.store.writer_name}. This process serves it, and becomes its next writer."
    )
    resuming = asyncio.create_task(_resume(pipeline, resumed))
    try:
        await pipeline.store.become_writer()
    finally:
        resuming.cancel()
        with suppress(asyncio.CancelledError, StoreError):  # the writer reports errors of the database
            await resuming
    click.echo("This process writes the database from now on.")


async def _resume(pipeline: Pipeline, resumed: asyncio.Event) -> None:
    async for _ in pipeline.store.generations():
        is_resumed = await pipeline.ingest.resume()
        resumed.set()
        if is_resumed:
            return


def _collect_little() -> None:
    """Reduce the pauses of the garbage collector. The schema and the modules are permanent, so they are frozen. Loads
    and operations create few cycles. A higher threshold would cause longer pauses."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])


@contextmanager
def _reloading_at_hangup(reload: Callable[[], Coroutine[None, None, object]]) -> Iterator[None]:
    """Reload the folder on SIGHUP, as other servers do."""
    running = set[asyncio.Task[object]]()

    def begin() -> None:
        task = asyncio.create_task(reload())
        running.add(task)
        task.add_done_callback(end)

    def end(task: asyncio.Task[object]) -> None:
        running.discard(task)
        if not task.cancelled():
            task.exception()  # marks the error as retrieved, because the reporter has logged it

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, begin)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


async def _beside(*parts: Coroutine[None, None, None]) -> None:
    """Run the background tasks. If one fails, the others are cancelled and its error is raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
