"""Filters of articles, providers, topics and authors, as a tree of frozen dataclasses.

Filters have two-valued logic: a comparison with a missing value is false, and its `Not` is true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gateway.model.collections import CustomField
from gateway.model.documents import Status
from gateway.model.fields import FILTERED


class Field(Enum):
    """A field that a filter tests. Articles also have the fields of their provider."""

    ID = "article.id"
    SLUG = "article.slug"
    PATH = "article.path"
    COLLECTION = "article.collection"
    vars().update({field.constant: f"article.{field.name}" for field in FILTERED})
    PROVIDER_ID = "provider.id"
    PROVIDER_NAME = "provider.name"
    PROVIDER_SLUG = "provider.slug"
    PROVIDER_DOMAIN = "provider.domain"
    PROVIDER_ARTICLES = "provider.count"
    TOPIC_ID = "topic.id"
    TOPIC_NAME = "topic.name"
    TOPIC_SLUG = "topic.slug"
    TOPIC_ARTICLES = "topic.count"
    AUTHOR_ID = "author.id"
    AUTHOR_NAME = "author.name"
    AUTHOR_SLUG = "author.slug"
    AUTHOR_ARTICLES = "author.count"

    @property
    def record(self) -> str:
        """The kind of record that has the field."""
        return self.value.partition(".")[0]


AnyField = Field | CustomField
Value = int | float | str | datetime


class Comparison(Enum):
    GREATER = "gt"
    GREATER_OR_EQUAL = "gte"
    LESS = "lt"
    LESS_OR_EQUAL = "lte"


class MatchPosition(Enum):
    """The position of the text within the field."""

    ANYWHERE = "contains"
    START = "startsWith"
    END = "endsWith"


class ArticlePart(Enum):
    """Parts that an article may lack."""

    BODY = "body"
    IMAGE = "image"
    RELATED = "related"
    TOPIC = "topic"
    AUTHOR = "author"


class NameList(Enum):
    """A list of an article that names records. The value is the kind of the records."""

    TOPICS = "topic"
    AUTHORS = "author"


@dataclass(frozen=True, slots=True)
class And:
    """All of the filters hold. True for an empty tuple."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the filters holds. False for an empty tuple."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    filter: Filter


@dataclass(frozen=True, slots=True)
class In:
    """The field equals one of the values. Values of a custom field are as in `documents.CustomValues`."""

    field: AnyField
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    field: AnyField
    comparison: Comparison
    value: int | float | datetime


@dataclass(frozen=True, slots=True)
class TextMatches:
    """The field contains the text at the position, ignoring case and accents."""

    field: AnyField
    position: MatchPosition
    text: str


@dataclass(frozen=True, slots=True)
class IsNotNull:
    """The field has a value: a list a member, and a reference a visible article."""

    field: AnyField


@dataclass(frozen=True, slots=True)
class HasNames:
    """The list of the article has at least one of these records, or all of them, by slug or exact name."""

    list: NameList
    names: tuple[str, ...]
    needs_all: bool = False


@dataclass(frozen=True, slots=True)
class HasItems:
    """The list of a custom field has at least one of these texts, or all of them."""

    field: CustomField
    values: tuple[str, ...]
    needs_all: bool = False


@dataclass(frozen=True, slots=True)
class HasReference:
    """A reference of a custom field leads to a visible article with one of these ids, slugs or paths."""

    field: CustomField
    by: Field
    """ID, SLUG or PATH."""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InStatus:
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class HasPart:
    part: ArticlePart


Filter = (
    And | Or | Not | In | Compared | TextMatches | IsNotNull | HasNames | HasItems | HasReference | InStatus | HasPart
)


def has_condition(filter_: Filter) -> bool:
    """Whether a filter contains a condition. Without one it always holds."""
    return not isinstance(filter_, And) or any(map(has_condition, filter_.filters))
