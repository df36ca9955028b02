"""Suggests fields for names that other content APIs use, which are spelt differently in this schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    FieldNode,
    FieldsOnCorrectTypeRule,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
)

from gateway.execution.type_names import names_of

CONNECTION = "Connection"
"""The type that those of all lists derive from."""
NODES = "nodes"
"""The connection field that lists the records."""
_OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "Query": {
        "articles": "allArticles allContent allMarkdown allMarkdownRemark allMdx allPages allPosts blogPosts collection"
        " contents documents entries files items news pages posts stories",
        "article": "blogPost content document entry file item markdown markdownRemark mdx page post story",
        "topics": "allTags allTopics categories keywords labels tags taxonomies",
        "topic": "category keyword label tag taxonomy",
        "providers": "allProviders brands publishers sources",
        "provider": "brand publisher source",
        "authors": "allAuthors bylines contributors creators writers",
        "author": "byline contributor creator writer",
        "corpus": "site siteMetadata statistics stats",
    },
    CONNECTION: {"nodes": "data docs items node records results", "totalCount": "count length total"},
    "Article": {
        "body": "content excerptHtml html markdown mdx rawMarkdownBody text",
        "excerpt": "abstract description lead teaser",
        "image": "cover coverImage featuredImage hero thumbnail",
        "locale": "lang language",
        "authors": "author byline contributors creator creators writer writers",
        "provider": "brand publisher",
        "publishedDateTime": "created createdAt date pubDate publishDate published_at publishedAt",
        "slug": "handle permalink",
        "title": "headline name",
        "topics": "categories keywords labels tags",
        "updatedDateTime": "lastmod modified updated updatedAt",
        "url": "address href link",
    },
}
"""Names in other APIs and generators, by type and field. `Connection` applies to all lists."""
FIELDS: Mapping[str, Mapping[str, str]] = {
    type_: {name.casefold(): field for field, names in fields.items() for name in names.split()}
    for type_, fields in _OTHER_NAMES.items()
}
"""The field for each other name (casefolded), by type."""

_Fields = GraphQLObjectType | GraphQLInterfaceType


class SuggestedFieldsRule(FieldsOnCorrectTypeRule):
    """The rule of the specification, with suggestions by meaning before those by spelling."""

    def enter_field(self, node: FieldNode, *args: object) -> None:
        type_ = self.context.get_parent_type()
        if self.context.get_field_def() or self.context.hide_suggestions or not isinstance(type_, _Fields):
            super().enter_field(node, *args)
            return
        name = node.name.value
        suggestion = next(_suggestions(type_, name), None)
        if suggestion is None:
            super().enter_field(node, *args)
            return
        self.report_error(GraphQLError(f"Cannot query field '{name}' on type '{type_}'. {suggestion}", node))


def _suggestions(type_: _Fields, name: str) -> Iterator[str]:
    is_connection = CONNECTION in names_of(type_)
    if field := _field(type_, name):
        yield f"Did you mean '{field}'?"
    record = get_named_type(type_.fields[NODES].type) if is_connection else None
    if isinstance(record, _Fields) and (field := name if name in record.fields else _field(record, name)):
        yield f"Did you mean '{NODES} {{ {field} }}'? The records of a connection are in '{NODES}'."


def _field(type_: _Fields, name: str) -> str | None:
    """The field of a type that another name means."""
    meant = (FIELDS.get(each, {}).get(name.casefold()) for each in names_of(type_))
    return next(filter(None, meant), None)
