"""GraphQL over WebSocket, on a real socket: connections, results and close codes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from starlette.types import Message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from gateway.access.preview_tokens import PreviewTokens
from gateway.settings import Mode
from gateway.web.preview_links import COOKIE
from tests.service import listening_service, service

pytestmark = pytest.mark.usefixtures("each_database_in_full")

TITLES = "{ articles { nodes { title } } }"


@pytest_asyncio.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with listening_service(tmp_path) as address:
        yield address.replace("http", "ws", 1) + "/graphql"


@asynccontextmanager
async def connection(url: str, init: dict[str, Any] | None = None, **options: Any) -> AsyncIterator[ClientConnection]:
    """An acknowledged connection."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], **options) as socket:
        await send(socket, {"type": "connection_init", **({"payload": init} if init is not None else {})})
        assert await receive(socket) == {"type": "connection_ack"}
        yield socket


async def send(socket: ClientConnection, message: object) -> None:
    await socket.send(orjson.dumps(message).decode())


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(20):
        return orjson.loads(await socket.recv())


async def ask(socket: ClientConnection, query: str, **payload: Any) -> Any:
    """The message with the result of a query, which is followed by its completion."""
    await send(socket, {"type": "subscribe", "id": "1", "payload": {"query": query, **payload}})
    answer = await receive(socket)
    assert answer["id"] == "1"
    if answer["type"] == "next":
        assert await receive(socket) == {"type": "complete", "id": "1"}
    return answer["payload"]


async def closing(socket: ClientConnection) -> int | None:
    """The server's close code."""
    with pytest.raises(ConnectionClosed) as closed:
        await receive(socket)
    return closed.value.rcvd.code if closed.value.rcvd else None


async def test_queries_are_answered(url: str) -> None:
    """In sequence, with variables, and with reused ids."""
    async with connection(url) as socket:
        assert await ask(socket, TITLES) == {"data": {"articles": {"nodes": [{"title": "Two"}, {"title": "One"}]}}}
        query = "query Q($path: String) { article(path: $path) { title } }"
        answer = await ask(socket, query, variables={"path": "one.md"}, operationName="Q")
        assert answer == {"data": {"article": {"title": "One"}}}


async def test_connection_init_with_null_payload(url: str) -> None:
    """It equals a missing payload."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await send(socket, {"type": "connection_init", "payload": None})
        assert await receive(socket) == {"type": "connection_ack"}
        assert "data" in await ask(socket, TITLES)


async def test_persisted_queries_and_cost(url: str) -> None:
    """A digest is unknown, registered and accepted, as over HTTP. An operation may request its cost."""
    named = {"persistedQuery": {"version": 1, "sha256Hash": sha256(TITLES.encode()).hexdigest()}}
    async with connection(url) as socket:
        [missed] = await ask(socket, "", extensions=named)
        assert missed["message"] == "PersistedQueryNotFound"
        registered = await ask(socket, TITLES, extensions=named)
        assert await ask(socket, "", extensions=named) == registered
        assert await ask(socket, "", documentId=named["persistedQuery"]["sha256Hash"]) == registered
        assert (await ask(socket, "", extensions={**named, "cost": True}))["extensions"]["cost"]["allowed"] == 40_000


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_REQUEST"),
        ("{" + " __typename" * 501 + "}", "LIMIT_EXCEEDED"),
    ],
)
async def test_refused_operation_keeps_the_connection(url: str, query: str, code: str) -> None:
    """It gets an error message with its code, and the next operation is answered."""
    async with connection(url) as socket:
        assert {error["extensions"]["code"] for error in await ask(socket, query)} == {code}
        assert "data" in await ask(socket, TITLES)


@pytest.mark.parametrize(
    ("init", "headers", "articles"),
    [
        ({}, {}, 2),
        ({"Authorization": "Bearer editor", "X-Include-Drafts": "true"}, {}, 3),
        ({"authorization": "Bearer editor", "x-include-drafts": True}, {}, 3),
        ({"X-Include-Drafts": "true"}, {"Authorization": "Bearer editor"}, 3),
        ({"Authorization": ""}, {}, 2),
        ({"Authorization": "Bearer "}, {}, 2),
        ({"Authorization": None, "X-Include-Drafts": None}, {}, 2),
        ({"Authorization": "", "X-Include-Drafts": "true"}, {"Authorization": "Bearer editor"}, 3),
        ({}, {"Authorization": ""}, 2),
        ({"X-Include-Drafts": "false"}, {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}, 2),
    ],
)
async def test_credential(url: str, init: dict[str, Any], headers: dict[str, str], articles: int) -> None:
    """In `connection_init`, which takes precedence, or in the handshake."""
    async with connection(url, init, additional_headers=headers) as socket:
        assert len((await ask(socket, TITLES))["data"]["articles"]["nodes"]) == articles


@pytest.mark.parametrize(
    "init",
    [
        {"X-Include-Drafts": "true"},
        {"Authorization": "Bearer unknown"},
        {"Authorization": ["Bearer editor"]},
        {"Authorization": "Bearer editor", "X-Include-Drafts": 1},
    ],
)
async def test_unauthorised_connection(url: str, init: dict[str, Any]) -> None:
    """It is closed with 4403 before any operation."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await send(socket, {"type": "connection_init", "payload": init})
        assert await closing(socket) == 4403


