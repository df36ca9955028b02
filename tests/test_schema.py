"""The schema: descriptions, the committed SDL, and the contract."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from graphql import GraphQLSchema
from graphql import build_schema as read_sdl
from hypothesis import given
from hypothesis import strategies as st
from strawberry.types.scalar import ScalarDefinition

from gateway.content import dates
from gateway.content.nodes import Position, ScalarNode
from gateway.graph.schema import build_schema, print_sdl
from tests.contract import BUILTIN, CONTRACT, differences

ROOT = Path(__file__).parent.parent


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


def test_committed_sdl_is_the_schema() -> None:
    """schema.graphql equals the printed types."""
    assert (ROOT / "schema.graphql").read_text() == print_sdl()


def test_everything_has_a_description() -> None:
    """Every type, field, argument, input field and enum value."""
    said = dict(descriptions(read_sdl(print_sdl())))
    assert len(said) > 200
    assert [place for place, text in said.items() if not text or not text.endswith(".")] == []


def test_schema_equals_the_contract() -> None:
    """Types, nullability, arguments and defaults are equal, without omissions and additions."""
    assert list(differences(CONTRACT.read_text(), print_sdl())) == []


def test_contract_script() -> None:
    """It prints that there are no differences."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "The schema is the contract.\n"


@pytest.mark.parametrize(
    ("written", "otherwise", "expected"),
    [
        (
            "cachedOnly: Boolean = false",
            "cachedOnly: Boolean",
            [
                f"{sign} {on}.image.cachedOnly: Boolean{default}"
                for on in ("Article", "ContentItem", "Related")
                for sign, default in (("-", " = false"), ("+", ""))
            ],
        ),
        ("  draftCount: Int\n", "  drafts: Int\n", ["- Corpus.draftCount: Int", "+ Corpus.drafts: Int"]),
        ("type Body {", "type Body {\n  new: Int\n", ["+ Body.new: Int"]),
        (
            "type Article implements Node & ContentItem",
            "type Article implements ContentItem",
            ["- Article: GraphQLObjectType ContentItem Node", "+ Article: GraphQLObjectType ContentItem"],
        ),
        (
            "    first: Int = 50\n",
            "    first: Int! = 50\n",
            ["- Corpus.issues.first: Int = 50", "+ Corpus.issues.first: Int! = 50"],
        ),
        ('"""The title."""', '"""Another title."""', []),
    ],
)
def test_comparison_finds_changes_that_affect_clients(written: str, otherwise: str, expected: list[str]) -> None:
    """Another default, another nullability or a missing interface is found. Descriptions are ignored."""
    sdl = print_sdl()
    assert written in sdl
    assert list(differences(sdl, sdl.replace(written, otherwise))) == expected


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
        ("2022-11-15 17:36:00 +0000", datetime(2022, 11, 15, 17, 36, tzinfo=UTC)),
        ("2022-11-5", datetime(2022, 11, 5, tzinfo=UTC)),
        ("Nov 15, 2022", datetime(2022, 11, 15, tzinfo=UTC)),
        (" 2022-11-15T17:36:00.5z ", datetime(2022, 11, 15, 17, 36, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_instants(text: str, instant: datetime) -> None:
    """The offset applies, no zone means UTC, and a date is midnight, as in files."""
    assert read_instant(text) == dates.instant(ScalarNode(text, False, Position(1, 1)), UTC) == instant


def test_specified_by() -> None:
    """Code generators can look up the format."""
    assert isinstance(DATE_TIME, ScalarDefinition)
    assert DATE_TIME.specified_by_url == "https://scalars.graphql.org/andimarek/date-time.html"
    assert 'scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")' in print_sdl()


@pytest.mark.parametrize("value", ["", "soon", "2022-13-01", "0001-01-01T00:00:00+23:00", 1668533760, None, True])
def test_invalid_instants(value: object) -> None:
    """They raise ValueError, which becomes a request error."""
    with pytest.raises(ValueError, match="DateTime"):
        read_instant(value)


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001
        max_value=datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_instants_are_printed_in_utc(instant: datetime) -> None:
    """The text ends in Z, and reads back as the same instant."""
    text = print_instant(instant)
    assert isinstance(text, str)
    assert text.endswith("Z")
    assert read_instant(text) == instant
