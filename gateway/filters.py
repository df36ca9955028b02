"""What must hold of an article, a provider or a topic, as a tree of frozen records. It knows no GraphQL and no SQL.

A filter holds or it does not; there is no third answer. A comparison with a value that is not there does not hold, and
`Not` of it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gateway.model import Status


class Field(Enum):
    """A value that a filter looks at. An article has the fields of its provider too, as if they were its own."""

    ID = "article.id"
    SLUG = "article.slug"
    PATH = "article.path"
    CATEGORY = "article.category"
    TYPE = "article.type"
    LOCALE = "article.locale"
    TITLE = "article.title"
    QUALITY = "article.quality"
    HEAT = "article.heat"
    PUBLISHED_DATE_TIME = "article.publishedDateTime"
    UPDATED_DATE_TIME = "article.updatedDateTime"
    PROVIDER_ID = "provider.id"
    PROVIDER_NAME = "provider.name"
    PROVIDER_SLUG = "provider.slug"
    PROVIDER_DOMAIN = "provider.domain"
    PROVIDER_ARTICLES = "provider.articleCount"
    TOPIC_ID = "topic.id"
    TOPIC_NAME = "topic.name"
    TOPIC_SLUG = "topic.slug"
    TOPIC_ARTICLES = "topic.articleCount"


Value = int | str | datetime


class Comparison(Enum):
    GREATER = "gt"
    GREATER_OR_EQUAL = "gte"
    LESS = "lt"
    LESS_OR_EQUAL = "lte"


class MatchPosition(Enum):
    """Where in a text another one stands."""

    ANYWHERE = "contains"
    START = "startsWith"
    END = "endsWith"


class ArticlePart(Enum):
    """What an article may have or lack."""

    BODY = "body"
    IMAGE = "image"
    RELATED = "related"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class And:
    """All of the filters hold; so it is where there are none."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the filters holds; where there are none it does not."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    filter: Filter


@dataclass(frozen=True, slots=True)
class In:
    """The field is exactly one of the values."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    field: Field
    comparison: Comparison
    value: int | datetime


@dataclass(frozen=True, slots=True)
class TextMatches:
    """The text stands there in the field's text, whatever the case and the accents of both."""

    field: Field
    position: MatchPosition
    text: str


@dataclass(frozen=True, slots=True)
class IsNotNull:
    """The field has a value."""

    field: Field


@dataclass(frozen=True, slots=True)
class HasTopics:
    """The article has one of these topics, or all of them; each is named by its slug or its exact name."""

    topics: tuple[str, ...]
    needs_all: bool = False


@dataclass(frozen=True, slots=True)
class InStatus:
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class HasPart:
    part: ArticlePart


Filter = And | Or | Not | In | Compared | TextMatches | IsNotNull | HasTopics | InStatus | HasPart


def has_condition(filter_: Filter) -> bool:
    """Whether a filter asks for anything. Without, it always holds."""
    return not isinstance(filter_, And) or any(map(has_condition, filter_.filters))
