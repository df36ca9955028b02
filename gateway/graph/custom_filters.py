"""The filters of custom fields: their inputs, and the conversion to `gateway.filters`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, NamedTuple

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryObjectDefinition

from gateway.filters import Field, Filter, HasItems, HasReference, IsNotNull, Not
from gateway.graph.custom_fields import FieldTypes, new_class, python_name
from gateway.graph.filter_inputs import (
    ALL_OF,
    ANY_OF,
    EQ,
    IN,
    IS_NULL,
    NE,
    NIN,
    NONE_OF,
    VALUE,
    ArticleFilter,
    DateTimeFilter,
    IDFilter,
    Input,
    IntFilter,
    Meanings,
    RecordFilter,
    StringFilter,
    converted,
    every,
    optional,
    unless,
)
from gateway.model.collections import Collection, CustomField, FieldType
from gateway.model.instants import micros


@strawberry.input(description="Conditions on a Boolean value. All given conditions must match.")
class BooleanFilter(Input):
    eq: bool | None = optional(EQ)
    is_null: bool | None = optional(IS_NULL)


@strawberry.input(description="Conditions on a number. All given conditions must match.")
class FloatFilter(Input):
    eq: float | None = optional(EQ)
    ne: float | None = optional(NE)
    in_: list[float] | None = optional(IN, "in")
    nin: list[float] | None = optional(NIN)
    gt: float | None = optional("Greater than this value.")
    gte: float | None = optional("Greater than or equal to this value.")
    lt: float | None = optional("Less than this value.")
    lte: float | None = optional("Less than or equal to this value.")
    is_null: bool | None = optional(IS_NULL)


@strawberry.input(description="Conditions on a date. All given conditions must match.")
class DateFilter(Input):
    eq: date | None = optional("Exactly that day.")
    gt: date | None = optional("After that day.")
    gte: date | None = optional("On or after that day.")
    lt: date | None = optional("Before that day.")
    lte: date | None = optional("On or before that day.")
    is_null: bool | None = optional("Whether the date is missing.")


IS_EMPTY = "Whether the list is empty."


@strawberry.input(description="Conditions on a list of texts. All given conditions must match. Texts compare exactly.")
class StringListFilter(Input):
    any_of: list[str] | None = optional(ANY_OF)
    all_of: list[str] | None = optional(ALL_OF)
    none_of: list[str] | None = optional(NONE_OF)
    is_empty: bool | None = optional(IS_EMPTY)


@strawberry.input(description="Conditions on a value that is not compared.")
class IsNullFilter(Input):
    is_null: bool | None = optional("Whether the value is missing, or the list is empty.")


@strawberry.input(description="Conditions on a slug or a path. All given conditions must match.")
class KeyFilter(Input):
    eq: str | None = optional(EQ)
    ne: str | None = optional(NE)
    in_: list[str] | None = optional(IN, "in")
    nin: list[str] | None = optional(NIN)


@strawberry.input(
    description="Conditions on the article that a reference leads to, or on one of those of a list. All given"
    " conditions must match."
)
class ReferenceFilter(Input):
    id: IDFilter | None = optional("The id of the article.")
    slug: KeyFilter | None = optional("The slug.")
    path: KeyFilter | None = optional("The path of the file, relative to the content folder.")
    is_null: bool | None = optional("Whether the reference is missing, or leads to no article that is visible.")


class CustomFilter(NamedTuple):
    """The input for the conditions on a custom field, and the filter that they become."""

    input: type
    meaning: Callable[[Any], Filter]


def _single(field: CustomField, encode: Callable[[Any], Any] = lambda value: value) -> Meanings:
    """The meanings of conditions on a single value. `encode` makes a value as the store has it."""

    def of(meaning: Callable[[Any, Any], Filter]) -> Callable[[Any], Filter]:
        return lambda value: meaning(field, [*map(encode, value)] if isinstance(value, list) else encode(value))

    return {name: of(meaning) for name, meaning in VALUE.items()} | {"is_null": partial(VALUE["is_null"], field)}


def _items(field: CustomField, encode: Callable[[Any], str]) -> Meanings:
    def has(values: list[Any], *, needs_all: bool = False) -> Filter:
        return HasItems(field, tuple(map(encode, values)), needs_all)

    return {
        "any_of": has,
        "all_of": partial(has, needs_all=True),
        "none_of": lambda values: Not(has(values)),
        "is_empty": lambda wanted: unless(wanted, IsNotNull(field)),
    }


def _reference(field: CustomField) -> Meanings:
    def by(key: Field) -> Callable[[Any], Filter]:
        def one_of(values: Sequence[str]) -> Filter:
            return HasReference(field, key, tuple(values))

        meanings: Meanings = {
            "eq": lambda value: one_of([value]),
            "ne": lambda value: Not(one_of([value])),
            "in_": one_of,
            "nin": lambda values: Not(one_of(values)),
        }
        return partial(every, meanings)

    null = partial(VALUE["is_null"], field)
    return {"id": by(Field.ID), "slug": by(Field.SLUG), "path": by(Field.PATH), "is_null": null}


def _same(value: Any) -> Any:
    return value


def _midnight(value: date) -> int:
    return micros(datetime.combine(value, time(), UTC))


_SINGLE: Mapping[FieldType, tuple[type, Callable[[Any], Any]]] = {
    FieldType.STRING: (StringFilter, _same),
    FieldType.INT: (IntFilter, _same),
    FieldType.FLOAT: (FloatFilter, _same),
    FieldType.BOOLEAN: (BooleanFilter, int),
    FieldType.DATE_TIME: (DateTimeFilter, micros),
    FieldType.DATE: (DateFilter, _midnight),
}


class FieldFilters:
    """Makes the filters of the fields of one collection."""

    def __init__(self, collection: Collection, types: FieldTypes) -> None:
        self._collection = collection
        self._types = types

    def input(self) -> type[ArticleFilter]:
        """The input for the conditions on an article of the collection."""
        name = f"{self._collection.type}Filter"
        description = (
            f"Conditions on an article of `{self._collection.name}`. All given conditions must match. An empty filter"
            " matches every article. A comparison with a missing value does not match, and `not` inverts that."
        )
        made: type[ArticleFilter] = self._input(
            name, (ArticleFilter,), description, self._collection.fields, ArticleFilter.MEANINGS
        )
        _refer_to_itself(made)
        return made

    def _input(
        self,
        name: str,
        bases: tuple[type, ...],
        description: str,
        fields: tuple[CustomField, ...],
        inherited: Meanings,
    ) -> Any:
        filtered = {field: self._filter(field) for field in fields}
        members = {python_name(field): optional(f"The value of `{field.name}`.", field.name) for field in filtered}
        annotations = {python_name(field): each.input | None for field, each in filtered.items()}
        meanings = {**inherited, **{python_name(field): each.meaning for field, each in filtered.items()}}
        made = new_class(name, bases, {**members, "__annotations__": annotations, "MEANINGS": meanings})
        return strawberry.input(made, name=name, description=description)

    def _filter(self, field: CustomField) -> CustomFilter:
        if field.type is FieldType.ENUM:
            return self._enum(field)
        if field.type is FieldType.REFERENCE:
            return _custom(ReferenceFilter, _reference(field))
        if field.is_list:
            is_text = field.type is FieldType.STRING
            return _custom(StringListFilter, _items(field, _same)) if is_text else _custom(IsNullFilter, _single(field))
        if field.type is FieldType.OBJECT:
            return self._object(field)
        input_, encode = _SINGLE.get(field.type, (IsNullFilter, _same))
        return _custom(input_, _single(field, encode))

    def _object(self, field: CustomField) -> CustomFilter:
        path = ".".join(field.path)
        description = f"Conditions on `{path}` in `{self._collection.name}`. All given conditions must match."
        name = f"{self._collection.type_of(field)}Filter"
        made = self._input(name, (RecordFilter,), description, field.fields, {})
        return CustomFilter(made, converted)

    def _enum(self, field: CustomField) -> CustomFilter:
        enum: Any = self._types.enums[field]
        one, several, flag = enum | None, list[enum] | None, bool | None
        if field.is_list:
            annotations = {"any_of": several, "all_of": several, "none_of": several, "is_empty": flag}
            meanings = _items(field, lambda member: field.values[member.value].name)
        else:
            annotations = {"eq": one, "ne": one, "in_": several, "nin": several, "is_null": flag}
            meanings = _single(field, lambda member: member.value)
        members = {name: optional(_DESCRIPTIONS[name], _NAMES.get(name)) for name in annotations}
        name = f"{self._collection.type_of(field)}Filter"
        made = new_class(name, (Input,), {**members, "__annotations__": annotations})
        description = f"Conditions on `{'.'.join(field.path)}`. All given conditions must match."
        return _custom(strawberry.input(made, name=name, description=description), meanings)


_DESCRIPTIONS = {
    "eq": EQ,
    "ne": NE,
    "in_": IN,
    "nin": NIN,
    "is_null": IS_NULL,
    "any_of": ANY_OF,
    "all_of": ALL_OF,
    "none_of": NONE_OF,
    "is_empty": IS_EMPTY,
}
_NAMES = {"in_": "in"}


def _custom(input_: type, meanings: Meanings) -> CustomFilter:
    return CustomFilter(input_, partial(every, meanings))


def _refer_to_itself(made: Any) -> None:
    """Give the conditions that contain filters of articles the type of their own class."""
    own: Mapping[str, Any] = {"and_": list[made] | None, "or_": list[made] | None, "not_": made | None}
    definition: StrawberryObjectDefinition = made.__strawberry_definition__
    for at, field in enumerate(definition.fields):
        if field.python_name in own:
            definition.fields[at] = mine = copy(field)
            mine.type_annotation = StrawberryAnnotation(own[field.python_name])
