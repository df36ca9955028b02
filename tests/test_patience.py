"""Connections that are held open for nothing, on real sockets: each is closed in its time, with a word where there can
be one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from gateway.app import create_app
from gateway.loading.ingest import Report
from tests.service import listening_service, listening_to, service

SHORT: dict[str, Any] = {"limit_request_seconds": 0.2, "limit_idle_seconds": 60}
IDLE: dict[str, Any] = {"limit_request_seconds": 60, "limit_idle_seconds": 0.2}
QUERY = b'{"query": "{ articles { totalCount } }"}'
POST = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
ASKED = POST % len(QUERY) + QUERY
ANSWER = b'{"data":{"articles":{"totalCount":2}}}'


class Client:
    """Bytes in and bytes out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self) -> None:
        await self.send(ASKED)
        assert await self.reader.readuntil(ANSWER)

    async def rest(self) -> bytes:
        """All that the server says until it closes."""
        async with asyncio.timeout(30):
            return await self.reader.read()


@asynccontextmanager
async def client(url: str, **options: Any) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port, **options)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def told(answer: bytes) -> tuple[bytes, str]:
    """The status and the code of an answer that ends its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    assert b"\r\nContent-Type: application/json" in head
    return head.split(b" ", 2)[1], orjson.loads(body)["errors"][0]["extensions"]["code"]


HALF_SENT = {
    "one byte": b"P",
    "half a head": b"POST /graphql HTTP/1.1\r\nHost: local",
    "no body": POST % 100,
    "half a body": POST % 100 + b'{"query": ',
    "half a chunk": POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") + b"ff\r\n{",
}


@pytest.mark.parametrize("sent", HALF_SENT.values(), ids=HALF_SENT.keys())
async def test_a_half_sent_request_is_closed(tmp_path: Path, sent: bytes) -> None:
    """At its time-out, with 408; a second client keeps getting answers."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as slow, client(url) as other:
        await slow.send(sent)
        await other.ask()
        assert told(await slow.rest()) == (b"408", "REQUEST_TIMEOUT")
        await other.ask()


