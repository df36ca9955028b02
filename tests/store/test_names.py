"""Values derived from many files: names, slugs, counts, images, backlinks, and problems across files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.identity import article_id, digits, suffix
from gateway.content.text import fold, slug
from gateway.model.changes import Change, Deleted
from gateway.model.documents import Document, Image
from gateway.model.lists import Window
from gateway.model.problems import Problem, Severity
from gateway.model.records import Article, Author, Provider, Topic, Visibility
from gateway.store.protocol import ContentStore, read_one
from gateway.store.reads import (
    ARTICLE_BY_LOCALIZED_SLUG,
    ARTICLE_BY_PATH,
    ARTICLE_BY_SLUG,
    ARTICLE_BY_URL,
    ARTICLES_OF_AUTHOR,
    ARTICLES_OF_PROVIDER,
    ARTICLES_OF_TOPIC,
    ARTICLES_REFERRING,
    AUTHOR_BY_KEY,
    AUTHORS,
    PROVIDER_BY_KEY,
    PROVIDER_BY_SLUG,
    PROVIDERS,
    TOPIC_BY_KEY,
    TOPIC_BY_SLUG,
    TOPICS,
    PageOf,
    StatisticsOf,
    localized_slug,
)
from tests.store.conftest import Open
from tests.store.corpora import EVERY_SLUG, LOCALES, PATHS, answers, corpora, documents, runs
from tests.store.documents import NOW, SOON, apply, author, day, document, entry, provider, topics
from tests.store.reading import ask, look_up

PUBLIC, PREVIEW = Visibility.PUBLIC, Visibility.PREVIEW
PROPERTY = settings(max_examples=25)


async def the_provider(store: ContentStore, key: str, visibility: Visibility = PUBLIC) -> Provider:
    async with store.snapshot(visibility) as snapshot:
        return (await look_up(snapshot, PROVIDER_BY_KEY, [key]))[key]


async def the_topic(store: ContentStore, key: str, visibility: Visibility = PUBLIC) -> Topic:
    async with store.snapshot(visibility) as snapshot:
        return (await look_up(snapshot, TOPIC_BY_KEY, [key]))[key]


async def the_author(store: ContentStore, key: str, visibility: Visibility = PUBLIC) -> Author:
    async with store.snapshot(visibility) as snapshot:
        return (await look_up(snapshot, AUTHOR_BY_KEY, [key]))[key]


async def slugs(store: ContentStore, visibility: Visibility = PUBLIC) -> dict[str, str]:
    async with store.snapshot(visibility) as snapshot:
        return {path: article.slug for path, article in (await look_up(snapshot, ARTICLE_BY_PATH, PATHS)).items()}


async def problems(store: ContentStore) -> list[Problem]:
    async with store.snapshot(PREVIEW) as snapshot:
        return list(await snapshot.problems(None, None))


# Independence from drafts.


def shown(documents: Iterable[Document], visibility: Visibility, as_of: datetime = NOW) -> list[Document]:
    if visibility is PREVIEW:
        return list(documents)
    return [
        one
        for one in documents
        if one.published and (one.published_date_time is None or one.published_date_time <= as_of)
    ]


@PROPERTY
@given(corpora())
async def test_drafts_do_not_affect_public_values(new_store: Open, corpus: list[Document]) -> None:
    """Slugs, names, counts, backlinks, URL owners, providers, topics, mentions, images, orders and cursors."""
    whole, without = await new_store(), await new_store()
    await apply(whole, *corpus)
    await apply(without, *shown(corpus, PUBLIC))
    assert await answers(whole, PUBLIC) == await answers(without, PUBLIC)
    await whole.close()
    await without.close()


# Independence from the order of changes.


@PROPERTY
@given(runs(documents()))
async def test_any_sequence_of_runs_equals_one_run(
    new_store: Open, steps: list[tuple[datetime, list[Change | Document]]]
) -> None:
    """Each incrementally derived value equals the one from a single run of the last documents."""
    grown, fresh = await new_store(), await new_store()
    documents: dict[str, Document] = {}
    for as_of, changes in steps:
        await apply(grown, *changes, as_of=as_of)
        for change in changes:
            if isinstance(change, Document):
                documents[change.path] = change
            elif isinstance(change, Deleted):
                documents.pop(change.path, None)
    await apply(fresh, *documents.values(), as_of=steps[-1][0])
    for visibility in Visibility:
        assert await answers(grown, visibility) == await answers(fresh, visibility)
    await grown.close()
    await fresh.close()


# Comparison with plain Python.


@dataclass(frozen=True)
class Named:
    name: str
    slug: str
    count: int


@dataclass(frozen=True)
class Derived:
    """The expected derived values of some documents for a visibility."""

    documents: Sequence[Document]
    visibility: Visibility

    @property
    def visible(self) -> list[Document]:
        return shown(self.documents, self.visibility)

    def slugs(self) -> dict[str, str]:
        public = {one.path for one in shown(self.documents, PUBLIC)}
        every: dict[str, str] = {}
        for locale in {one.locale for one in self.documents}:
            wanted = {one.path: one.slug for one in self.documents if one.locale == locale}
            every |= self._given(wanted, {path: (path not in public, path) for path in wanted})
        return {one.path: every[one.path] for one in self.visible}

    def by_slug(self, slug: str, locales: Container[str | None]) -> str | None:
        """The path that a slug finds among articles of some locales."""
        given, public = self.slugs(), {one.path for one in shown(self.documents, PUBLIC)}
        found = [one for one in self.visible if given[one.path] == slug and one.locale in locales]
        ranked = sorted(found, key=lambda one: (one.path not in public, one.locale is not None, one.path))
        return ranked[0].path if ranked else None

    def topics(self) -> dict[str, Named]:
        uses = [(topic.key, topic.name, True) for one in self.visible for topic in one.topics]
        return self._named(uses, {topic.key for one in shown(self.documents, PUBLIC) for topic in one.topics})

    def authors(self) -> dict[str, Named]:
        uses = [(author.key, author.name, True) for one in self.visible for author in one.authors]
        return self._named(uses, {author.key for one in shown(self.documents, PUBLIC) for author in one.authors})

    def providers(self) -> dict[str, Named]:
        uses = list(self._provider_uses(self.visible))
        return self._named(uses, {key for key, _, _ in self._provider_uses(shown(self.documents, PUBLIC))})

    @staticmethod
    def _provider_uses(documents: Iterable[Document]) -> Iterable[tuple[str, str, bool]]:
        for one in documents:
            named = [(one.provider, True), *((entry.provider, False) for entry in one.related)]
            yield from ((it.key, it.name, own) for it, own in named if it)

    def _named(self, uses: Sequence[tuple[str, str, bool]], public: set[str]) -> dict[str, Named]:
        keys = {key for key, _, _ in uses}
        plain = {key: slug(key) for key in keys}
        given = self._given(plain, {key: (key not in public, key) for key in keys})
        found = {}
        for key in keys:
            own = [name for it, name, owned in uses if it == key and owned]
            names = own or [name for it, name, _ in uses if it == key]
            name = min(names, key=lambda name, names=names: (-names.count(name), fold(name), name))  # type: ignore[misc]
            found[key] = Named(name, given[key], len(own))
        return found

    @staticmethod
    def _given(wanted: dict[str, str], rank: dict[str, Any]) -> dict[str, str]:
        """The first article with a wanted slug gets it. The others get a suffix."""
        first: dict[str, str] = {}
        for key in sorted(wanted, key=rank.__getitem__):
            first.setdefault(wanted[key], key)
        return {key: slug if first[slug] == key else slug + suffix(key) for key, slug in wanted.items()}

    def owner(self, url: str | None) -> str | None:
        owners = [one for one in self.visible if url in one.urls]
        by_date = sorted(sorted(owners, key=lambda one: one.path), key=self._date, reverse=True)
        return by_date[0].path if by_date else None

    @staticmethod
    def _date(one: Document) -> float:
        return one.published_date_time.timestamp() if one.published_date_time else 0

    def backlinks(self) -> dict[str, set[str]]:
        found = defaultdict[str, set[str]](set)
        for one in self.visible:
            for each in one.related:
                target = self.owner(each.url)
                if target and target != one.path:
                    found[target].add(one.path)
        return dict(found)


@PROPERTY
@given(corpora(), st.sampled_from(Visibility))
async def test_derived_values_equal_plain_python(
    new_store: Open, corpus: list[Document], visibility: Visibility
) -> None:
    """Slugs, names, counts, URL owners and backlinks, for each visibility."""
    store = await new_store()
    await apply(store, *corpus)
    expected = Derived(corpus, visibility)
    found = await answers(store, visibility)
    assert await slugs(store, visibility) == expected.slugs()
    for lookup, locales in ((ARTICLE_BY_SLUG, LOCALES), (ARTICLE_BY_LOCALIZED_SLUG, {"de"})):
        by_slug = {key: article.path for key, article in found[lookup.name].items()}
        named = {slug: expected.by_slug(slug, locales) for slug in EVERY_SLUG}
        keys = {slug: localized_slug(slug, "de") if lookup is ARTICLE_BY_LOCALIZED_SLUG else slug for slug in named}
        assert by_slug == {keys[slug]: path for slug, path in named.items() if path}
    for listing, of_parent, names in (
        (PROVIDERS, ARTICLES_OF_PROVIDER, expected.providers()),
        (TOPICS, ARTICLES_OF_TOPIC, expected.topics()),
        (AUTHORS, ARTICLES_OF_AUTHOR, expected.authors()),
    ):
        counts = found[f"{of_parent.name} count"]
        nodes = [edge.node for edge in found[listing.name].edges]
        assert {node.key: Named(node.name, node.slug, counts[node.key]) for node in nodes} == names
        by_count = [edge.node.key for edge in found[f"{listing.name} by count"].edges]
        assert by_count == sorted(names, key=lambda key, names=names: (-names[key].count, key))  # type: ignore[misc]
    owners = {url: article.path for url, article in found[ARTICLE_BY_URL.name].items()}
    assert owners == {url: path for one in expected.visible for url in one.urls if (path := expected.owner(url))}
    pages = {id_: page.edges for id_, page in found[ARTICLES_REFERRING.name].items()}
    paths = {article_id(one.path): one.path for one in corpus}
    referring = {paths[id_]: {edge.node.path for edge in edges} for id_, edges in pages.items() if edges}
    assert referring == expected.backlinks()
    await store.close()


# Names.


async def test_provider_name_is_the_most_frequent_one(store: ContentStore) -> None:
    """Of the visible articles. Ties go to the first in alphabetical order, whatever the case."""
    names = ("beta", "Alpha", "alpha", "Zeta", "Zeta", "Zeta")
    drafts = [document(f"draft {n}", published=False, provider=provider("Draft", "a.org")) for n in range(4)]
    await apply(store, *drafts, *(document(f"{n}", provider=provider(name, "a.org")) for n, name in enumerate(names)))
    assert (await the_provider(store, "a.org", PREVIEW)) == (await the_provider(store, "a.org"))._replace(name="Draft")
    assert (await the_provider(store, "a.org")).name == "Zeta"
    await apply(store, Deleted("3"), Deleted("4"))
    assert (await the_provider(store, "a.org")).name == "Alpha"
    await apply(store, document("2", provider=provider("beta", "a.org")))
    assert (await the_provider(store, "a.org")).name == "beta"


async def test_provider_name_from_mentions(store: ContentStore) -> None:
    """One visible article outweighs all mentions."""
    mentions = tuple(entry(f"{n}", provider=provider(name, "a.org")) for n, name in enumerate(("Old", "New", "New")))
    await apply(
        store, document("a", related=mentions), document("b", published=False, provider=provider("Own", "a.org"))
    )
    assert (await the_provider(store, "a.org")).name == "New"
    assert (await the_provider(store, "a.org", PREVIEW)).name == "Own"
    await apply(store, document("b", provider=provider("Own", "a.org")))
    assert (await the_provider(store, "a.org")).name == "Own"


async def test_topic_name_is_the_most_frequent_one(store: ContentStore) -> None:
    """For each visibility separately."""
    spelt = {"1": "ai", "2": "AI", "3": "AI"}
    await apply(store, *(document(path, topics=topics(name), published=path == "1") for path, name in spelt.items()))
    assert await the_topic(store, "ai") == (await the_topic(store, "ai", PREVIEW))._replace(name="ai")
    assert (await the_topic(store, "ai", PREVIEW)).name == "AI"


async def test_unreferenced_names_are_removed(store: ContentStore) -> None:
    """Providers, topics and authors exist as long as a visible article or, for providers, an entry names them."""
    one = document(
        "a",
        provider=provider("P"),
        topics=topics("t"),
        authors=(author("A"), author("B")),
        related=(entry("x", None, provider("M")),),
    )
    await apply(store, one)
    for change, public, preview in (
        (replace(one, published=False), (0, 0, 0), (2, 1, 2)),
        (replace(one, provider=None, authors=(author("B"),)), (1, 1, 1), (1, 1, 1)),
        (replace(one, related=(), topics=()), (1, 0, 2), (1, 0, 2)),
        (one, (2, 1, 2), (2, 1, 2)),
        (Deleted("a"), (0, 0, 0), (0, 0, 0)),
    ):
        await apply(store, change)
        for visibility, expected in ((PUBLIC, public), (PREVIEW, preview)):
            async with store.snapshot(visibility) as snapshot:
                assert (await read_one(snapshot, StatisticsOf()))[2:] == expected
                providers = await read_one(snapshot, PageOf(PROVIDERS, (), Window()))
                named = await read_one(snapshot, PageOf(TOPICS, (), Window()))
                authors = await read_one(snapshot, PageOf(AUTHORS, (), Window()))
                assert (len(providers.edges), len(named.edges), len(authors.edges)) == expected


async def test_provider_images(store: ContentStore) -> None:
    """Those of its first visible article, in the default order, that gives some, else of its first such mention. The
    articles' own images do not count."""
    one, two, three = ((Image(f"{n}.png", n),) for n in range(1, 4))
    acme = provider("Acme")
    pictured = entry("y", None, acme._replace(images=three))
    await apply(
        store,
        document("newest", published_date_time=day(9), provider=acme),
        document("draft", published=False, published_date_time=day(8), provider=acme._replace(images=one)),
        document("old", published_date_time=day(1), provider=acme._replace(images=two), images=three),
        document("undated", provider=acme._replace(images=three)),
        document("m", published_date_time=day(9), related=(entry("x", None, acme, one), pictured)),
    )
    assert (await the_provider(store, acme.key)).images == two
    assert (await the_provider(store, acme.key, PREVIEW)).images == one
    await apply(store, Deleted("old"), Deleted("undated"))
    assert (await the_provider(store, acme.key)).images == three
    await apply(store, document("m"))
    assert (await the_provider(store, acme.key)).images == ()


async def test_author_name_and_url(store: ContentStore) -> None:
    """The most frequent ones of the visible articles. Ties go to the first in alphabetical order."""
    spelt = [("DESK", "/b"), ("Desk", "/a"), ("Desk", None), ("desk", "/b"), ("desk", "/c"), ("desk", "/c")]
    await apply(store, *(document(f"{n}", authors=(author(*each),), published=n < 4) for n, each in enumerate(spelt)))
    public, preview = await the_author(store, "desk"), await the_author(store, "desk", PREVIEW)
    assert (public.name, public.url, public.slug) == ("Desk", "/b", "desk")
    assert preview == public._replace(name="desk")
    await apply(store, Deleted("0"))
    assert (await the_author(store, "desk")).url == "/a"
    await apply(store, Deleted("1"), Deleted("3"))
    assert (await the_author(store, "desk")).url is None


async def test_author_images(store: ContentStore) -> None:
    """Those that the author's first visible article, in the default order, has of the author."""
    one, two = ((Image(f"{n}.png", n),) for n in range(1, 3))
    await apply(
        store,
        document("newest", published_date_time=day(9), authors=(author("A"),), images=one),
        document("draft", published=False, published_date_time=day(8), authors=(author("A", images=one),)),
        document("old", published_date_time=day(1), authors=(author("B", images=one), author("a", images=two))),
    )
    assert (await the_author(store, "a")).images == two
    assert (await the_author(store, "a", PREVIEW)).images == one
    await apply(store, document("old", published_date_time=day(1), authors=(author("a"),)))
    assert (await the_author(store, "a")).images == ()


