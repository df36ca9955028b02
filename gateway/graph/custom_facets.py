"""The facets of a collection: those of all articles, and those of its custom fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import strawberry

from gateway.graph.custom_fields import PREFIX, FieldTypes, new_class, python_name
from gateway.graph.facets import ArticleFacets, DateCount, RangeCount, Selected, ValueCount, counts_by, dates_by, ranges
from gateway.graph.sources import Answer, answered, derived
from gateway.graph.types import Article
from gateway.limits import Limits
from gateway.model.collections import Collection, CustomField, FieldType

Bounds = Annotated[list[float], strawberry.argument(description="Boundaries between the ranges, in any order.")]
IntBounds = Annotated[list[int], strawberry.argument(description="Boundaries between the ranges, in any order.")]


@strawberry.type(description="A Boolean value and the number of articles that have it.")
class BooleanCount(ValueCount):
    value = derived("The value.", bool, lambda _limits: bool, by="value")


@strawberry.type(description="A range of values and the number of articles in it.")
class FloatRangeCount:
    gte: float | None = strawberry.field(description="Lower bound, inclusive. Null for an open range.")
    lt: float | None = strawberry.field(description="Upper bound, exclusive. Null for an open range.")
    count: int = strawberry.field(description="Number of articles.")


def facets_type(collection: Collection, types: FieldTypes, articles: Mapping[str, Any]) -> type:
    """The GraphQL type of the facets of a collection. `articles` are the types of articles by collection."""
    name = f"{collection.type}Facets"
    members = {
        python_name(field): _facet(collection, types, field, articles.get(field.target, Article))
        for field in collection.leaves
        if _has_facet(field)
    }
    description = f"Counts of articles of `{collection.name}` by value, as in `ArticleFacets`."
    return strawberry.type(new_class(name, (ArticleFacets,), members), name=name, description=description)


def _has_facet(field: CustomField) -> bool:
    """Values of enums and Booleans are always counted, because they are few. Of lists, only texts and
    references are counted."""
    if field.is_list:
        return field.type is FieldType.ENUM or (
            field.has_facet and field.type in {FieldType.STRING, FieldType.REFERENCE}
        )
    return field.has_facet or field.type in {FieldType.ENUM, FieldType.BOOLEAN}


def _facet(collection: Collection, types: FieldTypes, field: CustomField, target: Any) -> Any:
    """`target` is the type of the articles that a reference leads to."""
    type_, ask = _counts(collection, types, field, target)
    made = answered(f"Counts by `{'.'.join(field.path)}`.", list[type_], ask)  # type: ignore[valid-type]
    made.graphql_name = "_".join(field.path)
    return made


def _counts(
    collection: Collection, types: FieldTypes, field: CustomField, target: Any
) -> tuple[Any, Callable[..., Answer]]:
    """The type of the groups, and what the facet asks for."""
    place = [PREFIX + "__".join(field.path[:end]) for end in range(1, len(field.path) + 1)]
    match field.type:
        case FieldType.DATE_TIME | FieldType.DATE:
            return DateCount, dates_by(field)
        case FieldType.INT:
            return RangeCount, _int_ranges(field)
        case FieldType.FLOAT:
            return FloatRangeCount, _float_ranges(field)
    return _group_type(collection, types, field, target), counts_by(field, *place)


def _group_type(collection: Collection, types: FieldTypes, field: CustomField, target: Any) -> type:
    match field.type:
        case FieldType.BOOLEAN:
            return BooleanCount
        case FieldType.ENUM:
            return _enum_count(collection, types, field)
        case FieldType.REFERENCE:
            return _reference_count(collection, field, target)
    return ValueCount


def _int_ranges(field: CustomField) -> Callable[..., Answer]:
    def ask(limits: Limits, selected: Selected, bounds: IntBounds) -> Answer:
        return ranges(limits, selected, bounds, RangeCount, field)

    return ask


def _float_ranges(field: CustomField) -> Callable[..., Answer]:
    def ask(limits: Limits, selected: Selected, bounds: Bounds) -> Answer:
        return ranges(limits, selected, bounds, FloatRangeCount, field)

    return ask


def _enum_count(collection: Collection, types: FieldTypes, field: CustomField) -> type:
    """The groups of a list have the names of an enum's values, and other groups have their positions."""
    enum = types.enums[field]
    name, named = f"{collection.type_of(field)}Count", {member.name: member for member in enum}
    convert: Callable[[Any], Any] = named.__getitem__ if field.is_list else enum
    value = derived("The value.", enum, lambda _limits: convert, by="value")
    made = new_class(name, (ValueCount,), {"value": value})
    description = f"A value of `{'.'.join(field.path)}` and the number of articles that have it."
    return strawberry.type(made, name=name, description=description)


def _reference_count(collection: Collection, field: CustomField, target: Any) -> type:
    name = f"{collection.type_of(field)}Count"
    article = derived("The article.", target, lambda _limits: lambda article: article, by="value")
    description = f"An article that `{'.'.join(field.path)}` refers to, and the number of articles that refer to it."
    count = derived("Number of articles.", int, lambda _limits: lambda size: size, by="size")
    made = new_class(name, (), {"article": article, "count": count})
    return strawberry.type(made, name=name, description=description)
