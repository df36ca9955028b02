"""The main program of a server process that a supervisor starts."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import sys
from collections.abc import Awaitable, Iterator
from itertools import count
from typing import NamedTuple

from gateway.commands import standard_streams
from gateway.commands.control import ControlChannel, Event, ReloadRequest, ReloadResult
from gateway.commands.options import exiting_on_error
from gateway.commands.server import run_server, serve
from gateway.commands.startup import configure_logging
from gateway.errors import GatewayError, NotWriting
from gateway.loading.change_stream import StrictError
from gateway.loading.ingest import IngestReport
from gateway.model.problems import Problem
from gateway.settings import Settings
from gateway.signals import exit_on_signal
from gateway.web.reload import Reload


class Failure(NamedTuple):
    """Why a reload failed. An exception cannot be pickled in general."""

    message: str
    problems: tuple[Problem, ...] | None
    """Those of a StrictError."""

    @classmethod
    def of(cls, error: GatewayError) -> Failure:
        return cls(error.message, error.problems if isinstance(error, StrictError) else None)

    @property
    def error(self) -> GatewayError:
        return GatewayError(self.message) if self.problems is None else StrictError(self.problems)


class Supervised:
    """Reports to the supervisor, and passes reloads to the process that writes."""

    shares_listener = True

    def __init__(self, channel: ControlChannel, memory: int) -> None:
        self.memory: int | None = memory
        self._channel = channel
        self._numbers: Iterator[int] = count()
        self._forwarded = dict[int, asyncio.Future[IngestReport]]()
        self._running = set[asyncio.Task[None]]()
        self._has_writer = False
        """Whether one of the supervisor's processes writes, and not another server."""

    def listens(self) -> None:
        self._channel.send(Event.LISTENS)

    def serves(self) -> None:
        self._channel.send(Event.SERVES)

    def follows(self, writer: str) -> None:
        pass

    def writes(self) -> None:
        self._channel.send(Event.WRITES)

    def reload_elsewhere(self, *, accept_empty: bool) -> Awaitable[IngestReport]:
        if not self._has_writer:
            raise NotWriting
        number = next(self._numbers)
        self._forwarded[number] = asyncio.get_running_loop().create_future()
        self._channel.send(ReloadRequest(number, accept_empty))
        return self._forwarded[number]

    async def attend(self, reload: Reload) -> None:
        """Handle the supervisor's messages. Stop the server if the supervisor has ended."""
        while (message := await self._channel.receive()) is not None:
            match message:
                case ReloadRequest(number, accept_empty):
                    task = asyncio.create_task(self._answer(number, reload(accept_empty=accept_empty)))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
                case Event.WRITES:
                    self._has_writer = True
                case ReloadResult(number, result):
                    self._finish(number, pickle.loads(result))  # noqa: S301 - from our own process
        signal.raise_signal(signal.SIGTERM)

    async def _answer(self, number: int, running: Awaitable[IngestReport]) -> None:
        result: IngestReport | Failure
        try:
            result = await running
        except GatewayError as error:
            result = Failure.of(error)
        self._channel.send(ReloadResult(number, pickle.dumps(result)))

    def _finish(self, number: int, result: IngestReport | Failure) -> None:
        forwarded = self._forwarded.pop(number)
        if forwarded.done():  # its request was cancelled
            return
        if isinstance(result, Failure):
            forwarded.set_exception(result.error)
        else:
            forwarded.set_result(result)


def main() -> None:
    """The descriptors of the listening socket, of the connection to the supervisor and of the shared memory are
    arguments. The pickled settings are the input."""
    *sockets, memory = map(int, sys.argv[2:5])
    os.set_inheritable(memory, False)
    listener, connected = map(_inherited, sockets)
    settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own process
    exit_on_signal()
    standard_streams.protect()
    configure_logging(settings)
    with exiting_on_error():
        run_server(_serve(settings, listener, connected, memory))


def _inherited(descriptor: int) -> socket.socket:
    """A socket of the supervisor, which the parsers do not inherit."""
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


async def _serve(settings: Settings, listener: socket.socket, connected: socket.socket, memory: int) -> None:
    channel = await ControlChannel.over(connected)
    try:
        await serve(settings, listener, Supervised(channel, memory))
    finally:
        channel.close()
