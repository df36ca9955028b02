"""Opens the address that a server listens on. It does not import the server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import GatewayError

ALL_INTERFACES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only compared, not bound
"""The wildcard addresses, and the loopback address of each. Browsers can open only the latter."""


class AddressError(GatewayError):
    """The server cannot listen on the address."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket. Connections wait in its backlog until the server starts. Raises AddressError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressError(f"The host '{host}' cannot be listened on: {error.strerror}.") from error
    with found:
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            found.listen(2048)
        except OSError as error:
            raise AddressError(f"Port {port} of '{host}' cannot be listened on: {error.strerror}.") from error
        yield found


def address(listener: socket.socket) -> str:
    """The URL at which this machine reaches a listening socket."""
    return url_of(*listener.getsockname()[:2])


def url_of(host: str, port: int) -> str:
    """The URL at which this machine reaches a server on a host and port. A wildcard host becomes loopback."""
    host = ALL_INTERFACES.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_public(listener: socket.socket) -> bool:
    """Whether a socket listens on all interfaces."""
    return listener.getsockname()[0] in ALL_INTERFACES
