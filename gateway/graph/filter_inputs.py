"""The inputs of the argument `filter`, and their conversion to `gateway.filters`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, NamedTuple

import strawberry
from strawberry import UNSET

from gateway.filters import (
    And,
    AnyField,
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


class Input:
    """The base of all inputs of filters."""


Meanings = Mapping[str, Callable[[Any], Filter]]


class RecordFilter(Input):
    """The conditions on a record, or on a part of it."""

    MEANINGS: ClassVar[Meanings]
    """The filter that the value of each field becomes, by the field's Python name."""


def unless(negated: bool, filter_: Filter) -> Filter:
    return Not(filter_) if negated else filter_


def every(meanings: Meanings, filter_: Input) -> Filter:
    return And(tuple(meanings[name](value) for name, value in _said(filter_)))


def converted(filter_: RecordFilter) -> Filter:
    return every(filter_.MEANINGS, filter_)


def _said(filter_: Input) -> Sequence[tuple[str, Any]]:
    """The fields that an input sets, by name. Nulls count as absent."""
    return [each for each in vars(filter_).items() if each[1] is not UNSET and each[1] is not None]


VALUE: Mapping[str, Callable[[AnyField, Any], Filter]] = {
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
    "is_null": lambda field, wanted: unless(wanted, IsNotNull(field)),
}
_STATUS: Meanings = {
    "eq": lambda status: InStatus((status,)),
    "in_": lambda statuses: InStatus(tuple(statuses)),
}


def value_of(field: Field) -> Callable[[Input], Filter]:
    """The filter that the conditions on a value become."""
    return partial(every, {name: partial(meaning, field) for name, meaning in VALUE.items()})


def _names(list_: NameList, part: ArticlePart) -> Meanings:
    return {
        "any_of": lambda names: HasNames(list_, tuple(names)),
        "all_of": lambda names: HasNames(list_, tuple(names), needs_all=True),
        "none_of": lambda names: Not(HasNames(list_, tuple(names))),
        "is_empty": lambda wanted: unless(wanted, HasPart(part)),
    }


def _has(part: ArticlePart) -> Callable[[bool], Filter]:
    return lambda wanted: unless(not wanted, HasPart(part))


def optional(description: str, name: str | None = None) -> Any:
    """An optional input field. Null is equal to absent."""
    return strawberry.field(name=name, default=UNSET, description=description)


EQ = "Equal to this value."
NE = "Not equal to this value. Also matches a missing value."
IN = "One of these values. An empty list matches nothing."
NIN = "None of these values. Also matches a missing value."
IS_NULL = "Whether the value is missing."
ANY_OF = "At least one of these. An empty list matches nothing."
ALL_OF = "All of these."
NONE_OF = "None of these."


@strawberry.input(description="Conditions on an id. All given conditions must match.")
class IDFilter(Input):
    eq: strawberry.ID | None = optional(EQ)
    ne: strawberry.ID | None = optional(NE)
    in_: list[strawberry.ID] | None = optional(IN, "in")
    nin: list[strawberry.ID] | None = optional(NIN)


@strawberry.input(
    description="Conditions on a text. All given conditions must match. `eq`, `ne`, `in` and `nin` compare exactly."
    " `contains`, `startsWith` and `endsWith` ignore case and accents."
)
class StringFilter(Input):
    eq: str | None = optional(EQ)
    ne: str | None = optional(NE)
    in_: list[str] | None = optional(IN, "in")
    nin: list[str] | None = optional(NIN)
    contains: str | None = optional("Contains this text.")
    starts_with: str | None = optional("Starts with this text.")
    ends_with: str | None = optional("Ends with this text.")
    is_null: bool | None = optional(IS_NULL)


@strawberry.input(description="Conditions on a number. All given conditions must match.")
class IntFilter(Input):
    eq: int | None = optional(EQ)
    ne: int | None = optional(NE)
    in_: list[int] | None = optional(IN, "in")
    nin: list[int] | None = optional(NIN)
    gt: int | None = optional("Greater than this value.")
    gte: int | None = optional("Greater than or equal to this value.")
    lt: int | None = optional("Less than this value.")
    lte: int | None = optional("Less than or equal to this value.")
    is_null: bool | None = optional(IS_NULL)


@strawberry.input(description="Conditions on a time. All given conditions must match.")
class DateTimeFilter(Input):
    eq: datetime | None = optional("Exactly then.")
    gt: datetime | None = optional("Later than this time.")
    gte: datetime | None = optional("At or after this time.")
    lt: datetime | None = optional("Earlier than this time.")
    lte: datetime | None = optional("At or before this time.")
    is_null: bool | None = optional("Whether the time is missing.")


@strawberry.input(
    description="Conditions on the topics or the authors of an article. All given conditions must match. Values are"
    " slugs or exact names."
)
class ListFilter(Input):
    any_of: list[str] | None = optional(ANY_OF)
    all_of: list[str] | None = optional(ALL_OF)
    none_of: list[str] | None = optional(NONE_OF)
    is_empty: bool | None = optional("Whether the article has none.")


@strawberry.input(description="Conditions on the status. They narrow what the caller may see and never widen it.")
class StatusFilter(Input):
    eq: Status | None = optional("Equal to this status.")
    in_: list[Status] | None = optional("One of these statuses. An empty list matches nothing.", "in")


