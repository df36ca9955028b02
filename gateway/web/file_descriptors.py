"""File descriptors: how many the process may open, and how many connections they suffice for."""

from __future__ import annotations

import logging
import resource
from contextlib import suppress
from dataclasses import replace

from gateway.limits import Limits
from gateway.web.connection_timeouts import excess_of

logger = logging.getLogger("gateway")

OWN = 64
"""Descriptors of a server without connections: its listener, its log, files that it reads, and some to spare."""
OF_READER, OF_WORKER = 3, 4


def raise_allowed() -> int | None:
    """Raise the soft limit of the process to its hard limit, and return how many descriptors are allowed then.

    None means any number.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS refuses a hard limit of infinity
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if allowed == resource.RLIM_INFINITY else allowed


def own(readers: int, workers: int) -> int:
    """Descriptors that a server needs beside its connections."""
    return OWN + OF_READER * readers + OF_WORKER * workers


def fitting(limits: Limits, kept: int, allowed: int | None) -> Limits:
    """The limits with as few connections as the descriptors suffice for, `kept` for other uses. Logs a lower number."""
    needed = limits.connections + excess_of(limits.connections) + kept
    if allowed is None or needed <= allowed:
        return limits
    most = max(1, _most(allowed - kept))
    logger.warning(
        "limit_connections is %d, for which the process needs %d file descriptors, and it may open %d: at most %d"
        " connections are taken. Raise the hard limit of open files ('ulimit -Hn') to %d, or lower limit_connections.",
        *(limits.connections, needed, allowed, most, needed),
    )
    return replace(limits, connections=most)


def _most(room: int) -> int:
    """The most connections that fit with those in excess of them."""
    return next((most for most in range(room, 0, -1) if most + excess_of(most) <= room), 0)
