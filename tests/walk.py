"""Queries generated from the schema: every field, by every path, with values for every argument."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_leaf_type,
    is_required_argument,
)

Way = tuple[str, ...]
"""The selected field of each level with its arguments, from the root."""
TEXTS = frozenset({"String", "ID"})


class Walk(NamedTuple):
    """`plain` has a literal for each required argument, by name; `finders` the one argument of fields that take exactly
    one of several."""

    schema: GraphQLSchema
    plain: Mapping[str, str]
    finders: Mapping[str, str]

    def selections(self, on: GraphQLNamedType) -> list[tuple[str, GraphQLField]]:
        """The fields of a type with their selections; of an abstract type those of all possible types."""
        if isinstance(on, GraphQLObjectType):
            return [(self.called(name, field), field) for name, field in on.fields.items()]
        assert isinstance(on, GraphQLInterfaceType | GraphQLUnionType)
        return [
            (f"... on {kind.name} {{ {self.called(name, field)}", field)
            for kind in self.schema.get_possible_types(on)
            for name, field in kind.fields.items()
        ]

    def called(self, name: str, field: GraphQLField, given: str = "") -> str:
        """A field with its required arguments. Pages have at most three rows."""
        if not given and field.args and name in self.finders:
            return f"{name}({self.finders[name]})"
        arguments = [given] if given else []
        for key, argument in field.args.items():
            if not given.startswith(f"{key}:"):
                if is_required_argument(argument):
                    arguments.append(f"{key}: {self.plain[key]}")
                elif key == "first":
                    arguments.append("first: 3")
        return f"{name}({', '.join(arguments)})" if arguments else name

    def leaves(self, on: GraphQLNamedType) -> str:
        chosen = [written for written, field in self.selections(on) if is_leaf_type(get_named_type(field.type))]
        return " ".join(["__typename", *map(closed, chosen)])

    def ways(self, on: GraphQLNamedType, depth: int, way: Way = ()) -> Iterator[tuple[Way, GraphQLNamedType]]:
        """Each path to an object up to `depth`, with the object's type."""
        for written, field in self.selections(on):
            inner = get_named_type(field.type)
            if is_composite_type(inner):
                yield (*way, written), inner
                if depth > 1:
                    yield from self.ways(inner, depth - 1, (*way, written))

    def everything(self, depth: int) -> Iterator[str]:
        """A query for each path from the root, with all leaves at its end."""
        assert self.schema.query_type
        for way, end in self.ways(self.schema.query_type, depth):
            yield query(way, self.leaves(end))

    def asked_with(self, words: Sequence[str]) -> Iterator[str]:
        """A query for each argument of each field, by a shortest path, with each value.

        Text arguments get each word, and enum arguments each value.
        """
        for way, on in self.shortest().items():
            for name, field in on.fields.items() if isinstance(on, GraphQLObjectType) else ():
                inner = get_named_type(field.type)
                end = f" {{ {self.leaves(inner)} }}" if is_composite_type(inner) else ""
                for key, argument in field.args.items():
                    for value in values(argument.type, words):
                        yield query(way, self.called(name, field, f"{key}: {value}") + end)

    def shortest(self) -> Mapping[Way, GraphQLNamedType]:
        """A shortest path to each object type."""
        assert self.schema.query_type
        found: dict[GraphQLNamedType, Way] = {self.schema.query_type: ()}
        waiting: list[GraphQLNamedType] = [self.schema.query_type]
        for on in waiting:
            for written, field in self.selections(on):
                inner = get_named_type(field.type)
                if is_composite_type(inner) and inner not in found:
                    found[inner] = (*found[on], written)
                    waiting.append(inner)
        return {way: on for on, way in found.items()}


def values(of: GraphQLInputType, words: Sequence[str]) -> Iterator[str]:
    """The literals of a type: each word for text, and each value of an enum; one element in lists."""
    kind = get_nullable_type(of)
    if isinstance(kind, GraphQLList):
        yield from (f"[{value}]" for value in values(kind.of_type, words))
    elif isinstance(kind, GraphQLEnumType):
        yield from kind.values
    elif isinstance(kind, GraphQLInputObjectType):
        for name, field in kind.fields.items():
            if get_named_type(field.type) is not kind:
                yield from (f"{{{name}: {value}}}" for value in values(field.type, words))
    elif str(kind) in TEXTS:
        yield from map(json.dumps, words)


def closed(written: str) -> str:
    """A text with its open braces closed."""
    return written + " }" * (written.count("{") - written.count("}"))


def query(way: Way, end: str) -> str:
    """A query that selects `end` at the end of a path."""
    return closed(" { ".join(("", *way, end)))
