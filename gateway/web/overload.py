"""Refuses requests under overload before anything else is done for them, and slowly, so that running work goes on.

It parses no body, and knows neither routes nor GraphQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import Overloaded
from gateway.execution.concurrency import ConcurrencyLimiter, Throttle
from gateway.web.caching import PRIVATE
from gateway.web.log_counter import LogCounter
from gateway.web.middleware import PROBES, SECURITY_HEADERS

EXCESS = "gateway.excess"
"""In the state of the requests of a connection over the limit. Each such connection is closed after one answer."""
LOST = "gateway.lost"
"""In the state of each request, where the server knows it: the future that is done when its connection is lost."""
Lost = asyncio.Future[None]
PERIOD = 0.02
"""Seconds."""
REFUSALS, EXCESS_REFUSALS = 3, 2
"""In each period; the others wait for the next one. Clients that come back at once would otherwise be refused as often
as the processor allows. Excess connections have their own pace, since others wait to be accepted in their place."""
CLOSE = (b"connection", b"close")
UNCERTAIN = frozenset({b"expect", b"transfer-encoding"})
"""Headers with which a refused request ends its connection."""


class OverloadMiddleware:
    """Answers 503 if no more operations may run or wait, or if the request came on an excess connection."""

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
            # A client that waits for "100 Continue" may send its body or leave it out, and a body may be framed in two
            # ways: where the next request begins is unknown.
            await _refuse(BUSY, send, closes=any(name in UNCERTAIN for name, _ in scope["headers"]))
        elif not _is_lost(scope):
            await self._app(scope, receive, send)

    async def _stays_full(self, lost: Lost | None) -> bool:
        """Whether there is no place for an operation, now and when it is time to say so."""
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
    """The messages of an answer, made once."""

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
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.body: Message = {"type": "http.response.body", "body": body}


BUSY = _Refusal(Overloaded("Too many operations wait for others to end."))
CROWDED = _Refusal(Overloaded("Too many connections are open."))


def _is_lost(scope: Scope) -> bool:
    """Whether the client has left while its request waited."""
    lost: Lost | None = scope.get("state", {}).get(LOST)
    return lost is not None and lost.done()


async def _refuse(refusal: _Refusal, send: Send, *, closes: bool) -> None:
    headers = [*refusal.headers, CLOSE] if closes else refusal.headers
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send(refusal.body)
