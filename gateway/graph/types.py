"""The GraphQL types of articles, providers, topics, authors and related entries. Resolvers take model records.

The snapshot applies visibility. The context holds the viewer's further permissions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, NamedTuple

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from gateway.content import prose
from gateway.content.identity import url_identity
from gateway.filters import Or
from gateway.graph.body import EXCERPT_LENGTH, Body
from gateway.graph.connection import (
    Connection,
    check_limit,
    non_negative,
    or_none,
    resolved,
)
from gateway.graph.context import Info
from gateway.graph.facet_arguments import FirstGroups, checked_first, counted
from gateway.graph.filter_inputs import ArticleFilters, checked_filter
from gateway.graph.images import CachedOnly, Image, MaxWidth, MinWidth, best_image
from gateway.graph.order_inputs import NEWEST_FIRST, ArticleOrders, checked_order, describe
from gateway.graph.sources import (
    ARTICLE_LIST,
    Answer,
    Choice,
    Kind,
    answered,
    connection,
    derived,
    groups,
    keyword,
    one,
    owned,
)
from gateway.limits import PAGE_SIZE, Limits
from gateway.model import documents, lists, records
from gateway.model.fields import FIELDS
from gateway.store.reads import (
    ARTICLE_BY_ID,
    ARTICLE_BY_URL,
    ARTICLES,
    ARTICLES_OF_AUTHOR,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    ARTICLES_REFERRING,
    FOLDER_BY_PATH,
    FOLDER_OF_FILE,
    MENTIONS,
    PROVIDER_BY_KEY,
    REFERRING,
    AdjacentIn,
    AuthorsOf,
    BreadcrumbsOf,
    FoldersIn,
    GroupsOf,
    LinksOf,
    Listing,
    RelatedOf,
    SecuredOf,
    SimilarTo,
    TextOf,
    TopicsOf,
    TranslationsOf,
)


@strawberry.type(description="The source file of an article.")
class SourceFile:
    path: str = strawberry.field(description="Path of the file, relative to the content folder.")
    sha256: str = strawberry.field(description="SHA-256 digest of the file's bytes, in hexadecimal.")
    bytes: int = strawberry.field(description="Size in bytes.")
    modified_date_time: datetime = strawberry.field(description="When the current bytes were first read.")


@strawberry.interface(description="A record with a globally unique id. Fetch it again with `node`.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Stable across reloads and machines. It does not reveal the file behind the record."
    )


_SHARED = [field for field in FIELDS if field.name in records.Related._fields]
"""The fields that related entries have too."""
_OWN = [field for field in FIELDS if field not in _SHARED]


def _image(
    _limits: Limits, min_width: MinWidth = UNSET, max_width: MaxWidth = UNSET, cached_only: CachedOnly = False
) -> Callable[[Sequence[documents.Image]], documents.Image | None]:
    least, most = non_negative("minWidth", min_width), non_negative("maxWidth", max_width)
    return lambda images: best_image([each for each in images if each.is_cached or not cached_only], least, most)


@strawberry.interface(description="Fields of a content card. One fragment serves both articles and related entries.")
class ContentItem:
    __annotations__.update({field.name: field.type for field in _SHARED})
    vars().update({field.name: strawberry.field(description=field.description) for field in _SHARED})
    images: list[Image] = strawberry.field(description="All images, in file order.")

    provider = one("The publisher of the content.", "Provider | None", PROVIDER_BY_KEY, by="provider_key")

    image = derived(
        "One image. With bounds: the smallest one with a width from `minWidth` to `maxWidth`, else the"
        " nearest in width. Without bounds: the first one.",
        Image | None,
        _image,
        by="images",
    )


def _related(
    _limits: Limits,
    first: Annotated[int | None, strawberry.argument(description="Maximum number of entries. Default: all.")] = UNSET,
) -> RelatedOf:
    return RelatedOf(non_negative("first", first))


def _links(
    _limits: Limits,
    first: Annotated[int | None, strawberry.argument(description="Maximum number of links. Default: all.")] = UNSET,
) -> LinksOf:
    return LinksOf(non_negative("first", first))


def _referring(_limits: Limits, in_: Sequence[lists.ReferenceKind] | None = UNSET) -> Listing[records.Article]:
    """The references of some kinds. Without any kind there is none."""
    kinds = or_none(in_)
    wanted = lists.ReferenceKind if kinds is None else kinds
    return REFERRING[frozenset(wanted)] if wanted else ARTICLES_REFERRING.where(Or(()))


describe(
    lists.ReferenceKind,
    "ReferenceKind",
    "Where an article refers to another one.",
    RELATED="An entry of `related`.",
    BODY="A link in the body.",
    FIELD="A reference in a custom field.",
)
ReferenceKinds = Annotated[
    list[lists.ReferenceKind] | None,
    strawberry.argument(name="in", description="Where the references are. Default: anywhere."),
]


def _adjacent(limits: Limits, where: ArticleFilters = UNSET, order_by: ArticleOrders = NEWEST_FIRST) -> AdjacentIn:
    order = checked_order(limits, order_by, NEWEST_FIRST)
    return AdjacentIn(ARTICLES.where(checked_filter(limits, where)), order)


def _similar(
    limits: Limits,
    first: Annotated[int | None, strawberry.argument(description="Maximum number of articles.")] = 5,
) -> Answer:
    number = non_negative("first", first)
    wanted = 5 if number is None else number
    check_limit("page", limits.page, wanted)
    return Answer(
        SimilarTo(wanted), lambda found, article: [Neighbour(each.article, each.score, article) for each in found]
    )


SummaryLength = Annotated[
    int | None,
    strawberry.argument(description="Maximum length of the beginning of the text, including the ellipsis."),
]


def _summary(_limits: Limits, length: SummaryLength = EXCERPT_LENGTH) -> Callable[[records.Text], str]:
    """The summary of an article without an excerpt."""
    number = non_negative("length", length)
    most = EXCERPT_LENGTH if number is None else number
    return lambda text: text.lead or prose.excerpt(text.text, most)


def _front_matter(
    _limits: Limits,
    keys: Annotated[
        list[str] | None, strawberry.argument(description="Top-level keys to return. Default: all.")
    ] = UNSET,
) -> Answer:
    wanted = or_none(keys)
    if wanted is None:
        return Answer(TextOf(), lambda text, _: text.front_matter)
    names = frozenset(wanted)
    return Answer(TextOf(), lambda text, _: {key: each for key, each in text.front_matter.items() if key in names})


def _translation(
    _limits: Limits,
    locale: Annotated[str, strawberry.argument(description="The locale, in any case. `fr-CA` also finds `fr`.")],
) -> Answer:
    return Answer(TranslationsOf(), lambda found, _: _in_locale(found, locale))


def _in_locale(found: Sequence[records.Article], locale: str) -> records.Article | None:
    """The first article in a locale, else in the nearest more general one (RFC 4647, section 3.4)."""
    by_locale = {_tag(each.locale): each for each in reversed(found) if each.locale}
    wanted = _tag(locale)
    while wanted and wanted not in by_locale:
        wanted = wanted.rpartition("-")[0]
    return by_locale.get(wanted)


def _tag(locale: str) -> str:
    return locale.casefold().replace("_", "-")


def _is_redirect(
    _limits: Limits, url: Annotated[str, strawberry.argument(description="The URL, as in `article(url:)`.")]
) -> Callable[[Sequence[str]], bool]:
    identity = url_identity(url)
    return lambda aliases: identity is not None and identity in map(url_identity, aliases)


@strawberry.interface(description="An article: one content file.")
class Article(Node, ContentItem):
    slug: str = strawberry.field(
        description="A readable identifier for URLs, unique among articles of the same locale."
    )
    path: str = strawberry.field(
        description="Path of the file, relative to the content folder. The natural key of an article."
    )
    url: str | None = strawberry.field(
        description="The address of the article in the site: the one in its front matter, else one by the template"
        " `url` in `gateway.yaml`. Null without both."
    )
    aliases: list[str] = strawberry.field(
        description="Former addresses of the article, from `aliases` or `redirect_from`. `article(url:)` finds it by"
        " them too."
    )
    is_redirect = derived(
        "Whether a URL is one of `aliases`, so that a page for it redirects to `url`.", bool, _is_redirect, by="aliases"
    )
    __annotations__.update({field.name: field.type for field in _OWN})
    vars().update({field.name: strawberry.field(description=field.description) for field in _OWN})
    collection: str | None = strawberry.field(
        description="The collection of `gateway.yaml` that the file belongs to. Null without one."
    )
    published: bool = strawberry.field(description="The `published` flag in the front matter. Default: true.")
    status: documents.Status = strawberry.field(
        description="DRAFT: `published` is false. EXPIRED: published, with an expiry date at or before the generation's"
        " time. SCHEDULED: published, with a date after the generation's time. PUBLISHED: all others."
    )
    unlisted: bool = strawberry.field(
        description="True if the public finds the article only by id, slug, path or URL. Public lists, counts, facets,"
        " searches, neighbours and backlinks omit it."
    )
    source: SourceFile = strawberry.field(description="The article's file.")
    is_secured: bool = strawberry.field(
        description="Whether the file has a `secured` payload. The flag is not confidential."
    )

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, records.Article)

    topics = owned("The article's topics, in file order.", "list[Topic]", lambda _limits: TopicsOf(), by="id")
    authors = owned("The article's authors, in file order.", "list[Author]", lambda _limits: AuthorsOf(), by="id")
    related = owned(
        "The related entries, in file order. An entry is returned even if its article is not visible.",
        "list[Related]",
        _related,
        by="id",
    )
    referenced_by = connection(
        "Backlinks: visible articles with a related entry, a link or a reference that leads to this article, newest"
        " first.",
        "Connection[Article]",
        ARTICLES_REFERRING,
        by="id",
        choice=Choice([keyword("in_", ReferenceKinds)], _referring),
    )
    links = owned("The links in the body, in their order, each once.", "list[Link]", _links, by="id")
    folder = one("The folder that has the file.", "Folder", FOLDER_OF_FILE, by="path")
    breadcrumbs = owned(
        "The folders from the top down to that of the article, without the content folder.",
        "list[Folder]",
        lambda _limits: BreadcrumbsOf(),
        by="path",
    )
    translations = owned(
        "The visible articles that are this one in other languages, by locale, then by path. See `translations` in"
        " `gateway.yaml`.",
        "list[Article]",
        lambda _limits: TranslationsOf(),
        by="id",
    )
    translation = answered(
        "The article in another language. Null without one, and for the article's own locale.",
        "Article | None",
        _translation,
        by="id",
    )
    body = owned("The content after the front matter.", Body, lambda _limits: TextOf(), by="id", kind=Kind.RECORD)

    @resolved(
        "The excerpt in the front matter, else the text before the body's mark for the end of the excerpt, such as"
        " `<!-- more -->`, else the beginning of the text, cut at a word boundary.",
        None,
        _summary,
    )
    @staticmethod
    async def summary(
        article: strawberry.Parent[records.Article], info: Info, length: SummaryLength = EXCERPT_LENGTH
    ) -> str:
        of_text = _summary(info.context.limits, length)
        if article.excerpt is not None:
            return article.excerpt
        return of_text(await info.context.load(TextOf(), article.id))

    @resolved(
        "The articles before and after this one, by order and by date.",
        "AdjacentArticles",
        _adjacent,
    )
    @staticmethod
    async def adjacent(
        article: strawberry.Parent[records.Article],
        info: Info,
        where: ArticleFilters = UNSET,
        order_by: ArticleOrders = NEWEST_FIRST,
    ) -> NeighbourQuery:
        return NeighbourQuery(article.id, _adjacent(info.context.limits, where, order_by))

    similar = answered(
        "Similar articles, most similar first: by shared topics (rare topics count more), then by shared"
        " words in title and excerpt.",
        "list[SimilarArticle]",
        _similar,
        by="id",
    )

    @resolved(
        "Opaque ciphertext. The server never decodes, indexes or logs it. Null unless the caller has the"
        " scope `secured:read`."
    )
    @staticmethod
    async def secured(article: strawberry.Parent[records.Article], info: Info) -> str | None:
        if not (article.is_secured and info.context.shows_secured):
            return None
        return await info.context.load(SecuredOf(), article.id)

    front_matter = answered(
        "Front matter outside the schema: the keys that the site exposes, or all keys with preview access."
        " Never includes `secured`.",
        JSON,
        _front_matter,
        by="id",
    )


@strawberry.type(description="A folder of files, as the visible articles in it make it.")
class Folder:
    path: str = strawberry.field(description="Path, relative to the content folder, which itself has an empty path.")
    title: str = strawberry.field(description="The title of the folder's page, else the words of its name.")
    index = one("The page of the folder: its `index` or `_index`.", "Article | None", ARTICLE_BY_ID, by="article_id")
    parent = one(
        "The folder that contains it. Null for the content folder.", "Folder | None", FOLDER_BY_PATH, by="parent_path"
    )
    subfolders = owned(
        "The folders directly in it, in the order of the navigation.",
        "list[Folder]",
        lambda _limits: FoldersIn(),
        by="path",
    )


@strawberry.type(description="An item of the navigation: a page, or a folder with its items.")
class NavigationItem:
    title: str = strawberry.field(description="The title for the navigation, else that of the page or folder.")
    path: str = strawberry.field(description="Path of the file or of the folder, relative to the content folder.")
    folder = one("The folder, if the item is one.", "Folder | None", FOLDER_BY_PATH, by="folder_path")
    article = one(
        "The page, or that of the folder. Null for a folder without one.",
        "Article | None",
        ARTICLE_BY_ID,
        by="article_id",
    )
    items: list[NavigationItem] = strawberry.field(
        description="The items in the folder, in order. Empty for a page, and at the depth of the navigation."
    )


class NeighbourQuery(NamedTuple):
    """The parent of an article's neighbours."""

    article_id: str
    read: AdjacentIn

    async def neighbours(self, info: Info) -> records.Adjacent:
        return await info.context.load(self.read, self.article_id)

    async def neighbours_in_time(self, info: Info) -> records.Adjacent:
        """The neighbours by date. Shares one read with `neighbours` if the order is the default."""
        return await self._replace(read=replace(self.read, order=lists.NEWEST_FIRST)).neighbours(info)


