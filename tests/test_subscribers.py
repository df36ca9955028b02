"""Many subscribers, some of which never read: all others get the last state without delay."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from tests.conftest import NO_TLS
from tests.service import listening_to, service
from tests.test_delta_sync import events, over_websocket
from tests.test_websocket import receive, send

pytestmark = pytest.mark.usefixtures("each_database_in_full")

GENERATIONS = 1000 if os.environ.get("GATEWAY_TEST_FULL") else 50
SUBSCRIBERS = 100
DEAF = 8
"""Subscribers that never read, more than the server has database readers."""
BODY = "word " * 50_000
EVENTS = "subscription { articleChanged { article { title } } }"
LARGE_EVENTS = "subscription { articleChanged { article { title body { markdown } } } }"
MOST_GROWTH = 64 * 2**20
"""Bytes, less than the unread events."""


def document(number: int) -> str:
    return f"---\ntitle: Title {number}\n---\n{BODY}"


@asynccontextmanager
async def deaf(url: str) -> AsyncIterator[None]:
    """A subscription to large events that reads only its acknowledgement."""
    body = orjson.dumps({"query": LARGE_EVENTS})
    head = f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    head += "Accept: text/event-stream\r\nContent-Type: application/json\r\n\r\n"
    loop, at = asyncio.get_running_loop(), urlsplit(url)
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await loop.sock_connect(raw, (at.hostname, at.port))
        await loop.sock_sendall(raw, head.encode() + body)
        assert await loop.sock_recv(raw, 15) == b"HTTP/1.1 200 OK"
        yield


@asynccontextmanager
async def listener(url: str, *, over_socket: bool) -> AsyncIterator[AsyncIterator[str]]:
    """The titles that a subscriber gets, over a WebSocket or as server-sent events."""
    if over_socket:
        async with over_websocket(url) as opened:
            await send(opened, {"type": "subscribe", "id": "1", "payload": {"query": EVENTS}})
            yield (_title((await receive(opened))["payload"]) async for _ in _forever())
    else:
        async with events(url, EVENTS) as stream:
            yield (_title(event) async for event in stream)


async def _forever() -> AsyncIterator[None]:
    while True:
        yield


def _title(answer: Any) -> str:
    return str(answer["data"]["articleChanged"]["article"]["title"])


async def events_until_last(titles: AsyncIterator[str], last: str) -> int:
    """The number of events up to the last title."""
    number = 1
    while await anext(titles) != last:
        number += 1
    return number


def resident() -> int:
    """The memory of this process after a collection, in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.timeout(1800)
async def test_every_reader_gets_the_last_state(tmp_path: Path) -> None:
    """In at most as many events as generations. Queries are answered, and subscribers that never read cost no
    memory."""
    async with service(tmp_path) as found, listening_to(found) as url, AsyncExitStack() as stack:
        await found.change({"big.md": document(0)})
        for _ in range(DEAF):
            await stack.enter_async_context(deaf(url))
        streams = [
            await stack.enter_async_context(listener(url, over_socket=bool(number % 2)))
            for number in range(SUBSCRIBERS - DEAF)
        ]
        last = f"Title {GENERATIONS}"
        listening = [asyncio.create_task(events_until_last(stream, last)) for stream in streams]
        before = 0
        for number in range(1, GENERATIONS + 1):
            await found.change({"big.md": document(number)})
            if number == GENERATIONS // 10:
                before = resident()
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS, timeout=60) as client:
            answer = await client.post(f"{url}/graphql", json={"query": '{ article(path: "big.md") { title } }'})
        assert answer.json() == {"data": {"article": {"title": last}}}
        assert max(await asyncio.gather(*listening)) <= GENERATIONS
        assert resident() - before < MOST_GROWTH
