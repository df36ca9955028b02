"""How a list of records is searched, ordered, paged and grouped."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from gateway.model.collections import CustomField
from gateway.model.fields import ORDERED

T = TypeVar("T")


class ReferenceKind(StrEnum):
    """Where an article refers to another one."""

    RELATED = "RELATED"
    BODY = "BODY"
    FIELD = "FIELD"


class SearchField(StrEnum):
    TITLE = "TITLE"
    EXCERPT = "EXCERPT"
    BODY = "BODY"
    TOPICS = "TOPICS"
    PROVIDER = "PROVIDER"
    AUTHORS = "AUTHORS"
    FIELDS = "FIELDS"
    """The custom fields."""


class SearchMode(StrEnum):
    ALL_TERMS = "ALL_TERMS"
    ANY_TERM = "ANY_TERM"
    PHRASE = "PHRASE"
    PREFIX = "PREFIX"


class ArticleOrderField(StrEnum):
    vars().update({field.constant: field.constant for field in ORDERED})
    PROVIDER_NAME = "PROVIDER_NAME"
    PATH = "PATH"


class ProviderOrderField(StrEnum):
    ARTICLE_COUNT = "ARTICLE_COUNT"
    NAME = "NAME"
    DOMAIN = "DOMAIN"


class TopicOrderField(StrEnum):
    ARTICLE_COUNT = "ARTICLE_COUNT"
    NAME = "NAME"


class AuthorOrderField(StrEnum):
    ARTICLE_COUNT = "ARTICLE_COUNT"
    NAME = "NAME"


class SearchOrderField(StrEnum):
    SCORE = "SCORE"
    """The relevance of an article to the search of its list."""


OrderField = (
    ArticleOrderField | ProviderOrderField | TopicOrderField | AuthorOrderField | SearchOrderField | CustomField
)
"""A custom field orders only lists within its collection."""


class OrderDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


class NullsOrder(StrEnum):
    FIRST = "FIRST"
    LAST = "LAST"


class OrderTerm(NamedTuple):
    """One term of an order. The ascending key of the record is the implicit last term, so that each order is total."""

    field: OrderField
    direction: OrderDirection = OrderDirection.ASC
    nulls: NullsOrder = NullsOrder.LAST


Order = tuple[OrderTerm, ...]
PUBLISHED_DATE_TIME = ArticleOrderField("PUBLISHED_DATE_TIME")
NEWEST_FIRST: Order = (OrderTerm(PUBLISHED_DATE_TIME, OrderDirection.DESC),)
BEST_FIRST: Order = (OrderTerm(SearchOrderField.SCORE, OrderDirection.DESC),)
"""The only order by score."""


class Window(NamedTuple):
    """A range of rows: the first `limit` rows of a list, or the last if `backward`.

    `cursor` excludes its own row and all rows before it, or after it if `backward`. `offset` and `cursor` are
    exclusive.
    """

    limit: int = 20
    backward: bool = False
    cursor: str | None = None
    offset: int = 0


class Edge(NamedTuple, Generic[T]):
    """A record and its place in the order of its list."""

    cursor: str
    node: T
    score: float | None = None
    """The relevance, if the list is ordered by it."""


class Page(NamedTuple, Generic[T]):
    edges: tuple[Edge[T], ...]
    """In the order of the list, even if the window is backward."""
    has_more: bool
    """Whether more rows exist after the page, or before it if the window is backward."""


class Grouping(StrEnum):
    """The value by which articles are counted. An article with several topics or authors counts for each of them."""

    TOPIC = "TOPIC"
    AUTHOR = "AUTHOR"
    PROVIDER = "PROVIDER"
    CATEGORY = "CATEGORY"
    TYPE = "TYPE"
    COLLECTION = "COLLECTION"


class Interval(StrEnum):
    """The calendar unit, in UTC, by which articles are counted."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


class Largest(NamedTuple):
    """The largest groups: the first `first` of those with at least `least` articles."""

    by: Grouping | CustomField
    """A custom field groups only lists within its collection."""
    first: int = 20
    least: int = 1


class Group(NamedTuple, Generic[T]):
    value: T
    size: int
