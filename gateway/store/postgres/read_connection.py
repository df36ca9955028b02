"""A reading connection to PostgreSQL, which connects again after it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any, TypeVar

from gateway.errors import DatabaseUnavailable, StoreError
from gateway.option_types import DatabaseUrl
from gateway.store.postgres.connection import ANSWER_SECONDS, ConnectionLost, beginning, connected, translated
from gateway.store.postgres.dialect import arguments
from gateway.store.postgres.dialect import translated as in_postgres
from gateway.store.rows import Row
from gateway.store.sql_fragment import Steps
from gateway.store.sqlite.driver import CLOSED

T = TypeVar("T")

BEGIN, MARK = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SAVEPOINT begun"
AGAIN = "ROLLBACK TO begun"
"""Ends the error of a statement, or of one that was cancelled. The snapshot of the transaction stays."""
CONFLICT = "40001"
"""A standby ends a transaction that reads what the primary has deleted."""


class ReadConnection:
    """See `ReaderConnection`. Raises DatabaseUnavailable while the server cannot be reached."""

    def __init__(self, url: DatabaseUrl) -> None:
        self._url = url
        self._begin = f"{beginning(url, BEGIN)}; {MARK}"
        self._connecting = AsyncExitStack()
        self._connection: Any = None
        self._has_begun = False
        self._has_failed = False
        """Whether the last statement failed, so that the transaction takes no other one."""
        self._is_refusing = False
        self._using = asyncio.Lock()
        """The driver runs one statement at a time."""

    @property
    def in_transaction(self) -> bool:
        return self._has_begun

    async def begin(self) -> None:
        with self._translated():
            async with self._using:
                if self._connection is None or self._connection.is_closed():
                    await self._disconnect()
                    self._connection = await self._connecting.enter_async_context(connected(self._url, "gateway"))
                self._has_begun, self._has_failed = True, False  # also if the caller is cancelled
                await self._connection.execute(self._begin)

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Row]:
        with self._translated():
            async with self._using:
                return await self._fetched(sql, parameters)

    async def run_steps(self, steps: Steps[T]) -> T:
        with self._translated():
            async with self._using:
                try:
                    query = next(steps)
                    while True:
                        query = steps.send(await self._fetched(*query))
                except StopIteration as end:
                    result: T = end.value
                    return result

    async def _fetched(self, sql: str, parameters: Sequence[object] | Mapping[str, object]) -> Sequence[Row]:
        if not self._has_begun:
            raise ConnectionLost("The connection was lost during the snapshot.")
        statement = in_postgres(sql)
        if self._has_failed:
            await self._connection.execute(AGAIN)
        self._has_failed = True
        found: Sequence[Row] = await self._connection.fetch(statement.text, *arguments(statement, parameters))
        self._has_failed = False
        return found

    async def rollback(self) -> None:
        """Does not fail: a connection that is lost has no transaction."""
        async with self._using:
            if self._has_begun:
                self._has_begun = False
                with suppress(StoreError), translated(self._url):
                    await self._connection.execute("ROLLBACK", timeout=ANSWER_SECONDS)
                    return
                await self._disconnect()

    async def interrupt(self) -> None:
        """The driver has interrupted the statement of a task that was cancelled."""
        if self._is_refusing:
            await self._disconnect()

    def stop_accepting(self) -> None:
        self._is_refusing = True

    async def _disconnect(self) -> None:
        connection, self._connection, self._has_begun = self._connection, None, False
        if connection is not None:
            connection.terminate()
        with suppress(StoreError):
            await self._connecting.aclose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self._is_refusing:
            raise StoreError(CLOSED)
        try:
            with translated(self._url):
                yield
        except ConnectionLost as error:
            self.drop()
            raise DatabaseUnavailable from error
        except StoreError as error:
            if getattr(error.__cause__, "sqlstate", None) == CONFLICT:
                self.drop()
                raise DatabaseUnavailable from error
            raise

    def drop(self) -> None:
        """Fails the running statement, as if the server had closed the connection."""
        self._has_begun = False
        if self._connection is not None:
            self._connection.terminate()
