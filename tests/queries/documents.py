"""Documents that clients could send: any selection of the schema, with aliases, fragments, directives and variables."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from zlib import crc32

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_input_field,
)
from hypothesis import strategies as st

from tests.declared import COLLECTIONS
from tests.queries.corpus import AUTHORS, PROVIDERS, TITLES, TOPICS
from tests.queries.oracle import identity
from tests.queries.strategies import (
    ARTICLE_ORDERS,
    AUTHOR_FILTERS,
    AUTHOR_ORDERS,
    FILTERS,
    PROVIDER_FILTERS,
    PROVIDER_ORDERS,
    TOPIC_FILTERS,
    TOPIC_ORDERS,
    Strategy,
)

PATHS = [f"{folder}/{number:04}.md" for folder in "aäB" for number in range(8)]
IDS = [
    *(identity("ar", path) for path in PATHS),
    *(identity("pr", one.key) for one in PROVIDERS),
    *(identity("to", one.key) for one in TOPICS),
    *(identity("au", one.key) for one in AUTHORS),
]
ID = st.sampled_from([*IDS, "", "nowhere", "xx_1", "ar_" + "A" * 22, "re_" + "A" * 44 + "-0"])
TEXTS: dict[str, Strategy] = {
    "path": st.sampled_from([*PATHS, "nowhere"]),
    "slug": st.sampled_from(
        ["piece-0001", "piece-0007", *(one.slug for one in (*PROVIDERS, *TOPICS, *AUTHORS)), "nowhere"]
    ),
    "domain": st.sampled_from([*(one.domain for one in PROVIDERS if one.domain), "NOWHERE.example"]),
    "name": st.sampled_from([*(one.name for one in (*TOPICS, *AUTHORS)), "none"]),
    "query": st.sampled_from([*TITLES, "piece", "no such words", ""]),
    "after": st.sampled_from([*[None] * 9, "x"]),
    "before": st.sampled_from([*[None] * 9, "x"]),
    "locale": st.sampled_from([None, "en", "de"]),
}
INPUTS: dict[str, Strategy] = {
    "ArticleFilter": FILTERS,
    "ProviderFilter": PROVIDER_FILTERS,
    "TopicFilter": TOPIC_FILTERS,
    "AuthorFilter": AUTHOR_FILTERS,
    "ArticleOrder": ARTICLE_ORDERS,
    "ProviderOrder": PROVIDER_ORDERS,
    "TopicOrder": TOPIC_ORDERS,
    "AuthorOrder": AUTHOR_ORDERS,
}
SCALARS: dict[str, Strategy] = {
    "ID": ID,
    "Int": st.sampled_from([-1, 0, 4, 2**31 - 1]),
    "Float": st.sampled_from([-1, 0, 0.5, 0.3, 4.0, 1e15]),
    "Boolean": st.booleans(),
    "DateTime": st.sampled_from(["1970-01-01", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000001Z"]),
    "Date": st.sampled_from(["0001-01-01", "1970-01-01", "2024-01-01"]),
    "String": st.sampled_from([*TITLES, "", "'\"; --"]),
}
"""The values of members of inputs."""
NUMBERS = st.sampled_from([*range(9), *range(9), *range(9), None, None, -1, 500])
EXCLUSIVE = (
    {"first", "last"},
    {"after", "before", "offset"},
    {"after", "last"},
    {"before", "first"},
    {"id", "slug", "path", "url", "domain", "name"},
    {"id", "locale"},
    {"path", "locale"},
    {"url", "locale"},
)
"""Arguments that are not combined."""
ROOTS = ("article", "articles", "provider", "providers", "topic", "topics", "author", "authors", "node", "nodes")
SITE_ROOTS = tuple(name for each in COLLECTIONS for name in (each.name, each.name, each.finder))
"""The fields that most queries begin with, and those of a site."""
DEEPEST = 6


class Asked(NamedTuple):
    query: str
    variables: dict[str, Any]


class _Writer:
    """Draws one document."""

    def __init__(self, draw: Any, schema: GraphQLSchema) -> None:
        self.draw = draw
        self.schema = schema
        self.declared: list[str] = []
        self.variables: dict[str, Any] = {}
        self.fragments: list[str] = []

    def document(self, most: int) -> Asked:
        assert self.schema.query_type
        body = self.selection(self.schema.query_type, 0, most)
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        return Asked(" ".join([f"query Drawn{declared} {body}", *self.fragments]), self.variables)

    def selection(self, on: Any, depth: int, most: int = 3) -> str:
        names = self.names(on, depth)
        chosen = self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=most))
        parts = [self.part(on, name, depth) for name in chosen]
        return f"{{ {' '.join(parts)} }}"

    def names(self, on: Any, depth: int) -> list[str]:
        """The fields, those with a selection more often until the document is deep."""
        leaves = ["__typename", *(name for name, each in on.fields.items() if not _is_composite(each))]
        deeper = [name for name, each in on.fields.items() if _is_composite(each)]
        return (
            leaves
            if depth >= DEEPEST
            else [*leaves, *deeper * 2]
            if on.name != "Query"
            else [*deeper, *deeper, *ROOTS * 16, *[name for name in SITE_ROOTS if name in on.fields] * 16]
        )

    def part(self, on: Any, name: str, depth: int) -> str:
        field = self.field(on, name, depth)
        match self.draw(st.integers(0, 11)):
            case 0:
                return f"... on {on.name} {{ {field} }}"
            case 1:
                self.fragments.append(f"fragment F{(number := len(self.fragments))} on {on.name} {{ {field} }}")
                return f"...F{number}"
            case 2 if is_interface_type(on) or on.name in {"Article", "Related"}:
                return f"... on Node {{ id }} {field}"
            case _:
                return field

    def field(self, on: Any, name: str, depth: int) -> str:
        alias = self.draw(st.sampled_from(["", "", "", f"a{len(self.declared)}: ", "b: "]))
        directive = self.directive()
        if name == "__typename":
            return f"{name}{directive}"
        field: GraphQLField = on.fields[name]
        arguments = [self.argument(key, field.args[key]) for key in self.given(field)]
        given = f"({', '.join(arguments)})" if arguments else ""
        if alias == "b: ":
            alias = f"b{crc32(given.encode()) % 97}: " if given else ""
        inner = get_named_type(field.type)
        if not _is_composite(field):
            return f"{alias}{name}{given}{directive}"
        return f"{alias}{name}{given}{directive} {self.inner(inner, depth + 1)}"

    def inner(self, on: GraphQLNamedType, depth: int) -> str:
        if is_object_type(on) or not self.draw(st.booleans()):
            return self.selection(on, depth)
        types = self.schema.get_possible_types(on)  # type: ignore[arg-type]
        parts = [f"... on {each.name} {self.selection(each, depth)}" for each in types if self.draw(st.booleans())]
        return f"{{ __typename {' '.join(parts)} }}"

    def directive(self) -> str:
        match self.draw(st.integers(0, 15)):
            case 0:
                name, value = (
                    self.draw(st.sampled_from(["skip", "include"])),
                    self.draw(st.sampled_from(["true", "false"])),
                )
                return f" @{name}(if: {value})"
            case 1:
                return f" @include(if: {self.variable('Boolean!', self.draw(st.booleans()))})"
            case _:
                return ""

    def given(self, field: GraphQLField) -> list[str]:
        """The arguments of a field. Those that cannot be combined are given together only sometimes."""
        names = [name for name, each in field.args.items() if is_non_null_type(each.type)]
        names += [name for name in field.args if name not in names and self.draw(st.integers(0, 2)) == 0]
        if self.draw(st.integers(0, 19)):
            for group in EXCLUSIVE:
                found = [name for name in names if name in group]
                names = [name for name in names if name not in found[1:]]
        if {"id", "slug"} <= field.args.keys() and not {"id", "slug", "path", "url", "domain", "name"} & {*names}:
            names.append("slug")
        return names

    def argument(self, name: str, argument: GraphQLArgument) -> str:
        value = self.value(name, argument)
        named = get_named_type(argument.type)
        has_literal = not is_input_object_type(named)
        if has_literal and self.draw(st.booleans()) and not (value is None and is_non_null_type(argument.type)):
            return f"{name}: {self.literal(value, is_enum_type(named))}"
        return f"{name}: {self.variable(str(argument.type), value)}"

    def literal(self, value: Any, is_enum: bool) -> str:
        if isinstance(value, list):
            return f"[{', '.join(self.literal(each, is_enum) for each in value)}]"
        return str(value) if is_enum and value is not None else json.dumps(value)

    def variable(self, type_: str, value: Any) -> str:
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {type_}")
        self.variables[name] = value
        return f"${name}"

    def value(self, name: str, argument: GraphQLArgument) -> Any:
        named: Any = get_named_type(argument.type)
        is_list = is_list_type(argument.type.of_type if is_non_null_type(argument.type) else argument.type)
        if is_input_object_type(named):
            return self.draw(INPUTS[named.name] if named.name in INPUTS else inputs(argument.type))
        if is_enum_type(named):
            one = st.sampled_from(sorted(named.values))
        elif named.name == "ID":
            one = ID
        elif named.name == "Int":
            one = st.integers(0, 100) if is_list else NUMBERS
        elif named.name == "Boolean":
            one = st.booleans()
        else:
            one = TEXTS.get(name, st.sampled_from(["https://far.example/a", "x"]))
        if is_list:
            return self.draw(st.lists(one, max_size=4))
        value = self.draw(one)
        return "" if value is None and is_non_null_type(argument.type) else value


def inputs(type_: Any, depth: int = 2) -> Strategy:
    """The values of an input type: objects with their required members and a few others."""
    if is_non_null_type(type_):
        return inputs(type_.of_type, depth)
    if is_list_type(type_):
        return st.lists(inputs(type_.of_type, depth), max_size=2)
    if is_enum_type(type_):
        return st.sampled_from(sorted(type_.values))
    if not is_input_object_type(type_):
        return SCALARS[type_.name]
    required = {name for name, each in type_.fields.items() if is_required_input_field(each)}
    others = [name for name in type_.fields if name not in required and (depth or name not in {"and", "or", "not"})]
    names = st.lists(st.sampled_from(others), max_size=2, unique=True)

    def members(chosen: list[str]) -> Strategy:
        kept = [name for name in type_.fields if name in required or name in chosen]
        return st.fixed_dictionaries({name: inputs(type_.fields[name].type, max(depth - 1, 0)) for name in kept})

    return names.flatmap(members)


def _is_composite(field: GraphQLField) -> bool:
    return is_composite_type(get_named_type(field.type))


def documents(schema: GraphQLSchema) -> st.SearchStrategy[Asked]:
    return st.composite(lambda draw: _Writer(draw, schema).document(3))()
