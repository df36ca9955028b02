"""Drafts and scheduled articles: visible in every answer to previews, and in none to the public."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model.changes import Deleted
from gateway.model.documents import Document, Image
from gateway.store.protocol import ContentStore
from gateway.store.sqlite.store import SqliteStore
from gateway.stores import temporary_store
from tests.store.documents import NOW, SOON, apply, author, day, document, entry, provider, topics
from tests.test_graph import PREVIEW, PUBLIC, data

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYTHING = """
query Everything($words: String!, $slip: String!, $mode: SearchMode!, $url: String!, $slug: String!) {
  corpus { articleCount providerCount topicCount authorCount draftCount issues { path } }
  articles(first: 20) { totalCount nodes { ...Whole } }
  search(query: $words, mode: $mode) { totalCount suggestion edges { score snippets { field html } node { path } } }
  newest: search(query: $words, mode: $mode, orderBy: [{field: PUBLISHED_DATE_TIME}]) { edges { score node { path } } }
  slip: search(query: $slip) { totalCount suggestion nodes { path } }
  found: facets(query: $words, mode: $mode) { ...Counts }
  facets { ...Counts }
  byUrl: article(url: $url) { path }
  bySlug: article(slug: $slug) { path }
  inGerman: article(slug: $slug, locale: "de") { path }
  providers(first: 20) { totalCount nodes {
    id name slug domain images { url } articles { totalCount nodes { path } }
    mentions { totalCount nodes { title source { path } } } topics { topic { slug } count } } }
  topics(first: 20) { totalCount nodes {
    id name slug articles { totalCount nodes { path } }
    providers { provider { slug } count } relatedTopics { topic { slug } count } } }
  authors(first: 20) { totalCount nodes {
    id name slug url images { url } articles { totalCount nodes { path } } topics { topic { slug } count } } }
  changes { changes { type id article { slug } } hasMore reset }
}
fragment Whole on Article {
  id slug path title excerpt status published publishedDateTime provider { slug name } topics { slug name }
  authors { slug name url }
  related { title provider { name } article { path } } referencedBy { totalCount nodes { path } }
  translations { path } translation(locale: "de") { path }
  similar { score article { path } sharedTopics { slug } } adjacent { previous { path } next { path } }
  body { text }
}
fragment Counts on ArticleFacets {
  topics { topic { slug name } count } authors { author { slug name } count }
  providers { provider { slug name } count } categories { value count }
  types { value count } dates(interval: MONTH) { start count } quality { gte count }
}
"""
WORDS = ("data", "dataset", "network", "networks", "secret", "学习")
URLS = tuple(f"https://example.org/{number}" for number in range(3))
_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
_providers = st.none() | st.builds(
    provider, st.sampled_from(("Acme", "ACME", "Acme Org")), st.sampled_from(("acme.org", None))
)
_authors = st.builds(
    author,
    st.sampled_from(("Desk", "DESK", "Desk!", "Hush")),
    st.sampled_from((None, "/a", "/b")),
    st.sampled_from(((), (Image("1.png"),), (Image("2.png"),))),
)


def _document(path: str) -> st.SearchStrategy[Document]:
    return st.builds(
        document,
        st.just(path),
        slug=st.sampled_from(("x", "y")),
        locale=st.sampled_from((None, "de")),
        title=_texts,
        excerpt=st.none() | _texts,
        body=_texts,
        category=st.sampled_from((None, "news", "secret")),
        quality=st.sampled_from((None, 10, 60)),
        published=st.booleans(),
        published_date_time=st.sampled_from((None, day(1), day(2), SOON)),
        provider=_providers,
        topics=st.lists(st.sampled_from(("AI", "ai", "C", "Law")), max_size=3, unique_by=str.casefold).map(
            lambda names: topics(*names)
        ),
        authors=st.lists(_authors, max_size=2, unique_by=lambda one: one.key).map(tuple),
        urls=st.lists(st.sampled_from(URLS), max_size=2, unique=True).map(tuple),
        related=st.lists(st.builds(entry, st.sampled_from("rs"), st.sampled_from(URLS), _providers), max_size=2).map(
            tuple
        ),
    )


CORPORA = st.tuples(*map(_document, "abcdefg")).flatmap(
    lambda every: st.lists(st.sampled_from(every), unique_by=lambda one: one.path)
)
ASKED = st.fixed_dictionaries({
    "words": st.lists(st.sampled_from((*WORDS, "net", "none")), min_size=1, max_size=2).map(" ".join),
    "slip": st.sampled_from(("dta", "ntwork", "secrt", "datasset secret")),
    "mode": st.sampled_from(("ALL_TERMS", "ANY_TERM", "PHRASE", "PREFIX")),
    "url": st.sampled_from(URLS),
    "slug": st.sampled_from(("x", "y")),
})  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stores() -> AsyncIterator[tuple[SqliteStore, SqliteStore]]:
    """Two databases. Earlier content does not affect answers, so that examples may share them."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(temporary_store()), await stack.enter_async_context(temporary_store())


