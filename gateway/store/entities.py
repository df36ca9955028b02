"""The providers, topics and authors of a generation in memory. A new generation reads only those that its runs changed.

Lists of them are read from the tables.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from gateway.model.records import Visibility
from gateway.store.reads import (
    ARTICLES_OF_AUTHOR,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    AUTHOR_BY_ID,
    AUTHOR_BY_KEY,
    AUTHOR_BY_SLUG,
    PROVIDER_BY_ID,
    PROVIDER_BY_KEY,
    PROVIDER_BY_SLUG,
    TOPIC_BY_ID,
    TOPIC_BY_KEY,
    TOPIC_BY_SLUG,
    Listing,
    Lookup,
)
from gateway.store.rows import AUTHOR, PROVIDER, TOPIC, Record, Row
from gateway.store.sql_fragment import Sql, keyed_views, viewed
from gateway.store.tables import KEYED_VIEW

T = TypeVar("T")

FEW = 500
"""The number of rows up to which the event loop makes the records, because a thread would take longer to start."""
RunQuery = Callable[[str, Mapping[str, object]], Awaitable[Sequence[Row]]]
"""Runs a query in the transaction of a snapshot."""


class _Kind(NamedTuple):
    record: Record[Any]
    lookups: tuple[Lookup[Any], Lookup[Any], Lookup[Any]]
    """By id, by key and by slug."""
    articles: Listing[Any]
    """The list that an entity's count is the length of. Its parents are keys."""
    id_prefix: str
    columns: str
    """As many for each kind. `record.make` ignores those after its own."""

    @property
    def shown(self) -> str:
        """The view, the count and the record's columns."""
        table = self.record.table
        return f"{table}.view, CASE {table}.view WHEN {KEYED_VIEW} THEN 0 ELSE {table}.count END, {self.columns}"


_KINDS = (
    _Kind(PROVIDER, (PROVIDER_BY_ID, PROVIDER_BY_KEY, PROVIDER_BY_SLUG), ARTICLES_OF_PROVIDER, "pr_", PROVIDER.columns),
    _Kind(TOPIC, (TOPIC_BY_ID, TOPIC_BY_KEY, TOPIC_BY_SLUG), ARTICLES_OF_TOPIC, "to_", f"{TOPIC.columns}, NULL, NULL"),
    _Kind(AUTHOR, (AUTHOR_BY_ID, AUTHOR_BY_KEY, AUTHOR_BY_SLUG), ARTICLES_OF_AUTHOR, "au_", AUTHOR.columns),
)
LOOKUPS = frozenset(lookup for kind in _KINDS for lookup in kind.lookups)
"""The lookups of entities."""
COUNTED: Mapping[Listing[Any], Lookup[Any]] = {kind.articles: kind.lookups[1] for kind in _KINDS}
"""The lists whose lengths are the counts of entities, with the lookup of their parents."""

_WITHIN_LIMIT = f"""(SELECT count(*) FROM (
  {" UNION ALL ".join(f"SELECT 1 FROM {kind.record.table} WHERE view IN :views" for kind in _KINDS)} LIMIT :limit + 1
) AS held) <= :limit"""
ALL = " UNION ALL ".join(
    f"SELECT {at}, {table}.id, {kind.shown} FROM {table} WHERE {table}.view IN :views AND {_WITHIN_LIMIT}"
    for at, kind in enumerate(_KINDS)
    for table in (kind.record.table,)
)
"""All entities: the index of the kind, the id, and what `_Kind.shown` has. No rows if there are more than `:limit`."""
CHANGED = " UNION ALL ".join(
    f"""
    SELECT {at}, marked.id, {kind.shown} FROM record_change AS marked
    LEFT JOIN {table} ON {table}.view IN :views AND {table}.id = marked.id
    WHERE marked.view = :view AND marked.changed > :since AND substr(marked.id, 1, 3) = '{kind.id_prefix}'
    """
    for at, kind in enumerate(_KINDS)
    for table in (kind.record.table,)
)
"""The entities that were added, changed or removed after a counter. The view of a removed one is null."""


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """A provider, topic or author as a view shows it."""

    view: int
    count: int
    """The length of its list of articles."""
    record: Any


