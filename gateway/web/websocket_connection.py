"""A WebSocket connection: the protocol `graphql-transport-ws`.

One reader handles the messages in order, and each operation has a task. `Executor` runs the operations. The
specification is PROTOCOL.md of https://github.com/enisdenjo/graphql-ws.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

import orjson
from graphql import OperationType
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.access.clients import Client
from gateway.errors import LimitExceeded, RequestError
from gateway.execution.executor import Executor, mask_error
from gateway.limits import Limits
from gateway.web.requests import from_json

PROTOCOL = "graphql-transport-ws"
REASON_BYTES = 123
"""The maximum length of a close reason (RFC 6455, 5.5)."""

Identify = Callable[[Mapping[str, object]], Client]
"""Resolves the payload of `connection_init`. Raises RequestError."""


class Close(Exception):
    """Closes the connection, with a code and a reason of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES].decode(errors="ignore")


class Connection:
    """An accepted WebSocket of one client."""

    def __init__(self, socket: WebSocket, executor: Executor, limits: Limits, identify: Identify) -> None:
        self._socket = socket
        self._executor = executor
        self._limits = limits
        self._identify = identify
        self._client: Client | None = None
        """Set by `connection_init`."""
        self._until_init = asyncio.timeout(limits.init_seconds)
        self._tasks = asyncio.TaskGroup()
        self._operations: dict[str, asyncio.Task[None]] = {}
        """The running operations by their ids."""

    async def run(self) -> None:
        """Handle messages until either side closes the connection. The operations end with it."""
        try:
            async with self._tasks:
                try:
                    await self._read()
                except Close as close:
                    await self._emit({"type": "websocket.close", "code": close.code, "reason": close.reason})
                    raise WebSocketDisconnect(close.code) from close  # cancels the operations
        except* WebSocketDisconnect:
            pass

    async def _read(self) -> None:
        """Handle messages in order. Raises Close and WebSocketDisconnect."""
        try:
            async with self._until_init:
                while True:
                    await self._handle(await self._receive())
        except TimeoutError as error:
            raise Close(4408, "Connection initialisation timeout") from error

    async def _receive(self) -> Any:
        """The JSON of the next message. Raises Close and WebSocketDisconnect."""
        event = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event["code"])
        try:
            return orjson.loads(event.get("text") or "")  # a binary message has no text
        except orjson.JSONDecodeError as error:
            raise Close(4400, "A message must be JSON, as text") from error

    async def _handle(self, message: Any) -> None:
        match message:
            case {"type": "subscribe", "id": str(id_), "payload": {"query": _} as payload}:
                await self._subscribe(id_, payload)
            case {"type": "complete", "id": str(id_)}:
                await self._complete(id_)
            case {"type": "ping"}:
                await self._send({"type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "connection_init"}:
                await self._initialise(message.get("payload"))
            case _:
                raise Close(4400, "Invalid message")

    async def _initialise(self, payload: Any) -> None:
        if not isinstance(payload, dict | None):
            raise Close(4400, "Invalid connection init payload")
        if self._client:
            raise Close(4429, "Too many initialisation requests")
        try:
            self._client = self._identify(payload or {})
        except RequestError as error:
            raise Close(4403, "Forbidden") from error
        self._until_init.reschedule(None)
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, id_: str, payload: Mapping[str, object]) -> None:
        """Begin an operation. It is refused if as many are running as `socket_operations` allows."""
        if self._client is None:
            raise Close(4401, "Unauthorized")
        if id_ in self._operations:
            raise Close(4409, f"Subscriber for {id_} already exists")
        allowed, actual = self._limits.socket_operations, len(self._operations) + 1
        if actual > allowed:
            text = f"The connection exceeds the limit 'socket_operations': {actual} where {allowed} are allowed."
            error = LimitExceeded("socket_operations", allowed, actual, text)
            await self._send(_error(id_, error.entries()))
            return
        self._operations[id_] = self._tasks.create_task(self._operate(id_, payload, self._client))

    async def _complete(self, id_: str) -> None:
        """End an operation. Its id and its resources are free before the next message is read."""
        if task := self._operations.pop(id_, None):
            task.cancel()
            await asyncio.wait([task])

    async def _operate(self, id_: str, payload: Mapping[str, object], client: Client) -> None:
        """Run an operation. Its id is free when its last message is sent."""
        try:
            last = await self._send_results(id_, payload, client)
        except WebSocketDisconnect:
            raise
        except RequestError as error:  # the operation was refused
            last = _error(id_, error.entries())
        except Exception as error:  # noqa: BLE001 - the error is masked
            last = _error(id_, mask_error(error).entries())
        if self._operations.pop(id_, None) and last:
            await self._send(last)

    async def _send_results(
        self, id_: str, payload: Mapping[str, object], client: Client
    ) -> Mapping[str, object] | None:
        """Send the results of an operation, and return its last message.

        A result is fetched after the last one is sent, so a slow client gets fewer events. A subscription that ends
        with the server has no last message, so that the client reconnects.
        """
        prepared = await self._executor.prepare(from_json(payload), client)
        async with aclosing(self._executor.subscribe(prepared)) as answers:
            async for answer in answers:
                if answer.is_final_error:
                    return _error(id_, answer.errors)
                await self._send({"type": "next", "id": id_, "payload": orjson.Fragment(answer.body)})
        return None if prepared.kind is OperationType.SUBSCRIPTION else {"type": "complete", "id": id_}

    async def _send(self, message: Mapping[str, object]) -> None:
        """Raises WebSocketDisconnect."""
        await self._emit({"type": "websocket.send", "text": orjson.dumps(message).decode()})

    async def _emit(self, event: Message) -> None:
        """Raises WebSocketDisconnect."""
        try:
            await self._socket.send(event)
        except RuntimeError as error:  # uvicorn has closed the connection, for example after a large message
            raise WebSocketDisconnect(1006) from error


def _error(id_: str, errors: object) -> Mapping[str, object]:
    """The last message of a refused operation."""
    return {"type": "error", "id": id_, "payload": errors}