async def test_provider_images_of_unlisted_articles(store: ContentStore) -> None:
    """A provider that only unlisted articles name has the images that they have of it, and a draft's are hidden."""
    one, two, three = ((Image(f"{n}.png", n),) for n in range(1, 4))
    acme = provider("Acme", "a.example")
    await apply(
        store,
        document("draft", published=False, published_date_time=day(9), provider=acme._replace(images=one)),
        document("own", unlisted=True, published_date_time=day(8), provider=acme._replace(images=two)),
        document("related", unlisted=True, related=(entry("x", None, acme._replace(images=three)),)),
    )
    assert (await the_provider(store, acme.key)).images == two
    assert (await the_provider(store, acme.key, PREVIEW)).images == one
    await apply(store, document("own", unlisted=True, provider=acme))
    assert (await the_provider(store, acme.key)).images == three
    await apply(store, document("listed", provider=acme))
    assert (await the_provider(store, acme.key)).images == ()


async def test_author_of_unlisted_articles(store: ContentStore) -> None:
    """Found by key, with URL and images, and in no list. A listed article makes the author listed."""
    await apply(store, document("a", unlisted=True, authors=(author("A", "/a", (Image("1.png"),)),)))
    found = await the_author(store, "a")
    assert (found.url, found.images) == ("/a", (Image("1.png"),))
    for change, number in ((document("b"), 0), (document("b", authors=(author("A"),)), 1)):
        await apply(store, change)
        async with store.snapshot(PUBLIC) as snapshot:
            page = await read_one(snapshot, PageOf(AUTHORS, (), Window()))
            assert [edge.node.key for edge in page.edges] == ["a"] * number


