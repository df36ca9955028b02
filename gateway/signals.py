"""Actions of SIGINT and SIGTERM until a server handles them itself. Imports only fast modules."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

SERVERS = ("dev", "serve")


def abort_on_signal() -> None:
    """End at once. While modules are imported, Python may drop an exception that a handler raises."""
    _handle(_abort)


def exit_on_signal() -> None:
    """End with SystemExit, so that what the command has opened is closed."""
    _handle(_exit)


def _handle(handler: signal._HANDLER) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _abort(number: int, _frame: FrameType | None) -> None:
    os._exit(_code(number))


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(_code(number))


def _code(number: int) -> int:
    """What runs until a signal has done its work, another command has not."""
    command, *options = sys.argv[1:] or [""]
    return 0 if command in SERVERS or (command == "load" and "--watch" in options) else 128 + number
