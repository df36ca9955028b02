"""Connection time-outs and the connection limit.

uvicorn handles the connections. By itself it waits forever for the rest of a request, and for a client that stops
reading a response.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

import h11
import orjson
import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from gateway.errors import HeadTooLarge, Overloaded, RequestError, RequestTimeout
from gateway.limits import Limits
from gateway.web.overload import EXCESS, LOST, Lost
from gateway.web.request_head import joined

EXCESS_SECONDS = 2.0
"""After this time without a request a connection beyond the limit is closed, or one within it if others need places."""
HALF_EMPTY_LINE = b"\r"
_EMPTY_LINES = re.compile(rb"(?:\r?\n)+")


def excess_of(connections: int) -> int:
    """The number of connections accepted beyond the limit. Each gets one response: that of a probe, or 503."""
    return max(16, connections // 2)


class ConnectionConfig(uvicorn.Config):
    """uvicorn configuration that applies the limits to each connection."""

    def __init__(self, app: ASGIApp, limits: Limits, **options: Any) -> None:
        super().__init__(
            app,
            http=TimedHttpProtocol,
            ws=TimedWebSocketProtocol,
            ws_max_size=limits.message_bytes,
            h11_max_incomplete_event_size=limits.head_bytes,
            **options,
        )
        self.limits = limits
        self.idle = dict[TimedHttpProtocol, float]()
        """The idle connections of the server within the limit, oldest first, and the loop's time of each."""


