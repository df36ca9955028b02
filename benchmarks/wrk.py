"""Measures a server under the load of wrk, with the server on one processor and wrk on another. Linux only."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.operations import UNUSED

NEEDS = ("wrk", "taskset")
"""The executables that must be present on the machine."""
SCRIPT = """
local requests, placeholder, number = {}

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for size in file:lines() do
    requests[#requests + 1] = file:read(tonumber(size))
  end
  placeholder, number = arguments[2], tonumber(arguments[3])
end

function request()
  number = number + 1
  local found = requests[number % #requests + 1]
  return #requests == 1 and found or found:gsub(placeholder, string.format("%016d", number), 1)
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local p50, p99 = latency:percentile(50), latency:percentile(99)
  print(string.format("%d %d %d %d %d", summary.requests, failed, summary.duration, p50, p99))
end
"""
"""Sends the requests of a file in turn, each after a line with its size. Prints counts and microseconds."""


CpuSeconds = Callable[[], float]


class Measured(NamedTuple):
    """The result of a load."""

    processor: float
    """Seconds of user and system time of the server per request, of all its threads."""
    rate: float
    """Requests per second."""
    p50: float
    """Seconds."""
    p99: float


def processors() -> tuple[int, int]:
    """The processors of the servers and of the load. They are the same if there is only one."""
    usable = os.sched_getaffinity(0)
    return min(usable), max(usable)


def pin(process: int) -> None:
    """Let all threads of a server run on one processor."""
    command = ("taskset", "--all-tasks", "--cpu-list", "--pid", processors()[0], process)
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)


def load(
    url: str, process: int, requests: Sequence[bytes], connections: int, seconds: int, *, more: CpuSeconds = float
) -> Measured:
    """Send HTTP requests, each connection the next one after its answer. Raises ValueError if any fails.

    `more` returns the CPU seconds so far that count beside those of the process, such as those of its database.

    If no answer arrives in time, the time doubles. A placeholder in each of several requests is replaced, so that each
    request differs.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "requests").write_bytes(b"".join(b"%d\n%b" % (len(each), each) for each in requests))
        (folder / "script.lua").write_text(SCRIPT)
        options = ("--threads", 1, "--connections", connections, "--duration", f"{seconds}s", "--timeout", "60s")
        pinned = ("taskset", "--cpu-list", processors()[1], "wrk", *options, "--script", folder / "script.lua", url)
        # The number of a request starts with the time in microseconds, which is more than any number before.
        command = [*map(str, (*pinned, "--", folder / "requests", UNUSED, time.time_ns() // 1000))]
        before = processor_seconds(process) + more()
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        after = processor_seconds(process) + more()
    count, failed, *microseconds = map(int, printed.splitlines()[-1].split())
    if failed:
        raise ValueError(f"{failed} of {count} requests failed:\n{printed}")
    if not count:
        return load(url, process, requests, connections, 2 * seconds, more=more)
    duration, p50, p99 = (each / 1e6 for each in microseconds)
    # Half of the work for the requests in flight at the end is done by then.
    return Measured((after - before) / (count + connections / 2), count / duration, p50, p99)


def processor_seconds(process: int) -> float:
    """User and system time of a process with all its threads. clock_getcpuclockid(3) makes this clock id."""
    return time.clock_gettime((~process << 3) | 2)
