"""Corpora with many collisions, and all answers of a store over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from gateway.content.identity import article_id, suffix
from gateway.model.changes import Change, Deleted, Quarantined
from gateway.model.documents import AuthorName, CustomValues, Document, Image, ProviderName
from gateway.model.lists import (
    NEWEST_FIRST,
    AuthorOrderField,
    Order,
    OrderDirection,
    OrderTerm,
    Page,
    ProviderOrderField,
    TopicOrderField,
    Window,
)
from gateway.model.records import Article, Visibility
from gateway.store.protocol import ContentStore, Snapshot, read_one
from gateway.store.reads import (
    ARTICLE_BY_ID,
    ARTICLE_BY_LOCALIZED_SLUG,
    ARTICLE_BY_PATH,
    ARTICLE_BY_SLUG,
    ARTICLE_BY_URL,
    ARTICLES,
    ARTICLES_OF_AUTHOR,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    ARTICLES_REFERRING,
    AUTHOR_BY_ID,
    AUTHOR_BY_SLUG,
    AUTHORS,
    MENTIONS,
    PROVIDER_BY_ID,
    PROVIDER_BY_SLUG,
    PROVIDERS,
    RELATED_BY_ID,
    TOPIC_BY_ID,
    TOPIC_BY_SLUG,
    TOPICS,
    AuthorsOf,
    CountOf,
    Listing,
    Lookup,
    PageOf,
    RelatedOf,
    StatisticsOf,
    TextOf,
    TopicsOf,
    localized_slug,
)
from tests.store.documents import NOW, SOON, author, day, document, entry, provider, topics
from tests.store.reading import ask, look_up

PATHS = tuple("abcdef")
URLS = tuple(f"https://example.org/{n}" for n in range(3))
SLUGS = ("x", "y")
EVERY_SLUG = (*SLUGS, *(slug + suffix(path) for slug in SLUGS for path in PATHS))
LOCALES = (None, "de", "en")
_PROVIDERS = (
    provider("Acme", "acme.org"),
    provider("ACME", "acme.org"),
    provider("Acme Org"),
    provider("acme-org"),
    provider("机"),
)
_TOPICS = ("C", "c", "C!", "AI", "ai", "机")
_AUTHORS = (author("Desk", "/desk"), author("DESK"), author("desk", "/other"), author("Desk!"), author("机"))
_IMAGES = ((), (Image("1.png"),), (Image("2.png", 2, 1), Image("3.png")))

_CUSTOM = (
    CustomValues(),
    CustomValues('{"rating":4.5}', words=("low words", "", "high")),
    CustomValues(
        '{"series":"X"}', '{"series":"x"}', ("", "mid", ""), ((7, 0, "pan"), (7, 1, "pot")), ((8, 0, URLS[:2]),)
    ),
)

_providers = st.none() | st.builds(ProviderName._replace, st.sampled_from(_PROVIDERS), images=st.sampled_from(_IMAGES))
_authors = st.builds(AuthorName._replace, st.sampled_from(_AUTHORS), images=st.sampled_from(_IMAGES))
_entries = st.builds(
    entry, st.sampled_from("rst"), st.sampled_from((None, *URLS)), _providers, st.sampled_from(_IMAGES)
)


@st.composite
def documents(draw: st.DrawFn, paths: Sequence[str] = PATHS) -> Document:
    """A document of few paths that shares its slug, provider, topics, URLs and related entries with others."""
    return document(
        draw(st.sampled_from(paths)),
        slug=draw(st.sampled_from(SLUGS)),
        locale=draw(st.sampled_from(LOCALES)),
        published=draw(st.booleans()),
        published_date_time=draw(st.sampled_from((None, day(1), day(2), SOON))),
        provider=draw(_providers),
        topics=topics(*draw(st.lists(st.sampled_from(_TOPICS), max_size=3, unique_by=str.casefold))),
        authors=tuple(draw(st.lists(_authors, max_size=3, unique_by=lambda one: one.key))),
        images=draw(st.sampled_from(_IMAGES)),
        urls=tuple(draw(st.lists(st.sampled_from(URLS), max_size=2, unique=True))),
        related=tuple(draw(st.lists(_entries, max_size=3))),
        collection=draw(st.sampled_from((None, "posts", "people"))),
        custom=draw(st.sampled_from(_CUSTOM)),
    )


def corpora() -> st.SearchStrategy[list[Document]]:
    return st.lists(documents(), max_size=len(PATHS), unique_by=lambda one: one.path)


@st.composite
def runs(draw: st.DrawFn, loaded: st.SearchStrategy[Document]) -> list[tuple[datetime, list[Change | Document]]]:
    """Runs of changes with their times. A path occurs once per run."""
    changes = st.one_of(loaded, st.sampled_from(PATHS).map(Deleted), st.sampled_from(PATHS).map(set_aside))
    times = st.sampled_from((NOW, SOON - timedelta(seconds=1), SOON))
    return draw(
        st.lists(
            st.tuples(times, st.lists(changes, max_size=5, unique_by=lambda one: one.path)), min_size=1, max_size=5
        )
    )


def set_aside(path: str) -> Quarantined:
    return Quarantined(path, ())


async def answers(store: ContentStore, visibility: Visibility) -> Mapping[str, Any]:
    """All answers for a visibility, without counters and times."""
    async with store.snapshot(visibility) as snapshot:
        articles = await _whole(snapshot, ARTICLES, NEWEST_FIRST)
        providers = await _whole(snapshot, PROVIDERS, (OrderTerm(ProviderOrderField.NAME),))
        topics = await _whole(snapshot, TOPICS, (OrderTerm(TopicOrderField.NAME),))
        authors = await _whole(snapshot, AUTHORS, (OrderTerm(AuthorOrderField.NAME),))
        ids = [edge.node.id for edge in articles.edges]
        related = await ask(snapshot, RelatedOf(None), ids)
        return {
            "articles": articles,
            "providers": providers,
            "topics": topics,
            "authors": authors,
            "related": related,
            "topics of articles": await ask(snapshot, TopicsOf(), ids),
            "authors of articles": await ask(snapshot, AuthorsOf(), ids),
            "texts": await ask(snapshot, TextOf(), ids),
            "statistics": await read_one(snapshot, StatisticsOf()),
            "problems": await snapshot.problems(None, None),
            **await _found(snapshot, [one.id for entries in related.values() for one in entries]),
            **await _listed(snapshot, providers, topics, authors, articles),
            **await _largest(snapshot),
        }


async def _whole(snapshot: Snapshot, listing: Listing[Any], order: Order) -> Page[Any]:
    return await read_one(snapshot, PageOf(listing, order, Window(1000)))


async def _found(snapshot: Snapshot, related_ids: Sequence[str]) -> Mapping[str, Any]:
    """The results of lookups of these keys and of all possibly hidden ones."""
    wanted: Mapping[Lookup[Any], Sequence[str]] = {
        ARTICLE_BY_PATH: PATHS,
        ARTICLE_BY_ID: [article_id(path) for path in PATHS],
        ARTICLE_BY_SLUG: EVERY_SLUG,
        ARTICLE_BY_LOCALIZED_SLUG: [localized_slug(slug, "de") for slug in EVERY_SLUG],
        ARTICLE_BY_URL: URLS,
        RELATED_BY_ID: related_ids,
        PROVIDER_BY_SLUG: ["acme-org", *("acme-org" + suffix(one.key) for one in _PROVIDERS)],
        AUTHOR_BY_SLUG: ["desk", *("desk" + suffix(one.key) for one in _AUTHORS)],
    }
    return {lookup.name: await look_up(snapshot, lookup, keys) for lookup, keys in wanted.items()}


async def _listed(
    snapshot: Snapshot, providers: Page[Any], topics: Page[Any], authors: Page[Any], articles: Page[Article]
) -> Mapping[str, Any]:
    """The lists of every parent, with their lengths."""
    provider_keys = [edge.node.key for edge in providers.edges]
    topic_keys = [edge.node.key for edge in topics.edges]
    parents: Mapping[Listing[Any], list[str]] = {
        ARTICLES_OF_PROVIDER: provider_keys,
        MENTIONS: provider_keys,
        ARTICLES_OF_TOPIC: topic_keys,
        ARTICLES_OF_AUTHOR: [edge.node.key for edge in authors.edges],
        ARTICLES_REFERRING: [edge.node.id for edge in articles.edges],
    }
    found: dict[str, Any] = {
        lookup.name: await look_up(snapshot, lookup, [getattr(edge.node, name) for edge in page.edges])
        for page, lookup, name in (
            (providers, PROVIDER_BY_ID, "id"),
            (topics, TOPIC_BY_ID, "id"),
            (topics, TOPIC_BY_SLUG, "slug"),
            (authors, AUTHOR_BY_ID, "id"),
        )
    }
    for listing, keys in parents.items():
        found[listing.name] = await ask(snapshot, PageOf(listing, NEWEST_FIRST, Window(1000)), keys)
        found[f"{listing.name} count"] = await ask(snapshot, CountOf(listing), keys)
    return found


async def _largest(snapshot: Snapshot) -> Mapping[str, Any]:
    """The order by count."""
    terms: Mapping[Listing[Any], OrderTerm] = {
        PROVIDERS: OrderTerm(ProviderOrderField.ARTICLE_COUNT, OrderDirection.DESC),
        TOPICS: OrderTerm(TopicOrderField.ARTICLE_COUNT, OrderDirection.DESC),
        AUTHORS: OrderTerm(AuthorOrderField.ARTICLE_COUNT, OrderDirection.DESC),
    }
    return {f"{listing.name} by count": await _whole(snapshot, listing, (term,)) for listing, term in terms.items()}