# Slugs.


async def test_slug_collisions(store: ContentStore) -> None:
    """Public articles come first, then the path decides. The others get a suffix of digits."""
    draft, *others = (document(path, slug="x") for path in PATHS[:4])
    await apply(store, replace(draft, published=False), *others)
    expected = {path: "x" + suffix(path) for path in PATHS[:4]}
    assert await slugs(store, PREVIEW) == {**expected, "b": "x"}
    await apply(store, draft)
    assert await slugs(store) == {**expected, "a": "x"}
    await apply(store, Deleted("a"), Deleted("b"))
    assert await slugs(store) == {"c": "x", "d": expected["d"]}
    await apply(store, document("d", slug="other"))
    assert await slugs(store) == {"c": "x", "d": "other"}


async def test_lookup_by_slug_respects_visibility(store: ContentStore) -> None:
    """Also for a slug that resembles another's suffix. Drafts are never found in public."""
    twin = "x" + suffix("c")
    await apply(
        store,
        document("a", slug=twin, published=False),
        document("b", slug="x"),
        document("c", slug="x"),
        document("d", slug="draft", published=False),
    )
    async with store.snapshot(PUBLIC) as snapshot:
        found = await look_up(snapshot, ARTICLE_BY_SLUG, ["x", twin, "draft", "none"])
    assert {slug: article.path for slug, article in found.items()} == {"x": "b", twin: "c"}
    async with store.snapshot(PREVIEW) as snapshot:
        found = await look_up(snapshot, ARTICLE_BY_SLUG, ["x", twin, "draft", "none"])
    assert {slug: article.path for slug, article in found.items()} == {"x": "b", twin: "c", "draft": "d"}


