"""The command `gateway`: installs signal handlers, then imports and runs the command.

The kernel drops signals without a handler for process 1, as in a container. Other processes have default actions.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from types import FrameType

OLDEST = (3, 11)
"""The minimum version of Python. This module also runs on older versions, to report the requirement."""
SERVERS = ("dev", "serve")


def main() -> None:
    check_python()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    import_module("gateway.commands.group").main(prog_name="gateway")


def check_python() -> None:
    """Exit with a message if Python is too old."""
    if sys.version_info < OLDEST:
        needed, found = (f"{version[0]}.{version[1]}" for version in (OLDEST, sys.version_info))
        raise SystemExit(f"content-gateway needs Python {needed} or later; this is {found}.")


def _end(number: int, _frame: FrameType | None) -> None:
    """Exit on a signal before a server installs its own handlers: servers with 0, other commands with 128 + number."""
    raise SystemExit(0 if sys.argv[1:2] in ([name] for name in SERVERS) else 128 + number)
