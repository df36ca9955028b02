"""Where lists and finds come from: their tables, conditions and columns. It builds no query of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.model import Article, ArticleOrderField, OrderField, ProviderOrderField, TopicOrderField
from gateway.store import protocol
from gateway.store.cursor import Kind
from gateway.store.protocol import Lookup
from gateway.store.rows import ARTICLE, PROVIDER, RELATED, TOPIC, Record

T = TypeVar("T")


class Column(NamedTuple):
    sql: str
    kind: Kind


Columns = Mapping[OrderField, tuple[Column, ...]]

_TEXT, _NUMBER = Kind(str), Kind(int)
_PROVIDER_NAME = "(SELECT provider.{} FROM provider WHERE provider.view = :view AND provider.key = article.provider)"

_ARTICLE_COLUMNS: Columns = {
    ArticleOrderField.PUBLISHED_DATE_TIME: (Column("article.published_at", Kind(int, True)),),
    ArticleOrderField.UPDATED_DATE_TIME: (Column("article.updated_at", Kind(int, True)),),
    ArticleOrderField.QUALITY: (Column("article.quality", Kind(int, True)),),
    ArticleOrderField.HEAT: (Column("article.heat", Kind(int, True)),),
    ArticleOrderField.TITLE: (Column("article.title_folded", _TEXT), Column("article.title", _TEXT)),
    ArticleOrderField.PROVIDER_NAME: (
        Column(_PROVIDER_NAME.format("folded"), Kind(str, True)),
        Column(_PROVIDER_NAME.format("name"), Kind(str, True)),
    ),
    ArticleOrderField.PATH: (Column("article.path", _TEXT),),
}
_RELATED_COLUMNS: Columns = {
    ArticleOrderField.PUBLISHED_DATE_TIME: (Column("related.published_at", Kind(int, True)),),
    ArticleOrderField.PATH: (Column("related.path", _TEXT),),
}
_PROVIDER_COLUMNS: Columns = {
    ProviderOrderField.ARTICLE_COUNT: (Column("provider.count", _NUMBER),),
    ProviderOrderField.NAME: (Column("provider.folded", _TEXT), Column("provider.name", _TEXT)),
    ProviderOrderField.DOMAIN: (Column("provider.domain", Kind(str, True)),),
}
_TOPIC_COLUMNS: Columns = {
    TopicOrderField.ARTICLE_COUNT: (Column("topic.count", _NUMBER),),
    TopicOrderField.NAME: (Column("topic.folded", _TEXT), Column("topic.name", _TEXT)),
}


class Source(NamedTuple, Generic[T]):
    """Where a list comes from. `parent.value` in a condition is the parent that the list belongs to."""

    name: str
    """Of the kind of record, for cursors."""
    record: Record[T]
    found_by: str
    """What a record is found by, among the keys that were listed."""
    key: str
    """The column of `table` that holds such a key."""
    table: str
    conditions: tuple[str, ...]
    guarded: str | None
    """The table with the mark of what is public; None where the rows belong to one view anyway."""
    columns: Columns
    ties: tuple[Column, ...]
    nearer: Mapping[str, str] = MappingProxyType({})
    """Columns to read in place of the record's, since they lie beside the parent in an index of their own."""


_PATH = (Column("article.path", _TEXT),)
_LISTED = MappingProxyType({"article.published_at": "listed.published_at", "article.path": "listed.path"})


def _articles(
    key: str, table: str, *conditions: str, guarded: str | None, nearer: Mapping[str, str]
) -> Source[Article]:
    return Source("article", ARTICLE, "article.key", key, table, conditions, guarded, _ARTICLE_COLUMNS, _PATH, nearer)


BY_PROVIDER = _articles("article.key", "article", "article.provider = parent.value", guarded="article", nearer={})
# What is read of `listed` alone needs no article, and SQLite leaves out outer joins of which nothing is read.
BY_TOPIC = _articles(
    "listed.article",
    "article_topic AS listed LEFT JOIN article ON article.key = listed.article",
    "listed.topic = parent.value",
    guarded="listed",
    nearer=_LISTED,
)
BY_CATEGORY = _articles("article.key", "article", "article.category = parent.value", guarded="article", nearer={})
BY_TYPE = _articles("article.key", "article", "article.type = parent.value", guarded="article", nearer={})
BY_LOCALE = _articles("article.key", "article", "article.locale = parent.value", guarded="article", nearer={})
BY_STATUS = _articles(
    "article.key",
    "article",
    "article.status = parent.value",
    guarded="article",
    nearer={},
)
"""The parent is a status."""