async def test_deeply_nested_credential(url: str) -> None:
    """It has more levels than orjson can write."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        nested = "[" * 400 + "]" * 400
        await socket.send(f'{{"type": "connection_init", "payload": {{"Authorization": {nested}}}}}')
        assert await closing(socket) == 4403


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ([], 4400),
        (1, 4400),
        ({}, 4400),
        ({"type": []}, 4400),
        ({"type": "nothing"}, 4400),
        ({"type": "subscribe"}, 4400),
        ({"type": "subscribe", "id": [], "payload": {"query": TITLES}}, 4400),
        ({"type": "subscribe", "id": "1", "payload": "x"}, 4400),
        ({"type": "complete", "id": {}}, 4400),
        ({"type": "connection_init"}, 4429),
    ],
)
async def test_invalid_message_closes_the_connection(url: str, message: object, code: int) -> None:
    """With the protocol's code. The server continues."""
    async with connection(url) as socket:
        await send(socket, message)
        assert await closing(socket) == code
    async with connection(url) as socket:
        assert "data" in await ask(socket, TITLES)


@pytest.mark.parametrize("query", ["variables", "operationName"], ids=str)
async def test_members_of_wrong_types_are_refused(url: str, query: str) -> None:
    """As over HTTP."""
    async with connection(url) as socket:
        [error] = await ask(socket, TITLES, **{query: [1]})
        assert error["extensions"] == {"code": "BAD_REQUEST"}


async def test_operations_per_connection_are_limited(url: str) -> None:
    """One more is refused with a code, and others continue. When one ends, the next is accepted."""
    async with connection(url) as socket:
        for number in range(20):
            subscription = {"query": "subscription { corpusChanged { revision } }"}
            await send(socket, {"type": "subscribe", "id": f"at work {number}", "payload": subscription})
        [error] = await ask(socket, TITLES)
        assert error["message"] == "The connection exceeds the limit 'socket_operations': 21 where 20 are allowed."
        assert error["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "limit": "socket_operations",
            "allowed": 20,
            "actual": 21,
        }
        await send(socket, {"type": "complete", "id": "at work 0"})
        assert "data" in await ask(socket, TITLES)


async def test_invalid_json_closes_the_connection(url: str) -> None:
    """Binary messages too."""
    for sent in ("{", b"{}"):
        async with connection(url) as socket:
            await socket.send(sent)
            assert await closing(socket) == 4400


