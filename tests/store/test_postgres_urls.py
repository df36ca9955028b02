"""URLs of PostgreSQL: more than one host, poolers, TLS, and passwords in files and variables."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import asyncpg
import pytest

from gateway.errors import StoreError
from gateway.option_types import DatabaseUrl
from gateway.store.postgres.connection import ConnectionLost, connected
from gateway.store.postgres.session import loader_session
from tests.postgres import CAREFUL, PostgresServer, certificate, running_pooler, running_server
from tests.store.documents import apply, document
from tests.store.replicated import ReplicatedStore
from tests.store.test_postgres_store import gateway, paths

SECRET = "open sesame"  # noqa: S105 - a test's own


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_server() as started:
        yield started


@pytest.fixture(scope="module")
def pooler(server: PostgresServer) -> Iterator[str]:
    with running_pooler(server) as url:
        yield url


@pytest.fixture
async def loaded(tmp_path: Path, server: PostgresServer) -> AsyncIterator[ReplicatedStore]:
    opened = await ReplicatedStore.open(tmp_path / "working.db", f"{server.url}?search_path=pooled")
    await apply(opened, document("a"))
    yield opened
    await opened.close()


# Hosts.


async def test_first_host_that_accepts_is_used(server: PostgresServer) -> None:
    url = server.url.replace("@", "@127.0.0.1:1,")
    async with connected(DatabaseUrl(f"{url}?target_session_attrs=any"), "loader") as connection:
        assert await connection.fetchval("SELECT 1") == 1
    with pytest.raises(ConnectionLost, match=r"cannot be reached|has no such server now"):
        async with connected(DatabaseUrl(f"{url}?target_session_attrs=standby"), "loader"):
            pass


# Poolers.


async def test_gateway_behind_a_pooler(loaded: ReplicatedStore, pooler: str) -> None:
    """It reads and follows generations, although each transaction may have another session."""
    async with gateway(f"{pooler}&search_path=pooled&statement_cache_size=0") as reader:
        for number in range(5):
            await apply(loaded, document(f"{number}"))
            while f"{number}" not in await paths(reader):
                await reader.reach()
            assert len(await asyncio.gather(*(paths(reader) for _ in range(8)))) == 8


async def test_pooler_that_is_not_named(pooler: str) -> None:
    with pytest.raises(StoreError, match=r"Add statement_cache_size=0 to the URL of a gateway"):
        async with gateway(pooler):
            pass


async def test_loader_behind_a_pooler(pooler: str) -> None:
    """It would lose its lock."""
    with pytest.raises(StoreError, match="Connect to PostgreSQL itself"):
        async with loader_session(DatabaseUrl(f"{pooler}&statement_cache_size=0"), waits=False):
            pass


# TLS.


async def test_certificate_is_checked(pooler: str, tmp_path: Path) -> None:
    address, _, known = pooler.partition("?sslrootcert=")
    for file, is_known in ((Path(known), True), (certificate(tmp_path), False)):
        url = DatabaseUrl(f"{address}?sslmode=verify-full&sslrootcert={file}&statement_cache_size=0")
        with nullcontext() if is_known else pytest.raises(ConnectionLost, match="certificate verify failed"):
            async with connected(url, "gateway") as connection:
                assert connection._transport.get_extra_info("ssl_object")


# Passwords.


@pytest.fixture(scope="module")
def careful(server: PostgresServer) -> str:
    """The URL of a role that needs a password, without it."""

    async def create() -> None:
        connection = await asyncpg.connect(server.url)
        await connection.execute(f"CREATE ROLE {CAREFUL} LOGIN PASSWORD '{SECRET}'")
        await connection.close()

    asyncio.run(create())
    return server.url.replace("gateway@", f"{CAREFUL}@")


@pytest.fixture(params=["variable", "file"])
def give(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the password that is not in the URL."""

    def in_variable(password: str) -> None:
        monkeypatch.setenv("PGPASSWORD", password)

    def in_file(password: str) -> None:
        file = tmp_path / "passwords"
        file.write_text(f"*:*:*:{CAREFUL}:{password}\n")
        file.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(file))

    return in_variable if request.param == "variable" else in_file


async def test_password_outside_the_url(
    careful: str, give: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """It is used, and not logged at any level, also if it is wrong."""
    caplog.set_level(logging.DEBUG)
    give(SECRET)
    async with gateway(careful) as reader:
        assert not await reader.ready()
    give("the wrong word")
    with pytest.raises(StoreError, match="refuses the password") as caught:
        async with gateway(careful):
            pass
    for word in (SECRET, "the wrong word"):
        assert word not in caplog.text + caught.value.message
