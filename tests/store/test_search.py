"""Searches, compared with plain Python that follows the documented rules."""

from __future__ import annotations

import random
import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.identity import article_id
from gateway.errors import BadUserInput
from gateway.model.changes import Deleted
from gateway.model.documents import CustomValues, Document
from gateway.model.lists import BEST_FIRST, NEWEST_FIRST, Page, SearchField, SearchMode, Window
from gateway.model.records import Article, Visibility
from gateway.search import Search
from gateway.store.protocol import ContentStore, Snapshot, Usage, read_one
from gateway.store.reads import (
    ARTICLES,
    ARTICLES_OF_TOPIC,
    WHOLE,
    CountOf,
    Listing,
    PageOf,
    Precedes,
    ScoreOf,
    SimilarTo,
    SuggestionOf,
)
from gateway.store.sqlite.store import SqliteStore
from gateway.store.tables import VIEWS
from tests.store.conftest import Open
from tests.store.documents import NOW, SOON, apply, author, day, document, provider, topics
from tests.store.reading import ask

PROPERTY = settings(max_examples=40)
ROOT = Path(__file__).parent.parent.parent

# The oracle.


UNDECOMPOSED = {"ł": "l", "ø": "o", "æ": "ae", "ß": "ss"}


async def suggested(snapshot: Snapshot, listing: Listing[Article]) -> str | None:
    return await read_one(snapshot, SuggestionOf(listing))


def pieces(text: str) -> list[str]:
    """Letters and digits with their marks are words. A run of Chinese or Japanese characters is one piece."""
    found, word, in_run = list[str](), "", False
    for character in f"{text} ":
        if character in "\u00ad\u200b" or unicodedata.combining(character):
            continue
        starts_run = is_run(character)
        if word and (starts_run != in_run or not character.isalnum()):
            found.append(word)
            word = ""
        in_run = starts_run
        if character.isalnum():
            plain = unicodedata.normalize("NFKD", character).casefold()
            word += "".join(UNDECOMPOSED.get(c, c) for c in plain if not unicodedata.combining(c))
    return found


def is_run(piece: str) -> bool:
    return re.match("CJK|HIRAGANA|KATAKANA", unicodedata.name(piece[0], "")) is not None


def words(text: str) -> list[str]:
    """Pairs of adjacent characters in a run are words, and so is a single character."""
    found = list[str]()
    for piece in pieces(text):
        is_pairs = is_run(piece) and len(piece) > 1
        found += [one + other for one, other in pairwise(piece)] if is_pairs else [piece]
    return found


@dataclass(frozen=True)
class Oracle:
    """The expected results of a search. Bodies have no markup."""

    documents: Sequence[Document]
    visibility: Visibility

    def visible(self) -> list[Document]:
        return [one for one in self.documents if one.published or self.visibility is Visibility.PREVIEW]

    def provider_name(self, one: Document) -> str:
        """The words of a published article are those that the public finds, also for previews."""
        if one.provider is None:
            return ""
        counted = [other for other in self.documents if other.published or not one.published]
        names = [other.provider.name for other in counted if other.provider and other.provider.key == one.provider.key]
        return min(names, key=lambda name: (-names.count(name), name))

    def texts(self, one: Document, fields: frozenset[SearchField]) -> Iterator[list[str]]:
        """The pieces of each."""
        every = [
            (SearchField.TITLE, one.title),
            (SearchField.EXCERPT, one.excerpt or ""),
            (SearchField.BODY, one.body),
            (SearchField.TOPICS, " ".join(topic.name for topic in one.topics)),
            (SearchField.PROVIDER, self.provider_name(one)),
            (SearchField.AUTHORS, " ".join(author.name for author in one.authors)),
            *((SearchField.FIELDS, text) for text in one.custom.words),
        ]
        return (pieces(text) for field, text in every if field in fields)

    def finds(self, search: Search) -> set[str]:
        return {one.path for one in self.visible() if matches(search, list(self.texts(one, search.fields)))}


