"""Rate-limited logging of an event that may recur thousands of times a second."""

from __future__ import annotations

import asyncio
import logging

logger = logging.getLogger("gateway")

SECONDS = 10.0


class LogCounter:
    """Logs the first event at once, then the count of further events at the end of each period."""

    def __init__(self, message: str, seconds: float = SECONDS) -> None:
        """`message` is a full sentence without its full stop."""
        self._message = message
        self._seconds = seconds
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self) -> None:
        self._count += 1
        if not self._timer:
            logger.warning("%s.", self._message)
            self._count = 0
            self._begin()

    def _begin(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def _end(self) -> None:
        self._timer = None
        if self._count:
            logger.warning("%s: %d more times in %g s.", self._message, self._count, self._seconds)
            self._count = 0
            self._begin()
