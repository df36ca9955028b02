"""Frames of pickled values, which the gateway's own processes send to each other.

It does not import `asyncio`, so that a parser process starts faster.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Awaitable, Callable
from typing import Any

LENGTH = struct.Struct("<Q")
"""The length of the pickled value that follows."""


def framed(value: object) -> tuple[bytes, bytes]:
    """The parts of a frame, to be written in this order."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)), data


async def receive(read: Callable[[int], Awaitable[bytes]]) -> Any:
    """The value of the next frame. `read` reads a number of bytes, and its exceptions are raised."""
    (length,) = LENGTH.unpack(await read(LENGTH.size))
    return pickle.loads(await read(length))  # noqa: S301 - from our own process
