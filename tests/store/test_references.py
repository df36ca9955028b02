"""References of custom fields: what they lead to, from both sides, compared with plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.identity import article_id
from gateway.filters import Field, Filter, HasReference, IsNotNull, Not
from gateway.model.collections import Collections, CustomField
from gateway.model.documents import CustomValues, Document
from gateway.model.lists import NEWEST_FIRST, Largest, ReferenceKind, Window
from gateway.model.records import Article, Visibility
from gateway.store.protocol import ContentStore, Snapshot, read_one
from gateway.store.reads import (
    ARTICLES_REFERRING,
    REFERRING,
    WHOLE,
    CountOf,
    GroupsOf,
    Listing,
    PageOf,
    ReferencesOf,
    referring_by,
)
from tests.store.conftest import Open
from tests.store.custom import AUTHOR, DECLARED, POSTS, RECIPES
from tests.store.documents import NOW, apply, day, document
from tests.store.reading import ask

PROPERTY = settings(max_examples=40)
PATHS = tuple("abcdefgh")
URLS = tuple(f"https://example.org/{n}" for n in range(3))
KEYS = (*URLS, *map(article_id, "ab"))


def referring(
    path: str, author: Sequence[str] = (), recipes: Sequence[Sequence[str]] = (), **others: object
) -> Document:
    """A document whose references may mean the articles with these keys."""
    found = [(AUTHOR.number, 0, tuple(author))] if author else []
    found += [(RECIPES.number, at, tuple(keys)) for at, keys in enumerate(recipes)]
    return document(path, **{"collection": "posts", "custom": CustomValues(references=tuple(found)), **others})


@st.composite
def documents(draw: st.DrawFn) -> Document:
    keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True)
    return referring(
        draw(st.sampled_from(PATHS)),
        draw(st.just([]) | keys),
        draw(st.lists(keys, max_size=3)),
        collection=draw(st.sampled_from(("posts", "people", None))),
        urls=tuple(draw(st.lists(st.sampled_from(URLS), max_size=2, unique=True))),
        published=draw(st.booleans()) or draw(st.booleans()),
        unlisted=draw(st.booleans()) and draw(st.booleans()),
        published_date_time=draw(st.none() | st.integers(1, 3).map(day)),
    )


class Oracle:
    def __init__(self, corpus: Mapping[str, Document], visibility: Visibility) -> None:
        preview = visibility is Visibility.PREVIEW
        self.found = {path: one for path, one in corpus.items() if one.published or preview}
        self.listed = {path for path, one in self.found.items() if preview or not one.unlisted}

    def owner(self, key: str, collection: str) -> str | None:
        owners = [
            one
            for path, one in self.found.items()
            if (key in one.urls or key == article_id(path)) and collection in {"", one.collection}
        ]
        first = sorted(owners, key=lambda one: one.path)
        dated = [one for one in first if one.published_date_time]
        dated.sort(key=lambda one: one.published_date_time or NOW, reverse=True)
        return next((one.path for one in [*dated, *first]), None)

    def targets(self, path: str, field: CustomField) -> list[str]:
        found = []
        for number, _, keys in self.found[path].custom.references:
            if number == field.number:
                owners = (self.owner(key, field.target) for key in keys)
                found.append(next(filter(None, owners), None))
        return list(dict.fromkeys(filter(None, found)))

    def newest(self, collection: str | None = None) -> list[str]:
        """The listed articles, newest first."""
        found = sorted(path for path in self.listed if collection in {None, self.found[path].collection})
        dates = {path: self.found[path].published_date_time for path in found}
        dated = sorted((path for path in found if dates[path]), key=lambda path: dates[path] or NOW, reverse=True)
        return dated + [path for path in found if not dates[path]]


async def paths(snapshot: Snapshot, listing: Listing[Article], parent: str = WHOLE) -> list[str]:
    found = [
        edge.node.path for edge in (await read_one(snapshot, PageOf(listing, NEWEST_FIRST, Window()), parent)).edges
    ]
    assert await read_one(snapshot, CountOf(listing), parent) == len(found)
    return found


async def check(store: ContentStore, corpus: Mapping[str, Document], visibility: Visibility) -> None:
    expected = Oracle(corpus, visibility)
    posts = expected.newest("posts")
    every = {path: expected.targets(path, AUTHOR) + expected.targets(path, RECIPES) for path in expected.found}
    async with store.snapshot(visibility) as snapshot:
        for path in expected.found:
            referring = [each for each in expected.newest() if path in every[each] and path != each]
            assert await paths(snapshot, REFERRING[frozenset({ReferenceKind.FIELD})], article_id(path)) == referring
        for field in (AUTHOR, RECIPES):
            targets = {path: expected.targets(path, field) for path in expected.found}
            found = await ask(snapshot, ReferencesOf(field), [article_id(path) for path in corpus])
            of_posts = {path: one for path, one in targets.items() if expected.found[path].collection == "posts"}
            assert {path: [*found[article_id(path)]] for path in of_posts} == {
                path: [*map(article_id, one)] for path, one in of_posts.items()
            }
            for path in expected.found:
                back = [each for each in posts if path in targets[each]]
                assert await paths(snapshot, referring_by(field), article_id(path)) == back
                for by, value in ((Field.ID, article_id(path)), (Field.SLUG, path), (Field.PATH, path)):
                    assert await paths(snapshot, POSTS.where(HasReference(field, by, (value,)))) == back
            both = HasReference(field, Field.PATH, ("a", "b"))
            of_both = [path for path in posts if {"a", "b"} & {*targets[path]}]
            conditions: list[tuple[Filter, list[str]]] = [
                (both, of_both),
                (Not(both), [path for path in posts if path not in of_both]),
                (IsNotNull(field), [path for path in posts if targets[path]]),
            ]
            for filter_, matching in conditions:
                assert await paths(snapshot, POSTS.where(filter_)) == matching
            groups = await read_one(snapshot, GroupsOf(POSTS, Largest(field)))
            counts = Counter(target for path in posts for target in targets[path])
            assert [(value.path, size) for value, size in groups if isinstance(value, Article)] == sorted(
                counts.items(), key=lambda each: (-each[1], each[0])
            )


@PROPERTY
@given(
    st.lists(st.lists(documents(), max_size=5, unique_by=lambda one: one.path), min_size=1, max_size=3),
    st.sampled_from(Visibility),
)
async def test_references_equal_the_oracle(new_store: Open, runs: list[list[Document]], visibility: Visibility) -> None:
    """After any runs: the first key that leads to a visible article of the target's collection is meant."""
    store = await new_store()
    corpus: dict[str, Document] = {}
    for changes in runs:
        await apply(store, *changes, collections=DECLARED)
        corpus |= {one.path: one for one in changes}
        await check(store, corpus, visibility)
    await store.close()


