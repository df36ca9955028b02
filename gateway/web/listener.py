"""Accepts connections: a few per iteration of the event loop, up to a limit. Others wait in the kernel's backlog."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from gateway.web.log_counter import LogCounter

AT_ONCE = 128
"""Connections accepted per iteration of the event loop, which takes about 10 ms. With fewer, a burst of connections
waits for seconds behind the requests of its first ones."""
SHARE = 8
"""At most this share of all places is taken per iteration: connections that their clients have closed already are
noticed before they fill the places of others. If processes share the socket, one connection is accepted per iteration,
and one more for each SHARE that are open, so that a burst does not go to the first of them."""
PAUSE = 0.05
"""Seconds until a paused listener resumes."""
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Listener:
    """Replaces asyncio's server, which does not limit connections.

    If the process runs out of descriptors, asyncio's server logs thousands of tracebacks a second.
    """

    def __init__(
        self,
        listening: socket.socket,
        build: Callable[[], asyncio.Protocol],
        open_connections: Callable[[], int],
        most: int,
        *,
        shared: bool = False,
    ) -> None:
        """`build` creates the protocol of a connection. The listener pauses while `most` connections are open.

        Other processes may accept from a `shared` socket too.
        """
        self._listening = listening
        self._build = build
        self._open_connections = open_connections
        self._most = most
        self._at_once = max(1, min(AT_ONCE, most // SHARE))
        self._shared = shared
        self._beginning = set[asyncio.Task[object]]()
        self._resuming: asyncio.TimerHandle | None = None
        self._exhausted = LogCounter(
            "New connections are not accepted: the process is out of file descriptors or memory"
        )
        self._loop = asyncio.get_running_loop()
        listening.setblocking(False)
        self._resume()

    def close(self) -> None:
        """Stop accepting. Idempotent. The socket and open connections stay open."""
        if self._resuming:
            self._resuming.cancel()
        self._loop.remove_reader(self._listening)

    async def wait_closed(self) -> None:
        """Wait for the connections that are being set up."""
        await asyncio.gather(*self._beginning, return_exceptions=True)

    def _resume(self) -> None:
        self._resuming = None
        self._loop.add_reader(self._listening, self._accept)

    def _pause(self) -> None:
        self._loop.remove_reader(self._listening)
        self._resuming = self._loop.call_later(PAUSE, self._resume)

    def _accept(self) -> None:
        at_once = 1 + self._open_connections() // SHARE if self._shared else self._at_once
        for _ in range(min(at_once, self._at_once)):
            if self._open_connections() + len(self._beginning) >= self._most:
                self._pause()
                return
            try:
                accepted, _ = self._listening.accept()
            except OSError as error:  # also BlockingIOError, and errors of the new connection: see accept(2)
                if error.errno in EXHAUSTED:
                    self._exhausted.add()
                    self._pause()
                return
            self._begin(accepted)

    def _begin(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        task = self._loop.create_task(self._connect(accepted))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _connect(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._build, accepted)
        except OSError:  # the client has closed it already
            accepted.close()
