"""Request heads on real sockets: targets, hosts, repeated headers and sizes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from gateway.settings import Mode
from tests.service import listening_service, listening_to, service
from tests.test_connection_timeouts import client

QUERY = b'{"query": "{ articles { totalCount } }"}'
COST = 3
"""The points that one query costs."""
LINES = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(QUERY)


class Closing(NamedTuple):
    """A response that closes its connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(orjson.loads(self.body)["errors"][0]["extensions"]["code"])


async def exchange(url: str, sent: bytes) -> Closing:
    async with client(url) as other:
        await other.send(sent)
        head, _, body = (await other.rest()).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return Closing(int(status.split(" ")[1]), {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}, body)


def get(target: bytes, host: bytes = b"localhost", method: bytes = b"GET", lines: bytes = b"") -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n%bConnection: close\r\n\r\n" % (method, target, host, lines)


def post(*lines: bytes, target: bytes = b"/graphql", host: bytes = b"localhost") -> bytes:
    """A query with further header lines."""
    return get(target, host, b"POST", LINES + b"".join(line + b"\r\n" for line in lines)) + QUERY


# Targets


@pytest.mark.parametrize(
    "target", [b"http://localhost/graphql", b"HTTP://LOCALHOST:80/graphql", b"http://[::1]:1/graphql"]
)
async def test_absolute_target(tmp_path: Path, target: bytes) -> None:
    """Its path is answered, and its host replaces the Host header (RFC 9112, 3.2.2)."""
    async with listening_service(tmp_path, Mode.DEV) as url:
        answer = await exchange(url, post(target=target, host=b"elsewhere.example"))
        assert (answer.status, answer.body) == (200, b'{"data":{"articles":{"totalCount":3}}}')


async def test_host_of_an_absolute_target_is_checked(tmp_path: Path) -> None:
    """An allowed Host header does not help."""
    async with listening_service(tmp_path, Mode.DEV) as url:
        answer = await exchange(url, post(target=b"http://elsewhere.example/graphql"))
        assert (answer.status, answer.code) == (421, "MISDIRECTED_REQUEST")


async def test_absolute_target_without_a_path(tmp_path: Path) -> None:
    """It is the root, with its query string."""
    async with listening_service(tmp_path, explorer=True) as url:
        for target in (b"http://localhost", b"http://localhost?x=1", b"http://localhost/?x=1"):
            assert (await exchange(url, get(target))).status == 200


async def test_absolute_https_target(tmp_path: Path) -> None:
    """It is refused on a connection without TLS (RFC 9110, 7.4), except from a proxy that has TLS."""
    sent = post(b"X-Forwarded-Proto: https", target=b"https://localhost/graphql")
    async with listening_service(tmp_path / "direct", trusted_proxies=["192.0.2.1"]) as url:
        assert (await exchange(url, sent)).code == "MISDIRECTED_REQUEST"
    async with listening_service(tmp_path / "behind") as url:
        assert (await exchange(url, sent)).status == 200


async def test_options_of_the_server(tmp_path: Path) -> None:
    """`OPTIONS *` lists the server's methods (RFC 9110, 9.3.7)."""
    async with listening_service(tmp_path) as url:
        answer = await exchange(url, get(b"*", method=b"OPTIONS"))
        assert (answer.status, answer.headers["allow"], answer.body) == (204, "GET, HEAD, POST, OPTIONS", b"")


WRONG = {
    "an asterisk for GET": (get(b"*"), 400, "BAD_REQUEST"),
    "no path": (get(b"graphql"), 400, "BAD_REQUEST"),
    "another scheme": (get(b"ftp://localhost/graphql"), 400, "BAD_REQUEST"),
    "a user": (get(b"http://user@localhost/graphql"), 400, "BAD_REQUEST"),
    "no host in the target": (get(b"http:///graphql"), 400, "BAD_REQUEST"),
    "a tunnel": (get(b"localhost:443", method=b"CONNECT"), 405, "METHOD_NOT_ALLOWED"),
    "a host with a space": (get(b"/healthz", b"local host"), 400, "BAD_REQUEST"),
    "a host with a path": (get(b"/healthz", b"localhost/x"), 400, "BAD_REQUEST"),
    "two hosts": (get(b"/healthz", lines=b"Host: localhost\r\n"), 400, "BAD_REQUEST"),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
    "a body of two lengths": (
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" + LINES + b"\r\n0\r\n\r\n",
        400,
        "BAD_REQUEST",
    ),
}


