"""The snapshot: runs queries on one leased reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeVar

from gateway.errors import RequestError
from gateway.model.collections import Collections
from gateway.model.problems import Problem, Severity
from gateway.model.records import Article, Generation, Visibility
from gateway.store import change_log
from gateway.store.answers import State, answers, known, uses_entities
from gateway.store.change_log import ChangeCursor
from gateway.store.cursor import Value
from gateway.store.dialect import SQLITE, Dialect
from gateway.store.entities import Entities, EntityCache
from gateway.store.list_query import ListQuery
from gateway.store.narrow_rows import planned
from gateway.store.protocol import Asked, ChangeCounts, Usage
from gateway.store.reads import WHOLE, Listing, ReadSteps
from gateway.store.rows import SEVERITIES, Row, generation, problem
from gateway.store.sql_files import named
from gateway.store.sql_fragment import NO_LIMIT, Sql, Steps, view
from gateway.store.tree import TreeCache

T = TypeVar("T")

_SQL = named("read.sql")
DECLARATION = _SQL["declaration"]
PROBLEMS = _SQL["problems"]
UNEXPOSED = _SQL["unexposed"]


class LeasedReader(Protocol):
    """The reader of a snapshot, leased from the first read on."""

    async def generation(self) -> Row: ...

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object]) -> Sequence[Row]: ...

    async def run(self, steps: Steps[T]) -> T: ...


class SqlSnapshot:
    """A snapshot of the generation that its lease reads."""

    def __init__(
        self,
        lease: LeasedReader,
        visibility: Visibility,
        entities: EntityCache,
        trees: TreeCache,
        dialect: Dialect = SQLITE,
    ) -> None:
        """`entities` and `trees` are the caches of this visibility."""
        self._trees = trees
        self._lease = lease
        self._visibility = visibility
        self._entity_cache = entities
        self._dialect = dialect
        self._entities: Entities | None = None
        self._usage = Usage()

    @property
    def visibility(self) -> Visibility:
        return self._visibility

    @property
    def usage(self) -> Usage:
        return self._usage

    async def generation(self) -> Generation:
        return generation(await self._lease.generation(), self._visibility)

    async def collections(self) -> Collections:
        [(text,)] = await self._ask(Sql(DECLARATION))
        return Collections.load(text)

    async def read(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, Any] | RequestError]:
        state = await self._state_for(asked)
        found = [answer for each in asked if (answer := known(state, *each)) is not None]
        return found if len(found) == len(asked) else await self._run(answers(state, asked))

    async def run(self, plan: ReadSteps[T]) -> T:
        return await self._run(planned(await self._state(), plan))

    async def matching_ids(self, listing: Listing[Article]) -> AbstractSet[str]:
        rows = await self._ask(
            ListQuery(listing, (), self._visibility, self._dialect).matching_ids("article.id", [WHOLE])
        )
        return {id_ for _, id_, _ in rows}

    async def change_counts(self, token: str) -> ChangeCounts:
        place = ChangeCursor.read(token, await self.generation(), view(self._visibility))
        [row] = await self._change_log(change_log.CHANGE_COUNTS, since=place.base if place else 0)
        return ChangeCounts(*row)

    async def changed_ids(self, token: str, first: int) -> Sequence[str]:
        place = ChangeCursor.read(token, await self.generation(), view(self._visibility))
        rows = await self._change_log(change_log.CHANGED_IDS, since=place.base if place else 0, limit=first)
        return [id_ for (id_,) in rows]

    async def token(self) -> str:
        generation = await self.generation()
        return ChangeCursor.end(generation).token(generation, view(self._visibility))

    async def _change_log(self, text: str, **parameters: Value) -> Sequence[Row]:
        return await self._rows(text, {"view": view(self._visibility), **parameters})

    async def unexposed_keys(self) -> Mapping[str, int]:
        if self._visibility is Visibility.PUBLIC:
            return {}
        return {row[0]: row[1] for row in await self._ask(Sql(UNEXPOSED, ()))}

    async def problems(self, severity: Severity | None, first: int | None) -> Sequence[Problem]:
        """Empty in a public snapshot, because problems name drafts."""
        if self._visibility is Visibility.PUBLIC:
            return ()
        lowest, highest = (SEVERITIES.index(severity),) * 2 if severity else (0, len(SEVERITIES))
        rows = await self._ask(Sql(PROBLEMS, (lowest, highest, NO_LIMIT if first is None else first)))
        return [problem(row) for row in rows]

    async def _state_for(self, asked: Sequence[Asked]) -> State:
        """With the entities of this generation, if a read uses them and they are in memory."""
        if self._entities is None and any(uses_entities(read) for read, _ in asked):
            return await self._state()
        return State(self._visibility, await self._lease.generation(), self._entities, self._dialect, self._trees)

    async def _state(self) -> State:
        row = await self._lease.generation()
        if self._entities is None:
            self._entities = await self._entity_cache.of(row, self._lease.rows)
        return State(self._visibility, row, self._entities, self._dialect, self._trees)

    async def _run(self, steps: Steps[T]) -> T:
        result, rows = await self._lease.run(_counted(steps))
        self._usage = Usage(self._usage.calls + 1, self._usage.rows + rows)
        return result

    async def _ask(self, query: Sql) -> Sequence[Row]:
        return await self._rows(*query)

    async def _rows(self, sql: str, parameters: Sequence[Value] | Mapping[str, Value]) -> Sequence[Row]:
        rows = await self._lease.rows(sql, parameters)
        self._usage = Usage(self._usage.calls + 1, self._usage.rows + len(rows))
        return rows


def _counted(steps: Steps[T]) -> Steps[tuple[T, int]]:
    """The result of the steps, and the number of rows that they read."""
    count = 0
    try:
        query = next(steps)
        while True:
            rows = yield query
            count += len(rows)
            query = steps.send(rows)
    except StopIteration as end:
        return end.value, count