@PROPERTY
@given(corpora(), corpora(), st.sampled_from(Visibility))
async def test_translation_changes_no_slug(
    new_store: Open, corpus: list[Document], added: list[Document], visibility: Visibility
) -> None:
    """Files of one locale do not affect slugs of others."""
    store = await new_store()
    originals = [replace(one, path=f"{one.path}.md") for one in corpus]
    translations = [replace(one, locale="fr") for one in added]
    await apply(store, *originals)
    before = await answers(store, visibility)
    slugs_before = {edge.node.path: edge.node.slug for edge in before["articles"].edges}
    await apply(store, *translations)
    slugs_after = {edge.node.path: edge.node.slug for edge in (await answers(store, visibility))["articles"].edges}
    assert {path: slugs_after[path] for path in slugs_before} == slugs_before
    await apply(store, *(Deleted(one.path) for one in translations))
    assert await answers(store, visibility) == before
    await store.close()


async def test_change_of_locale(store: ContentStore) -> None:
    """The slug becomes free in the old locale and taken in the new one."""
    first, second, third = document("a", slug="x"), document("b", slug="x"), document("c", slug="x", locale="de")
    await apply(store, first, second, third)
    assert await slugs(store) == {"a": "x", "b": "x" + suffix("b"), "c": "x"}
    await apply(store, replace(first, locale="de"))
    assert await slugs(store) == {"a": "x", "b": "x", "c": "x" + suffix("c")}


