"""A server's application over a folder of a few files, to be asked without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.content.parsing import Rules, Task, parse
from gateway.content.source import Walk
from gateway.limits import Limits
from gateway.model import Change
from gateway.server import address, listening, serve
from gateway.settings import Mode, Settings, read
from gateway.store.protocol import ChangeSet
from gateway.store.sqlite import SqliteStore

AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
FILES = {
    "one.md": "---\ntitle: One\ndate: 2024-01-01\nwebUrl: https://gazette.example/one\ntopics: [News]\n---\n",
    "two.md": "---\ntitle: Two\ndate: 2024-01-02\nrelated: [https://gazette.example/one]\nsecured: b3BhcXVl\n---\n",
    "draft.md": "---\ntitle: Draft\ndraft: true\n---\n",
}
TOKENS = "editor:preview reader:secured:read both:preview,secured:read"


def settings_of(folder: Path, mode: Mode = Mode.SERVE, **flags: object) -> Settings:
    """Settings of a server that reads no environment, with a few tokens."""
    return read(mode, folder, {"database": folder.parent / "gateway.db", "tokens": [TOKENS], **flags}, {})


async def apply(store: SqliteStore, folder: Path) -> None:
    async def stream(changes: Sequence[Change]) -> AsyncIterator[Sequence[Change]]:
        yield changes

    files = Walk(folder).run().files.values()
    await store.apply(ChangeSet(AS_OF, stream([parse(Task(file), Rules(str(folder))) for file in files])))


@asynccontextmanager
async def application(
    tmp_path: Path, mode: Mode = Mode.SERVE, files: Mapping[str, str] = FILES, **flags: object
) -> AsyncIterator[Starlette]:
    """An application that serves the files; without any, one that has loaded nothing yet."""
    folder = tmp_path / "content"
    folder.mkdir(parents=True)
    for path, text in files.items():
        (folder / path).write_text(text)
    settings = settings_of(folder, mode, **flags)
    store = await SqliteStore.open(settings.database)
    try:
        if files:
            await apply(store, folder)
        yield create_app(settings, store)
    finally:
        await store.close()


@asynccontextmanager
async def serving(
    tmp_path: Path, mode: Mode = Mode.SERVE, files: Mapping[str, str] = FILES, **flags: object
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of such an application, without a socket between them."""
    async with application(tmp_path, mode, files, **flags) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


@asynccontextmanager
async def listening_service(tmp_path: Path, mode: Mode = Mode.SERVE, **flags: object) -> AsyncIterator[str]:
    """The address of such an application on a socket of its own."""
    async with application(tmp_path, mode, FILES, **flags) as app:
        with listening("127.0.0.1", 0) as listener:
            ended = asyncio.Event()
            running = asyncio.create_task(serve(app, listener, Limits(), ended.wait))
            try:
                yield address(listener)
            finally:
                ended.set()
                await running


async def post(
    client: httpx.AsyncClient, query: str, headers: Mapping[str, str] | None = None, **variables: Any
) -> Any:
    """The JSON that a query is answered with, whatever it is."""
    body = {"query": query, "variables": variables}
    return (await client.post("/graphql", json=body, headers=headers)).json()
