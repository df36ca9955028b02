"""Facets: grouped counts of the articles that match a filter and a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry import UNSET

from gateway.graph.connection import check_limit, non_negative, or_none, resolved
from gateway.graph.facet_arguments import FirstGroups, checked_first, counted
from gateway.graph.filter_inputs import ArticleFilter, checked_filter
from gateway.graph.order_inputs import describe
from gateway.graph.search_arguments import search_parameters, searched
from gateway.graph.sources import Answer, answered, keyword, requested
from gateway.graph.types import AuthorCount, ProviderCount, TopicCount
from gateway.limits import PAGE_SIZE, Limits
from gateway.model.collections import CustomField
from gateway.model.lists import Group, Grouping, Interval, Largest
from gateway.model.records import Article
from gateway.store.reads import GroupsOf, HistogramOf, Listing, RangesOf

describe(
    Interval,
    "DateInterval",
    "The calendar interval of a histogram, in UTC.",
    DAY="A day, from midnight to midnight.",
    WEEK="A week, from Monday to Monday.",
    MONTH="A calendar month.",
    YEAR="A calendar year.",
)

MinCount = Annotated[int | None, strawberry.argument(description="Omit groups with fewer articles.")]
ExcludeOwnFilter = Annotated[
    bool | None,
    strawberry.argument(
        description="Whether to ignore the condition of `filter` on the same value, at the top level of the filter, so"
        " that unselected values stay visible beside the selected ones."
    ),
]
Bounds = Annotated[list[int] | None, strawberry.argument(description="Boundaries between the ranges, in any order.")]
BOUNDS = [25, 50, 75]


@strawberry.type(description="A value and the number of articles that have it.")
class ValueCount:
    @resolved("The value as written in the front matter.")
    @staticmethod
    def value(group: strawberry.Parent[Group[str]]) -> str:
        return group.value

    count: int = counted()


@strawberry.type(description="An interval of time and the number of articles published in it.")
class DateCount:
    start: datetime = strawberry.field(description="Start of the interval, inclusive.")
    end: datetime = strawberry.field(description="End of the interval, exclusive.")
    count: int = strawberry.field(description="Number of articles.")


@strawberry.type(description="A range of values and the number of articles in it.")
class RangeCount:
    gte: int | None = strawberry.field(description="Lower bound, inclusive. Null for an open range.")
    lt: int | None = strawberry.field(description="Upper bound, exclusive. Null for an open range.")
    count: int = strawberry.field(description="Number of articles.")


class Selected(NamedTuple):
    """The parent of the facets: the selected articles, which are not read yet."""

    limits: Limits
    whole: Listing[Article]
    """The list that the articles are selected from."""
    filter: ArticleFilter | None

    def listing(self, without: Sequence[str] = ()) -> Listing[Article]:
        """Raises LimitExceeded for a filter above the limits. `without` is the place of a condition to omit."""
        filter_ = _without(self.filter, without) if self.filter and without else self.filter
        return self.whole.where(checked_filter(self.limits, filter_))


def _without(filter_: Any, place: Sequence[str]) -> Any:
    """A filter without the condition at a place: its field, or its field in the filter of an object."""
    first, *rest = place
    part = or_none(getattr(filter_, first))
    return filter_ if part is None else replace(filter_, **{first: _without(part, rest) if rest else UNSET})


Counted = Annotated[str | None, strawberry.argument(description="Search text. Without it all articles are counted.")]


def facets(description: str, graphql_type: object, listing: Listing[Article], filters: Any) -> Any:
    """The field of the counts of a list's articles."""

    def select(limits: Limits, where: ArticleFilter | None = UNSET, **search: Any) -> Selected:
        selected = Selected(limits, searched(listing, limits, **search), or_none(where))
        selected.listing()  # checked here, so that a rejected filter gives one error
        return selected

    return requested(description, graphql_type, select, [keyword("where", filters), *search_parameters(Counted)])


