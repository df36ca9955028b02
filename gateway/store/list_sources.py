"""The tables, conditions and columns of lists and lookups."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.model.fields import ORDERED, Field
from gateway.model.lists import (
    PUBLISHED_DATE_TIME,
    ArticleOrderField,
    AuthorOrderField,
    OrderField,
    ProviderOrderField,
    ReferenceKind,
    TopicOrderField,
)
from gateway.model.records import Article
from gateway.store import reads
from gateway.store.article_row import url_key
from gateway.store.cursor import ColumnType
from gateway.store.field_columns import order_columns
from gateway.store.reads import Lookup
from gateway.store.rows import ARTICLE, AUTHOR, MENTION, PROVIDER, RELATED, TOPIC, Record

T = TypeVar("T")


class Column(NamedTuple):
    sql: str
    kind: ColumnType
    falls: bool = False
    """Whether its index is in falling order."""
    follows: bool = False
    """Whether it is null exactly if the column before it is. Its order then needs no `NULLS`, which an index
    serves for its first column only."""
    is_indexed: bool = True
    """Whether an index of the list of all records begins with it."""


Columns = Mapping[OrderField, tuple[Column, ...]]

_TEXT, _NUMBER = ColumnType(str), ColumnType(int)
_PROVIDER_NAME = "(SELECT provider.{} FROM provider WHERE provider.view = :view AND provider.key = article.provider)"


def _ordering(field: Field) -> tuple[Column, ...]:
    kind = ColumnType(str if field.is_folded else int, field.is_optional)
    names = order_columns(field)
    return tuple(Column(f"article.{name}", kind, not field.is_folded, name != names[0]) for name in names)


_ARTICLE_COLUMNS: Columns = {
    **{ArticleOrderField(field.constant): _ordering(field) for field in ORDERED},
    ArticleOrderField.PROVIDER_NAME: (
        Column(_PROVIDER_NAME.format("folded"), ColumnType(str, True), is_indexed=False),
        Column(_PROVIDER_NAME.format("name"), ColumnType(str, True)),
    ),
    ArticleOrderField.PATH: (Column("article.path", _TEXT),),
}
_MENTION_COLUMNS: Columns = {
    PUBLISHED_DATE_TIME: (Column("mention.published_date_time", ColumnType(int, True), falls=True),),
    ArticleOrderField.PATH: (Column("mention.path", _TEXT),),
}
_PROVIDER_COLUMNS: Columns = {
    ProviderOrderField.ARTICLE_COUNT: (Column("provider.count", _NUMBER, falls=True),),
    ProviderOrderField.NAME: (Column("provider.folded", _TEXT), Column("provider.name", _TEXT)),
    ProviderOrderField.DOMAIN: (Column("provider.domain", ColumnType(str, True)),),
}
_TOPIC_COLUMNS: Columns = {
    TopicOrderField.ARTICLE_COUNT: (Column("topic.count", _NUMBER, falls=True),),
    TopicOrderField.NAME: (Column("topic.folded", _TEXT), Column("topic.name", _TEXT)),
}
_AUTHOR_COLUMNS: Columns = {
    AuthorOrderField.ARTICLE_COUNT: (Column("author.count", _NUMBER, falls=True),),
    AuthorOrderField.NAME: (Column("author.folded", _TEXT), Column("author.name", _TEXT)),
}


class ListSource(NamedTuple, Generic[T]):
    """The source of a list. In conditions, `parent.value` is the parent of the list."""

    name: str
    """The kind of record, for cursors."""
    record: Record[T]
    found_by: str
    """The expression that finds a record by a listed key."""
    key: str
    """The column of `table` with that key."""
    table: str
    conditions: tuple[str, ...]
    visibility_table: str | None
    """The table with the `public` column. None if the rows are specific to a view."""
    columns: Columns
    ties: tuple[Column, ...]
    covering_columns: Mapping[str, str] = MappingProxyType({})
    """Columns to read instead of the record's, because a covering index has them next to the parent."""


_PATH = (Column("article.path", _TEXT),)
_LISTED = MappingProxyType({"article.published_date_time": "listed.published_date_time", "article.path": "listed.path"})


def article_source(*conditions: str, guarded: str | None = "article") -> ListSource[Article]:
    """The articles that meet conditions."""
    return ListSource(
        "article", ARTICLE, "article.key", "article.key", "article", conditions, guarded, _ARTICLE_COLUMNS, _PATH
    )


def listed_source(table: str, key: str, *conditions: str, guarded: str | None = "listed") -> ListSource[Article]:
    """The articles of the rows, `listed`, that meet conditions. `key` is the column with the article's key.

    Queries that read only `listed` skip `article`: SQLite omits an outer join that is not read.
    """
    tables = f"{table} AS listed LEFT JOIN article ON article.key = listed.{key}"
    return article_source(*conditions, guarded=guarded)._replace(
        key=f"listed.{key}", table=tables, covering_columns=_LISTED
    )


BY_PROVIDER = article_source("article.provider = parent.value")
BY_TOPIC = listed_source("article_topic", "article", "listed.topic = parent.value")
BY_AUTHOR = listed_source("article_author", "article", "listed.author = parent.value")
BY_CATEGORY = article_source("article.category = parent.value")
BY_COLLECTION = article_source("article.collection = parent.value")
BY_TYPE = article_source("article.type = parent.value")
BY_LOCALE = article_source("article.locale = parent.value")
BY_STATUS = article_source("article.status = parent.value", guarded=None)
"""The parent is a status. Only for previews."""


