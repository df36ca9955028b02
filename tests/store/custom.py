"""A collection with a field of each type, and documents of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.content.text import order_key
from gateway.model.collections import Collection, Collections, CustomField, EnumValue, FieldType
from gateway.model.documents import CustomValues, Document
from gateway.store.custom_columns import is_text
from gateway.store.custom_indexes import PREFIX
from gateway.store.reads import ARTICLES
from tests.store.documents import document


def field(name: str, type_: FieldType, **settings: Any) -> CustomField:
    return CustomField("posts", tuple(name.split(".")), type_, (name,), **settings)


LEVELS = tuple(EnumValue(name, name) for name in ("easy", "medium", "hard"))
RATING = field("rating", FieldType.FLOAT)
MINUTES = field("minutes", FieldType.INT)
VEGAN = field("vegan", FieldType.BOOLEAN)
LEVEL = field("level", FieldType.ENUM, values=LEVELS)
SERIES = field("series", FieldType.STRING)
PLACE = field("event.place", FieldType.STRING, has_facet=True)
START = field("event.start", FieldType.DATE_TIME)
SKU = field("sku", FieldType.STRING, is_unique=True)
TOOLS = field("tools", FieldType.STRING, is_list=True, has_facet=True)
AUTHOR = field("author", FieldType.REFERENCE, target="people")
RECIPES = field("recipes", FieldType.REFERENCE, is_list=True)
NOTES = field("notes", FieldType.JSON)
EVENT = field("event", FieldType.OBJECT, fields=(PLACE, START))
DECLARED = Collections(
    (
        Collection(
            "posts",
            "Post",
            "post",
            ("posts/**",),
            (RATING, MINUTES, VEGAN, LEVEL, SERIES, EVENT, SKU, TOOLS, NOTES, AUTHOR, RECIPES),
        ),
        Collection("people", "Person", "person", ("people/**",), (RATING._replace(collection="people"),)),
    )
)
LEAVES = [*DECLARED.all[0].leaves]
POSTS = ARTICLES.within("posts")
Values = dict[CustomField, Any]


def post(path: str, values: Values, **others: object) -> Document:
    """A document with values of fields, as they are stored."""
    kept = {each.key: value for each, value in values.items()}
    texts = {each.key: order_key(value) for each, value in values.items() if is_text(each)}
    keys = {each: kept.pop(each.key) for each in values if each.type is FieldType.REFERENCE}
    references = tuple((each.number, 0, tuple(found)) for each, found in keys.items())
    items = tuple((TOOLS.number, at, text) for at, text in enumerate(dict.fromkeys(values.get(TOOLS, ()))))
    return document(
        path,
        collection="posts",
        custom=CustomValues(json.dumps(kept), json.dumps(texts), items=items, references=references),
        **others,
    )


def indexes(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}


def custom_indexes(path: Path) -> set[str]:
    return {name for name in indexes(path) if name.startswith(PREFIX)}
