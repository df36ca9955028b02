"""Articles of collections: lists, facets and searches of them, their custom values, and the declaration."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.content.identity import article_id
from gateway.filters import Field, HasItems, In, IsNotNull
from gateway.model.changes import Quarantined, Restricted
from gateway.model.collections import NO_COLLECTIONS, Collection, Collections
from gateway.model.documents import CustomValues, Document, Restriction
from gateway.model.lists import BEST_FIRST, NEWEST_FIRST, Group, Grouping, Largest, SearchField, Window
from gateway.model.problems import Problem, Severity
from gateway.model.records import Article, Visibility
from gateway.search import Search
from gateway.store.custom_indexes import statements
from gateway.store.protocol import ChangeSet, ContentStore, Snapshot, read_one
from gateway.store.reads import (
    ARTICLE_BY_PATH,
    ARTICLES,
    ARTICLES_OF_TOPIC,
    WHOLE,
    Ask,
    CountOf,
    GroupsOf,
    Listing,
    PageOf,
    ReadSteps,
    SnippetsOf,
)
from gateway.store.sqlite.store import SqliteStore
from gateway.store.sqlite.writer import LARGE
from gateway.store.tables import INDEXES
from tests.store.custom import DECLARED, RATING, TOOLS, Values, custom_indexes, indexes, post
from tests.store.documents import NOW, apply, day, document, loaded, stream, topics, version
from tests.store.reading import look_up

POSTS = Collections((Collection("posts", "Post", "post", ("posts/**",), (RATING,)),))
EVERY = [
    document("a", collection="posts", custom=CustomValues('{"rating":4.5}'), topics=topics("AI")),
    document("b", collection="people", topics=topics("AI"), published_date_time=day(2)),
    document("c", collection="posts", published_date_time=day(3)),
    document("d", topics=topics("AI")),
    document("draft", collection="posts", published=False),
]


async def paths(snapshot: Snapshot, listing: Listing[Article], parent: str = WHOLE) -> list[str]:
    page = await read_one(snapshot, PageOf(listing, NEWEST_FIRST, Window()), parent)
    assert await read_one(snapshot, CountOf(listing), parent) == len(page.edges)
    return [edge.node.path for edge in page.edges]


async def test_lists_within_a_collection(store: ContentStore) -> None:
    """The list of all articles, one of a parent, and one with a filter. A collection without articles has none."""
    await apply(store, *EVERY)
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert await paths(snapshot, ARTICLES.within("posts")) == ["c", "a"]
        assert await paths(snapshot, ARTICLES.within("none")) == []
        assert await paths(snapshot, ARTICLES_OF_TOPIC.within("posts"), "ai") == ["a"]
        undated = ARTICLES.where(In(Field["TITLE"], ("a", "b")))
        assert await paths(snapshot, undated.within("posts")) == ["a"]
        assert await snapshot.matching_ids(ARTICLES.within("people")) == {article_id("b")}
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        assert await paths(snapshot, ARTICLES.within("posts")) == ["c", "a", "draft"]


@pytest.mark.parametrize("name", ["po'sts", "", "post s", "1a", "é"])
async def test_name_that_is_no_name(store: ContentStore, name: str) -> None:
    """It is not part of a query."""
    await apply(store)
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        with pytest.raises(ValueError, match=f"^{name}$"):
            await snapshot.matching_ids(ARTICLES.within(name))


async def test_filter_by_collection(store: ContentStore) -> None:
    """One, several, and any."""
    await apply(store, *EVERY)
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert await paths(snapshot, ARTICLES.where(In(Field.COLLECTION, ("people",)))) == ["b"]
        assert await paths(snapshot, ARTICLES.where(In(Field.COLLECTION, ("people", "posts")))) == ["c", "b", "a"]
        assert await paths(snapshot, ARTICLES.where(IsNotNull(Field.COLLECTION))) == ["c", "b", "a"]


async def test_facet_of_collections(store: ContentStore) -> None:
    """The public does not count drafts, and articles without a collection are not counted."""
    await apply(store, *EVERY)
    facet = GroupsOf(ARTICLES, Largest(Grouping.COLLECTION))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert await read_one(snapshot, facet) == [Group("posts", 2), Group("people", 1)]
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        assert await read_one(snapshot, facet) == [Group("posts", 3), Group("people", 1)]


async def test_custom_values_of_records(store: ContentStore) -> None:
    """Records and rows have the values by their keys, and none outside a collection."""
    await apply(store, *EVERY)
    columns = ("path", "collection", "custom")

    def plan() -> ReadSteps[list[object]]:
        page = PageOf(ARTICLES, NEWEST_FIRST, Window())
        [found] = yield [Ask(page, [WHOLE], columns)]
        return [tuple(row[:3]) for row in found[WHOLE].rows]

    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        found = await look_up(snapshot, ARTICLE_BY_PATH, ["a", "c", "d"])
        assert {path: (each.collection, each.custom) for path, each in found.items()} == {
            "a": ("posts", {"rating": 4.5}),
            "c": ("posts", {}),
            "d": (None, {}),
        }
        assert await snapshot.run(plan()) == [
            ("c", "posts", {}),
            ("b", "people", {}),
            ("a", "posts", {"rating": 4.5}),
            ("d", None, {}),
        ]


def worded(path: str, low: str = "", normal: str = "", high: str = "") -> Document:
    return document(path, custom=CustomValues(words=(low, normal, high)), collection="posts")


async def test_search_in_custom_fields(store: ContentStore) -> None:
    """A word in a field of a higher weight scores higher. Snippets show the text of the fields."""
    await apply(store, worded("low", "Umami"), worded("normal", "", "umami"), worded("high", "", "", "Umâmi"))
    search = Search("umami")
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        listing = ARTICLES.matching(search)
        for each in (listing, listing.within("posts")):
            page = await read_one(snapshot, PageOf(each, BEST_FIRST, Window()))
            assert [edge.node.path for edge in page.edges] == ["high", "normal", "low"]
        assert await paths(snapshot, listing.within("people")) == []
        assert await paths(snapshot, ARTICLES.matching(replace(search, fields=frozenset({SearchField.TITLE})))) == []
        [snippet] = await read_one(snapshot, SnippetsOf(search, 100), article_id("high"))
        assert (snippet.field, snippet.html) == (SearchField.FIELDS, "<mark>Umâmi</mark>")


async def test_search_after_changes(store: ContentStore) -> None:
    """An article is found by its new words, and not by its former ones, also if only the time showed it."""
    later = NOW + timedelta(days=1)
    await apply(store, worded("a", "old"), replace(worded("b", "old"), public_from=later))
    await apply(store, worded("a", "new"), as_of=NOW + timedelta(days=2))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert await paths(snapshot, ARTICLES.matching(Search("old"))) == ["b"]
        assert await paths(snapshot, ARTICLES.matching(Search("new"))) == ["a"]


async def test_declaration_is_part_of_the_generation(store: ContentStore) -> None:
    """Another one is another generation of each view, although no article changed. None keeps it."""
    await apply(store, document("a"), collections=NO_COLLECTIONS)
    seen = []
    for collections, expected in [(POSTS, POSTS), (None, POSTS), (POSTS, POSTS), (NO_COLLECTIONS, NO_COLLECTIONS)]:
        applied = await apply(store, document("a"), collections=collections)
        for visibility in Visibility:
            async with store.snapshot(visibility) as snapshot:
                generation = await snapshot.generation()
                assert await snapshot.collections() == expected
                assert generation.schema == expected.digest
        seen.append((applied.changed, generation.counter))
    assert seen == [(True, 2), (False, 2), (False, 2), (True, 3)]


async def test_indexes_are_those_of_the_declaration(tmp_path: Path) -> None:
    """They come and go with it, and survive a large run, which drops and creates all indexes."""
    path = tmp_path / "content.db"
    store = await SqliteStore.open(path)
    found = []
    for declared in (POSTS, None, DECLARED, POSTS, NO_COLLECTIONS):
        await apply(store, document("a"), collections=declared)
        found.append(custom_indexes(path))
    assert found == [{*statements(POSTS)}, {*statements(POSTS)}, {*statements(DECLARED)}, {*statements(POSTS)}, set()]
    many = [[loaded(document(f"{number}")) for number in range(LARGE)]]
    for collections in (POSTS, None, DECLARED):
        await store.apply(ChangeSet(NOW, stream(many), expected=LARGE, collections=collections))
        found.append(custom_indexes(path))
    assert found[5:] == [{*statements(POSTS)}, {*statements(POSTS)}, {*statements(DECLARED)}]
    assert {*INDEXES} < indexes(path)
    await store.close()


BROKEN = Problem(Severity.ERROR, "BAD", "It is broken.", "a")
PLEASANT = Collections(
    (DECLARED.all[0]._replace(fields=(*DECLARED.all[0].fields, RATING._replace(path=("mood",)))), DECLARED.all[1])
)
"""Another declaration of the posts, and the same one of the people."""


@pytest.mark.parametrize("stays", ["broken", "missing"])
async def test_article_that_stays_leaves_a_collection_that_changed(store: ContentStore, stays: str) -> None:
    """Its values have the types of the former declaration. It returns when its file is decoded again."""
    values: Values = {RATING: 4.5, TOOLS: ["pan"]}
    person = document("p", collection="people", custom=CustomValues('{"rating":1.5}'))
    await apply(store, post("a", values), post("b", values), person, collections=DECLARED)
    broken = [Quarantined("a", (BROKEN,), version("a", "broken"))] if stays == "broken" else []
    await apply(
        store, *broken, *(Restricted(path, Restriction()) for path in "ap"), post("b", values), collections=PLEASANT
    )

    async def found() -> dict[str, tuple[str | None, object]]:
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            assert await paths(snapshot, ARTICLES.within("posts").where(HasItems(TOOLS, ("pan",)))) == expected
            return {
                path: (each.collection, each.custom)
                for path, each in (await look_up(snapshot, ARTICLE_BY_PATH, ["a", "b", "p"])).items()
            }

    kept = ("posts", {"rating": 4.5, "tools": ["pan"]})
    expected = ["b"]
    assert await found() == {"a": (None, {}), "b": kept, "p": ("people", {"rating": 1.5})}
    await apply(store, loaded(post("a", values), mtime=1_800_000_000), collections=PLEASANT)
    expected = ["a", "b"]
    assert (await found())["a"] == kept