def matches(search: Search, texts: Sequence[Sequence[str]]) -> bool:
    wanted = words(search.text)
    if not wanted or not texts:
        return False
    held = [piece for text in texts for piece in text]

    def has(word: str) -> bool:
        return any(word in piece if is_run(word) else word == piece for piece in held)

    def begun(word: str) -> bool:
        return any(word in piece if is_run(word) else piece.startswith(word) for piece in held)

    match search.mode:
        case SearchMode.ALL_TERMS:
            return all(map(has, {*wanted} - {wanted[-1]})) and begun(wanted[-1])
        case SearchMode.ANY_TERM:
            return any(map(has, wanted)) or begun(wanted[-1])
        case SearchMode.PREFIX:
            return all(map(begun, wanted))
        case SearchMode.PHRASE:
            return any(has_phrase(text, pieces(search.text)) for text in texts)


def has_phrase(text: Sequence[str], phrase: Sequence[str]) -> bool:
    """The first piece may be the end of a run, the last the beginning of one, and a single one any part."""
    if len(phrase) == 1:
        return any(phrase[0] in piece if is_run(phrase[0]) else phrase[0] == piece for piece in text)
    first, *middle, last = phrase
    return any(
        (run[0].endswith(first) if is_run(first) else run[0] == first)
        and (run[-1].startswith(last) if is_run(last) else run[-1] == last)
        and list(run[1:-1]) == middle
        for run in (text[at : at + len(phrase)] for at in range(len(text) - len(phrase) + 1))
    )


VOCABULARY = (
    *("data", "Dataset", "dátum", "da\u00adta", "net", "networks", "ｎｅｔ", "ﬁne", "x", "Łódź", "lodz", "smørbrød"),
    *("学习", "机器学习", "学", "学\u200b习", "习x", "x机器"),
)
TEXTS = st.lists(st.sampled_from(VOCABULARY), max_size=4).map(" ".join)
TYPED = (*VOCABULARY, "da", "ne", "net-work", "none", '"', "AND", "习", "器学", "机", "łó", "smor")
QUERIES = st.lists(st.sampled_from(TYPED), max_size=4).map(" ".join)
FIELDS = st.just(frozenset(SearchField)) | st.sets(st.sampled_from(SearchField)).map(frozenset)
SEARCHES = st.builds(Search, QUERIES, FIELDS, st.sampled_from(SearchMode))


@st.composite
def corpora(draw: st.DrawFn) -> list[Document]:
    """Small corpora that share words, topics and the names of one provider."""
    names = st.sampled_from(("Net", "Data House"))
    return [
        document(
            f"{number}.md",
            title=draw(TEXTS),
            excerpt=draw(st.none() | TEXTS),
            body=draw(TEXTS),
            published=draw(st.booleans()),
            published_date_time=draw(st.none() | st.integers(1, 3).map(day)),
            provider=draw(st.none() | names.map(lambda name: provider(name, "net.example"))),
            topics=topics(*draw(st.sets(st.sampled_from(("Data", "Networks", "学习"))))),
            authors=tuple(map(author, sorted(draw(st.sets(st.sampled_from(("Data Desk", "Networks", "机器学习"))))))),
            custom=CustomValues(words=draw(st.tuples(TEXTS, TEXTS, TEXTS))),
        )
        for number in draw(st.permutations(range(draw(st.integers(0, 8)))))
    ]


def paths(page: Page[Article]) -> list[str]:
    return [edge.node.path for edge in page.edges]


async def ranked(snapshot: Snapshot, search: Search, window: Window | None = None) -> Page[Article]:
    listing = ARTICLES.matching(search)
    return await read_one(snapshot, PageOf(listing, BEST_FIRST, window or Window(100)))


async def results_of(snapshot: Snapshot, search: Search) -> object:
    """All results of a search."""
    listing = ARTICLES.matching(search)
    scored = [(edge.node, edge.score) for edge in (await ranked(snapshot, search)).edges]
    return scored, await ask(snapshot, CountOf(listing), [WHOLE]), await suggested(snapshot, listing)


# Results.


