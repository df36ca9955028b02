"""A network between clients and a server on this machine that can fall silent: it delays packets instead of refusing
connections."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Network:
    """Forwards the connections to `port` on this machine to a server."""

    def __init__(self, server: int) -> None:
        """`server` is the port of the server."""
        self._server = server
        self._passes = asyncio.Event()
        self._passes.set()
        self._connections = set[asyncio.Task[None]]()
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def to(cls, server: int) -> AsyncIterator[Network]:
        network = cls(server)
        listening = await asyncio.start_server(network._accept, "127.0.0.1", 0)
        network.port = listening.sockets[0].getsockname()[1]
        try:
            yield network
        finally:
            listening.close()
            for connection in network._connections:
                connection.cancel()
            await asyncio.gather(*network._connections, return_exceptions=True)

    def url(self, url: str) -> str:
        """The URL of the server through this network."""
        return url.replace(f":{self._server}/", f":{self.port}/")

    def fall_silent(self) -> None:
        """From now on nothing arrives, in both directions, also no end of a connection."""
        self._passes.clear()

    def recover(self) -> None:
        """What was sent meanwhile arrives."""
        self._passes.set()

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Keeps the task, because asyncio logs an error for a cancelled one of its own."""
        connection = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            with suppress(ConnectionRefusedError):
                server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server)
                await asyncio.gather(self._forward(reader, server_writer), self._forward(server_reader, writer))
        finally:
            writer.close()

    async def _forward(self, source: StreamReader, target: StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                while data := await source.read(2**16):
                    await self._passes.wait()
                    target.write(data)
                    await target.drain()
            await self._passes.wait()
        finally:
            target.close()