@strawberry.type(
    description="The neighbours of an article among the articles that match the filter. The article itself need not"
    " match."
)
class AdjacentArticles:
    @resolved("The article before it in the order of `orderBy`. By default equal to `newer`.", Article | None)
    @staticmethod
    async def previous(query: strawberry.Parent[NeighbourQuery], info: Info) -> records.Article | None:
        return (await query.neighbours(info)).previous

    @resolved("The article after it in the order of `orderBy`. By default equal to `older`.", Article | None)
    @staticmethod
    async def next(query: strawberry.Parent[NeighbourQuery], info: Info) -> records.Article | None:
        return (await query.neighbours(info)).next

    @resolved(
        "The next newer article, regardless of `orderBy`. Articles without a date are the oldest. Of"
        " articles with the same date the first by path is the newest.",
        Article | None,
    )
    @staticmethod
    async def newer(query: strawberry.Parent[NeighbourQuery], info: Info) -> records.Article | None:
        return (await query.neighbours_in_time(info)).previous

    @resolved("The next older article, regardless of `orderBy`.", Article | None)
    @staticmethod
    async def older(query: strawberry.Parent[NeighbourQuery], info: Info) -> records.Article | None:
        return (await query.neighbours_in_time(info)).next


class Neighbour(NamedTuple):
    """The parent of a similar article."""

    article: records.Article
    score: float
    of: str
    """The id of the article that this one is similar to."""