def counts_by(by: Grouping | CustomField, *own: str) -> Callable[..., Answer]:
    """The counts by a value. `own` is the place in the filter of what tests the value."""

    def ask(
        limits: Limits,
        selected: Selected,
        first: FirstGroups = PAGE_SIZE,
        min_count: MinCount = 1,
        exclude_own_filter: ExcludeOwnFilter = True,
    ) -> Answer:
        least = non_negative("minCount", min_count)
        largest = Largest(by, checked_first(limits, first), 1 if least is None else least)
        return Answer(GroupsOf(selected.listing(() if exclude_own_filter is False else own), largest), _whole)

    return ask


def _whole(found: Sequence[Group[Any]], _: str) -> Sequence[Group[Any]]:
    return found


def dates_by(field: CustomField | None = None) -> Callable[..., Answer]:
    """The counts by a time: that of publication, or a custom field."""

    def ask(
        _limits: Limits,
        selected: Selected,
        interval: Annotated[Interval, strawberry.argument(description="The calendar interval.")],
    ) -> Answer:
        def counts(groups: Sequence[Group[datetime]], _: str) -> Sequence[DateCount]:
            return [DateCount(start=each.value, end=end_of(interval, each.value), count=each.size) for each in groups]

        return Answer(HistogramOf(selected.listing(), interval, field), counts)

    return ask


def _quality(limits: Limits, selected: Selected, bounds: Bounds = BOUNDS) -> Answer:
    return ranges(limits, selected, BOUNDS if bounds is None else bounds, RangeCount)


def ranges(
    limits: Limits,
    selected: Selected,
    bounds: Sequence[float],
    count: Callable[..., Any],
    field: CustomField | None = None,
) -> Answer:
    """The counts by a number between bounds: by the quality, or by a custom field."""
    edges = sorted({*bounds})
    check_limit("page", limits.page, len(edges))

    def counts(sizes: Sequence[int], _: str) -> Sequence[Any]:
        gaps = pairwise([None, *edges, None])
        return [count(gte=low, lt=high, count=size) for (low, high), size in zip(gaps, sizes, strict=True)]

    return Answer(RangesOf(selected.listing(), tuple(edges), field), counts)


@strawberry.type(
    description="Article counts by value, largest first. `excludeOwnFilter` ignores the top-level condition on the"
    " facet's own value, so that a multi-select shows the other values too."
)
class ArticleFacets:
    topics = answered("Counts by topic.", list[TopicCount], counts_by(Grouping.TOPIC, "topics"))
    authors = answered("Counts by author.", list[AuthorCount], counts_by(Grouping.AUTHOR, "authors"))
    providers = answered("Counts by provider.", list[ProviderCount], counts_by(Grouping.PROVIDER, "provider"))
    categories = answered("Counts by category.", list[ValueCount], counts_by(Grouping.CATEGORY, "category"))
    types = answered("Counts by kind of content.", list[ValueCount], counts_by(Grouping.TYPE, "type"))
    collections = answered("Counts by collection.", list[ValueCount], counts_by(Grouping.COLLECTION, "collection"))
    dates = answered(
        "Counts by date of publication, oldest first. Intervals without articles are omitted.",
        list[DateCount],
        dates_by(),
    )
    quality = answered(
        "Counts by quality: one range per gap between the bounds, including empty ones. The first and the"
        " last range are open.",
        list[RangeCount],
        _quality,
    )


_LENGTHS = {Interval.DAY: timedelta(days=1), Interval.WEEK: timedelta(days=7)}
_MONTHS = {Interval.MONTH: 1, Interval.YEAR: 12}


def end_of(interval: Interval, start: datetime) -> datetime:
    """Start of the next interval, or the maximum time."""
    try:
        if interval in _LENGTHS:
            return start + _LENGTHS[interval]
        months = start.month - 1 + _MONTHS[interval]
        return start.replace(year=start.year + months // 12, month=months % 12 + 1)
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)
