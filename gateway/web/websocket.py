"""GraphQL over WebSocket: the protocol `graphql-transport-ws`.

Strawberry implements the protocol: handshake, message order and close. `Executor` runs the operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import orjson
import strawberry
from graphql import OperationType
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.http.websocket_origin import is_same_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message, SubscribeMessage
from strawberry.types.unset import UnsetType

from gateway.access.clients import Client, ClientResolver
from gateway.access.tokens import Viewer
from gateway.errors import Forbidden, LimitExceeded, Overloaded, RequestError
from gateway.execution.concurrency import CapacityLimiter
from gateway.execution.executor import Executor, mask_error
from gateway.limits import Limits
from gateway.web.cors import REFUSED, AllowedOrigins, include_drafts, is_cross_origin
from gateway.web.preview_links import preview_cookie
from gateway.web.requests import address_of, from_json
from gateway.web.responses import error_response


@dataclass
class WebSocketContext:
    """The client of a connection. Browsers send the credential in `connection_init`, others in the handshake."""

    headers: Mapping[str, str]
    address: str | None
    connection_params: Mapping[str, object] = field(default_factory=dict)
    viewer: Viewer | None = None
    rate_key: str | None = None

    def credential(self, name: str) -> str | None:
        """The value of a header, by its lower-case name. A member of `connection_init` overrides the handshake.

        A member that is null or empty counts as absent.
        """
        sent = {key.lower(): value for key, value in self.connection_params.items() if value not in (None, "")}
        value = sent.get(name, self.headers.get(name))
        # A client may send the JSON value `true` instead of the string.
        return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()

    def preview_cookie(self) -> str | None:
        """The preview token in the cookie, only for pages of the same origin.

        Otherwise a page of another allowed origin could read with the permissions of the user of the browser.
        """
        origin = self.headers.get("origin")
        is_own = origin is None or is_same_origin(origin, self.headers.get("host"))
        return preview_cookie(self.headers) if is_own else None


class MessageHandler(BaseGraphQLTransportWSHandler[WebSocketContext, None]):
    """Handles the messages of a connection."""

    view: WebSocketEndpoint

    async def handle_message(self, message: Message) -> None:
        """Checks the structure of a message, which Strawberry does not. An invalid message closes the connection."""
        if not is_message(message):
            await self.handle_invalid_message("Invalid message")
        elif message["type"] == "connection_init" and message.get("payload") is None:
            await super().handle_message({"type": "connection_init"})  # a null payload counts as absent
        else:
            await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Enforces `socket_operations`. The error of Strawberry for it does not have a code."""
        allowed, at_work = self.view.limits.socket_operations, len(self.operations)
        if not self.connection_acknowledged or message["id"] in self.operations or at_work < allowed:
            # Strawberry drops other members than three of a payload, so `query` carries the whole payload.
            whole = {**message, "payload": {"query": message["payload"]}}
            await super().handle_subscribe(cast("SubscribeMessage", whole))
            return
        text = f"The connection exceeds the limit 'socket_operations': {at_work + 1} where {allowed} are allowed."
        error = LimitExceeded("socket_operations", allowed, at_work + 1, text)
        await self.send_message(cast("Message", {"id": message["id"], "type": "error", "payload": error.entries()}))

    async def run_operation(self, operation: Operation[WebSocketContext, None]) -> None:
        """Fetches a result after the last one is sent, so a slow client gets fewer events."""
        try:
            is_endless = await self._answer(operation)
        except RequestError as error:  # the operation was refused
            await _send(operation, "error", error.entries())
        except WebSocketDisconnected:
            return
        except Exception as error:  # noqa: BLE001 - the error is masked
            await _send(operation, "error", mask_error(error).entries())
        else:
            if not is_endless:
                await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def _answer(self, operation: Operation[WebSocketContext, None]) -> bool:
        """Send the results of an operation, up to the first error.

        Returns whether it is a subscription, which gets no `complete`, so that the client reconnects.
        """
        viewer, executor = self.context.viewer, self.view.executor
        assert viewer is not None  # noqa: S101 - set before the connection is acknowledged
        client = Client(viewer, self.context.rate_key)
        prepared = await executor.prepare(from_json(operation.query), client)
        async with aclosing(executor.subscribe(prepared)) as answers:
            async for answer in answers:
                if answer.is_final_error:
                    await _send(operation, "error", answer.errors)
                else:
                    await _send(operation, "next", orjson.Fragment(answer.body))
        return prepared.kind is OperationType.SUBSCRIPTION


async def _send(operation: Operation[WebSocketContext, None], kind: str, payload: object) -> None:
    await operation.send_operation_message(cast("Message", {"id": operation.id, "type": kind, "payload": payload}))


class WebSocketEndpoint(GraphQL[WebSocketContext, None]):
    """ASGI application for the GraphQL endpoint over WebSocket."""

    graphql_transport_ws_handler_class = MessageHandler

    def __init__(
        self,
        schema: strawberry.Schema,
        executor: Executor,
        clients: ClientResolver,
        limits: Limits,
        origins: AllowedOrigins,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=limits.init_seconds),
            allowed_origins=origins.listed,
        )
        self._origins = origins
        self.executor = executor
        self.limits = limits
        self._clients = clients
        self._capacity = CapacityLimiter(limits.websockets, "Too many WebSockets are open.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with an HTTP response if the origin is not allowed, or if too many WebSockets are open."""
        try:
            self._check_origin(Headers(scope=scope))
            with self._capacity.slot():
                await super().__call__(scope, receive, send)
        except (Forbidden, Overloaded) as error:
            await WebSocket(scope, receive, send).send_denial_response(error_response(error))

    def _check_origin(self, headers: Headers) -> None:
        """Raises Forbidden."""
        if is_cross_origin(headers) and not self._origins.allows(headers["origin"]):
            self._origins.log_refused(headers["origin"])
            raise Forbidden(REFUSED)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:  # noqa: ARG002 - Strawberry's
        return self._origins.allows(origin)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> WebSocketContext:  # noqa: ARG002 - the signature is Strawberry's
        return WebSocketContext(request.headers, address_of(request.scope))

    async def on_ws_connect(self, context: WebSocketContext) -> UnsetType | dict[str, object] | None:
        """Identify the client by its credential. An invalid or insufficient one closes it with 4403."""
        try:
            context.viewer, context.rate_key = self._clients.identify(
                context.credential("authorization"),
                include_drafts(context.credential("x-include-drafts"), context.headers),
                context.preview_cookie(),
                context.address,
            )
        except RequestError as error:
            raise ConnectionRejectionError from error
        return await super().on_ws_connect(context)

    def encode_json(self, data: object) -> str:
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)


def is_message(message: Any) -> bool:
    """Whether a message has the structure of its type in the protocol. Strawberry refuses unknown types."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    match message["type"]:
        case "subscribe":
            payload = message.get("payload")
            return isinstance(message.get("id"), str) and isinstance(payload, dict) and "query" in payload
        case "complete":
            return isinstance(message.get("id"), str)
    return True
