"""The GraphQL schema: root types, scalars, construction and printing."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError
from graphql.execution import Executor
from graphql.type import GraphQLResolveInfoHelpers
from strawberry import UNSET
from strawberry.extensions import SchemaExtension
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types import ExecutionContext
from strawberry.types.base import StrawberryObjectDefinition

from gateway import cache_tags
from gateway.content.dates import parse_instant
from gateway.content.identity import author_key, topic_key
from gateway.content.values import Unreadable
from gateway.graph import sync
from gateway.graph.article_lookup import article_key
from gateway.graph.collection_types import SiteTypes, site_types
from gateway.graph.connection import (
    After,
    Before,
    Connection,
    First,
    Last,
    Offset,
    PageKey,
    check_limit,
    checked_window,
    only_argument,
    or_none,
    resolved,
)
from gateway.graph.context import Info
from gateway.graph.corpus import Corpus
from gateway.graph.facets import ArticleFacets, facets
from gateway.graph.filter_inputs import ArticleFilter, ArticleFilters, checked_filter
from gateway.graph.loaders import Key
from gateway.graph.order_inputs import ArticleOrder, SearchOrders, checked_order
from gateway.graph.search_arguments import SearchFields, SearchModes, checked_search
from gateway.graph.search_types import ArticleSearchConnection
from gateway.graph.sources import ARTICLE_LIST, AUTHOR_LIST, PROVIDER_LIST, TOPIC_LIST, Kind, connection, named, owned
from gateway.graph.sync import ChangeSet, Subscription
from gateway.graph.types import Article, Author, Node, Provider, Topic
from gateway.limits import Limits
from gateway.model import records
from gateway.model.collections import NO_COLLECTIONS, Collections
from gateway.model.lists import BEST_FIRST, SearchField, SearchMode
from gateway.store.reads import (
    ARTICLE_BY_ID,
    ARTICLES,
    AUTHOR_BY_ID,
    AUTHOR_BY_KEY,
    AUTHOR_BY_SLUG,
    AUTHORS,
    PROVIDER_BY_ID,
    PROVIDER_BY_KEY,
    PROVIDER_BY_SLUG,
    PROVIDERS,
    RELATED_BY_ID,
    TOPIC_BY_ID,
    TOPIC_BY_KEY,
    TOPIC_BY_SLUG,
    TOPICS,
    WHOLE,
    Find,
    Lookup,
    PageOf,
    Read,
)

Record = records.Article | records.Related | records.Provider | records.Topic | records.Author

BY_ID: Mapping[str, Lookup[Any]] = {
    "ar": ARTICLE_BY_ID,
    "re": RELATED_BY_ID,
    "pr": PROVIDER_BY_ID,
    "to": TOPIC_BY_ID,
    "au": AUTHOR_BY_ID,
}
"""The lookup for each id prefix."""


def _provider(
    _limits: Limits,
    id_: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="Id of the provider.")] = UNSET,
    domain: Annotated[str | None, strawberry.argument(description="Domain of the provider, in any case.")] = UNSET,
    slug: Annotated[str | None, strawberry.argument(description="Slug of the provider.")] = UNSET,
) -> Key | None:
    match only_argument(id=id_, domain=domain, slug=slug):
        case "id", key:
            return Find(PROVIDER_BY_ID), key
        case "slug", key:
            return Find(PROVIDER_BY_SLUG), key
        case _, key:
            return Find(PROVIDER_BY_KEY), key.strip().lower()


def _is_named(read: Read[Any], domain: str | None) -> bool:
    """Whether a provider is the one with a domain, if it was found by that. A key can also come from a name."""
    return read != Find(PROVIDER_BY_KEY) or domain is not None


def _topic(
    _limits: Limits,
    id_: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="Id of the topic.")] = UNSET,
    slug: Annotated[str | None, strawberry.argument(description="Slug of the topic.")] = UNSET,
    name: Annotated[str | None, strawberry.argument(description="Name of the topic, in any case.")] = UNSET,
) -> Key | None:
    match only_argument(id=id_, slug=slug, name=name):
        case "id", key:
            return Find(TOPIC_BY_ID), key
        case "slug", key:
            return Find(TOPIC_BY_SLUG), key
        case _, key:
            return Find(TOPIC_BY_KEY), topic_key(key)


def _author(
    _limits: Limits,
    id_: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="Id of the author.")] = UNSET,
    slug: Annotated[str | None, strawberry.argument(description="Slug of the author.")] = UNSET,
    name: Annotated[
        str | None,
        strawberry.argument(
            description="The author's key in the site's file of authors, else the author's name. In any case."
        ),
    ] = UNSET,
) -> Key | None:
    match only_argument(id=id_, slug=slug, name=name):
        case "id", key:
            return Find(AUTHOR_BY_ID), key
        case "slug", key:
            return Find(AUTHOR_BY_SLUG), key
        case _, key:
            return Find(AUTHOR_BY_KEY), author_key(key)


def _node(_limits: Limits, id_: str) -> Sequence[str]:
    return (id_,)


def _nodes(limits: Limits, ids: Sequence[str]) -> Sequence[str]:
    check_limit("ids", limits.ids, len(ids))
    return ids


def _search(
    limits: Limits,
    query: str,
    in_: Sequence[SearchField] | None = UNSET,
    mode: SearchMode | None = SearchMode.ALL_TERMS,
    *,
    where: ArticleFilter | None = UNSET,
    order_by: Sequence[ArticleOrder] | None = UNSET,
    **window: Any,
) -> PageOf[records.Article]:
    checked, terms = checked_window(limits, **window), or_none(order_by)
    order = BEST_FIRST if terms is None else checked_order(limits, terms, terms)
    listing = ARTICLES.where(checked_filter(limits, where)).matching(checked_search(limits, query, in_, mode))
    return PageOf(listing, order, checked)


@strawberry.type(description="The root of all queries.")
class Query:
    @resolved(
        "The record with this id. Null without an error if it is unknown or not visible to the caller.",
        Node | None,
        _node,
    )
    @staticmethod
    async def node(
        info: Info, id_: Annotated[strawberry.ID, strawberry.argument(name="id", description="Id of the record.")]
    ) -> Record | None:
        [found] = await _records(info, _node(info.context.limits, id_))
        return found

    @resolved(
        "The records with these ids, in the order of the ids. An unknown or invisible record is null.",
        list[Node | None],
        _nodes,
    )
    @staticmethod
    async def nodes(
        info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Ids of the records.")]
    ) -> Sequence[Record | None]:
        return await _records(info, _nodes(info.context.limits, ids))

    article = named(
        "One article. Give exactly one of `id`, `slug`, `path` and `url`. Null if the article does not"
        " exist or is not visible. Articles in different locales can share a slug. Without `locale` the"
        " first visible one is returned: one without a locale first, then by path.",
        Article | None,
        article_key,
    )

    articles = connection("All articles visible to the caller.", Connection[Article], ARTICLES, ARTICLE_LIST)

    facets = facets(
        "Counts of all articles that match `filter` and, if given, `query`.", ArticleFacets, ARTICLES, ArticleFilters
    )

    @resolved(
        "Ranked full-text search, ordered by score by default. Any text is a valid query.",
        ArticleSearchConnection,
        _search,
    )
    @staticmethod
    def search(
        info: Info,
        query: Annotated[
            str, strawberry.argument(description="Search text. Only the first words are used: 32 by default.")
        ],
        in_: SearchFields = UNSET,
        mode: SearchModes = SearchMode.ALL_TERMS,
        *,
        where: ArticleFilters = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        offset: Offset = UNSET,
        order_by: SearchOrders = UNSET,
    ) -> PageKey:
        window = {"first": first, "after": after, "last": last, "before": before, "offset": offset}
        return PageKey(_search(info.context.limits, query, in_, mode, where=where, order_by=order_by, **window), WHOLE)

    provider = named(
        "One provider. Give exactly one argument. Null if the provider does not exist.",
        Provider | None,
        _provider,
        _is_named,
        by="domain",
    )

    providers = connection(
        "All providers of visible articles and of their related entries.",
        Connection[Provider],
        PROVIDERS,
        PROVIDER_LIST,
    )

    topic = named("One topic. Give exactly one argument. Null if the topic does not exist.", Topic | None, _topic)

    topics = connection("All topics of visible articles.", Connection[Topic], TOPICS, TOPIC_LIST)

    author = named("One author. Give exactly one argument. Null if the author does not exist.", Author | None, _author)

    authors = connection("All authors of visible articles.", Connection[Author], AUTHORS, AUTHOR_LIST)

    changes = owned("Delta sync for clients with an offline copy.", ChangeSet, sync.changes, None, Kind.RECORD)

    @resolved("The loaded content.", Corpus)
    @staticmethod
    async def corpus(info: Info) -> records.Generation:
        info.context.read_budget.depend(cache_tags.ARTICLES)  # changes with every generation
        return await info.context.snapshot.generation()


async def _records(info: Info, ids: Sequence[str]) -> Sequence[Record | None]:
    return await asyncio.gather(*(_record(info, each) for each in ids))


async def _record(info: Info, id_: str) -> Record | None:
    lookup = BY_ID.get(id_.partition("_")[0])
    found: Record | None = await info.context.load(Find(lookup), id_) if lookup else None
    return found


def print_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _read_instant(value: object) -> datetime:
    """Accepts the spellings that content files accept. An instant without a zone is UTC. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"A DateTime is a text such as 2022-11-15T17:36:00Z, not {value!r}.")
    try:
        return parse_instant(value.strip())
    except Unreadable as error:
        raise ValueError(f"A DateTime is a text such as 2022-11-15T17:36:00Z: {error}") from None


