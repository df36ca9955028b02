"""Delta sync and subscriptions, both read from the store's change log.

A sync client holds its own token. The server holds a token for each subscription and, with a filter, the ids of the
matching articles.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, cast

import strawberry
from strawberry import UNSET

from gateway.filters import And, Field, Filter, In, has_condition
from gateway.graph.connection import check_limit, non_negative, or_none, streamed
from gateway.graph.context import Info, LiveContext
from gateway.graph.filter_inputs import ArticleFilters, checked_filter
from gateway.graph.order_inputs import describe
from gateway.graph.sources import one
from gateway.graph.types import Article
from gateway.limits import Limits
from gateway.model import records
from gateway.model.records import ChangeType
from gateway.store.protocol import Snapshot, read_one
from gateway.store.reads import ARTICLE_BY_ID, ARTICLES, ChangesOf

DEFAULT_PAGE = 100

describe(
    ChangeType,
    "ChangeType",
    "A kind of change to an article, as the caller sees it.",
    ADDED="The article became visible.",
    UPDATED="One of the article's fields, its slug or its status changed.",
    REMOVED="The article is no longer visible.",
)


@strawberry.type(description="A change to one article.")
class ArticleChange:
    type: ChangeType = strawberry.field(description="What happened.")
    id: strawberry.ID = strawberry.field(description="Id of the article, also after its removal.")

    article = one("The current article. Null if it was removed.", Article | None, ARTICLE_BY_ID, by="current")


@strawberry.type(description="A page of changes, for a client with an offline copy.")
class ChangeSet:
    changes: list[ArticleChange] = strawberry.field(
        description="The changes in order of occurrence. An article that changed more than once appears at its last"
        " change."
    )
    token: str = strawberry.field(description="Store this token and pass it as `since`.")
    has_more: bool = strawberry.field(description="Whether more changes follow. If true, continue with `token`.")
    reset: bool = strawberry.field(
        description="True if the token was too old. Discard local data and treat `changes` as a full listing."
    )


@strawberry.type(description="A generation that changed content visible to the caller.")
class CorpusChange:
    revision: strawberry.ID = strawberry.field(description="Identifies the generation.")
    added: int = strawberry.field(description="Number of articles added since the last event.")
    updated: int = strawberry.field(description="Number of articles updated since the last event.")
    removed: int = strawberry.field(description="Number of articles removed since the last event.")
    schema: bool = strawberry.field(
        description="Whether the schema changed since the last event: `gateway.yaml` declares other collections."
    )


Since = Annotated[
    str | None,
    strawberry.argument(description="The `token` of the last page read. Without it the result is a full listing."),
]
First = Annotated[int | None, strawberry.argument(description="Maximum number of changes.")]


def changes(limits: Limits, since: Since = UNSET, first: First = DEFAULT_PAGE) -> ChangesOf:
    """The read of a page of changes. Raises LimitExceeded, and BadUserInput for a negative number."""
    number = non_negative("first", first)
    size = DEFAULT_PAGE if number is None else number
    check_limit("page", limits.page, size)
    return ChangesOf(or_none(since), size)


@strawberry.type(description="The root of all subscriptions.")
class Subscription:
    @streamed("One event per generation that changes content visible to the subscriber.")
    @staticmethod
    async def corpus_changed(info: Info) -> AsyncIterator[CorpusChange]:
        context = cast("LiveContext", info.context)
        token: str | None = None
        before: records.Generation | None = None
        async for _ in context.generations():
            snapshot = await context.open_snapshot()
            since, token = token, await snapshot.token()
            generation = await snapshot.generation()
            if since and before and generation.revision != before.revision:
                counts = await snapshot.change_counts(since)
                changed = generation.schema != before.schema
                yield CorpusChange(revision=strawberry.ID(generation.revision), **counts._asdict(), schema=changed)
            before = generation

    @streamed(
        "One event per changed article, as the subscriber sees it. With a filter, an article that starts to"
        " match is ADDED and one that stops matching is REMOVED.",
        ArticleChange,
    )
    @staticmethod
    async def article_changed(info: Info, *, where: ArticleFilters = UNSET) -> AsyncIterator[records.ArticleChange]:
        context = cast("LiveContext", info.context)
        tracker = FilterTracker(checked_filter(context.limits, where), context.limits.records)
        token = None
        async for _ in context.generations():
            has_more = True
            while has_more:
                snapshot = await context.open_snapshot()
                if token is None:
                    token = await snapshot.token()
                    await tracker.fill(snapshot)
                # One change per snapshot, because time passes until the event is consumed.
                page = await read_one(snapshot, ChangesOf(token, 1))
                token, has_more = page.token, page.has_more
                for change in await tracker.select(snapshot, page.changes):
                    yield change


class FilterTracker:
    """Filters the change feed: an article that starts matching is ADDED, one that stops is REMOVED."""

    def __init__(self, filter_: Filter | None, allowed: int) -> None:
        """`allowed` is the maximum number of articles that may match at once."""
        self._filter = filter_ if filter_ and has_condition(filter_) else None
        self._allowed = allowed
        self._inside = CompactIdSet()
        """The matching articles. Unused without a filter, because every article matches."""

    async def fill(self, snapshot: Snapshot) -> None:
        """Read the articles that match now. Raises LimitExceeded."""
        if self._filter:
            matching = await snapshot.matching_ids(ARTICLES.where(self._filter))
            check_limit("records", self._allowed, len(matching))
            self._inside = CompactIdSet(matching)

    async def select(
        self, snapshot: Snapshot, changes: Sequence[records.ArticleChange]
    ) -> Sequence[records.ArticleChange]:
        """Raises LimitExceeded if too many articles match."""
        if self._filter is None:
            return changes
        changed = In(Field.ID, tuple(change.id for change in changes))
        matching = await snapshot.matching_ids(ARTICLES.where(And((changed, self._filter)))) if changes else set()
        selected = [change for id_ in changed.values if (change := self._change_of(str(id_), id_ in matching))]
        for id_ in map(str, changed.values):
            (self._inside.add if id_ in matching else self._inside.discard)(id_)
        check_limit("records", self._allowed, len(self._inside))
        return selected

    def _change_of(self, id_: str, matches: bool) -> records.ArticleChange | None:
        if matches:
            return records.ArticleChange(ChangeType.UPDATED if id_ in self._inside else ChangeType.ADDED, id_)
        return records.ArticleChange(ChangeType.REMOVED, id_) if id_ in self._inside else None


class CompactIdSet:
    """A sorted array of 8-byte hashes. Ids with equal hashes count as one, which is improbable within a corpus. A set
    of strings takes 20 times the memory, for each subscription."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._hashes = array("q", sorted(set(map(hash, ids))))

    def __len__(self) -> int:
        return len(self._hashes)

    def __contains__(self, id_: str) -> bool:
        return hash(id_) in self._hashes[(at := self._place(id_)) : at + 1]

    def add(self, id_: str) -> None:
        if id_ not in self:
            self._hashes.insert(self._place(id_), hash(id_))

    def discard(self, id_: str) -> None:
        if id_ in self:
            del self._hashes[self._place(id_)]

    def _place(self, id_: str) -> int:
        """The index of an id's hash, or its insertion point."""
        return bisect_left(self._hashes, hash(id_))
