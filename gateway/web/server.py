"""Runs an ASGI application on a socket until a signal, together with a background task."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network, ip_network
from typing import Any, TypeVar, cast

import uvicorn
from starlette.types import ASGIApp

from gateway.limits import Limits
from gateway.web.connection_timeouts import ConnectionConfig, TimedHttpProtocol, excess_of
from gateway.web.listener import Listener

new_event_loop: Callable[[], asyncio.AbstractEventLoop]
try:
    import uvloop
except ImportError:  # it does not support Windows
    new_event_loop = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

POLL_SECONDS = 0.1
"""Interval of checks for a signal before connections are accepted."""
GRACE_SECONDS = 10
"""How long pending responses may take at shutdown."""


T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a server in the event loop of uvloop, or in asyncio's where uvloop is not installed."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


Starting = Callable[[], Coroutine[Any, Any, object]]


class _Server(uvicorn.Server):
    def __init__(
        self, config: ConnectionConfig, starting: Starting | None, stopping: Callable[[], None], *, shared: bool
    ) -> None:
        super().__init__(config)
        self._config = config
        self._shared = shared
        self._starting = starting
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections with Listener instead of asyncio's server."""
        if self._starting:
            starting = asyncio.ensure_future(self._starting())
            while not (starting.done() or self.should_exit):
                await asyncio.wait((starting,), timeout=POLL_SECONDS)
            starting.cancel()
        most = self._config.limits.connections
        most += excess_of(most)
        connections = self.server_state.connections
        listeners = [
            Listener(each, self._connection, lambda: len(connections), most, shared=self._shared)
            for each in sockets or ()
        ]
        self.servers = cast("list[asyncio.Server]", listeners)
        self.started = True

    def _connection(self) -> TimedHttpProtocol:
        return TimedHttpProtocol(self._config, self.server_state, {})

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the endless streams first, because the shutdown waits for them."""
        self._stopping()
        await super().shutdown(sockets)


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    limits: Limits,
    *,
    trusted_proxies: Sequence[str] = (),
    work: Callable[[], Awaitable[object]],
    starting: Starting | None = None,
    stopping: Callable[[], None],
    shared: bool = False,
) -> None:
    """Serve until SIGINT, SIGTERM, or the end of `work`, which runs concurrently. Raises the exceptions of `work`.

    Connections are accepted after `starting`. The server trusts `X-Forwarded-*` of
    `trusted_proxies` only. It calls `stopping` before it waits for pending responses. Other processes may accept from a
    `shared` listener too.
    """
    server = _Server(_config(app, limits, trusted_proxies), starting, stopping, shared=shared)
    working = asyncio.ensure_future(work())

    def stop(_: asyncio.Future[object]) -> None:
        server.should_exit = True

    working.add_done_callback(stop)
    with _signals_are_no_failure():
        await server.serve([listener])
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


def _config(app: ASGIApp, limits: Limits, trusted_proxies: Sequence[str]) -> ConnectionConfig:
    return ConnectionConfig(
        app,
        limits,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=[form for network in trusted_proxies for form in _both_forms(network)],
        ws_per_message_deflate=False,  # a small compressed message may expand to a large one
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _both_forms(network: str) -> Sequence[str]:
    """A network and, for IPv4, its IPv4-mapped IPv6 form, which a dual-stack socket reports (RFC 4291, 2.5.5.2)."""
    found = ip_network(network)
    if isinstance(found, IPv4Network):
        return network, f"::ffff:{found.network_address}/{96 + found.prefixlen}"
    mapped = found.network_address.ipv4_mapped
    return (network, f"{mapped}/{found.prefixlen - 96}") if mapped and found.prefixlen >= 96 else (network,)


@contextmanager
def _signals_are_no_failure() -> Iterator[None]:
    """Ignore the signal that uvicorn raises again after shutdown. It would end the process with a failure status."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: None) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