def _read_date(value: object) -> date:
    """Raises ValueError."""
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError(f"A Date is a text such as 2022-11-15, not {value!r}.")


_DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="ISO 8601 instant in UTC (`2022-11-15T17:36:00Z`). As input it may have an offset, or omit the time"
    " or the zone. Default zone: UTC.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
    serialize=print_instant,
    parse_value=_read_instant,
)
_DATE = strawberry.scalar(
    name="Date",
    description="ISO 8601 date without a time (`2022-11-15`).",
    specified_by_url="https://scalars.graphql.org/andimarek/local-date.html",
    serialize=date.isoformat,
    parse_value=_read_date,
)
_JSON = strawberry.scalar(name="JSON", description="Arbitrary JSON. Only `frontMatter` returns it.")
_SITE_JSON = strawberry.scalar(name="JSON", description="Arbitrary JSON. `frontMatter` and custom fields return it.")


class _Executor(StrawberryGraphQLCoreExecutionContext):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The library's helpers refer back to the executor. A weak reference avoids the cycle, which would hold the
        executor and its results until the next garbage collection."""
        super().__init__(*arguments, **options)
        me = weakref.proxy(self)
        self.async_helpers = GraphQLResolveInfoHelpers(
            gather=lambda values: me.gather_async_work(values),  # noqa: PLW0108 - a bound method would hold it
            track=lambda values: me.track_async_work(values),  # noqa: PLW0108
        )

    def build_per_event_executor(self, payload: object) -> Executor[Any]:
        """Gives each event its own cache of sub-fields. A shared one would grow during a subscription."""
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        return executor


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Does nothing: the caller logs errors, because it can distinguish client errors."""


