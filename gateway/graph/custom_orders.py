"""The orders of the articles of a collection: by its custom fields, and by the fields of all articles."""

from __future__ import annotations

from typing import Any, cast

import strawberry

from gateway.graph.custom_fields import make_enum, new_class
from gateway.graph.order_inputs import ARTICLE_ORDERS, ArticleOrder
from gateway.model.collections import Collection, CustomField, FieldType
from gateway.model.lists import ArticleOrderField, NullsOrder, OrderTerm

ORDERED = frozenset(
    {
        *(FieldType.STRING, FieldType.INT, FieldType.FLOAT, FieldType.BOOLEAN, FieldType.DATE_TIME, FieldType.DATE),
        FieldType.ENUM,
    }
)


def order_input(collection: Collection) -> type[ArticleOrder]:
    """The input for a term of an order."""
    ordered = [field for field in collection.leaves if field.type in ORDERED and not field.is_list]
    members: dict[str, ArticleOrderField | CustomField] = {each.name: each for each in ArticleOrderField}
    descriptions = dict(ARTICLE_ORDERS)
    for field in ordered:
        members[field.constant] = field
        descriptions[field.constant] = _description(field)
    name, of = f"{collection.type}Order", f"`{collection.name}`"
    fields = make_enum(f"{name}Field", f"The values to order articles of {of} by.", members, descriptions)

    def term(order: Any) -> OrderTerm:
        return OrderTerm(order.field.value, order.direction, order.nulls or NullsOrder.LAST)

    field = strawberry.field(description="The value to order by.")
    made = new_class(name, (ArticleOrder,), {"field": field, "__annotations__": {"field": fields}, "term": term})
    description = f"One term of an order of articles of {of}. Ties are broken by path, ascending."
    return cast("type[ArticleOrder]", strawberry.input(made, name=name, description=description))


def _description(field: CustomField) -> str:
    path = f"`{'.'.join(field.path)}`"
    match field.type:
        case FieldType.STRING:
            return f"The value of {path}, ignoring case and accents."
        case FieldType.ENUM:
            return f"The value of {path}, in the order of its enum."
        case FieldType.BOOLEAN:
            return f"The value of {path}: false, then true."
    return f"The value of {path}."