def _referring(kinds: Collection[ReferenceKind]) -> ListSource[Article]:
    """The articles that refer to the parent, an article's id, in one of these ways."""
    columns = " OR ".join(f"listed.{kind.lower()} = 1" for kind in sorted(kinds))
    some = [f"({columns})"] if len(kinds) < len(ReferenceKind) else []
    return listed_source(
        "backlink",
        "source",
        "listed.view = :view",
        "listed.target = (SELECT target.key FROM article AS target WHERE target.id = parent.value)",
        *some,
        guarded=None,
    )


SOURCES: Mapping[str, ListSource[Any]] = {
    reads.ARTICLES.name: article_source(),
    reads.ARTICLES_OF_PROVIDER.name: BY_PROVIDER,
    reads.ARTICLES_OF_TOPIC.name: BY_TOPIC,
    reads.ARTICLES_OF_AUTHOR.name: BY_AUTHOR,
    **{listing.name: _referring(kinds) for kinds, listing in reads.REFERRING.items()},
    reads.MENTIONS.name: ListSource(
        name="related",
        record=MENTION,
        found_by="mention.key",
        key="mention.key",
        table="mention",
        conditions=("mention.provider = parent.value",),
        visibility_table="mention",
        columns=_MENTION_COLUMNS,
        ties=(Column("mention.path", _TEXT), Column("mention.position", _NUMBER)),
    ),
    reads.PROVIDERS.name: ListSource(
        name="provider",
        record=PROVIDER,
        found_by="provider.view = :view AND provider.key",
        key="provider.key",
        table="provider",
        conditions=("provider.view = :view",),
        visibility_table=None,
        columns=_PROVIDER_COLUMNS,
        ties=(Column("provider.key", _TEXT),),
    ),
    reads.TOPICS.name: ListSource(
        name="topic",
        record=TOPIC,
        found_by="topic.view = :view AND topic.key",
        key="topic.key",
        table="topic",
        conditions=("topic.view = :view",),
        visibility_table=None,
        columns=_TOPIC_COLUMNS,
        ties=(Column("topic.key", _TEXT),),
    ),
    reads.AUTHORS.name: ListSource(
        name="author",
        record=AUTHOR,
        found_by="author.view = :view AND author.key",
        key="author.key",
        table="author",
        conditions=("author.view = :view",),
        visibility_table=None,
        columns=_AUTHOR_COLUMNS,
        ties=(Column("author.key", _TEXT),),
    ),
}


class LookupSource(NamedTuple, Generic[T]):
    """Finds a record by a key, `parent.value`."""

    record: Record[T]
    condition: str
    """The condition of the record or, if it `selects`, the columns and tables of the query of
    an article's key."""
    visibility_table: str | None = None
    """The table with the `reachable` column. None if the rows are specific to a view."""
    digest: Callable[[str], int] | None = None
    """Computes `parent.value` from a key, if it is not the key."""
    selects: bool = False
    """Whether the condition is a query."""


def article_lookup(condition: str, table: str = "named") -> LookupSource[Article]:
    """The first article that meets a condition. `table` is its name in the condition."""
    named = f"{table}.key FROM article AS {table} WHERE {condition}"
    order = f"{table}.reachable DESC, {table}.locale IS NOT NULL, {table}.path"
    return LookupSource(ARTICLE, f"{named} ORDER BY {order} LIMIT 1", "article", selects=True)


LOOKUPS: Mapping[Lookup[Any], LookupSource[Any]] = {
    reads.ARTICLE_BY_ID: LookupSource(ARTICLE, "article.id = parent.value", "article"),
    reads.ARTICLE_BY_PATH: LookupSource(ARTICLE, "article.path = parent.value", "article"),
    reads.ARTICLE_BY_SLUG: article_lookup("named.slug = parent.value"),
    reads.ARTICLE_BY_LOCALIZED_SLUG: article_lookup(
        "named.slug = json_extract(parent.value, '$[0]') AND named.locale = json_extract(parent.value, '$[1]')"
    ),
    reads.ARTICLE_BY_URL: LookupSource(
        ARTICLE,
        "known.article FROM article_url AS known WHERE known.url = CAST(parent.value AS BIGINT)"
        " AND known.reachable >= :view"
        " ORDER BY known.rank, known.published_date_time DESC NULLS LAST, known.path LIMIT 1",
        "article",
        url_key,
        selects=True,
    ),
    reads.PROVIDER_BY_KEY: LookupSource(PROVIDER, "provider.view IN :views AND provider.key = parent.value"),
    reads.PROVIDER_BY_ID: LookupSource(PROVIDER, "provider.view IN :views AND provider.id = parent.value"),
    reads.PROVIDER_BY_SLUG: LookupSource(PROVIDER, "provider.view IN :views AND provider.slug = parent.value"),
    reads.TOPIC_BY_KEY: LookupSource(TOPIC, "topic.view IN :views AND topic.key = parent.value"),
    reads.TOPIC_BY_ID: LookupSource(TOPIC, "topic.view IN :views AND topic.id = parent.value"),
    reads.TOPIC_BY_SLUG: LookupSource(TOPIC, "topic.view IN :views AND topic.slug = parent.value"),
    reads.AUTHOR_BY_KEY: LookupSource(AUTHOR, "author.view IN :views AND author.key = parent.value"),
    reads.AUTHOR_BY_ID: LookupSource(AUTHOR, "author.view IN :views AND author.id = parent.value"),
    reads.AUTHOR_BY_SLUG: LookupSource(AUTHOR, "author.view IN :views AND author.slug = parent.value"),
    reads.RELATED_BY_ID: LookupSource(
        RELATED,
        "source.id = 'ar_' || substr(parent.value, 4, 22)",
        "source",
    ),
}
