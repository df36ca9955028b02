"""The snapshot: runs queries on one leased reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from gateway.errors import NotReady
from gateway.model.lists import BEST_FIRST, Group, Grouping, Interval, Largest, Order, Page, Window
from gateway.model.problems import Problem, Severity
from gateway.model.records import (
    Adjacent,
    Article,
    ArticleChange,
    Generation,
    Provider,
    Related,
    Similar,
    Statistics,
    Text,
    Topic,
    Visibility,
)
from gateway.search import Search
from gateway.store import change_log, facet_sql, similar_sql
from gateway.store.change_log import ChangeCursor
from gateway.store.cursor import Value
from gateway.store.entities import COUNTED, Entities, EntityCache
from gateway.store.entities import LOOKUPS as ENTITY_LOOKUPS
from gateway.store.list_query import ListQuery, find
from gateway.store.list_sources import LOOKUPS
from gateway.store.protocol import TOPIC_BY_KEY, WHOLE, ChangeCounts, ChangePage, Listing, Lookup, Usage
from gateway.store.rows import (
    ARTICLE,
    PROVIDER,
    SEVERITIES,
    TOPIC,
    Row,
    instant,
    optional_instant,
    problem,
    related,
    related_items,
    text_record,
)
from gateway.store.search_sql import Ranked, scores
from gateway.store.sql_files import named
from gateway.store.sql_fragment import Sql, keys, reachable, view, visible
from gateway.store.suggestions import Suggestion

T = TypeVar("T")
K = TypeVar("K")

OF_ARTICLES = "SELECT article.id, {columns} FROM json_each(?) AS parent CROSS JOIN article ON article.id = parent.value"
"""The start of each query for articles by id. `reachable` must follow."""
_SQL = named("read.sql")
PROBLEMS = _SQL["problems"]
UNEXPOSED = _SQL["unexposed"]
HIDDEN = "(SELECT count(*) FROM article WHERE status IN ('DRAFT', 'SCHEDULED', 'EXPIRED'))"
NO_LIMIT = -1


class LeasedReader(Protocol):
    """The reader of a snapshot, leased from the first read on."""

    async def generation(self) -> Row: ...

    async def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object]) -> Sequence[Row]: ...


class SqlSnapshot:
    """A snapshot of the generation that its lease reads."""

    def __init__(self, lease: LeasedReader, visibility: Visibility, entities: EntityCache) -> None:
        """`entities` is the cache of this visibility."""
        self._lease = lease
        self._visibility = visibility
        self._entity_cache = entities
        self._entities: Entities | None = None
        self._usage = Usage()

    @property
    def visibility(self) -> Visibility:
        return self._visibility

    @property
    def usage(self) -> Usage:
        return self._usage

    async def generation(self) -> Generation:
        epoch, counter_all, counter_public, as_of, loaded_all, loaded_public, due = await self._lease.generation()
        if not counter_all:
            raise NotReady
        public = self._visibility is Visibility.PUBLIC
        counter, loaded = (counter_public, loaded_public) if public else (counter_all, loaded_all)
        return Generation(epoch, counter, instant(as_of), instant(loaded), optional_instant(due))

    async def find(self, lookup: Lookup[T], keys: Sequence[str]) -> Mapping[str, T]:
        if not keys:
            return {}
        if lookup in ENTITY_LOOKUPS and (entities := await self._held_entities()) is not None:
            return entities.find(lookup, keys)
        found = LOOKUPS[lookup]
        rows = await self._ask(find(found, keys, self._visibility))
        made = ((keys[at], found.record.make(row)) for at, *row in reversed(rows))
        return {key: record for key, record in made if record is not None}

    async def pages(
        self, listing: Listing[T], parents: Sequence[str], order: Order, window: Window
    ) -> Mapping[str, Page[T]]:
        ordered = await self._ordered(listing, order)
        rows_of: list[list[Row]] = [[] for _ in parents]
        for at, *row in await self._ask(ordered.page(parents, window)):
            rows_of[at].append(row)
        return {parent: _page(ordered, rows, window) for parent, rows in zip(parents, rows_of, strict=True)}

    async def counts(self, listing: Listing[T], parents: Sequence[str]) -> Mapping[str, int]:
        if listing in COUNTED and (entities := await self._held_entities()) is not None:
            return entities.counts(listing, parents)
        rows = await self._ask(self._listed(listing).count(parents))
        return {parents[at]: count for at, count in rows}

    async def has_rows_before(
        self, listing: Listing[T], parents: Sequence[str], order: Order, window: Window
    ) -> Mapping[str, bool]:
        if window.cursor is None and not window.offset:
            return dict.fromkeys(parents, False)
        ordered = await self._ordered(listing, order)
        found = {at for (at,) in await self._ask(ordered.has_rows_before(parents, window))}
        return {parent: at in found for at, parent in enumerate(parents)}

    async def adjacent(
        self, listing: Listing[Article], article_ids: Sequence[str], order: Order
    ) -> Mapping[str, Adjacent]:
        found = [Adjacent() for _ in article_ids]
        rows = await self._ask(ListQuery(listing, order, self._visibility).adjacent(article_ids))
        for at, side, *row, _ in rows:
            found[at] = found[at]._replace(**{side: ARTICLE.make(row)})
        return dict(zip(article_ids, found, strict=True))

    async def top_groups(
        self, listing: Listing[Article], parents: Sequence[str], groups: Largest
    ) -> Mapping[str, Sequence[Group[Topic | Provider | str]]]:
        rows = await self._ask(facet_sql.top_groups(self._listed(listing), parents, groups))
        make = _GROUPED[groups.by]
        return _of(parents, ((at, Group(make(row), count)) for at, count, *row, _ in rows))

    async def histogram(
        self, listing: Listing[Article], parents: Sequence[str], interval: Interval
    ) -> Mapping[str, Sequence[Group[datetime]]]:
        rows = await self._ask(facet_sql.histogram(self._listed(listing), parents, interval))
        return _of(parents, ((at, Group(instant(start * facet_sql.DAY), count)) for at, start, count in rows))

    async def quality_ranges(
        self, listing: Listing[Article], parents: Sequence[str], bounds: Sequence[int]
    ) -> Mapping[str, Sequence[int]]:
        counts = {parent: [0] * (len(bounds) + 1) for parent in parents}
        for at, reached, count in await self._ask(facet_sql.quality_ranges(self._listed(listing), parents, bounds)):
            counts[parents[at]][reached] = count
        return counts

    async def topics_of(self, article_ids: Sequence[str]) -> Mapping[str, Sequence[Topic]]:
        join = "JOIN article_topic ON article_topic.article = article.key"
        order = "ORDER BY parent.key, article_topic.position"
        rows = await self._of_articles("article_topic.topic", join, article_ids, order)
        topics = await self.find(TOPIC_BY_KEY, list({key for _, key in rows}))
        return _grouped((id_, topics[key]) for id_, key in rows if key in topics)

    async def related_of(self, article_ids: Sequence[str], first: int | None) -> Mapping[str, Sequence[Related]]:
        rows = await self._of_articles("article.related", "", article_ids)
        return {id_: [related(id_, *item) for item in enumerate(related_items(found)[:first])] for id_, found in rows}

    async def texts_of(self, article_ids: Sequence[str]) -> Mapping[str, Text]:
        column = "exposed" if self._visibility is Visibility.PUBLIC else "front_matter"
        columns = f"article.body, article.{column}, article.text, article.headings"
        return {row[0]: text_record(row[1:]) for row in await self._of_articles(columns, "", article_ids)}

    async def secured_of(self, article_ids: Sequence[str]) -> Mapping[str, str]:
        rows = await self._of_articles("article.secured", "", article_ids)
        return {id_: secured for id_, secured in rows if secured is not None}

    async def scores(self, search: Search, article_ids: Sequence[str]) -> Mapping[str, float]:
        return {row[0]: row[1] for row in await self._ask(scores(search, article_ids, self._visibility))}

    async def suggestion(self, listing: Listing[Article]) -> str | None:
        if listing.search is None:
            return None
        suggestion = Suggestion(listing.search, self._visibility)
        slips = suggestion.slips([at for (at,) in await self._ask(suggestion.known())])
        corrected = suggestion.corrected(slips, await self._ask(suggestion.candidates(slips))) if slips else None
        if corrected is None:
            return None
        counts = await self.counts(listing.matching(replace(listing.search, text=corrected)), [WHOLE])
        return corrected if counts[WHOLE] else None

    async def similar(self, article_ids: Sequence[str], first: int) -> Mapping[str, Sequence[Similar]]:
        rows = await self._ask(similar_sql.subjects(article_ids, self._visibility))
        subjects = {id_: similar_sql.Subject.of(row) for id_, *row in rows}
        words = {word for subject in subjects.values() for word in subject.words}
        held = {row[0]: row[1] for row in await self._ask(similar_sql.holders(words, self._visibility))}
        ids = list(subjects)
        found = await self._ask(similar_sql.neighbours(list(subjects.values()), held, first, self._visibility))
        return _grouped((ids[at], Similar(ARTICLE.make(row), row[-1])) for at, *row in found)

    async def statistics(self) -> Statistics:
        seen = view(self._visibility)
        hidden = "0" if self._visibility is Visibility.PUBLIC else HIDDEN
        text = (
            f"SELECT (SELECT count(*) FROM article WHERE {visible('article', self._visibility)}), {hidden},"  # noqa: S608
            " (SELECT count(*) FROM provider WHERE view = ?), (SELECT count(*) FROM topic WHERE view = ?)"
        )
        return Statistics(*(await self._ask(Sql(text, (seen, seen))))[0])

    async def matching_ids(self, listing: Listing[Article]) -> AbstractSet[str]:
        rows = await self._ask(self._listed(listing).matching_ids("article.id", [WHOLE]))
        return {id_ for _, id_, _ in rows}

    async def changes(self, token: str | None, first: int) -> ChangePage:
        generation, seen = await self.generation(), view(self._visibility)
        place = None if token is None else ChangeCursor.read(token, generation, seen)
        if place and place.since < await self._pruned_through():
            place = None
        at = place or ChangeCursor.start(generation)
        rows = await self._change_log(change_log.CHANGES, **at._asdict(), told=at.told, limit=first + 1)
        has_more = len(rows) > first
        changes = tuple(ArticleChange(at.change(added, removed), id_) for id_, added, _, removed in rows[:first])
        after = ChangeCursor.end(generation)
        if has_more:
            after = at._replace(changed=rows[first - 1][2], id=rows[first - 1][0]) if first else at
        return ChangePage(changes, after.token(generation, seen), has_more, place is None)

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

    async def _pruned_through(self) -> int:
        [(counter,)] = await self._change_log(change_log.PRUNED_THROUGH)
        return int(counter)

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

    async def _held_entities(self) -> Entities | None:
        """The entities of this generation, if they are in memory."""
        if self._entities is None:
            self._entities = await self._entity_cache.of(await self._lease.generation(), self._lease.rows)
        return self._entities

    def _listed(self, listing: Listing[Any]) -> ListQuery:
        return ListQuery(listing, (), self._visibility)

    async def _ordered(self, listing: Listing[Any], order: Order) -> ListQuery | Ranked:
        if order != BEST_FIRST:
            return ListQuery(listing, order, self._visibility)
        return Ranked(listing, self._visibility, (await self.generation()).revision)

    async def _of_articles(
        self, columns: str, joins: str, article_ids: Sequence[str], rest: str = "", *parameters: int
    ) -> Sequence[Row]:
        start = OF_ARTICLES.format(columns=columns)
        text = f"{start} {joins} WHERE {reachable('article', self._visibility)} {rest}"
        return await self._ask(Sql(text, (keys(article_ids), *parameters)))

    async def _ask(self, query: Sql) -> Sequence[Row]:
        return await self._rows(*query)

    async def _rows(self, sql: str, parameters: Sequence[Value] | Mapping[str, Value]) -> Sequence[Row]:
        rows = await self._lease.rows(sql, parameters)
        self._usage = Usage(self._usage.calls + 1, self._usage.rows + len(rows))
        return rows


def _page(ordered: ListQuery | Ranked, rows: list[Row], window: Window) -> Page[Any]:
    ordered.sort(rows)
    has_more = len(rows) > window.limit
    start = 1 if has_more and window.backward else 0
    return Page(tuple(ordered.edge(row) for row in rows[start : start + window.limit]), has_more)


_GROUPED: Mapping[Grouping, Callable[[Row], Topic | Provider | str]] = {
    Grouping.TOPIC: TOPIC.make,
    Grouping.PROVIDER: PROVIDER.make,
    Grouping.CATEGORY: lambda row: str(row[0]),
    Grouping.TYPE: lambda row: str(row[0]),
}
"""The record of a row."""


def _of(parents: Sequence[str], pairs: Iterable[tuple[int, T]]) -> dict[str, list[T]]:
    """The values of each parent, by its index."""
    found = _grouped(pairs)
    return {parent: found.get(at, []) for at, parent in enumerate(parents)}


def _grouped(pairs: Iterable[tuple[K, T]]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups
