"""A declaration with fields of every type, and encoded values for them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.model.collections import Collection, Collections, CustomField, EnumValue, FieldType, SearchWeight


def field(collection: str, path: str, type_: FieldType, **settings: Any) -> CustomField:
    names = tuple(path.split("."))
    return CustomField(collection, names, type_, (names[-1],), **settings)


LEVELS = (EnumValue("easy", "easy"), EnumValue("medium", "medium"), EnumValue("mro", "very hard"))
TOOLS = (EnumValue("knife", "knife"), EnumValue("oven", "oven"))
START = field("recipes", "event.start", FieldType.DATE_TIME)
PLACE = field("recipes", "event.place", FieldType.STRING, has_facet=True)
HOST = field("recipes", "hosts.first", FieldType.REFERENCE, target="people", is_required=True)
CITY = field("recipes", "stops.city", FieldType.STRING)
DAY = field("recipes", "stops.day", FieldType.DATE)
RECIPES = Collection(
    "recipes",
    "Recipe",
    "recipe",
    ("recipes/**",),
    (
        field("recipes", "series", FieldType.STRING, has_facet=True, search=SearchWeight.HIGH),
        field("recipes", "sku", FieldType.STRING, is_required=True, is_unique=True),
        field("recipes", "serves", FieldType.INT, default="4"),
        field("recipes", "rating", FieldType.FLOAT, description="How good it is."),
        field("recipes", "vegan", FieldType.BOOLEAN),
        field("recipes", "tried", FieldType.DATE_TIME),
        field("recipes", "season", FieldType.DATE),
        field("recipes", "difficulty", FieldType.ENUM, values=LEVELS),
        field("recipes", "nutrition", FieldType.JSON),
        field("recipes", "hero", FieldType.IMAGE),
        field("recipes", "note", FieldType.MARKDOWN),
        field("recipes", "event", FieldType.OBJECT, fields=(START, PLACE)),
        field("recipes", "tools", FieldType.ENUM, is_list=True, values=TOOLS),
        field("recipes", "tags", FieldType.STRING, is_list=True),
        field("recipes", "times", FieldType.INT, is_list=True),
        field("recipes", "photos", FieldType.IMAGE, is_list=True),
        field("recipes", "notes", FieldType.MARKDOWN, is_list=True),
        field("recipes", "stops", FieldType.OBJECT, is_list=True, fields=(CITY, DAY)),
        field("recipes", "cook", FieldType.REFERENCE, target="people", inverse="recipes", has_facet=True),
        field("recipes", "seeAlso", FieldType.REFERENCE, is_list=True, inverse="seenFrom", has_facet=True),
        field("recipes", "hosts", FieldType.OBJECT, fields=(HOST,)),
    ),
    description="Something to cook.",
)
PEOPLE = Collection(
    "people",
    "Person",
    "person",
    ("people/*.md",),
    (field("people", "born", FieldType.DATE), field("people", "rating", FieldType.INT)),
)
COLLECTIONS = Collections((RECIPES, PEOPLE))

TIMES = (-62_135_596_800_000_000, -1_000_000, 0, 1_704_067_200_000_000, 1_704_067_200_000_001)
"""Microseconds since 1970: the first year, before and at 1970, a midnight of 2024 and the microsecond after it."""
DAYS = (-62_135_596_800_000_000, 0, 1_704_067_200_000_000)
TEXTS = ("", "a", "Résumé", "'\"; --", "机器学习", "Ещё 🎉")
VALUES: Mapping[FieldType, Sequence[Any]] = {
    FieldType.STRING: TEXTS,
    FieldType.INT: (-1, 0, 4, 2**31 - 1),
    FieldType.FLOAT: (-1, 0, 0.5, 4, 0.3, 1e15),
    FieldType.BOOLEAN: (0, 1),
    FieldType.DATE_TIME: TIMES,
    FieldType.DATE: DAYS,
    FieldType.JSON: ({"kcal": 4, "of": ["a", {"b": 1.5}]}, [], "text", 0, False),
    FieldType.IMAGE: (["https://img.example/1.jpg", 800, 600, "One", True], ["/a.png", None, None, None, False]),
    FieldType.MARKDOWN: ("", "# Heading\n\nSome *text*."),
}
"""Encoded values, also those that are false in Python."""


def drawn_values(collection: Collection, chance: random.Random) -> dict[str, Any]:
    """The encoded values of an article. Some of the optional ones are missing."""
    return _drawn(collection.fields, chance)


def _drawn(fields: Sequence[CustomField], chance: random.Random) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for each in fields:
        if chance.random() < 0.3 and not each.is_required and not each.default:
            continue
        if each.type is FieldType.REFERENCE:
            continue
        if each.is_list:
            values[each.key] = [_value(each, chance) for _ in range(chance.randint(1, 3))]
        elif each.type is FieldType.OBJECT:
            values |= _drawn(each.fields, chance)
        else:
            values[each.key] = _value(each, chance)
    return values


def _value(each: CustomField, chance: random.Random) -> Any:
    if each.type is FieldType.OBJECT:
        return _drawn(each.fields, chance)
    return chance.choice(range(len(each.values)) if each.type is FieldType.ENUM else VALUES[each.type])