async def hold(store: ContentStore, documents: list[Document]) -> None:
    """Replace a store's articles."""
    kept = {one.path for one in documents}
    await apply(store, *documents, *(Deleted(path) for path in "abcdefg" if path not in kept))


def is_public(one: Document) -> bool:
    return one.published and (one.published_date_time is None or one.published_date_time <= NOW)


async def public_answers(store: SqliteStore, asked: Mapping[str, str]) -> Any:
    """All public answers. Changes are in the database's order."""
    found = await data(store, EVERYTHING, PUBLIC, **asked)
    found["changes"]["changes"].sort(key=lambda change: change["id"])
    return found


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(CORPORA, CORPORA, ASKED)
async def test_hidden_articles_do_not_affect_public_answers(
    stores: tuple[SqliteStore, SqliteStore], before: list[Document], documents: list[Document], asked: Mapping[str, str]
) -> None:
    """The answers equal those of a corpus without drafts, including slugs and scores."""
    whole, bare = stores
    await hold(whole, before)
    await hold(whole, documents)
    await hold(bare, [one for one in documents if is_public(one)])
    assert await public_answers(whole, asked) == await public_answers(bare, asked)


OPEN = document(
    "open", title="An open story", topics=topics("AI"), urls=(URLS[0],), related=(entry("To the draft", URLS[1]),),
    published_date_time=day(2),
)  # fmt: skip
DRAFT = document(
    "draft", title="An unheard story", category="hidden", topics=topics("AI", "Hush"), authors=(author("Nobody"),),
    provider=provider("Hideout"),
    urls=(URLS[1],), related=(entry("To the open one", URLS[0]),), published_date_time=day(1),
)  # fmt: skip
FILLERS = tuple(document(f"filler{number}", title=f"Filler {number}") for number in range(5))
PLACES = {
    "pages": "{ articles { nodes { path } } }",
    "counts": "{ articles { totalCount } }",
    "topics": "{ topics { nodes { name } } }",
    "providers": "{ providers { nodes { name } } }",
    "authors": "{ authors { nodes { name } } }",
    "facets": "{ facets { topics { topic { name } count } categories { value } } }",
    "search": '{ search(query: "unheard") { nodes { path } } }',
    "suggestions": '{ search(query: "unhaerd") { suggestion } }',
    "adjacent": '{ article(slug: "open") { adjacent { next { path } } } }',
    "similar": '{ article(slug: "open") { similar { article { path } } } }',
    "related": '{ article(slug: "open") { related { article { path } } } }',
    "backlinks": '{ article(slug: "open") { referencedBy { nodes { path } } } }',
    "lookups": '{ article(slug: "draft") { path } }',
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def with_draft() -> AsyncIterator[tuple[SqliteStore, SqliteStore]]:
    """A database with a draft or a scheduled article, and one without."""
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(temporary_store()) for _ in range(2)]
        await apply(made[0], OPEN, replace(DRAFT, published=False), *FILLERS)
        await apply(made[1], OPEN, *FILLERS)
        yield made[0], made[1]


@pytest.mark.parametrize("query", PLACES.values(), ids=PLACES)
async def test_draft_is_visible_only_in_previews(with_draft: tuple[SqliteStore, SqliteStore], query: str) -> None:
    """A preview has the draft in each answer. The public answer equals that of a corpus without it."""
    with_it, without = with_draft
    public = await data(without, query, PUBLIC)
    assert await data(with_it, query, PUBLIC) == public
    assert await data(with_it, query, PREVIEW) != public
    assert await data(without, query, PREVIEW) == public
