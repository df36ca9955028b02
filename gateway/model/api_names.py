"""The names that the schema has without collections. Those of a site must differ from them.

They are listed here, because the rules of a site are read without the schema.
"""

from __future__ import annotations

TYPES = frozenset(
    {
        *("AdjacentArticles", "Article", "ArticleChange", "ArticleConnection", "ArticleEdge", "ArticleFacets"),
        *("ArticleFilter", "ArticleOrder", "ArticleOrderField", "ArticleSearchConnection", "ArticleSearchEdge"),
        *("Author", "AuthorConnection", "AuthorCount", "AuthorEdge", "AuthorFilter", "AuthorOrder"),
        *("AuthorOrderField", "Body", "Boolean", "ChangeSet", "ChangeType", "ContentIssue", "ContentItem"),
        *("ContentStatus", "Corpus", "CorpusChange", "DateCount", "DateInterval", "DateTime", "DateTimeFilter"),
        *("Float", "Heading", "ID", "IDFilter", "Image", "Int", "IntFilter", "IssueSeverity", "JSON", "Link"),
        *("ListFilter", "Node", "NullsOrder", "OrderDirection", "PageInfo", "Provider", "ProviderConnection"),
        *("ProviderCount", "ProviderEdge", "ProviderFilter", "ProviderOrder", "ProviderOrderField", "Query"),
        *("RangeCount", "ReferenceKind", "Related", "RelatedConnection", "RelatedEdge", "SearchField", "SearchMode"),
        *("SimilarArticle", "Snippet", "SourceFile", "StatusFilter", "String", "StringFilter", "Subscription"),
        *("TextRange", "Topic", "TopicConnection", "TopicCount", "TopicEdge", "TopicFilter", "TopicOrder"),
        *("TopicOrderField", "ValueCount"),
    }
)
"""The types of the schema without collections."""
ARTICLE_FIELDS = frozenset(
    {
        *("adjacent", "aliases", "ampWebUrl", "authors", "body", "category", "cdnAmpWebUrl", "collection"),
        *("excerpt", "frontMatter", "heat", "id", "image", "images", "isRedirect", "isSecured", "links", "locale"),
        *("originalUrl", "path", "provider", "published", "publishedDateTime", "quality", "referencedBy", "related"),
        *("secured", "similar", "slug", "source", "status", "subtitle", "summary", "title", "topics", "translation"),
        *("translations", "type", "unlisted", "updatedDateTime", "url", "webUrl"),
    }
)
FILTERS = frozenset(
    {
        *("and", "authors", "category", "collection", "hasBody", "hasImage", "hasRelated", "heat", "id", "locale"),
        *("not", "or", "path", "provider", "publishedDateTime", "quality", "slug", "status", "subtitle", "title"),
        *("topics", "type", "updatedDateTime"),
    }
)
"""The members of `ArticleFilter`."""
FACETS = frozenset({"authors", "categories", "collections", "dates", "providers", "quality", "topics", "types"})
"""The fields of `ArticleFacets`."""
ORDERS = frozenset(
    {
        *("HEAT", "PATH", "PROVIDER_NAME", "PUBLISHED_DATE_TIME", "QUALITY", "SUBTITLE"),
        *("TITLE", "UPDATED_DATE_TIME"),
    }
)
"""The values of `ArticleOrderField`."""
QUERY_FIELDS = frozenset(
    {
        *("article", "articles", "author", "authors", "changes", "corpus", "facets", "node", "nodes", "provider"),
        *("providers", "search", "topic", "topics"),
    }
)
COLLECTION_TYPES = frozenset(
    {
        *("BooleanCount", "BooleanFilter", "CustomMarkdown", "Date", "DateFilter", "FloatFilter", "FloatRangeCount"),
        *("IsNullFilter", "KeyFilter", "PlainArticle", "ReferenceFilter", "StringListFilter"),
    }
)
"""The types of schemas with collections that belong to none of them."""
