"""Standard outputs that never block a server. Output that cannot be written is dropped."""

from __future__ import annotations

import io
import select
import sys
from typing import Any, TextIO

CHUNK_BYTES = select.PIPE_BUF
"""The number of bytes that a writable pipe accepts without blocking."""
WRITE_TIMEOUT = 1.0
"""Seconds to wait for the reader of a pipe. After a time-out, writes do not wait until the reader reads again."""


def protect() -> None:
    """Replace standard output and standard error of this process."""
    sys.stdout, sys.stderr = _protected(sys.stdout), _protected(sys.stderr)


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


class _DroppingFile(io.FileIO):
    """A file whose writes always succeed. Data that cannot be written is dropped."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._poll = select.poll()
        self._poll.register(self.fileno(), select.POLLOUT)
        self._is_read = True

    def write(self, data: Any) -> int:
        """Drops the rest if the disk is full, or if the reader is gone or does not read."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), CHUNK_BYTES):
            self._is_read = bool(self._poll.poll(WRITE_TIMEOUT * 1000 if self._is_read else 0))
            if not self._is_read:
                break
            try:
                super().write(view[start : start + CHUNK_BYTES])
            except OSError:
                break
        return len(view)
