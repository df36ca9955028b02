"""Facets: over all articles that a filter and a search match, how many there are of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry import UNSET

from gateway.graph.connection import check_limit, non_negative, resolved
from gateway.graph.context import Info
from gateway.graph.facet_arguments import FirstGroups, checked_first, counted, groups_of
from gateway.graph.filter_inputs import ArticleFilter, checked_filter
from gateway.graph.loaders import Histogram, HistogramByListingLoader, Key, Ranges, RangesByListingLoader
from gateway.graph.order_inputs import describe
from gateway.graph.types import ProviderCount, TopicCount
from gateway.limits import Limits
from gateway.model import Article, Group, Grouping, Interval, Largest
from gateway.search import Search
from gateway.store.protocol import ARTICLES, WHOLE, Listing

describe(
    Interval,
    "DateInterval",
    "By which part of the calendar, in UTC, articles are counted.",
    DAY="From midnight to midnight.",
    WEEK="From Monday to Monday.",
    MONTH="From the first of a month to the first of the next.",
    YEAR="From the first of January to the next.",
)

MinCount = Annotated[int | None, strawberry.argument(description="Leaves out groups with fewer articles.")]
ExcludeOwnFilter = Annotated[
    bool | None,
    strawberry.argument(
        description="Whether to leave the field of the filter out that is about the same value, on its first level, so"
        " that the other values stay visible beside the chosen ones."
    ),
]
Bounds = Annotated[
    list[int] | None, strawberry.argument(description="Where one range ends and the next begins, in any order.")
]
BOUNDS = [25, 50, 75]


@strawberry.type(description="A value, and how many articles have it.")
class ValueCount:
    @resolved("The value, as the front matter writes it.")
    @staticmethod
    def value(group: strawberry.Parent[Group[str]]) -> str:
        return group.value

    count: int = counted()


@strawberry.type(description="A time, and how many articles were published in it.")
class DateCount:
    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it has ended: the next begins.")
    count: int = strawberry.field(description="How many articles.")


@strawberry.type(description="A range, and how many articles lie in it.")
class RangeCount:
    gte: int | None = strawberry.field(description="The least value in it; null where it is open.")
    lt: int | None = strawberry.field(description="The least value above it; null where it is open.")
    count: int = strawberry.field(description="How many articles.")


class Selected(NamedTuple):
    """What the facets are resolved from: the articles that are counted, described and not yet read."""

    limits: Limits
    filter: ArticleFilter | None
    search: Search | None

    def listing(self, without: str | None = None) -> Listing[Article]:
        """Raises LimitExceeded for too large a filter. `without` names a field of the filter to leave out."""
        filter_ = self.filter
        if filter_ and without:
            filter_ = replace(filter_, **{without: UNSET})
        return ARTICLES.where(checked_filter(self.limits, filter_)).matching(self.search)


@strawberry.type(
    description="How many articles there are of each kind, the largest first. `excludeOwnFilter` leaves a facet's own"
    " top-level filter out, so that sibling values stay visible for multi-select."
)
class ArticleFacets:
    @resolved("What the articles are about.", list[TopicCount])
    @staticmethod
    async def topics(
        selected: strawberry.Parent[Selected],
        info: Info,
        first: FirstGroups = 20,
        min_count: MinCount = 1,
        exclude_own_filter: ExcludeOwnFilter = True,
    ) -> Sequence[Group[Any]]:
        listing = selected.listing(None if exclude_own_filter is False else "topics")
        return await groups_of(info, listing, _largest(info, Grouping.TOPIC, first, min_count))

    @resolved("Who published them.", list[ProviderCount])
    @staticmethod
    async def providers(
        selected: strawberry.Parent[Selected],
        info: Info,
        first: FirstGroups = 20,
        min_count: MinCount = 1,
        exclude_own_filter: ExcludeOwnFilter = True,
    ) -> Sequence[Group[Any]]:
        listing = selected.listing(None if exclude_own_filter is False else "provider")
        return await groups_of(info, listing, _largest(info, Grouping.PROVIDER, first, min_count))

    @resolved("Their categories.", list[ValueCount])
    @staticmethod
    async def categories(
        selected: strawberry.Parent[Selected],
        info: Info,
        first: FirstGroups = 20,
        min_count: MinCount = 1,
        exclude_own_filter: ExcludeOwnFilter = True,
    ) -> Sequence[Group[Any]]:
        listing = selected.listing(None if exclude_own_filter is False else "category")
        return await groups_of(info, listing, _largest(info, Grouping.CATEGORY, first, min_count))

    @resolved("Their kinds of content.", list[ValueCount])
    @staticmethod
    async def types(
        selected: strawberry.Parent[Selected],
        info: Info,
        first: FirstGroups = 20,
        min_count: MinCount = 1,
        exclude_own_filter: ExcludeOwnFilter = True,
    ) -> Sequence[Group[Any]]:
        listing = selected.listing(None if exclude_own_filter is False else "type")
        return await groups_of(info, listing, _largest(info, Grouping.TYPE, first, min_count))

    @resolved("When they were published, the oldest first; times without any are left out.", list[DateCount])
    @staticmethod
    async def dates(
        selected: strawberry.Parent[Selected],
        info: Info,
        interval: Annotated[Interval, strawberry.argument(description="By which part of the calendar to count.")],
    ) -> Sequence[DateCount]:
        question = Key(WHOLE, Histogram(selected.listing(), interval))
        groups = await info.context.loader(HistogramByListingLoader).load(question)
        return [DateCount(start=group.value, end=end_of(interval, group.value), count=group.size) for group in groups]

    @resolved(
        "Their quality: one range for each gap between the bounds, open at both ends, empty ones too.", list[RangeCount]
    )
    @staticmethod
    async def quality(
        selected: strawberry.Parent[Selected], info: Info, bounds: Bounds = BOUNDS
    ) -> Sequence[RangeCount]:
        edges = sorted({*(BOUNDS if bounds is None else bounds)})
        check_limit("page", info.context.limits.page, len(edges))
        question = Key(WHOLE, Ranges(selected.listing(), tuple(edges)))
        counts = await info.context.loader(RangesByListingLoader).load(question)
        gaps = pairwise([None, *edges, None])
        return [RangeCount(gte=low, lt=high, count=count) for (low, high), count in zip(gaps, counts, strict=True)]


def _largest(info: Info, by: Grouping, first: int | None, min_count: int | None) -> Largest:
    least = non_negative("minCount", min_count)
    return Largest(by, checked_first(info.context.limits, first), 1 if least is None else least)


_LENGTHS = {Interval.DAY: timedelta(days=1), Interval.WEEK: timedelta(days=7)}
_MONTHS = {Interval.MONTH: 1, Interval.YEAR: 12}


def end_of(interval: Interval, start: datetime) -> datetime:
    """Where the next interval starts, or the end of time before it."""
    try:
        if interval in _LENGTHS:
            return start + _LENGTHS[interval]
        months = start.month - 1 + _MONTHS[interval]
        return start.replace(year=start.year + months // 12, month=months % 12 + 1)
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)
