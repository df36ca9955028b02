"""Connection time-outs and the connection limit.

uvicorn handles the connections. By itself it waits forever for the rest of a request, and for a client that stops
reading a response.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import orjson
import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from gateway.errors import HeadTooLarge, Overloaded, RequestError, RequestTimeout
from gateway.limits import Limits
from gateway.web.overload import EXCESS, LOST, Lost
from gateway.web.request_head import joined

EXCESS_SECONDS = 2.0
"""After this time without a request a connection beyond the limit is closed, or one within it if others need places."""
HALF_EMPTY_LINE = b"\r"
_EMPTY_LINE = b"\r\n\r\n"
_EMPTY_LINES = re.compile(rb"\A(?:\r?\n)+")
_REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/1\.([01])\r\n")


_WITHOUT_BODY = frozenset({204, 304})


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
            **options,
        )
        self.limits = limits
        self.idle = dict[TimedHttpProtocol, float]()
        """The idle connections of the server within the limit, oldest first, and the loop's time of each."""


class _Timer:
    """Calls a function after a delay, unless stopped before. `start` is ignored while the timer runs.

    A stopped timer leaves its handle in the event loop, so that a start per request costs little.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], object]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._call = call
        self._due: float | None = None
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._due is None:
            self._due = self._loop.time() + self._seconds
            self._handle = self._handle or self._loop.call_at(self._due, self._end)

    def stop(self) -> None:
        self._due = None

    def close(self) -> None:
        """Stop, and forget the function."""
        self.stop()
        if self._handle:
            self._handle.cancel()
            self._handle = None

    def _end(self) -> None:
        self._handle = None
        if self._due is None:
            return
        if self._due > self._loop.time():
            self._handle = self._loop.call_at(self._due, self._end)
        else:
            self._due = None
            self._call()


class WriteTimeout(asyncio.Protocol):
    """Aborts a connection if the client stops reading for too long."""

    transport: asyncio.Transport
    _leaving: _Timer

    def pause_writing(self) -> None:
        super().pause_writing()
        self._leaving.start()

    def resume_writing(self) -> None:
        self._leaving.stop()
        super().resume_writing()

    def _abort(self) -> None:
        self.transport.abort()


class Exchange(RequestResponseCycle):
    """One request and its response. Writes the head together with the first part of the body."""

    _start: ASGISendEvent | None = None
    _length: int | None = None
    """The bytes of the body that are missing. None for a chunked body."""

    async def send(self, message: ASGISendEvent) -> None:
        """Raises RuntimeError for a head or a body that cannot be framed."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        if message["type"] != "http.response.body" or self.response_complete:
            raise RuntimeError(f"The message {message['type']!r} is out of order.")
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        head = b"" if self.response_started else self._head()
        framed = head + self._framed(body, is_last=is_last)  # may raise, and a failure before the start is answered
        self.response_started, self.waiting_for_100_continue = True, False
        self.transport.write(framed)
        if is_last:
            self._complete()

    def _head(self) -> bytes:
        """The head of the response, which begins with it."""
        start = self._start
        if start is None or start["type"] != "http.response.start":
            raise RuntimeError("The response has no start.")
        headers = list(start.get("headers", ()))
        named, status = dict(headers), start["status"]
        self.keep_alive = self.keep_alive and b"close" not in named.get(b"connection", b"")
        self._length = None
        if b"content-length" in named:
            self._length = 0 if self.scope["method"] == "HEAD" else int(named[b"content-length"])
        elif self.scope["method"] == "HEAD" or status in _WITHOUT_BODY:
            self._length = 0
        else:
            headers.append((b"transfer-encoding", b"chunked"))
        if not self.keep_alive and b"connection" not in named:
            headers.append((b"connection", b"close"))
        lines = [b"%b: %b\r\n" % each for each in headers]
        head = b"%b%b\r\n" % (STATUS_LINE[status], b"".join(lines))
        if not head.count(b"\n") == head.count(b"\r") == len(lines) + 2 or b"\0" in head:
            raise RuntimeError("A header of the response has a line end.")
        return head

    def _framed(self, body: bytes, *, is_last: bool) -> bytes:
        """A part of the body as it is sent."""
        if self.scope["method"] == "HEAD":
            return b""
        if self._length is None:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk + b"0\r\n\r\n" if is_last else chunk
        self._length -= len(body)
        if self._length < 0 or (is_last and self._length):
            raise RuntimeError("The body of the response is not as long as its Content-Length.")
        return body

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class TimedHttpProtocol(WriteTimeout, HttpToolsProtocol):
    """An HTTP connection with time-outs for the start of a request, for its rest, and for reading the response.

    The parser gets one request at a time, and the next one after the response. uvicorn would queue all requests that
    have arrived.
    """

    def __init__(
        self, config: ConnectionConfig, server_state: ServerState, app_state: dict[str, Any], **rest: Any
    ) -> None:
        super().__init__(config, server_state, app_state, **rest)
        limits = config.limits
        self._others_idle = config.idle
        self._most = limits.connections
        self._most_head_bytes = limits.head_bytes
        self._is_excess = False
        self._lost: Lost = self.loop.create_future()
        self._idle = _Timer(self.loop, limits.idle_seconds, self.timeout_keep_alive_handler)
        self._arriving = _Timer(self.loop, limits.request_seconds, self._give_up)
        self._leaving = _Timer(self.loop, limits.idle_seconds, self._abort)
        self._unread = b""
        """What has arrived and was not parsed yet."""
        self._has_begun = False
        """Whether a request has arrived in part."""
        self._head: bytes | None = b""
        """The head as far as it has arrived. None after its end."""
        self._body_left = 0
        """The bytes missing of a body with a Content-Length."""
        self._framing = 0
        """The bytes since the last part of a chunked body: chunk sizes, extensions and trailers."""
        self._end = b""
        """The last bytes parsed, in which the end of a head or of a chunked body may begin."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # calls pause_writing as soon as data is buffered
        self._is_excess = len(self.connections) > self._most and not self._replaces_idle()
        about = {EXCESS: True} if self._is_excess else {}
        if self._is_excess:  # its place is for a probe, or for one refusal
            self._idle = _Timer(self.loop, EXCESS_SECONDS, self.timeout_keep_alive_handler)
            self._arriving = _Timer(self.loop, EXCESS_SECONDS, self._give_up)
        self.app_state = {**self.app_state, LOST: self._lost, **about}
        self._begin_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._lost.set_result(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._read()

    def on_headers_complete(self) -> None:
        """Raises ValueError for a head that llhttp accepts, but RFC 9112 does not. The parser then fails."""
        assert self._head is not None  # noqa: S101 - the head ends once
        if not _is_valid(self._head, self.headers):
            raise ValueError
        self._head, self._framing = None, 0
        self._body_left = int(dict(self.headers).get(b"content-length", b"0"))
        version = self.parser.get_http_version()
        raw_path, _, query_string = self.url.partition(b"?")
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = version
        self.scope["raw_path"], self.scope["path"] = raw_path, unquote(raw_path.decode("ascii"))
        self.scope["query_string"] = query_string
        if self.parser.should_upgrade() and self._should_upgrade():
            return
        self.cycle = Exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        self._start_asgi_task(self.cycle, self.app)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Ignores trailers, which uvicorn would add to the headers."""
        if self._head is not None:
            name = name.lower()
            self.expect_100_continue |= name == b"expect" and value.lower() == b"100-continue"
            self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body_left -= min(len(body), self._body_left)
        self._framing = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_begun = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._read()

    def handle_websocket_upgrade(self) -> None:
        if self._is_excess:
            self._refuse(Overloaded("Too many connections are open."))
            return
        self._stop()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - `msg` is meant for the log
        self._refuse(RequestError("The request is not valid HTTP/1.1."))

    def _get_upgrade(self) -> bytes | None:
        """Joins the lines of `Connection` (RFC 9110, 5.3). uvicorn reads only one of them."""
        self.headers = joined(self.headers)
        return super()._get_upgrade()

    def _read(self) -> None:
        """Parse what has arrived, up to the end of one request."""
        while self._unread and (self._has_begun or not self._is_answering()):
            if not (self._has_begun or self._begins()):
                break
            self._parse(self._next_part())
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
        if self._unread and self._is_answering():
            self.flow.pause_reading()
        self._watch()

    def _begins(self) -> bool:
        """Whether a request begins after the empty lines, which are ignored (RFC 9112, 2.2)."""
        if self._unread[0] in b"\r\n":
            self._unread = _EMPTY_LINES.sub(b"", self._unread)
            if self._unread in {b"", HALF_EMPTY_LINE}:
                return False
        self._has_begun, self._head, self._body_left, self._framing, self._end = True, b"", 0, 0, b""
        return True

    def _next_part(self) -> bytes:
        """Take the next part of the request: up to the end of its body, or up to an empty line, which ends a head and
        a chunked body."""
        size = self._body_left
        if not size:
            found = (self._end + self._unread).find(_EMPTY_LINE)
            size = len(self._unread) if found < 0 else found + len(_EMPTY_LINE) - len(self._end)
        part, self._unread = self._unread[:size], self._unread[size:]
        self._end = (self._end + part[-3:])[-3:]
        return part

    def _parse(self, part: bytes) -> None:
        if self._head is not None:
            self._head += part
            if len(self._head) > self._most_head_bytes:
                self._refuse(HeadTooLarge(self._most_head_bytes))
                return
        self._framing += len(part)
        super().data_received(part)
        if self._has_begun and self._head is None and not self._body_left and self._framing > self._most_head_bytes:
            self._refuse(RequestError("The chunk extensions or trailers are too large."))

    def _watch(self) -> None:
        """Start and stop the timers."""
        if self._has_begun:
            self._end_idle()
            self._arriving.start()
            return
        self._arriving.stop()
        if self._is_answering():
            self._end_idle()
        else:
            self._begin_idle()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _begin_idle(self) -> None:
        self._idle.start()
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
        self._others_idle.pop(self, None)
        for timer in (self._idle, self._arriving, self._leaving):
            timer.close()

    def _give_up(self) -> None:
        self._refuse(RequestTimeout())

    def _refuse(self, error: RequestError) -> None:
        """Send the error if no response has started, and close. Wakes the application if it waits for the body."""
        has_started = self._head is None and self.cycle is not None and self.cycle.response_started
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not has_started and not self.transport.is_closing():
            self._write(error)
        self.transport.close()

    def _write(self, error: RequestError) -> None:
        body = orjson.dumps({"errors": error.entries()})
        told = {"Content-Type": "application/json", "Cache-Control": "no-store", **error.headers}
        headers = {**told, "Content-Length": str(len(body)), "Connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        status = f"HTTP/1.1 {error.status.value} {error.status.phrase}\r\n"
        self.transport.write(f"{status}{lines}\r\n".encode() + body)


def _is_valid(head: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether a head has the request line and the number of hosts of HTTP/1, and no other coding than `chunked`."""
    line = _REQUEST_LINE.match(head)
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    if line is None or not (hosts == 1 or (hosts == 0 and line[1] == b"0")):
        return False
    if b"transfer-encoding" not in names:
        return True
    return [value.lower() for name, value in headers if name == b"transfer-encoding"] == [b"chunked"]


class TimedWebSocketProtocol(WriteTimeout, WebSocketsSansIOProtocol):
    """A WebSocket connection that stops reading while the client does not read its pongs.

    uvicorn answers each ping at once, even if the write buffer is full. It reads other messages one at a time, as the
    application receives them.
    """

    def __init__(
        self, config: ConnectionConfig, server_state: ServerState, app_state: dict[str, Any], **rest: Any
    ) -> None:
        super().__init__(config, server_state, app_state, **rest)
        self._leaving = _Timer(self.loop, config.limits.idle_seconds, self._abort)

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
        self._leaving.close()
        super().connection_lost(exc)

    def _read_no_more(self) -> None:
        """Pause reading until the write buffer is empty."""
        if not self.writable.is_set():
            self.transport.pause_reading()
