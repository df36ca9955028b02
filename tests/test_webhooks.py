"""Webhooks, to a real receiver on a socket of its own: what it is told, and that it is told in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
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
from gateway.web.server import address, listening, serve
from gateway.web.webhooks import MOST_ATTEMPTS, TIMEOUT_SECONDS, Webhooks
from tests.service import FILES, Service, service

SECRET = "between us"  # noqa: S105 - a test's own
NEW = "---\ntitle: New\n---\n"


class Receiver:
    """Takes what it is told, or answers with what a test wants it to."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self.statuses: list[int] = []
        """Of the next answers; then all is well."""
        self.drips = 0
        """How many of the next answers go on for ever, a byte at a time."""
        self.failed = asyncio.Event()
        """Whether all of them have been given."""
        self.url = ""

    async def answer(self, request: Request) -> Response:
        if self.drips:
            self.drips -= 1
            return StreamingResponse(dripping())
        status = self.statuses.pop(0) if self.statuses else 200
        if not self.statuses:
            self.failed.set()
        if status == 200:
            await self.told.put((dict(request.headers), await request.body()))
        return Response(status_code=status)

    async def next(self) -> Any:
        async with asyncio.timeout(30):
            return orjson.loads((await self.told.get())[1])


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
    """Waits that take no time, and are remembered."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == MOST_ATTEMPTS - 1:
            self.over.set()


@asynccontextmanager
async def telling(
    found: Service, *receivers: Webhook, wait: Waits | None = None, seconds: float = TIMEOUT_SECONDS
) -> AsyncIterator[Waits]:
    """Webhooks at work; it is entered when they know what there is."""
    waits = wait or Waits()
    working = asyncio.create_task(Webhooks(found.store, receivers, SECRET, wait=waits, timeout=seconds).run())
    try:
        yield waits
    finally:
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working


async def begun(found: Service, hook: Receiver) -> None:
    """Change something until the receiver is told: then it follows; in the end it has been told of everything."""
    for number in count():
        await found.change({"first.md": f"---\ntitle: First {number}\n---\n"})
        await asyncio.sleep(0)
        if not hook.told.empty():
            break
    await found.change({"first.md": None})
    while (await hook.next())["removed"] != 1:
        pass


async def test_a_change_is_told_and_signed(tmp_path: Path) -> None:
    """With the revision, the counts and the ids, and a signature over exactly that."""
    async with service(tmp_path) as found, receiver() as hook, telling(found, Webhook(hook.url, False)):
        await begun(found, hook)
        await found.change({"new.md": NEW, "one.md": None, "two.md": FILES["two.md"].replace("Two", "2")})
        async with asyncio.timeout(30):
            headers, body = await hook.told.get()
        told = orjson.loads(body)
        assert (told["event"], told["visibility"], told["truncated"]) == ("corpus.changed", "public", False)
        assert (told["added"], told["updated"], told["removed"]) == (1, 1, 1)
        assert [len(told["ids"][kind]) for kind in ("added", "updated", "removed")] == [1, 1, 1]
        assert {id_ for ids in told["ids"].values() for id_ in ids} | {"articles"} <= {*told["tags"]}
        assert is_signed(SECRET, body, headers["x-hub-signature-256"])
        assert not is_signed("another", body, headers["x-hub-signature-256"])


async def test_drafts_are_told_to_previews_alone(tmp_path: Path) -> None:
    """A URL that is not marked hears of nothing that the public does not see."""
    async with service(tmp_path) as found, receiver() as public, receiver() as preview:
        hooks = (Webhook(public.url, False), Webhook(preview.url, True))
        async with telling(found, *hooks):
            await begun(found, public)
            while (await preview.next())["removed"] != 1:
                pass
            await found.change({"draft.md": "---\ntitle: Still a draft\ndraft: true\n---\n"})
            told = await preview.next()
            assert (told["visibility"], told["updated"]) == ("preview", 1)
            await found.change({"new.md": NEW})
            assert (await public.next())["added"] == 1


async def test_an_unlisted_article_is_purged(tmp_path: Path) -> None:
    """A change of it is in no count and no list of ids, and its tag is sent, since answers by its URL may be cached."""
    unlisted = "---\ntitle: Landing\nunlisted: true\n---\n"
    async with service(tmp_path) as found, receiver() as hook, telling(found, Webhook(hook.url, False)):
        await begun(found, hook)
        await found.change({"landing.md": unlisted})
        body = await hook.next()
        assert (body["added"], body["updated"], body["removed"]) == (0, 0, 0)
        [tag] = [tag for tag in body["tags"] if tag.startswith("ar_")]
        await found.change({"landing.md": unlisted.replace("unlisted: true", "draft: true")})
        assert tag in (await hook.next())["tags"]


async def test_who_was_away_is_told_of_all_at_once(tmp_path: Path) -> None:
    """A receiver that fails is asked again, with longer and longer waits, and is told of what came meanwhile too."""
    async with service(tmp_path) as found, receiver() as hook, telling(found, Webhook(hook.url, False)) as waits:
        await begun(found, hook)
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


async def test_the_first_load_is_told(tmp_path: Path) -> None:
    """Of a database that held nothing, all is new."""
    async with service(tmp_path, files={}) as found, receiver() as hook, telling(found, Webhook(hook.url, False)):
        for _ in range(100):  # until the empty database was looked at
            await asyncio.sleep(0)
        await found.change({"a.md": NEW, "b.md": NEW})
        told = await hook.next()
        assert (told["added"], len(told["ids"]["added"])) == (2, 2)


async def test_an_answer_that_never_ends_is_a_failure(tmp_path: Path) -> None:
    """The time is that of the whole attempt, however often a byte comes; then it is tried again."""
    async with (
        service(tmp_path) as found,
        receiver() as hook,
        telling(found, Webhook(hook.url, False), seconds=2.0) as waits,
    ):
        await begun(found, hook)
        waits.seconds.clear()
        hook.drips = 1
        await found.change({"new.md": NEW})
        assert (await hook.next())["added"] == 1
        assert waits.seconds == [1]


async def test_a_url_that_leads_nowhere_is_a_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It keeps nobody else from being told."""
    async with service(tmp_path) as found, receiver() as hook:
        hooks = (Webhook(hook.url, False), Webhook("https://build.example:port/hook", False))
        async with telling(found, *hooks) as waits:
            await begun(found, hook)
            added = 0
            while not waits.over.is_set():
                await found.change({f"{added}.md": NEW})
                added += 1
            while added:
                added -= (await hook.next())["added"]
    assert "The webhook https://build.example:port/hook failed: Invalid port" in caplog.text
