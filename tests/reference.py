"""Generates docs/schema.md, a reference of all types with their fields, arguments and values.

Run it with `python -m tests.reference`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
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
    GraphQLType,
    build_schema,
    get_named_type,
    print_ast,
)

from tests.contract import BUILTIN, SCHEMA

PAGE = SCHEMA.parent / "docs" / "schema.md"
HEAD = """# The schema

A reference of all types with the descriptions of the schema. `python -m tests.reference` generates it from
[schema.graphql](../schema.graphql). [queries.md](queries.md) is an introduction with examples.
"""
OPERATIONS = ("Query", "Subscription")
KINDS: Mapping[str, type[GraphQLNamedType]] = {
    "Objects": GraphQLObjectType,
    "Interfaces": GraphQLInterfaceType,
    "Inputs": GraphQLInputObjectType,
    "Enums": GraphQLEnumType,
    "Scalars": GraphQLScalarType,
}
"""The sections of the page after the operations, in order."""


def page(schema: GraphQLSchema) -> str:
    return "\n".join([HEAD, *_lines(schema)])


def _lines(schema: GraphQLSchema) -> Iterator[str]:
    parts = {"Operations": [schema.type_map[name] for name in OPERATIONS]}
    own = sorted(set(schema.type_map) - BUILTIN - set(OPERATIONS))
    for heading, kind in KINDS.items():
        parts[heading] = [
            schema.type_map[name]
            for name in own
            if not name.startswith("__") and isinstance(schema.type_map[name], kind)
        ]
    for heading, types in parts.items():
        yield f"- {heading}: " + ", ".join(f"[{each.name}](#{each.name.lower()})" for each in types)
    for heading, types in parts.items():
        yield f"\n## {heading}"
        for each in types:
            yield from _type(each, schema)


def _type(named: GraphQLNamedType, schema: GraphQLSchema) -> Iterator[str]:
    yield f"\n### {named.name}\n"
    yield _text(named.description)
    if isinstance(named, GraphQLObjectType) and named.interfaces:
        yield "\nImplements " + " and ".join(map(_link, named.interfaces)) + "."
    if isinstance(named, GraphQLInterfaceType):
        yield "\nImplemented by " + ", ".join(map(_link, schema.get_possible_types(named))) + "."
    members = list(_members(named))
    if members:
        yield ""
        yield from members


def _members(named: GraphQLNamedType) -> Iterator[str]:
    match named:
        case GraphQLObjectType() | GraphQLInterfaceType():
            for name, field in named.fields.items():
                yield _line(name, field.type, field.description)
                for argument, value in field.args.items():
                    yield "  " + _line(argument, value.type, value.description, _default(value))
        case GraphQLInputObjectType():
            for name, given in named.fields.items():
                yield _line(name, given.type, given.description, _default(given))
        case GraphQLEnumType():
            for name, each in named.values.items():
                yield f"- `{name}`: {_text(each.description)}"


def _line(name: str, type_: GraphQLType, description: str | None, default: str = "") -> str:
    return f"- `{name}` {_link(type_)}{default}: {_text(description)}"


def _default(value: GraphQLArgument | GraphQLInputField) -> str:
    default = value.ast_node.default_value if value.ast_node else None
    return f" = `{print_ast(default)}`" if default else ""


def _link(type_: GraphQLType) -> str:
    """The type in GraphQL's notation, with a link to its section."""
    name = get_named_type(type_).name
    return str(type_) if name in BUILTIN else str(type_).replace(name, f"[{name}](#{name.lower()})")


def _text(description: str | None) -> str:
    return " ".join((description or "").split())


def read(file: Path = SCHEMA) -> GraphQLSchema:
    return build_schema(file.read_text())


def main() -> int:
    PAGE.write_text(page(read()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
