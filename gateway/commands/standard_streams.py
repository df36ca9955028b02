"""Standard outputs that never block a server. Output that cannot be written is dropped."""

from __future__ import annotations

import io
import os
import select
import sys
import time
from typing import Any, TextIO

STANDARD_ERROR = 2
"""The descriptor of standard error, the last of the three."""
CHUNK_BYTES = select.PIPE_BUF
"""The number of bytes that a writable pipe accepts without blocking."""
MOST_WAITING = 1.0
"""Seconds that writes may wait for the reader of a pipe, in total."""
REGAINED = 0.01
"""The part of the time that passes by which writes may wait again."""


def protect() -> None:
    """Replace standard output and standard error of this process."""
    _reserve_descriptors()
    sys.stdout, sys.stderr = _protected(sys.stdout), _protected(sys.stderr)


def _reserve_descriptors() -> None:
    """Opens the null device as each of the descriptors 0, 1 and 2 that is closed.

    Otherwise they would be those of the next files, and libuv ends a process that closes one of them.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        pass
    os.close(descriptor)


def _protected(stream: TextIO) -> TextIO:
    if stream is None or not _has_descriptor(stream):  # closed at the start, or not a file of this process
        return stream
    raw = _DroppingFile(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors="backslashreplace", line_buffering=True
    )


def _has_descriptor(stream: TextIO) -> bool:
    try:
        return stream.fileno() >= 0
    except (OSError, ValueError):
        return False


class WaitingBudget:
    """The seconds that writes may wait. Bounds the time that a slow reader costs, however many lines there are."""

    def __init__(self, now: float) -> None:
        self._left, self._at = MOST_WAITING, now

    def left(self, now: float) -> float:
        self._left = min(MOST_WAITING, self._left + (now - self._at) * REGAINED)
        self._at = now
        return self._left

    def spend(self, seconds: float) -> None:
        self._left = max(0.0, self._left - seconds)


class _DroppingFile(io.FileIO):
    """A file whose writes always succeed. Data that cannot be written is dropped, and its lines are counted."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._poll = select.poll()
        self._poll.register(self.fileno(), select.POLLOUT)
        self._budget = WaitingBudget(time.monotonic())
        self._dropped = 0
        self._is_cut = False
        """Whether the last line that was written lacks its end."""

    def write(self, data: Any) -> int:
        """Drops the rest if the disk is full, or if the reader is gone or does not read in time.

        The next write that succeeds begins with the number of dropped lines.
        """
        whole = bytes(data)
        if self._dropped and self._written(self._notice()):
            self._dropped = 0
        written = 0
        while not self._dropped and written < len(whole):
            chunk = whole[written : written + CHUNK_BYTES]
            if not self._written(chunk):
                break
            written += len(chunk)
        self._dropped += whole.count(b"\n", written)
        return len(whole)

    def _notice(self) -> bytes:
        lines = "1 line was" if self._dropped == 1 else f"{self._dropped} lines were"
        notice = f"[{lines} dropped, because they were not read in time]\n"
        return (f"\n{notice}" if self._is_cut else notice).encode()

    def _written(self, chunk: bytes) -> bool:
        """Write a chunk, if the file takes it in the time that is left."""
        if not self._is_writable():
            return False
        try:
            super().write(chunk)
        except OSError:
            return False
        self._is_cut = not chunk.endswith(b"\n")
        return True

    def _is_writable(self) -> bool:
        if self._poll.poll(0):
            return True
        before = time.monotonic()
        found = self._poll.poll(self._budget.left(before) * 1000)
        self._budget.spend(time.monotonic() - before)
        return bool(found)
