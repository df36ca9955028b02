"""The inputs of the argument `filter`, and their conversion to `gateway.filters`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, NamedTuple, get_args

import strawberry
from strawberry import UNSET

from gateway.filters import (
    And,
    ArticlePart,
    Compared,
    Comparison,
    Field,
    Filter,
    HasNames,
    HasPart,
    In,
    InStatus,
    IsNotNull,
    MatchPosition,
    NameList,
    Not,
    Or,
    TextMatches,
)
from gateway.graph.connection import check_limit
from gateway.graph.order_inputs import describe
from gateway.limits import Limits
from gateway.model.documents import Status
from gateway.model.fields import FILTERED, INSTANT, INTEGER, PHRASE, TEXT, Kind

describe(
    Status,
    "ContentStatus",
    "The publication status of an article.",
    PUBLISHED="Visible to the public: published, with its date passed or absent, and not expired.",
    DRAFT="Hidden by its front matter or by the rules of the site.",
    SCHEDULED="Published, with a date after the generation's time. Hidden like a draft.",
    EXPIRED="Published, with an expiry date at or before the generation's time. Hidden like a draft.",
)


def _optional(description: str, name: str | None = None) -> Any:
    """An optional input field. Null is equal to absent."""
    return strawberry.field(name=name, default=UNSET, description=description)


_EQ = "Equal to this value."
_NE = "Not equal to this value. Also matches a missing value."
_IN = "One of these values. An empty list matches nothing."
_NIN = "None of these values. Also matches a missing value."
_IS_NULL = "Whether the value is missing."


@strawberry.input(description="Conditions on an id. All given conditions must match.")
class IDFilter:
    eq: strawberry.ID | None = _optional(_EQ)
    ne: strawberry.ID | None = _optional(_NE)
    in_: list[strawberry.ID] | None = _optional(_IN, "in")
    nin: list[strawberry.ID] | None = _optional(_NIN)


@strawberry.input(
    description="Conditions on a text. All given conditions must match. `eq`, `ne`, `in` and `nin` compare exactly."
    " `contains`, `startsWith` and `endsWith` ignore case and accents."
)
class StringFilter:
    eq: str | None = _optional(_EQ)
    ne: str | None = _optional(_NE)
    in_: list[str] | None = _optional(_IN, "in")
    nin: list[str] | None = _optional(_NIN)
    contains: str | None = _optional("Contains this text.")
    starts_with: str | None = _optional("Starts with this text.")
    ends_with: str | None = _optional("Ends with this text.")
    is_null: bool | None = _optional(_IS_NULL)


@strawberry.input(description="Conditions on a number. All given conditions must match.")
class IntFilter:
    eq: int | None = _optional(_EQ)
    ne: int | None = _optional(_NE)
    in_: list[int] | None = _optional(_IN, "in")
    nin: list[int] | None = _optional(_NIN)
    gt: int | None = _optional("Greater than this value.")
    gte: int | None = _optional("Greater than or equal to this value.")
    lt: int | None = _optional("Less than this value.")
    lte: int | None = _optional("Less than or equal to this value.")
    is_null: bool | None = _optional(_IS_NULL)


@strawberry.input(description="Conditions on a time. All given conditions must match.")
class DateTimeFilter:
    eq: datetime | None = _optional("Exactly then.")
    gt: datetime | None = _optional("Later than this time.")
    gte: datetime | None = _optional("At or after this time.")
    lt: datetime | None = _optional("Earlier than this time.")
    lte: datetime | None = _optional("At or before this time.")
    is_null: bool | None = _optional("Whether the time is missing.")


@strawberry.input(
    description="Conditions on the topics or the authors of an article. All given conditions must match. Values are"
    " slugs or exact names."
)
class ListFilter:
    any_of: list[str] | None = _optional("At least one of these. An empty list matches nothing.")
    all_of: list[str] | None = _optional("All of these.")
    none_of: list[str] | None = _optional("None of these.")
    is_empty: bool | None = _optional("Whether the article has none.")


@strawberry.input(description="Conditions on the status. They narrow what the caller may see and never widen it.")
class StatusFilter:
    eq: Status | None = _optional("Equal to this status.")
    in_: list[Status] | None = _optional("One of these statuses. An empty list matches nothing.", "in")


@strawberry.input(
    description="Conditions on a provider. All given conditions must match. For an article without a provider all"
    " provider values are missing."
)
class ProviderFilter:
    id: IDFilter | None = _optional("The provider's id.")
    name: StringFilter | None = _optional("The provider's name, as the caller sees it.")
    slug: StringFilter | None = _optional("The slug.")
    domain: StringFilter | None = _optional("The domain.")
    min_articles: int | None = _optional("At least this number of visible articles.")


@strawberry.input(description="Conditions on a topic. All given conditions must match.")
class TopicFilter:
    id: IDFilter | None = _optional("The topic's id.")
    name: StringFilter | None = _optional("The topic's name, as the caller sees it.")
    slug: StringFilter | None = _optional("The slug.")
    min_articles: int | None = _optional("At least this number of visible articles.")


@strawberry.input(description="Conditions on an author. All given conditions must match.")
class AuthorFilter:
    id: IDFilter | None = _optional("The author's id.")
    name: StringFilter | None = _optional("The author's name, as the caller sees it.")
    slug: StringFilter | None = _optional("The slug.")
    min_articles: int | None = _optional("At least this number of visible articles.")


_FILTERS: Mapping[Kind[Any], object] = {
    TEXT: StringFilter | None,
    PHRASE: StringFilter | None,
    INTEGER: IntFilter | None,
    INSTANT: DateTimeFilter | None,
}


@strawberry.input(
    description="Conditions on an article. All given conditions must match. An empty filter matches every article."
    " A comparison with a missing value does not match, and `not` inverts that."
)
class ArticleFilter:
    and_: list[ArticleFilter] | None = _optional("All of these filters match. An empty list matches everything.", "and")
    or_: list[ArticleFilter] | None = _optional(
        "At least one of these filters matches. An empty list matches nothing.", "or"
    )
    not_: ArticleFilter | None = _optional("This filter does not match.", "not")
    id: IDFilter | None = _optional("The article's id.")
    slug: StringFilter | None = _optional("The slug.")
    path: StringFilter | None = _optional("The file's path, relative to the content folder.")
    collection: StringFilter | None = _optional("The collection of `gateway.yaml` that the file belongs to.")
    __annotations__.update({field.name: _FILTERS[field.kind] for field in FILTERED})
    vars().update({field.name: _optional(field.filtered) for field in FILTERED})
    provider: ProviderFilter | None = _optional("The provider.")
    topics: ListFilter | None = _optional("The topics.")
    authors: ListFilter | None = _optional("The authors.")
    status: StatusFilter | None = _optional("The publication status.")
    has_body: bool | None = _optional("Whether the body has content, as in `Body.isEmpty`.")
    has_image: bool | None = _optional("Whether the article has an image.")
    has_related: bool | None = _optional("Whether the article has related entries.")


_FILTER = "Return only records that match all given conditions. Without a filter every record matches."
ArticleFilters = Annotated[ArticleFilter | None, strawberry.argument(name="filter", description=_FILTER)]
ProviderFilters = Annotated[ProviderFilter | None, strawberry.argument(name="filter", description=_FILTER)]
TopicFilters = Annotated[TopicFilter | None, strawberry.argument(name="filter", description=_FILTER)]
AuthorFilters = Annotated[AuthorFilter | None, strawberry.argument(name="filter", description=_FILTER)]

# Converters: for each input field, the filter that its value becomes.

Input = (
    ArticleFilter
    | ProviderFilter
    | TopicFilter
    | AuthorFilter
    | IDFilter
    | StringFilter
    | IntFilter
    | DateTimeFilter
    | ListFilter
    | StatusFilter
)
_INPUTS = frozenset(get_args(Input))
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
_STATUS: Meanings = {
    "eq": lambda status: InStatus((status,)),
    "in_": lambda statuses: InStatus(tuple(statuses)),
}


def _names(list_: NameList, part: ArticlePart) -> Meanings:
    return {
        "any_of": lambda names: HasNames(list_, tuple(names)),
        "all_of": lambda names: HasNames(list_, tuple(names), needs_all=True),
        "none_of": lambda names: Not(HasNames(list_, tuple(names))),
        "is_empty": lambda wanted: _unless(wanted, HasPart(part)),
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


def _said(filter_: Input) -> Sequence[tuple[str, Any]]:
    """The fields that an input sets, by name. Nulls count as absent."""
    return [each for each in vars(filter_).items() if each[1] is not UNSET and each[1] is not None]


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
_AUTHOR: Meanings = {
    "id": _value(Field.AUTHOR_ID),
    "name": _value(Field.AUTHOR_NAME),
    "slug": _value(Field.AUTHOR_SLUG),
    "min_articles": partial(Compared, Field.AUTHOR_ARTICLES, Comparison.GREATER_OR_EQUAL),
}
_ARTICLE: Meanings = {
    "and_": lambda filters: And(tuple(map(_article, filters))),
    "or_": lambda filters: Or(tuple(map(_article, filters))),
    "not_": lambda filter_: Not(_article(filter_)),
    "id": _value(Field.ID),
    "slug": _value(Field.SLUG),
    "path": _value(Field.PATH),
    "collection": _value(Field.COLLECTION),
    **{field.name: _value(Field[field.constant]) for field in FILTERED},
    "provider": partial(_every, _PROVIDER),
    "topics": partial(_every, _names(NameList.TOPICS, ArticlePart.TOPIC)),
    "authors": partial(_every, _names(NameList.AUTHORS, ArticlePart.AUTHOR)),
    "status": partial(_every, _STATUS),
    "has_body": _has(ArticlePart.BODY),
    "has_image": _has(ArticlePart.IMAGE),
    "has_related": _has(ArticlePart.RELATED),
}
_MEANINGS: Mapping[type[ArticleFilter | ProviderFilter | TopicFilter | AuthorFilter], Meanings] = {
    ArticleFilter: _ARTICLE,
    ProviderFilter: _PROVIDER,
    TopicFilter: _TOPIC,
    AuthorFilter: _AUTHOR,
}


class FilterSize(NamedTuple):
    depth: int
    """Nesting depth of article filters."""
    conditions: int
    """An empty filter counts as one condition, because it is evaluated like one."""
    values: int
    """Length of its longest list."""


def filter_size(filter_: Input) -> FilterSize:
    depth = conditions = values = 0
    for _, value in _said(filter_):
        parts = value if isinstance(value, list) else [value]
        inner = [filter_size(part) for part in parts if type(part) in _INPUTS]
        for each in inner:
            depth, values = max(depth, each.depth), max(values, each.values)
            conditions += each.conditions
        if not inner:
            conditions, values = conditions + 1, max(values, len(parts))
    return FilterSize(depth + isinstance(filter_, ArticleFilter), max(conditions, 1), values)


def checked_filter(
    limits: Limits, filter_: ArticleFilter | ProviderFilter | TopicFilter | AuthorFilter | None
) -> Filter | None:
    """Converts the argument `filter`. None if it is absent or null. Raises LimitExceeded."""
    if filter_ is None or filter_ is UNSET:
        return None
    asked = filter_size(filter_)
    check_limit("filter_depth", limits.filter_depth, asked.depth)
    check_limit("filter_conditions", limits.filter_conditions, asked.conditions)
    check_limit("filter_values", limits.filter_values, asked.values)
    return _every(_MEANINGS[type(filter_)], filter_)
