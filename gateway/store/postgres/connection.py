"""Connections to PostgreSQL. Errors of the driver become StoreError, with a hint how to fix them."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import Any

from gateway.errors import StoreError
from gateway.option_types import DatabaseUrl

CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0
ANSWER_SECONDS = 5.0
"""The time after which a server that does not answer a short statement counts as lost."""
SILENT_SECONDS = 30
"""How long the other end may be silent before a connection counts as lost, also if a network drops packets."""
_PROBES = 3

_LOST = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})
"""The states of a connection that the server ended or does not accept yet. Those of class 08 are lost too."""
READ_ONLY = (
    "is read-only, as a standby is. Name the primary, or name all servers in the URL with"
    " target_session_attrs=read-write."
)
_TOO_MANY = "53300"
_MEANINGS: Mapping[str, str] = {
    "28P01": "refuses the password. Correct it in the URL, in PGPASSWORD or in the file of PGPASSFILE.",
    "28000": "does not let the role log in. Check the name of the role, and pg_hba.conf on the server.",
    "3D000": "does not exist. Create it with createdb, or correct the name in the URL.",
    "42501": (
        "does not give the role a right that it needs. A loader needs CONNECT and CREATE on the database, a gateway"
        " needs USAGE of the schema and SELECT on its tables."
    ),
    "53100": "cannot grow: the disk of the server is full. Free some space.",
    _TOO_MANY: "has too many connections. Stop other clients, or raise max_connections on the server.",
    "25006": READ_ONLY,
    "08P01": (
        "refuses the settings of a session, as poolers do. Add statement_cache_size=0 to the URL of a gateway, and"
        " connect a loader to PostgreSQL itself."
    ),
}
"""Error messages for operators, by SQLSTATE."""


class ConnectionLost(StoreError):
    """The server cannot be reached now. A later try may succeed."""


@contextmanager
def translated(url: DatabaseUrl) -> Iterator[None]:
    """Raises StoreError for the errors of the driver: ConnectionLost if a later try may succeed."""
    asyncpg = driver_for(url)
    try:
        yield
    except socket.gaierror as error:
        raise ConnectionLost(
            f"The host of the database {url} is unknown. Correct the URL, or check the DNS."
        ) from error
    except TimeoutError as error:
        raise ConnectionLost(f"The database {url} does not answer. Check the network and the server.") from error
    except OSError as error:
        raise ConnectionLost(
            f"The database {url} cannot be reached: {error.strerror or error}. Start the server, or correct the URL."
        ) from error
    except asyncpg.ClientConfigurationError as error:
        raise StoreError(f"The URL {url} is wrong: {error}.") from error
    except asyncpg.TargetServerAttributeNotMatched as error:
        raise ConnectionLost(f"The database {url} has no such server now: {error}.") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise ConnectionLost(f"The connection to the database {url} is lost: {error}.") from error
    except asyncpg.PostgresError as error:
        raise _meaning(url, error) from error


def _meaning(url: DatabaseUrl, error: Any) -> StoreError:
    state = error.sqlstate or ""
    if meaning := _MEANINGS.get(state):
        kind = ConnectionLost if state == _TOO_MANY else StoreError
        return kind(f"The database {url} {meaning} PostgreSQL reports: {error}.")
    if state.startswith("08") or state in _LOST:
        return ConnectionLost(f"The connection to the database {url} is lost: {error}.")
    return StoreError(f"The database {url} cannot be used: {error} (SQLSTATE {state}).")


def driver_for(url: DatabaseUrl) -> ModuleType:
    """The driver, imported at its first use. Raises StoreError if it is not installed."""
    try:
        return _driver()
    except ModuleNotFoundError as error:
        raise StoreError(f"The database {url} needs a driver: pip install 'content-gateway[postgres]'.") from error


def _driver() -> ModuleType:
    return import_module("asyncpg")


async def lock_table(connection: Any, table: str, seconds: int) -> bool:
    """Locks a table against readers, in the transaction of the caller. Returns whether it is locked."""
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{seconds}s'")
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SET LOCAL lock_timeout = 0")
    except _driver().LockNotAvailableError:
        return False
    return True


@asynccontextmanager
async def connected(url: DatabaseUrl, purpose: str) -> AsyncIterator[Any]:
    """A connection whose search path is the schema of the URL. `purpose` is shown in pg_stat_activity.

    Raises StoreError, also for errors of the driver inside the context.
    """
    connection: Any = None
    with translated(url):
        try:
            connection = await _connect(url, purpose)
            yield connection
        finally:
            if connection is not None:
                await _close(connection)


def beginning(url: DatabaseUrl, statement: str) -> str:
    """A statement that begins a transaction. Behind a pooler each may have another session, so each sets the schema."""
    return f"{statement}; SET LOCAL search_path TO {url.schema}" if url.is_pooled else statement


async def _connect(url: DatabaseUrl, purpose: str) -> Any:
    settings = {"application_name": f"content-gateway {purpose}"}
    if not url.is_pooled:  # a pooler refuses others
        settings |= {
            "search_path": url.schema,
            "tcp_keepalives_idle": str(SILENT_SECONDS // 3),
            "tcp_keepalives_interval": str(SILENT_SECONDS // 3 // _PROBES),
            "tcp_keepalives_count": str(_PROBES),
        }
    options = {} if url.cached_statements is None else {"statement_cache_size": url.cached_statements}
    connection = await driver_for(url).connect(
        url.for_driver, timeout=CONNECT_SECONDS, server_settings=settings, **options
    )
    _limit_silence(connection._transport.get_extra_info("socket"))
    return connection


def _limit_silence(connected: socket.socket) -> None:
    """The other end's kernel answers probes, so a statement may take longer."""
    if connected.family != socket.AF_UNIX:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", SILENT_SECONDS // 3),
            ("TCP_KEEPINTVL", SILENT_SECONDS // 3 // _PROBES),
            ("TCP_KEEPCNT", _PROBES),
            ("TCP_USER_TIMEOUT", SILENT_SECONDS * 1000),
        ):
            if hasattr(socket, name):  # not on all systems
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _close(connection: Any) -> None:
    """Within a limited time: the other end may be lost."""
    with suppress(Exception):
        await connection.close(timeout=CLOSE_SECONDS)
    connection.terminate()
