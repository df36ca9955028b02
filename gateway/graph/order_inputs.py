"""What lists can be ordered by: the enums and inputs that say it, and the check of the argument `orderBy`.

The orders themselves are the store's.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from gateway import model
from gateway.graph.connection import check_limit
from gateway.limits import Limits
from gateway.model import ArticleOrderField, NullsOrder, OrderDirection, ProviderOrderField, TopicOrderField


def describe(enum: type[Enum], name: str, description: str, **members: str) -> None:
    """Makes an enum of the model one of the schema, with a description for each member."""
    registered = strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = vars(registered)["__strawberry_definition__"]
    for value in definition.values:
        value.description = members[value.name]


describe(
    OrderDirection,
    "OrderDirection",
    "Which way an order runs.",
    ASC="From small to large, old to new, A to Z.",
    DESC="From large to small, new to old, Z to A.",
)
describe(
    NullsOrder,
    "NullsOrder",
    "Where records without a value stand, whichever way the order runs.",
    FIRST="Before all others.",
    LAST="After all others.",
)
describe(
    ArticleOrderField,
    "ArticleOrderField",
    "What articles can be ordered by.",
    PUBLISHED_DATE_TIME="When the article was published.",
    UPDATED_DATE_TIME="When the article was last updated, as its front matter says.",
    QUALITY="The article's quality.",
    HEAT="The article's heat.",
    TITLE="The title, without regard to case and accents.",
    PROVIDER_NAME="The name of the provider, without regard to case and accents.",
    PATH="The path of the file.",
)
describe(
    ProviderOrderField,
    "ProviderOrderField",
    "What providers can be ordered by.",
    ARTICLE_COUNT="How many visible articles the provider has.",
    NAME="The name, without regard to case and accents.",
    DOMAIN="The domain.",
)
describe(
    TopicOrderField,
    "TopicOrderField",
    "What topics can be ordered by.",
    ARTICLE_COUNT="How many visible articles have the topic.",
    NAME="The name, without regard to case and accents.",
)

# Orders.

_DIRECTION = "Which way the order runs."


@strawberry.input(description="One term of an order of articles. Ties are always broken by path, ascending.")
class ArticleOrder:
    field: ArticleOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=_DIRECTION)
    nulls: NullsOrder | None = strawberry.field(
        default=NullsOrder.LAST, description="Where articles without a value stand."
    )

    def term(self) -> model.OrderTerm:
        return model.OrderTerm(self.field, self.direction, self.nulls or NullsOrder.LAST)


@strawberry.input(description="One term of an order of providers. Ties are always broken by key, ascending.")
class ProviderOrder:
    field: ProviderOrderField = strawberry.field(description="What to order by; providers without a value come last.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=_DIRECTION)

    def term(self) -> model.OrderTerm:
        return model.OrderTerm(self.field, self.direction)


@strawberry.input(description="One term of an order of topics. Ties are always broken by key, ascending.")
class TopicOrder:
    field: TopicOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=_DIRECTION)

    def term(self) -> model.OrderTerm:
        return model.OrderTerm(self.field, self.direction)


Term = TypeVar("Term", ArticleOrder, ProviderOrder, TopicOrder)

NEWEST_FIRST = [ArticleOrder(field=ArticleOrderField.PUBLISHED_DATE_TIME, direction=OrderDirection.DESC)]
LARGEST_PROVIDERS_FIRST = [ProviderOrder(field=ProviderOrderField.ARTICLE_COUNT, direction=OrderDirection.DESC)]
LARGEST_TOPICS_FIRST = [TopicOrder(field=TopicOrderField.ARTICLE_COUNT, direction=OrderDirection.DESC)]

_ORDER_BY = "What to order by: the first term, then where it ties the next. An empty list orders by {}."
ArticleOrders = Annotated[list[ArticleOrder] | None, strawberry.argument(description=_ORDER_BY.format("path"))]
SearchOrders = Annotated[
    list[ArticleOrder] | None,
    strawberry.argument(description=_ORDER_BY.format("path") + " Unless given, by score."),
]
ProviderOrders = Annotated[list[ProviderOrder] | None, strawberry.argument(description=_ORDER_BY.format("key"))]
TopicOrders = Annotated[list[TopicOrder] | None, strawberry.argument(description=_ORDER_BY.format("key"))]


def checked_order(limits: Limits, terms: Sequence[Term] | None, default: Sequence[Term]) -> model.Order:
    """The order that the argument `orderBy` asks for; the default where it is null. Raises LimitExceeded."""
    chosen = default if terms is None else terms
    check_limit("order_by", limits.order_by, len(chosen))
    return tuple(each.term() for each in chosen)
