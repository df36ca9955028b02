"""The GraphQL types of records. Records stand for themselves: a type names their fields, and relations are loaded.

Nothing here decides what is visible: the snapshot does, and the context says which further rights a viewer has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from gateway import model
from gateway.graph.body import Body
from gateway.graph.body_renderer import Markdown
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
    non_negative,
    or_none,
    page_of,
    resolved,
)
from gateway.graph.context import Info
from gateway.graph.facet_arguments import FirstGroups, checked_first, counted, groups_of
from gateway.graph.filter_inputs import ArticleFilters, checked_filter
from gateway.graph.images import CachedOnly, Image, MaxWidth, MinWidth, best_image
from gateway.graph.loaders import (
    AdjacentByLineLoader,
    ArticleByIdLoader,
    ArticleByUrlLoader,
    Key,
    Line,
    ProviderByKeyLoader,
    RelatedByArticleLoader,
    SecuredByArticleLoader,
    SimilarByArticleLoader,
    TextByArticleLoader,
    TopicsByArticleLoader,
)
from gateway.graph.order_inputs import NEWEST_FIRST, ArticleOrders, checked_order
from gateway.store.protocol import (
    ARTICLES,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    ARTICLES_REFERRING,
    MENTIONS,
)

# Values.


@strawberry.type(description="The file that an article comes from.")
class SourceFile:
    path: str = strawberry.field(description="The file's path, relative to the content folder.")
    sha256: str = strawberry.field(description="The SHA-256 digest of the file's bytes, in hexadecimal digits.")
    bytes: int = strawberry.field(description="The file's size in bytes.")
    modified_date_time: datetime = strawberry.field(description="When the file's present bytes were first read.")


# Records.


@strawberry.interface(description="A record with an id of its own, by which it can be fetched again.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Stable across reloads and machines; it reveals nothing of the file that the record comes from."
    )


@strawberry.interface(
    description="What can be shown as a card: one fragment serves articles of the corpus and related entries alike."
)
class ContentItem:
    title: str = strawberry.field(description="The title.")
    excerpt: str | None = strawberry.field(description="A short summary.")
    type: str = strawberry.field(description="The kind of content as the front matter names it; `article` unless said.")
    quality: int | None = strawberry.field(description="How good the content is; the scale is the site's own.")
    published_date_time: datetime | None = strawberry.field(description="When it was, or will be, published.")
    web_url: str | None = strawberry.field(description="The address of the page.")
    amp_web_url: str | None = strawberry.field(description="The address of the page's AMP version.")
    cdn_amp_web_url: str | None = strawberry.field(description="The address of the AMP version in a cache.")
    images: list[Image] = strawberry.field(description="All images, in file order.")

    @resolved("Who published it.", "Provider | None")
    @staticmethod
    async def provider(item: strawberry.Parent[model.Article | model.Related], info: Info) -> model.Provider | None:
        key = item.provider_key
        return None if key is None else await info.context.loader(ProviderByKeyLoader).load(key)

    @resolved(
        "One image. Without bounds the first; with them the smallest that is at least `minWidth` wide and within"
        " `maxWidth`, else the nearest one.",
        Image | None,
    )
    @staticmethod
    def image(
        item: strawberry.Parent[model.Article | model.Related],
        min_width: MinWidth = UNSET,
        max_width: MaxWidth = UNSET,
        cached_only: CachedOnly = False,
    ) -> model.Image | None:
        least, most = non_negative("minWidth", min_width), non_negative("maxWidth", max_width)
        return best_image([image for image in item.images if image.is_cached or not cached_only], least, most)


@strawberry.type(description="An article of the corpus: one file.")
class Article(Node, ContentItem):
    slug: str = strawberry.field(description="A readable name for addresses; unique among the articles of its locale.")
    path: str = strawberry.field(
        description="The file's path, relative to the content folder; the one natural key of a corpus."
    )
    category: str | None = strawberry.field(description="The category.")
    locale: str | None = strawberry.field(description="The language, as the front matter writes it.")
    heat: int | None = strawberry.field(
        description="How much the article is talked about; the scale is the site's own."
    )
    updated_date_time: datetime | None = strawberry.field(
        description="When the article was last updated, as its front matter says."
    )
    original_url: str | None = strawberry.field(description="The address where the article was first published.")
    published: bool = strawberry.field(description="The front-matter flag as written; true where the file has none.")
    status: model.Status = strawberry.field(
        description="DRAFT: published is false. EXPIRED: published, with an expiry date at or before the generation's"
        " time. SCHEDULED: published, with a date after the generation's time. Otherwise PUBLISHED."
    )
    unlisted: bool = strawberry.field(
        description="True when the public finds the article only by id, slug, path or URL, and no public list, count,"
        " facet, search, neighbour or backlink has it."
    )
    source: SourceFile = strawberry.field(description="The file that the article comes from.")
    is_secured: bool = strawberry.field(
        description="True when the file carries a `secured` payload; safe to show to anyone."
    )

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, model.Article)

    @resolved("What the article is about, in file order.", "list[Topic]")
    @staticmethod
    async def topics(article: strawberry.Parent[model.Article], info: Info) -> Sequence[model.Topic]:
        return await info.context.loader(TopicsByArticleLoader).load(article.id)

    @resolved(
        "As listed in the file, in file order; each entry stands by itself even when its article is not visible.",
        "list[Related]",
    )
    @staticmethod
    async def related(
        article: strawberry.Parent[model.Article],
        info: Info,
        first: Annotated[
            int | None, strawberry.argument(description="How many to give, from the first on; all unless told.")
        ] = UNSET,
    ) -> Sequence[model.Related]:
        return await info.context.loader(RelatedByArticleLoader).load(Key(article.id, non_negative("first", first)))

    @resolved(
        "Backlinks: visible articles whose related entries resolve to this one, the newest first.",
        "Connection[Article]",
    )
    @staticmethod
    def referenced_by(
        article: strawberry.Parent[model.Article],
        info: Info,
        *,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> PageKey:
        window = checked_window(info.context.limits, first=first, after=after, last=last, before=before)
        return page_of(ARTICLES_REFERRING, model.NEWEST_FIRST, window, article.id)

    @resolved("What follows the front matter.", Body)
    @staticmethod
    async def body(article: strawberry.Parent[model.Article], info: Info) -> Markdown:
        return Markdown.of((await info.context.loader(TextByArticleLoader).load(article.id)).body)

    @resolved(
        "The articles beside this one: in an order, and in time.",
        "AdjacentArticles",
    )
    @staticmethod
    async def adjacent(
        article: strawberry.Parent[model.Article],
        info: Info,
        where: ArticleFilters = UNSET,
        order_by: ArticleOrders = NEWEST_FIRST,
    ) -> NeighbourQuery:
        limits = info.context.limits
        line = Line(ARTICLES.where(checked_filter(limits, where)), checked_order(limits, order_by, NEWEST_FIRST))
        return NeighbourQuery(article.id, line)

    @resolved(
        "Computed neighbours, the nearest first: by topics in common, a rare one counting more, then by the words of"
        " title and excerpt.",
        "list[SimilarArticle]",
    )
    @staticmethod
    async def similar(
        article: strawberry.Parent[model.Article],
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="How many to give, from the nearest on.")] = 5,
    ) -> Sequence[Neighbour]:
        number = non_negative("first", first)
        wanted = 5 if number is None else number
        check_limit("page", info.context.limits.page, wanted)
        found = await info.context.loader(SimilarByArticleLoader).load(Key(article.id, wanted))
        return [Neighbour(*each, article.id) for each in found]

    @resolved(
        "Opaque ciphertext, never decoded, indexed or logged; null unless the caller holds the scope `secured:read`."
    )
    @staticmethod
    async def secured(article: strawberry.Parent[model.Article], info: Info) -> str | None:
        if not (article.is_secured and info.context.shows_secured):
            return None
        return await info.context.loader(SecuredByArticleLoader).load(article.id)

    @resolved(
        "Front matter that the schema does not model: the keys that the site exposes, all of them with preview; never"
        " `secured`.",
        JSON,
    )
    @staticmethod
    async def front_matter(
        article: strawberry.Parent[model.Article],
        info: Info,
        keys: Annotated[
            list[str] | None,
            strawberry.argument(description="The keys to give, of the outermost level; all unless told."),
        ] = UNSET,
    ) -> Mapping[str, object]:
        text = await info.context.loader(TextByArticleLoader).load(article.id)
        wanted = or_none(keys)
        if wanted is None:
            return text.front_matter
        names = frozenset(wanted)
        return {key: value for key, value in text.front_matter.items() if key in names}


class NeighbourQuery(NamedTuple):
    """What the neighbours of an article are resolved from."""

    article_id: str
    line: Line

    async def neighbours(self, info: Info) -> model.Adjacent:
        return await info.context.loader(AdjacentByLineLoader).load(Key(self.article_id, self.line))

    async def neighbours_in_time(self, info: Info) -> model.Adjacent:
        """Those in the default order, which are the same ones where no other order is given."""
        return await self._replace(line=self.line._replace(order=model.NEWEST_FIRST)).neighbours(info)


@strawberry.type(
    description="The articles beside one, of those that the filter matches; one that it does not match has them too."
)
class AdjacentArticles:
    @resolved("The one right before it in the order of `orderBy`; by default the same as `newer`.", Article | None)
    @staticmethod
    async def previous(place: strawberry.Parent[NeighbourQuery], info: Info) -> model.Article | None:
        return (await place.neighbours(info)).previous

    @resolved("The one right after it in the order of `orderBy`; by default the same as `older`.", Article | None)
    @staticmethod
    async def next(place: strawberry.Parent[NeighbourQuery], info: Info) -> model.Article | None:
        return (await place.neighbours(info)).next

    @resolved(
        "The one published next after it, whatever `orderBy` is. Articles without a time are the oldest; of those with"
        " the same time the first by path is the newest.",
        Article | None,
    )
    @staticmethod
    async def newer(place: strawberry.Parent[NeighbourQuery], info: Info) -> model.Article | None:
        return (await place.neighbours_in_time(info)).previous

    @resolved("The one published last before it, whatever `orderBy` is.", Article | None)
    @staticmethod
    async def older(place: strawberry.Parent[NeighbourQuery], info: Info) -> model.Article | None:
        return (await place.neighbours_in_time(info)).next


class Neighbour(NamedTuple):
    """What a similar article is resolved from."""

    article: model.Article
    score: float
    of: str
    """The id of the article whose neighbour it is."""


@strawberry.type(description="A neighbour of an article.")
class SimilarArticle:
    article: Article = strawberry.field(description="The neighbour.")
    score: float = strawberry.field(
        description="How near it is. Higher is nearer; comparable within one list alone. Below 1 no topic is shared."
    )

    @resolved("The topics that both have, in the order of the article whose neighbour it is.", "list[Topic]")
    @staticmethod
    async def shared_topics(neighbour: strawberry.Parent[Neighbour], info: Info) -> Sequence[model.Topic]:
        own, others = await info.context.loader(TopicsByArticleLoader).load_many([neighbour.of, neighbour.article.id])
        shared = {topic.key for topic in others}
        return [topic for topic in own if topic.key in shared]


@strawberry.type(description="An entry of an article's `related` list, as the file gives it.")
class Related(Node, ContentItem):
    position: int = strawberry.field(description="The place in the list, from 0.")

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, model.Related)

    @resolved("The article of the corpus with the same normalised URL, if it is loaded and visible.", Article | None)
    @staticmethod
    async def article(entry: strawberry.Parent[model.Related], info: Info) -> model.Article | None:
        return None if entry.url is None else await info.context.loader(ArticleByUrlLoader).load(entry.url)

    @resolved("The article whose front matter lists this entry.", Article)
    @staticmethod
    async def source(entry: strawberry.Parent[model.Related], info: Info) -> model.Article | None:
        return await info.context.loader(ArticleByIdLoader).load(entry.source_id)


@strawberry.type(description="A topic, and how many articles have it.")
class TopicCount:
    @resolved("The topic.", "Topic")
    @staticmethod
    def topic(group: strawberry.Parent[model.Group[model.Topic]]) -> model.Topic:
        return group.value

    count: int = counted()


@strawberry.type(description="A provider, and how many articles it has.")
class ProviderCount:
    @resolved("The provider.", "Provider")
    @staticmethod
    def provider(group: strawberry.Parent[model.Group[model.Provider]]) -> model.Provider:
        return group.value

    count: int = counted()


@strawberry.type(description="Who publishes articles, or is named in related entries.")
class Provider(Node):
    name: str = strawberry.field(
        description="The name most of its articles use; ties go to the first in alphabetical order."
    )
    slug: str = strawberry.field(description="A readable name for addresses; unique among providers.")
    domain: str | None = strawberry.field(description="The domain that it publishes under.")
    images: list[Image] = strawberry.field(
        description="The images that front matter gives to the provider itself: those in its newest article that has"
        " some, else those in its first mention."
    )

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, model.Provider)

    @resolved("Its articles.", Connection[Article])
    @staticmethod
    def articles(
        provider: strawberry.Parent[model.Provider],
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
        order = checked_order(info.context.limits, order_by, NEWEST_FIRST)
        listing = ARTICLES_OF_PROVIDER.where(checked_filter(info.context.limits, where))
        return page_of(listing, order, window, provider.key)

    @resolved(
        "Related entries from this provider, wherever visible articles list them; those of the newest article first.",
        Connection[Related],
    )
    @staticmethod
    def mentions(
        provider: strawberry.Parent[model.Provider],
        info: Info,
        *,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> PageKey:
        window = checked_window(info.context.limits, first=first, after=after, last=last, before=before)
        return page_of(MENTIONS, model.NEWEST_FIRST, window, provider.key)

    @resolved("What its articles are about, by how many have it.", list[TopicCount])
    @staticmethod
    async def topics(
        provider: strawberry.Parent[model.Provider], info: Info, first: FirstGroups = 20
    ) -> Sequence[model.Group[model.Topic]]:
        largest = model.Largest(model.Grouping.TOPIC, checked_first(info.context.limits, first))
        return await groups_of(info, ARTICLES_OF_PROVIDER, largest, provider.key)


@strawberry.type(description="What articles are about. Spellings that differ in case alone are one topic.")
class Topic(Node):
    name: str = strawberry.field(
        description="The spelling most of its articles use; ties go to the first in alphabetical order."
    )
    slug: str = strawberry.field(description="A readable name for addresses; unique among topics.")

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, model.Topic)

    @resolved("The articles with this topic.", Connection[Article])
    @staticmethod
    def articles(
        topic: strawberry.Parent[model.Topic],
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
        order = checked_order(info.context.limits, order_by, NEWEST_FIRST)
        listing = ARTICLES_OF_TOPIC.where(checked_filter(info.context.limits, where))
        return page_of(listing, order, window, topic.key)

    @resolved("Who publishes articles with this topic, by how many.", list[ProviderCount])
    @staticmethod
    async def providers(
        topic: strawberry.Parent[model.Topic], info: Info, first: FirstGroups = 20
    ) -> Sequence[model.Group[model.Provider]]:
        largest = model.Largest(model.Grouping.PROVIDER, checked_first(info.context.limits, first))
        return await groups_of(info, ARTICLES_OF_TOPIC, largest, topic.key)

    @resolved("Topics that occur together with this one, by how many articles have both.", list[TopicCount])
    @staticmethod
    async def related_topics(
        topic: strawberry.Parent[model.Topic], info: Info, first: FirstGroups = 20
    ) -> Sequence[model.Group[model.Topic]]:
        number = checked_first(info.context.limits, first)
        largest = model.Largest(model.Grouping.TOPIC, number + 1)  # of these the topic itself may be one
        groups = await groups_of(info, ARTICLES_OF_TOPIC, largest, topic.key)
        return [group for group in groups if group.value.key != topic.key][:number]
