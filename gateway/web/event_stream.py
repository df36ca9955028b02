"""Server-sent events: the protocol `graphql-sse` in distinct connections mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from graphql import OperationType
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.execution.concurrency import CapacityLimiter
from gateway.execution.executor import Result
from gateway.web.content_negotiation import EVENTS

KEEP_ALIVE = b":\n\n"
"""A comment. It keeps the connection open in clients and proxies."""
COMPLETE = b"event: complete\ndata:\n\n"
KEEP_ALIVE_SECONDS = 12.0


def single_error_stream(body: bytes) -> Response:
    """A complete stream with one error event. The status is 200, because an event client retries after any other."""
    return Response(b"".join((KEEP_ALIVE, _event(body), COMPLETE)), media_type=EVENTS)


class EventStream(StreamingResponse):
    """Streams the results of an operation as they arrive."""

    def __init__(self, answers: AsyncGenerator[Result, None], kind: OperationType, streams: CapacityLimiter) -> None:
        # Disables response buffering in nginx.
        super().__init__(_events(answers, kind), headers={"X-Accel-Buffering": "no"}, media_type=EVENTS)
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Overloaded before the response starts."""
        with self._streams.slot():
            await super().__call__(scope, receive, send)


async def _events(answers: AsyncGenerator[Result, None], kind: OperationType) -> AsyncGenerator[bytes, None]:
    yield KEEP_ALIVE
    is_refused = False
    async with aclosing(_with_pauses(answers)) as events:
        async for answer in events:
            yield _event(answer.body) if answer else KEEP_ALIVE
            is_refused = answer is not None and answer.is_final_error
    # Without `complete`, the client of an interrupted subscription reconnects.
    if is_refused or kind is not OperationType.SUBSCRIPTION:
        yield COMPLETE


def _event(body: bytes) -> bytes:
    return b"event: next\ndata: %b\n\n" % body


async def _with_pauses(answers: AsyncGenerator[Result, None]) -> AsyncGenerator[Result | None, None]:
    """Yields each result, and None after KEEP_ALIVE_SECONDS without one. Fetches a result after the last is sent."""
    coming: asyncio.Future[Result | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(answers, None))
            done, _ = await asyncio.wait({coming}, timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield None
                continue
            answer, coming = coming.result(), None
            if answer is None:
                return
            yield answer
    finally:
        if coming:
            coming.cancel()
            with suppress(asyncio.CancelledError):
                await coming
        await answers.aclose()
