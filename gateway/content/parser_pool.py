"""Parses files in worker processes, so that a parser crash is reported as a problem and does not stop the server.

Each worker receives a batch of tasks, and returns their results in one frame. If it dies or hangs, the tasks of the
batch are parsed one by one, to find the file that causes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import sys
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import cast

from gateway.content.file_parser import ParseContext, Task
from gateway.errors import ParserError
from gateway.frames import framed, receive
from gateway.model.changes import Batch, Quarantined
from gateway.model.problems import Problem, Severity

PARSER_CRASHED = "PARSER_CRASHED"
PARSER_TIMED_OUT = "PARSER_TIMED_OUT"

BATCH_FILES = 64
BATCH_BYTES = 1024 * 1024
DEFAULT_SECONDS = 30.0
"""The time-out of a batch, and of each file of a batch that failed."""

PROGRAM = "import os; os.setpgrp(); from gateway.content.parser_process import main; main()"
"""The program of a worker. Its group is separate from the start: an interrupt from the terminal goes to the server and
does not end parsing. It is not a separate session, in which Linux (autogroup) would ignore the priority relative to the
server. The worker sets it, because uvloop cannot."""


class ParserPool:
    """A pool of parser processes. They start on the first run that needs them, and end on `close`."""

    def __init__(self, count: int, *, command: Sequence[str] | None = None, seconds: float = DEFAULT_SECONDS) -> None:
        """`command` starts a worker, by default `parser_process`. `seconds` is the time-out of a batch."""
        self._command = command or (sys.executable, "-P", "-c", PROGRAM)
        self._seconds = seconds
        self._count = count
        self._idle: list[_ParserProcess] = []

    async def parse(
        self, tasks: Iterable[Task], rules: ParseContext, *, started: datetime, low_priority: bool = False
    ) -> AsyncGenerator[Batch, None]:
        """Yield the changes in unordered batches. Parsing waits for the consumer to take each batch.

        `started` is the time of the run. `low_priority` uses one process fewer if there is more than one, to leave a
        CPU for requests. Raises ParserError.
        """
        count = max(1, self._count - 1) if low_priority else self._count
        batches = _Batches(tasks, count)
        answers: asyncio.Queue[Batch] = asyncio.Queue(maxsize=count * 2)
        run = partial(self._run, batches, pickle.dumps(rules), started, answers)
        runners = [asyncio.create_task(run()) for _ in batches.waiting]
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
        """Start a worker for the next run and let it parse a sample, because the first file takes longest.

        Errors are ignored here. The next run reports them.
        """
        with contextlib.suppress(ParserError):
            worker = self._idle_worker() or await self._start()
            worker.warm_up(pickle.dumps(rules))
            self._idle.append(worker)

    async def close(self) -> None:
        """End every process and wait for it. Idempotent."""
        workers, self._idle = self._idle, []
        await asyncio.gather(*(worker.stop() for worker in workers))

    async def _run(self, batches: _Batches, rules: bytes, started: datetime, answers: asyncio.Queue[Batch]) -> None:
        worker = self._idle_worker() or await self._start()
        try:
            while tasks := batches.take():
                batch = await worker.parse(tasks, rules, started)
                if batch is None:
                    failure = await worker.failure_of(tasks[0])
                    worker = await self._start()
                    if len(tasks) > 1:
                        batches.waiting.extend([task] for task in tasks)
                        continue
                    batch = Batch.of([failure], started)
                await answers.put(batch)
        except BaseException:
            await worker.stop()
            raise
        self._idle.append(worker)

    def _idle_worker(self) -> _ParserProcess | None:
        """An idle worker, or None. A worker that died while idle is discarded without a problem."""
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
        return None

    async def _start(self) -> _ParserProcess:
        try:
            return await _ParserProcess.start(self._command, self._seconds)
        except OSError as error:
            raise ParserError(f"The parser process cannot be started: {error.strerror}.") from error


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
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        return cls(process, seconds)

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    def warm_up(self, rules: bytes) -> None:
        """Let the worker parse a sample under these rules, pickled. It does not return a result."""
        self._stdin.writelines(framed(((), rules, None)))

    async def parse(self, tasks: Sequence[Task], rules: bytes, started: datetime) -> Batch | None:
        """Parse tasks under these rules, pickled. Returns None if the worker died or timed out."""
        try:
            self._stdin.writelines(framed((tasks, rules, started)))
            await self._stdin.drain()
            return await asyncio.wait_for(self._receive(), self._seconds)
        except TimeoutError:
            self._timed_out = True
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        return None

    async def failure_of(self, task: Task) -> Quarantined:
        """End the worker, and return the problem that the task caused."""
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

    async def _receive(self) -> Batch:
        batch: Batch = await receive(self._stdout.readexactly)
        return batch


class _Batches:
    """The batches of a run. Each is made when it is needed, as making all at once would delay the event loop."""

    def __init__(self, tasks: Iterable[Task], runners: int) -> None:
        self._rest = _batches(tasks)
        self.waiting: deque[Sequence[Task]] = deque(islice(self._rest, runners))
        """The first batch of each runner, and later the tasks of failed batches."""

    def take(self) -> Sequence[Task]:
        """The next batch. Empty if there is none."""
        return self.waiting.popleft() if self.waiting else next(self._rest, ())


def _batches(tasks: Iterable[Task]) -> Iterator[Sequence[Task]]:
    """Split tasks by number and by bytes, so that the workers finish at about the same time."""
    batch: list[Task] = []
    size = 0
    for task in tasks:
        if batch and (len(batch) == BATCH_FILES or size + task.file.stamp.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(task)
        size += task.file.stamp.size
    if batch:
        yield batch
