"""The protocol `graphql-transport-ws`: any sequence of messages has the results of its specification.

There are a few examples of each property, and many with GATEWAY_TEST_FULL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.service import listening_service
from tests.test_connection_timeouts import until
from tests.test_fuzzing import tried
from tests.test_websocket import closing, receive, send

OPERATIONS = 2
"""The limit of running operations per connection."""
QUERY = "{ __typename articles { nodes { title } } }"
INVALID = "{ unknown }"
ENDLESS = "subscription { corpusChanged { revision } }"

pytestmark = pytest.mark.asyncio(loop_scope="module")

Answers = Sequence[tuple[str, str | None]]
"""The types of messages, and their ids."""


class Step(NamedTuple):
    """A message of a client."""

    kind: str
    """The type of the message. `subscribe` is followed by the operation's document."""
    sent: str | bytes
    id: str = ""


def step(kind: str, message: object, id_: str = "") -> Step:
    return Step(kind, orjson.dumps(message).decode(), id_)


def subscribe(id_: str, query: str) -> Step:
    return step(f"subscribe {query}", {"type": "subscribe", "id": id_, "payload": {"query": query}}, id_)


def complete(id_: str) -> Step:
    return step("complete", {"type": "complete", "id": id_}, id_)


INIT = step("init", {"type": "connection_init"})
IDS = st.sampled_from(["a", "b", "c", ""])
INITS = st.just(INIT) | st.sampled_from(
    [
        step("init", {"type": "connection_init", "payload": {"Authorization": "Bearer editor"}}),
        step("forbidden", {"type": "connection_init", "payload": {"Authorization": "Bearer unknown"}}),
    ]
)
INVALID_MESSAGES = st.sampled_from(
    [
        *(Step("invalid", sent) for sent in ("", "{", "null", "[]", '"ping"', "[" * 2000, b"{}", b'{"type":"ping"}')),
        *(
            step("invalid", message)
            for message in (
                {"type": "connection_init", "payload": []},
                {"type": "connection_ack"},
                {"type": "next", "id": "a", "payload": {}},
                {"type": "start", "id": "a", "payload": {"query": QUERY}},
                {"type": "x" * 1000},
                {"type": None},
                {"type": "complete"},
                {"type": "complete", "id": 1},
                {"type": "subscribe", "id": "a"},
                {"type": "subscribe", "payload": {"query": QUERY}},
                {"type": "subscribe", "id": None, "payload": {"query": QUERY}},
                {"type": "subscribe", "id": "a", "payload": [QUERY]},
                {"type": "subscribe", "id": "a", "payload": {"documentId": QUERY}},
            )
        ),
    ]
)
PINGS = st.sampled_from(
    [
        step("ping", {"type": "ping"}),
        step("ping", {"type": "ping", "payload": {"a": [1]}}),
        step("pong", {"type": "pong"}),
    ]
)
STOPS = st.builds(complete, IDS)


def sequences(*documents: str) -> st.SearchStrategy[list[Step]]:
    """Sequences of messages with these documents. Most begin with `connection_init`."""
    valid = st.builds(subscribe, IDS, st.sampled_from(documents)) | STOPS | PINGS
    parts = (st.lists(INITS, min_size=1, max_size=1), st.lists(valid, max_size=12))
    last = st.lists(INITS | INVALID_MESSAGES, max_size=1)
    begun = st.tuples(*parts, last, parts[1]).map(lambda found: [each for part in found for each in part])
    return begun | st.lists(valid | INITS | INVALID_MESSAGES, max_size=8)


