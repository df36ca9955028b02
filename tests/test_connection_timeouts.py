"""Connection time-outs and limits, on real sockets. A connection is closed in time, with an error response
if one can be sent."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from gateway.app import create_app
from gateway.limits import Limits
from gateway.loading.ingest import IngestReport
from gateway.web.address import address, listening
from gateway.web.connection_timeouts import ConnectionConfig, TimedHttpProtocol, TimedWebSocketProtocol
from tests.service import listening_service, listening_to, service

pytestmark = pytest.mark.both_loops

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

    async def begin(self) -> None:
        """Send the beginning of a request, so that the connection is not idle."""
        await self.send(ASKED[:20])

    async def end(self) -> None:
        """Send the rest of it."""
        await self.send(ASKED[20:])
        assert await self.reader.readuntil(ANSWER)

    async def rest(self) -> bytes:
        """All data until the server closes the connection."""
        async with asyncio.timeout(30):
            return await self.reader.read()


@asynccontextmanager
async def client(url: str, **options: Any) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port, **options)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


def refusal_of(answer: bytes) -> tuple[bytes, str]:
    """The status and code of a response that closes its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head.lower()
    assert b"\r\ncontent-type: application/json" in head.lower()
    return head.split(b" ", 2)[1], orjson.loads(body)["errors"][0]["extensions"]["code"]


HALF_SENT = {
    "one byte": b"P",
    "half a head": b"POST /graphql HTTP/1.1\r\nHost: local",
    "no body": POST % 100,
    "half a body": POST % 100 + b'{"query": ',
    "half a chunk": POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") + b"ff\r\n{",
}


@pytest.mark.parametrize("sent", HALF_SENT.values(), ids=HALF_SENT.keys())
async def test_incomplete_request_times_out(tmp_path: Path, sent: bytes) -> None:
    """With 408. Other clients are answered."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as slow, client(url) as other:
        await slow.send(sent)
        await other.ask()
        assert refusal_of(await slow.rest()) == (b"408", "REQUEST_TIMEOUT")
        await other.ask()


async def test_incomplete_reload_request_times_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the same way, without a run and without a server error."""

    async def reload(*, accept_empty: bool) -> IngestReport:
        raise AssertionError(accept_empty)

    async with service(tmp_path, **SHORT) as found:
        hooked = found._replace(app=create_app(found.settings, found.store, reload))
        async with listening_to(hooked) as url, client(url) as slow:
            await slow.send(POST.replace(b"/graphql", b"/-/reload") % 100 + b"{")
            assert refusal_of(await slow.rest()) == (b"408", "REQUEST_TIMEOUT")
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_slow_request_times_out(tmp_path: Path) -> None:
    """The time-out covers the whole request, however often a byte arrives."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as slow:
        trickle = asyncio.create_task(trickled(slow))
        assert refusal_of(await slow.rest()) == (b"408", "REQUEST_TIMEOUT")
        trickle.cancel()


async def trickled(slow: Client) -> None:
    for letter in ASKED.decode():
        await slow.send(letter.encode())
        await asyncio.sleep(0.05)


async def test_unread_body_is_not_waited_for(tmp_path: Path) -> None:
    """If the response precedes the body, the connection is closed."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as slow:
        await slow.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
        answer = await slow.rest()
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b'{"status":"ok"}')


async def test_idle_connection_is_closed(tmp_path: Path) -> None:
    """Before its first request, and after a response."""
    async with listening_service(tmp_path, **IDLE) as url, client(url) as silent, client(url) as done:
        await done.ask()
        assert await silent.rest() == b""
        assert await done.rest() == b""


async def test_an_empty_line_is_not_a_request(tmp_path: Path) -> None:
    """A connection that sends only such lines is idle."""
    async with listening_service(tmp_path, **IDLE) as url, client(url) as silent, client(url) as done:
        await silent.send(b"\r\n\r")
        await done.ask()
        await done.send(b"\r\n")
        assert await silent.rest() == b""
        assert await done.rest() == b""


