"""Overload, over real sockets: refusals, and the work that continues."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import orjson
import pytest

from gateway.model.records import Visibility
from gateway.web.connection_timeouts import excess_of
from tests.service import listening_to, service
from tests.test_connection_timeouts import ANSWER, ASKED, POST, UPGRADE, Client, answered, client

READERS = 4
HEAD = POST % 100
"""The head of a request with an unsent body of 100 bytes."""
PROBES = (b"/healthz", b"/readyz")


class Overload:
    """A service with a full operation queue, and the clients that wait."""

    def __init__(self, url: str, clients: Sequence[Client], held: AsyncExitStack) -> None:
        self.url = url
        self.clients = clients
        self._held = held

    async def release(self) -> None:
        """Let the running operation end."""
        await self._held.aclose()

    async def end(self) -> None:
        """Let all operations end, and read their responses."""
        await self.release()
        for each in self.clients:
            await each.reader.readuntil(ANSWER)


@asynccontextmanager
async def overloaded(tmp_path: Path, waiting: int = 0) -> AsyncIterator[Overload]:
    """One operation runs, and this many wait. None ends before the held database readers are returned."""
    async with (
        service(tmp_path, limit_operations=1, limit_queue_size=waiting) as found,
        listening_to(found) as url,
        AsyncExitStack() as stack,
        AsyncExitStack() as held,
    ):
        async with client(url) as prober:
            await probe(prober, b"/readyz")
        for _ in range(READERS):
            snapshot = await held.enter_async_context(found.store.snapshot(Visibility.PUBLIC))
            await snapshot.generation()
        # The last request to arrive is refused.
        clients = [await stack.enter_async_context(client(url)) for _ in range(2 + waiting)]
        for each in clients:
            await each.send(ASKED)
        answers = {asyncio.create_task(refusal(each)): each for each in clients}
        [refused], others = await asyncio.wait(answers, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        await asyncio.wait(others)
        clients.remove(answers[refused])
        yield Overload(url, clients, held)


async def answer_of(asked: Client) -> tuple[bytes, bytes]:
    """Head and body of the next response."""
    async with asyncio.timeout(30):
        head = await asked.reader.readuntil(b"\r\n\r\n")
        [length] = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head, await asked.reader.readexactly(int(length))


async def probe(asked: Client, path: bytes) -> bytes:
    """The head of a successful response."""
    await asked.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head, _ = await answer_of(asked)
    assert head.startswith(b"HTTP/1.1 200")
    return head


async def refusal(asked: Client) -> bytes:
    """The head of a refusal, with its form checked."""
    head, body = await answer_of(asked)
    lines = head.lower().split(b"\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert {b"retry-after: 1", b"content-type: application/json", b"x-content-type-options: nosniff"} <= {*lines}
    assert any(line.startswith(b"cache-control:") and b"no-store" in line for line in lines)
    assert orjson.loads(body)["errors"][0]["extensions"] == {"code": "OVERLOADED"}
    return head


async def test_requests_are_refused_by_their_heads(tmp_path: Path) -> None:
    """Probes are answered in between, and the running operation completes."""
    async with overloaded(tmp_path) as found, AsyncExitStack() as stack:
        others = [await stack.enter_async_context(client(found.url)) for _ in range(20)]
        for other in others:
            await other.send(HEAD)
        async with client(found.url) as prober:
            for path in PROBES:
                await probe(prober, path)
        for other in others:
            assert b"connection: close" not in (await refusal(other)).lower()
        await found.end()


async def test_refused_connection_stays_open(tmp_path: Path) -> None:
    """The body is skipped, and the next request is answered, pipelined or not."""
    async with overloaded(tmp_path) as found, client(found.url) as other:
        await other.send(HEAD)
        await refusal(other)
        await other.send(b"x" * 100 + ASKED + ASKED)
        for _ in range(2):
            await refusal(other)
        await found.end()
        await other.ask()


async def test_refused_expect_continue(tmp_path: Path) -> None:
    """There is no 100 response, and the connection is closed, because the body may follow or not."""
    async with overloaded(tmp_path) as found, client(found.url) as other:
        await other.send(HEAD.replace(b"Host", b"Expect: 100-continue\r\nHost"))
        assert b"connection: close" in (await refusal(other)).lower()
        assert await other.rest() == b""


async def test_refused_head_request(tmp_path: Path) -> None:
    """The response to HEAD has the status and no body."""
    async with overloaded(tmp_path) as found, client(found.url) as other:
        await other.send(b"HEAD /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await other.rest()
        assert answer.startswith(b"HTTP/1.1 503")
        assert answer.endswith(b"\r\n\r\n")


async def test_log_of_refusals_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line has the limits. Further requests add none at once."""
    async with overloaded(tmp_path) as found, client(found.url) as other:
        for _ in range(20):
            await other.send(ASKED)
            await refusal(other)
        await found.end()
    [line] = [record.message for record in caplog.records if "refused" in record.message]
    assert "'operations' and 'queue_size'" in line


async def test_operation_of_a_disconnected_client_does_not_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next operation runs instead."""
    caplog.set_level(logging.INFO, "gateway.access")
    async with overloaded(tmp_path, waiting=1) as found, client(found.url) as other:
        for each in found.clients:
            each.writer.close()
            await each.writer.wait_closed()
        await probe(other, b"/healthz")
        await found.release()
        await answered(found.url)
    lines = [record.message for record in caplog.records if "/graphql" in record.message and " 200 " in record.message]
    assert len(lines) == 2  # of the running operation and of the last one


async def test_connections_over_the_limit(tmp_path: Path) -> None:
    """Each gets one response: a probe its state, other requests 503."""
    async with service(tmp_path, limit_connections=1) as found, listening_to(found) as url, client(url) as first:
        await first.begin()
        for path in PROBES:
            async with client(url) as prober:
                assert b"connection: close" in (await probe(prober, path)).lower()
                assert await prober.rest() == b""
        for sent in (ASKED, HEAD, UPGRADE):
            async with client(url) as other:
                await other.send(sent)
                answer = await other.rest()
                assert answer.startswith(b"HTTP/1.1 503")
                assert b'"code":"OVERLOADED"' in answer
        await first.end()


async def test_further_connections_wait(tmp_path: Path) -> None:
    """Connections beyond the limit and its excess are accepted when others close."""
    async with service(tmp_path, limit_connections=1) as found, listening_to(found) as url, AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(client(url)) for _ in range(1 + excess_of(1))]
        await idle[0].ask()
        for each in idle[1:]:
            await each.send(b"G")
        late = await stack.enter_async_context(client(url))
        await late.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = asyncio.create_task(answer_of(late))
        await idle[0].ask()
        assert not answer.done()
        idle[-1].writer.close()
        head, _ = await answer
        assert head.startswith(b"HTTP/1.1 200")
