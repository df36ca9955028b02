"""GraphQL over WebSocket, on a real socket: who may connect, what is answered, and what ends a connection."""

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
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from gateway.access.preview_tokens import PreviewTokens
from gateway.settings import Mode
from gateway.web.preview_links import COOKIE
from tests.service import listening_service

TITLES = "{ articles { nodes { title } } }"


@pytest_asyncio.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with listening_service(tmp_path) as address:
        yield address.replace("http", "ws", 1) + "/graphql"


@asynccontextmanager
async def connection(url: str, init: dict[str, Any] | None = None, **options: Any) -> AsyncIterator[ClientConnection]:
    """A connection that has been acknowledged."""
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
    """The message that a query is answered with; an answer is followed by its completion."""
    await send(socket, {"type": "subscribe", "id": "1", "payload": {"query": query, **payload}})
    answer = await receive(socket)
    assert answer["id"] == "1"
    if answer["type"] == "next":
        assert await receive(socket) == {"type": "complete", "id": "1"}
    return answer["payload"]


async def closing(socket: ClientConnection) -> int | None:
    """The code that the server closes with."""
    with pytest.raises(ConnectionClosed) as closed:
        await receive(socket)
    return closed.value.rcvd.code if closed.value.rcvd else None


async def test_queries_are_answered(url: str) -> None:
    """One after the other, with variables, and with an id that may be used again."""
    async with connection(url) as socket:
        assert await ask(socket, TITLES) == {"data": {"articles": {"nodes": [{"title": "Two"}, {"title": "One"}]}}}
        query = "query Q($path: String) { article(path: $path) { title } }"
        answer = await ask(socket, query, variables={"path": "one.md"}, operationName="Q")
        assert answer == {"data": {"article": {"title": "One"}}}


async def test_the_first_message_may_have_a_payload_of_null(url: str) -> None:
    """It is as if there were no payload."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await send(socket, {"type": "connection_init", "payload": None})
        assert await receive(socket) == {"type": "connection_ack"}
        assert "data" in await ask(socket, TITLES)


async def test_documents_are_named_as_over_http(url: str) -> None:
    """A digest is missed, then registered, and then suffices; and an operation may ask for its cost."""
    named = {"persistedQuery": {"version": 1, "sha256Hash": sha256(TITLES.encode()).hexdigest()}}
    async with connection(url) as socket:
        [missed] = await ask(socket, "", extensions=named)
        assert missed["message"] == "PersistedQueryNotFound"
        registered = await ask(socket, TITLES, extensions=named)
        assert await ask(socket, "", extensions=named) == registered
        assert await ask(socket, "", documentId=named["persistedQuery"]["sha256Hash"]) == registered
        assert (await ask(socket, "", extensions={**named, "cost": True}))["extensions"]["cost"]["allowed"] == 10_000


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_REQUEST"),
        ("{" + " __typename" * 501 + "}", "LIMIT_EXCEEDED"),
    ],
)
async def test_a_refused_operation_costs_no_connection(url: str, query: str, code: str) -> None:
    """It is an error message with its code; what comes next is answered."""
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
async def test_the_credential_comes_first(
    url: str, init: dict[str, Any], headers: dict[str, str], articles: int
) -> None:
    """In the first message, as browsers must send it, or with the handshake; the message has the last word."""
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
async def test_who_may_not_is_closed_out(url: str, init: dict[str, Any]) -> None:
    """Before any operation, with 4403."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await send(socket, {"type": "connection_init", "payload": init})
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
async def test_what_is_no_message_ends_the_connection(url: str, message: object, code: int) -> None:
    """With the code of the protocol, whatever was sent; the server goes on."""
    async with connection(url) as socket:
        await send(socket, message)
        assert await closing(socket) == code
    async with connection(url) as socket:
        assert "data" in await ask(socket, TITLES)


@pytest.mark.parametrize("query", ["variables", "operationName"], ids=str)
async def test_members_of_another_kind_are_refused(url: str, query: str) -> None:
    """As over HTTP, an operation's parts have their types."""
    async with connection(url) as socket:
        [error] = await ask(socket, TITLES, **{query: [1]})
        assert error["extensions"] == {"code": "BAD_REQUEST"}


async def test_a_connection_has_so_many_operations_at_work(url: str) -> None:
    """One more is refused with a code, and costs no other; when one ends there is room for the next."""
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


async def test_text_that_is_no_json_ends_the_connection(url: str) -> None:
    """So do bytes."""
    for sent in ("{", b"{}"):
        async with connection(url) as socket:
            await socket.send(sent)
            assert await closing(socket) == 4400


async def test_asking_before_the_acknowledgement(url: str) -> None:
    """Nothing is answered to whom the server does not know yet."""
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await send(socket, {"type": "subscribe", "id": "1", "payload": {"query": TITLES}})
        assert await closing(socket) == 4401


async def test_a_large_message_is_not_read(url: str) -> None:
    """One of more than 64 KiB ends the connection."""
    async with connection(url) as socket:
        await send(socket, {"type": "ping", "payload": {"x": "x" * 65_536}})
        assert await closing(socket) == 1009


async def test_one_protocol_is_spoken(url: str) -> None:
    """Neither another one nor none."""
    for protocols in ([Subprotocol("graphql-ws")], None):
        async with connect(url, subprotocols=protocols) as socket:
            assert await closing(socket) == 4406


async def test_a_foreign_page_may_not_connect(url: str) -> None:
    """A browser says which page asks; only the server's own may, and no page at all is a program."""
    own = url.replace("ws", "http", 1).removesuffix("/graphql")
    async with connection(url, origin=own) as socket:
        assert "data" in await ask(socket, TITLES)
    for origin in ("https://elsewhere.example", "null"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], origin=origin):  # type: ignore[arg-type]
                pass
        assert refused.value.response.status_code == 403


async def test_pages_that_are_allowed_may_connect(tmp_path: Path) -> None:
    """Those that the setting names and under `dev` those of this machine, which see drafts if they ask for them, and no
    others; under `dev`, too, a host that is not loopback is refused."""
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


async def test_the_log_names_the_option(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A page that may not connect is logged once, with the option that allows it."""
    origin = "http://localhost:5173"
    for _ in range(2):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], origin=Origin(origin)):
                pass
        assert orjson.loads(refused.value.response.body or b"")["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert line.startswith(f"A page of {origin} was refused. ")
    assert line.endswith(f" --allowed-origins {origin} (GATEWAY_ALLOWED_ORIGINS).")


async def test_a_preview_is_for_pages_of_the_same_host(tmp_path: Path) -> None:
    """The cookie counts with the header; a page of another origin that may connect has no right from it."""
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
