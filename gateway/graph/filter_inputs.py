"""What lists can be filtered by: the inputs that say it, and the check of the argument `filter`.

What a filter means is `filters`' to say, and how it is answered the store's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry import UNSET

from gateway import model
from gateway.filters import (
    And,
    ArticlePart,
    Compared,
    Comparison,
    Field,
    Filter,
    HasPart,
    HasTopics,
    In,
    InStatus,
    IsNotNull,
    MatchPosition,
    Not,
    Or,
    TextMatches,
)
from gateway.graph.connection import check_limit, or_none
from gateway.graph.order_inputs import describe
from gateway.limits import Limits

# Inputs.

describe(
    model.Status,
    "ContentStatus",
    "Whether an article is for everyone yet.",
    PUBLISHED="Published, without a date or after it, and before its expiry date.",
    DRAFT="Its front matter or the rules of the site hide it.",
    SCHEDULED="Published, with a date after the generation's time. It is hidden like a draft.",
    EXPIRED="Published, with an expiry date that is not after the generation's time. It is hidden like a draft.",
)


def _optional(description: str, name: str | None = None) -> Any:
    """A field of an input that may be left out; null is as if it were."""
    return strawberry.field(name=name, default=UNSET, description=description)


_EQ = "Exactly this value."
_NE = "Any but exactly this value; also where there is none."
_IN = "One of these values; none of them matches nothing."
_NIN = "None of these values; also where there is no value."
_IS_NULL = "Whether there is no value."


@strawberry.input(description="What an id must be. All that is given must hold.")
class IDFilter:
    eq: strawberry.ID | None = _optional(_EQ)
    ne: strawberry.ID | None = _optional(_NE)
    in_: list[strawberry.ID] | None = _optional(_IN, "in")
    nin: list[strawberry.ID] | None = _optional(_NIN)


@strawberry.input(
    description="What a text must be; all that is given must hold. eq, ne, in and nin are exact; contains, startsWith"
    " and endsWith ignore case and accents."
)
class StringFilter:
    eq: str | None = _optional(_EQ)
    ne: str | None = _optional(_NE)
    in_: list[str] | None = _optional(_IN, "in")
    nin: list[str] | None = _optional(_NIN)
    contains: str | None = _optional("This text stands somewhere in it.")
    starts_with: str | None = _optional("It starts with this text.")
    ends_with: str | None = _optional("It ends with this text.")
    is_null: bool | None = _optional(_IS_NULL)


@strawberry.input(description="What a number must be. All that is given must hold.")
class IntFilter:
    eq: int | None = _optional(_EQ)
    ne: int | None = _optional(_NE)
    in_: list[int] | None = _optional(_IN, "in")
    nin: list[int] | None = _optional(_NIN)
    gt: int | None = _optional("More than this.")
    gte: int | None = _optional("This or more.")
    lt: int | None = _optional("Less than this.")
    lte: int | None = _optional("This or less.")
    is_null: bool | None = _optional(_IS_NULL)


@strawberry.input(description="When something must have been. All that is given must hold.")
class DateTimeFilter:
    eq: datetime | None = _optional("Exactly then.")
    gt: datetime | None = _optional("Later than this.")
    gte: datetime | None = _optional("Then or later.")
    lt: datetime | None = _optional("Earlier than this.")
    lte: datetime | None = _optional("Then or earlier.")
    is_null: bool | None = _optional("Whether there is no time.")


@strawberry.input(
    description="What topics an article must have; all that is given must hold. Values are topic slugs or exact topic"
    " names."
)
class ListFilter:
    any_of: list[str] | None = _optional("At least one of these; none of them matches nothing.")
    all_of: list[str] | None = _optional("All of these.")
    none_of: list[str] | None = _optional("None of these.")
    is_empty: bool | None = _optional("Whether there is no topic.")


@strawberry.input(description="Narrows what the caller may already see; it never widens it.")
class StatusFilter:
    eq: model.Status | None = _optional("Exactly this status.")
    in_: list[model.Status] | None = _optional("One of these; none of them matches nothing.", "in")


@strawberry.input(
    description="What a provider must be; all that is given must hold. Of an article without a provider all its values"
    " are null."
)
class ProviderFilter:
    id: IDFilter | None = _optional("The provider's id.")
    name: StringFilter | None = _optional("The name, as the caller sees it.")
    slug: StringFilter | None = _optional("The slug.")
    domain: StringFilter | None = _optional("The domain.")
    min_articles: int | None = _optional("At least so many visible articles.")


@strawberry.input(description="What a topic must be; all that is given must hold.")
class TopicFilter:
    id: IDFilter | None = _optional("The topic's id.")
    name: StringFilter | None = _optional("The name, as the caller sees it.")
    slug: StringFilter | None = _optional("The slug.")
    min_articles: int | None = _optional("At least so many visible articles.")


@strawberry.input(
    description="What an article must be; all that is given must hold, and an empty filter always does. A comparison"
    " with a value that is not there does not hold, and `not` inverts that."
)
class ArticleFilter:
    and_: list[ArticleFilter] | None = _optional("All of these hold; so it is where there are none.", "and")
    or_: list[ArticleFilter] | None = _optional("One of these holds; where there are none it does not.", "or")
    not_: ArticleFilter | None = _optional("This does not hold.", "not")
    id: IDFilter | None = _optional("The article's id.")
    slug: StringFilter | None = _optional("The slug.")
    path: StringFilter | None = _optional("The file's path, relative to the content folder.")
    category: StringFilter | None = _optional("The category.")
    type: StringFilter | None = _optional("The kind of content.")
    locale: StringFilter | None = _optional("The language, as the front matter writes it.")
    title: StringFilter | None = _optional("The title.")
    quality: IntFilter | None = _optional("The quality.")
    heat: IntFilter | None = _optional("The heat.")
    published_date_time: DateTimeFilter | None = _optional("When it was, or will be, published.")
    updated_date_time: DateTimeFilter | None = _optional("When it was last updated, as its front matter says.")
    provider: ProviderFilter | None = _optional("Who published it.")
    topics: ListFilter | None = _optional("What it is about.")
    status: StatusFilter | None = _optional("Whether it is for everyone yet.")
    has_body: bool | None = _optional("Whether its body holds more than white space, as `Body.isEmpty` tells it.")
    has_image: bool | None = _optional("Whether it has an image.")
    has_related: bool | None = _optional("Whether it has related entries.")


_FILTER = "What all that is given must match; without one everything does."
ArticleFilters = Annotated[ArticleFilter | None, strawberry.argument(name="filter", description=_FILTER)]
ProviderFilters = Annotated[ProviderFilter | None, strawberry.argument(name="filter", description=_FILTER)]
TopicFilters = Annotated[TopicFilter | None, strawberry.argument(name="filter", description=_FILTER)]

# What they mean: for each field of an input the filter that its value stands for.

Input = (
    ArticleFilter
    | ProviderFilter
    | TopicFilter
    | IDFilter
    | StringFilter
    | IntFilter
    | DateTimeFilter
    | ListFilter
    | StatusFilter
)
Meanings = Mapping[str, Callable[[Any], Filter]]


_VALUE: Mapping[str, Callable[[Field, Any], Filter]] = {
    "eq": lambda field, value: In(field, (value,)),
    "ne": lambda field, value: Not(In(field, (value,))),
    "in_": lambda field, values: In(field, tuple(values)),
    "nin": lambda field, values: Not(In(field, tuple(values))),
    "gt": lambda field, value: Compared(field, Comparison.GREATER, value),
    "gte": lambda field, value: Compared(field, Comparison.GREATER_OR_EQUAL, value),
    "lt": lambda field, value: Compared(field, Comparison.LESS, value),
    "lte": lambda field, value: Compared(field, Comparison.LESS_OR_EQUAL, value),
    "contains": lambda field, text: TextMatches(field, MatchPosition.ANYWHERE, text),
    "starts_with": lambda field, text: TextMatches(field, MatchPosition.START, text),
    "ends_with": lambda field, text: TextMatches(field, MatchPosition.END, text),
    "is_null": lambda field, wanted: _unless(wanted, IsNotNull(field)),
}
_TOPICS: Meanings = {
    "any_of": lambda names: HasTopics(tuple(names)),
    "all_of": lambda names: HasTopics(tuple(names), needs_all=True),
    "none_of": lambda names: Not(HasTopics(tuple(names))),
    "is_empty": lambda wanted: _unless(wanted, HasPart(ArticlePart.TOPIC)),
}
_STATUS: Meanings = {
    "eq": lambda status: InStatus((status,)),
    "in_": lambda statuses: InStatus(tuple(statuses)),
}


def _every(meanings: Meanings, filter_: Input) -> Filter:
    return And(tuple(meanings[name](value) for name, value in _said(filter_)))


def _article(filter_: ArticleFilter) -> Filter:
    return _every(_ARTICLE, filter_)


def _value(field: Field) -> Callable[[Any], Filter]:
    return partial(_every, {name: partial(meaning, field) for name, meaning in _VALUE.items()})


def _has(part: ArticlePart) -> Callable[[bool], Filter]:
    return lambda wanted: _unless(not wanted, HasPart(part))


def _unless(negated: bool, filter_: Filter) -> Filter:
    return Not(filter_) if negated else filter_


def _said(filter_: Input) -> Iterator[tuple[str, Any]]:
    """What an input holds, by the names of its fields; a null is as if it were not there."""
    return ((name, value) for name, value in vars(filter_).items() if or_none(value) is not None)


_PROVIDER: Meanings = {
    "id": _value(Field.PROVIDER_ID),
    "name": _value(Field.PROVIDER_NAME),
    "slug": _value(Field.PROVIDER_SLUG),
    "domain": _value(Field.PROVIDER_DOMAIN),
    "min_articles": partial(Compared, Field.PROVIDER_ARTICLES, Comparison.GREATER_OR_EQUAL),
}
_TOPIC: Meanings = {
    "id": _value(Field.TOPIC_ID),
    "name": _value(Field.TOPIC_NAME),
    "slug": _value(Field.TOPIC_SLUG),
    "min_articles": partial(Compared, Field.TOPIC_ARTICLES, Comparison.GREATER_OR_EQUAL),
}
_ARTICLE: Meanings = {
    "and_": lambda filters: And(tuple(map(_article, filters))),
    "or_": lambda filters: Or(tuple(map(_article, filters))),
    "not_": lambda filter_: Not(_article(filter_)),
    "id": _value(Field.ID),
    "slug": _value(Field.SLUG),
    "path": _value(Field.PATH),
    "category": _value(Field.CATEGORY),
    "type": _value(Field.TYPE),
    "locale": _value(Field.LOCALE),
    "title": _value(Field.TITLE),
    "quality": _value(Field.QUALITY),
    "heat": _value(Field.HEAT),
    "published_date_time": _value(Field.PUBLISHED_DATE_TIME),
    "updated_date_time": _value(Field.UPDATED_DATE_TIME),
    "provider": partial(_every, _PROVIDER),
    "topics": partial(_every, _TOPICS),
    "status": partial(_every, _STATUS),
    "has_body": _has(ArticlePart.BODY),
    "has_image": _has(ArticlePart.IMAGE),
    "has_related": _has(ArticlePart.RELATED),
}
_MEANINGS: Mapping[type[ArticleFilter | ProviderFilter | TopicFilter], Meanings] = {
    ArticleFilter: _ARTICLE,
    ProviderFilter: _PROVIDER,
    TopicFilter: _TOPIC,
}

# The check.


class FilterSize(NamedTuple):
    depth: int
    """How many filters of articles stand within one another."""
    conditions: int
    """An empty filter counts as one, for it is looked at like one."""
    values: int
    """Of its longest list."""


def filter_size(filter_: Input) -> FilterSize:
    depth = conditions = values = 0
    for _, value in _said(filter_):
        parts = value if isinstance(value, list) else [value]
        inner = [filter_size(part) for part in parts if isinstance(part, Input)]
        depth = max([depth, *(each.depth for each in inner)])
        conditions += sum(each.conditions for each in inner) if inner else 1
        values = max([values, *(each.values for each in inner)]) if inner else max(values, len(parts))
    return FilterSize(depth + isinstance(filter_, ArticleFilter), max(conditions, 1), values)


def checked_filter(limits: Limits, filter_: ArticleFilter | ProviderFilter | TopicFilter | None) -> Filter | None:
    """What the argument `filter` asks for; None where it is absent, or null. Raises LimitExceeded."""
    if filter_ is None or filter_ is UNSET:
        return None
    asked = filter_size(filter_)
    check_limit("filter_depth", limits.filter_depth, asked.depth)
    check_limit("filter_conditions", limits.filter_conditions, asked.conditions)
    check_limit("filter_values", limits.filter_values, asked.values)
    return _every(_MEANINGS[type(filter_)], filter_)
