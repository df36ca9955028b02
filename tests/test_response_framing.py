"""How responses of an ASGI application are framed on a socket."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.service import listening_to, service
from tests.test_connection_timeouts import client

pytestmark = pytest.mark.both_loops

REQUEST = b"%b /x HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def sending(*messages: Message) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send({**message})

    return app


def start(*headers: tuple[bytes, bytes], status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def answered(tmp_path: Path, app: ASGIApp, *requests: bytes) -> bytes:
    """All that a connection gets for some requests."""
    async with service(tmp_path) as found, listening_to(found._replace(app=app)) as url, client(url) as other:
        await other.send(b"".join(requests))
        return await other.rest()


async def test_head_and_body_are_one_response(tmp_path: Path) -> None:
    app = sending(start((b"content-length", b"3")), part(b"abc"))
    found = await answered(tmp_path, app, REQUEST % b"GET", LAST)
    assert found == (
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc"
    )


async def test_body_without_a_length_is_chunked(tmp_path: Path) -> None:
    app = sending(
        start(), part(b"abc", more=True), part(b"", more=True), part(b"defghijklmnopqr", more=True), part(b"")
    )
    found = await answered(tmp_path, app, LAST)
    assert found.endswith(
        b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\nf\r\ndefghijklmnopqr\r\n0\r\n\r\n"
    )


@pytest.mark.parametrize("headers", [(), ((b"content-length", b"3"),)])
async def test_response_to_head_has_no_body(tmp_path: Path, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """The next response follows at once."""
    app = sending(start(*headers), part(b"abc"))
    found = await answered(tmp_path, app, REQUEST % b"HEAD", LAST)
    assert found.split(b"\r\n\r\n")[1].startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("status", [204, 304])
async def test_response_without_a_body(tmp_path: Path, status: int) -> None:
    found = await answered(tmp_path, sending(start(status=status), part(b"")), REQUEST % b"GET", LAST)
    assert b"transfer-encoding" not in found
    assert found.count(b"HTTP/1.1 %d " % status) == 2


@pytest.mark.parametrize("value", [b"a\r\nSet-Cookie: b=c", b"a\nb", b"a\rb", b"a\0b"])
async def test_header_with_a_line_end_is_an_error(tmp_path: Path, value: bytes) -> None:
    """Nothing of it is sent."""
    found = await answered(tmp_path, sending(start((b"x-a", value)), part(b"abc")), LAST)
    assert found.startswith(b"HTTP/1.1 500 ")
    assert b"x-a" not in found
    assert b"Set-Cookie" not in found


@pytest.mark.parametrize("body", [b"ab", b"abcd"])
async def test_body_of_another_length_is_an_error(tmp_path: Path, body: bytes) -> None:
    """Nothing of it is sent."""
    found = await answered(tmp_path, sending(start((b"content-length", b"3")), part(body)), LAST)
    assert found.startswith(b"HTTP/1.1 500 ")
    assert body not in found


async def test_part_of_a_body_that_ends_too_early_ends_the_connection(tmp_path: Path) -> None:
    """The next request is not answered, because its response could be taken for the rest of the body."""
    app = sending(start((b"content-length", b"3")), part(b"ab", more=True), part(b""))
    found = await answered(tmp_path, app, REQUEST % b"GET", LAST)
    assert found == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab"


async def test_failure_between_head_and_body_is_answered(tmp_path: Path) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start())
        raise ValueError("a secret")

    found = await answered(tmp_path, app, LAST)
    assert found.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in found
