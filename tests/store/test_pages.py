"""Pages, compared with lists that plain Python sorts and slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.identity import article_id
from gateway.content.text import fold
from gateway.errors import BadUserInput
from gateway.model.changes import Deleted
from gateway.model.documents import Document
from gateway.model.lists import (
    NEWEST_FIRST,
    ArticleOrderField,
    NullsOrder,
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
    ARTICLES,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    ARTICLES_REFERRING,
    MENTIONS,
    PROVIDERS,
    TOPICS,
    WHOLE,
    CountOf,
    Listing,
    PageOf,
    Precedes,
)
from tests.store.conftest import Open
from tests.store.documents import apply, day, document, entry, provider, topics
from tests.store.reading import ask

PROPERTY = settings(max_examples=30)
NAMES = ("Alpha", "alpha", "Ärger", "beta", "Zeta")


@st.composite
def corpora(draw: st.DrawFn) -> list[Document]:
    """Small corpora with many ties and nulls."""
    some = st.none() | st.integers(1, 3)
    days = st.none() | st.integers(1, 3).map(day)
    names = st.sampled_from(NAMES)
    return [
        document(
            f"{number}.md",
            title=draw(names),
            subtitle=draw(st.none() | names),
            published=draw(st.booleans()),
            published_date_time=draw(days),
            updated_date_time=draw(days),
            quality=draw(some),
            heat=draw(some),
            provider=draw(st.none() | names.map(provider)),
            topics=topics(*draw(st.sets(st.sampled_from(("a", "b"))))),
        )
        for number in draw(st.permutations(range(draw(st.integers(0, 9)))))
    ]


PATH, PUBLISHED = ArticleOrderField.PATH, ArticleOrderField["PUBLISHED_DATE_TIME"]
ARTICLE_TERMS = st.builds(
    OrderTerm, st.sampled_from(ArticleOrderField), st.sampled_from(OrderDirection), st.sampled_from(NullsOrder)
)
ORDERS = st.lists(ARTICLE_TERMS, max_size=5, unique_by=lambda term: term.field).map(tuple)


FALLING = {ArticleOrderField[name] for name in ("PUBLISHED_DATE_TIME", "UPDATED_DATE_TIME", "QUALITY", "HEAT")}


def is_backwards(order: Order) -> bool:
    """Whether ties are by descending path: the first term is in the direction opposite to that of its index."""
    return bool(order) and (order[0].direction is OrderDirection.DESC) is not (order[0].field in FALLING)


@dataclass(frozen=True)
class Oracle:
    """The expected lists, from the documents."""

    documents: Sequence[Document]
    visibility: Visibility

    def visible(self) -> list[Document]:
        return [one for one in self.documents if one.published or self.visibility is Visibility.PREVIEW]

    def provider_name(self, key: str) -> str:
        names = [one.provider.name for one in self.visible() if one.provider and one.provider.key == key]
        return min(names, key=lambda name: (-names.count(name), fold(name), name))

    def value(self, one: Document, field: object) -> Any:
        match field:
            case "TITLE":
                return fold(one.title), one.title
            case "SUBTITLE":
                return one.subtitle and (fold(one.subtitle), one.subtitle)
            case ArticleOrderField.PROVIDER_NAME:
                name = one.provider and self.provider_name(one.provider.key)
                return name and (fold(name), name)
            case _:
                return getattr(one, str(field).lower())

    def sorted(self, order: Order) -> list[str]:
        rows = sorted(self.visible(), key=lambda one: one.path, reverse=is_backwards(order))
        for field, direction, nulls in reversed(order):
            valued = {one.path: self.value(one, field) for one in rows}
            without = [one for one in rows if valued[one.path] is None]
            with_value = [one for one in rows if valued[one.path] is not None]
            descending = direction is OrderDirection.DESC
            ordered = sorted(with_value, key=lambda one, valued=valued: valued[one.path], reverse=descending)  # type: ignore[misc]
            rows = without + ordered if nulls is NullsOrder.FIRST else ordered + without
        return [one.path for one in rows]


def paths(page: Page[Article]) -> list[str]:
    return [edge.node.path for edge in page.edges]


async def walk(
    snapshot: Snapshot, listing: Listing[Any], parent: str, order: Order, *, size: int, backward: bool = False
) -> list[Page[Any]]:
    """All pages of a list in one direction."""
    pages: list[Page[Any]] = []
    window = Window(size, backward)
    while not pages or pages[-1].has_more:
        pages.append((await ask(snapshot, PageOf(listing, order, window), [parent]))[parent])
        edges = pages[-1].edges
        if edges:
            window = window._replace(cursor=edges[0 if backward else -1].cursor)
    return pages


@PROPERTY
@given(corpora(), ORDERS, st.integers(1, 4), st.booleans(), st.sampled_from(Visibility))
async def test_every_order_visits_each_article_once(
    new_store: Open, documents: list[Document], order: Order, size: int, backward: bool, visibility: Visibility
) -> None:
    """The concatenated pages in either direction are the sorted list, for any ties and nulls."""
    store = await new_store()
    await apply(store, *documents)
    async with store.snapshot(visibility) as snapshot:
        pages = await walk(snapshot, ARTICLES, WHOLE, order, size=size, backward=backward)
    await store.close()
    found = [path for page in (reversed(pages) if backward else pages) for path in paths(page)]
    assert found == Oracle(documents, visibility).sorted(order)
    assert all(len(page.edges) == size for page in pages[:-1])


@PROPERTY
@given(corpora(), ORDERS, st.integers(0, 4), st.integers(0, 9), st.booleans(), st.sampled_from(Visibility))
async def test_window_is_a_slice(
    new_store: Open, documents: list[Document], order: Order, size: int, at: int, backward: bool, visibility: Visibility
) -> None:
    """A page after a row or an offset is that slice, with correct information about both sides."""
    store = await new_store()
    await apply(store, *documents)
    whole = Oracle(documents, visibility).sorted(order)
    async with store.snapshot(visibility) as snapshot:
        everything = (await read_one(snapshot, PageOf(ARTICLES, order, Window(100)))).edges
        windows = [Window(size, backward, None, at)]
        if at < len(whole):
            windows.append(Window(size, backward, everything[at].cursor))
        for window in windows:
            line = whole[::-1] if backward else whole
            start = line.index(whole[at]) + 1 if window.cursor else at
            page = await read_one(snapshot, PageOf(ARTICLES, order, window))
            assert paths(page) == (line[start : start + size][::-1] if backward else line[start : start + size])
            assert page.has_more == (len(line) > start + size)
            preceded = await read_one(snapshot, Precedes(ARTICLES, order, window))
            assert preceded == bool(line[:start])
        assert (await ask(snapshot, CountOf(ARTICLES), [WHOLE])) == {WHOLE: len(whole)}
    await store.close()


async def test_fields_after_the_path_do_not_order(new_store: Open) -> None:
    """Such a field may be null; the cursor's row is before the page."""
    store = await new_store()
    await apply(store, document("one.md"), document("two.md"))
    order = tuple(OrderTerm(field, OrderDirection.ASC, NullsOrder.FIRST) for field in (PATH, PUBLISHED))
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        [first, second] = (await read_one(snapshot, PageOf(ARTICLES, order, Window(2)))).edges
        after = Window(2, cursor=first.cursor)
        page = await read_one(snapshot, PageOf(ARTICLES, order, after))
        assert ([edge.node for edge in page.edges], page.has_more) == ([second.node], False)
        assert await ask(snapshot, Precedes(ARTICLES, order, after), [WHOLE]) == {WHOLE: True}
    await store.close()


