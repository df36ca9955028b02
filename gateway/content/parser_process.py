"""The main program of a worker process of the parser pool.

It does not import `asyncio` and all that belongs to it, so that a worker starts faster.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import BinaryIO

from gateway.content.file_parser import ParseContext, Task, parse, warm_up
from gateway.frames import LENGTH, framed
from gateway.model.changes import Batch, Change

NICENESS = 10
"""The niceness of the workers. Requests take precedence over loading on a shared CPU."""


def serve(answer: Callable[[Task, ParseContext], Change], requests: BinaryIO, answers: BinaryIO) -> None:
    """The worker's main loop: parse batches until the pipe closes.

    A request is some tasks, their ParseContext, pickled, and the time of the run. Without tasks it only warms up.
    """
    last, rules = b"", ParseContext("")
    while header := requests.read(LENGTH.size):
        tasks: Sequence[Task]
        started: datetime
        tasks, pickled, started = pickle.loads(requests.read(*LENGTH.unpack(header)))  # noqa: S301 - from our own process
        if pickled != last:  # most batches have the rules of the one before
            last, rules = pickled, pickle.loads(pickled)  # noqa: S301 - from our own process
        if not tasks:
            warm_up(rules)
        else:
            answers.writelines(framed(Batch.of([answer(task, rules) for task in tasks], started)))
            answers.flush()
        gc.collect(0)  # older objects are kept ones


def main() -> None:
    os.nice(NICENESS)
    # Nodes are acyclic, and garbage collection costs 10 percent. Collect once a batch, for the cycles of errors.
    gc.freeze()
    gc.disable()
    # A library's output must not be mixed with the results.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(parse, sys.stdin.buffer, answers)