class Entities:
    """The entities of one generation and visibility. Immutable."""

    def __init__(self) -> None:
        self._found: Mapping[Lookup[Any], dict[str, tuple[Entity, ...]]] = {lookup: {} for lookup in LOOKUPS}
        """By lookup and key. Entities of different keys can have one slug: that of the lowest view and key is found."""

    def __len__(self) -> int:
        return sum(len(self._found[kind.lookups[0]]) for kind in _KINDS)

    def find(self, lookup: Lookup[T], keys: Sequence[str]) -> Mapping[str, T | None]:
        known = self._found[lookup]
        return {key: known[key][0].record if key in known else None for key in keys}

    def counts(self, listing: Listing[Any], parents: Sequence[str]) -> Mapping[str, int]:
        known = self._found[COUNTED[listing]]
        return {parent: known[parent][0].count if parent in known else 0 for parent in parents}

    def updated(self, rows: Sequence[Row]) -> Entities:
        """The entities of a later generation, from the rows of ALL or CHANGED."""
        after = Entities()
        after._found = {lookup: dict(known) for lookup, known in self._found.items()}
        for at, id_, view, count, *columns in rows:
            kind = _KINDS[at]
            for entity in after._found[kind.lookups[0]].get(id_, ()):
                after._remove(kind, entity)
            if view is not None:
                after._add(kind, Entity(view, count, kind.record.make(columns)))
        return after

    def _remove(self, kind: _Kind, entity: Entity) -> None:
        for known, key in self._places(kind, entity):
            others = tuple(other for other in known.pop(key) if other is not entity)
            if others:
                known[key] = others

    def _add(self, kind: _Kind, entity: Entity) -> None:
        single = (entity,)
        for known, key in self._places(kind, entity):
            known[key] = tuple(sorted((*known[key], entity), key=_rank)) if key in known else single

    def _places(self, kind: _Kind, entity: Entity) -> Iterator[tuple[dict[str, tuple[Entity, ...]], str]]:
        """The dictionaries of an entity, each with its key."""
        record = entity.record
        for lookup, key in zip(kind.lookups, (record.id, record.key, record.slug), strict=True):
            yield self._found[lookup], key


def _rank(entity: Entity) -> tuple[int, str]:
    return entity.view, entity.record.key


class _Held(NamedTuple):
    epoch: str
    counter: int
    entities: Entities | None
    """None if there are too many."""


class EntityCache:
    """The entities of the newest generation that a snapshot has used, for one visibility."""

    def __init__(self, visibility: Visibility, limit: int) -> None:
        """`limit` is the maximum number of entities. 0 disables the cache."""
        self._visibility = visibility
        self._limit = limit
        self._held = _Held("", 0, None)
        self._loading = asyncio.Lock()

    async def of(self, generation: Row, read: RunQuery) -> Entities | None:
        """The entities of a generation, which `read` reads. None if there are too many, or the generation is older than
        the newest one."""
        if not self._limit:
            return None
        epoch, counter_all, counter_public, *_ = generation
        counter = counter_public if self._visibility is Visibility.PUBLIC else counter_all
        async with self._loading:
            if self._held.epoch != epoch:
                self._held = _Held(epoch, 0, None)
            if self._held.counter < counter:
                self._held = _Held(epoch, counter, await self._next(read))
            return self._held.entities if self._held.counter == counter else None

    async def _next(self, read: RunQuery) -> Entities | None:
        """The entities of the generation after the one that is held."""
        before = self._held.entities
        rows = await self._rows(read, ALL if before is None else CHANGED)
        if before is None and not rows:
            return None
        update = (before or Entities()).updated
        entities = update(rows) if len(rows) <= FEW else await asyncio.to_thread(update, rows)
        return entities if len(entities) <= self._limit else None

    async def _rows(self, read: RunQuery, query: str) -> Sequence[Row]:
        text = viewed(Sql(query.replace(":views", keyed_views(self._visibility))), self._visibility).sql
        return await read(text, {"limit": self._limit, "since": self._held.counter})
