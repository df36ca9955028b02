"""Refuses requests under overload, before any other work. Limits the rate of refusals, to leave time for operations."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import Overloaded
from gateway.execution.concurrency import ConcurrencyLimiter, Throttle
from gateway.web.caching import PRIVATE
from gateway.web.dispatcher import PROBES
from gateway.web.log_counter import LogCounter
from gateway.web.responses import SECURITY_HEADERS, encoded

EXCESS = "gateway.excess"
"""Request state key: set on connections over the limit. Each of them is closed after one response."""
LOST = "gateway.lost"
"""Request state key: a future that is done when the connection is lost. Only TimedHttpProtocol sets it."""
Lost = asyncio.Future[None]
PERIOD = 0.02
"""Seconds."""
REFUSALS, EXCESS_REFUSALS = 3, 2
"""Refusals per period. Further requests wait for the next period, so that clients that retry at once do not use all of
the processor. Excess connections have their own rate, because each of them blocks a connection in the backlog."""
CLOSE = (b"connection", b"close")


class OverloadMiddleware:
    """Responds with 503 if the operation queue is full, or if the connection is over the limit."""

    def __init__(self, app: ASGIApp, concurrency: ConcurrencyLimiter, exempt: Collection[str] = PROBES) -> None:
        """Requests to the `exempt` paths are never refused."""
        self._app = app
        self._concurrency = concurrency
        self._exempt = exempt
        self._refusals = Throttle(REFUSALS, PERIOD)
        self._excess_refusals = Throttle(EXCESS_REFUSALS, PERIOD)
        self._busy = LogCounter("A request is refused: the limits 'operations' and 'queue_size' are reached")
        self._crowded = LogCounter("A request is refused: the limit 'connections' is reached")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif EXCESS in scope.get("state", {}):
            await self._answer_excess(scope, receive, send)
        elif scope["path"] not in self._exempt and await self._stays_full(scope.get("state", {}).get(LOST)):
            self._busy.add()
            # A client that waits for "100 Continue" may send or omit its body. The start of the next request is then
            # unknown.
            await _refuse(BUSY, send, closes=any(name == b"expect" for name, _ in scope["headers"]))
        elif not _is_lost(scope):
            await self._app(scope, receive, send)

    async def _stays_full(self, lost: Lost | None) -> bool:
        """Whether the queue is full, now and again when the throttle permits a refusal."""
        if self._concurrency.is_full:
            await self._refusals.wait(lost)
        return self._concurrency.is_full

    async def _answer_excess(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], CLOSE]}
            await send(message)

        if scope["path"] in self._exempt:
            await self._app(scope, receive, send_last)
        else:
            self._crowded.add()
            await self._excess_refusals.wait(scope["state"].get(LOST))
            await _refuse(CROWDED, send, closes=True)


class _Refusal:
    """The ASGI messages of a refusal, built once."""

    def __init__(self, error: Overloaded) -> None:
        body = orjson.dumps({"errors": error.entries()})
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Cache-Control": PRIVATE,
            **error.headers,
            **SECURITY_HEADERS,
        }
        self.status = error.status.value
        self.headers = encoded(headers)
        self.body: Message = {"type": "http.response.body", "body": body}


BUSY = _Refusal(Overloaded("The queue of operations is full."))
CROWDED = _Refusal(Overloaded("Too many connections are open."))


def _is_lost(scope: Scope) -> bool:
    """Whether the client has left while its request waited."""
    lost: Lost | None = scope.get("state", {}).get(LOST)
    return lost is not None and lost.done()


async def _refuse(refusal: _Refusal, send: Send, *, closes: bool) -> None:
    headers = [*refusal.headers, CLOSE] if closes else refusal.headers
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send(refusal.body)