@strawberry.type(description="A similar article.")
class SimilarArticle:
    article: Article = strawberry.field(description="The neighbour.")
    score: float = strawberry.field(
        description="Similarity: higher is more similar. Comparable only within one list. Below 1 the articles do not"
        " share a topic."
    )

    @resolved("The topics that both articles have, in the order of the first article.", "list[Topic]")
    @staticmethod
    async def shared_topics(neighbour: strawberry.Parent[Neighbour], info: Info) -> Sequence[records.Topic]:
        own, others = await info.context.load_many(TopicsOf(), [neighbour.of, neighbour.article.id])
        shared = {topic.key for topic in others}
        return [topic for topic in own if topic.key in shared]


@strawberry.type(description="An entry of an article's `related` list, as written in the file.")
class Related(Node, ContentItem):
    position: int = strawberry.field(description="Index in the list, from 0.")

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, records.Related)

    article = one(
        "The article that the entry leads to by a URL, a path, a slug or a name, if it is loaded and visible.",
        Article | None,
        ARTICLE_BY_URL,
        by="url",
    )
    source = one("The article whose front matter has this entry.", Article, ARTICLE_BY_ID, by="source_id")


@strawberry.type(description="A link in an article's body.")
class Link:
    text: str = strawberry.field(description="The text of the link, without markup.")
    destination: str = strawberry.field(description="The destination as in HTML without rewritten addresses.")
    fragment: str = strawberry.field(description="The part after `#`, decoded. Empty without one.")
    url: str | None = strawberry.field(
        description="The address that it leads to: the `url` of the article, or the destination if that is an address."
        " Null for a path that leads to no visible article with an address."
    )

    article = one(
        "The article that it leads to, if it is loaded and visible.", Article | None, ARTICLE_BY_ID, by="article_id"
    )


