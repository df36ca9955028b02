"""The schema: what it says, that it is written down, and that it keeps to the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    print_ast,
)
from graphql import build_schema as read_sdl
from hypothesis import given
from hypothesis import strategies as st
from strawberry.types.scalar import ScalarDefinition

from gateway.schema import build_schema, print_sdl

ROOT = Path(__file__).parent.parent
BUILTIN = {"ID", "String", "Int", "Float", "Boolean"}

Fact = tuple[str, str]


def facts(schema: GraphQLSchema) -> Iterator[Fact]:
    """All that a client can rely on, each as a place in the schema and what it is; descriptions are left out."""
    for name, named in schema.type_map.items():
        if not name.startswith("__") and name not in BUILTIN:
            yield name, kind(named)
            yield from members(name, named)


def kind(named: GraphQLNamedType) -> str:
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


def descriptions(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for name, named in schema.type_map.items():
        if name.startswith("__") or name in BUILTIN:
            continue
        yield name, named.description
        parts: Mapping[str, object] = getattr(named, "fields", getattr(named, "values", {}))
        for part, definition in parts.items():
            yield f"{name}.{part}", getattr(definition, "description", None)
            for argument, value in getattr(definition, "args", {}).items():
                yield f"{name}.{part}.{argument}", value.description


def test_the_committed_sdl_is_the_schema() -> None:
    """schema.graphql is what the types print."""
    assert (ROOT / "schema.graphql").read_text() == print_sdl()


def test_everything_is_described() -> None:
    """Every type, field, argument, input field and enum value says what it is."""
    said = dict(descriptions(read_sdl(print_sdl())))
    assert len(said) > 200
    assert [place for place, text in said.items() if not text or not text.endswith(".")] == []


def test_the_schema_is_the_contract() -> None:
    """Types, nullability, arguments and defaults are the contract's; nothing is missing, and nothing is added."""
    assert dict(facts(read_sdl(print_sdl()))) == dict(facts(read_sdl((ROOT / "tests/contract.graphql").read_text())))


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ("cachedOnly: Boolean = false", "cachedOnly: Boolean"),
        ("nulls: LAST }", "nulls: FIRST }"),
        ("slug: String!", "slug: String"),
        ("implements Node & ContentItem", "implements Node"),
        ("first: Int = 50", "first: Int! = 50"),
    ],
)
def test_the_comparison_sees_what_clients_would_feel(written: str, otherwise: str) -> None:
    """Another default, another nullability or a missing interface is another fact."""
    sdl = print_sdl()
    assert dict(facts(read_sdl(sdl))) != dict(facts(read_sdl(sdl.replace(written, otherwise))))


DATE_TIME = build_schema().get_type_by_name("DateTime")


def read_instant(value: object) -> object:
    assert isinstance(DATE_TIME, ScalarDefinition)
    assert DATE_TIME.parse_value is not None
    return DATE_TIME.parse_value(value)


def print_instant(value: datetime) -> object:
    assert isinstance(DATE_TIME, ScalarDefinition)
    assert DATE_TIME.serialize is not None
    return DATE_TIME.serialize(value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2022-11-15T17:36:00Z", datetime(2022, 11, 15, 17, 36, tzinfo=UTC)),
        ("2022-11-15T17:36:00+02:00", datetime(2022, 11, 15, 15, 36, tzinfo=UTC)),
        ("2022-11-15T17:36", datetime(2022, 11, 15, 17, 36, tzinfo=UTC)),
        ("2022-11-15", datetime(2022, 11, 15, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read(text: str, instant: datetime) -> None:
    """An offset is honoured, no zone is UTC, and a date alone is midnight."""
    assert read_instant(text) == instant


@pytest.mark.parametrize("value", ["", "soon", "2022-13-01", "0001-01-01T00:00:00+23:00", 1668533760, None, True])
def test_what_is_no_instant_is_refused(value: object) -> None:
    """It is a ValueError, which becomes an error of the request."""
    with pytest.raises(ValueError, match="DateTime"):
        read_instant(value)


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001
        max_value=datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_an_instant_is_printed_in_utc(instant: datetime) -> None:
    """It ends in Z, and reads back as the same instant."""
    text = print_instant(instant)
    assert isinstance(text, str)
    assert text.endswith("Z")
    assert read_instant(text) == instant
