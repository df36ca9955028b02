"""The change log: a client that applies it, from any token, has exactly the served content."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.identity import article_id
from gateway.errors import BadUserInput
from gateway.model.changes import Deleted
from gateway.model.documents import Document
from gateway.model.lists import NEWEST_FIRST, Window
from gateway.model.records import ArticleChange, ChangePage, ChangeType, Visibility
from gateway.store.protocol import ChangeCounts, ContentStore, Snapshot, read_one
from gateway.store.reads import ARTICLES, ChangesOf, PageOf
from tests.store.conftest import Open
from tests.store.documents import NOW, apply, author, document, entry, provider, topics

PUBLIC, PREVIEW = Visibility.PUBLIC, Visibility.PREVIEW
ADDED, UPDATED, REMOVED = ChangeType
Held = dict[str, object]
"""The client's copy of each article, by id."""


def change(kind: ChangeType, path: str) -> ArticleChange:
    return ArticleChange(kind, article_id(path))


async def page(store: ContentStore, token: str | None, first: int = 100, visibility: Visibility = PUBLIC) -> ChangePage:
    async with store.snapshot(visibility) as snapshot:
        return await read_one(snapshot, ChangesOf(token, first))


async def changes(store: ContentStore, token: str | None, visibility: Visibility = PUBLIC) -> list[ArticleChange]:
    return sorted((await page(store, token, visibility=visibility)).changes, key=lambda found: found.id)


async def token(store: ContentStore, visibility: Visibility = PUBLIC) -> str:
    async with store.snapshot(visibility) as snapshot:
        return await snapshot.token()


def as_sorted(*expected: ArticleChange) -> list[ArticleChange]:
    return sorted(expected, key=lambda found: found.id)


# Changes.


async def test_each_change_is_listed_once(store: ContentStore) -> None:
    """Added, changed and removed since the token, with the last change of each article."""
    await apply(store, document("a"), document("b"), document("c"))
    before = await token(store)
    await apply(store, document("a", title="new"), Deleted("b"), document("d"))
    await apply(store, document("a", title="newer"))
    assert await changes(store, before) == as_sorted(change(UPDATED, "a"), change(REMOVED, "b"), change(ADDED, "d"))
    async with store.snapshot(PUBLIC) as snapshot:
        assert await snapshot.change_counts(before) == ChangeCounts(1, 1, 1)
    assert await changes(store, await token(store)) == []


@pytest.mark.parametrize("visibility", [PUBLIC, PREVIEW])
async def test_the_first_run_logs_what_a_later_one_does(new_store: Open, visibility: Visibility) -> None:
    """The first run writes the log in another way."""
    documents = (
        document("a"),
        document("b", published=False),
        document("c", unlisted=True),
        *(document("same/e", slug="e"), document("other/e", slug="e", unlisted=True)),
        document("f", provider=provider("North"), topics=topics("one", "Two"), authors=(author("A"), author("B"))),
        document("g", related=(entry("One", provider=provider("East")),), unlisted=True),
    )
    first, later = await new_store(), await new_store()
    await apply(first, *documents)
    await apply(later)
    elsewhere = await token(later, visibility)
    await apply(later, *documents)
    assert await changes(first, None, visibility) == await changes(later, None, visibility) != []
    found = [await changed_ids(store, elsewhere, visibility) for store in (first, later)]
    assert found[0] == found[1] != set()


async def changed_ids(store: ContentStore, token: str, visibility: Visibility) -> set[str]:
    async with store.snapshot(visibility) as snapshot:
        return set(await snapshot.changed_ids(token, 100))


async def test_public_changes_exclude_drafts(store: ContentStore) -> None:
    """Neither their addition, change nor removal. Publishing adds, and withdrawing removes."""
    await apply(store, document("draft", published=False), document("a"))
    before = await token(store)
    await apply(store, document("draft", published=False, title="new"), document("other", published=False))
    await apply(store, Deleted("other"))
    assert await changes(store, before) == []
    assert (await page(store, before)).token == before
    await apply(store, document("draft"), document("a", published=False))
    assert await changes(store, before) == as_sorted(change(ADDED, "draft"), change(REMOVED, "a"))
    preview = await token(store, PREVIEW)
    await apply(store, document("draft", published=False))
    assert await changes(store, preview, PREVIEW) == [change(UPDATED, "draft")]
    assert await changes(store, before) == [change(REMOVED, "a")]


async def test_changed_slug_is_a_change(store: ContentStore) -> None:
    """An article that gets or loses a suffix changed, although its file did not."""
    await apply(store, document("b", slug="same"))
    before = await token(store)
    await apply(store, document("a", slug="same"))
    assert await changes(store, before) == as_sorted(change(ADDED, "a"), change(UPDATED, "b"))
    between = await token(store)
    await apply(store, Deleted("a"))
    assert await changes(store, between) == as_sorted(change(REMOVED, "a"), change(UPDATED, "b"))
    assert await changes(store, before) == [change(UPDATED, "b")]


async def test_article_removed_twice(store: ContentStore) -> None:
    """A client with the first version gets a removal. A later client gets nothing."""
    await apply(store, document("a"))
    held = await token(store)
    for after in (Deleted("a"), document("a"), Deleted("a")):
        await apply(store, after)
    assert await changes(store, held) == [change(REMOVED, "a")]
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert await snapshot.change_counts(held) == ChangeCounts(0, 0, 1)
    later = await token(store)
    for after in (document("c"), Deleted("c")):
        await apply(store, after)
    assert await changes(store, later) == []


