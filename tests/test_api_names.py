"""The names that a site may not use are those of the schema."""

from __future__ import annotations

from typing import Any

from gateway.graph.schema import build_schema
from gateway.model import api_names
from tests.declared import COLLECTIONS
from tests.schema import SCHEMA

TYPES: dict[str, Any] = SCHEMA._schema.type_map


def test_types_are_those_of_the_schema() -> None:
    """Types whose names begin with two underscores are refused by another rule."""
    assert {name for name in TYPES if not name.startswith("__")} <= api_names.TYPES
    assert api_names.TYPES - TYPES.keys() <= {"Float"}
    assert not api_names.TYPES & api_names.COLLECTION_TYPES


def test_types_of_collections_are_those_of_a_site() -> None:
    """All types of a site, except those whose names begin with the type of a collection."""
    site = build_schema(collections=COLLECTIONS)._schema.type_map.keys() - TYPES.keys()
    own = {name for name in site if not name.startswith(tuple(each.type for each in COLLECTIONS))}
    assert own <= api_names.COLLECTION_TYPES


def test_members_are_those_of_the_schema() -> None:
    """Each set has exactly the names of its type."""
    assert {name: TYPES[name].fields.keys() for name in ("Article", "ArticleFilter", "ArticleFacets", "Query")} == {
        "Article": api_names.ARTICLE_FIELDS,
        "ArticleFilter": api_names.FILTERS,
        "ArticleFacets": api_names.FACETS,
        "Query": api_names.QUERY_FIELDS,
    }
    assert TYPES["ArticleOrderField"].values.keys() == api_names.ORDERS
