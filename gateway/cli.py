"""The command `gateway`: installs signal handlers, then imports and runs the command.

The kernel drops signals without a handler for process 1, as in a container. Other processes have default actions.
"""

from __future__ import annotations

import sys

from gateway.signals import abort_on_signal

OLDEST = (3, 11)
"""The minimum version of Python. This module also runs on older versions, to report the requirement."""


def main() -> None:
    check_python()
    abort_on_signal()
    __import__("gateway.commands.group", fromlist=["main"]).main(prog_name="gateway")  # importlib would come too early


def check_python() -> None:
    """Exit with a message if Python is too old."""
    if sys.version_info < OLDEST:
        needed, found = (f"{version[0]}.{version[1]}" for version in (OLDEST, sys.version_info))
        raise SystemExit(f"content-gateway needs Python {needed} or later; this is {found}.")