def up_to_path(order: Order) -> Order:
    """An order without the terms after the path. They distinguish a row only from its own earlier versions."""
    fields = [term.field for term in order]
    return order[: fields.index(ArticleOrderField.PATH) + 1] if ArticleOrderField.PATH in fields else order


def following(path: str, order: Order) -> str:
    """A path directly after another in an order, before that of any document."""
    directions = [term.direction for term in order if term.field is ArticleOrderField.PATH]
    falling = directions[0] is OrderDirection.DESC if directions else is_backwards(order)
    return path[:-1] + chr(ord(path[-1]) - 1) + "\uffff" if falling else path + "\0"


@PROPERTY
@given(corpora(), corpora(), ORDERS, st.integers(1, 3))
async def test_cursor_after_changes(
    new_store: Open, before: list[Document], after: list[Document], order: Order, size: int
) -> None:
    """It continues after its position in the new list, also if its row was removed or moved."""
    order = up_to_path(tuple(term for term in order if term.field is not ArticleOrderField.PROVIDER_NAME))
    store = await new_store()
    await apply(store, *before)
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        page = await read_one(snapshot, PageOf(ARTICLES, order, Window(size)))
    kept = {one.path for one in after}
    await apply(store, *after, *(Deleted(one.path) for one in before if one.path not in kept))
    if page.edges:
        place = next(one for one in before if one.path == page.edges[-1].node.path)
        ghost = replace(place, path=following(place.path, order))
        line = Oracle([*after, ghost], Visibility.PREVIEW).sorted(order)
        async with store.snapshot(Visibility.PREVIEW) as snapshot:
            rest = await ask(snapshot, PageOf(ARTICLES, order, Window(100, cursor=page.edges[-1].cursor)), [WHOLE])
        assert paths(rest[WHOLE]) == line[line.index(ghost.path) + 1 :]
    await store.close()


