"""The schema: its entry points, its scalars, and how it is built and printed.

It opens no snapshot and executes nothing by itself.
"""

from __future__ import annotations

import asyncio
import unicodedata
import weakref
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
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
from strawberry.types import ExecutionContext

from gateway import cache_tags, model
from gateway.content.dates import parse_instant
from gateway.content.identity import topic_key, url_identity
from gateway.content.values import Unreadable
from gateway.errors import BadUserInput
from gateway.graph import sync
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
    page_of,
    resolved,
)
from gateway.graph.context import Info
from gateway.graph.corpus import Corpus
from gateway.graph.facets import ArticleFacets, Selected
from gateway.graph.filter_inputs import ArticleFilters, ProviderFilters, TopicFilters, checked_filter
from gateway.graph.loaders import (
    ArticleByIdLoader,
    ArticleByLocalizedSlugLoader,
    ArticleByPathLoader,
    ArticleBySlugLoader,
    ArticleByUrlLoader,
    ProviderByIdLoader,
    ProviderByKeyLoader,
    ProviderBySlugLoader,
    RecordLoader,
    RelatedByIdLoader,
    TopicByIdLoader,
    TopicByKeyLoader,
    TopicBySlugLoader,
)
from gateway.graph.order_inputs import (
    LARGEST_PROVIDERS_FIRST,
    LARGEST_TOPICS_FIRST,
    NEWEST_FIRST,
    ArticleOrders,
    ProviderOrders,
    SearchOrders,
    TopicOrders,
    checked_order,
)
from gateway.graph.search_types import ArticleSearchConnection, SearchFields, SearchModes, checked_search
from gateway.graph.sync import ChangeSet, Since, Subscription
from gateway.graph.types import Article, Node, Provider, Topic
from gateway.model import BEST_FIRST, SearchMode
from gateway.store.protocol import ARTICLES, PROVIDERS, TOPICS, ChangePage, localized_slug

Record = model.Article | model.Related | model.Provider | model.Topic

_BY_ID: Mapping[str, type[RecordLoader[Any]]] = {
    "ar": ArticleByIdLoader,
    "re": RelatedByIdLoader,
    "pr": ProviderByIdLoader,
    "to": TopicByIdLoader,
}
"""The loader for each prefix of an id."""


