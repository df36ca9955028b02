"""The GraphQL types and the root fields of the collections of a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Annotated, Any, NamedTuple

import strawberry

from gateway.errors import BadUserInput
from gateway.graph.article_lookup import article_key
from gateway.graph.connection import Connection, or_none
from gateway.graph.custom_facets import facets_type
from gateway.graph.custom_fields import PREFIX, FieldTypes, new_class, python_name
from gateway.graph.custom_filters import FieldFilters
from gateway.graph.custom_orders import order_input
from gateway.graph.facets import facets
from gateway.graph.filter_inputs import article_filters
from gateway.graph.loaders import Key
from gateway.graph.order_inputs import article_orders
from gateway.graph.search_arguments import search_parameters, searched
from gateway.graph.sources import Choice, ListArguments, connection, keyword, named, parameters_of
from gateway.graph.types import Article
from gateway.limits import Limits
from gateway.model import records
from gateway.model.collections import Collection, Collections, CustomField, FieldType
from gateway.model.lists import PUBLISHED_DATE_TIME, OrderDirection
from gateway.store.reads import ARTICLES, CustomLookup, Find, referring_by

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
    made = [_CollectionTypes(collection) for collection in collections]
    articles = {each.collection.name: each.article for each in made}
    root = new_class("Query", (query,), {name: field for each in made for name, field in each.root_fields(articles)})
    description = query.__strawberry_definition__.description  # type: ignore[attr-defined]
    plain = _plain_type(collections)
    _connect(made, articles, plain)
    return SiteTypes(strawberry.type(root, name="Query", description=description), (*articles.values(), plain))


def _connect(made: Sequence[_CollectionTypes], articles: Mapping[str, type], plain: type) -> None:
    """Complete the references between types, which refer to each other, and add the inverse fields. `articles` are the
    types of articles by collection."""
    for each in made:
        each.fields.bind(each.article, articles)
        for leaf in filter(lambda leaf: leaf.inverse, each.collection.leaves):
            targets = [articles[leaf.target]] if leaf.target else [*articles.values(), plain]
            for target in targets:
                each.add_inverse(target, leaf)


def collection_of(type_: Any) -> str | None:
    """The collection of the articles of a type of the built schema. None for those of no collection."""
    name: str | None = type_.extensions["strawberry-definition"].origin.COLLECTION
    return name


def _plain_type(collections: Collections) -> type:
    names = frozenset(collection.name for collection in collections)
    return _implementation("PlainArticle", "An article of no collection.", {}, None, lambda name: name not in names)


def _implementation(
    name: str, description: str, members: Mapping[str, Any], collection: str | None, has: Callable[[str | None], bool]
) -> type:
    """A type of articles. `has` returns whether the articles of a collection have it."""

    def is_type_of(_cls: type, record: object, _info: object) -> bool:
        return isinstance(record, records.Article) and has(record.collection)

    own: Mapping[str, Any] = {"COLLECTION": collection, "is_type_of": classmethod(is_type_of)}
    return strawberry.type(new_class(name, (Article,), {**members, **own}), name=name, description=description)


class _CollectionTypes:
    """The types of one collection."""

    def __init__(self, collection: Collection) -> None:
        name = collection.name
        self.collection = collection
        self.fields = fields = FieldTypes(collection)
        members = fields.members(collection.fields, lambda article: (article.custom, article.id))
        description = collection.description or f"An article of the collection `{name}`."
        self.article = _implementation(collection.type, description, members, name, lambda other: other == name)
        self._filters = article_filters(FieldFilters(collection, fields).input())

    def root_fields(self, articles: Mapping[str, type]) -> Sequence[tuple[str, Any]]:
        """The Python names and the fields of Query. `articles` are the types of articles by collection."""
        name, listing = self.collection.name, ARTICLES.within(self.collection.name)
        fields = {
            name: connection(
                f"The articles of the collection `{name}` that are visible to the caller.",
                Connection[self.article],  # type: ignore[name-defined]
                listing,
                self._list_arguments,
                choice=Choice(search_parameters(Searched), partial(searched, listing)),
            ),
            self.collection.finder: self._finder(),
            f"{name}Facets": facets(
                f"Counts of the articles of the collection `{name}` that match `filter` and, if given, `query`.",
                facets_type(self.collection, self.fields, articles),
                listing,
                self._filters,
            ),
        }
        for graphql_name, field in fields.items():
            field.graphql_name = graphql_name
        return [(PREFIX + graphql_name, field) for graphql_name, field in fields.items()]

    def _finder(self) -> Any:
        """The field of one article. Unique fields are further arguments."""
        collection = self.collection.name
        unique = {python_name(each): each for each in self.collection.fields if each.is_unique}
        keys = ["id", "slug", "path", *(each.name for each in unique.values())]

        def key(limits: Limits, **given: Any) -> Key | None:
            found = {each: value for each in unique if (value := or_none(given.pop(each, None))) is not None}
            if not found:
                return article_key(limits, **given)
            if len(found) > 1 or any(or_none(value) is not None for value in given.values()):
                quoted = ", ".join(f"'{each}'" for each in [*keys, "url"])
                raise BadUserInput(f"Give exactly one of {quoted}. The field has more.")
            [(name, value)] = found.items()
            return Find(CustomLookup.of(unique[name])), str(value)

        quoted = ", ".join(f"`{each}`" for each in keys)
        return named(
            f"One article of the collection `{collection}`. Give exactly one of {quoted} and `url`. Null if it does not"
            " exist, is not visible or belongs to another collection.",
            self.article | None,
            key,
            lambda _read, found: found == collection,
            by="collection",
            parameters=[*parameters_of(article_key), *map(_unique_argument, unique, unique.values())],
        )

    def add_inverse(self, target: Any, field: CustomField) -> None:
        """Add the list of the articles that refer to one of the target's."""
        name = self.collection.name
        made = connection(
            f"The articles of the collection `{name}` whose `{'.'.join(field.path)}` refers to this one.",
            Connection[self.article],  # type: ignore[name-defined]
            referring_by(field),
            self._list_arguments,
            by="id",
        )
        made.python_name, made.graphql_name = f"{PREFIX}{field.collection}_{field.key}", field.inverse
        target.__strawberry_definition__.fields.append(made)

    @cached_property
    def _list_arguments(self) -> ListArguments:
        order: Any = order_input(self.collection)
        published = order.__annotations__["field"](PUBLISHED_DATE_TIME)
        return ListArguments(
            self._filters, article_orders(order), [order(field=published, direction=OrderDirection.DESC)]
        )


def _unique_argument(name: str, field: CustomField) -> Any:
    type_: Any = (int if field.type is FieldType.INT else str) | None
    description = f"Value of `{field.name}`, which is unique."
    return keyword(name, Annotated[type_, strawberry.argument(name=field.name, description=description)])