@strawberry.input(
    description="Conditions on a provider. All given conditions must match. For an article without a provider all"
    " provider values are missing."
)
class ProviderFilter(RecordFilter):
    MEANINGS: ClassVar[Meanings] = {
        "id": value_of(Field.PROVIDER_ID),
        "name": value_of(Field.PROVIDER_NAME),
        "slug": value_of(Field.PROVIDER_SLUG),
        "domain": value_of(Field.PROVIDER_DOMAIN),
        "min_articles": partial(Compared, Field.PROVIDER_ARTICLES, Comparison.GREATER_OR_EQUAL),
    }
    id: IDFilter | None = optional("The provider's id.")
    name: StringFilter | None = optional("The provider's name, as the caller sees it.")
    slug: StringFilter | None = optional("The slug.")
    domain: StringFilter | None = optional("The domain.")
    min_articles: int | None = optional("At least this number of visible articles.")


@strawberry.input(description="Conditions on a topic. All given conditions must match.")
class TopicFilter(RecordFilter):
    MEANINGS: ClassVar[Meanings] = {
        "id": value_of(Field.TOPIC_ID),
        "name": value_of(Field.TOPIC_NAME),
        "slug": value_of(Field.TOPIC_SLUG),
        "min_articles": partial(Compared, Field.TOPIC_ARTICLES, Comparison.GREATER_OR_EQUAL),
    }
    id: IDFilter | None = optional("The topic's id.")
    name: StringFilter | None = optional("The topic's name, as the caller sees it.")
    slug: StringFilter | None = optional("The slug.")
    min_articles: int | None = optional("At least this number of visible articles.")


@strawberry.input(description="Conditions on an author. All given conditions must match.")
class AuthorFilter(RecordFilter):
    MEANINGS: ClassVar[Meanings] = {
        "id": value_of(Field.AUTHOR_ID),
        "name": value_of(Field.AUTHOR_NAME),
        "slug": value_of(Field.AUTHOR_SLUG),
        "min_articles": partial(Compared, Field.AUTHOR_ARTICLES, Comparison.GREATER_OR_EQUAL),
    }
    id: IDFilter | None = optional("The author's id.")
    name: StringFilter | None = optional("The author's name, as the caller sees it.")
    slug: StringFilter | None = optional("The slug.")
    min_articles: int | None = optional("At least this number of visible articles.")


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
class ArticleFilter(RecordFilter):
    MEANINGS: ClassVar[Meanings] = {
        "and_": lambda filters: And(tuple(map(converted, filters))),
        "or_": lambda filters: Or(tuple(map(converted, filters))),
        "not_": lambda filter_: Not(converted(filter_)),
        "id": value_of(Field.ID),
        "slug": value_of(Field.SLUG),
        "path": value_of(Field.PATH),
        "collection": value_of(Field.COLLECTION),
        **{field.name: value_of(Field[field.constant]) for field in FILTERED},
        "provider": converted,
        "topics": partial(every, _names(NameList.TOPICS, ArticlePart.TOPIC)),
        "authors": partial(every, _names(NameList.AUTHORS, ArticlePart.AUTHOR)),
        "status": partial(every, _STATUS),
        "has_body": _has(ArticlePart.BODY),
        "has_image": _has(ArticlePart.IMAGE),
        "has_related": _has(ArticlePart.RELATED),
    }
    and_: list[ArticleFilter] | None = optional("All of these filters match. An empty list matches everything.", "and")
    or_: list[ArticleFilter] | None = optional(
        "At least one of these filters matches. An empty list matches nothing.", "or"
    )
    not_: ArticleFilter | None = optional("This filter does not match.", "not")
    id: IDFilter | None = optional("The article's id.")
    slug: StringFilter | None = optional("The slug.")
    path: StringFilter | None = optional("The file's path, relative to the content folder.")
    collection: StringFilter | None = optional("The collection of `gateway.yaml` that the file belongs to.")
    __annotations__.update({field.name: _FILTERS[field.kind] for field in FILTERED})
    vars().update({field.name: optional(field.filtered) for field in FILTERED})
    provider: ProviderFilter | None = optional("The provider.")
    topics: ListFilter | None = optional("The topics.")
    authors: ListFilter | None = optional("The authors.")
    status: StatusFilter | None = optional("The publication status.")
    has_body: bool | None = optional("Whether the body has content, as in `Body.isEmpty`.")
    has_image: bool | None = optional("Whether the article has an image.")
    has_related: bool | None = optional("Whether the article has related entries.")


_FILTER = "Return only records that match all given conditions. Without a filter every record matches."


def article_filters(filter_: type[ArticleFilter]) -> Any:
    """The type of the argument `filter` with this input."""
    return Annotated[filter_ | None, strawberry.argument(name="filter", description=_FILTER)]


ArticleFilters = Annotated[ArticleFilter | None, strawberry.argument(name="filter", description=_FILTER)]
ProviderFilters = Annotated[ProviderFilter | None, strawberry.argument(name="filter", description=_FILTER)]
TopicFilters = Annotated[TopicFilter | None, strawberry.argument(name="filter", description=_FILTER)]
AuthorFilters = Annotated[AuthorFilter | None, strawberry.argument(name="filter", description=_FILTER)]


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
        inner = [filter_size(part) for part in parts if isinstance(part, Input)]
        for each in inner:
            depth, values = max(depth, each.depth), max(values, each.values)
            conditions += each.conditions
        if not inner:
            conditions, values = conditions + 1, max(values, len(parts))
    return FilterSize(depth + isinstance(filter_, ArticleFilter), max(conditions, 1), values)


def checked_filter(limits: Limits, filter_: RecordFilter | None) -> Filter | None:
    """Converts the argument `filter`. None if it is absent or null. Raises LimitExceeded."""
    if filter_ is None or filter_ is UNSET:
        return None
    asked = filter_size(filter_)
    check_limit("filter_depth", limits.filter_depth, asked.depth)
    check_limit("filter_conditions", limits.filter_conditions, asked.conditions)
    check_limit("filter_values", limits.filter_values, asked.values)
    return converted(filter_)
