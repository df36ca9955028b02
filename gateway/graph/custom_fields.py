"""The fields of collections: their GraphQL types, and the values that they show.

Values are encoded as in `documents.CustomValues`. A value of an object has those of its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.scalars import JSON

from gateway.content import markup
from gateway.graph.connection import SOURCE
from gateway.graph.context import Info
from gateway.graph.images import Image
from gateway.graph.order_inputs import describe
from gateway.graph.sources import derived
from gateway.graph.types import Article
from gateway.limits import Limits
from gateway.model import documents
from gateway.model.collections import Collection, CustomField, EnumValue, FieldType
from gateway.model.instants import instant
from gateway.store.reads import ARTICLE_BY_ID, Find, ReferencesOf

ARTICLE = ""
"""The key of the article's id in the values of an object, except in lists, which have no references."""
PREFIX = "custom_"
"""Begins the Python names of members for custom fields, which therefore differ from all others."""


def python_name(field: CustomField) -> str:
    return PREFIX + field.key


def make_enum(name: str, description: str, members: Mapping[str, Any], descriptions: Mapping[str, str]) -> type[Enum]:
    """A GraphQL enum of values by name."""
    made = Enum(name, {f"member_{at}": value for at, value in enumerate(members.values())})  # type: ignore[misc]
    for member, known_as in zip(made, members, strict=True):
        member._name_ = known_as  # Python reserves some names in the definition of an enum
    describe(made, name, description, **descriptions)
    return made


def enum_of(collection: Collection, field: CustomField) -> type[Enum]:
    """The GraphQL enum of a field. The values of its members are their positions."""
    return make_enum(
        collection.type_of(field),
        field.description or f"The values of `{'.'.join(field.path)}` in `{collection.name}`.",
        {value.name: position for position, value in enumerate(field.values)},
        {value.name: _meaning(value) for value in field.values},
    )


def _meaning(value: EnumValue) -> str:
    return f"`{value.written}` in files."


def day(value: int) -> date:
    return instant(value).date()


def image(value: list[Any]) -> documents.Image:
    return documents.Image(*value)


SHOWN: Mapping[FieldType, Callable[[Any], Any]] = {
    FieldType.FLOAT: float,
    FieldType.BOOLEAN: bool,
    FieldType.DATE_TIME: instant,
    FieldType.DATE: day,
    FieldType.IMAGE: image,
}
"""The conversions of encoded values. Other types are shown as they are encoded."""


@dataclass(frozen=True)
class Custom:
    """The value of a custom field, from the values of its article or object."""

    field: CustomField
    convert: Callable[[Any], Any]
    """The conversion of an encoded value, or of a member of a list."""
    keys: frozenset[str]
    """The keys of the values of an object without which it is null. Empty if it is never null."""

    def value(self, values: Mapping[str, Any], article: str) -> Any:
        """`article` is the id of the article, which the references of an object need."""
        field = self.field
        if field.is_list:
            return [self.convert(member) for member in values.get(field.key, ())]
        if field.type is FieldType.OBJECT:
            return None if self.keys and self.keys.isdisjoint(values) else {**values, ARTICLE: article}
        found = values.get(field.key)
        return None if found is None else self.convert(found)


@dataclass(frozen=True)
class Reference:
    """The article or the articles that a custom field refers to."""

    field: CustomField


def source_of(field: CustomField, convert: Callable[[Any], Any]) -> Custom:
    """References are not among the values, so an object of nothing else is never null."""
    leaves = () if field.is_required else field.leaves
    return Custom(field, convert, frozenset(leaf.key for leaf in leaves if leaf.type is not FieldType.REFERENCE))


def _markdown(_limits: Limits) -> Callable[[str], str]:
    return lambda text: text


def _text(_limits: Limits) -> Callable[[str], str]:
    return lambda text: markup.read(text).text


@strawberry.type(description="A Markdown text of the front matter.")
class CustomMarkdown:
    markdown = derived("The Markdown source.", str, _markdown)
    text = derived("Plain text without markup, one line per block.", str, _text)