async def test_another_target(new_store: Open) -> None:
    """References are resolved again if their field leads to another collection, although no article changed."""
    store = await new_store()
    corpus = {
        one.path: one
        for one in (
            referring("a", [URLS[0]]),
            document("b", collection="people", urls=URLS[:1]),
            document("c", collection="recipes", urls=URLS[:1], published_date_time=day(1)),
        )
    }
    anyone = AUTHOR._replace(target="")
    posts, people = DECLARED.all
    fields = tuple(anyone if each == AUTHOR else each for each in posts.fields)
    for field, declared, target in (
        (AUTHOR, DECLARED, "b"),
        (anyone, Collections((posts._replace(fields=fields), people)), "c"),
        (AUTHOR, DECLARED, "b"),
    ):
        await apply(store, *corpus.values(), collections=declared)
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            found = await ask(snapshot, ReferencesOf(field), [article_id("a")])
            assert found == {article_id("a"): [article_id(target)]}
    await store.close()


async def test_references_are_backlinks(new_store: Open) -> None:
    """An article that becomes due is found by its references, and refers to others."""
    store = await new_store()
    later = NOW + timedelta(days=1)
    await apply(
        store,
        referring("a", [URLS[0]]),
        document("b", collection="people", urls=URLS[:1], public_from=later),
        collections=DECLARED,
    )
    for as_of, expected in ((NOW, []), (later, ["a"])):
        await apply(store, as_of=as_of)
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            assert await paths(snapshot, ARTICLES_REFERRING, article_id("b")) == expected
            assert await paths(snapshot, referring_by(AUTHOR), article_id("b")) == expected
    await store.close()
