"""The messages between a server process and its supervisor."""

from __future__ import annotations

import asyncio
import socket
from enum import StrEnum
from typing import Any, NamedTuple

from gateway.frames import framed, receive


class Event(StrEnum):
    """What a server process reports. The supervisor passes WRITES on to all processes."""

    LISTENS = "listens"
    SERVES = "serves"
    WRITES = "writes"


class ReloadRequest(NamedTuple):
    """Sent to the supervisor, and by it to the process that writes."""

    number: int
    accept_empty: bool


class ReloadResult(NamedTuple):
    """Sent back the same way. `result` is pickled, so that the supervisor does not import what it contains."""

    number: int
    result: bytes


class ControlChannel:
    """One end of the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, connected: socket.socket) -> ControlChannel:
        return cls(*await asyncio.open_unix_connection(sock=connected))

    def send(self, message: Event | ReloadRequest | ReloadResult) -> None:
        """Does not fail if the other end is closed. `receive` notices that."""
        self._writer.writelines(framed(message))

    async def receive(self) -> Any:
        """The next message, or None if the other end is closed."""
        try:
            return await receive(self._reader.readexactly)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def close(self) -> None:
        self._writer.close()