async def test_due_article_is_a_change(store: ContentStore) -> None:
    """It is added to the public view, and changed in a preview."""
    await apply(store, document("soon", published_date_time=NOW + timedelta(hours=1)))
    public, preview = await token(store), await token(store, PREVIEW)
    await apply(store, as_of=NOW + timedelta(hours=2))
    assert await changes(store, public) == [change(ADDED, "soon")]
    assert await changes(store, preview, PREVIEW) == [change(UPDATED, "soon")]


async def test_changes_of_other_records_are_not_changes(store: ContentStore) -> None:
    """A change of an article is one of its own fields."""
    url = "https://example.org/a"
    await apply(store, document("a", urls=(url,)), document("b"))
    before = await token(store)
    await apply(store, document("c"))
    assert await changes(store, before) == [change(ADDED, "c")]


# Pages and tokens.


async def test_full_listing_in_pages(store: ContentStore) -> None:
    """Without a token everything is listed as added. Only the first page is a reset."""
    await apply(store, *(document(f"{n}") for n in range(5)))
    first = await page(store, None, 2)
    second = await page(store, first.token, 2)
    third = await page(store, second.token, 2)
    assert [len(each.changes) for each in (first, second, third)] == [2, 2, 1]
    assert [(each.reset, each.has_more) for each in (first, second, third)] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    assert {found.type for each in (first, second, third) for found in each.changes} == {ADDED}
    assert third.token == await token(store)
    assert (await page(store, first.token, 0)).token == first.token


async def test_token_of_another_database_or_view_resets(new_store: Open) -> None:
    """Its position does not apply."""
    one, other = await new_store(), await new_store()
    for store in (one, other):
        await apply(store, document("a"))
    for stranger in (await token(other), await token(one, PREVIEW)):
        found = await page(one, stranger)
        assert (found.reset, found.changes) == (True, (change(ADDED, "a"),))


@pytest.mark.parametrize("text", ["", "x", "é", "W10"])
async def test_invalid_token_is_refused(store: ContentStore, text: str) -> None:
    """It is a client error."""
    await apply(store, document("a"))
    with pytest.raises(BadUserInput, match="token"):
        await page(store, text)


async def test_token_expiry(store: ContentStore) -> None:
    """Within the retention no token resets. Past it only a token that would miss a tombstone does."""
    await apply(store, document("a"), document("b"))
    first = await token(store)
    await apply(store, Deleted("a"), as_of=NOW + timedelta(days=1))
    second = await token(store)
    await apply(store, document("b", title="new"), as_of=NOW + timedelta(days=30))
    assert not (await page(store, first)).reset
    await apply(store, document("b", title="newer"), as_of=NOW + timedelta(days=32))
    assert (await page(store, first)).reset
    assert await changes(store, second) == [change(UPDATED, "b")]
    assert not (await page(store, second)).reset


# Clients.


async def served(snapshot: Snapshot) -> Held:
    edges = (await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(100)))).edges
    return {edge.node.id: edge.node for edge in edges}


class Client:
    """Keeps a copy of the served content, page by page."""

    def __init__(self, visibility: Visibility, first: int) -> None:
        self.held: Held = {}
        self._visibility = visibility
        self._first = first
        self._token: str | None = None

    async def read(self, store: ContentStore, ever: AbstractSet[str]) -> bool:
        """Read one page. Returns whether there are more. Articles that were not `ever` served must not be in it."""
        async with store.snapshot(self._visibility) as snapshot:
            found = await read_one(snapshot, ChangesOf(self._token, self._first))
            now = await served(snapshot)
        if found.reset:
            assert self._token is None
            self.held.clear()
        for kind, id_ in found.changes:
            assert id_ in ever
            if kind is REMOVED:
                self.held.pop(id_, None)
            else:
                self.held[id_] = now[id_]
        self._token = found.token
        return found.has_more


PATHS = ("a", "b", "c")
DATES = st.none() | st.integers(-2, 2).map(lambda hours: NOW + timedelta(hours=hours))
DOCUMENTS = st.builds(
    lambda path, slug, locale, title, published, date: document(
        path, slug=slug, locale=locale, title=title, published=published, published_date_time=date
    ),
    st.sampled_from(PATHS),
    st.sampled_from("xy"),
    st.sampled_from((None, "de")),
    st.sampled_from("12"),
    st.booleans(),
    DATES,
)
STEPS = st.lists(st.lists(DOCUMENTS | st.sampled_from(PATHS).map(Deleted), max_size=3), max_size=6)


@settings(max_examples=60)
@given(STEPS, st.sampled_from(Visibility), st.integers(1, 3), st.lists(st.booleans(), min_size=6, max_size=6))
async def test_replaying_client_has_the_served_content(
    new_store: Open,
    steps: Sequence[Sequence[Document | Deleted]],
    visibility: Visibility,
    first: int,
    reads: Sequence[bool],
) -> None:
    """Its final copy is correct after any changes between its pages."""
    store = await new_store()
    clients = [Client(visibility, first), Client(visibility, 100)]
    ever = set[str]()
    await apply(store)
    for number, (step, reading) in enumerate(zip(steps, reads, strict=False)):
        by_path = {one.path: one for one in step}
        await apply(store, *by_path.values(), as_of=NOW + timedelta(minutes=30 * number))
        async with store.snapshot(visibility) as snapshot:
            ever |= (await served(snapshot)).keys()
        if reading:
            await clients[number % 2].read(store, ever)
    for client in clients:
        while await client.read(store, ever):
            pass
        async with store.snapshot(visibility) as snapshot:
            assert client.held == await served(snapshot)
    await store.close()
