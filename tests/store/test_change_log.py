"""The journal: a client that replays it, from any token, holds exactly what is served."""

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
from gateway.model.records import ArticleChange, ChangeType, Visibility
from gateway.store.protocol import ARTICLES, WHOLE, ChangeCounts, ChangePage, Snapshot, Store
from tests.store.conftest import Open
from tests.store.documents import NOW, apply, document

PUBLIC, PREVIEW = Visibility.PUBLIC, Visibility.PREVIEW
ADDED, UPDATED, REMOVED = ChangeType
Held = dict[str, object]
"""What a client holds of each article, by id."""


def change(kind: ChangeType, path: str) -> ArticleChange:
    return ArticleChange(kind, article_id(path))


async def page(store: Store, token: str | None, first: int = 100, visibility: Visibility = PUBLIC) -> ChangePage:
    async with store.snapshot(visibility) as snapshot:
        return await snapshot.changes(token, first)


async def changes(store: Store, token: str | None, visibility: Visibility = PUBLIC) -> list[ArticleChange]:
    return sorted((await page(store, token, visibility=visibility)).changes, key=lambda found: found.id)


async def token(store: Store, visibility: Visibility = PUBLIC) -> str:
    async with store.snapshot(visibility) as snapshot:
        return await snapshot.token()


def as_sorted(*expected: ArticleChange) -> list[ArticleChange]:
    return sorted(expected, key=lambda found: found.id)


# What is told.


async def test_each_change_is_told_once(store: Store) -> None:
    """What came, what changed and what went since the token; of an article that changed twice, the last."""
    await apply(store, document("a"), document("b"), document("c"))
    before = await token(store)
    await apply(store, document("a", title="new"), Deleted("b"), document("d"))
    await apply(store, document("a", title="newer"))
    assert await changes(store, before) == as_sorted(change(UPDATED, "a"), change(REMOVED, "b"), change(ADDED, "d"))
    async with store.snapshot(PUBLIC) as snapshot:
        assert await snapshot.change_counts(before) == ChangeCounts(1, 1, 1)
    assert await changes(store, await token(store)) == []


async def test_the_public_is_told_nothing_of_drafts(store: Store) -> None:
    """Neither that one came, nor that it changed or went; publishing adds, and taking back removes."""
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


async def test_a_slug_that_moves_is_a_change(store: Store) -> None:
    """An article whose slug gets or loses its suffix changed, though nobody touched its file."""
    await apply(store, document("b", slug="same"))
    before = await token(store)
    await apply(store, document("a", slug="same"))
    assert await changes(store, before) == as_sorted(change(ADDED, "a"), change(UPDATED, "b"))
    between = await token(store)
    await apply(store, Deleted("a"))
    assert await changes(store, between) == as_sorted(change(REMOVED, "a"), change(UPDATED, "b"))
    assert await changes(store, before) == [change(UPDATED, "b")]


async def test_what_came_back_and_went_again_is_gone(store: Store) -> None:
    """A client that held it the first time, and was away since, is told so; one that came later is not."""
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


async def test_time_is_told(store: Store) -> None:
    """A scheduled article that becomes due is added to the public, and changed for a preview."""
    await apply(store, document("soon", published_date_time=NOW + timedelta(hours=1)))
    public, preview = await token(store), await token(store, PREVIEW)
    await apply(store, as_of=NOW + timedelta(hours=2))
    assert await changes(store, public) == [change(ADDED, "soon")]
    assert await changes(store, preview, PREVIEW) == [change(UPDATED, "soon")]


async def test_others_do_not_change_with_a_name_or_a_backlink(store: Store) -> None:
    """A change of an article is one of its own fields."""
    url = "https://example.org/a"
    await apply(store, document("a", urls=(url,)), document("b"))
    before = await token(store)
    await apply(store, document("c"))
    assert await changes(store, before) == [change(ADDED, "c")]


# Pages and tokens.


async def test_a_full_listing_comes_in_pages(store: Store) -> None:
    """Without a token all is told as added, from the first page on, which alone is a reset."""
    await apply(store, *(document(f"{n}") for n in range(5)))
    first = await page(store, None, 2)
    second = await page(store, first.token, 2)
    third = await page(store, second.token, 2)
    assert [len(each.changes) for each in (first, second, third)] == [2, 2, 1]
    assert [(each.is_reset, each.has_more) for each in (first, second, third)] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    assert {found.type for each in (first, second, third) for found in each.changes} == {ADDED}
    assert third.token == await token(store)
    assert (await page(store, first.token, 0)).token == first.token


async def test_another_database_or_view_resets(new_store: Open) -> None:
    """Its token says nothing of what the client holds of this one."""
    one, other = await new_store(), await new_store()
    for store in (one, other):
        await apply(store, document("a"))
    for stranger in (await token(other), await token(one, PREVIEW)):
        found = await page(one, stranger)
        assert (found.is_reset, found.changes) == (True, (change(ADDED, "a"),))


@pytest.mark.parametrize("text", ["", "x", "é", "W10"])
async def test_what_is_no_token_is_refused(store: Store, text: str) -> None:
    """It is the client's error."""
    await apply(store, document("a"))
    with pytest.raises(BadUserInput, match="token"):
        await page(store, text)


async def test_a_token_lasts_as_long_as_the_retention(store: Store) -> None:
    """Within it no token resets; past it one that would miss a tombstone does, and no other."""
    await apply(store, document("a"), document("b"))
    first = await token(store)
    await apply(store, Deleted("a"), as_of=NOW + timedelta(days=1))
    second = await token(store)
    await apply(store, document("b", title="new"), as_of=NOW + timedelta(days=30))
    assert not (await page(store, first)).is_reset
    await apply(store, document("b", title="newer"), as_of=NOW + timedelta(days=32))
    assert (await page(store, first)).is_reset
    assert await changes(store, second) == [change(UPDATED, "b")]
    assert not (await page(store, second)).is_reset


# Clients.


async def served(snapshot: Snapshot) -> Held:
    edges = (await snapshot.pages(ARTICLES, [WHOLE], NEWEST_FIRST, Window(100)))[WHOLE].edges
    return {edge.node.id: edge.node for edge in edges}


class Client:
    """Keeps a copy of what is served, page by page."""

    def __init__(self, visibility: Visibility, first: int) -> None:
        self.held: Held = {}
        self._visibility = visibility
        self._first = first
        self._token: str | None = None

    async def read(self, store: Store, ever: AbstractSet[str]) -> bool:
        """Take one page; whether there are more. Of what was not `ever` served it must not be told."""
        async with store.snapshot(self._visibility) as snapshot:
            found = await snapshot.changes(self._token, self._first)
            now = await served(snapshot)
        if found.is_reset:
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
async def test_a_client_that_replays_holds_what_is_served(
    new_store: Open,
    steps: Sequence[Sequence[Document | Deleted]],
    visibility: Visibility,
    first: int,
    reads: Sequence[bool],
) -> None:
    """Whatever happens between its pages, and however seldom it asks, in the end its copy is the real thing."""
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
