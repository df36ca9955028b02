"""Serves a database with Strawberry's ASGI application, its dataloaders and aiosqlite.

python server.py DATABASE
"""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Annotated, Any, NamedTuple, NewType

import aiosqlite
import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

DateTime = NewType("DateTime", str)
NEWEST = "ORDER BY publishedDateTime DESC, path LIMIT ? OFFSET ?"
KEYS = "(SELECT value FROM json_each(?))"


class Loaders:
    """The dataloaders of one operation."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self.database = database
        self.provider = self._rows(f"SELECT * FROM providers WHERE key IN {KEYS}")
        self.topics = self._lists(
            "SELECT articleKey AS owner, name FROM article_topic JOIN topics ON key = topicKey"
            f" WHERE articleKey IN {KEYS} ORDER BY articleKey, position",
            lambda row: Topic(name=row["name"]),
        )
        self.images = self._lists(
            f"SELECT articleKey AS owner, url, width FROM images WHERE articleKey IN {KEYS} ORDER BY key", image
        )
        self.related = self._lists(
            "SELECT articleKey AS owner, key, title, publishedDateTime, webUrl, providerKey FROM related"
            f" WHERE articleKey IN {KEYS} ORDER BY key",
            related,
        )
        self.related_images = self._lists(
            f"SELECT relatedKey AS owner, url, width FROM images WHERE relatedKey IN {KEYS} ORDER BY key", image
        )

    async def all(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        return list(await self.database.execute_fetchall(sql, parameters))

    def _rows(self, sql: str) -> DataLoader[int, Provider]:
        async def load(keys: list[int]) -> list[Provider]:
            found = {row["key"]: provider(row) for row in await self.all(sql, json.dumps(keys))}
            return [found[key] for key in keys]

        return DataLoader(load)

    def _lists(self, sql: str, make: Callable[[sqlite3.Row], Any]) -> DataLoader[int, list[Any]]:
        async def load(keys: list[int]) -> list[list[Any]]:
            found: dict[int, list[Any]] = {key: [] for key in keys}
            for row in await self.all(sql, json.dumps(keys)):
                found[row["owner"]].append(make(row))
            return list(found.values())

        return DataLoader(load)


Info = strawberry.Info[Loaders, None]


@strawberry.type
class Image:
    url: str
    width: int | None


@strawberry.type
class Topic:
    name: str


@strawberry.type
class Provider:
    key: strawberry.Private[int]
    id: strawberry.ID
    name: str
    domain: str | None

    @strawberry.field
    async def articles(self, first: int = 20, offset: int = 0) -> ArticleConnection:
        source = Rows("articles WHERE providerKey = ?", [self.key])
        return ArticleConnection(source=source, page=Rows(NEWEST, [first, offset]))


@strawberry.type
class Related:
    key: strawberry.Private[int]
    provider_key: strawberry.Private[int | None]
    title: str
    published_date_time: DateTime | None
    web_url: str | None

    @strawberry.field
    async def provider(self, info: Info) -> Provider | None:
        return await info.context.provider.load(self.provider_key) if self.provider_key else None

    @strawberry.field
    async def images(self, info: Info) -> list[Image]:
        return await info.context.related_images.load(self.key)


@strawberry.type
class Article:
    key: strawberry.Private[int]
    provider_key: strawberry.Private[int | None]
    id: strawberry.ID
    title: str
    excerpt: str | None
    published_date_time: DateTime | None
    web_url: str | None

    @strawberry.field
    async def provider(self, info: Info) -> Provider | None:
        return await info.context.provider.load(self.provider_key) if self.provider_key else None

    @strawberry.field
    async def topics(self, info: Info) -> list[Topic]:
        return await info.context.topics.load(self.key)

    @strawberry.field
    async def images(self, info: Info) -> list[Image]:
        return await info.context.images.load(self.key)

    @strawberry.field
    async def related(self, info: Info) -> list[Related]:
        return await info.context.related.load(self.key)


class Rows(NamedTuple):
    """What follows FROM, and its parameters."""

    sql: str
    parameters: Sequence[object]


@strawberry.type
class ArticleConnection:
    source: strawberry.Private[Rows]
    page: strawberry.Private[Rows]

    @strawberry.field
    async def nodes(self, info: Info) -> list[Article]:
        sql = f"SELECT articles.* FROM {self.source.sql} {self.page.sql}"
        return [article(row) for row in await info.context.all(sql, *self.source.parameters, *self.page.parameters)]

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        [[count]] = await info.context.all(f"SELECT count(*) FROM {self.source.sql}", *self.source.parameters)
        return int(count)


@strawberry.input
class DateTimeFilter:
    lt: DateTime | None = None


@strawberry.input
class ListFilter:
    any_of: list[str] | None = None


@strawberry.input
class ArticleFilter:
    published_date_time: DateTimeFilter | None = None
    topics: ListFilter | None = None


@strawberry.type
class TopicCount:
    count: int
    topic: Topic


@strawberry.type
class ProviderCount:
    count: int
    provider: Provider


@strawberry.type
class ArticleFacets:
    where: strawberry.Private[Rows]

    @strawberry.field
    async def topics(self, info: Info, first: int = 20, exclude_own_filter: bool = False) -> list[TopicCount]:
        sql = (
            "SELECT count(*) AS count, name FROM articles JOIN article_topic ON articleKey = articles.key"
            f" JOIN topics ON topics.key = topicKey {self.where.sql} GROUP BY topicKey"
            " ORDER BY count DESC, name LIMIT ?"
        )
        rows = await info.context.all(sql, *self.where.parameters, first)
        return [TopicCount(count=row["count"], topic=Topic(name=row["name"])) for row in rows]

    @strawberry.field
    async def providers(self, info: Info, first: int = 20) -> list[ProviderCount]:
        sql = (
            "SELECT count(*) AS count, providers.* FROM articles JOIN providers ON providers.key = providerKey"
            f" {self.where.sql} GROUP BY providerKey ORDER BY count DESC, name LIMIT ?"
        )
        rows = await info.context.all(sql, *self.where.parameters, first)
        return [ProviderCount(count=row["count"], provider=provider(row)) for row in rows]


@strawberry.enum
class SearchField(Enum):
    TITLE = "title"
    TOPICS = "topics"
    EXCERPT = "excerpt"
    PROVIDER = "provider"
    BODY = "body"


@strawberry.type
class Query:
    @strawberry.field
    async def article(self, info: Info, id: strawberry.ID) -> Article | None:
        return next(map(article, await info.context.all("SELECT * FROM articles WHERE id = ?", id)), None)

    @strawberry.field
    async def articles(
        self, first: int = 20, offset: int = 0, filter: ArticleFilter | None = None
    ) -> ArticleConnection:
        sql, parameters = where(filter)
        return ArticleConnection(source=Rows(f"articles {sql}", parameters), page=Rows(NEWEST, [first, offset]))

    @strawberry.field
    async def facets(self, filter: ArticleFilter | None = None) -> ArticleFacets:
        return ArticleFacets(where=where(filter))

    @strawberry.field
    async def search(
        self,
        query: str,
        fields: Annotated[list[SearchField], strawberry.argument(name="in")],
        first: int = 20,
    ) -> ArticleConnection:
        source = Rows("words JOIN articles ON key = words.rowid WHERE words MATCH ?", [matching(query, fields)])
        return ArticleConnection(source=source, page=Rows("ORDER BY rank LIMIT ?", [first]))

    @strawberry.field
    async def provider(self, info: Info, id: strawberry.ID) -> Provider | None:
        return next(map(provider, await info.context.all("SELECT * FROM providers WHERE id = ?", id)), None)


def where(filter: ArticleFilter | None) -> Rows:
    """The conditions of a filter."""
    conditions, parameters = list[str](), list[object]()
    if filter and filter.published_date_time and filter.published_date_time.lt:
        conditions.append("publishedDateTime < ?")
        parameters.append(filter.published_date_time.lt)
    if filter and filter.topics and filter.topics.any_of is not None:
        conditions.append(
            "articles.key IN (SELECT articleKey FROM article_topic JOIN topics ON topics.key = topicKey"
            f" WHERE name IN {KEYS})"
        )
        parameters.append(json.dumps(filter.topics.any_of))
    return Rows(f"WHERE {' AND '.join(conditions)}" if conditions else "", parameters)


def matching(text: str, fields: Sequence[SearchField]) -> str:
    """The words of a text, all of which must be in some columns. The last one may be incomplete."""
    words = ['"{}"'.format(word.replace('"', '""')) for word in text.split(" ")]
    return f"{{{' '.join(field.value for field in fields)}}} : ({' AND '.join(words)} *)"


def image(row: sqlite3.Row) -> Image:
    return Image(url=row["url"], width=row["width"])


def provider(row: sqlite3.Row) -> Provider:
    return Provider(key=row["key"], id=row["id"], name=row["name"], domain=row["domain"])


def related(row: sqlite3.Row) -> Related:
    return Related(
        key=row["key"],
        provider_key=row["providerKey"],
        title=row["title"],
        published_date_time=row["publishedDateTime"],
        web_url=row["webUrl"],
    )


def article(row: sqlite3.Row) -> Article:
    return Article(
        key=row["key"],
        provider_key=row["providerKey"],
        id=row["id"],
        title=row["title"],
        excerpt=row["excerpt"],
        published_date_time=row["publishedDateTime"],
        web_url=row["webUrl"],
    )


class Endpoint(GraphQL[Loaders, None]):
    def __init__(self, database: aiosqlite.Connection) -> None:
        date_time = strawberry.scalar(name="DateTime", serialize=str, parse_value=str)
        scalars: dict[object, ScalarDefinition] = {DateTime: date_time}
        super().__init__(strawberry.Schema(Query, config=StrawberryConfig(scalar_map=scalars)), graphql_ide=None)
        self._database = database

    async def get_context(self, request: object, response: object) -> Loaders:
        return Loaders(self._database)


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    async with aiosqlite.connect(f"file:{sys.argv[1]}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        print(f"Listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(Endpoint(database), log_level="warning", access_log=False)
        await uvicorn.Server(config).serve([listener])


asyncio.run(main())