async def test_empty_lines_before_a_request(tmp_path: Path) -> None:
    """They are ignored (RFC 9112, 2.2), in whatever parts they arrive, and between pipelined requests too."""
    async with listening_service(tmp_path) as url, client(url) as other:
        for sent in (b"\r\n", b"\r\n\r\n\n"):
            await other.send(sent)
            await other.ask()
        for part in (b"\r", b"\n", b"\r\n" + ASKED[:5], ASKED[5:] + b"\r\n" + ASKED + b"\r\n"):
            await other.send(part)
            await asyncio.sleep(0)
        for _ in range(2):
            assert await other.reader.readuntil(ANSWER)
        await other.ask()
        await other.send(b"\r\r\n" + ASKED)
        assert refusal_of(await other.rest()) == (b"400", "BAD_REQUEST")


async def test_sequential_and_pipelined_requests(tmp_path: Path) -> None:
    """Each request has its own time-out."""
    async with listening_service(tmp_path) as url, client(url) as patient:
        for _ in range(3):
            await patient.ask()
        await patient.send(ASKED * 3 + ASKED[:20])
        for _ in range(3):
            await patient.reader.readuntil(ANSWER)
        await patient.send(ASKED[20:])
        await patient.reader.readuntil(ANSWER)


async def test_incomplete_pipelined_request_times_out(tmp_path: Path) -> None:
    """After a complete request the next one must also be complete."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as slow:
        await slow.send(ASKED + POST % 100 + b"{")
        await slow.reader.readuntil(ANSWER)
        assert refusal_of(await slow.rest()) == (b"408", "REQUEST_TIMEOUT")


async def test_client_that_does_not_read_is_disconnected(tmp_path: Path) -> None:
    """Its connection becomes free for another client."""
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
    """Send requests until there is a free connection."""
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
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
}


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_invalid_http(tmp_path: Path, sent: bytes) -> None:
    """It is 400 as JSON for the head and the body. Other clients are answered."""
    async with listening_service(tmp_path, **SHORT) as url, client(url) as wrong, client(url) as other:
        await wrong.send(sent)
        assert refusal_of(await wrong.rest()) == (b"400", "BAD_REQUEST")
        await other.ask()


async def test_connections_are_limited(tmp_path: Path) -> None:
    """One more gets an error for its request and is closed. A closed connection frees its place."""
    async with listening_service(tmp_path, limit_connections=2) as url, client(url) as first, client(url) as second:
        await first.begin()
        await second.begin()
        async with client(url) as third:
            await third.send(ASKED)
            assert refusal_of(await third.rest()) == (b"503", "OVERLOADED")
        second.writer.close()
        await answered(url)
        await first.end()


async def test_an_idle_connection_makes_room(tmp_path: Path) -> None:
    """If all places are taken, the one that is idle for the longest time is closed for a new one."""
    limits: dict[str, Any] = {"limit_connections": 2, "limit_idle_seconds": 600}
    async with listening_service(tmp_path, **limits) as url, client(url) as first, client(url) as second:
        await second.ask()
        await first.ask()
        await second.ask()
        await answered(url)
        assert await first.rest() == b""
        await second.ask()


@pytest.mark.parametrize("sent", [b"", b"\r", b"\r\n"], ids=["nothing", "half an empty line", "an empty line"])
async def test_a_connection_over_the_limit_that_asks_nothing(tmp_path: Path, sent: bytes) -> None:
    """It is closed long before idle connections are: its place is for a probe."""
    limits: dict[str, Any] = {"limit_connections": 1, "limit_idle_seconds": 600}
    async with listening_service(tmp_path, **limits) as url, client(url) as first, client(url) as second:
        await first.begin()
        await second.send(sent)
        assert await second.rest() == b""
        await first.end()


async def test_websockets_are_limited(tmp_path: Path) -> None:
    """One more is refused with 503. A closed one frees its place."""
    async with listening_service(tmp_path, limit_websockets=1) as url:
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
    """One more is refused with 503. A closed one frees its place."""
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


UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
PAYLOAD = b"x" * 125
PING = b"\x89\xfd" + bytes(4) + PAYLOAD
"""A mask of zeros leaves the payload as it is."""
PONG = b"\x8a\x7d" + PAYLOAD
PINGS = 40_000
"""Their answers are 5 MB, more than the two ends keep between them."""
KEPT = 65_536
"""Bytes that the kernel is to keep at an end."""
NO_ANSWER = b'{"type":"pong"}'
MESSAGE = b"\x81" + bytes([0x80 | len(NO_ANSWER)]) + bytes(4) + NO_ANSWER
INIT = b'{"type":"connection_init"}'
GREETING = b"\x81" + bytes([0x80 | len(INIT)]) + bytes(4) + INIT


@asynccontextmanager
async def accepting(tmp_path: Path, **options: Any) -> AsyncIterator[tuple[str, ServerState]]:
    """The address of a service, and the connections of its server."""
    async with service(tmp_path, **options) as found:
        config, state = (
            ConnectionConfig(found.app, Limits(), lifespan="off", log_config=None, access_log=False),
            ServerState(),
        )
        config.load()
        loop = asyncio.get_running_loop()
        with listening("127.0.0.1", 0) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KEPT)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KEPT)
            async with await loop.create_server(lambda: TimedHttpProtocol(config, state, {}), sock=listener):
                yield address(listener), state
                for connection in state.connections:
                    assert isinstance(connection, TimedWebSocketProtocol)
                    connection.transport.abort()
                await until(lambda: not state.connections)


def keep_little(client: Client) -> None:
    """Limit the kernel's receive buffer of the client, which may otherwise hold all responses."""
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KEPT)


