"""The enums and inputs of the argument `orderBy`, and their conversion to an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from gateway.graph.connection import check_limit
from gateway.limits import Limits
from gateway.model.fields import ORDERED
from gateway.model.lists import (
    PUBLISHED_DATE_TIME,
    ArticleOrderField,
    AuthorOrderField,
    NullsOrder,
    Order,
    OrderDirection,
    OrderTerm,
    ProviderOrderField,
    TopicOrderField,
)


def describe(enum: type[Enum], name: str, description: str, /, **members: str) -> None:
    """Makes a model enum a GraphQL enum, with a description for each member."""
    registered = strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = vars(registered)["__strawberry_definition__"]
    for value in definition.values:
        value.description = members[value.name]


describe(
    OrderDirection,
    "OrderDirection",
    "The direction of an order.",
    ASC="Ascending: small to large, old to new, A to Z.",
    DESC="Descending: large to small, new to old, Z to A.",
)
describe(
    NullsOrder,
    "NullsOrder",
    "The position of records without a value, in either direction.",
    FIRST="Before all other records.",
    LAST="After all other records.",
)
ARTICLE_ORDERS: Mapping[str, str] = {
    **{field.constant: field.ordered for field in ORDERED},
    "PROVIDER_NAME": "The provider's name, ignoring case and accents.",
    "PATH": "The path of the file.",
}
"""The descriptions of the values to order articles by."""
describe(ArticleOrderField, "ArticleOrderField", "The values to order articles by.", **ARTICLE_ORDERS)
describe(
    ProviderOrderField,
    "ProviderOrderField",
    "The values to order providers by.",
    ARTICLE_COUNT="The number of visible articles.",
    NAME="The name, ignoring case and accents.",
    DOMAIN="The domain.",
)
describe(
    TopicOrderField,
    "TopicOrderField",
    "The values to order topics by.",
    ARTICLE_COUNT="The number of visible articles.",
    NAME="The name, ignoring case and accents.",
)
describe(
    AuthorOrderField,
    "AuthorOrderField",
    "The values to order authors by.",
    ARTICLE_COUNT="The number of visible articles.",
    NAME="The name, ignoring case and accents.",
)

_DIRECTION = "The direction of the order."


@strawberry.input(description="One term of an article order. Ties are broken by path, ascending.")
class ArticleOrder:
    field: ArticleOrderField = strawberry.field(description="The value to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=_DIRECTION)
    nulls: NullsOrder | None = strawberry.field(
        default=NullsOrder.LAST, description="The position of articles without a value."
    )

    def term(self) -> OrderTerm:
        return OrderTerm(self.field, self.direction, self.nulls or NullsOrder.LAST)


@strawberry.input(description="One term of a provider order. Ties are broken by key, ascending.")
class ProviderOrder:
    field: ProviderOrderField = strawberry.field(
        description="The value to order by. Providers without a value come last."
    )
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=_DIRECTION)

    def term(self) -> OrderTerm:
        return OrderTerm(self.field, self.direction)


@strawberry.input(description="One term of a topic order. Ties are broken by key, ascending.")
class TopicOrder:
    field: TopicOrderField = strawberry.field(description="The value to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=_DIRECTION)

    def term(self) -> OrderTerm:
        return OrderTerm(self.field, self.direction)


@strawberry.input(description="One term of an author order. Ties are broken by key, ascending.")
class AuthorOrder:
    field: AuthorOrderField = strawberry.field(description="The value to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=_DIRECTION)

    def term(self) -> OrderTerm:
        return OrderTerm(self.field, self.direction)


Term = TypeVar("Term", ArticleOrder, ProviderOrder, TopicOrder, AuthorOrder)

NEWEST_FIRST = [ArticleOrder(field=PUBLISHED_DATE_TIME, direction=OrderDirection.DESC)]
LARGEST_PROVIDERS_FIRST = [ProviderOrder(field=ProviderOrderField.ARTICLE_COUNT, direction=OrderDirection.DESC)]
LARGEST_TOPICS_FIRST = [TopicOrder(field=TopicOrderField.ARTICLE_COUNT, direction=OrderDirection.DESC)]
LARGEST_AUTHORS_FIRST = [AuthorOrder(field=AuthorOrderField.ARTICLE_COUNT, direction=OrderDirection.DESC)]

_ORDER_BY = (
    "The order of the list. Each term orders the records that the terms before it leave tied. An empty"
    " list orders by {}."
)


def article_orders(order: type[ArticleOrder]) -> Any:
    """The type of the argument `orderBy` with this input."""
    terms: Any = list[order] | None  # type: ignore[valid-type]
    return Annotated[terms, strawberry.argument(description=_ORDER_BY.format("path"))]


ArticleOrders = Annotated[list[ArticleOrder] | None, strawberry.argument(description=_ORDER_BY.format("path"))]
SearchOrders = Annotated[
    list[ArticleOrder] | None,
    strawberry.argument(description=_ORDER_BY.format("path") + "Default: by score."),
]
ProviderOrders = Annotated[list[ProviderOrder] | None, strawberry.argument(description=_ORDER_BY.format("key"))]
TopicOrders = Annotated[list[TopicOrder] | None, strawberry.argument(description=_ORDER_BY.format("key"))]
AuthorOrders = Annotated[list[AuthorOrder] | None, strawberry.argument(description=_ORDER_BY.format("key"))]


def checked_order(limits: Limits, terms: Sequence[Term] | None, default: Sequence[Term]) -> Order:
    """Converts the argument `orderBy`. Null gives the default. Raises LimitExceeded."""
    chosen = default if terms is None else terms
    check_limit("order_by", limits.order_by, len(chosen))
    return tuple(each.term() for each in chosen)
