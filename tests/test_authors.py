"""Authors in a followed folder: keys of files, changes of these files, broken ones, and hidden articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.access.tokens import Viewer
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context
from gateway.limits import Limits
from gateway.model.records import Visibility
from tests.schema import SCHEMA
from tests.test_generator_rules import put
from tests.test_ingest import Site, opened
from tests.test_scheduler import Live, following

POSTS = {
    "a.md": "---\ntitle: A\ndate: 2024-01-01\nauthor: desk\ntags: [x, y]\n---\n",
    "b.md": "---\ntitle: B\ndate: 2024-01-02\nauthors: [desk, The Editors]\ntags: [x]\n---\n",
    "c.md": "---\ntitle: C\ndate: 2024-01-03\nauthor: The Editors\n---\n",
    "d.md": "---\ntitle: D\ndraft: true\nauthors: [desk, hidden, Nobody]\n---\n",
    "e.md": "---\ntitle: E\nunlisted: true\nauthor: Reserve\n---\n",
}
DATA = (
    "desk: {name: News Desk, url: /desk, image: /desk.png}\nhidden: {name: Hidden Desk, url: /hidden}\nunused: Unused\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    for path, text in {**POSTS, "_data/authors.yml": DATA}.items():
        put(tmp_path / "content", path, text)
    return tmp_path / "content"


async def ask(site: Live | Site, query: str, visibility: Visibility = Visibility.PUBLIC, **variables: Any) -> Any:
    async with site.store.snapshot(visibility) as snapshot:
        context = Context(Viewer(visibility), snapshot, Limits(), BodyRenderer())
        result = await SCHEMA.execute(query, variable_values=variables, context_value=context)
    assert not result.errors
    return result.data


async def named(site: Live | Site, visibility: Visibility = Visibility.PUBLIC) -> Mapping[str, str | None]:
    """The URL of each listed author, by name."""
    found = await ask(site, "{ authors(orderBy: [{field: NAME}]) { nodes { name url } } }", visibility)
    return {node["name"]: node["url"] for node in found["authors"]["nodes"]}


def titles(connection: Mapping[str, Any]) -> Sequence[str]:
    return [node["title"] for node in connection["nodes"]]


async def test_both_ways(tmp_path: Path) -> None:
    """Articles have authors, and authors have articles, topics and counts. Both are filtered and counted."""
    async with opened(tmp_path) as site:
        await site.run()
        found = await ask(
            site,
            """{
              authors { nodes { name slug url images { url } articles(filter: {topics: {anyOf: ["x"]}}) {
                totalCount nodes { title } } topics { topic { name } count } } }
              articles(orderBy: [{field: TITLE}]) { nodes { title authors { name } } }
              facets { authors { author { slug } count } }
              any: articles(filter: {authors: {anyOf: ["desk"]}}) { nodes { title } }
              all: articles(filter: {authors: {allOf: ["News Desk", "the-editors"]}}) { nodes { title } }
              none: articles(filter: {authors: {noneOf: ["desk"]}}) { nodes { title } }
              empty: articles(filter: {authors: {isEmpty: true}}) { nodes { title } }
              corpus { authorCount }
            }""",
        )
    assert found["authors"]["nodes"] == [
        {
            "name": "News Desk",
            "slug": "desk",
            "url": "/desk",
            "images": [{"url": "/desk.png"}],
            "articles": {"totalCount": 2, "nodes": [{"title": "B"}, {"title": "A"}]},
            "topics": [{"topic": {"name": "x"}, "count": 2}, {"topic": {"name": "y"}, "count": 1}],
        },
        {
            "name": "The Editors",
            "slug": "the-editors",
            "url": None,
            "images": [],
            "articles": {"totalCount": 1, "nodes": [{"title": "B"}]},
            "topics": [{"topic": {"name": "x"}, "count": 1}],
        },
    ]
    assert {node["title"]: [author["name"] for author in node["authors"]] for node in found["articles"]["nodes"]} == {
        "A": ["News Desk"],
        "B": ["News Desk", "The Editors"],
        "C": ["The Editors"],
    }
    assert found["facets"]["authors"] == [
        {"author": {"slug": "desk"}, "count": 2},
        {"author": {"slug": "the-editors"}, "count": 2},
    ]
    assert (titles(found["any"]), titles(found["all"]), titles(found["none"])) == (["B", "A"], ["B"], ["C"])
    assert titles(found["empty"]) == []
    assert found["corpus"]["authorCount"] == 2


ONE = """query ($id: ID!, $slug: String!, $name: String!) {
  id: author(id: $id) { name } slug: author(slug: $slug) { name } name: author(name: $name) { name }
  node(id: $id) { __typename }
}"""


async def test_one_author(tmp_path: Path) -> None:
    """By id, slug, and key or name in any case. Of unlisted articles too, which are in no list."""
    async with opened(tmp_path) as site:
        await site.run()
        for slug, name, shown in (("desk", "DESK", "News Desk"), ("reserve", "reserve", "Reserve")):
            by_slug = await ask(site, "query ($slug: String) { author(slug: $slug) { id } }", slug=slug)
            found = await ask(site, ONE, id=by_slug["author"]["id"], slug=slug, name=name)
            assert found == {
                **{key: {"name": shown} for key in ("id", "slug", "name")},
                "node": {"__typename": "Author"},
            }
        assert "Reserve" not in await named(site)


async def test_authors_of_hidden_articles(tmp_path: Path, folder: Path) -> None:
    """They are public with the first public article that names them, and not a moment before."""
    async with opened(tmp_path) as site:
        await site.run()
        public = {"News Desk": "/desk", "The Editors": None}
        assert await named(site) == public
        preview = await named(site, Visibility.PREVIEW)
        assert preview == {**public, "Hidden Desk": "/hidden", "Nobody": None, "Reserve": None}
        by_key = "query ($name: String) { author(name: $name) { name } }"
        assert await ask(site, by_key, name="hidden") == await ask(site, by_key, name="unused") == {"author": None}
        put(folder, "d.md", POSTS["d.md"].replace("draft: true", "draft: false"))
        await site.run()
        assert await named(site) == {**public, "Hidden Desk": "/hidden", "Nobody": None}
        put(folder, "d.md", POSTS["d.md"])
        await site.run()
        assert await named(site) == public


@pytest.mark.parametrize("path", ["_data/authors.yml", "authors.yml", "data/authors.yml"])
async def test_file_of_authors_is_followed(folder: Path, path: str) -> None:
    """All articles that name its keys change, and no others. Where it is new, changed and removed."""
    (folder / "_data/authors.yml").unlink()
    async with following(folder) as live:
        await live.until(lambda: named(live), {"desk": None, "The Editors": None})
        put(folder, path, DATA)
        await live.until(lambda: named(live), {"News Desk": "/desk", "The Editors": None})
        token = (await ask(live, "{ changes { token } }"))["changes"]["token"]
        put(folder, path, DATA.replace("News Desk", "Night Desk"))
        await live.until(lambda: named(live), {"Night Desk": "/desk", "The Editors": None})
        changed = await ask(
            live,
            "query ($since: String) { changes(since: $since) { changes { type article { title } } } }",
            since=token,
        )
        assert sorted(each["article"]["title"] for each in changed["changes"]["changes"]) == ["A", "B"]
        (folder / path).unlink()
        await live.until(lambda: named(live), {"desk": None, "The Editors": None})


async def test_page_of_an_author_is_followed(folder: Path) -> None:
    """Its body does not concern articles."""
    put(folder, "_authors/editor.md", "---\ntitle: Page\nname: An Editor\n---\n")
    put(folder, "c.md", POSTS["c.md"].replace("The Editors", "editor"))
    async with following(folder) as live:
        await live.until(lambda: named(live), {"News Desk": "/desk", "The Editors": None, "An Editor": None})
        put(folder, "_authors/editor.md", "---\ntitle: New\nname: An Editor\n---\n")
        await live.until(lambda: live.title("_authors/editor.md"), "New")
        assert ((await live.report()).read, (await live.report()).files) == (1, 1)
        put(folder, "_authors/editor.md", "---\ntitle: New\nname: The Editor\nurl: /editor\n---\n")
        await live.until(lambda: named(live), {"News Desk": "/desk", "The Editors": None, "The Editor": "/editor"})


async def test_broken_file_keeps_the_last_good_authors(tmp_path: Path, folder: Path) -> None:
    """The problem names the file and the line. Documents are read, and a start without good authors shows keys."""
    async with opened(tmp_path, pause=lambda _: None) as site:
        await site.run()
        put(folder, "_data/authors.yml", "desk:\n  name: [\n")
        put(folder, "f.md", "---\ntitle: F\nauthor: desk\n---\n")
        for _ in range(2):
            await site.run()
            assert await named(site) == {"News Desk": "/desk", "The Editors": None}
            [problem] = [each for each in await site.problems() if each.severity == "ERROR"]
            assert (problem.code, problem.path) == ("AUTHORS_UNREADABLE", "_data/authors.yml")
            assert problem.line
            assert problem.hint
            assert problem.message.endswith("The last good rules stay in force.")
        assert (await ask(site, '{ article(path: "f.md") { authors { name } } }'))["article"]["authors"] == [
            {"name": "News Desk"}
        ]
    async with opened(tmp_path, pause=lambda _: None) as site:
        await site.run()
        assert await named(site) == {"desk": None, "The Editors": None}
        [problem] = [each for each in await site.problems() if each.severity == "ERROR"]
        assert problem.message.endswith("Articles show its keys as names.")
        put(folder, "_data/authors.yml", DATA)
        await site.run()
        assert await named(site) == {"News Desk": "/desk", "The Editors": None}


async def test_briefly_missing_file_keeps_its_authors(tmp_path: Path, folder: Path) -> None:
    """Editors remove or truncate a file before they write it."""
    async with opened(tmp_path, pause=lambda _: put(folder, "_data/authors.yml", DATA)) as site:
        await site.run()
        (folder / "_data/authors.yml").unlink()
        await site.run()
        assert "News Desk" in await named(site)
        put(folder, "_data/authors.yml", "")
        await site.run()
        assert "News Desk" in await named(site)


async def test_broken_article_keeps_its_authors(tmp_path: Path, folder: Path) -> None:
    """Those of its last good version."""
    async with opened(tmp_path) as site:
        await site.run()
        put(folder, "c.md", "---\ntitle: [\n---\n")
        await site.run()
        found = await ask(site, '{ article(path: "c.md") { title authors { name } } }')
    assert found["article"] == {"title": "C", "authors": [{"name": "The Editors"}]}
