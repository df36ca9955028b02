"""The processes in which files are parsed, so that a crash of a parser is a problem entry and no outage.

Each worker is sent a batch of tasks and answers them one by one; the task that a dying worker left unanswered is the
one that killed it. It decides nothing of what the answers mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
import struct
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import BinaryIO, cast

from gateway.content.file_parser import ParseContext, Task, parse, warm_up
from gateway.errors import ParserError
from gateway.model import Change, Problem, Quarantined, Severity

PARSER_CRASHED = "PARSER_CRASHED"
PARSER_TIMED_OUT = "PARSER_TIMED_OUT"

BATCH_FILES = 32
BATCH_BYTES = 1024 * 1024
DEFAULT_SECONDS = 30.0
NICENESS = 10
"""By how much loading gives way to whoever wants the same processor: answering comes first."""

_LENGTH = struct.Struct("<Q")


class ParserPool:
    """A pool of parsing processes. They start with the first run that needs them, and end with `close`."""

    def __init__(self, count: int, *, command: Sequence[str] | None = None, seconds: float = DEFAULT_SECONDS) -> None:
        """`command` starts a worker, by default this module's `main`; `seconds` is what one file may take."""
        self._command = command or (sys.executable, "-P", "-m", "gateway.content.parser_pool")
        self._seconds = seconds
        self._count = count
        self._idle: list[_ParserProcess] = []

    async def parse(
        self, tasks: Sequence[Task], rules: ParseContext, *, low_priority: bool = False
    ) -> AsyncGenerator[Sequence[Change], None]:
        """What is said of each file, in batches, in no certain order. A batch is parsed as fast as it is taken.

        `low_priority` is with one process fewer, where there are several: on the CPU that it leaves, others are
        answered. Raises ParserError.
        """
        count = max(1, self._count - 1) if low_priority else self._count
        batches = deque(_batches(tasks))
        answers: asyncio.Queue[Sequence[Change]] = asyncio.Queue(maxsize=count * 2)
        runners = [asyncio.create_task(self._run(batches, rules, answers)) for _ in range(min(count, len(batches)))]
        at_work, taking = set(runners), asyncio.create_task(answers.get())
        try:
            while at_work or not answers.empty():
                done, _ = await asyncio.wait((taking, *at_work), return_when=asyncio.FIRST_COMPLETED)
                for runner in at_work & done:
                    runner.result()
                at_work -= done
                if taking.done():
                    yield taking.result()
                    taking = asyncio.create_task(answers.get())
        finally:
            for task in (taking, *runners):
                task.cancel()
            await asyncio.gather(taking, *runners, return_exceptions=True)

    async def warm(self, rules: ParseContext) -> None:
        """Have a process ready for the next run: to start one, and to have it parse its first file, takes longer than
        to parse a file. One that cannot be started is for that run to tell of."""
        with contextlib.suppress(ParserError):
            worker = self._idle_worker() or await self._start()
            worker.warm_up(rules)
            self._idle.append(worker)

    async def close(self) -> None:
        """Idempotent; waits until every process has ended."""
        workers, self._idle = self._idle, []
        await asyncio.gather(*(worker.stop() for worker in workers))

    async def _run(
        self, batches: deque[Sequence[Task]], rules: ParseContext, answers: asyncio.Queue[Sequence[Change]]
    ) -> None:
        worker = self._idle_worker() or await self._start()
        try:
            while batches:
                left = batches.popleft()
                while left:
                    said = await worker.parse(left, rules)
                    if len(said) < len(left):
                        said.append(await worker.failure_of(left[len(said)]))
                        worker = await self._start()
                    left = left[len(said) :]
                    await answers.put(said)
        except BaseException:
            await worker.stop()
            raise
        self._idle.append(worker)

    def _idle_worker(self) -> _ParserProcess | None:
        """An idle worker. One that died while it was idle is forgotten: no file is to blame for that."""
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
        return None

    async def _start(self) -> _ParserProcess:
        try:
            return await _ParserProcess.start(self._command, self._seconds)
        except OSError as error:
            raise ParserError(f"No process can be started to parse files in: {error.strerror}.") from error


class _ParserProcess:
    def __init__(self, process: asyncio.subprocess.Process, seconds: float) -> None:
        self._process = process
        self._stdin = cast("asyncio.StreamWriter", process.stdin)
        self._stdout = cast("asyncio.StreamReader", process.stdout)
        self._seconds = seconds
        self._timed_out = False

    @classmethod
    async def start(cls, command: Sequence[str], seconds: float) -> _ParserProcess:
        pipe = asyncio.subprocess.PIPE
        # A group of its own: an interrupt from the terminal is the server's to handle, and ends no file's parsing. In a
        # session of its own Linux would weigh it against all of the server, whatever its priority.
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, process_group=0)
        return cls(process, seconds)

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    def warm_up(self, rules: ParseContext) -> None:
        """Have it ready for files of these rules. It answers nothing."""
        self._stdin.write(_frame(((), rules)))

    async def parse(self, tasks: Sequence[Task], rules: ParseContext) -> list[Change]:
        """What is said of each task; of fewer than all where the worker died or was ended for taking too long."""
        said: list[Change] = []
        try:
            self._stdin.write(_frame((tasks, rules)))
            await self._stdin.drain()
            for _ in tasks:
                said.append(await asyncio.wait_for(self._receive(), self._seconds))  # noqa: PERF401 - what came counts
        except TimeoutError:
            self._timed_out = True
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        return said

    async def failure_of(self, task: Task) -> Change:
        """End the worker, and say what the task did to it."""
        if self._timed_out:
            code, message = PARSER_TIMED_OUT, f"The parser took more than {self._seconds:g} seconds."
        else:
            code, message = PARSER_CRASHED, "The parser crashed."
        await self.stop()
        hint = "Simplify the file."
        return Quarantined(task.file.path, (Problem(Severity.ERROR, code, message, task.file.path, 1, 1, hint),))

    async def stop(self) -> None:
        self._stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _receive(self) -> Change:
        (length,) = _LENGTH.unpack(await self._stdout.readexactly(_LENGTH.size))
        change: Change = pickle.loads(await self._stdout.readexactly(length))  # noqa: S301 - from our own process
        return change


def _batches(tasks: Sequence[Task]) -> list[Sequence[Task]]:
    """Split by number and by bytes, so that no worker is left with the bulk of the work at the end."""
    batches: list[list[Task]] = [[]]
    size = 0
    for task in tasks:
        if batches[-1] and (len(batches[-1]) == BATCH_FILES or size + task.file.stamp.size > BATCH_BYTES):
            batches.append([])
            size = 0
        batches[-1].append(task)
        size += task.file.stamp.size
    return [batch for batch in batches if batch]


def _frame(value: object) -> bytes:
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


def serve(answer: Callable[[Task, ParseContext], Change], requests: BinaryIO, answers: BinaryIO) -> None:
    """A worker's life: answer each batch task by task, until the other side closes. An empty one is to be rehearsed."""
    while header := requests.read(_LENGTH.size):
        tasks, rules = pickle.loads(requests.read(*_LENGTH.unpack(header)))  # noqa: S301 - from our own process
        if not tasks:
            warm_up(rules)
        for task in tasks:
            answers.write(_frame(answer(task, rules)))
            answers.flush()
        gc.collect()


def main() -> None:
    os.nice(NICENESS)
    # Nodes hold no cycles, and looking for some among them costs a tenth; once a batch is enough for what errors leave.
    gc.freeze()
    gc.disable()
    # What a library prints must not end up among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(parse, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
