"""Raises the file descriptor limit of the process, and lowers the connection limit to fit it."""

from __future__ import annotations

import logging
import resource
from contextlib import suppress
from dataclasses import replace

from gateway.limits import Limits
from gateway.web.connection_timeouts import excess_of

logger = logging.getLogger("gateway")

OWN = 64
"""Descriptors of a server without connections: its listener, its log, files that it reads, and a reserve."""
OF_READER, OF_PARSER = 3, 4


def raise_allowed() -> int | None:
    """Raise the soft limit of the process to its hard limit, and return the new soft limit.

    None means unlimited.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS refuses a hard limit of infinity
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if allowed == resource.RLIM_INFINITY else allowed


def own(readers: int, parsers: int) -> int:
    """The number of descriptors that a server needs besides its connections."""
    return OWN + OF_READER * readers + OF_PARSER * parsers


def fitting(limits: Limits, kept: int, allowed: int | None) -> Limits:
    """The limits, with `connections` lowered to fit `allowed` descriptors minus `kept`. Logs a lowered limit."""
    needed = limits.connections + excess_of(limits.connections) + kept
    if allowed is None or needed <= allowed:
        return limits
    most = max(1, _most(allowed - kept))
    logger.warning(
        "limit_connections is %d and needs %d file descriptors, but the process may open %d. The limit is lowered to %d"
        " connections. Raise the hard limit of open files ('ulimit -Hn') to %d, or lower limit_connections.",
        *(limits.connections, needed, allowed, most, needed),
    )
    return replace(limits, connections=most)


def _most(room: int) -> int:
    """The highest connection limit whose connections and excess fit in `room` descriptors."""
    return next((most for most in range(room, 0, -1) if most + excess_of(most) <= room), 0)