@PROPERTY
@given(corpora(), ORDERS, st.sampled_from(Visibility))
async def test_lists_of_parents_are_parts_of_the_whole(
    new_store: Open, documents: list[Document], order: Order, visibility: Visibility
) -> None:
    """Each parent's list has the articles of the parent, in the same order and with their count."""
    store = await new_store()
    await apply(store, *documents)
    whole = Oracle(documents, visibility).sorted(order)
    owned: dict[Listing[Article], dict[str, set[str]]] = {
        ARTICLES_OF_PROVIDER: {
            key: {one.path for one in documents if one.provider and one.provider.key == key}
            for key in {provider(name).key for name in NAMES}
        },
        ARTICLES_OF_TOPIC: {
            key: {one.path for one in documents if key in [topic.key for topic in one.topics]}
            for key in ("a", "b", "none")
        },
    }
    async with store.snapshot(visibility) as snapshot:
        for listing, parents in owned.items():
            for window in (Window(2), Window(2, True)):
                pages = await ask(snapshot, PageOf(listing, order, window), list(parents))
                for parent, its in parents.items():
                    line = [path for path in whole if path in its]
                    assert paths(pages[parent]) == (line[-2:] if window.backward else line[:2])
            counts = await ask(snapshot, CountOf(listing), list(parents))
            assert counts == {parent: len(its & set(whole)) for parent, its in parents.items()}
    await store.close()


async def test_many_parents_are_one_call(store: ContentStore) -> None:
    """A page for each of many parents is one query, and reads one row more than each page."""
    await apply(store, *(document(f"{n}.md", topics=topics(f"t{n % 10}"), heat=n) for n in range(60)))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        parents = [f"t{n}" for n in range(10)]
        await ask(snapshot, PageOf(ARTICLES_OF_TOPIC, NEWEST_FIRST, Window(3)), parents)
        assert snapshot.usage == (1, 40)
        by_heat = (OrderTerm(ArticleOrderField["HEAT"]),)
        pages = await ask(snapshot, PageOf(ARTICLES_OF_TOPIC, by_heat, Window(3)), parents)
        assert snapshot.usage == (2, 80)
        window = Window(3, cursor=pages["t0"].edges[-1].cursor)
        await ask(snapshot, Precedes(ARTICLES_OF_TOPIC, by_heat, window), parents)
        assert snapshot.usage == (3, 90)


async def test_order_of_mentions(store: ContentStore) -> None:
    """By their article's date, newest first, then path, then position. All are visited once."""
    acme = provider("Acme")
    entries = (entry("x", None, acme), entry("y", None, provider("Other")), entry("x", None, acme))
    await apply(
        store,
        document("b", published_date_time=day(1), related=entries),
        document("a", published_date_time=day(1), related=entries),
        document("undated", related=entries),
        document("new", published_date_time=day(2), related=entries),
        document("draft", published=False, published_date_time=day(3), related=entries),
    )
    expected = [(path, at) for path in ("new", "a", "b", "undated") for at in (0, 2)]
    ids = {article_id(path): path for path in ("new", "a", "b", "undated", "draft")}
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        for backward in (False, True):
            pages = await walk(snapshot, MENTIONS, acme.key, NEWEST_FIRST, size=3, backward=backward)
            edges = [edge for page in (reversed(pages) if backward else pages) for edge in page.edges]
            assert [(ids[edge.node.source_id], edge.node.position) for edge in edges] == expected
        assert await ask(snapshot, CountOf(MENTIONS), [acme.key, "none"]) == {acme.key: 8, "none": 0}


