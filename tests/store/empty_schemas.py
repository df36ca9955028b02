"""PostgreSQL schemas with the tables of an empty database, which tests use one after another.

To create the tables takes longer than most tests, and to empty them does not.
"""

# ruff: noqa: S608 - the names are those of tables.

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from gateway.store.postgres.copying import copy_all
from gateway.store.postgres.tables import NAMES
from gateway.store.rows import Row
from gateway.store.sqlite.driver import SqliteConnection
from tests.postgres import own_schema
from tests.store.template import TRANSFER, sent_database

_KEPT = "folding"
"""A table that is equal in all databases."""


class EmptySchemas:
    """The schemas of one server."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._free = list[str]()
        self._rows = dict[str, list[Row]]()
        """The rows of an empty database."""

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[str]:
        """The URL of a schema that has the rows of `sent_database`."""
        url = await self._emptied(self._free.pop()) if self._free else await self._created()
        yield url
        self._free.append(url)

    async def _created(self) -> str:
        url = own_schema(self._server)
        connection = await asyncpg.connect(url)
        with TemporaryDirectory() as folder:
            file = SqliteConnection.open(sent_database(Path(folder) / "empty.db"))
            async with file as source, connection.transaction():
                await copy_all(connection, url.partition("search_path=")[2], source, TRANSFER)
        if not self._rows:
            found = {name: await connection.fetch(f"SELECT * FROM {name}") for name in NAMES if name != _KEPT}
            self._rows = {name: list(map(tuple, rows)) for name, rows in found.items() if rows}
        await connection.close()
        return url

    async def _emptied(self, url: str) -> str:
        connection = await asyncpg.connect(url)
        await connection.execute(";".join(f"DELETE FROM {name}" for name in NAMES if name != _KEPT))
        for name, rows in self._rows.items():
            await connection.copy_records_to_table(name, records=rows)
        await connection.close()
        return url
