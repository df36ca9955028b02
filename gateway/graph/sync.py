"""What has changed: delta sync for clients that keep a copy, and subscriptions for those that watch.

Both read the store's journal. What is remembered of a subscription is the token of where it is and, where it has a
filter, which articles match it; of a client that syncs nothing, for it holds its token itself.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, cast

import strawberry
from strawberry import UNSET

from gateway import cache_tags, model
from gateway.filters import And, Field, Filter, In, has_condition
from gateway.graph.connection import check_limit, non_negative, or_none, resolved, streamed
from gateway.graph.context import Info, LiveContext
from gateway.graph.filter_inputs import ArticleFilters, checked_filter
from gateway.graph.loaders import ArticleByIdLoader
from gateway.graph.order_inputs import describe
from gateway.graph.types import Article
from gateway.model import ChangeType
from gateway.store.protocol import ARTICLES, ChangePage, Snapshot

DEFAULT_PAGE = 100

describe(
    ChangeType,
    "ChangeType",
    "What happened to an article, as the caller sees it.",
    ADDED="It came to be seen.",
    UPDATED="One of its own fields, its slug or its status changed.",
    REMOVED="It is not seen any more.",
)


@strawberry.type(description="What happened to one article.")
class ArticleChange:
    type: ChangeType = strawberry.field(description="What happened.")
    id: strawberry.ID = strawberry.field(description="The id of the article, whether or not it is still there.")

    @resolved("The article as it is now; null where it was removed.", Article | None)
    @staticmethod
    async def article(change: strawberry.Parent[model.ArticleChange], info: Info) -> model.Article | None:
        if change.type is ChangeType.REMOVED:
            return None
        return await info.context.loader(ArticleByIdLoader).load(change.id)


@strawberry.type(description="Some of what has changed, for a client that keeps a copy.")
class ChangeSet:
    changes: list[ArticleChange] = strawberry.field(
        description="In the order in which it happened; an article that changed several times stands at the last."
    )
    token: str = strawberry.field(description="Store it, and pass it back as `since`.")
    has_more: bool = strawberry.field(description="Whether to go on at once, with the token.")

    @resolved("The token was too old: discard local data and take `changes` as a full listing.")
    @staticmethod
    def reset(page: strawberry.Parent[ChangePage]) -> bool:
        return page.is_reset


@strawberry.type(description="A generation that changed something visible to the caller.")
class CorpusChange:
    revision: strawberry.ID = strawberry.field(description="Names the generation.")
    added: int = strawberry.field(description="How many articles came since the last event.")
    updated: int = strawberry.field(description="How many articles changed since the last event.")
    removed: int = strawberry.field(description="How many articles went since the last event.")


Since = Annotated[
    str | None, strawberry.argument(description="The token of the last page that was read; without it, a full listing.")
]
First = Annotated[int | None, strawberry.argument(description="How many changes to give at most.")]


async def changes(info: Info, since: str | None = UNSET, first: int | None = DEFAULT_PAGE) -> ChangePage:
    """A page of what has changed. Raises BadUserInput for a token that is malformed, and LimitExceeded."""
    number = non_negative("first", first)
    size = DEFAULT_PAGE if number is None else number
    check_limit("page", info.context.limits.page, size)
    info.context.read_budget.depend(cache_tags.ARTICLES)
    return await info.context.snapshot.changes(or_none(since), size)


@strawberry.type(description="What is told as it happens.")
class Subscription:
    @streamed("Once per generation that changed something visible to the subscriber.")
    @staticmethod
    async def corpus_changed(info: Info) -> AsyncIterator[CorpusChange]:
        context = cast("LiveContext", info.context)
        token: str | None = None
        revision: str | None = None
        async for _ in context.generations():
            snapshot = await context.open_snapshot()
            since, token = token, await snapshot.token()
            last, revision = revision, (await snapshot.generation()).revision
            if since and revision != last:
                yield CorpusChange(revision=strawberry.ID(revision), **(await snapshot.change_counts(since))._asdict())

    @streamed(
        "Each article that changes, as the subscriber sees it. With a filter, one that comes to match it is ADDED, and"
        " one that ceases to is REMOVED.",
        ArticleChange,
    )
    @staticmethod
    async def article_changed(info: Info, *, where: ArticleFilters = UNSET) -> AsyncIterator[model.ArticleChange]:
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
                page = await snapshot.changes(token, 1)  # each event in its turn, since time passes until it is taken
                token, has_more = page.token, page.has_more
                for change in await tracker.sift(snapshot, page.changes):
                    yield change


class FilterTracker:
    """Lets the changes through that concern the articles of a filter, as what they are to those who see no others."""

    def __init__(self, filter_: Filter | None, allowed: int) -> None:
        """At most so many articles as are `allowed` may match at once."""
        self._filter = filter_ if filter_ and has_condition(filter_) else None
        self._allowed = allowed
        self._inside = CompactIdSet()
        """The articles that match. Without a filter all do, and nothing needs to be known of them."""

    async def fill(self, snapshot: Snapshot) -> None:
        """Begin with what is there. Raises LimitExceeded."""
        if self._filter:
            matching = await snapshot.matching_ids(ARTICLES.where(self._filter))
            check_limit("records", self._allowed, len(matching))
            self._inside = CompactIdSet(matching)

    async def sift(self, snapshot: Snapshot, changes: Sequence[model.ArticleChange]) -> Sequence[model.ArticleChange]:
        """Raises LimitExceeded where too many articles have come to match."""
        if self._filter is None:
            return changes
        changed = In(Field.ID, tuple(change.id for change in changes))
        matching = await snapshot.matching_ids(ARTICLES.where(And((changed, self._filter)))) if changes else set()
        sifted = [change for id_ in changed.values if (change := self._turned(str(id_), id_ in matching))]
        for id_ in map(str, changed.values):
            (self._inside.add if id_ in matching else self._inside.discard)(id_)
        check_limit("records", self._allowed, len(self._inside))
        return sifted

    def _turned(self, id_: str, matches: bool) -> model.ArticleChange | None:
        if matches:
            return model.ArticleChange(ChangeType.UPDATED if id_ in self._inside else ChangeType.ADDED, id_)
        return model.ArticleChange(ChangeType.REMOVED, id_) if id_ in self._inside else None


class CompactIdSet:
    """A set of ids in eight bytes for each: their hashes, in order. That two of a corpus have the same is not to be
    expected; they would be taken for one. A set of texts takes twenty times as much, for each of many subscriptions."""

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
        """Where the hash of an id is, or would be."""
        return bisect_left(self._hashes, hash(id_))