@PROPERTY
@given(corpora(), st.lists(SEARCHES, min_size=1, max_size=6), st.sampled_from(Visibility))
async def test_search_equals_the_oracle(
    new_store: Open, documents: list[Document], searches: list[Search], visibility: Visibility
) -> None:
    """By score and in other orders, in any mode and fields, with its count."""
    store = await new_store()
    await apply(store, *documents)
    async with store.snapshot(visibility) as snapshot:
        for search in searches:
            expected = Oracle(documents, visibility).finds(search)
            listing = ARTICLES.matching(search)
            page = await ranked(snapshot, search)
            newest = await read_one(snapshot, PageOf(listing, NEWEST_FIRST, Window(100)))
            assert sorted(paths(page)) == sorted(paths(newest)) == sorted(expected)
            assert await ask(snapshot, CountOf(listing), [WHOLE]) == {WHOLE: len(expected)}
            scores = await ask(snapshot, ScoreOf(search), [edge.node.id for edge in newest.edges])
            assert scores == {edge.node.id: edge.score for edge in page.edges}
            assert [(-scores[edge.node.id], edge.node.path) for edge in page.edges] == sorted(
                (-scores[edge.node.id], edge.node.path) for edge in newest.edges
            )
    await store.close()


@PROPERTY
@given(corpora(), SEARCHES)
async def test_stricter_modes_find_subsets(new_store: Open, documents: list[Document], search: Search) -> None:
    """Phrases are a subset of all terms, and these of any term."""
    store = await new_store()
    await apply(store, *documents)
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        found = {mode: set(paths(await ranked(snapshot, replace(search, mode=mode)))) for mode in SearchMode}
    await store.close()
    assert found[SearchMode.PHRASE] <= found[SearchMode.ALL_TERMS] <= found[SearchMode.ANY_TERM]
    assert found[SearchMode.ALL_TERMS] <= found[SearchMode.PREFIX]


TRICKY = (
    "facial-recognition",
    '"',
    "38.101",
    "AND",
    "OR NOT",
    "NEAR(",
    "*",
    "^a",
    "{title}:a",
    "-",
    "学习",
    "🎉",
    "",
    "\0",
)


@PROPERTY
@given(st.sampled_from(TRICKY) | st.text() | st.text('"*():^-+{} ANDOR学é', max_size=30), st.sampled_from(SearchMode))
async def test_arbitrary_text_is_searchable(new_store: Open, text: str, mode: SearchMode) -> None:
    """No text is an error, and a text with a word finds the article with that title."""
    store = await new_store()
    await apply(store, document("a.md", title=text), document("b.md", title="other"))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        page = await ranked(snapshot, Search(text, mode=mode))
        await suggested(snapshot, ARTICLES.matching(Search(text, mode=mode)))
    await store.close()
    assert "a.md" in paths(page) or not any(each.isascii() and each.isalnum() for each in text)
    assert "a.md" not in paths(page) or any(map(str.isalnum, text))