@strawberry.type(description="Where every query begins.")
class Query:
    @resolved("The record with this id; null, and no error, when unknown or not visible to the caller.", Node | None)
    @staticmethod
    async def node(
        info: Info, id_: Annotated[strawberry.ID, strawberry.argument(name="id", description="The record's id.")]
    ) -> Record | None:
        return await _record(info, id_)

    @resolved(
        "The records with these ids, in the order of the ids; null in the place of one that is unknown or not visible.",
        list[Node | None],
    )
    @staticmethod
    async def nodes(
        info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="The records' ids.")]
    ) -> Sequence[Record | None]:
        check_limit("ids", info.context.limits.ids, len(ids))
        return await asyncio.gather(*(_record(info, each) for each in ids))

    @resolved(
        "One article. Give exactly one of id, slug, path and url; null where there is no such article, or none that is"
        " visible. Articles in several locales may share a slug. Without `locale` it gives the first visible one: one"
        " without a locale before others, then by path.",
        Article | None,
    )
    @staticmethod
    async def article(
        info: Info,
        *,
        id_: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="The article's id.")] = UNSET,
        slug: Annotated[str | None, strawberry.argument(description="The article's slug.")] = UNSET,
        path: Annotated[str | None, strawberry.argument(description="The file's path in the content folder.")] = UNSET,
        url: Annotated[
            str | None,
            strawberry.argument(description="Matches originalUrl, webUrl and the AMP variants, all normalised."),
        ] = UNSET,
        locale: Annotated[
            str | None, strawberry.argument(description="The locale in which a slug is looked up; goes with slug only.")
        ] = UNSET,
    ) -> model.Article | None:
        load, within = info.context.loader, or_none(locale)
        match only_argument(id=id_, slug=slug, path=path, url=url):
            case "slug", key if within is not None:
                return await load(ArticleByLocalizedSlugLoader).load(localized_slug(key, within))
            case name, _ if within is not None:
                raise BadUserInput(f"'locale' goes with 'slug', and not with '{name}'.", argument="locale")
            case "id", key:
                return await load(ArticleByIdLoader).load(key)
            case "slug", key:
                return await load(ArticleBySlugLoader).load(key)
            case "path", key:
                return await load(ArticleByPathLoader).load(unicodedata.normalize("NFC", key))
            case _, key:
                identity = url_identity(key)
                return None if identity is None else await load(ArticleByUrlLoader).load(identity)

    @resolved("All articles that are visible to the caller.", Connection[Article])
    @staticmethod
    def articles(
        info: Info,
        *,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        offset: Offset = UNSET,
        where: ArticleFilters = UNSET,
        order_by: ArticleOrders = NEWEST_FIRST,
    ) -> PageKey:
        window = checked_window(info.context.limits, first=first, after=after, last=last, before=before, offset=offset)
        listing = ARTICLES.where(checked_filter(info.context.limits, where))
        return page_of(listing, checked_order(info.context.limits, order_by, NEWEST_FIRST), window)

    @resolved("Counts over all that the filter, and the search where `query` is given, match.", ArticleFacets)
    @staticmethod
    def facets(
        info: Info,
        where: ArticleFilters = UNSET,
        query: Annotated[
            str | None, strawberry.argument(description="What is searched for; all articles count unless given.")
        ] = UNSET,
        in_: SearchFields = UNSET,
        mode: SearchModes = SearchMode.ALL_TERMS,
    ) -> Selected:
        limits, text = info.context.limits, or_none(query)
        search = None if text is None else checked_search(limits, text, in_, mode)
        selected = Selected(limits, or_none(where), search)
        selected.listing()  # so that a filter that is refused is refused once
        return selected

    @resolved(
        "Ranked full-text search, by score unless ordered otherwise; any text a person types is a valid query.",
        ArticleSearchConnection,
    )
    @staticmethod
    def search(
        info: Info,
        query: Annotated[
            str, strawberry.argument(description="What is typed; its first words are used, 32 by default.")
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
        limits = info.context.limits
        window = checked_window(limits, first=first, after=after, last=last, before=before, offset=offset)
        terms = or_none(order_by)
        order = BEST_FIRST if terms is None else checked_order(limits, terms, terms)
        listing = ARTICLES.where(checked_filter(limits, where)).matching(checked_search(limits, query, in_, mode))
        return page_of(listing, order, window)

    @resolved("One provider. Give exactly one argument; null where there is no such provider.", Provider | None)
    @staticmethod
    async def provider(
        info: Info,
        id_: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="The provider's id.")] = UNSET,
        domain: Annotated[str | None, strawberry.argument(description="The domain, in any case.")] = UNSET,
        slug: Annotated[str | None, strawberry.argument(description="The provider's slug.")] = UNSET,
    ) -> model.Provider | None:
        load = info.context.loader
        match only_argument(id=id_, domain=domain, slug=slug):
            case "id", key:
                return await load(ProviderByIdLoader).load(key)
            case "slug", key:
                return await load(ProviderBySlugLoader).load(key)
            case _, key:
                found = await load(ProviderByKeyLoader).load(key.strip().lower())
                return found if found and found.domain else None  # the key may be a name's

    @resolved("All providers that visible articles or their related entries name.", Connection[Provider])
    @staticmethod
    def providers(
        info: Info,
        *,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        offset: Offset = UNSET,
        where: ProviderFilters = UNSET,
        order_by: ProviderOrders = LARGEST_PROVIDERS_FIRST,
    ) -> PageKey:
        window = checked_window(info.context.limits, first=first, after=after, last=last, before=before, offset=offset)
        listing = PROVIDERS.where(checked_filter(info.context.limits, where))
        return page_of(listing, checked_order(info.context.limits, order_by, LARGEST_PROVIDERS_FIRST), window)

    @resolved("One topic. Give exactly one argument; null where there is no such topic.", Topic | None)
    @staticmethod
    async def topic(
        info: Info,
        id_: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="The topic's id.")] = UNSET,
        slug: Annotated[str | None, strawberry.argument(description="The topic's slug.")] = UNSET,
        name: Annotated[str | None, strawberry.argument(description="The topic's name, in any case.")] = UNSET,
    ) -> model.Topic | None:
        load = info.context.loader
        match only_argument(id=id_, slug=slug, name=name):
            case "id", key:
                return await load(TopicByIdLoader).load(key)
            case "slug", key:
                return await load(TopicBySlugLoader).load(key)
            case _, key:
                return await load(TopicByKeyLoader).load(topic_key(key))

    @resolved("All topics of visible articles.", Connection[Topic])
    @staticmethod
    def topics(
        info: Info,
        *,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        offset: Offset = UNSET,
        where: TopicFilters = UNSET,
        order_by: TopicOrders = LARGEST_TOPICS_FIRST,
    ) -> PageKey:
        window = checked_window(info.context.limits, first=first, after=after, last=last, before=before, offset=offset)
        listing = TOPICS.where(checked_filter(info.context.limits, where))
        return page_of(listing, checked_order(info.context.limits, order_by, LARGEST_TOPICS_FIRST), window)

    @resolved("Delta sync for clients that keep an offline copy.", ChangeSet)
    @staticmethod
    async def changes(info: Info, since: Since = UNSET, first: sync.First = sync.DEFAULT_PAGE) -> ChangePage:
        return await sync.changes(info, since, first)

    @resolved("What is loaded right now.", Corpus)
    @staticmethod
    async def corpus(info: Info) -> model.Generation:
        info.context.read_budget.depend(cache_tags.ARTICLES)  # it moves with every change
        return await info.context.snapshot.generation()


