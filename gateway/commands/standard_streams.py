"""Standard outputs that never stop a server: what cannot be written is dropped."""

from __future__ import annotations

import io
import select
import sys
from typing import Any, TextIO

CHUNK_BYTES = select.PIPE_BUF
"""Bytes that a pipe takes without waiting, once it takes any."""
WRITE_TIMEOUT = 1.0
"""Seconds to wait for the reader of a pipe; once it has not come, it is not waited for until it reads again."""


def protect() -> None:
    """Put such outputs in the place of this process's own."""
    sys.stdout, sys.stderr = _protected(sys.stdout), _protected(sys.stderr)


def _protected(stream: TextIO) -> TextIO:
    if stream is None or not _has_descriptor(stream):  # the process began without it, or does not own it
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
    """A file that takes all that is written, whether it can keep it or not."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._poll = select.poll()
        self._poll.register(self.fileno(), select.POLLOUT)
        self._is_read = True

    def write(self, data: Any) -> int:
        """Drops the rest where a disk is full, a reader has gone, or one does not read."""
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