@strawberry.type(description="A topic and the number of articles that have it.")
class TopicCount:
    @resolved("The topic.", "Topic")
    @staticmethod
    def topic(group: strawberry.Parent[lists.Group[records.Topic]]) -> records.Topic:
        return group.value

    count: int = counted()


@strawberry.type(description="A provider and the number of its articles.")
class ProviderCount:
    @resolved("The provider.", "Provider")
    @staticmethod
    def provider(group: strawberry.Parent[lists.Group[records.Provider]]) -> records.Provider:
        return group.value

    count: int = counted()


@strawberry.type(description="An author and the number of their articles.")
class AuthorCount:
    @resolved("The author.", "Author")
    @staticmethod
    def author(group: strawberry.Parent[lists.Group[records.Author]]) -> records.Author:
        return group.value

    count: int = counted()


@strawberry.type(description="A publisher of articles or of related entries.")
class Provider(Node):
    name: str = strawberry.field(
        description="The name that most of its articles use. Ties go to the first in alphabetical order."
    )
    slug: str = strawberry.field(description="A readable identifier for URLs, unique among providers.")
    domain: str | None = strawberry.field(description="The domain of the provider.")
    images: list[Image] = strawberry.field(
        description="The provider's own images in front matter: from its newest article with images, else from its"
        " first mention."
    )

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, records.Provider)

    articles = connection("Its articles.", Connection[Article], ARTICLES_OF_PROVIDER, ARTICLE_LIST, by="key")
    mentions = connection(
        "Related entries of this provider in visible articles, those of the newest article first.",
        Connection[Related],
        MENTIONS,
        by="key",
    )
    topics = groups(
        "Topics of its articles, by number of articles.",
        list[TopicCount],
        ARTICLES_OF_PROVIDER,
        lists.Grouping.TOPIC,
        by="key",
    )