@pytest.mark.parametrize(("sent", "status", "code"), WRONG.values(), ids=WRONG.keys())
async def test_invalid_heads(tmp_path: Path, sent: bytes, status: int, code: str) -> None:
    """They get JSON with a code. A MUST of the RFCs requires each refusal."""
    async with listening_service(tmp_path) as url:
        answer = await exchange(url, sent)
        assert (answer.status, answer.code) == (status, code)


def lined(*lines: bytes, first: bytes = b"POST /graphql HTTP/1.1") -> bytes:
    """A head of these lines, and a body of one byte."""
    return b"\r\n".join((first, b"Host: localhost", *lines, b"", b"x"))


CHUNKED = b"Transfer-Encoding: chunked"
MALFORMED = {
    "two lengths": lined(b"Content-Length: 1", b"Content-Length: 2"),
    "a list of lengths": lined(b"Content-Length: 1, 2"),
    "a signed length": lined(b"Content-Length: +1"),
    "a length in hexadecimal": lined(b"Content-Length: 0x1"),
    "a length over 64 bits": lined(b"Content-Length: 18446744073709551617"),
    "a length and a coding": lined(b"Content-Length: 1", CHUNKED),
    "a coding and a length": lined(CHUNKED, b"Content-Length: 1"),
    "another coding": lined(b"Transfer-Encoding: gzip, chunked"),
    "another coding in its own line": lined(b"Transfer-Encoding: gzip", CHUNKED),
    "the coding twice": lined(CHUNKED, CHUNKED),
    "an unknown coding": lined(b"Transfer-Encoding: xchunked"),
    "a coding after a tab": lined(b"Transfer-Encoding: \x0bchunked"),
    "a line folding": lined(b"X: 1", b" 2"),
    "a first line folded": lined(b" X: 1"),
    "a space before the colon": lined(b"Content-Length : 1"),
    "a space in a name": lined(b"X Y: 1"),
    "no colon": lined(b"X"),
    "no name": lined(b": 1"),
    "a NUL in a value": lined(b"X: \0"),
    "a control character in a value": lined(b"X: \x01"),
    "a DEL in a value": lined(b"X: \x7f"),
    "a CR in a value": lined(b"X: 1\r2"),
    "a CR before the end of a line": lined(b"X: 1\r"),
    "a non-ASCII name": lined("é: 1".encode()),
    "LF as the end of a line": lined(b"X: 1\nY: 2"),
    "LF as the end of the head": b"GET /healthz HTTP/1.1\r\nHost: localhost\n\n",
    "LF as the end of the first line": b"GET /healthz HTTP/1.1\nHost: localhost\r\n\r\n",
    "CR as the end of a line": lined(b"X: 1\rY: 2"),
    "two spaces": lined(first=b"GET  /healthz HTTP/1.1"),
    "a tab": lined(first=b"GET\t/healthz HTTP/1.1"),
    "a space at the end": lined(first=b"GET /healthz HTTP/1.1 "),
    "a space at the start": lined(first=b" GET /healthz HTTP/1.1"),
    "no version": lined(first=b"GET /healthz"),
    "HTTP/0.9": lined(first=b"GET /healthz HTTP/0.9"),
    "HTTP/1.2": lined(first=b"GET /healthz HTTP/1.2"),
    "HTTP/2": lined(first=b"GET /healthz HTTP/2.0"),
    "HTTP/2 without TLS": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a lower-case protocol": lined(first=b"GET /healthz http/1.1"),
    "RTSP": lined(first=b"GET /healthz RTSP/1.0"),
    "ICE": lined(first=b"SOURCE /healthz ICE/1.0"),
    "a lower-case method": lined(first=b"get /healthz HTTP/1.1"),
    "a non-ASCII target": lined(first="GET /é HTTP/1.1".encode()),
    "a NUL in the target": lined(first=b"GET /\0 HTTP/1.1"),
    "a chunk size without digits": lined(CHUNKED, b"", b"g\r\n"),
    "a signed chunk size": lined(CHUNKED, b"", b"+1\r\n"),
    "a chunk size in C notation": lined(CHUNKED, b"", b"0x1\r\n"),
    "a chunk size over 64 bits": lined(CHUNKED, b"", b"10000000000000001\r\n"),
    "a space after a chunk size": lined(CHUNKED, b"", b"1 \r\nx\r\n"),
    "LF after a chunk size": lined(CHUNKED, b"", b"1\nx\r\n"),
    "CR after a chunk size": lined(CHUNKED, b"", b"1\rx\r\n"),
    "LF in a chunk extension": lined(CHUNKED, b"", b"1;x\nx\r\n"),
    "a chunk that is too long": lined(CHUNKED, b"", b"1\r\nxx\r\n"),
    "no CR after a chunk": lined(CHUNKED, b"", b"1\r\nx\n"),
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_requests(tmp_path: Path, sent: bytes) -> None:
    """Other servers may see another request in them, so each ends its connection at once. Nothing after it is read."""
    async with listening_service(tmp_path) as url:
        answer = await exchange(url, sent + get(b"/healthz"))
        assert (answer.status, answer.code, answer.headers["connection"]) == (400, "BAD_REQUEST", "close")
        assert answer.body.count(b"HTTP/1.1") == 1  # in the message, and not of a second response


async def test_chunk_extensions_and_trailers(tmp_path: Path) -> None:
    """They are ignored, and a trailer does not become a header."""
    chunks = b'%x;name="value"\r\n%b\r\n0\r\nAuthorization: Bearer editor\r\nX-Include-Drafts: true\r\n\r\n'
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%b\r\n\r\n" % CHUNKED
    async with listening_service(tmp_path) as url:
        answer = await exchange(url, head + chunks % (len(QUERY), QUERY) + get(b"/healthz"))
        assert (answer.status, answer.body.partition(b"HTTP/1.1 200")[0]) == (
            200,
            b'{"data":{"articles":{"totalCount":2}}}',
        )


@pytest.mark.parametrize("sent", [b"1;" + b"x" * 2000, b"0\r\n" + b"X: x\r\n" * 400], ids=["extension", "trailers"])
async def test_large_chunk_extensions_and_trailers(tmp_path: Path, sent: bytes) -> None:
    """They are refused before their end, like a large head."""
    async with listening_service(tmp_path, limit_head_bytes=1000) as url:
        answer = await exchange(url, lined(b"Content-Type: application/json", CHUNKED)[:-1] + sent)
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")


async def test_requests_behind_a_request_are_parsed_one_by_one(tmp_path: Path) -> None:
    """A client that sends many at once does not make the server hold them all as requests, and gets all responses."""
    sent = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000
    async with listening_service(tmp_path) as url, client(url) as other:
        writing = asyncio.create_task(other.send(sent + get(b"/healthz")))
        answers = await other.rest()
        await writing
        assert answers.count(b"HTTP/1.1 200 OK\r\n") == 2001


# Headers in several lines (RFC 9110, 5.3)


async def test_accept_in_several_lines(tmp_path: Path) -> None:
    """All lines count, and the greatest weight applies."""
    async with listening_service(tmp_path) as url:
        sent = post(
            b"Accept: text/html", b"Accept: application/json;q=0.1", b"Accept: application/graphql-response+json"
        )
        assert (await exchange(url, sent)).headers["content-type"].startswith("application/graphql-response+json")


async def test_entity_tags_in_several_lines(tmp_path: Path) -> None:
    """A known tag in any line gives 304."""
    query, preflight = b"/graphql?query=%7Barticles%7BtotalCount%7D%7D", b"GraphQL-Require-Preflight: 1\r\n"
    async with listening_service(tmp_path) as url:
        etag = (await exchange(url, get(query, lines=preflight))).headers["etag"].encode()
        for tags in ((b'"x"', etag), (etag, b'"x"')):
            lines = preflight + b"".join(b"If-None-Match: %b\r\n" % tag for tag in tags)
            assert (await exchange(url, get(query, lines=lines))).status == 304


async def test_encodings_in_several_lines(tmp_path: Path) -> None:
    """A later line may name the encoding."""
    async with listening_service(tmp_path, introspection=True) as url:
        lines = b"Accept-Encoding: identity;q=0.5\r\nAccept-Encoding: gzip\r\n"
        assert (await exchange(url, get(b"/schema.graphql", lines=lines))).headers["content-encoding"] == "gzip"


async def test_forwarded_addresses_in_several_lines(tmp_path: Path) -> None:
    """The client is the last address that is not a proxy."""
    async with listening_service(tmp_path, rate_limit=COST) as url:
        for last, status in ((b"198.51.100.1", 200), (b"198.51.100.2", 200), (b"198.51.100.1", 429)):
            sent = post(b"X-Forwarded-For: 203.0.113.9", b"X-Forwarded-For: " + last)
            assert (await exchange(url, sent)).status == status


@pytest.mark.parametrize("order", [(b"Upgrade", b"keep-alive"), (b"keep-alive", b"Upgrade")])
async def test_connection_in_several_lines(tmp_path: Path, order: tuple[bytes, bytes]) -> None:
    """A WebSocket handshake may request the upgrade in any line."""
    lines = b"".join(b"Connection: %b\r\n" % each for each in order)
    key = b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    protocol = b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
    async with listening_service(tmp_path) as url, client(url) as socket:
        await socket.send(b"GET /graphql HTTP/1.1\r\nHost: localhost\r\n" + lines + key + protocol + b"\r\n")
        assert await socket.reader.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"


async def test_repeated_single_value(tmp_path: Path) -> None:
    """Two credentials are refused."""
    async with listening_service(tmp_path) as url:
        sent = post(b"Authorization: Bearer editor", b"Authorization: Bearer reader")
        assert (await exchange(url, sent)).code == "UNAUTHENTICATED"


# Addresses


@pytest.mark.parametrize(
    ("proxies", "status"),
    [("127.0.0.1", 200), ("127.0.0.0/8", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.1", 429), ("::1", 429)],
)
async def test_ipv4_mapped_proxy(tmp_path: Path, proxies: str, status: int) -> None:
    """`::ffff:127.0.0.1` is the trusted 127.0.0.1, in a chain too."""
    async with (
        service(tmp_path, rate_limit=COST, trusted_proxies=[proxies]) as found,
        listening_to(found, "::") as url,
    ):
        for address, expected in ((b"198.51.100.1", 200), (b"::ffff:198.51.100.2", status), (b"198.51.100.2", 429)):
            answer = await exchange(url, post(b"X-Forwarded-For: " + address + b", ::ffff:127.0.0.1"))
            assert answer.status == expected


# Sizes


@pytest.mark.parametrize(
    "head",
    [
        get(b"/healthz?" + b"x" * 2000),
        get(b"/healthz", lines=b"X: " + b"x" * 2000 + b"\r\n"),
        get(b"/healthz", lines=b"X: x\r\n" * 400),
        b"GET /healthz?" + b"x" * 2000,
    ],
    ids=["a long target", "a long header", "many headers", "without an end"],
)
async def test_large_head(tmp_path: Path, head: bytes) -> None:
    """It is 431 with the limit's name, complete or not. A smaller one is answered."""
    async with listening_service(tmp_path, limit_head_bytes=1000) as url:
        answer = await exchange(url, head)
        [error] = orjson.loads(answer.body)["errors"]
        assert answer.status == 431
        assert error["extensions"] == {"code": "HEAD_TOO_LARGE", "limit": "head_bytes", "allowed": 1000}
        assert "'head_bytes'" in error["message"]
        assert (await exchange(url, get(b"/healthz?" + b"x" * 700))).status == 200


async def test_large_head_of_a_websocket(tmp_path: Path) -> None:
    """It is refused in the same way."""
    upgrade = b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    lines = b"Connection: Upgrade\r\n" + upgrade + b"X: " + b"x" * 2000
    async with listening_service(tmp_path, limit_head_bytes=1000) as url:
        answer = await exchange(url, b"GET /graphql HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n\r\n")
        assert (answer.status, answer.code) == (431, "HEAD_TOO_LARGE")
