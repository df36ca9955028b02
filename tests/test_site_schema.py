"""The schema of a site with collections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, parse, print_type, validate
from graphql import build_schema as read_sdl

from gateway.graph.schema import build_schema, print_sdl
from gateway.model.collections import Collection, Collections, EnumValue, FieldType
from tests.contract import differences
from tests.declared import COLLECTIONS, PEOPLE, RECIPES, field
from tests.test_schema import descriptions

SNAPSHOT = Path(__file__).parent / "declared.graphql"
SITE = build_schema(collections=COLLECTIONS)._schema
BASE = build_schema()._schema


INHERITED = {
    "PlainArticle": "Article",
    **{f"{type_}{end}": f"Article{end}" for type_ in ("Recipe", "Person") for end in ("", "Filter", "Facets")},
}
"""The types whose members those of a collection have too."""


def types_of_the_site() -> str:
    """The types that the schema without collections does not have, without inherited members."""
    types: Any = read_sdl(print_sdl(COLLECTIONS)).type_map
    for name, of in INHERITED.items():
        inherited = types[of].fields.keys()
        types[name].fields = {key: each for key, each in types[name].fields.items() if key not in inherited}
    return "\n\n".join(print_type(types[name]) for name in sorted(types.keys() - BASE.type_map.keys())) + "\n"


def test_types_of_a_site() -> None:
    """Equal to the printed types in `tests/declared.graphql`."""
    assert types_of_the_site() == SNAPSHOT.read_text()


def test_everything_has_a_description() -> None:
    said = dict(descriptions(read_sdl(print_sdl(COLLECTIONS))))
    assert [place for place, text in said.items() if not text or not text.endswith(".")] == []


def test_articles_are_an_interface_only_with_collections() -> None:
    """The library makes the converter itself. This fails if it no longer can be replaced."""
    assert isinstance(BASE.type_map["Article"], GraphQLObjectType)
    article = SITE.type_map["Article"]
    assert isinstance(article, GraphQLInterfaceType)
    assert {each.name for each in SITE.get_possible_types(article)} == {"Recipe", "Person", "PlainArticle"}


def test_a_site_only_adds() -> None:
    """Apart from `Article` itself, which becomes an interface."""
    lost = [each for each in differences(print_sdl(), print_sdl(COLLECTIONS)) if each.startswith("-")]
    assert lost == ["- Article: GraphQLObjectType ContentItem Node"]


def test_any_name_of_graphql_is_a_value_of_an_enum() -> None:
    """Also those that Python reserves."""
    names = ["mro", "name", "value", "_x_", "None"]
    level = field("a", "level", FieldType.ENUM, values=tuple(EnumValue(name, name) for name in names))
    schema = build_schema(collections=Collections((Collection("a", "A", "anA", (), (level,)),)))
    enum: Any = schema._schema.type_map["ALevel"]
    assert list(enum.values) == names


@pytest.mark.parametrize("name", ["class", "self", "root", "info", "custom", "web_url"])
def test_any_name_of_graphql_is_a_field(name: str) -> None:
    """Also names of Python, and those of attributes."""
    declared = Collection(name, "A", f"{name}Item", (), (field(name, name, FieldType.INT),))
    schema = build_schema(collections=Collections((declared,)))._schema
    assert validate(schema, parse(f"{{ {name} {{ nodes {{ {name} }} }} }}")) == []


def test_schemas_do_not_share_types() -> None:
    """A type of one schema is not found in another, also if it has the same name."""
    other = RECIPES._replace(fields=(field("recipes", "rating", FieldType.STRING),))
    schema = build_schema(collections=Collections((other, PEOPLE)))._schema
    one, two = [each.type_map["Recipe"] for each in (SITE, schema)]
    assert isinstance(one, GraphQLObjectType)
    assert isinstance(two, GraphQLObjectType)
    assert (str(one.fields["rating"].type), str(two.fields["rating"].type)) == ("Float", "String")
    assert "sku" not in two.fields
