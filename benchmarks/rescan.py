"""Times loads of an unchanged folder, each next to a bare walk that only asks for the state of each file.

python -m benchmarks.rescan CONTENT DATABASE ROUNDS
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from gateway.settings import Mode
from gateway.settings_sources import read
from gateway.stores import open_pipeline


class Times(NamedTuple):
    """Seconds of the process."""

    cpu: float
    wall: float


class Rescan(NamedTuple):
    files: int
    read: int
    load: Times
    walk: Times

    def told(self) -> str:
        return (
            f"{self.files:,} unchanged files, {self.read:,} read. Times a bare walk:"
            f" CPU {self.load.cpu / self.walk.cpu:.1f}, wall {self.load.wall / self.walk.wall:.1f}.\n"
            f"The load: CPU {self.load.cpu:.3f} s, wall {self.load.wall:.3f} s."
            f" The walk: CPU {self.walk.cpu:.3f} s, wall {self.walk.wall:.3f} s."
        )


def walk(folder: str) -> int:
    """The number of files, each with its state read."""
    files = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                files += walk(entry.path)
            else:
                entry.stat()
                files += 1
    return files


def stopwatch() -> Callable[[], Times]:
    """Returns a function for the times since now."""
    cpu, wall = time.process_time(), time.perf_counter()
    return lambda: Times(time.process_time() - cpu, time.perf_counter() - wall)


async def measure(content: Path, database: Path, rounds: int) -> Rescan:
    """The medians of the rounds. The folder must be loaded in the database.

    A load is the run of the ingest: without the start of Python, and without opening the database.
    """
    settings = read(Mode.SERVE, content, {"database": str(database)}, {})
    loads, walks = [], []
    for _ in range(rounds):
        elapsed = stopwatch()
        files = walk(str(content))
        walks.append(elapsed())
        async with open_pipeline(settings) as pipeline:
            elapsed = stopwatch()
            report = await pipeline.ingest.run()
            loads.append(elapsed())
    return Rescan(files, report.read, _median(loads), _median(walks))


def _median(times: list[Times]) -> Times:
    return Times(*map(median, zip(*times, strict=True)))


def main() -> None:
    content, database, rounds = sys.argv[1:]
    print(asyncio.run(measure(Path(content), Path(database), int(rounds))).told())


if __name__ == "__main__":
    main()
