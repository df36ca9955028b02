"""A server of one content folder, or of the database that a loader fills from it."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import click

from gateway.app import create_app, trusted_documents_allow
from gateway.commands.background import beside, in_background
from gateway.commands.console import ConsoleReporter, strict_problems_printed
from gateway.commands.hangup import reloading_at_hangup
from gateway.commands.startup import logger, print_addresses
from gateway.content.watch import Watch
from gateway.errors import NotReady, NotWriting, SettingsError, StoreError
from gateway.loading.active_rules import SiteError, SiteRules
from gateway.loading.ingest import IngestReport
from gateway.loading.pipeline import Pipeline
from gateway.loading.scheduler import Scheduler
from gateway.model.collections import NO_COLLECTIONS, Collections
from gateway.model.records import Visibility
from gateway.option_types import DatabaseUrl
from gateway.settings import Mode, Settings
from gateway.store.protocol import Store
from gateway.stores import open_pipeline, open_reader
from gateway.web.address import listening
from gateway.web.file_descriptors import fitting, own, raise_allowed
from gateway.web.reload import Reload
from gateway.web.server import run as run_loop
from gateway.web.server import serve as serve_app
from gateway.web.webhooks import Webhooks

START_SECONDS = 5
"""How long early connections wait at most before they are answered."""
FOLLOWER_START_SECONDS = 30
"""The same in a process that follows another one, which answers them meanwhile."""
NO_FOLDER = "This gateway has no content folder. Reload the loader of the database: send it SIGHUP."
NEW_OBJECTS = 2_000
"""The number of new objects after which the garbage collector runs."""


class Supervision(Protocol):
    """What a server reports to, and what the server does not do itself."""

    shares_listener: bool
    """Whether other processes accept connections from the same socket."""
    memory: int | None
    """The descriptor of memory that these processes share."""

    def listens(self) -> None:
        """Called after every step that can fail, so that an address that is printed then is served."""
        ...

    def serves(self) -> None:
        """Called when content can be served, at least once."""
        ...

    def follows(self, writer: str) -> None:
        """Called if another process writes the database."""
        ...

    def writes(self) -> None:
        """Called when this process has become the writer of the database."""
        ...

    def reload_elsewhere(self, *, accept_empty: bool) -> Awaitable[IngestReport]:
        """Reload the folder in the process that writes. Raises NotWriting, and GatewayError if the reload fails."""
        ...

    async def attend(self, reload: Reload) -> None:
        """Run beside the server, and cancelled at its end."""
        ...


class Unsupervised:
    """A server with a terminal."""

    shares_listener = False
    memory: int | None = None

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._has_followed = False

    def listens(self) -> None:
        print_addresses(self._settings, self._listener)

    def serves(self) -> None:
        pass

    def follows(self, writer: str) -> None:
        self._has_followed = True
        click.echo(f"The database is written by {writer}. This process serves it, and becomes its next writer.")

    def writes(self) -> None:
        if self._has_followed:
            click.echo("This process writes the database from now on.")

    def reload_elsewhere(self, *, accept_empty: bool) -> Awaitable[IngestReport]:  # noqa: ARG002
        raise NotWriting

    async def attend(self, reload: Reload) -> None:
        pass


def run(settings: Settings) -> None:
    """Serve from this process, which opens the listening socket first, so that early connections wait."""
    with listening(settings.host, settings.port) as listener:
        run_server(serve(settings, listener, Unsupervised(settings, listener)))


def run_server(main: Coroutine[None, None, None]) -> None:
    with strict_problems_printed():
        run_loop(main)


async def serve(settings: Settings, listener: socket.socket, supervision: Supervision) -> None:
    """Serve on a listening socket until a signal."""
    if isinstance(settings.database, DatabaseUrl) and settings.mode is Mode.SERVE:
        await _serve_database(settings, settings.database, listener, supervision)
    else:
        await _serve_folder(settings, listener, supervision)


async def _serve_database(
    settings: Settings, url: DatabaseUrl, listener: socket.socket, supervision: Supervision
) -> None:
    """Serve what a loader writes. Raises SettingsError for settings that need the content folder."""
    if settings.content is not None:
        raise SettingsError(
            f"The database {url} is PostgreSQL, which 'gateway load' fills from the folder: gateway load"
            f" {settings.content} --watch --database URL. Remove the folder from this command."
        )
    if settings.webhooks:
        raise SettingsError(
            "The loader of a PostgreSQL database sends webhooks. Move the setting 'webhooks' to gateway load --watch."
        )

    async def reload(*, accept_empty: bool) -> IngestReport:  # noqa: ARG001 - as `Reload`
        raise NotWriting(NO_FOLDER)

    async with open_reader(settings, url, supervision.memory) as store:
        app = create_app(settings, store, reload, collections=await _stored_collections(store))
        limits = fitting(settings.limits, own(settings.readers, 0), raise_allowed())
        _collect_little()
        supervision.listens()
        with reloading_at_hangup(_log_no_folder):
            async with in_background(supervision.attend(reload)):
                await serve_app(
                    app,
                    listener,
                    limits,
                    trusted_proxies=settings.trusted_proxies,
                    work=lambda: _report_ready(store, supervision),
                    stopping=store.end_generations,
                    shared=supervision.shares_listener,
                )


async def _stored_collections(store: Store) -> Collections:
    """Those of the stored content. If the database cannot be read, those of its first generation are read later."""
    with suppress(StoreError, NotReady):
        if await store.ready():
            async with store.snapshot(Visibility.PUBLIC) as snapshot:
                return await snapshot.collections()
    return NO_COLLECTIONS


def _declared_collections(folder: Path) -> Collections:
    """Those of the site's rules. The load reports rules that are invalid."""
    with suppress(SiteError):
        site, _ = SiteRules().read(folder)
        return site.collections if site else NO_COLLECTIONS
    return NO_COLLECTIONS


