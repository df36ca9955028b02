"""Search and neighbours over GraphQL, with a real database."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import parse

from gateway.execution.cost import analyse
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context
from gateway.limits import Limits
from gateway.model.lists import SearchField, SearchMode
from gateway.store.protocol import ContentStore
from tests.databases import new_store
from tests.schema import SCHEMA
from tests.store.documents import apply, author, day, document, provider, topics
from tests.test_graph import PREVIEW, ask, data

DOCUMENTS = (
    document(
        "a.md",
        title="Facial recognition & <rules>",
        excerpt="How 学习 is  regulated",
        body="# Body\n\nOf **facial** [things](https://facial.example).",
        topics=topics("AI", "Law", "Facial data"),
        provider=provider("The Facial Post", "post.example"),
        authors=(author("Facial"),),
        published_date_time=day(1),
    ),
    document("b.md", title="Recognition", topics=topics("Law", "Other", "AI"), published_date_time=day(3)),
    document("c.md", title="Gardens", excerpt="A facial", published_date_time=day(2)),
    document("draft.md", title="Facial wordling", topics=topics("AI"), published=False),
    *(document(f"x{at}.md", title=f"Filler {at}") for at in range(5)),
)


@pytest_asyncio.fixture
async def store(each_database_in_full: None, tmp_path: Path) -> AsyncIterator[ContentStore]:  # noqa: ARG001
    """A database of DOCUMENTS."""
    async with new_store(tmp_path / "content.db") as opened:
        await apply(opened, *DOCUMENTS)
        yield opened


def paths(connection: Mapping[str, Any]) -> list[str]:
    return [node["path"].removesuffix(".md") for node in connection["nodes"]]


async def test_search_results(store: ContentStore) -> None:
    """Articles by score, their number, and the matching parts of their texts."""
    query = """{ search(query: "FACIAL!") { totalCount suggestion nodes { path } pageInfo { hasNextPage }
        edges { cursor score node { path } snippets { field text html highlights { start end } } } } }"""
    found = (await data(store, query))["search"]
    assert (found["totalCount"], found["suggestion"], found["pageInfo"]["hasNextPage"]) == (2, None, False)
    assert paths(found) == [edge["node"]["path"].removesuffix(".md") for edge in found["edges"]] == ["a", "c"]
    assert found["edges"][0]["score"] > found["edges"][1]["score"] > 0
    snippets = {each["field"]: each for each in found["edges"][0]["snippets"]}
    assert {field: each["html"] for field, each in snippets.items()} == {
        "TITLE": "<mark>Facial</mark> recognition &amp; &lt;rules&gt;",
        "TOPICS": "AI, Law, <mark>Facial</mark> data",
        "PROVIDER": "The <mark>Facial</mark> Post",
        "AUTHORS": "<mark>Facial</mark>",
        "BODY": "Body Of <mark>facial</mark> things.",
    }
    assert list(snippets) == ["TITLE", "TOPICS", "PROVIDER", "AUTHORS", "BODY"]
    assert snippets["BODY"]["text"][slice(*snippets["BODY"]["highlights"][0].values())] == "facial"


async def test_snippet_uses_the_text_of_the_body(store: ContentStore) -> None:
    """It shows the body's text, code and entities included. The body is not rendered."""
    bodies = (
        "Before.\n\n```python\nmarked = a_b[0](c) # <b>\n```\n\nAfter `<i>` &amp; *the* end.",
        "- Of an [item](https://marked.example), ![marked picture](a.png)\n\n      marked *code*\n",
    )
    await apply(store, *(document(f"body{at}", body=body) for at, body in enumerate(bodies)))
    renderer = BodyRenderer()
    query = '{ search(query: "marked") { edges { snippets { field text } node { body { text } } } } }'
    async with store.snapshot(PREVIEW.visibility) as snapshot:
        context = Context(PREVIEW, snapshot, Limits(), renderer)
        answer = await SCHEMA.execute(query, context_value=context)
    assert answer.data
    found = answer.data["search"]["edges"]
    whole = [" ".join(edge["node"]["body"]["text"].split()) for edge in found]
    assert [[(one["field"], one["text"]) for one in edge["snippets"]] for edge in found] == [
        [("BODY", text)] for text in whole
    ]
    assert sorted(whole) == [
        "Before. marked = a_b[0](c) # <b> After <i> & the end.",
        "Of an item, marked picture marked *code*",
    ]
    assert renderer.render_count == 0


