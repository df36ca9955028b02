"""Webhooks with a real receiver: content and delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.access.tokens import is_signed
from gateway.limits import Limits
from gateway.option_types import Webhook
from gateway.web.address import address, listening
from gateway.web.server import serve
from gateway.web.webhooks import MOST_ATTEMPTS, TIMEOUT_SECONDS, Webhooks
from tests.service import FILES, Service, service

pytestmark = pytest.mark.usefixtures("each_database_in_full")

SECRET = "between us"  # noqa: S105 - a test's own
NEW = "---\ntitle: New\n---\n"


class Receiver:
    """Records requests, or answers with a given response."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self.statuses: list[int] = []
        """The statuses of the next responses. Later ones succeed."""
        self.drips = 0
        """The number of next responses that never end, a byte at a time."""
        self.failed = asyncio.Event()
        """Set when all of them have been sent."""
        self.url = ""

    async def answer(self, request: Request) -> Response:
        if self.drips:
            self.drips -= 1
            return StreamingResponse(dripping())
        status = self.statuses.pop(0) if self.statuses else 200
        if not self.statuses:
            self.failed.set()
        if status == 200:
            await self.requests.put((dict(request.headers), await request.body()))
        return Response(status_code=status)

    async def next(self) -> Any:
        async with asyncio.timeout(30):
            return orjson.loads((await self.requests.get())[1])


async def dripping() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.01)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    found, ended = Receiver(), asyncio.Event()
    app = Starlette(routes=[Route("/hook", found.answer, methods=["POST"])])
    with listening("127.0.0.1", 0) as listener:
        found.url = f"{address(listener)}/hook"
        running = asyncio.create_task(serve(app, listener, Limits(), work=ended.wait, stopping=lambda: None))
        try:
            yield found
        finally:
            ended.set()
            await running


class Waits:
    """Waits that take no time and are recorded."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == MOST_ATTEMPTS - 1:
            self.over.set()


@asynccontextmanager
async def delivering(
    found: Service, *receivers: Webhook, wait: Waits | None = None, seconds: float = TIMEOUT_SECONDS
) -> AsyncIterator[Waits]:
    """Running webhooks. The context is entered when they have their starting position."""
    waits = wait or Waits()
    webhooks = Webhooks(found.store, receivers, SECRET, wait=waits, timeout=seconds)
    await webhooks.begin()
    working = asyncio.create_task(webhooks.run())
    try:
        yield waits
    finally:
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working


async def test_change_is_sent_and_signed(tmp_path: Path) -> None:
    """With the revision, the counts and the ids, and a signature over the body."""
    async with service(tmp_path) as found, receiver() as hook, delivering(found, Webhook(hook.url, False)):
        await found.change({"new.md": NEW, "one.md": None, "two.md": FILES["two.md"].replace("Two", "2")})
        async with asyncio.timeout(30):
            headers, body = await hook.requests.get()
        sent = orjson.loads(body)
        assert (sent["event"], sent["visibility"], sent["truncated"]) == ("corpus.changed", "public", False)
        assert (sent["added"], sent["updated"], sent["removed"]) == (1, 1, 1)
        assert [len(sent["ids"][kind]) for kind in ("added", "updated", "removed")] == [1, 1, 1]
        assert {id_ for ids in sent["ids"].values() for id_ in ids} | {"articles"} <= {*sent["tags"]}
        assert is_signed(SECRET, body, headers["x-hub-signature-256"])
        assert not is_signed("another", body, headers["x-hub-signature-256"])


async def test_drafts_are_sent_only_to_preview_urls(tmp_path: Path) -> None:
    """Other URLs get only public changes."""
    async with service(tmp_path) as found, receiver() as public, receiver() as preview:
        hooks = (Webhook(public.url, False), Webhook(preview.url, True))
        async with delivering(found, *hooks):
            await found.change({"draft.md": "---\ntitle: Still a draft\ndraft: true\n---\n"})
            sent = await preview.next()
            assert (sent["visibility"], sent["updated"]) == ("preview", 1)
            await found.change({"new.md": NEW})
            assert (await public.next())["added"] == 1


async def test_unlisted_article_is_purged(tmp_path: Path) -> None:
    """Its change is in no count and no list of ids. Its tag is sent, because responses by URL may be cached."""
    unlisted = "---\ntitle: Landing\nunlisted: true\n---\n"
    async with service(tmp_path) as found, receiver() as hook, delivering(found, Webhook(hook.url, False)):
        await found.change({"landing.md": unlisted})
        body = await hook.next()
        assert (body["added"], body["updated"], body["removed"]) == (0, 0, 0)
        [tag] = [tag for tag in body["tags"] if tag.startswith("ar_")]
        await found.change({"landing.md": unlisted.replace("unlisted: true", "draft: true")})
        assert tag in (await hook.next())["tags"]


async def test_failed_request_is_retried(tmp_path: Path) -> None:
    """The waits grow, and the next request includes later changes."""
    async with (
        service(tmp_path) as found,
        receiver() as hook,
        delivering(found, Webhook(hook.url, False)) as waits,
    ):
        hook.statuses = [500] * 3
        waits.seconds.clear()
        await found.change({"new.md": NEW})
        assert (await hook.next())["added"] == 1
        assert waits.seconds == [1, 2, 4]
        waits.over.clear()
        waits.seconds.clear()
        hook.statuses = [500] * MOST_ATTEMPTS
        hook.failed.clear()
        await found.change({"other.md": NEW})
        async with asyncio.timeout(30):
            await waits.over.wait()
            await hook.failed.wait()
        await found.change({"third.md": NEW})
        assert (await hook.next())["added"] == 2


async def test_first_load_is_sent(tmp_path: Path) -> None:
    """For an empty database everything is added."""
    async with (
        service(tmp_path, files={}) as found,
        receiver() as hook,
        delivering(found, Webhook(hook.url, False)),
    ):
        await found.change({"a.md": NEW, "b.md": NEW})
        sent = await hook.next()
        assert (sent["added"], len(sent["ids"]["added"])) == (2, 2)


async def test_slow_response_is_a_failure(tmp_path: Path) -> None:
    """One time-out covers the whole attempt. It is retried."""
    async with (
        service(tmp_path) as found,
        receiver() as hook,
        delivering(found, Webhook(hook.url, False), seconds=2.0) as waits,
    ):
        waits.seconds.clear()
        hook.drips = 1
        await found.change({"new.md": NEW})
        assert (await hook.next())["added"] == 1
        assert waits.seconds == [1]


async def test_unreachable_url_is_a_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Other receivers are not delayed."""
    async with service(tmp_path) as found, receiver() as hook:
        hooks = (Webhook(hook.url, False), Webhook("https://build.example:port/hook", False))
        async with delivering(found, *hooks) as waits:
            added = 0
            while not waits.over.is_set():
                await found.change({f"{added}.md": NEW})
                added += 1
            while added:
                added -= (await hook.next())["added"]
    assert "The webhook https://build.example:port/hook failed: Invalid port" in caplog.text