class _ObjectConverter(GraphQLCoreConverter):
    """Converts `Article` to an object type, for schemas without collections."""

    def from_interface(self, interface: StrawberryObjectDefinition) -> Any:
        is_article = interface.origin is Article
        return self.from_object(interface) if is_article else super().from_interface(interface)


class _PlainSchema(_Schema):
    """A schema without collections."""

    @property
    def schema_converter(self) -> GraphQLCoreConverter:
        return self._converter

    @schema_converter.setter
    def schema_converter(self, made: GraphQLCoreConverter) -> None:
        """The library makes the converter, and cannot be given another one."""
        self._converter = _ObjectConverter(made.config, {}, made.config.scalar_map, made.get_fields)


def build_schema(
    extensions: Iterable[type[SchemaExtension]] = (), collections: Collections = NO_COLLECTIONS
) -> strawberry.Schema:
    """The executable schema of a site. Operations take a Context as context value."""
    make, site = (_Schema, site_types(Query, collections)) if collections else (_PlainSchema, SiteTypes(Query))
    return make(
        site.query,
        subscription=Subscription,
        types=site.types,
        extensions=list(extensions),
        config=StrawberryConfig(
            scalar_map={datetime: _DATE_TIME, date: _DATE, JSON: _SITE_JSON if collections else _JSON}
        ),
        execution_context_class=_Executor,
    )


def print_sdl(collections: Collections = NO_COLLECTIONS) -> str:
    """The schema in SDL. Without collections it is that in `schema.graphql`."""
    return build_schema(collections=collections).as_str() + "\n"