async def _record(info: Info, id_: str) -> Record | None:
    kind = _BY_ID.get(id_.partition("_")[0])
    found: Record | None = await info.context.loader(kind).load(id_) if kind else None
    return found


def _print_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _read_instant(value: object) -> datetime:
    """The spellings that files may have are read; an instant without a zone is one in UTC. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"A DateTime is a text such as 2022-11-15T17:36:00Z, not {value!r}.")
    try:
        return parse_instant(value.strip())
    except Unreadable as error:
        raise ValueError(f"A DateTime is a text such as 2022-11-15T17:36:00Z: {error}") from None


_DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="ISO-8601 instant, always in UTC (`2022-11-15T17:36:00Z`). As an input it may be written as in a file:"
    " with an offset, without a time, without a zone (which is UTC).",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
    serialize=_print_instant,
    parse_value=_read_instant,
)
_JSON = strawberry.scalar(name="JSON", description="Arbitrary JSON; used by the `frontMatter` escape hatch alone.")


class _Executor(StrawberryGraphQLCoreExecutionContext):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The library's own helpers hold the executor that holds them, and all that it leads to would stay until
        garbage is collected."""
        super().__init__(*arguments, **options)
        me = weakref.proxy(self)
        self.async_helpers = GraphQLResolveInfoHelpers(
            gather=lambda values: me.gather_async_work(values),  # noqa: PLW0108 - a bound method would hold it
            track=lambda values: me.track_async_work(values),  # noqa: PLW0108
        )

    def build_per_event_executor(self, payload: object) -> Executor[Any]:
        """What one event asks for is worked out anew for the next, and would be kept as long as the subscription is."""
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        return executor


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Errors are logged where it is known which of them the client caused: not here."""


def build_schema(extensions: Iterable[type[SchemaExtension]] = ()) -> strawberry.Schema:
    """The executable schema. Its operations take a Context as context value."""
    config = StrawberryConfig(scalar_map={datetime: _DATE_TIME, JSON: _JSON})
    return _Schema(
        Query,
        subscription=Subscription,
        extensions=list(extensions),
        config=config,
        execution_context_class=_Executor,
    )


def print_sdl() -> str:
    """The schema in GraphQL's schema language, as `schema.graphql` holds it."""
    return build_schema().as_str() + "\n"
