"""The command `gateway`: it handles signals first, and imports what it runs after that.

A process with the id 1, as in a container, has no default action for a signal: the kernel drops one without a handler.
"""

from __future__ import annotations

import sys
from importlib import import_module

from gateway.commands.signals import abort_on_signal

OLDEST = (3, 11)
"""The version of Python that is needed. This module itself runs on older ones, so that it can report that."""


def main() -> None:
    check_python()
    abort_on_signal()
    import_module("gateway.commands.group").main(prog_name="gateway")


def check_python() -> None:
    """End with a message if Python is too old."""
    if sys.version_info < OLDEST:
        needed, found = (f"{version[0]}.{version[1]}" for version in (OLDEST, sys.version_info))
        raise SystemExit(f"content-gateway needs Python {needed} or later; this is {found}.")
