"""Compares the schema with the contract. `python -m tests.contract` prints the differences."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    print_ast,
)

CONTRACT = Path(__file__).parent / "contract.graphql"
SCHEMA = Path(__file__).parent.parent / "schema.graphql"
BUILTIN = {"ID", "String", "Int", "Float", "Boolean"}

Fact = tuple[str, str]


def facts(schema: GraphQLSchema) -> Iterator[Fact]:
    """Everything that clients rely on, as a place in the schema and its value, without descriptions."""
    for name, named in schema.type_map.items():
        if not name.startswith("__") and name not in BUILTIN:
            yield name, kind(named)
            yield from members(name, named)


def kind(named: GraphQLNamedType) -> str:
    if isinstance(named, GraphQLScalarType):
        return " ".join(["GraphQLScalarType", *([named.specified_by_url] if named.specified_by_url else [])])
    interfaces = named.interfaces if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) else ()
    return " ".join([type(named).__name__, *sorted(each.name for each in interfaces)])


def members(name: str, named: GraphQLNamedType) -> Iterator[Fact]:
    match named:
        case GraphQLObjectType() | GraphQLInterfaceType():
            for field, definition in named.fields.items():
                yield f"{name}.{field}", str(definition.type)
                for argument, value in definition.args.items():
                    yield f"{name}.{field}.{argument}", with_default(value)
        case GraphQLInputObjectType():
            for field, value in named.fields.items():
                yield f"{name}.{field}", with_default(value)
        case GraphQLEnumType():
            for value in named.values:
                yield f"{name}.{value}", "enum value"


def with_default(value: GraphQLArgument | GraphQLInputField) -> str:
    default = value.ast_node.default_value if value.ast_node else None
    return f"{value.type} = {print_ast(default)}" if default else str(value.type)


def differences(before: str, after: str) -> Iterator[str]:
    """The differences that affect clients, by place: `-` removed, `+` added, both if changed."""
    one, other = dict(facts(build_schema(before))), dict(facts(build_schema(after)))
    for place in sorted(one.keys() | other.keys()):
        if one.get(place) != other.get(place):
            for sign, said in (("-", one), ("+", other)):
                if place in said:
                    yield f"{sign} {place}: {said[place]}"


def main() -> int:
    found = list(differences(CONTRACT.read_text(), SCHEMA.read_text()))
    sys.stdout.writelines(f"{line}\n" for line in found or ["The schema is the contract."])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
