"""What an operator reads if PostgreSQL cannot be used. No message shows a password."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from gateway.errors import StoreError
from gateway.option_types import DatabaseUrl
from gateway.store.postgres.connection import ConnectionLost, connected
from gateway.store.postgres.session import loader_session
from tests.postgres import CAREFUL, PostgresServer, running_server
from tests.store.documents import apply, document
from tests.store.mirrored import in_sqlite
from tests.store.test_replica import loader, replicated


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_server() as started:
        yield started


async def message(url: str) -> str:
    """The error of a loader that connects."""
    with pytest.raises(StoreError) as caught:
        async with loader_session(DatabaseUrl(url), waits=False):
            pass
    return caught.value.message


async def execute(server: PostgresServer, *statements: str) -> None:
    connection = await asyncpg.connect(server.url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def test_unknown_host() -> None:
    said = await message("postgresql://gateway:word@nowhere.invalid/site")
    assert said.startswith("The host of the database postgresql://gateway:***@nowhere.invalid/site is unknown.")


async def test_server_that_does_not_run() -> None:
    """It may be started later, so a loader that persists tries again."""
    with pytest.raises(ConnectionLost, match=r"cannot be reached: .* Start the server, or correct the URL\."):
        async with connected(DatabaseUrl("postgresql://gateway@127.0.0.1:1/site"), "loader"):
            pass


async def test_wrong_password(server: PostgresServer) -> None:
    await execute(server, f"CREATE ROLE {CAREFUL} LOGIN PASSWORD 'right word'")
    said = await message(server.url.replace("gateway@", f"{CAREFUL}:wrong%20word@"))
    assert "refuses the password. Correct it in the URL, in PGPASSWORD or in the file of PGPASSFILE." in said
    assert "wrong" not in said
    assert f"{CAREFUL}:***@" in said


async def test_missing_right(server: PostgresServer) -> None:
    """A loader creates schemas."""
    await execute(server, "CREATE ROLE reader LOGIN")
    with pytest.raises(StoreError, match=r"A loader needs CONNECT and CREATE on the database.* permission denied"):
        async with connected(DatabaseUrl(server.url.replace("gateway@", "reader@")), "loader") as connection:
            await connection.execute("CREATE SCHEMA other")


async def test_rights_suffice(server: PostgresServer, tmp_path: Path) -> None:
    """A loader that owns nothing else fills the database, and a reader keeps its rights if the tables are replaced."""
    await execute(
        server,
        "CREATE ROLE filler LOGIN; GRANT CONNECT, CREATE ON DATABASE postgres TO filler; CREATE ROLE looker LOGIN",
        "ALTER DEFAULT PRIVILEGES FOR ROLE filler GRANT SELECT ON TABLES TO looker",
    )
    filler, looker = (
        server.url.replace("gateway@", f"{role}@") + "?search_path=rights" for role in ("filler", "looker")
    )
    async with loader(filler, tmp_path / "one.db") as store:
        await apply(store, document("a"))
    await execute(server, "GRANT USAGE ON SCHEMA rights TO looker", "TRUNCATE rights.transfer")
    async with loader(filler, tmp_path / "other.db") as store:
        await apply(store, document("b"))
        with pytest.raises(StoreError, match=r"is written by process \d+"):
            async with loader(filler, tmp_path / "third.db"):
                pass
    assert await replicated(looker) == in_sqlite(tmp_path / "other.db")


async def test_missing_role_and_database(server: PostgresServer) -> None:
    assert "does not let the role log in" in await message(server.url.replace("gateway@", "nobody@"))
    assert "does not exist. Create it with createdb" in await message(server.url.replace("/postgres", "/nothing"))


async def test_wrong_encoding(server: PostgresServer) -> None:
    await execute(server, "CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    said = await message(server.url.replace("/postgres", "/latin"))
    assert said.endswith("has the encoding LATIN1. Create one with the encoding UTF8.")


async def test_wrong_url(server: PostgresServer) -> None:
    assert "is wrong" in await message(f"{server.url}?sslmode=perhaps")


async def test_standby(server: PostgresServer) -> None:
    """A standby serves gateways, but no loader."""
    signal = server.data / "standby.signal"
    await asyncio.to_thread(server.stop)
    signal.touch()
    await asyncio.to_thread(server.start)
    try:
        assert "is read-only, as a standby is. Name the primary" in await message(server.url)
    finally:
        await asyncio.to_thread(server.stop)
        signal.unlink()
        await asyncio.to_thread(server.start)


async def test_full_disk(tmp_path: Path, postgres_url: str) -> None:
    """The rows are sent when there is space again, also by a loader that does not persist."""
    connection = await asyncpg.connect(postgres_url)
    async with loader(postgres_url, tmp_path / "working.db") as store:
        await apply(store, document("a"))
        await connection.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;"
            "CREATE TRIGGER full_disk BEFORE INSERT ON article EXECUTE FUNCTION full_disk()"
        )
        with pytest.raises(StoreError, match=r"the disk of the server is full\. Free some space\."):
            await apply(store, document("b"))
        await connection.execute("DROP TRIGGER full_disk ON article; DROP FUNCTION full_disk")
        await apply(store)
        assert await replicated(postgres_url) == in_sqlite(tmp_path / "working.db")
    await connection.close()


async def test_driver_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the error names the extra."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StoreError, match=r"needs a driver: pip install 'content-gateway\[postgres\]'"):
        async with loader("postgresql://gateway@db.example/site", tmp_path / "working.db"):
            pass


async def test_working_file_has_one_loader(tmp_path: Path, postgres_url: str) -> None:
    """Loaders of different databases do not share it."""
    async with loader(postgres_url, tmp_path / "working.db"):
        with pytest.raises(StoreError, match=r"working\.db is used by process \d+ on .* Stop that loader"):
            async with loader(f"{postgres_url}_2", tmp_path / "working.db"):
                pass