SOURCES: Mapping[str, Source[Any]] = {
    protocol.ARTICLES.name: _articles("article.key", "article", guarded="article", nearer={}),
    protocol.ARTICLES_OF_PROVIDER.name: BY_PROVIDER,
    protocol.ARTICLES_OF_TOPIC.name: BY_TOPIC,
    protocol.ARTICLES_REFERRING.name: _articles(
        "listed.source",
        "backlink AS listed LEFT JOIN article ON article.key = listed.source",
        "listed.view = :view",
        "listed.target = parent.value",
        guarded=None,
        nearer=_LISTED,
    ),
    protocol.MENTIONS.name: Source(
        name="related",
        record=RELATED,
        found_by="related.key",
        key="related.key",
        table="related",
        conditions=("related.provider = parent.value",),
        guarded="related",
        columns=_RELATED_COLUMNS,
        ties=(Column("related.path", _TEXT), Column("related.position", _NUMBER)),
    ),
    protocol.PROVIDERS.name: Source(
        name="provider",
        record=PROVIDER,
        found_by="provider.view = :view AND provider.key",
        key="provider.key",
        table="provider",
        conditions=("provider.view = :view",),
        guarded=None,
        columns=_PROVIDER_COLUMNS,
        ties=(Column("provider.key", _TEXT),),
    ),
    protocol.TOPICS.name: Source(
        name="topic",
        record=TOPIC,
        found_by="topic.view = :view AND topic.key",
        key="topic.key",
        table="topic",
        conditions=("topic.view = :view",),
        guarded=None,
        columns=_TOPIC_COLUMNS,
        ties=(Column("topic.key", _TEXT),),
    ),
}


class Found(NamedTuple, Generic[T]):
    """How a record is found by a key, `parent.value`."""

    record: Record[T]
    condition: str
    guarded: str | None = None
    """The table with the mark of what is reachable; None where the rows belong to views anyway."""


def _named(condition: str) -> Found[Article]:
    """The first article under a slug."""
    named = f"SELECT named.key FROM article AS named WHERE {condition}"  # noqa: S608 - a constant
    order = "named.reachable DESC, named.locale IS NOT NULL, named.path"
    return Found(ARTICLE, f"article.key = ({named} ORDER BY {order} LIMIT 1)", "article")


FINDS: Mapping[Lookup[Any], Found[Any]] = {
    protocol.ARTICLE_BY_ID: Found(ARTICLE, "article.id = parent.value", "article"),
    protocol.ARTICLE_BY_PATH: Found(ARTICLE, "article.path = parent.value", "article"),
    protocol.ARTICLE_BY_SLUG: _named("named.slug = parent.value"),
    protocol.ARTICLE_BY_LOCALIZED_SLUG: _named(
        "named.slug = json_extract(parent.value, '$[0]') AND named.locale = json_extract(parent.value, '$[1]')"
    ),
    protocol.ARTICLE_BY_URL: Found(
        ARTICLE,
        "article.key = (SELECT known.article FROM article_url AS known WHERE known.url = parent.value"
        " AND known.reachable >= :view ORDER BY known.published_at DESC, known.path LIMIT 1)",
        "article",
    ),
    protocol.PROVIDER_BY_KEY: Found(PROVIDER, "provider.view IN :views AND provider.key = parent.value"),
    protocol.PROVIDER_BY_ID: Found(PROVIDER, "provider.view IN :views AND provider.id = parent.value"),
    protocol.PROVIDER_BY_SLUG: Found(PROVIDER, "provider.view IN :views AND provider.slug = parent.value"),
    protocol.TOPIC_BY_KEY: Found(TOPIC, "topic.view IN :views AND topic.key = parent.value"),
    protocol.TOPIC_BY_ID: Found(TOPIC, "topic.view IN :views AND topic.id = parent.value"),
    protocol.TOPIC_BY_SLUG: Found(TOPIC, "topic.view IN :views AND topic.slug = parent.value"),
    protocol.RELATED_BY_ID: Found(RELATED, "related.id = parent.value", "source"),
}