async def test_modes_and_fields(store: ContentStore) -> None:
    """Nulls count as absent, and an empty list of fields finds nothing."""
    query = """{
        all: search(query: "facial recog") { nodes { path } }
        any: search(query: "recognition gardens", mode: ANY_TERM, orderBy: []) { nodes { path } }
        phrase: search(query: "facial things", mode: PHRASE) { nodes { path } }
        prefix: search(query: "fac rul", mode: PREFIX) { nodes { path } }
        excerpt: search(query: "facial", in: [EXCERPT]) { nodes { path } edges { snippets { field } } }
        spaceless: search(query: "学习", in: null, mode: null, orderBy: null, first: null) { nodes { path } }
        nowhere: search(query: "facial", in: []) { totalCount suggestion nodes { path } }
        nothing: search(query: "") { totalCount suggestion nodes { path } }
    }"""
    found = await data(store, query)
    assert found["excerpt"].pop("edges") == [{"snippets": [{"field": "EXCERPT"}]}]
    assert {name: paths(each) for name, each in found.items()} == {
        "all": ["a"],
        "any": ["a", "b", "c"],
        "phrase": ["a"],
        "prefix": ["a"],
        "excerpt": ["c"],
        "spaceless": ["a"],
        "nowhere": [],
        "nothing": [],
    }
    assert (found["nowhere"]["totalCount"], found["nothing"]["suggestion"]) == (0, None)


async def test_other_order_keeps_scores(store: ContentStore) -> None:
    """Ordered by date a search uses the cursors of articles and returns scores."""
    query = """query Q($after: String) { search(query: "facial", first: 1, after: $after,
        orderBy: [{field: PUBLISHED_DATE_TIME, direction: DESC}]) {
            edges { score node { path } } pageInfo { endCursor hasPreviousPage } } }"""
    first = (await data(store, query))["search"]
    second = (await data(store, query, after=first["pageInfo"]["endCursor"]))["search"]
    assert [each["edges"][0]["node"]["path"] for each in (first, second)] == ["c.md", "a.md"]
    assert second["edges"][0]["score"] > first["edges"][0]["score"] > 0
    assert second["pageInfo"]["hasPreviousPage"]


