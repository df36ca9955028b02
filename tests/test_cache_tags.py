"""Cache tags: changed responses are purged, and few others."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings

from gateway import cache_tags
from gateway.access.clients import Client
from gateway.access.tokens import Viewer
from gateway.content.identity import article_id, author_id, provider_id, topic_id
from gateway.execution.executor import Executor, OperationRequest
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import Limits
from gateway.model.changes import Deleted
from gateway.model.documents import Document
from gateway.model.records import Visibility
from gateway.store.sqlite.store import SqliteStore
from gateway.stores import temporary_store
from tests.schema import SCHEMA
from tests.store.documents import apply, day, document, provider, topics
from tests.test_drafts import CORPORA, URLS, hold

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
PUBLIC = Client(Viewer(Visibility.PUBLIC))
FIELDS = (
    "id slug path title excerpt quality images { url } provider { id name slug domain } topics { name slug }"
    " authors { name url slug }"
)
WHO = "id name slug domain images { url }"
ID = f'id: "{article_id("a")}"'
QUERIES = (
    "{ corpus { revision articleCount providerCount topicCount authorCount } }",
    "{ changes { token } }",
    f"{{ article({ID}) {{ {FIELDS} }} }}",
    f'{{ node({ID}) {{ id }} nodes(ids: ["{topic_id("ai")}", "{provider_id("acme.org")}"]) {{ id }} }}',
    f'{{ node(id: "{author_id("desk")}") {{ id }} }}',
    f'{{ article(slug: "x") {{ {FIELDS} }} }}',
    f'{{ article(slug: "x", locale: "de") {{ {FIELDS} }} }}',
    f'{{ article(path: "b") {{ {FIELDS} }} }}',
    f'{{ article(url: "{URLS[0]}") {{ path }} }}',
    f"{{ article({ID}) {{ body {{ html }} frontMatter }} }}",
    f"{{ article({ID}) {{ related {{ title provider {{ {WHO} }} }} }} }}",
    f"{{ article({ID}) {{ related {{ article {{ path }} }} }} }}",
    f"{{ article({ID}) {{ referencedBy {{ totalCount nodes {{ path }} }} }} }}",
    f"{{ article({ID}) {{ similar {{ score article {{ path }} }} }} }}",
    f"{{ article({ID}) {{ adjacent {{ previous {{ path }} next {{ path }} }} }} }}",
    f"{{ article({ID}) {{ provider {{ articles(first: 1) {{ totalCount nodes {{ title }} }} }} }} }}",
    "{ articles(first: 2) { totalCount nodes { path } } }",
    '{ articles(filter: {topics: {anyOf: ["AI"]}}) { nodes { path } } }',
    f'{{ provider(domain: "acme.org") {{ {WHO} articles(first: 1) {{ totalCount nodes {{ path title }} }} }} }}',
    '{ provider(domain: "acme.org") { articles(filter: {provider: {minArticles: 2}}) { nodes { path } } } }',
    '{ provider(slug: "acme") { mentions { totalCount nodes { title } } topics { topic { name } count } } }',
    "{ providers { nodes { name slug } } }",
    "{ providers(filter: {minArticles: 2}) { totalCount } }",
    '{ topic(name: "ai") { name slug articles(last: 1) { totalCount nodes { path title } } } }',
    '{ topic(slug: "c") { providers { provider { name } count } relatedTopics { topic { name } count } } }',
    '{ topic(slug: "law") { articles(orderBy: [{field: QUALITY}], first: 1) { edges { cursor } } } }',
    "{ topics { totalCount nodes { name slug } } }",
    '{ author(name: "desk") { name url slug images { url } articles(last: 1) { totalCount nodes { path title } } } }',
    '{ author(slug: "desk") { topics { topic { name } count } articles(first: 1) { edges { cursor } } } }',
    "{ authors { totalCount nodes { name slug } } }",
    '{ articles(filter: {authors: {anyOf: ["Desk"]}}) { nodes { path } } }',
    "{ facets { authors { author { name } count } } }",
    '{ search(query: "data") { totalCount suggestion edges { score cursor snippets { html } node { path } } } }',
    '{ search(query: "dta") { suggestion } }',
    "{ facets { topics { topic { name } count } providers { provider { name } count } categories { value count } } }",
    "{ facets { dates(interval: DAY) { start count } quality { gte count } types { value count } } }",
    "{ __typename }",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store() -> AsyncIterator[SqliteStore]:
    async with temporary_store() as made:
        yield made


def operations_over(store: SqliteStore) -> Executor:
    return Executor(SCHEMA, store, Limits(), PersistedDocuments(), introspection=True)


async def answers(store: SqliteStore, queries: Sequence[str] = QUERIES) -> list[tuple[Any, Collection[str]]]:
    """The response of each query, with its tags."""
    executor = operations_over(store)
    found: list[tuple[Any, Collection[str]]] = []
    for query in queries:
        answer = await executor.answer(OperationRequest(query), PUBLIC)
        assert not answer.errors
        found.append((orjson.loads(answer.body)["data"], cache_tags.for_response(answer.dependencies)))
    return found


async def token(store: SqliteStore) -> str:
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        return await snapshot.token()


async def purged(store: SqliteStore, since: str) -> Collection[str]:
    """The tags that are purged for the changes since a token."""
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        return cache_tags.for_purge(await snapshot.changed_ids(since, cache_tags.MAX_PURGED_IDS + 1))


@pytest.mark.asyncio(loop_scope="module")
@settings(max_examples=200 if FULL else 20, suppress_health_check=list(HealthCheck))
@given(CORPORA, CORPORA)
async def test_changed_responses_are_purged(store: SqliteStore, before: list[Document], after: list[Document]) -> None:
    """Each changed response has a purged tag. Responses of equal revision are equal."""
    await hold(store, before)
    known, since = await answers(store), await token(store)
    await hold(store, after)
    now = await answers(store)
    changed = {query for query, one, other in zip(QUERIES, known, now, strict=True) if one[0] != other[0]}
    if known[0][0]["corpus"]["revision"] == now[0][0]["corpus"]["revision"]:
        assert not changed
        return
    gone = set(await purged(store, since))
    kept = {query for query, (_, named) in zip(QUERIES, known, strict=True) if not gone & {*named}}
    assert not changed & kept


ONE = document(
    "one", title="One", provider=provider("Acme", "acme.org"), topics=topics("AI"), published_date_time=day(1)
)
TWO = document("two", title="Two", provider=provider("Herald", "herald.org"), topics=topics("Law"))
PAGES = (
    '{ article(slug: "one") { title provider { name } topics { name } } }',
    '{ article(slug: "two") { title provider { name } topics { name } } }',
    '{ provider(domain: "acme.org") { name articles { nodes { title } } } }',
    '{ provider(domain: "herald.org") { name articles { nodes { title } } } }',
    '{ topic(slug: "ai") { articles { totalCount } } }',
    '{ topic(slug: "law") { articles { totalCount } } }',
    "{ articles { totalCount } }",
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (replace(ONE, title="Uno"), [0, 2, 4, 6]),
        (replace(ONE, provider=provider("Herald", "herald.org")), [0, 1, 2, 3, 4, 6]),
        (document("three", provider=provider("Acme", "acme.org")), [0, 2, 6]),
        (Deleted("one"), [0, 2, 4, 6]),
        (document("draft", published=False, provider=provider("Acme", "acme.org"), topics=topics("AI")), []),
    ],
    ids=["edited", "moved", "added", "deleted", "draft"],
)
async def test_unchanged_responses_are_kept(change: Document | Deleted, expected: list[int]) -> None:
    """Pages of other providers and topics stay. A new draft purges no public response."""
    async with temporary_store() as store:
        await apply(store, ONE, TWO)
        known, since = await answers(store, PAGES), await token(store)
        await apply(store, change)
        gone = set(await purged(store, since)) if await token(store) != since else set()
        assert [place for place, (_, named) in enumerate(known) if gone & {*named}] == expected


async def test_new_owner_of_a_slug_purges_the_previous_article() -> None:
    """A page by slug has another article, although the first file did not change."""
    query = '{ article(slug: "one") { path } }'
    async with temporary_store() as store:
        await apply(store, replace(ONE, locale="de"), TWO)
        [(before, named)], since = await answers(store, [query]), await token(store)
        await apply(store, document("0", slug="one", locale="en"))
        [(after, _)] = await answers(store, [query])
        gone = set(await purged(store, since))
    assert (before["article"], after["article"]) == ({"path": "one"}, {"path": "0"})
    assert gone & {*named}


async def test_missing_record_has_tags() -> None:
    """An unknown id is a tag, and so is the list in which a slug may appear."""
    queries = (f'{{ node(id: "{article_id("one")}") {{ id }} }}', '{ article(slug: "one") { id } }')
    async with temporary_store() as store:
        await apply(store, TWO)
        (_, by_id), (_, by_slug) = await answers(store, queries)
    assert (by_id, by_slug) == ([article_id("one"), cache_tags.ALL], [cache_tags.ARTICLES, cache_tags.ALL])


async def test_client_text_is_not_a_tag() -> None:
    """A text that cannot be an id is not in the header."""
    query = "query ($id: ID!) { node(id: $id) { id } }"
    async with temporary_store() as store:
        await apply(store, TWO)
        executor = operations_over(store)
        for id_ in ("ar_\r\nSet-Cookie: a=b", "ar_" + "x" * 10_000, "ar_a,b", "to_", "x"):
            found = await executor.answer(OperationRequest(query, {"id": id_}), PUBLIC)
            assert {*found.dependencies} <= {*cache_tags.LISTS}


# Numbers of tags.


def test_tags_are_sorted_ids() -> None:
    """Equal responses have equal headers."""
    assert cache_tags.for_response({topic_id("a"), "articles"}) == ["articles", "corpus", topic_id("a")]


def test_many_ids_are_replaced_by_their_kind() -> None:
    """The most numerous kind is replaced first, until the header fits."""
    some, many = {topic_id(str(number)) for number in range(20)}, {article_id(str(number)) for number in range(1000)}
    found = cache_tags.for_response(some | many | {"articles"})
    assert found == sorted({*some, "article", "articles", "corpus"})
    assert len(",".join(found)) <= cache_tags.MAX_HEADER_BYTES
    assert cache_tags.for_response({provider_id(str(number)) for number in range(9999)} | many) == [
        "article",
        "corpus",
        "provider",
    ]


def test_change_purges_kinds_and_lists() -> None:
    """They cover responses with too many ids, and lists whose records were added, removed or moved."""
    one, other = article_id("one"), topic_id("a")
    assert cache_tags.for_purge([one, other]) == sorted([one, other, "article", "articles", "topic", "topics"])


def test_large_change_purges_everything() -> None:
    """This applies if the tags do not fit."""
    assert cache_tags.for_purge([article_id(str(number)) for number in range(cache_tags.MAX_PURGED_IDS + 1)]) == [
        cache_tags.ALL
    ]
