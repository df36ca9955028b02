"""The sources of fields, as the built schema has them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from graphql import GraphQLObjectType

from gateway.errors import BadUserInput
from gateway.graph.connection import SOURCE
from gateway.graph.schema import build_schema
from gateway.graph.sources import Kind, Named, Source
from gateway.limits import Limits
from gateway.model.lists import NEWEST_FIRST, Grouping, Largest, Window
from gateway.store.reads import (
    ARTICLE_BY_SLUG,
    ARTICLES_OF_TOPIC,
    PROVIDER_BY_KEY,
    Find,
    GroupsOf,
    PageOf,
    RelatedOf,
    TextOf,
    TopicsOf,
)

TYPES = build_schema()._schema.type_map


def source_of(type_: str, field: str) -> Any:
    definition = cast("GraphQLObjectType", TYPES[type_]).fields[field].extensions["strawberry-definition"]
    return definition.metadata[SOURCE]


@pytest.mark.parametrize(
    ("type_", "field", "arguments", "kind", "by", "read"),
    [
        ("Article", "provider", {}, Kind.RECORD, "provider_key", Find(PROVIDER_BY_KEY)),
        ("Related", "provider", {}, Kind.RECORD, "provider_key", Find(PROVIDER_BY_KEY)),
        ("Article", "body", {}, Kind.RECORD, "id", TextOf()),
        ("Article", "topics", {}, Kind.LIST, "id", TopicsOf()),
        ("Article", "related", {"first": 2}, Kind.LIST, "id", RelatedOf(2)),
        ("Topic", "providers", {}, Kind.LIST, "key", GroupsOf(ARTICLES_OF_TOPIC, Largest(Grouping.PROVIDER))),
        (
            "Topic",
            "articles",
            {"last": 3},
            Kind.CONNECTION,
            "key",
            PageOf(ARTICLES_OF_TOPIC, NEWEST_FIRST, Window(3, backward=True)),
        ),
    ],
)
def test_fields_name_their_source(
    type_: str, field: str, arguments: dict[str, Any], kind: Kind, by: str, read: object
) -> None:
    """The read is a function of the limits and the arguments."""
    source: Source = source_of(type_, field)
    assert (source.kind, source.by, source.read(Limits(), **arguments)) == (kind, by, read)


def test_source_checks_arguments() -> None:
    """As the resolver does."""
    with pytest.raises(BadUserInput, match="cannot be combined"):
        source_of("Query", "articles").read(Limits(), first=1, last=1)


def test_arguments_name_a_record() -> None:
    """None if no record can have the key."""
    article: Named = source_of("Query", "article")
    assert article.key(Limits(), slug="x") == (Find(ARTICLE_BY_SLUG), "x")
    assert article.key(Limits(), url="") is None
