"""Supervises server processes that share a listening socket. It starts those again that end, and imports no server."""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Callable
from itertools import count
from tempfile import TemporaryFile
from typing import NamedTuple

from gateway.commands.control import ControlChannel, Event, ReloadRequest, ReloadResult
from gateway.commands.startup import print_addresses
from gateway.settings import Settings
from gateway.web.address import listening

logger = logging.getLogger("gateway")

PROGRAM = (
    "from gateway.signals import abort_on_signal; abort_on_signal();"
    " from gateway.commands.server_process import main; main()"
)
"""The program of a server process."""
STOP_SECONDS = 20.0
"""The time after which a process that does not stop is killed. A server finishes running answers within 10 seconds."""
STABLE_SECONDS = 60.0
"""A process that has run for this time starts again without a delay."""
LONGEST_DELAY = 30.0
"""The maximum delay in seconds before a process starts again."""


def delay_of(failures: int) -> float:
    """The delay in seconds before a process starts again, after this many short lives in a row."""
    return min(LONGEST_DELAY, 2.0 ** (failures - 1)) if failures else 0.0


class ServerProcess:
    """A server process and the connection to it."""

    def __init__(self, process: asyncio.subprocess.Process, channel: ControlChannel) -> None:
        self.channel = channel
        self._process = process

    @classmethod
    async def start(cls, settings: bytes, listener: socket.socket, memory: int) -> ServerProcess:
        """Start a process with pickled settings. Raises OSError."""
        own_end, other_end = socket.socketpair()
        channel = await ControlChannel.over(own_end)
        try:
            with other_end:
                descriptors = listener.fileno(), other_end.fileno(), memory
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-c", PROGRAM, "serve", *map(str, descriptors)),
                    stdin=asyncio.subprocess.PIPE,
                    pass_fds=descriptors,
                )
        except OSError:
            channel.close()
            raise
        if process.stdin:
            process.stdin.write(settings)
            process.stdin.close()
        return cls(process, channel)

    @property
    def id(self) -> int:
        return self._process.pid

    async def ended(self) -> int:
        """Wait for its end. Returns the exit code, negative for a signal."""
        code = await self._process.wait()
        self.channel.close()
        return code

    def send_signal(self, number: int) -> None:
        if self._process.returncode is None:
            self._process.send_signal(number)


class _Reload(NamedTuple):
    request: ReloadRequest
    sender: ServerProcess | None
    """None: the supervisor itself."""
    number: int
    """The number that the sender has given it."""


class Supervisor:
    """Keeps a number of server processes running until a signal."""

    def __init__(
        self, settings: Settings, listener: socket.socket, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._pickled = pickle.dumps(settings)
        self._listener = listener
        self._memory = _shared_memory()
        self._clock = clock
        self._stopping = asyncio.Event()
        self._running = set[ServerProcess]()
        self._writer: ServerProcess | None = None
        self._is_announced = self._was_ready = self._has_written = False
        self._exit_code = 0
        self._numbers = count()
        self._reloads = dict[int, _Reload]()
        """The reloads without a result, by the number of the request to the writer."""

    async def run(self) -> int:
        """Returns the exit code: that of a process that failed before any was ready, or 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        if self._settings.content is None:  # no process loads a folder, and each logs that
            loop.add_signal_handler(signal.SIGHUP, self._signal_all, signal.SIGHUP)
        else:
            loop.add_signal_handler(signal.SIGHUP, self._reload, None, ReloadRequest(0, accept_empty=False))
        keeping = [asyncio.create_task(self._keep(number)) for number in range(1, self._settings.processes + 1)]
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((stopped, *keeping), return_when=asyncio.FIRST_COMPLETED)
        self._stopping.set()
        self._listener.close()
        self._signal_all(signal.SIGTERM)
        killing = loop.call_later(STOP_SECONDS, self._signal_all, signal.SIGKILL)
        await asyncio.gather(*keeping)
        killing.cancel()
        return self._exit_code

    async def _keep(self, number: int) -> None:
        """Run a process, and start it again when it has ended."""
        failures = 0
        while not self._stopping.is_set():
            began = self._clock()
            how = await self._run_one(number)
            if self._stopping.is_set():
                return
            failures = 0 if self._clock() - began >= STABLE_SECONDS else failures + 1
            delay = delay_of(failures)
            logger.error("Server process %d %s. It starts again in %g s.", number, how, delay)
            await self._sleep(delay)

    async def _run_one(self, number: int) -> str:
        """Run a process until it ends. Returns how it ended."""
        try:
            process = await ServerProcess.start(self._pickled, self._listener, self._memory)
        except OSError as error:
            return f"cannot be started: {error.strerror}"
        self._running.add(process)
        if self._has_written:
            process.channel.send(Event.WRITES)
        if self._stopping.is_set():  # while it started
            process.send_signal(signal.SIGTERM)
        while (message := await process.channel.receive()) is not None:
            self._handle(process, number, message)
        code = await process.ended()
        self._forget(process)
        if code > 0 and not self._was_ready:  # it has printed the reason, and would fail again
            self._exit_code = code
            self._stopping.set()
        return f"({process.id}) {_described(code)}"

    def _handle(self, process: ServerProcess, number: int, message: object) -> None:
        match message:
            case Event.LISTENS if not self._is_announced:
                self._is_announced = True
                print_addresses(self._settings, self._listener)
            case Event.SERVES:
                self._was_ready = True
            case Event.WRITES:
                logger.info("Server process %d (%d) writes the database.", number, process.id)
                self._writer, self._has_written = process, True
                for each in self._running:
                    each.channel.send(Event.WRITES)
                for reload in self._reloads.values():
                    process.channel.send(reload.request)
            case ReloadRequest():
                self._reload(process, message)
            case ReloadResult(reload_number, result):
                done = self._reloads.pop(reload_number, None)  # None: a writer that has ended since had a result too
                if done and done.sender in self._running:
                    done.sender.channel.send(ReloadResult(done.number, result))

    def _reload(self, sender: ServerProcess | None, request: ReloadRequest) -> None:
        """Pass a request to the process that writes, or to the next one that does."""
        number = next(self._numbers)
        passed = ReloadRequest(number, request.accept_empty)
        self._reloads[number] = _Reload(passed, sender, request.number)
        if self._writer:
            self._writer.channel.send(passed)

    def _forget(self, process: ServerProcess) -> None:
        self._running.discard(process)
        if self._writer is process:
            self._writer = None

    def _signal_all(self, number: int) -> None:
        for process in self._running:
            process.send_signal(number)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not while the processes stop."""
        sleeping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((sleeping,), timeout=seconds)
        sleeping.cancel()


def _shared_memory() -> int:
    """The descriptor of a page of zeros, which the processes share as long as one of them has it open."""
    if hasattr(os, "memfd_create"):  # not on all systems
        descriptor = os.memfd_create("content-gateway")
    else:
        with TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, mmap.PAGESIZE)
    return descriptor


def _described(code: int) -> str:
    if code >= 0:
        return f"has ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def run(settings: Settings) -> None:
    """Serve from several processes until a signal."""
    with listening(settings.host, settings.port) as listener:
        sys.exit(asyncio.run(_supervise(settings, listener)))


async def _supervise(settings: Settings, listener: socket.socket) -> int:
    return await Supervisor(settings, listener).run()