class _Connection(h11.Connection):
    """Ignores empty lines before a request line (RFC 9112, 2.2)."""

    def next_event(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        if self.their_state is h11.IDLE and (empty := _EMPTY_LINES.match(self.trailing_data[0])):
            self._receive_buffer.maybe_extract_at_most(empty.end())
        if self.their_state is h11.IDLE and self.trailing_data == (HALF_EMPTY_LINE, False):
            return h11.NEED_DATA
        return super().next_event()


class _Timer:
    """Calls a function after a delay, unless stopped before. `start` is ignored while the timer runs."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._handle: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, call: Any) -> None:
        self._handle = self._handle or loop.call_later(self._seconds, call)

    def stop(self) -> None:
        if self._handle:
            self._handle.cancel()
            self._handle = None


class WriteTimeout(asyncio.Protocol):
    """Aborts a connection if the client stops reading for too long."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _leaving: _Timer

    def pause_writing(self) -> None:
        super().pause_writing()
        self._leaving.start(self.loop, self.transport.abort)

    def resume_writing(self) -> None:
        self._leaving.stop()
        super().resume_writing()


class TimedHttpProtocol(WriteTimeout, H11Protocol):
    """An HTTP connection with time-outs for the start of a request, for its rest, and for reading the response."""

    def __init__(
        self, config: ConnectionConfig, server_state: ServerState, app_state: dict[str, Any], **rest: Any
    ) -> None:
        super().__init__(config, server_state, app_state, **rest)
        self.conn = _Connection(h11.SERVER, config.limits.head_bytes)
        self._others_idle = config.idle
        self._most = config.limits.connections
        self._most_head_bytes = config.limits.head_bytes
        self._is_excess = False
        self._lost: Lost = self.loop.create_future()
        self._idle = _Timer(config.limits.idle_seconds)
        self._arriving = _Timer(config.limits.request_seconds)
        self._leaving = _Timer(config.limits.idle_seconds)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # calls pause_writing as soon as data is buffered
        self._is_excess = len(self.connections) > self._most and not self._replaces_idle()
        about = {EXCESS: True} if self._is_excess else {}
        if self._is_excess:  # its place is for a probe, or for one refusal
            self._idle, self._arriving = _Timer(EXCESS_SECONDS), _Timer(EXCESS_SECONDS)
        self.app_state = {**self.app_state, LOST: self._lost, **about}
        self._begin_idle()

    def handle_events(self) -> None:
        super().handle_events()
        if self._is_idle():
            self._arriving.stop()
            self._begin_idle()
            return
        self._end_idle()
        if self._lacks_something():
            self._arriving.start(self.loop, self._give_up)
        else:
            self._arriving.stop()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        if self._is_excess:
            self._refuse(Overloaded("Too many connections are open."))
            return
        self._stop()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._lost.set_result(None)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - `msg` is meant for the log
        """uvicorn calls this in its handler of the h11 error, which has the hint 431 if the head is too large."""
        error = sys.exception()
        is_too_large = isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431
        self._refuse(
            HeadTooLarge(self._most_head_bytes) if is_too_large else RequestError("The request is not valid HTTP/1.1.")
        )

    def _get_upgrade(self) -> bytes | None:
        """Joins the lines of `Connection` (RFC 9110, 5.3). uvicorn reads only one of them."""
        self.headers = joined(self.headers)
        return super()._get_upgrade()

    def _begin_idle(self) -> None:
        self._idle.start(self.loop, self.timeout_keep_alive_handler)
        if not self._is_excess:
            self._others_idle.setdefault(self, self.loop.time())

    def _end_idle(self) -> None:
        self._idle.stop()
        self._others_idle.pop(self, None)

    def _replaces_idle(self) -> bool:
        """Close the connection that is idle for the longest time, if it is long enough for a request to arrive."""
        oldest, since = next(iter(self._others_idle.items()), (None, 0.0))
        if oldest is None or self.loop.time() - since < EXCESS_SECONDS:
            return False
        oldest._end_idle()
        oldest.timeout_keep_alive_handler()
        return True

    def _stop(self) -> None:
        self._end_idle()
        for timer in (self._arriving, self._leaving):
            timer.stop()

    def _is_idle(self) -> bool:
        """Whether the next request has not begun. An empty line is not part of it."""
        is_http = self.transport.get_protocol() is self and not self.transport.is_closing()
        states = (self.conn.our_state, self.conn.their_state)
        return is_http and states == (h11.IDLE, h11.IDLE) and self.conn.trailing_data[0] in {b"", HALF_EMPTY_LINE}

    def _lacks_something(self) -> bool:
        """Whether a request has arrived in part."""
        if self.transport.get_protocol() is not self:
            return False
        state = self.conn.their_state
        return state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))

    def _give_up(self) -> None:
        self._refuse(RequestTimeout())

    def _refuse(self, error: RequestError) -> None:
        """Send the error if no response has started, and close. Wakes the application if it waits for the body."""
        if self.cycle and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE} and not self.transport.is_closing():
            self._write(error, orjson.dumps({"errors": error.entries()}))
        self.transport.close()

    def _write(self, error: RequestError, body: bytes) -> None:
        told = {"Content-Type": "application/json", "Cache-Control": "no-store", **error.headers}
        headers = {**told, "Content-Length": str(len(body)), "Connection": "close"}
        response = h11.Response(
            status_code=error.status, headers=list(headers.items()), reason=STATUS_PHRASES[error.status]
        )
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")


class TimedWebSocketProtocol(WriteTimeout, WebSocketsSansIOProtocol):
    """A WebSocket connection that stops reading while the client does not read its pongs.

    uvicorn answers each ping at once, even if the write buffer is full. It reads other messages one at a time, as the
    application receives them.
    """

    def __init__(
        self, config: ConnectionConfig, server_state: ServerState, app_state: dict[str, Any], **rest: Any
    ) -> None:
        super().__init__(config, server_state, app_state, **rest)
        self._leaving = _Timer(config.limits.idle_seconds)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if transport.get_write_buffer_size():  # data of an HTTP request before the handshake
            self.pause_writing()

    def handle_ping(self) -> None:
        super().handle_ping()
        self._read_no_more()

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()  # uvicorn then resumes reading
        self._read_no_more()
        return message

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leaving.stop()
        super().connection_lost(exc)

    def _read_no_more(self) -> None:
        """Pause reading until the write buffer is empty."""
        if not self.writable.is_set():
            self.transport.pause_reading()