def _related_topics(limits: Limits, first: FirstGroups = PAGE_SIZE) -> Answer:
    number = checked_first(limits, first)
    largest = lists.Largest(lists.Grouping.TOPIC, number + 1)  # one more, as the topic itself can be among them

    def others(groups: Sequence[lists.Group[records.Topic]], topic: str) -> Sequence[lists.Group[records.Topic]]:
        return [group for group in groups if group.value.key != topic][:number]

    return Answer(GroupsOf(ARTICLES_OF_TOPIC, largest), others)


@strawberry.type(description="A subject of articles. Spellings that differ only in case are one topic.")
class Topic(Node):
    name: str = strawberry.field(
        description="The spelling that most of its articles use. Ties go to the first in alphabetical order."
    )
    slug: str = strawberry.field(description="A readable identifier for URLs, unique among topics.")

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, records.Topic)

    articles = connection("Articles with this topic.", Connection[Article], ARTICLES_OF_TOPIC, ARTICLE_LIST, by="key")
    providers = groups(
        "Providers of articles with this topic, by number of articles.",
        list[ProviderCount],
        ARTICLES_OF_TOPIC,
        lists.Grouping.PROVIDER,
        by="key",
    )

    related_topics = answered(
        "Topics that share articles with this one, by number of shared articles.",
        list[TopicCount],
        _related_topics,
        by="key",
    )


@strawberry.type(
    description="A person or a group that wrote articles. Names that differ only in case are one author. Files of the"
    " site, such as `authors.yml`, can give the name, URL and images for a key that articles name."
)
class Author(Node):
    name: str = strawberry.field(
        description="The name in the site's file of authors, else the spelling that most of the author's articles use."
        " Ties go to the first in alphabetical order."
    )
    slug: str = strawberry.field(description="A readable identifier for URLs, unique among authors.")
    url: str | None = strawberry.field(description="The author's page, as written.")
    images: list[Image] = strawberry.field(
        description="The author's images: from the site's file of authors, else from the author's newest article with"
        " images."
    )

    @classmethod
    def is_type_of(cls, record: object, _info: object) -> bool:
        return isinstance(record, records.Author)

    articles = connection("The author's articles.", Connection[Article], ARTICLES_OF_AUTHOR, ARTICLE_LIST, by="key")
    topics = groups(
        "Topics of the author's articles, by number of articles.",
        list[TopicCount],
        ARTICLES_OF_AUTHOR,
        lists.Grouping.TOPIC,
        by="key",
    )
