"""Queries over a database of real files: results, reads of the store, and refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.access.tokens import Scope, Viewer
from gateway.content import site_config
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.source import Walk
from gateway.errors import RequestError
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context
from gateway.graph.images import best_image
from gateway.limits import Limits
from gateway.model.changes import Change
from gateway.model.documents import Image
from gateway.model.records import Visibility
from gateway.store.protocol import ChangeSet, ContentStore, Usage
from gateway.stores import temporary_store
from tests.databases import new_store
from tests.schema import SCHEMA
from tests.store.documents import apply, document

PUBLIC = Viewer(Visibility.PUBLIC)
PREVIEW = Viewer(Visibility.PREVIEW, frozenset({Scope.PREVIEW}))
AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
ARTICLES = 25
"""Published articles of the corpus: every third of one provider, every second with one topic."""


def article(number: int) -> str:
    return f"""\
---
title: Article {number:02}
publishedDateTime: 2024-01-{number + 1:02}T08:00:00Z
webUrl: https://gazette.example/{number}
provider: {{name: Provider {number % 3}, domain: P{number % 3}.example}}
topics: [Topic {number % 2}, All]
images:
  - {{url: https://gazette.example/{number}.jpg, width: 800, height: 600, isCached: true}}
  - {{url: https://gazette.example/{number}-small.jpg, width: 200}}
related:
  - title: Next
    webUrl: https://www.gazette.example/{number + 1}/
    provider: {{name: Provider 0, domain: p0.example}}
  - {{title: Far, webUrl: "https://far.example/{number}", provider: {{name: Far, domain: far.example}}}}
weight: {number}
---
Text.
"""


FILES = {
    **{f"a/{number:02}.md": article(number) for number in range(ARTICLES)},
    "draft.md": "---\ntitle: A draft\npublished: false\npublishedDateTime: 2024-06-01\ntopics: [Hidden]\n"
    "secured: c2VjcmV0\nrelated:\n  - {title: First, webUrl: https://gazette.example/0}\n---\n",
    "secured.md": "---\ntitle: Secured\nsecured: b3BhcXVl\nprovider: {name: Nowhere}\n---\n",
    "broken.md": "---\ntitle: [\n---\n",
}


async def stream(changes: Sequence[Change]) -> AsyncIterator[Sequence[Change]]:
    yield changes


@asynccontextmanager
async def loaded(tmp_path: Path, files: Mapping[str, str]) -> AsyncIterator[ContentStore]:
    """A database of some files."""
    root = tmp_path / "content"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    rules = ParseContext(str(root), site=site_config.read(root).site)
    changes = [parse(Task(file), rules) for file in Walk(root).run().files.values()]
    async with new_store(tmp_path / "content.db") as opened:
        await opened.apply(ChangeSet(AS_OF, stream(changes)))
        yield opened


@pytest_asyncio.fixture
async def store(each_database_in_full: None, tmp_path: Path) -> AsyncIterator[ContentStore]:  # noqa: ARG001
    """A database of FILES."""
    async with loaded(tmp_path, FILES) as opened:
        yield opened


class Answer(NamedTuple):
    data: Any
    errors: list[Mapping[str, object]]
    """The extensions of each error, as clients get them."""
    usage: Usage


async def ask(
    store: ContentStore, query: str, viewer: Viewer = PUBLIC, limits: Limits | None = None, **variables: Any
) -> Answer:
    async with store.snapshot(viewer.visibility) as snapshot:
        context = Context(viewer, snapshot, limits or Limits(), BodyRenderer())
        result = await SCHEMA.execute(query, variable_values=variables, context_value=context)
        return Answer(result.data, [extensions(error.original_error) for error in result.errors or ()], snapshot.usage)


def extensions(error: Exception | None) -> Mapping[str, object]:
    assert isinstance(error, RequestError), error
    return error.extensions


async def data(store: ContentStore, query: str, viewer: Viewer = PUBLIC, **variables: Any) -> Any:
    answer = await ask(store, query, viewer, **variables)
    assert answer.errors == []
    return answer.data


def titles(connection: Mapping[str, Any]) -> list[int]:
    return [int(node["title"].removeprefix("Article ")) for node in connection["nodes"]]


# Results.


async def test_leaf_fields(store: ContentStore) -> None:
    """Texts, numbers, instants, enums, the file and the images are those of the front matter."""
    query = """{ article(path: "a/03.md") {
        title slug path type published status publishedDateTime excerpt quality isSecured
        provider { name slug domain } topics { name slug } source { path bytes modifiedDateTime }
        images { url width height aspectRatio isCached } image(minWidth: 100, maxWidth: 300) { width }
    } }"""
    found = (await data(store, query))["article"]
    modified = found["source"].pop("modifiedDateTime")
    assert modified.endswith("Z")
    assert found == {
        "title": "Article 03",
        "slug": "03",
        "path": "a/03.md",
        "type": "article",
        "published": True,
        "status": "PUBLISHED",
        "publishedDateTime": "2024-01-04T08:00:00Z",
        "excerpt": None,
        "quality": None,
        "isSecured": False,
        "provider": {"name": "Provider 0", "slug": "p0-example", "domain": "p0.example"},
        "topics": [{"name": "Topic 1", "slug": "topic-1"}, {"name": "All", "slug": "all"}],
        "source": {"path": "a/03.md", "bytes": len(article(3))},
        "images": [
            {
                "url": "https://gazette.example/3.jpg",
                "width": 800,
                "height": 600,
                "aspectRatio": 1.3333,
                "isCached": True,
            },
            {
                "url": "https://gazette.example/3-small.jpg",
                "width": 200,
                "height": None,
                "aspectRatio": None,
                "isCached": False,
            },
        ],
        "image": {"width": 200},
    }


async def test_related_entries_and_backlinks(store: ContentStore) -> None:
    """An entry links to its visible article and to its source, and the article links back."""
    query = """{ article(path: "a/03.md") {
        related { position title provider { name } article { path } source { path } }
        first: related(first: 1) { title } none: related(first: 0) { title }
        referencedBy { totalCount nodes { path } }
    } }"""
    assert (await data(store, query))["article"] == {
        "related": [
            {
                "position": 0,
                "title": "Next",
                "provider": {"name": "Provider 0"},
                "article": {"path": "a/04.md"},
                "source": {"path": "a/03.md"},
            },
            {
                "position": 1,
                "title": "Far",
                "provider": {"name": "Far"},
                "article": None,
                "source": {"path": "a/03.md"},
            },
        ],
        "first": [{"title": "Next"}],
        "none": [],
        "referencedBy": {"totalCount": 1, "nodes": [{"path": "a/02.md"}]},
    }


@pytest.mark.parametrize(
    ("field", "selection"),
    [
        ('article(slug: "03")', "path"),
        ('article(path: "a/03.md")', "path"),
        ('article(url: "HTTP://www.Gazette.example/3/?utm_source=x#top")', "path"),
        ('provider(domain: " P0.Example ")', "domain"),
        ('provider(slug: "p0-example")', "domain"),
        ('topic(slug: "topic-1")', "name"),
        ('topic(name: " TOPIC  1 ")', "name"),
    ],
)
async def test_lookups_by_key_and_id(store: ContentStore, field: str, selection: str) -> None:
    """Each natural key finds a record, and its id finds it as a node and by its field."""
    found = (await data(store, f"{{ it: {field} {{ id {selection} }} }}"))["it"]
    kind = field.partition("(")[0]
    again = f"""query Again($id: ID!) {{
        node(id: $id) {{ id ... on {kind.title()} {{ {selection} }} }} {kind}(id: $id) {{ id {selection} }}
    }}"""
    assert await data(store, again, id=found["id"]) == {"node": found, kind: found}


async def test_path_as_an_address(tmp_path: Path) -> None:
    """It is returned as written. Each spelling finds the article, and so do related entries."""
    files = {
        "about.md": "---\ntitle: About\npermalink: /about.html\n---\n",
        "cafe.md": "---\ntitle: C\nurl: /caf%C3%A9/?b=2&a=1\nrelated: [/about.html, {title: C, webUrl: /cafe}]\n---\n",
    }
    async with loaded(tmp_path, files) as opened:
        query = """{
            about: article(url: "/about.html#top") { slug webUrl }
            cafe: article(url: "/café?a=1&b=2&utm_source=x") {
                slug webUrl related { article { path } }
            }
            none: article(url: "https://other.example/about.html") { slug }
        }"""
        assert await data(opened, query) == {
            "about": {"slug": "about", "webUrl": "/about.html"},
            "cafe": {
                "slug": "cafe",
                "webUrl": "/caf%C3%A9/?b=2&a=1",
                "related": [{"article": {"path": "about.md"}}, {"article": None}],
            },
            "none": None,
        }


async def test_outer_white_space_of_titles(tmp_path: Path) -> None:
    """Orders and partial comparisons ignore it. The returned title matches `eq`."""
    written = {"a": "A", "b": "' B'", "c": '"C\\n"'}
    files = {f"{name}.md": f"---\ntitle: {title}\n---\n" for name, title in written.items()}
    async with loaded(tmp_path, files) as opened:
        query = """{
            all: articles(orderBy: [{field: TITLE, direction: ASC}]) { nodes { title } }
            starts: articles(filter: {title: {startsWith: "b"}}) { totalCount }
            spaced: articles(filter: {title: {startsWith: "\\u00a0b ", endsWith: " b\\n"}}) { totalCount }
            category: articles(filter: {category: {startsWith: " x", endsWith: "x "}}) { totalCount }
            ends: articles(filter: {title: {endsWith: "c"}}) { totalCount }
            equals: articles(filter: {title: {in: [" B", "C\\n", "B", "C"]}}) { totalCount }
        }"""
        assert await data(opened, query) == {
            "all": {"nodes": [{"title": "A"}, {"title": " B"}, {"title": "C\n"}]},
            "starts": {"totalCount": 1},
            "spaced": {"totalCount": 1},
            "category": {"totalCount": 0},
            "ends": {"totalCount": 1},
            "equals": {"totalCount": 2},
        }


async def test_nodes_keep_the_order_of_the_ids(store: ContentStore) -> None:
    """Records of all types are in the requested order. Unknown and malformed ids give null."""
    query = '{ article(path: "a/03.md") { id provider { id } topics { id } related { id } } }'
    found = (await data(store, query))["article"]
    known = [found["related"][0]["id"], found["id"], found["topics"][0]["id"], found["provider"]["id"], found["id"]]
    ids = ["", "ar_", "xx_1", "ar_" + "0" * 22, "ar", *known, "re_é"]
    nodes = (await data(store, "query Q($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids))["nodes"]
    assert [node and node["id"] for node in nodes] == [None] * 5 + known + [None]
    assert [node["__typename"] for node in nodes if node] == ["Related", "Article", "Topic", "Provider", "Article"]


async def test_error_does_not_cancel_equal_fields_elsewhere(store: ContentStore) -> None:
    """Both topics read the same value, and an error beside one of them leaves the other."""
    query = """query ($slug: String!) {
        one: topic(slug: $slug) { relatedTopics { count } }
        other: topic(slug: $slug) { relatedTopics { count } wrong: relatedTopics(first: -1) { count } }
    }"""
    topic = (await data(store, "{ topics(first: 1) { nodes { slug } } }"))["topics"]["nodes"][0]
    result = await ask(store, query, slug=topic["slug"])
    assert result.errors
    assert result.data
    assert result.data["one"]["relatedTopics"] is not None
    assert result.data["other"] is None


async def test_fragment_on_the_interface(store: ContentStore) -> None:
    """A card reads articles and related entries."""
    query = """{ article(path: "a/24.md") { ...Card related { ...Card } } }
        fragment Card on ContentItem { __typename title type provider { domain } image { width } }"""
    assert (await data(store, query))["article"] == {
        "__typename": "Article",
        "title": "Article 24",
        "type": "article",
        "provider": {"domain": "p0.example"},
        "image": {"width": 800},
        "related": [
            {"__typename": "Related", "title": title, "type": "article", "provider": {"domain": domain}, "image": None}
            for title, domain in (("Next", "p0.example"), ("Far", "far.example"))
        ],
    }


async def test_unknown_keys_are_null(store: ContentStore) -> None:
    """An unknown or impossible key is not an error. A provider's name does not match as a domain."""
    query = """{ a: article(url: "not a url") { id } b: article(slug: "") { id } c: topic(name: "none") { id }
        d: provider(domain: "nowhere") { id } e: article(id: "pr_x") { id } }"""
    assert await data(store, query) == dict.fromkeys("abcde")


@pytest.mark.parametrize("text", ["\ud800", "\0", "all\0", "a" * 10_000, "'\";--", "%"])
async def test_arbitrary_text_in_lookups(store: ContentStore, text: str) -> None:
    """No text is an error, and none finds a record that it does not name."""
    query = """query Q($id: ID!, $text: String!) { a: node(id: $id) { id } b: nodes(ids: [$id]) { id }
        c: article(slug: $text) { id } d: article(path: $text) { id } e: article(url: $text) { id }
        f: provider(domain: $text) { id } g: provider(slug: $text) { id } h: topic(name: $text) { id } }"""
    found = await data(store, query, id="ar_" + text, text=text)
    assert found == {**dict.fromkeys("acdefgh"), "b": [None]}


# Pages.


async def test_pages_in_both_directions(store: ContentStore) -> None:
    """By cursor and by offset, pages tile the list and have correct page information."""
    page = "nodes { title } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor } totalCount"
    listing = f"""query Q($first: Int, $after: String, $last: Int, $before: String, $offset: Int) {{
        provider(domain: "p0.example") {{
            articles(first: $first, after: $after, last: $last, before: $before, offset: $offset) {{ {page} }} }} }}"""

    async def read(**window: Any) -> Any:
        return (await data(store, listing, **window))["provider"]["articles"]

    def beside(found: Any) -> tuple[bool, bool]:
        return found["pageInfo"]["hasPreviousPage"], found["pageInfo"]["hasNextPage"]

    one = await read(first=4)
    two = await read(first=4, after=one["pageInfo"]["endCursor"])
    end = await read(first=4, after=two["pageInfo"]["endCursor"])
    assert [titles(one), titles(two), titles(end)] == [[24, 21, 18, 15], [12, 9, 6, 3], [0]]
    assert [beside(one), beside(two), beside(end)] == [(False, True), (True, True), (True, False)]
    assert {each["totalCount"] for each in (one, two, end)} == {9}
    assert two["edges"][0]["cursor"] == two["pageInfo"]["startCursor"]

    back = await read(last=5)
    front = await read(last=5, before=back["pageInfo"]["startCursor"])
    assert [titles(front), titles(back)] == [[24, 21, 18, 15], [12, 9, 6, 3, 0]]
    assert [beside(front), beside(back)] == [(False, True), (True, False)]
    assert titles(await read(before=back["pageInfo"]["startCursor"])) == titles(front)

    middle = await read(first=4, offset=4)
    assert (titles(middle), beside(middle)) == (titles(two), (True, True))
    beyond = await read(first=4, offset=20)
    assert (titles(beyond), beside(beyond), beyond["pageInfo"]["endCursor"]) == ([], (True, False), None)
    empty = await read(first=0)
    assert (titles(empty), beside(empty), empty["totalCount"]) == ([], (False, True), 9)


async def test_null_arguments_count_as_absent(store: ContentStore) -> None:
    """Clients may send null for unused arguments."""
    query = """{ plain: articles { nodes { title } }
        nulls: articles(first: null, after: null, last: null, before: null, offset: null, orderBy: null) {
            nodes { title } }
        article(id: null, path: "a/00.md", slug: null) { path related(first: null) { title }
            image(minWidth: null, maxWidth: null, cachedOnly: null) { width } frontMatter(keys: null) }
        providers(orderBy: null) { totalCount } topics(orderBy: null) { totalCount }
        corpus { issues(severity: null, first: null) { code } } }"""
    found = await data(store, query, PREVIEW)
    assert len(found["plain"]["nodes"]) == 20
    assert found["nulls"] == found["plain"]
    assert found["article"]["image"] == {"width": 800}
    assert found["corpus"]["issues"] != []


async def test_orders(store: ContentStore) -> None:
    """By default the newest articles and the largest providers and topics come first."""
    query = """{ newest: articles(first: 2) { nodes { title } }
        oldest: articles(first: 2, orderBy: [{field: PUBLISHED_DATE_TIME, nulls: null}]) { nodes { title } }
        keys: articles(first: 2, orderBy: []) { nodes { path } }
        topics { nodes { name } } names: topics(orderBy: [{field: NAME, direction: DESC}]) { nodes { name } }
        providers(first: 1) { nodes { name } } }"""
    found = await data(store, query)
    assert titles(found["newest"]) == [24, 23]
    assert titles(found["oldest"]) == [0, 1]
    assert [node["path"] for node in found["keys"]["nodes"]] == ["a/00.md", "a/01.md"]
    assert [node["name"] for node in found["topics"]["nodes"]] == ["All", "Topic 0", "Topic 1"]
    assert [node["name"] for node in found["names"]["nodes"]] == ["Topic 1", "Topic 0", "All"]
    assert found["providers"]["nodes"] == [{"name": "Provider 0"}]


async def test_mentions(store: ContentStore) -> None:
    """A provider's mentions follow their articles, newest first, then their position."""
    query = """{ provider(domain: "far.example") { articles { totalCount }
        mentions(first: 2) { totalCount nodes { title webUrl source { title } } } } }"""
    assert (await data(store, query))["provider"] == {
        "articles": {"totalCount": 0},
        "mentions": {
            "totalCount": ARTICLES,
            "nodes": [
                {"title": "Far", "webUrl": f"https://far.example/{number}", "source": {"title": f"Article {number}"}}
                for number in (24, 23)
            ],
        },
    }


# Rights.


async def test_drafts_are_visible_only_in_a_preview(store: ContentStore) -> None:
    """For the public a draft, its topics and its backlinks do not exist."""
    query = """{ article(path: "draft.md") { status published } topic(name: "Hidden") { name }
        target: article(path: "a/00.md") { referencedBy { totalCount } } articles { totalCount }
        corpus { articleCount draftCount topicCount issues { severity path } } }"""
    public = await data(store, query)
    assert public == {
        "article": None,
        "topic": None,
        "target": {"referencedBy": {"totalCount": 0}},
        "articles": {"totalCount": ARTICLES + 1},
        "corpus": {"articleCount": ARTICLES + 1, "draftCount": None, "topicCount": 3, "issues": None},
    }
    assert await data(store, query, PREVIEW) == {
        "article": {"status": "DRAFT", "published": False},
        "topic": {"name": "Hidden"},
        "target": {"referencedBy": {"totalCount": 1}},
        "articles": {"totalCount": ARTICLES + 2},
        "corpus": {
            "articleCount": ARTICLES + 2,
            "draftCount": 1,
            "topicCount": 4,
            "issues": [{"severity": "ERROR", "path": "broken.md"}],
        },
    }


async def test_draft_node_is_null_in_public(store: ContentStore) -> None:
    """The id of a hidden article equals an unknown id."""
    id_ = (await data(store, '{ article(path: "draft.md") { id } }', PREVIEW))["article"]["id"]
    query = "query Q($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } article(id: $id) { id } }"
    assert await data(store, query, id=id_) == {"node": None, "nodes": [None], "article": None}
    assert (await data(store, query, PREVIEW, id=id_))["node"] == {"id": id_}


async def test_secured_payloads_need_their_scope(store: ContentStore) -> None:
    """Everyone sees that there is one. Only the scope, and not a preview, shows its text."""
    query = (
        '{ article(path: "secured.md") { isSecured secured } plain: article(path: "a/00.md") { isSecured secured } }'
    )
    reader = Viewer(Visibility.PUBLIC, frozenset({Scope.SECURED_READ}))
    plain = {"isSecured": False, "secured": None}
    for viewer, secured in ((PUBLIC, None), (PREVIEW, None), (reader, "b3BhcXVl")):
        assert await data(store, query, viewer) == {"article": {"isSecured": True, "secured": secured}, "plain": plain}


async def test_front_matter(store: ContentStore) -> None:
    """Previews see unmodelled keys. The public sees exposed keys."""
    query = """{ article(path: "a/07.md") { all: frontMatter some: frontMatter(keys: ["weight", "no"])
        none: frontMatter(keys: []) } }"""
    assert (await data(store, query, PREVIEW))["article"] == {"all": {"weight": 7}, "some": {"weight": 7}, "none": {}}
    assert (await data(store, query))["article"] == {"all": {}, "some": {}, "none": {}}


# Reads.

TWENTY = """{ articles { nodes { title publishedDateTime provider { name } topics { name } images { url width }
    related { title provider { name } } } } }"""


async def test_calls_for_a_page_of_articles(store: ContentStore) -> None:
    """Twenty articles with the fields of a feed take two calls: for articles, and for their topics and related entries.
    Providers and topics are in memory."""
    answer = await ask(store, TWENTY)
    nodes = answer.data["articles"]["nodes"]
    topics = sum(len(node["topics"]) for node in nodes)
    assert len(nodes) == 20
    assert answer.usage == Usage(2, len(nodes) + 1 + topics + len(nodes))


async def test_one_call_per_level(store: ContentStore) -> None:
    """Each level is read at once, and a provider from memory. Every page reads one row more than it shows."""
    query = """{ provider(domain: "p1.example") { articles(first: 4) { nodes { id topics { id
        articles(first: 3) { nodes { id } } } } } } }"""
    answer = await ask(store, query)
    articles = answer.data["provider"]["articles"]["nodes"]
    topics = {topic["id"]: len(topic["articles"]["nodes"]) for each in articles for topic in each["topics"]}
    assert sorted(topics.values()) == [3, 3, 3]
    assert answer.usage == Usage(3, (4 + 1) + 4 * 2 + 3 * (3 + 1))


async def test_only_selected_fields_are_read(store: ContentStore) -> None:
    """The count, the page and the page information of a connection are separate reads, made in one call if selected."""
    page = "nodes { id } edges { cursor } pageInfo { startCursor hasNextPage"
    first = await ask(store, f"{{ articles(first: 3) {{ {page} hasPreviousPage }} }} }}")
    assert first.usage == Usage(1, 4)
    assert (await ask(store, f"{{ articles(first: 3, offset: 3) {{ {page} }} }} }}")).usage == Usage(1, 4)
    assert (await ask(store, f"{{ articles(first: 3, offset: 3) {{ {page} hasPreviousPage }} }} }}")).usage == Usage(
        1, 5
    )
    assert (await ask(store, "{ articles { totalCount } }")).usage == Usage(1, 1)
    assert (await ask(store, f"{{ articles(first: 3) {{ totalCount {page} }} }} }}")).usage == Usage(1, 5)
    assert (await ask(store, "{ articles { __typename pageInfo { __typename } } }")).usage.calls == 0


async def test_lists_of_a_level_share_a_call(store: ContentStore) -> None:
    """Whether they differ in their parents or in their windows."""
    same = "{ providers { nodes { articles(first: 2) { nodes { id } } } } }"
    assert (await ask(store, same)).usage.calls == 2
    other = "{ providers { nodes { a: articles(first: 2) { nodes { id } } b: articles(last: 2) { nodes { id } } } } }"
    assert (await ask(store, other)).usage.calls == 2


# Refusals.

BAD_USER_INPUT = {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "arguments",
    [
        "first: 1, last: 1",
        'after: "x", last: 1',
        'before: "x", first: 1',
        'after: "x", before: "x"',
        'offset: 1, after: "x"',
        'offset: 0, before: "x"',
        "first: -1",
        "last: -1",
        "offset: -1",
        'after: "x"',
        'before: ""',
    ],
)
async def test_contradicting_window_is_refused(store: ContentStore, arguments: str) -> None:
    """It is bad input."""
    answer = await ask(store, f"{{ articles({arguments}) {{ nodes {{ id }} }} }}")
    assert [error["code"] for error in answer.errors] == ["BAD_USER_INPUT"]


async def test_cursor_of_another_order_is_refused(store: ContentStore) -> None:
    """Other fields of the operation are answered."""
    cursor = (await data(store, "{ articles(first: 1) { pageInfo { endCursor } } }"))["articles"]["pageInfo"][
        "endCursor"
    ]
    query = """query Q($cursor: String!) { provider(domain: "p0.example") {
        good: articles(after: $cursor, first: 1) { edges { node { title } } } }
        topic(slug: "all") { bad: articles(after: $cursor, orderBy: [{field: TITLE}]) { nodes { title } } } }"""
    answer = await ask(store, query, cursor=cursor)
    assert answer.errors == [BAD_USER_INPUT]
    assert answer.data == {"provider": {"good": {"edges": [{"node": {"title": "Article 21"}}]}}, "topic": None}


@pytest.mark.parametrize(
    "field",
    [
        "article",
        'article(id: "x", slug: "x")',
        'article(locale: "de")',
        'article(path: "x", locale: "de")',
        "provider",
        'provider(slug: "x", domain: "x")',
        "topic(name: null)",
    ],
)
async def test_lookup_needs_exactly_one_argument(store: ContentStore, field: str) -> None:
    """None or several are bad input, and so is a locale without a slug."""
    [error] = (await ask(store, f"{{ {field} {{ id }} }}")).errors
    assert error["code"] == "BAD_USER_INPUT"


async def test_slug_shared_by_locales() -> None:
    """`locale` selects. Otherwise a visible article comes first, then one without a locale, then the path decides."""
    paths = {"fr/a.md": "fr", "de/a.md": "de", "z.md": None, "a.md": None}
    query = """{ any: article(slug: "a") { path slug } null: article(slug: "a", locale: null) { path }
        fr: article(slug: "a", locale: "fr") { path slug } es: article(slug: "a", locale: "es") { path }
        odd: article(slug: "a\\u0000", locale: "fr\\u0000") { path } }"""

    async def found(store: ContentStore, hidden: str = "") -> Any:
        await apply(
            store, *(document(path, slug="a", locale=of, published=path not in hidden) for path, of in paths.items())
        )
        return await data(store, query)

    async with temporary_store() as store:
        expected = {"null": {"path": "a.md"}, "fr": {"path": "fr/a.md", "slug": "a"}, "es": None, "odd": None}
        assert await found(store) == {"any": {"path": "a.md", "slug": "a"}, **expected}
        assert (await found(store, "a.md"))["any"] == {"path": "z.md", "slug": "a"}
        assert (await found(store, "a.md z.md"))["any"] == {"path": "de/a.md", "slug": "a"}
        assert (await found(store, "fr/a.md"))["fr"] is None


@pytest.mark.parametrize(
    ("query", "limit", "allowed", "actual"),
    [
        ("{ articles(first: 101) { totalCount } }", "page", 100, 101),
        ("{ articles(last: 101) { totalCount } }", "page", 100, 101),
        ("{ articles(offset: 10001) { totalCount } }", "offset", 10_000, 10_001),
        (f"{{ articles(orderBy: [{'{field: TITLE}' * 6}]) {{ totalCount }} }}", "order_by", 5, 6),
        (f"{{ nodes(ids: [{'1 ' * 101}]) {{ id }} }}", "ids", 100, 101),
    ],
)
async def test_limits_are_enforced(store: ContentStore, query: str, limit: str, allowed: int, actual: int) -> None:
    """The error has the limit, the allowed and the actual value. Nothing is read."""
    answer = await ask(store, query)
    assert answer.errors == [{"code": "LIMIT_EXCEEDED", "limit": limit, "allowed": allowed, "actual": actual}]
    assert answer.usage.calls == 0


async def test_operation_stops_at_the_record_limit(store: ContentStore) -> None:
    """Records count as they are read. Nothing is read beyond the limit."""
    query = "{ articles(first: 20) { nodes { topics { articles(first: 20) { nodes { id } } } } } }"
    allowed = await ask(store, query, limits=Limits(records=20 + 40 + 20 + 13 + 12))
    assert allowed.errors == []
    stopped = await ask(store, query, limits=Limits(records=30))
    assert stopped.data is None
    assert {(error["code"], error["limit"], error["allowed"]) for error in stopped.errors} == {
        ("LIMIT_EXCEEDED", "records", 30)
    }
    assert stopped.usage.calls == 2


async def test_repeated_list_counts_for_each_parent(store: ContentStore) -> None:
    """A list that is read once and written for many parents counts for each."""
    query = '{ article(path: "a") { title } articles(first: 20) { nodes { topics { name } } } }'
    again = "{ articles(first: 20) { nodes { topics { name } again: topics { slug } } } }"
    once = await ask(store, query, limits=Limits(records=20 + 40))
    twice = await ask(store, again, limits=Limits(records=20 + 40 + 39))
    assert (once.errors, twice.errors[0]["limit"]) == ([], "records")
    assert (await ask(store, again, limits=Limits(records=20 + 40 + 40))).errors == []


# Images.

WIDTHS = st.one_of(st.none(), st.integers(-5, 50))
BOUND = st.one_of(st.none(), st.integers(0, 50))


@given(st.lists(WIDTHS, max_size=6), BOUND, BOUND)
@example([-1, None], None, 0)
def test_best_fitting_image(widths: Sequence[int | None], least: int | None, most: int | None) -> None:
    """The smallest within the bounds, else the nearest. Unknown widths come last, and ties follow the file."""
    images = [Image(str(place), width) for place, width in enumerate(widths)]
    known = [image for image in images if image.width is not None and image.width > 0]
    wanted = range(least or 0, 51 if most is None else most + 1)
    fitting = sorted((image.width or 0, int(image.url)) for image in known if image.width in wanted)
    if least is None and most is None:
        expected = images[:1]
    elif fitting:
        expected = [images[fitting[0][1]]]
    else:
        missing = {
            image: [(least or 0) - (image.width or 0), (image.width or 0) - (50 if most is None else most)]
            for image in known
        }
        off = {image: max(each) for image, each in missing.items()}
        expected = [image for image in known if off[image] == min(off.values())][:1] or images[:1]
    assert best_image(images, least, most) == next(iter(expected), None)