async def test_operation_before_the_acknowledgement(url: str) -> None:
    """It is not answered."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await send(socket, {"type": "subscribe", "id": "1", "payload": {"query": TITLES}})
        assert await closing(socket) == 4401


async def test_no_connection_init(tmp_path: Path) -> None:
    """The connection is closed after `init_seconds`, also if the client pings. Other connections stay open."""
    async with listening_service(tmp_path, limit_init_seconds=0.5) as address:
        url = address.replace("http", "ws", 1) + "/graphql"
        async with (
            connection(url) as other,
            connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket,
        ):
            await send(socket, {"type": "ping"})
            assert await receive(socket) == {"type": "pong"}
            assert await closing(socket) == 4408
            assert "data" in await ask(other, TITLES)


@pytest.mark.parametrize("id_", ["1", "ä" * 1000], ids=len)
async def test_id_of_a_running_operation(url: str, id_: str) -> None:
    """It closes the connection with 4409. A long id is cut in the reason, which has at most 123 bytes."""
    async with connection(url) as socket:
        for _ in range(2):
            subscription = {"query": "subscription { corpusChanged { revision } }"}
            await send(socket, {"type": "subscribe", "id": id_, "payload": subscription})
        with pytest.raises(ConnectionClosed) as closed:
            await receive(socket)
        assert closed.value.rcvd
        assert (closed.value.rcvd.code, closed.value.rcvd.reason[:16]) == (4409, f"Subscriber for {id_[0]}")


async def test_server_closes_during_an_operation(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """uvicorn closes a connection by itself after a large message or a missing pong, and then refuses to send. The
    application ends without an error."""
    received: asyncio.Queue[Message] = asyncio.Queue()
    received.put_nowait({"type": "websocket.connect"})
    payload = {"query": TITLES}
    for message in ({"type": "connection_init"}, {"type": "subscribe", "id": "1", "payload": payload}):
        received.put_nowait({"type": "websocket.receive", "text": orjson.dumps(message).decode()})

    async def send_until_closed(event: Message) -> None:
        if '"next"' in event.get("text", ""):
            raise RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'.")

    scope: dict[str, Any] = {"type": "websocket", "path": "/graphql", "raw_path": b"/graphql", "headers": []}
    scope |= {"subprotocols": ["graphql-transport-ws"]}
    async with service(tmp_path) as found, asyncio.timeout(20):
        await found.app(scope, received.get, send_until_closed)
    assert caplog.records == []


async def test_large_message_closes_the_connection(url: str) -> None:
    """The limit is 64 KiB."""
    async with connection(url) as socket:
        await send(socket, {"type": "ping", "payload": {"x": "x" * 65_536}})
        assert await closing(socket) == 1009


async def test_subprotocol(url: str) -> None:
    """Other or missing subprotocols are refused."""
    for protocols in ([Subprotocol("graphql-ws")], None):
        async with connect(url, subprotocols=protocols) as socket:
            assert await closing(socket) == 4406


async def test_foreign_page_is_refused(url: str) -> None:
    """Only pages of the server's own origin, and programs without an origin, may connect."""
    own = url.replace("ws", "http", 1).removesuffix("/graphql")
    async with connection(url, origin=own) as socket:
        assert "data" in await ask(socket, TITLES)
    for origin in ("https://elsewhere.example", "null"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], origin=origin):  # type: ignore[arg-type]
                pass
        assert refused.value.response.status_code == 403


async def test_page_behind_a_forwarding_server(url: str) -> None:
    """A server that changes `Host` does not change `Sec-Fetch-Site`, so its pages may connect, as over HTTP."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with connection(url, origin=Origin("http://localhost:5173"), additional_headers=headers) as socket:
        assert "data" in await ask(socket, TITLES)


async def test_allowed_pages(tmp_path: Path) -> None:
    """Configured origins and, under `dev`, loopback origins may connect. They see drafts on request. Other hosts are
    refused."""
    allowed = "https://news.example"
    async with listening_service(tmp_path, Mode.DEV, allowed_origins=[allowed]) as address:
        url = address.replace("http", "ws", 1) + "/graphql"
        for origin in (allowed, "http://localhost:5173"):
            for init, articles in (({}, 2), ({"X-Include-Drafts": True}, 3)):
                async with connection(url, init, origin=Origin(origin)) as socket:
                    assert len((await ask(socket, TITLES))["data"]["articles"]["nodes"]) == articles
        for options in ({"origin": "https://other.example"}, {"additional_headers": {"Host": "news.example"}}):
            with pytest.raises(InvalidStatus):
                async with connection(url, **options):
                    pass


async def test_refused_page_is_logged_with_the_option(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Once per origin."""
    origin = "http://localhost:5173"
    for _ in range(2):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], origin=Origin(origin)):
                pass
        assert orjson.loads(refused.value.response.body or b"")["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert line.startswith(f"A page of {origin} was refused. ")
    assert line.endswith(f" --allowed-origins {origin} (GATEWAY_ALLOWED_ORIGINS).")


async def test_preview_cookie_needs_the_same_origin(tmp_path: Path) -> None:
    """The cookie counts with the header. Pages of other allowed origins get no right from it."""
    allowed, secret = "https://news.example", "0123456789abcdef" * 2
    cookie = {"Cookie": f"{COOKIE}={PreviewTokens(secret).issue(int(time.time()) + 1000)}"}
    async with listening_service(tmp_path, allowed_origins=[allowed], preview_secret=secret) as address:
        url = address.replace("http", "ws", 1) + "/graphql"
        for init, articles in (({"X-Include-Drafts": "true"}, 3), ({}, 2)):
            async with connection(url, init, origin=address, additional_headers=cookie) as socket:
                assert len((await ask(socket, TITLES))["data"]["articles"]["nodes"]) == articles
        protocols = [Subprotocol("graphql-transport-ws")]
        foreign = Origin(allowed)
        async with connect(url, subprotocols=protocols, origin=foreign, additional_headers=cookie) as socket:
            await send(socket, {"type": "connection_init", "payload": {"X-Include-Drafts": "true"}})
            assert await closing(socket) == 4403