@pytest.mark.parametrize("direction", OrderDirection)
@pytest.mark.parametrize(
    ("listing", "fields"), [(PROVIDERS, list(ProviderOrderField)), (TOPICS, list(TopicOrderField))], ids=str
)
async def test_orders_of_providers_and_topics(
    store: ContentStore, listing: Listing[Any], fields: list[ProviderOrderField], direction: OrderDirection
) -> None:
    """Each is visited once, in a consistent order."""
    domains = (None, "b.org", "a.org", None)
    given = [provider(name, domain) for name in NAMES for domain in domains]
    await apply(
        store, *(document(f"{n}", provider=one, topics=topics(one.name, one.key)) for n, one in enumerate(given))
    )
    for field in fields:
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            pages = await walk(snapshot, listing, WHOLE, (OrderTerm(field, direction),), size=2)
            keys = [edge.node.key for page in pages for edge in page.edges]
            backward = await walk(snapshot, listing, WHOLE, (OrderTerm(field, direction),), size=3, backward=True)
            [count] = (await ask(snapshot, CountOf(listing), [WHOLE])).values()
        assert len(keys) == len(set(keys)) == count
        assert [edge.node.key for page in reversed(backward) for edge in page.edges] == keys


async def test_topics_by_count(store: ContentStore) -> None:
    """The most used come first, and the key breaks ties."""
    await apply(store, document("1", topics=topics("b", "a")), document("2", topics=topics("b", "c")))
    order = (OrderTerm(TopicOrderField.ARTICLE_COUNT, OrderDirection.DESC),)
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        page = await read_one(snapshot, PageOf(TOPICS, order, Window(9)))
    assert [edge.node.key for edge in page.edges] == ["b", "a", "c"]


async def test_pages_of_backlinks(store: ContentStore) -> None:
    """Referring articles, newest first, each once and never the article itself."""
    url = "https://example.org/x"
    to_x = (entry("x", url), entry("x again", "http://www.example.org/x/"))
    await apply(
        store,
        document("x", urls=(url,), related=to_x),
        *(document(f"{n}", published_date_time=day(n), related=to_x) for n in range(1, 6)),
        document("draft", published=False, related=to_x),
    )
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        pages = await walk(snapshot, ARTICLES_REFERRING, article_id("x"), NEWEST_FIRST, size=2)
        assert [path for page in pages for path in paths(page)] == ["5", "4", "3", "2", "1"]


async def test_cursor_belongs_to_its_order(store: ContentStore) -> None:
    """Another order, direction, position of nulls or type refuses it."""
    await apply(store, document("a", topics=topics("t")), document("b"))
    term = NEWEST_FIRST[0]
    others: list[tuple[Listing[Any], Order]] = [
        (ARTICLES, ()),
        (ARTICLES, (term._replace(direction=OrderDirection.ASC),)),
        (ARTICLES, (term._replace(nulls=NullsOrder.FIRST),)),
        (MENTIONS, NEWEST_FIRST),
        (TOPICS, ()),
    ]
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        page = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(1)))
        for listing, order in others:
            with pytest.raises(BadUserInput):
                await ask(snapshot, PageOf(listing, order, Window(1, cursor=page.edges[0].cursor)), [WHOLE])
            with pytest.raises(BadUserInput):
                await ask(snapshot, Precedes(listing, order, Window(1, cursor=page.edges[0].cursor)), [WHOLE])


async def test_ids_and_cursors_depend_only_on_content(new_store: Open) -> None:
    """The order of loading does not matter."""
    documents = [document(f"{n}", published_date_time=day(n % 3 + 1), topics=topics("t")) for n in range(5)]
    one, other = await new_store(), await new_store()
    await apply(one, *documents)
    await apply(other, document("gone"))
    await apply(other, Deleted("gone"), *reversed(documents))
    edges = []
    for store in (one, other):
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            page = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(9)))
            edges.append([(edge.cursor, edge.node.id) for edge in page.edges])
    assert edges[0] == edges[1]
    assert len(edges[0]) == 5