class Model:
    """The server of the specification."""

    def __init__(self) -> None:
        self._is_initialised = False
        self._running = set[str]()

    def take(self, taken: Step) -> Answers | int:
        """The answers to a message, or the code with which the server closes the connection."""
        match taken.kind.split(" ", 1):
            case ["ping"]:
                return [("pong", None)]
            case ["invalid"]:
                return 4400
            case ["subscribe", query]:
                return self._subscribe(taken.id, query)
            case ["complete"]:
                self._running.discard(taken.id)
            case ["init" | "forbidden" as kind]:
                return self._initialise(is_allowed=kind == "init")
        return []

    def _initialise(self, *, is_allowed: bool) -> Answers | int:
        if self._is_initialised:
            return 4429
        self._is_initialised = is_allowed
        return [("connection_ack", None)] if is_allowed else 4403

    def _subscribe(self, id_: str, query: str) -> Answers | int:
        if not self._is_initialised:
            return 4401
        if id_ in self._running:
            return 4409
        if len(self._running) == OPERATIONS or query == INVALID:
            return [("error", id_)]
        if query == QUERY:
            return [("next", id_), ("complete", id_)]
        self._running.add(id_)
        return []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a server for one connection at a time."""
    folder = tmp_path_factory.mktemp("protocol")
    async with listening_service(folder, limit_socket_operations=OPERATIONS, limit_websockets=1) as address:
        yield address.replace("http", "ws", 1) + "/graphql"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[ClientConnection]:
    """A connection. At its end, nothing of it is left in the server."""
    before = asyncio.all_tasks()
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        yield socket
    await until(lambda: asyncio.all_tasks() <= before)


def summary(message: Any) -> tuple[str, str | None]:
    return message["type"], message.get("id")


@tried(60)
@given(sequences(QUERY, INVALID, ENDLESS))
async def test_messages_in_turn(url: str, steps: list[Step]) -> None:
    """Each message has its answers and no others, or closes the connection with its code."""
    model = Model()
    async with opened(url) as socket:
        for each in steps:
            await socket.send(each.sent)
            answers = model.take(each)
            if isinstance(answers, int):
                assert await closing(socket) == answers
                return
            assert [summary(await receive(socket)) for _ in answers] == answers
            await send(socket, {"type": "ping"})
            assert await receive(socket) == {"type": "pong"}


@tried(60)
@given(sequences(ENDLESS))
async def test_messages_at_once(url: str, steps: list[Step]) -> None:
    """Messages that arrive together have the answers of messages in turn. The ids of stopped operations are free."""
    model, expected, code = Model(), list[tuple[str, str | None]](), 1000
    for each in steps:
        answers = model.take(each)
        if isinstance(answers, int):
            code = answers
            break
        expected += answers
    async with opened(url) as socket:
        for each in steps:
            await socket.send(each.sent)  # the server shares the event loop, and reads after the last one
        assert [summary(await receive(socket)) for _ in expected] == expected
        if code != 1000:
            assert await closing(socket) == code


@tried(60)
@given(sequences(QUERY, INVALID, ENDLESS), st.booleans())
async def test_client_disappears(url: str, steps: list[Step], is_closed: bool) -> None:
    """With and without a close frame, at any time: nothing is left, and the next client is answered."""
    async with opened(url) as socket:
        for each in steps:
            try:
                await socket.send(each.sent)
            except ConnectionClosed:
                break
        if not is_closed:
            socket.transport.abort()
    async with opened(url) as socket:
        for each in (INIT, subscribe("a", QUERY)):
            await socket.send(each.sent)
        expected = [("connection_ack", None), ("next", "a"), ("complete", "a")]
        assert [summary(await receive(socket)) for _ in expected] == expected


async def test_stopped_operations(url: str) -> None:
    """Operations that the client stops at once do not accumulate, however many it begins."""
    async with opened(url) as socket:
        await socket.send(INIT.sent)
        assert await receive(socket) == {"type": "connection_ack"}
        idle = len(asyncio.all_tasks())
        most = asyncio.create_task(most_tasks())
        for number in range(200):
            await socket.send(subscribe(f"{number}", ENDLESS).sent)
            await socket.send(complete(f"{number}").sent)
        await send(socket, {"type": "ping"})
        assert await receive(socket) == {"type": "pong"}
        assert len(asyncio.all_tasks()) == idle + 1
        most.cancel()
        assert await most < idle + 20


async def most_tasks() -> int:
    """The largest number of tasks until it is cancelled."""
    most = 0
    try:
        while True:
            most = max(most, len(asyncio.all_tasks()))
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        return most
