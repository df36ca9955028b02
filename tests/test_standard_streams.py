"""Outputs that are dropped instead of blocking the process, on real pipes."""

from __future__ import annotations

import os
import subprocess
import sys

from gateway.commands.standard_streams import MOST_WAITING, REGAINED, WaitingBudget

# Fills a pipe that is not read until its standard input closes. Its lines are as long as a full page.
WRITER = """
import sys
from gateway.commands import standard_streams

standard_streams.protect()
for number in range(100):
    print(f"{number:04}" + "x" * 4091)
print("cut" * 100_000)
print("ready", file=sys.stderr)
sys.stdin.read()
print("read again")
print("end")
"""


def test_lines_that_nobody_reads_are_counted() -> None:
    """The first lines are kept, and the number of the others is written when there is room again."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        assert process.stderr.readline() == b"ready\n"
        room = os.read(process.stdout.fileno(), 1_000_000)
        process.stdin.close()
        lines = (room + process.stdout.read()).decode().splitlines()
    *kept, notice, again, end = lines
    assert [int(line[:4]) for line in kept] == [*range(len(kept))]
    assert notice == f"[{101 - len(kept)} lines were dropped, because they were not read in time]"
    assert (again, end) == ("read again", "end")
    assert len(kept) < 100


def test_all_writes_wait_for_a_bounded_time() -> None:
    """However often the reader reads a little: the time is one for all lines, and comes back slowly."""
    budget = WaitingBudget(0)
    assert budget.left(0) == MOST_WAITING
    budget.spend(MOST_WAITING / 2)
    assert budget.left(0) == MOST_WAITING / 2
    budget.spend(MOST_WAITING)
    assert budget.left(0) == 0
    assert budget.left(10) == 10 * REGAINED
    assert budget.left(1_000_000) == MOST_WAITING