async def test_a_half_sent_request_to_the_hook(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is closed in the same way, has nothing read again, and is no failure of the server."""

    async def reload(*, accept_empty: bool) -> Report:
        raise AssertionError(accept_empty)

    async with service(tmp_path, **SHORT) as found:
        hooked = found._replace(app=create_app(found.settings, found.store, reload))
        async with listening_to(hooked) as url, client(url) as slow:
            await slow.send(POST.replace(b"/graphql", b"/-/reload") % 100 + b"{")
            assert told(await slow.rest()) == (b"408", "REQUEST_TIMEOUT")
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_byte_now_and_then_is_no_excuse(tmp_path: Path) -> None:
    """The time is that of the whole request, however often something comes."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as slow:
        trickle = asyncio.create_task(trickled(slow))
        assert told(await slow.rest()) == (b"408", "REQUEST_TIMEOUT")
        trickle.cancel()


async def trickled(slow: Client) -> None:
    for letter in ASKED.decode():
        await slow.send(letter.encode())
        await asyncio.sleep(0.05)


async def test_a_body_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    """Where the answer came before the body the connection is closed without a further word."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as slow:
        await slow.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
        answer = await slow.rest()
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b'{"status":"ok"}')


async def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    """One that never asked, and one that has its answer."""
    async with listening_service(tmp_path, **IDLE) as url, client(url) as silent, client(url) as done:
        await done.ask()
        assert await silent.rest() == b""
        assert await done.rest() == b""


async def test_requests_may_follow_each_other(tmp_path: Path) -> None:
    """One after the other on a connection, and several at once: no time of one counts for the next."""
    async with listening_service(tmp_path) as url, client(url) as patient:
        for _ in range(3):
            await patient.ask()
        await patient.send(ASKED * 3 + ASKED[:20])
        for _ in range(3):
            await patient.reader.readuntil(ANSWER)
        await patient.send(ASKED[20:])
        await patient.reader.readuntil(ANSWER)


async def test_the_rest_of_a_pipelined_request_is_not_waited_for(tmp_path: Path) -> None:
    """What came behind a whole request must come whole too."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as slow:
        await slow.send(ASKED + POST % 100 + b"{")
        await slow.reader.readuntil(ANSWER)
        assert told(await slow.rest()) == (b"408", "REQUEST_TIMEOUT")


async def test_who_takes_nothing_is_cut_off(tmp_path: Path) -> None:
    """An answer that is not taken does not stay for ever: its connection ends, and makes room for another one."""
    large = {"large.md": "---\ntitle: Large\n---\n" + "word " * 800_000}
    sent = b'{"query": "{ ' + b" ".join(b"a%d: article { body { markdown } }" % n for n in range(3)) + b' }"}'
    sent = sent.replace(b"article", b'article(path: \\"large.md\\")')
    served = service(tmp_path, files=large, **IDLE, limit_connections=1)
    async with served as found, listening_to(found) as url, client(url, limit=1) as slow:
        await slow.send(POST % len(sent) + sent)
        await slow.reader.readexactly(100)
        await answered(url)
        assert len(await slow.rest()) < 3 * 4_000_000


async def answered(url: str, asked: bytes = ASKED) -> None:
    """Ask until there is room."""
    async with asyncio.timeout(30):
        while True:
            async with client(url) as other:
                await other.send(asked)
                if b" 200 " in await other.reader.readline():
                    return


CHUNKED = POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked")
NO_HTTP = {
    "TLS": b"\x16\x03\x01\x02\r\n\r\n",
    "no chunk": CHUNKED + b"zz\r\n",
    "a long head": b"GET /?" + b"x" * 70_000,
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
}


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_what_is_no_http(tmp_path: Path, sent: bytes) -> None:
    """It is 400 as JSON, whether the head or the body makes no sense, and a second client keeps getting answers."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as wrong, client(url) as other:
        await wrong.send(sent)
        assert told(await wrong.rest()) == (b"400", "BAD_REQUEST")
        await other.ask()


async def test_connections_are_limited(tmp_path: Path) -> None:
    """One too many is told so at once and closed; when one is closed there is room for the next."""
    async with listening_service(tmp_path, limit_connections=2) as url, client(url) as first, client(url) as second:
        await first.ask()
        await second.ask()
        async with client(url) as third:
            assert told(await third.rest()) == (b"503", "OVERLOADED")
        second.writer.close()
        await answered(url)
        await first.ask()


async def test_sockets_are_limited(tmp_path: Path) -> None:
    """One WebSocket too many is refused with 503; when one is closed there is room for the next."""
    async with listening_service(tmp_path, limit_sockets=1) as url:
        address = url.replace("http", "ws", 1) + "/graphql"
        protocols = [Subprotocol("graphql-transport-ws")]
        async with connect(address, subprotocols=protocols):
            with pytest.raises(InvalidStatus) as refused:
                await connect(address, subprotocols=protocols)
            response = refused.value.response
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert orjson.loads(response.body or b"")["errors"][0]["extensions"] == {"code": "OVERLOADED"}
        async with asyncio.timeout(30):
            await until_accepted(address, protocols)


async def until_accepted(address: str, protocols: list[Subprotocol]) -> None:
    while True:
        with suppress(InvalidStatus):
            async with connect(address, subprotocols=protocols):
                return


async def test_streams_are_limited(tmp_path: Path) -> None:
    """One stream too many is refused with 503; when one is closed there is room for the next."""
    sent = b'{"query": "subscription { corpusChanged { revision } }"}'
    asked = (POST % len(sent)).replace(b"Host", b"Accept: text/event-stream\r\nHost") + sent
    async with listening_service(tmp_path, limit_streams=1) as url, client(url) as first, client(url) as second:
        await first.send(asked)
        await first.reader.readuntil(b":\n\n")
        await second.send(asked)
        assert b" 503 " in await second.reader.readline()
        await second.reader.readuntil(b'"code":"OVERLOADED"}}]}')
        first.writer.close()
        await answered(url, asked)