async def test_pages_by_score_cover_the_result(store: ContentStore) -> None:
    """From either end, by cursor and by offset."""
    query = """query Q($first: Int, $after: String, $last: Int, $before: String, $offset: Int) {
        search(query: "filler recognition gardens", mode: ANY_TERM, first: $first, after: $after, last: $last,
          before: $before, offset: $offset) {
            nodes { path } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

    async def read(**window: Any) -> Any:
        return (await data(store, query, **window))["search"]

    whole = paths(await read())
    assert len(whole) == 8
    one = await read(first=3)
    two = await read(first=3, after=one["pageInfo"]["endCursor"])
    end = await read(last=2)
    back = await read(last=3, before=end["pageInfo"]["startCursor"])
    assert [paths(each) for each in (one, two, end, back)] == [whole[:3], whole[3:6], whole[6:], whole[3:6]]
    assert paths(await read(first=3, offset=3)) == whole[3:6]
    assert [each["pageInfo"]["hasPreviousPage"] for each in (one, two, end, back)] == [False, True, True, True]
    assert [each["pageInfo"]["hasNextPage"] for each in (one, two, end, back)] == [True, True, False, True]


@pytest.mark.parametrize(
    "text", ["facial-recognition", '"', "38.101", "AND", "NEAR(", "*", "🎉", "\ud800", "\0", "a " * 5000]
)
async def test_arbitrary_text_is_searchable(store: ContentStore, text: str) -> None:
    """No text is an error in any mode."""
    query = """query Q($text: String!) { a: search(query: $text) { totalCount suggestion }
        b: search(query: $text, mode: PHRASE) { totalCount suggestion edges { snippets { text } } }
        c: search(query: $text, mode: PREFIX) { totalCount suggestion } }"""
    found = await data(store, query, text=text)
    assert found["a"]["totalCount"] == (1 if text == "facial-recognition" else 0) or text.startswith("a ")


async def test_word_limit(store: ContentStore) -> None:
    """A long text is searched by its first words."""
    query = "query Q($text: String!) { search(query: $text) { totalCount } }"
    assert (await data(store, query, text="facial " * 32 + "nowhere"))["search"]["totalCount"] == 2
    assert (await data(store, query, text="facial " * 31 + "nowhere"))["search"]["totalCount"] == 0
    short = await ask(store, query, limits=Limits(search_words=1), text="facial nowhere")
    assert short.data["search"]["totalCount"] == 2


async def test_filtered_search(store: ContentStore) -> None:
    """The filter applies to pages, count, facets and suggestion, in any order."""
    query = """query Q($filter: ArticleFilter) {
        best: search(query: "facial", filter: $filter) { totalCount nodes { path } }
        newest: search(query: "facial", filter: $filter, orderBy: [{field: PUBLISHED_DATE_TIME, direction: DESC}])
          { nodes { path } edges { score } }
        none: search(query: "facail", filter: $filter) { suggestion }
        facets(query: "facial", filter: $filter) { topics { topic { name } count } }
        nothing: facets(query: "") { topics { count } } all: facets(query: null) { topics { count } } }"""
    found = await data(store, query, filter={"topics": {"anyOf": ["law"]}})
    assert (paths(found["best"]), found["best"]["totalCount"], paths(found["newest"])) == (["a"], 1, ["a"])
    assert found["none"] == {"suggestion": "facial"}
    assert [each["topic"]["name"] for each in found["facets"]["topics"]] == ["AI", "Facial data", "Law"]
    assert (found["nothing"]["topics"], len(found["all"]["topics"])) == ([], 4)
    other = await data(store, query, filter={"path": {"eq": "b.md"}})
    assert (paths(other["best"]), other["none"]) == ([], {"suggestion": None})


async def test_suggestion_uses_visible_words(store: ContentStore) -> None:
    """Words of drafts are not suggested to the public."""
    query = '{ a: search(query: "recognitoin") { suggestion } b: search(query: "wordlingg") { suggestion } }'
    assert await data(store, query) == {"a": {"suggestion": "recognition"}, "b": {"suggestion": None}}
    assert (await data(store, query, PREVIEW))["b"] == {"suggestion": "wordling"}


async def test_similar_articles(store: ContentStore) -> None:
    """The nearest come first, with the shared topics in the order of the source article."""
    query = """{ article(path: "a.md") { similar { score article { path } sharedTopics { name } }
        one: similar(first: 1) { article { path } } none: similar(first: 0) { score } } }"""
    found = (await data(store, query))["article"]
    assert [
        (each["article"]["path"], [topic["name"] for topic in each["sharedTopics"]]) for each in found["similar"]
    ] == [
        ("b.md", ["AI", "Law"]),
        ("c.md", []),
    ]
    assert found["similar"][0]["score"] > 1 > found["similar"][1]["score"] > 0
    assert (found["one"], found["none"]) == ([{"article": {"path": "b.md"}}], [])
    preview = (await data(store, query, PREVIEW))["article"]["similar"]
    assert "draft.md" in [each["article"]["path"] for each in preview]


@pytest.mark.parametrize("first", [-1, 101])
async def test_number_of_neighbours_is_limited(store: ContentStore, first: int) -> None:
    """The limit is that of a page."""
    answer = await ask(store, f'{{ article(path: "a.md") {{ similar(first: {first}) {{ score }} }} }}')
    assert [error["code"] for error in answer.errors] == ["BAD_USER_INPUT" if first < 0 else "LIMIT_EXCEEDED"]


async def test_calls_do_not_depend_on_rows(store: ContentStore) -> None:
    """Many rows take as many calls as one."""
    query = """query Q($first: Int!) { search(query: "filler", first: $first) { totalCount edges { score
        snippets { field } node { similar { article { path } sharedTopics { name } } } } } }"""
    calls: Sequence[int] = [(await ask(store, query, first=first)).usage.calls for first in (1, 5)]
    assert calls[1] <= calls[0]


DOCS = (Path(__file__).parent.parent / "docs/search.md").read_text()
EXAMPLES = re.findall(r"```graphql\n(.*?)```", DOCS, re.DOTALL)


@pytest.mark.parametrize("query", EXAMPLES)
async def test_queries_of_the_docs_run(store: ContentStore, query: str) -> None:
    """Every query of docs/search.md costs at most a quarter of the limit."""
    await data(store, query)
    cost = analyse(SCHEMA._schema, parse(query), Limits()).check_cost(None, {})
    assert cost * 4 <= Limits().cost


def test_modes_and_fields_are_documented() -> None:
    """And the number of words."""
    assert len(EXAMPLES) == 3
    assert all(f"`{name}`" in DOCS for name in (*SearchMode, *SearchField))
    assert f"first {Limits().search_words} words" in DOCS
