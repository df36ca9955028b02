"""The server's application over a folder of a few files, without a socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.content import site_config
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.source import DEFAULT_MAX_BYTES, Walk
from gateway.loading.active_rules import GeneratorRules
from gateway.model.changes import Change, Deleted
from gateway.settings import Mode, Settings
from gateway.settings_sources import read
from gateway.store.protocol import ChangeSet
from gateway.store.sqlite.store import SqliteStore
from gateway.web.address import address, listening
from gateway.web.server import serve
from tests.databases import new_store
from tests.schema import SCHEMA
from tests.store.replicated import ReplicatedStore

AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
FILES = {
    "one.md": "---\ntitle: One\ndate: 2024-01-01\nwebUrl: https://gazette.example/one\ntopics: [News]\n---\n",
    "two.md": "---\ntitle: Two\ndate: 2024-01-02\nrelated: [https://gazette.example/one]\nsecured: b3BhcXVl\n---\n",
    "draft.md": "---\ntitle: Draft\ndraft: true\n---\n",
}
TOKENS = "editor:preview reader:secured:read both:preview,secured:read"


def settings_of(folder: Path, mode: Mode = Mode.SERVE, **flags: object) -> Settings:
    """Settings of a server with a few tokens, without the environment."""
    return read(mode, folder, {"database": folder.parent / "gateway.db", "tokens": [TOKENS], **flags}, {})


class Service(NamedTuple):
    """An application with its folder and store."""

    app: ASGIApp
    folder: Path
    store: SqliteStore | ReplicatedStore
    settings: Settings

    async def change(self, files: Mapping[str, str | None], as_of: datetime = AS_OF) -> None:
        """Write some files, delete those that are None, and load the changes.

        New rules in `gateway.yaml` apply to the files that are written, which should then be all.
        """
        changes: list[Change] = []
        for path, text in files.items():
            if text is None:
                (self.folder / path).unlink()
                changes.append(Deleted(path))
            else:
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / path).write_text(text)
                os.utime(self.folder / path, (as_of.timestamp(), as_of.timestamp()))
        listing, declared = Walk(self.folder).run(), site_config.read(self.folder)
        assert declared.is_good, declared.problems
        site, _ = GeneratorRules(DEFAULT_MAX_BYTES, lambda _: None).read(self.folder, listing, declared.site)
        rules, written = ParseContext(str(self.folder), site=site), listing.files.keys() & files.keys()
        changes += [parse(Task(listing.files[path]), rules) for path in sorted(written) if files[path] is not None]
        await self.store.apply(ChangeSet(as_of, _stream(changes), collections=site.collections))


async def _stream(changes: Sequence[Change]) -> AsyncIterator[Sequence[Change]]:
    yield changes


@asynccontextmanager
async def service(
    tmp_path: Path,
    mode: Mode = Mode.SERVE,
    files: Mapping[str, str] = FILES,
    postgres: str | None = None,
    **flags: object,
) -> AsyncIterator[Service]:
    """A service of the files. Without files it has not loaded anything.

    `postgres` is the URL of the PostgreSQL server of a service whose database file exists.
    """
    folder = tmp_path / "content"
    folder.mkdir(parents=True)
    settings = settings_of(folder, mode, **flags)
    async with new_store(settings.database_path, postgres) as store:
        found = Service(create_app(settings, store, schema=SCHEMA), folder, store, settings)
        if files:
            await found.change(files)
        yield found


@asynccontextmanager
async def serving(
    tmp_path: Path, mode: Mode = Mode.SERVE, files: Mapping[str, str] = FILES, **flags: object
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of such a service, without a socket."""
    async with service(tmp_path, mode, files, None, **flags) as found:
        transport = httpx.ASGITransport(found.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


@asynccontextmanager
async def listening_to(found: Service, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """The address of a service on its own socket."""
    with listening(host, 0) as listener:
        ended = asyncio.Event()
        stopping = found.store.end_generations
        limits, proxies = found.settings.limits, found.settings.trusted_proxies
        served = serve(found.app, listener, limits, trusted_proxies=proxies, work=ended.wait, stopping=stopping)
        running = asyncio.create_task(served)
        try:
            yield address(listener)
        finally:
            ended.set()
            await running


@asynccontextmanager
async def listening_service(tmp_path: Path, mode: Mode = Mode.SERVE, **flags: object) -> AsyncIterator[str]:
    async with service(tmp_path, mode, FILES, None, **flags) as found, listening_to(found) as at:
        yield at


async def post(
    client: httpx.AsyncClient, query: str, headers: Mapping[str, str] | None = None, **variables: Any
) -> Any:
    """The JSON response of a query."""
    body = {"query": query, "variables": variables}
    return (await client.post("/graphql", json=body, headers=headers)).json()
