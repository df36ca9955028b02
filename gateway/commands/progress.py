"""Draws the progress of a load on one line of a terminal. It writes nothing to other files."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TextIO

PERIOD = 0.1
"""The minimum interval in seconds between two drawings."""
SEPARATOR = "  "
MIN_BAR, MAX_BAR = 10, 40
"""The width of the bar in columns, with its brackets. A bar that would be narrower is left out."""
USUAL_WIDTH = 80
"""The width of a terminal that does not know its own."""


@contextmanager
def show_progress(stream: TextIO | None = None) -> Iterator[Callable[[int, int], None]]:
    """Yields a callback for the number of files done and the total. The line is removed at exit.

    The default stream is standard error.
    """
    stream = stream or sys.stderr
    if not (stream and stream.isatty()):  # None if it was closed at the start
        yield lambda _done, _total: None
        return
    line = _ProgressLine(stream)
    try:
        yield line.update
    finally:
        line.remove()


class _ProgressLine:
    """Overwrites its own text, without escape codes, in one write for each drawing, so that it does not flicker."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started = time.monotonic()
        self._due = self._started
        self._drawn = ""

    def update(self, done: int, total: int) -> None:
        """Draw the line, unless it was drawn within the last PERIOD. The last update is always drawn."""
        now = time.monotonic()
        if now >= self._due or done == total:
            self._due = now + PERIOD
            # The last column stays empty: some terminals wrap when it is written.
            self._draw(progress_line(done, total, now - self._started, self._width() - 1))

    def remove(self) -> None:
        self._draw("", end="\r")

    def _draw(self, line: str, end: str = "") -> None:
        self._stream.write("\r" + line.ljust(len(self._drawn)) + end)
        self._stream.flush()
        self._drawn = line

    def _width(self) -> int:
        return os.get_terminal_size(self._stream.fileno()).columns or USUAL_WIDTH


def progress_line(done: int, total: int, seconds: float, width: int) -> str:
    """At most `width` columns: a bar, the percentage, the time left, the files per second and their number.

    In a narrow terminal the last parts are left out. `seconds` is the time since the start.
    """
    share, rate = done / total, done / max(seconds, PERIOD)
    left = "saving" if done == total else f"{timedelta(seconds=round((total - done) / rate))} left"
    parts = _fitting((f"{share:4.0%}", left, f"{rate:,.0f} files/s", f"{done:,} of {total:,}"), width)
    text = SEPARATOR.join(parts)
    room = min(MAX_BAR, width - len(text) - len(SEPARATOR))
    if room < MIN_BAR:
        return text
    return f"[{('#' * int(share * (room - 2))).ljust(room - 2, '.')}]{SEPARATOR}{text}"


def _fitting(parts: Sequence[str], width: int) -> Sequence[str]:
    """The first parts, as many as fit into the width."""
    count = len(parts)
    while count and len(SEPARATOR.join(parts[:count])) > width:
        count -= 1
    return parts[:count]