async def test_topic_slug_collisions(store: ContentStore) -> None:
    """Topics with a public article come first, then the key decides."""
    await apply(
        store, document("1", topics=topics("C!", "机器学习", "C++")), document("2", topics=topics("C"), published=False)
    )
    assert (await the_topic(store, "c!")).slug == "c"
    assert (await the_topic(store, "c!", PREVIEW)).slug == "c"
    assert (await the_topic(store, "c", PREVIEW)).slug == "c" + suffix("c")
    assert (await the_topic(store, "机器学习")).slug == "机器学习"
    assert (await the_topic(store, "c++")).slug == "cplusplus"
    await apply(store, document("2", topics=topics("C")))
    assert (await the_topic(store, "c")).slug == "c"
    assert (await the_topic(store, "c!")).slug == "c" + suffix("c!")


async def test_slug_of_a_name_without_letters(store: ContentStore) -> None:
    """Digits without a leading `-`, which find it. Two such names have two slugs."""
    await apply(store, document("1", topics=topics("🚀", "🎉", "край", "краи")))
    keys = {digits("🚀"): "🚀", digits("🎉"): "🎉", "край": "край", "краи": "краи"}
    async with store.snapshot(PUBLIC) as snapshot:
        found = await look_up(snapshot, TOPIC_BY_SLUG, list(keys))
    assert {slug: topic.key for slug, topic in found.items()} == keys


async def test_provider_slug_collisions(store: ContentStore) -> None:
    """The slug of a domain may equal that of a name."""
    await apply(store, document("1", provider=provider("A", "acme.org")), document("2", provider=provider("Acme org")))
    async with store.snapshot(PUBLIC) as snapshot:
        found = await look_up(snapshot, PROVIDER_BY_SLUG, ["acme-org", "acme-org" + suffix("acme.org")])
    assert {slug: one.key for slug, one in found.items()} == {
        "acme-org": "acme-org",
        "acme-org" + suffix("acme.org"): "acme.org",
    }


# Problems across files.


