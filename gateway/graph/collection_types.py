"""The GraphQL types and the root fields of the collections of a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple

import strawberry

from gateway.graph.article_lookup import article_key
from gateway.graph.connection import Connection
from gateway.graph.custom_fields import PREFIX, FieldTypes, new_class
from gateway.graph.facets import ArticleFacets, facets
from gateway.graph.filter_inputs import ArticleFilters
from gateway.graph.search_arguments import search_parameters, searched
from gateway.graph.sources import ARTICLE_LIST, Choice, connection, named
from gateway.graph.types import Article
from gateway.model import records
from gateway.model.collections import Collection, Collections
from gateway.store.reads import ARTICLES

Searched = Annotated[
    str | None,
    strawberry.argument(
        description="Search text. Only articles that match it are listed, in the order of `orderBy`. Default: all."
    ),
]


class SiteTypes(NamedTuple):
    """What a schema is built from."""

    query: type
    types: Sequence[type] = ()
    """The types that implement `Article`."""


def site_types(query: type, collections: Collections) -> SiteTypes:
    """The types of a site with collections. `query` is the root without them."""
    types = {collection: _article_type(collection) for collection in collections}
    root = new_class("Query", (query,), {name: each for made in types.items() for name, each in _root_fields(*made)})
    description = query.__strawberry_definition__.description  # type: ignore[attr-defined]
    return SiteTypes(
        strawberry.type(root, name="Query", description=description), (*types.values(), _plain_type(collections))
    )


def collection_of(type_: Any) -> str | None:
    """The collection of the articles of a type of the built schema. None for those of no collection."""
    name: str | None = type_.extensions["strawberry-definition"].origin.COLLECTION
    return name


def _article_type(collection: Collection) -> type:
    description = collection.description or f"An article of the collection `{collection.name}`."
    members = FieldTypes(collection).members(collection.fields, lambda article: article.custom)
    return _implementation(collection.type, description, members, collection.name, lambda name: name == collection.name)


def _plain_type(collections: Collections) -> type:
    names = frozenset(collection.name for collection in collections)
    return _implementation("PlainArticle", "An article of no collection.", {}, None, lambda name: name not in names)


def _implementation(
    name: str, description: str, members: Mapping[str, Any], collection: str | None, has: Callable[[str | None], bool]
) -> type:
    """A type of articles. `has` tells whether the articles of a collection have it."""

    def is_type_of(_cls: type, record: object, _info: object) -> bool:
        return isinstance(record, records.Article) and has(record.collection)

    own: Mapping[str, Any] = {"COLLECTION": collection, "is_type_of": classmethod(is_type_of)}
    return strawberry.type(new_class(name, (Article,), {**members, **own}), name=name, description=description)


def _root_fields(collection: Collection, type_: type) -> Sequence[tuple[str, Any]]:
    """The Python names and the fields of Query for a collection."""
    name, listing = collection.name, ARTICLES.within(collection.name)
    fields = {
        name: connection(
            f"The articles of the collection `{name}` that are visible to the caller.",
            Connection[type_],  # type: ignore[valid-type]
            listing,
            ARTICLE_LIST,
            choice=Choice(search_parameters(Searched), partial(searched, listing)),
        ),
        collection.finder: named(
            f"One article of the collection `{name}`. Give exactly one of `id`, `slug`, `path` and `url`. Null if it"
            " does not exist, is not visible or belongs to another collection.",
            type_ | None,
            article_key,
            lambda _read, found: found == name,
            by="collection",
        ),
        f"{name}Facets": facets(
            f"Counts of the articles of the collection `{name}` that match `filter` and, if given, `query`.",
            ArticleFacets,
            listing,
            ArticleFilters,
        ),
    }
    for graphql_name, field in fields.items():
        field.graphql_name = graphql_name
    return [(PREFIX + graphql_name, field) for graphql_name, field in fields.items()]