@pytest.mark.parametrize("between", [b"", MESSAGE], ids=["pings alone", "messages between"])
async def test_pings_without_reading(tmp_path: Path, between: bytes) -> None:
    """Pings are read only if their pongs fit. A client that reads again gets the rest in order."""
    async with accepting(tmp_path) as (url, state), client(url) as eager:
        keep_little(eager)
        await eager.send(UPGRADE)
        await eager.reader.readuntil(b"\r\n\r\n")
        await eager.send(GREETING)
        await eager.reader.readuntil(b'{"type":"connection_ack"}')
        [server] = state.connections
        assert isinstance(server, TimedWebSocketProtocol)
        sending = asyncio.create_task(pinged(eager, between))
        assert await most_kept(server, sending) < 1_000_000
        async with asyncio.timeout(60):
            for _ in range(PINGS):
                assert await eager.reader.readexactly(len(PONG)) == PONG
            await sending


async def test_pings_behind_an_unread_response(tmp_path: Path) -> None:
    """Data before the handshake counts like data after it."""
    files = {"large.md": "---\ntitle: Large\n---\n" + "word " * 400_000}
    sent = b'{"query": "{ article(path: \\"large.md\\") { body { markdown } } }"}'
    async with accepting(tmp_path, files=files) as (url, state), client(url) as eager:
        keep_little(eager)
        await eager.send(POST % len(sent) + sent + UPGRADE)
        await until(lambda: any(isinstance(connection, TimedWebSocketProtocol) for connection in state.connections))
        [server] = state.connections
        assert isinstance(server, TimedWebSocketProtocol)
        before = server.transport.get_write_buffer_size()
        assert before > 0
        sending = asyncio.create_task(pinged(eager))
        assert await most_kept(server, sending) < before + 1_000_000
        sending.cancel()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        for _ in iter(holds, True):
            await asyncio.sleep(0)


async def most_kept(server: TimedWebSocketProtocol, sending: asyncio.Task[None]) -> int:
    """The maximal number of buffered bytes, until the server stops reading."""
    most = 0
    async with asyncio.timeout(60):
        while server.transport.is_reading() or server.read_paused:
            assert not sending.done()
            most = max(most, server.transport.get_write_buffer_size())
            await asyncio.sleep(0)
    return most


async def pinged(eager: Client, between: bytes = b"") -> None:
    for _ in range(PINGS // 100):
        await eager.send(PING * 100 + between)