async def _report_ready(store: Store, supervision: Supervision) -> None:
    """Runs as long as the server."""
    async for _ in store.generations():
        if await store.ready():
            supervision.serves()


async def _log_no_folder() -> None:
    logger.warning(NO_FOLDER)


async def _serve_folder(settings: Settings, listener: socket.socket, supervision: Supervision) -> None:
    """Follow the content folder, or the process that does, and serve its content."""
    async with open_pipeline(settings, shared=True, accepts=trusted_documents_allow(settings)) as pipeline:
        reporter = ConsoleReporter(pipeline, strict=settings.strict, lists_unexposed=settings.mode is Mode.DEV)

        async def load(paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
            report = await reporter.run(paths, accept_empty=accept_empty)
            supervision.serves()
            return report

        scheduler = Scheduler(
            pipeline.ingest,
            Watch(settings.folder, settings.watch, settings.poll_seconds),
            load,
            is_ready=pipeline.ingest.is_ready,
            sweep=settings.sweep_seconds,
        )

        def reload(*, accept_empty: bool) -> Awaitable[IngestReport]:
            reload_here = pipeline.store.is_writer
            return (scheduler.request if reload_here else supervision.reload_elsewhere)(accept_empty=accept_empty)

        app = create_app(
            settings,
            pipeline.store,
            reload,
            is_ready=pipeline.ingest.is_ready,
            collections=_declared_collections(settings.folder),
        )
        limits = fitting(settings.limits, own(settings.readers, settings.parsers), raise_allowed())
        webhooks = Webhooks(pipeline.store, settings.webhooks, settings.webhook_secret)
        resumed, is_shared = asyncio.Event(), supervision.shares_listener
        start_seconds = FOLLOWER_START_SECONDS if is_shared and not pipeline.store.is_writer else START_SECONDS
        _collect_little()
        supervision.listens()
        with reloading_at_hangup(scheduler.request):
            async with in_background(supervision.attend(scheduler.request)):
                await serve_app(
                    app,
                    listener,
                    limits,
                    trusted_proxies=settings.trusted_proxies,
                    work=lambda: _load(pipeline, scheduler, webhooks, resumed, supervision),
                    starting=lambda: _start(resumed, start_seconds),
                    stopping=pipeline.store.end_generations,
                    shared=is_shared,
                )


async def _load(
    pipeline: Pipeline, scheduler: Scheduler, webhooks: Webhooks, resumed: asyncio.Event, supervision: Supervision
) -> None:
    """Wait while another process writes the database, then load the content and send webhooks.

    Sets `resumed` once the stored content is served, or once this process is about to load it.
    """

    async def resume() -> bool:
        if is_resumed := await pipeline.ingest.resume():
            supervision.serves()
        if is_resumed or pipeline.store.is_writer:
            resumed.set()
        return is_resumed

    async def follow() -> None:
        await resume()
        await scheduler.follow()

    try:
        if pipeline.store.is_writer:
            await pipeline.store.become_writer()
        else:
            supervision.follows(pipeline.store.writer_name)
            async with in_background(_resume(pipeline.store, resume)):
                await pipeline.store.become_writer()
        supervision.writes()
        await webhooks.begin()
        await beside(webhooks.run(), follow())
    finally:
        resumed.set()


async def _start(resumed: asyncio.Event, seconds: float) -> None:
    """Wait until connections are accepted, but not longer than this time."""
    with suppress(TimeoutError):
        await asyncio.wait_for(resumed.wait(), seconds)


async def _resume(store: Store, resume: Callable[[], Awaitable[bool]]) -> None:
    """Serve what another process loads, once it has loaded it by the same rules. The writer reports errors of the
    database."""
    with suppress(StoreError):
        async for _ in store.generations():
            if await resume():
                return


def _collect_little() -> None:
    """Reduce the pauses of the garbage collector. The schema and the modules are permanent, so they are frozen. Loads
    and operations create few cycles. A higher threshold would cause longer pauses."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