_TYPES: Mapping[FieldType, Any] = {
    FieldType.STRING: str,
    FieldType.INT: int,
    FieldType.FLOAT: float,
    FieldType.BOOLEAN: bool,
    FieldType.DATE_TIME: datetime,
    FieldType.DATE: date,
    FieldType.JSON: JSON,
    FieldType.IMAGE: Image,
    FieldType.MARKDOWN: CustomMarkdown,
}


class FieldTypes:
    """Makes the GraphQL types of the fields of one collection, each once."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._objects: list[Any] = []
        self.enums: dict[CustomField, type[Enum]] = {
            field: enum_of(collection, field) for field in _within(collection.fields) if field.type is FieldType.ENUM
        }

    def members(
        self, fields: tuple[CustomField, ...], values: Callable[[Any], tuple[Mapping[str, Any], str]]
    ) -> dict[str, Any]:
        """The members of a class with these fields. `values` gives the values of one of its objects, and the id of its
        article."""
        return {
            python_name(field): self._reference(field, values)
            if field.type is FieldType.REFERENCE
            else self._member(field, values)
            for field in fields
        }

    def _member(self, field: CustomField, values: Callable[[Any], tuple[Mapping[str, Any], str]]) -> Any:
        type_, source = self._type(field), source_of(field, self._conversion(field))

        def resolve(root: object) -> Any:
            return source.value(*values(root))

        if field.is_list:
            type_ = list[type_]  # type: ignore[valid-type]
        elif not (field.is_required or field.default):
            type_ = type_ | None
        return _field(field, resolve, source, type_)

    def _reference(self, field: CustomField, values: Callable[[Any], tuple[Mapping[str, Any], str]]) -> Any:
        """A reference may lead nowhere, so a single one is never required."""

        async def resolve(root: object, info: Info) -> Any:
            _, article = values(root)
            ids = await info.context.load(ReferencesOf(field), article)
            found = await info.context.load_many(Find(ARTICLE_BY_ID), ids if field.is_list else ids[:1])
            return found if field.is_list else next(iter(found), None)

        type_: Any = list[Article] if field.is_list else Article | None
        return _field(field, resolve, Reference(field), type_)

    def bind(self, article: Any, articles: Mapping[str, Any]) -> None:
        """Give the references of the collection's type and of its objects the types of the collections that they lead
        to. `articles` has these types by the names of the collections."""
        for made in (article, *self._objects):
            for field in made.__strawberry_definition__.fields:
                source = field.metadata.get(SOURCE)
                if isinstance(source, Reference) and (target := articles.get(source.field.target)):
                    type_: Any = list[target] if source.field.is_list else target | None  # type: ignore[valid-type]
                    field.type_annotation = StrawberryAnnotation(type_)

    def _type(self, field: CustomField) -> Any:
        if field.type is FieldType.ENUM:
            return self.enums[field]
        return self._object(field) if field.type is FieldType.OBJECT else _TYPES[field.type]

    def _object(self, field: CustomField) -> Any:
        name = self._collection.type_of(field)
        description = field.description or f"The fields of `{'.'.join(field.path)}` in `{self._collection.name}`."
        made = new_class(name, (), self.members(field.fields, lambda values: (values, values.get(ARTICLE, ""))))
        self._objects.append(strawberry.type(made, name=name, description=description))
        return made

    def _conversion(self, field: CustomField) -> Callable[[Any], Any]:
        return self.enums[field] if field.type is FieldType.ENUM else SHOWN.get(field.type, _same)


def _field(field: CustomField, resolve: Callable[..., object], source: Custom | Reference, type_: Any) -> Any:
    description = field.description or f"`{field.keys[0]}` in the front matter."
    return strawberry.field(
        resolve, name=field.name, description=description, graphql_type=type_, metadata={SOURCE: source}
    )


def _within(fields: tuple[CustomField, ...]) -> list[CustomField]:
    """Fields, and those of their objects at all levels."""
    return [each for field in fields for each in (field, *_within(field.fields))]


def _same(value: Any) -> Any:
    return value


def new_class(name: str, bases: tuple[type, ...], members: Mapping[str, Any]) -> type:
    return type(name, bases, {"__module__": __name__, **members})