async def test_field_weights(store: ContentStore) -> None:
    """Title before topics, excerpt, provider, authors and body. A whole word comes before a prefix."""
    names = {"topics": topics("w4"), "provider": provider("w5"), "authors": (author("w6"),)}
    filler = {"title": "w1", "excerpt": "w2", "body": "w3", **names}
    given = {"topics": topics("net"), "provider": provider("net"), "authors": (author("net"),)}
    fields = ("title", "topics", "excerpt", "provider", "authors", "body")
    await apply(
        store,
        *(document(f"{at}", **{**filler, field: given.get(field, "net")}) for at, field in enumerate(fields)),
        document("6", **{**filler, "body": "network"}),
        *(document(f"none{at}", **filler) for at in range(9)),
    )
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert paths(await ranked(snapshot, Search("net"))) == ["0", "1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("mode", SearchMode)
async def test_single_character_in_a_run(store: ContentStore, mode: SearchMode) -> None:
    """At any position of the run and the query, with equal counts."""
    await apply(
        store, *(document(title, title=title) for title in ("学机器", "机学器", "机器学", "机器", "学 x", "x 学"))
    )
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        found = (await ranked(snapshot, Search("学", mode=mode))).edges
        assert {edge.node.path for edge in found} == {"学机器", "机学器", "机器学", "学 x", "x 学"}
        assert len({edge.score for edge in found if len(edge.node.path.split()) == 1}) == 1
        both = {edge.node.path for edge in (await ranked(snapshot, Search("学 x", mode=mode))).edges}
        every = {"学 x", "x 学"} | ({"学机器", "机学器", "机器学"} if mode is SearchMode.ANY_TERM else set())
        assert both == ({"学 x"} if mode is SearchMode.PHRASE else every)


LETTERS = {
    "Łódź": "lodz",
    "Smørbrød": "smorbrod",
    "Đường": "duong",
    "Cœur": "coeur",
    "Ærlig": "aerlig",
    "Kadıköy": "kadikoy",
    "Þórr": "thorr",
    "Straße": "strasse",
    "Ħal": "hal",
    "Ŋara": "nara",
    "Əli": "eli",
}


@pytest.mark.parametrize(("title", "typed"), LETTERS.items())
async def test_letters_without_a_decomposition(store: ContentStore, title: str, typed: str) -> None:
    """Plain and special letters find each other, and misspellings of them are corrected."""
    await apply(store, document("a.md", title=title), document("b.md", title=typed))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        for text in (title, typed, title.upper(), typed[:-1]):
            assert sorted(paths(await ranked(snapshot, Search(text)))) == ["a.md", "b.md"], text
        assert await suggested(snapshot, ARTICLES.matching(Search(f"{title}x"))) == (typed if len(typed) > 2 else None)


HIDING = ("content", "Łódź", "機械学習", "می\u200cخواهم", "क्षेत्र")
IGNORABLE = st.text("\u00ad\u200b\u200c\u200d\u2060\ufeff", max_size=2)


@PROPERTY
@given(
    st.data(), st.sampled_from(("content", "Łódź", "機械学習", "می\u200cخواهم", "क्षेत्र")), st.sampled_from(SearchMode)
)
async def test_invisible_characters_are_ignored(
    new_store: Open, data: st.DataObject, word: str, mode: SearchMode
) -> None:
    """In documents and in queries."""
    written, typed = ("".join(data.draw(IGNORABLE) + letter for letter in word) for _ in range(2))
    store = await new_store()
    await apply(store, document("a.md", title=f"The {written} of"), document("b.md", body=f"The {word} of"))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        found = await ranked(snapshot, Search(typed, mode=mode))
    await store.close()
    assert sorted(paths(found)) == ["a.md", "b.md"]


async def test_soft_hyphen_in_a_body(store: ContentStore) -> None:
    """HTML's reference to it is valid in Markdown too."""
    await apply(store, document("a.md", body="The con&shy;tent of *gate&#8203;ways*"))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        for text in ("content", "gateways"):
            assert paths(await ranked(snapshot, Search(text))) == ["a.md"], text


async def test_markup_is_not_indexed(store: ContentStore) -> None:
    """Only text that readers see is found."""
    body = "A [link](https://target.example) and <b class='tag'>bold</b>\n\n```python\ncode\n```\n"
    await apply(store, document("a.md", body=body))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        for text, found in {"link": 1, "bold": 1, "code": 1, "target": 0, "class": 0, "python": 0}.items():
            assert len((await ranked(snapshot, Search(text))).edges) == found, text


# Visibility.


@PROPERTY
@given(corpora(), corpora(), st.lists(SEARCHES, min_size=1, max_size=6), st.sampled_from(Visibility))
async def test_hidden_articles_do_not_affect_searches(
    new_store: Open, before: list[Document], after: list[Document], searches: list[Search], visibility: Visibility
) -> None:
    """Results, scores, suggestions and neighbours equal those of a new database without them."""
    store, other = await new_store(), await new_store()
    kept = {one.path for one in after}
    await apply(store, *before)
    await apply(store, *after, *(Deleted(one.path) for one in before if one.path not in kept))
    await apply(other, *Oracle(after, visibility).visible())
    async with store.snapshot(visibility) as one, other.snapshot(visibility) as two:
        for search in searches:
            assert await results_of(one, search) == await results_of(two, search)
        ids = [article_id(each.path) for each in after]
        assert await ask(one, SimilarTo(5), ids) == await ask(two, SimilarTo(5), ids)
    await store.close()
    await other.close()


async def test_due_article_is_found(store: ContentStore) -> None:
    """It is in the public index exactly while it is public."""
    await apply(store, document("a.md", title="Later", published_date_time=day(5)), as_of=day(1))
    for time, found in ((day(1), 0), (day(5), 1), (day(2), 0), (NOW, 1)):
        await apply(store, as_of=time)
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            assert len((await ranked(snapshot, Search("later"))).edges) == found
        async with store.snapshot(Visibility.PREVIEW) as snapshot:
            assert len((await ranked(snapshot, Search("later"))).edges) == 1


async def test_search_uses_the_shown_names(store: ContentStore) -> None:
    """If most articles use another name of a provider, all its articles are found by it."""
    await apply(store, document("a.md", provider=provider("Old Name", "x.example")))
    newer = [document(f"{at}.md", provider=provider("New Name", "x.example")) for at in range(2)]
    await apply(store, *newer)
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert "a.md" in paths(await ranked(snapshot, Search("new")))
        assert paths(await ranked(snapshot, Search("old"))) == []
    await apply(store, *(Deleted(one.path) for one in newer))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert paths(await ranked(snapshot, Search("old"))) == ["a.md"]
        assert paths(await ranked(snapshot, Search("new"))) == []
    greek = [document(f"g{at}", topics=topics(name)) for at, name in enumerate(("\u1fb3", "αι", "αι"))]
    await apply(store, greek[0])  # one topic, of names that are different words
    await apply(store, *greek[1:])
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert "g0" in paths(await ranked(snapshot, Search("αι")))


# Pages.


@PROPERTY
@given(corpora(), SEARCHES, st.integers(0, 4), st.integers(0, 9), st.booleans())
async def test_window_is_a_slice(
    new_store: Open, documents: list[Document], search: Search, size: int, at: int, backward: bool
) -> None:
    """A page after a row or an offset is that slice, with correct information about both sides."""
    store = await new_store()
    await apply(store, *documents)
    listing = ARTICLES.matching(search)
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        everything = (await ranked(snapshot, search)).edges
        windows = [Window(size, backward, None, at)]
        if at < len(everything):
            windows.append(Window(size, backward, everything[at].cursor))
        for window in windows:
            line = list(everything[::-1] if backward else everything)
            start = line.index(everything[at]) + 1 if window.cursor else at
            page = await ranked(snapshot, search, window)
            expected = line[start : start + size]
            assert list(page.edges) == (expected[::-1] if backward else expected)
            assert page.has_more == (len(line) > start + size)
            preceded = await read_one(snapshot, Precedes(listing, BEST_FIRST, window))
            assert preceded == bool(line[:start])
    await store.close()


async def test_cursor_under_another_revision(store: ContentStore) -> None:
    """It continues after its article if that is still found, and otherwise after its score."""
    await apply(store, *(document(f"{at}", body="net " * at + "x " * (9 - at)) for at in range(1, 6)))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        page = await ranked(snapshot, Search("net"), Window(2))
    assert paths(page) == ["5", "4"]
    window = Window(9, cursor=page.edges[-1].cursor)
    await apply(store, *(document(f"new{at}") for at in range(50)))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        rest = await ranked(snapshot, Search("net"), window)
        assert paths(rest) == ["3", "2", "1"]
        assert await read_one(snapshot, Precedes(ARTICLES.matching(Search("net")), BEST_FIRST, window))
    await apply(store, Deleted("4"), *(Deleted(f"new{at}") for at in range(50)))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert set(paths(await ranked(snapshot, Search("net"), window))) <= {"3", "2", "1"}


async def test_cursor_belongs_to_its_search(store: ContentStore) -> None:
    """Scores of two searches are not comparable. A list without a search has none."""
    await apply(store, document("a", title="data net"))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        cursor = (await ranked(snapshot, Search("net"))).edges[0].cursor
        assert (await ranked(snapshot, Search(" NET! "), Window(1, cursor=cursor))).edges == ()
        with pytest.raises(BadUserInput, match="another order"):
            await ranked(snapshot, Search("data"), Window(1, cursor=cursor))
        for listing in (ARTICLES, ARTICLES_OF_TOPIC.matching(Search("net"))):
            with pytest.raises(BadUserInput, match="SCORE"):
                await ask(snapshot, PageOf(listing, BEST_FIRST, Window(1)), [WHOLE])


async def test_search_within_a_topic(store: ContentStore) -> None:
    """A search applies to any list of articles."""
    await apply(
        store, *(document(f"{at}", title="net" if at % 2 else "x", topics=topics(f"t{at % 3}")) for at in range(9))
    )
    listing = ARTICLES_OF_TOPIC.matching(Search("net"))
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        pages = await ask(snapshot, PageOf(listing, (), Window(9)), ["t0", "t1"])
        assert {parent: paths(page) for parent, page in pages.items()} == {"t0": ["3"], "t1": ["1", "7"]}
        assert await ask(snapshot, CountOf(listing), ["t0", "t1", "t2"]) == {"t0": 1, "t1": 2, "t2": 1}


# Suggestions.


@pytest.mark.parametrize(
    ("search", "suggestion"),
    [
        (Search("facail"), "facial"),
        (Search("xacial"), "facial"),
        (Search("Facal-recognitoin RULES"), "facial-recognition RULES"),
        (Search("facial"), None),
        (Search("facial gardens"), None),
        (Search("zzzzzz"), None),
        (Search("facail zzzzzz"), None),
        (Search("facail zzzzzz", mode=SearchMode.ANY_TERM), None),
        (Search("rulse facail", mode=SearchMode.PHRASE), None),
        (Search("facail recognition", mode=SearchMode.PHRASE), "facial recognition"),
        (Search("facail", fields=frozenset({SearchField.BODY})), None),
        (Search("gardem", fields=frozenset({SearchField.BODY})), "garden"),
        (Search("gardens", fields=frozenset({SearchField.BODY})), "garden"),
        (Search("безопастность"), "безопасность"),
        (Search("sceret"), None),
        (Search("学习"), None),
        (Search(""), None),
        (Search("facail", fields=frozenset()), None),
        (Search("ab"), None),
    ],
    ids=lambda value: value.text if isinstance(value, Search) else str(value),
)
async def test_suggestions(store: ContentStore, search: Search, suggestion: str | None) -> None:
    """Each misspelt word is corrected by visible words of the searched fields, if that has results."""
    await apply(
        store,
        document("a.md", title="Facial recognition rules"),
        document("b.md", title="Gardens", body="The garden of facts"),
        document("c.md", title="Безопасность"),
        document("d.md", title="Secret facail", published=False),
    )
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        assert await suggested(snapshot, ARTICLES.matching(search)) == suggestion


def edited(word: str, choose: random.Random) -> str:
    at, letter = choose.randrange(len(word)), choose.choice("abcdefghijklmnopqrstuvwxyz")
    kinds = [word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]]
    if at + 1 < len(word):
        kinds.append(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
    return choose.choice([kind for kind in kinds if kind != word])


async def test_three_of_four_misspellings_are_corrected(store: ContentStore) -> None:
    """Of 200 title words of five letters or more with one edit each. The titles are lines of the docs."""
    prose = [line for file in sorted((ROOT / "docs").glob("*.md")) for line in file.read_text().splitlines() if line]
    await apply(store, *(document(f"{at}.md", title=line) for at, line in enumerate(prose)))
    known = sorted({word for line in prose for word in words(line) if len(word) >= 5 and word.isalpha()})
    choose = random.Random(1)  # noqa: S311 - repeatable, and no secret
    slips = [(edited(word, choose), word) for word in choose.sample(known, 200)]
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        searches = {slip: ARTICLES.matching(Search(slip, mode=SearchMode.PHRASE)) for slip, _ in slips}
        corrected = sum([await suggested(snapshot, searches[slip]) == word for slip, word in slips])
    assert corrected >= 150


# Neighbours.


async def test_neighbours_share_topics_or_words(store: ContentStore) -> None:
    """Rare topics count more than common ones, and topics more than words. Words rank without shared topics."""
    await apply(
        store,
        document("it", title="Solar panels", excerpt="on roofs", topics=topics("Energy", "Roofs", "News")),
        document("rare", title="x", topics=topics("Roofs")),
        document("common", title="x", topics=topics("News")),
        document("both", title="x", topics=topics("News", "Roofs")),
        document("common and words", title="Solar", topics=topics("News")),
        document("words", title="Panels", excerpt="of solar roofs"),
        document("one word", body="solar"),
        document("none", title="y"),
        document("draft", title="Solar panels on roofs", topics=topics("Roofs"), published=False),
        *(document(f"news {at}", title="z", topics=topics("News")) for at in range(9)),
    )
    async with store.snapshot(Visibility.PUBLIC) as snapshot:
        found = (await ask(snapshot, SimilarTo(20), [article_id("it")]))[article_id("it")]
        assert [each.article.path for each in found][:4] == ["both", "rare", "common and words", "common"]
        assert [each.article.path for each in found if each.score < 1] == ["words", "one word"]
        assert len(found) == 15
        assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
        assert (await ask(snapshot, SimilarTo(2), [article_id("it")]))[article_id("it")] == found[:2]
        alone = [article_id("none"), article_id("draft"), "ar_x"]
        assert await ask(snapshot, SimilarTo(5), alone) == dict.fromkeys(alone, ())
    async with store.snapshot(Visibility.PREVIEW) as snapshot:
        assert "draft" in [
            each.article.path for each in (await ask(snapshot, SimilarTo(9), [article_id("it")]))[article_id("it")]
        ]


# Rows read.


async def usages(store: ContentStore, number: int) -> list[Usage]:
    """The cost of each query over a corpus of this size, where every tenth article has the word."""
    every = [
        document(f"{at}", title=f"word{at} common", body="rare" if at % 10 == 0 else "", topics=topics(f"t{at % 5}"))
        for at in range(number)
    ]
    await apply(store, *every)
    found = []
    for search in (Search("rare"), Search("common"), Search("comnon rare")):
        async with store.snapshot(Visibility.PUBLIC) as snapshot:
            page = await ranked(snapshot, search, Window(2))
            await ask(snapshot, CountOf(ARTICLES.matching(search)), [WHOLE])
            await ask(snapshot, ScoreOf(search), [edge.node.id for edge in page.edges])
            if page.edges:
                await ranked(snapshot, search, Window(2, cursor=page.edges[0].cursor))
            await suggested(snapshot, ARTICLES.matching(search))
            await ask(snapshot, SimilarTo(3), [article_id("0"), article_id("1")])
            found.append(snapshot.usage)
    return found


async def test_read_rows_do_not_grow_with_the_corpus(new_store: Open) -> None:
    """Equal calls return as many rows from forty articles as from two thousand."""
    assert await usages(await new_store(), 40) == await usages(await new_store(), 2000)


def vocabulary(path: Path) -> list[tuple[object, ...]]:
    """The words of both full-text indexes, by column, with the numbers of articles and of occurrences."""
    database = sqlite3.connect(path)
    rows = [database.execute(f"SELECT * FROM vocabulary_{view}").fetchall() for view in VIEWS]  # noqa: S608
    database.close()
    return [row for found in rows for row in found]


@pytest.mark.parametrize("name", ["Acme", "The Acme", "机器", "½ Acme"])
async def test_removed_articles_leave_no_words(tmp_path: Path, name: str) -> None:
    """Also if another name of the provider is shown, and if the article becomes due in the run that removes it.

    Removing other words than the indexed ones would corrupt the index.
    """
    path = tmp_path / "content.db"
    store = await SqliteStore.open(path)
    usual = [document(f"usual{at}", provider=provider("Acme Organisation", "acme.org")) for at in range(2)]
    other = document(
        "other", published_date_time=SOON, provider=provider(name, "acme.org"), topics=topics("机器 learning")
    )
    alone = document("alone", provider=provider(name, "alone.org"))
    await apply(store, *usual, other, alone)
    await apply(store, Deleted("other"), as_of=SOON)
    await apply(store, other, as_of=NOW)
    await apply(store, replace(other, title="Changed"), as_of=SOON)
    await apply(store, *(Deleted(one.path) for one in (*usual, other, alone)), as_of=SOON)
    assert vocabulary(path) == []
    await store.close()