@pytest.mark.parametrize("locale", [None, "de"])
async def test_duplicate_slug_is_a_problem(store: ContentStore, locale: str | None) -> None:
    """Within a locale. It disappears with the collision."""
    first, second = (document(path, slug="x", locale=locale) for path in "ab")
    await apply(store, first, second, document("c", slug="x", locale="fr"))
    message = f"The slug `x` belongs to a; this article answers to `x{suffix('b')}`."
    expected = Problem(Severity.WARNING, "SAME_SLUG", message, "b", hint="Give it a `slug` of its own.")
    assert await problems(store) == [expected]
    await apply(store, replace(first, published=False))
    message = f"The slug `x` belongs to b; this article answers to `x{suffix('a')}`."
    assert await problems(store) == [expected._replace(message=message, path="a")]
    await apply(store, replace(second, locale="en"))
    assert await problems(store) == []


async def test_topic_spellings_are_reported(store: ContentStore) -> None:
    """Once per further spelling, at the first file that has it."""
    spelt = {"1": "AI", "2": "AI", "3": "ai", "4": "ai", "5": "Ai", "6": "AI"}
    await apply(store, *(document(path, topics=topics(name)) for path, name in spelt.items()))

    def spelling_problem(name: str, path: str) -> Problem:
        message = f"The topic `AI` is spelt `{name}` here."
        return Problem(Severity.INFO, "TOPIC_SPELLING", message, path, hint="Spell it the same way everywhere.")

    assert await problems(store) == [spelling_problem("ai", "3"), spelling_problem("Ai", "5")]
    await apply(store, Deleted("3"), document("5"))
    assert await problems(store) == [spelling_problem("ai", "4")]


# Backlinks.


async def referring(store: ContentStore, path: str, visibility: Visibility = PUBLIC) -> list[str]:
    async with store.snapshot(visibility) as snapshot:
        [page] = (await ask(snapshot, PageOf(ARTICLES_REFERRING, (), Window()), [article_id(path)])).values()
    nodes: list[Article] = [edge.node for edge in page.edges]
    return [node.path for node in nodes]


async def test_backlinks_follow_the_owner_of_the_url(store: ContentStore) -> None:
    """The newest visible article with the URL is the target, as articles are added, removed and published."""
    url = "https://example.org/x"
    await apply(store, document("source", related=(entry("x", url),)))
    old, new = document("old", urls=(url,), published_date_time=day(1)), document("new", urls=(url,))
    for change, expected in (
        (old, {"old"}),
        (replace(new, published_date_time=day(2)), {"new"}),
        (replace(new, published_date_time=day(2), published=False), {"old"}),
        (new, {"old"}),
        (replace(new, published_date_time=SOON, public_from=SOON), {"old"}),
        (replace(new, published_date_time=day(2), urls=()), {"old"}),
        (Deleted("old"), set()),
        (new, {"new"}),
        (document("source", published=False, related=(entry("x", url),)), set()),
    ):
        await apply(store, change)
        assert {path for path in ("old", "new") if await referring(store, path) == ["source"]} == expected
    assert await referring(store, "new", PREVIEW) == ["source"]


async def test_due_articles_change_backlinks(store: ContentStore) -> None:
    """A due target takes its links, and a due source adds links."""
    url, other = "https://example.org/x", "https://example.org/y"
    await apply(
        store,
        document("old", urls=(url, other), published_date_time=day(1)),
        document("new", urls=(url,), published_date_time=SOON),
        document("source", related=(entry("x", url),)),
        document("later", published_date_time=SOON, related=(entry("y", other),)),
    )
    assert (await referring(store, "old"), await referring(store, "new")) == (["source"], [])
    assert (await referring(store, "old", PREVIEW), await referring(store, "new", PREVIEW)) == (["later"], ["source"])
    await apply(store, as_of=SOON)
    assert (await referring(store, "old"), await referring(store, "new")) == (["later"], ["source"])
