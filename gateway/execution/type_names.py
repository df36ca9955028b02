"""The names by which types of the schema are looked up: their own, and those of the types that they derive from."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLNamedType

DEFINITION = "strawberry-definition"
ARTICLE = "Article"


def names_of(type_: GraphQLNamedType) -> Iterator[str]:
    """The name of a type, and those of the classes that it derives from: `Post`, `Article`, …"""
    yield type_.name
    origin = getattr(type_.extensions.get(DEFINITION), "origin", None)
    for base in origin.__mro__[1:] if isinstance(origin, type) else ():
        if definition := vars(base).get("__strawberry_definition__"):
            yield definition.name


def is_article(type_: GraphQLNamedType) -> bool:
    return ARTICLE in names_of(type_)
