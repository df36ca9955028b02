"""Folders of other generators: the article of each file, loaded into a database."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.access.tokens import Viewer
from gateway.content import site_config
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.source import Walk
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context
from gateway.limits import Limits
from gateway.model.changes import Change, Loaded, NotDocument, Quarantined
from gateway.model.documents import FieldOrigin
from gateway.model.problems import Severity
from gateway.model.records import Visibility
from gateway.store.protocol import ChangeSet
from gateway.store.sqlite.store import SqliteStore
from tests.schema import SCHEMA

HERE = Path(__file__).parent
SITES = ("jekyll", "hugo", "eleventy", "astro")
AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
QUERY = """query ($first: Int) { articles(first: $first, orderBy: [{field: PATH}]) { nodes {
  path slug title excerpt category type locale status publishedDateTime updatedDateTime webUrl
  provider { name domain } topics { slug } authors { name } images { url width } frontMatter
} } }"""
NOTHING: dict[str, object] = {
    "excerpt": None,
    "category": None,
    "locale": None,
    "status": "PUBLISHED",
    "publishedDateTime": None,
    "updatedDateTime": None,
    "webUrl": None,
    "provider": None,
    "topics": [],
    "authors": [],
    "images": [],
    "frontMatter": {},
}
BLOG = {"name": "Example Blog", "domain": "blog.example"}


def article(path: str, slug: str, title: str, kind: str, **values: object) -> dict[str, object]:
    """An article with only the given values."""
    return {**NOTHING, "path": path, "slug": slug, "title": title, "type": kind, **values}


def picture(path: str, width: int) -> dict[str, object]:
    """A picture of a site, with the digest of its bytes. The width is that of the author, else that of the file."""
    _, _, name = path.partition("/")
    digest = hashlib.sha256((HERE / path).read_bytes()).hexdigest()
    return {"url": f"/assets/{name}?v={digest[:8]}", "width": width}


EXPECTED: dict[str, list[dict[str, object]]] = {
    "jekyll": [
        article(
            "_drafts/an-idea.md",
            "an-idea",
            "An idea",
            "article",
            status="DRAFT",
            frontMatter={"layout": "post"},
        ),
        article(
            "_posts/2024-03-21-welcome.markdown",
            "welcome",
            "Welcome to the blog",
            "post",
            locale="en",
            publishedDateTime="2024-03-21T15:00:00Z",
            provider=BLOG,
            authors=["News Desk"],
            topics=["jekyll", "update"],
            frontMatter={"layout": "post", "permalink": "/:year/:title/"},
        ),
        article(
            "_posts/2024-04-02-topics-of-all-kinds.md",
            "topics-of-all-kinds",
            "Topics of all kinds",
            "post",
            locale="en",
            publishedDateTime="2024-04-02T00:00:00Z",
            provider=BLOG,
            topics=["static-sites", "ruby"],
            frontMatter={"layout": "post"},
        ),
        article(
            "_posts/2024-04-03-no-topics.md",
            "no-topics",
            "No topics",
            "post",
            locale="en",
            status="DRAFT",
            publishedDateTime="2024-04-03T00:00:00Z",
            provider=BLOG,
            frontMatter={"layout": "post"},
        ),
        article(
            "_posts/de/2024-03-21-welcome.md",
            "welcome",
            "Willkommen",
            "post",
            locale="de",
            publishedDateTime="2024-03-21T00:00:00Z",
            provider=BLOG,
            frontMatter={"layout": "post"},
        ),
        article("about.md", "about-us", "About", "page", webUrl="/about-us/", frontMatter={"layout": "page"}),
    ],
    "hugo": [
        article(
            "content/de/posts/first.md",
            "first",
            "Der erste Beitrag",
            "article",
            locale="de",
            publishedDateTime="2024-05-06T00:00:00Z",
            topics=["go"],
        ),
        article("content/en/_index.md", "en", "Home", "article", locale="en"),
        article(
            "content/en/posts/2024-06-01-a-trip/index.md",
            "a-trip",
            "A trip",
            "article",
            locale="en",
            excerpt="A page bundle, dated by its folder.",
            publishedDateTime="2024-06-01T00:00:00Z",
            authors=["Picture Desk"],
            images=[
                picture("hugo/content/en/posts/2024-06-01-a-trip/map.png", 60),
                picture("hugo/content/en/posts/2024-06-01-a-trip/photo.jpg", 200),  # turned by its orientation
            ],
        ),
        article(
            "content/en/posts/first.md",
            "first",
            "The first post",
            "article",
            category="notes",
            locale="en",
            publishedDateTime="2024-05-06T06:00:00Z",
            updatedDateTime="2024-05-07T00:00:00Z",
            authors=["News Desk"],
            topics=["go", "static-sites"],
            images=[picture("hugo/content/en/posts/cover.jpg", 1200)],
            frontMatter={"weight": 10},
        ),
        article(
            "content/en/posts/scheduled.md",
            "soon",
            "Scheduled",
            "article",
            locale="en",
            status="SCHEDULED",
            publishedDateTime="2999-01-01T09:30:00Z",
        ),
        article(
            "content/en/posts/upcoming.md",
            "upcoming",
            "Upcoming",
            "article",
            locale="en",
            status="DRAFT",
            publishedDateTime="2999-01-01T00:00:00Z",
        ),
    ],
    "eleventy": [
        article(
            "archive/2019/old.md",
            "old",
            "Old",
            "article",
            category="archive",
            status="DRAFT",
            publishedDateTime="2019-05-05T00:00:00Z",
        ),
        article(
            "posts/one.md",
            "one",
            "One",
            "article",
            publishedDateTime="2024-01-01T00:00:00Z",
            topics=["post"],
            frontMatter={"permalink": "/{{ page.date }}/{{ title | slugify }}/"},
        ),
        article(
            "posts/two.md",
            "two",
            "Two",
            "article",
            status="DRAFT",
            publishedDateTime="2024-01-02T10:00:00Z",
            topics=["post", "featured"],
            frontMatter={"permalink": False},
        ),
        article(
            "team/news.yaml",
            "news",
            "News Desk",
            "person",
            excerpt="It writes the news.",
            topics=["people"],
            images=[picture("eleventy/team/news.jpg", 64)],
        ),
        article("team/pictures.yml", "pictures", "Picture Desk", "person", topics=["people"]),
    ],
    "astro": [
        article(
            "src/content/blog/de/first.md",
            "first",
            "Der erste Beitrag",
            "post",
            locale="de-AT",
            publishedDateTime="2022-07-08T00:00:00Z",
            authors=["News Desk"],
            topics=["astro"],
        ),
        article(
            "src/content/blog/en/first.md",
            "first",
            "First post",
            "post",
            locale="en",
            excerpt="Lorem ipsum dolor sit amet",
            publishedDateTime="2022-07-08T00:00:00Z",
            authors=["News Desk", "Picture Desk"],
            topics=["astro", "web"],
            images=[picture("astro/src/content/assets/first.jpg", 120)],
            frontMatter={"badge": "new"},
        ),
        article(
            "src/content/blog/en/using-mdx.mdx",
            "using-mdx",
            "Using MDX",
            "post",
            locale="en",
            status="DRAFT",
            publishedDateTime="2024-06-01T00:00:00Z",
            updatedDateTime="2024-06-19T00:00:00Z",
            webUrl="https://blog.example/using-mdx",
            images=[picture("astro/src/content/blog/en/mdx.png", 800)],
        ),
    ],
}
"""Every article of each folder, by path, as previews see it."""

PROBLEMS: dict[str, list[tuple[str, Severity, str, int | None]]] = {
    "jekyll": [("README.md", Severity.INFO, "NO_FRONT_MATTER", 1)],
    "hugo": [],
    "eleventy": [("archive/2019/old.md", Severity.WARNING, "BAD_VALUE", 4)],
    "astro": [],
}
EXPOSED = {
    "jekyll": {"layout": "page"},
    "hugo": {"weight": 10},
    "eleventy": {},
    "astro": {"badge": "new"},
}
GIVEN: dict[str, list[tuple[str, FieldOrigin]]] = {
    "jekyll": [
        ("_posts/de/2024-03-21-welcome.md", FieldOrigin("locale", "gateway.yaml:8")),
        ("_posts/2024-04-02-topics-of-all-kinds.md", FieldOrigin("publishedDateTime", "the file name")),
        ("_drafts/an-idea.md", FieldOrigin("published", "gateway.yaml:10")),
        ("about.md", FieldOrigin("slug", "permalink")),
    ],
    "hugo": [("content/en/posts/upcoming.md", FieldOrigin("publishedDateTime", "publishDate"))],
    "eleventy": [("posts/two.md", FieldOrigin("draft", "eleventyExcludeFromCollections"))],
    "astro": [("src/content/blog/en/first.md", FieldOrigin("images", "heroImage"))],
}


def changes(name: str) -> list[Change]:
    """The changes of a run over a site's files."""
    root = HERE / name
    rules = site_config.read(root)
    assert rules.problems == ()
    files = Walk(root, include=rules.site.include).run().files.values()
    return [parse(Task(file), ParseContext(str(root), site=rules.site)) for file in files]


async def stream(said: Sequence[Change]) -> AsyncIterator[Sequence[Change]]:
    yield said


async def ask(tmp_path: Path, name: str, viewer: Viewer) -> list[dict[str, Any]]:
    """The articles of a site, from its database."""
    store = await SqliteStore.open(tmp_path / "content.db")
    try:
        await store.apply(ChangeSet(AS_OF, stream(changes(name))))
        async with store.snapshot(viewer.visibility) as snapshot:
            context = Context(viewer, snapshot, Limits(), BodyRenderer())
            result = await SCHEMA.execute(QUERY, variable_values={"first": 20}, context_value=context)
    finally:
        await store.close()
    assert not result.errors
    assert result.data is not None
    nodes: list[dict[str, Any]] = result.data["articles"]["nodes"]
    return [
        {
            **node,
            "topics": [topic["slug"] for topic in node["topics"]],
            "authors": [author["name"] for author in node["authors"]],
        }
        for node in nodes
    ]


@pytest.mark.parametrize("name", SITES)
async def test_files_become_articles(tmp_path: Path, name: str) -> None:
    """Each field has the intended value. Translations share a slug."""
    found = await ask(tmp_path, name, Viewer(Visibility.PREVIEW))
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", SITES)
async def test_public_articles(tmp_path: Path, name: str) -> None:
    """Drafts and scheduled articles are hidden, and only exposed keys are in `frontMatter`."""
    found = await ask(tmp_path, name, Viewer(Visibility.PUBLIC))
    published = [each["path"] for each in EXPECTED[name] if each["status"] == "PUBLISHED"]
    assert [each["path"] for each in found] == published
    shown: dict[str, object] = {}
    for each in found:
        shown |= each["frontMatter"]
    assert shown == EXPOSED[name]


@pytest.mark.parametrize("name", SITES)
def test_problems_of_the_sites(name: str) -> None:
    """The problems are exactly the intended ones."""
    found = [
        (problem.path, problem.severity, problem.code, problem.line)
        for change in changes(name)
        if isinstance(change, Loaded | Quarantined | NotDocument)
        for problem in change.problems
    ]
    assert found == PROBLEMS[name]


@pytest.mark.parametrize("name", SITES)
def test_sources_of_values(name: str) -> None:
    """A sample of the output of `gateway check --explain`."""
    given = {
        (change.version.path, each)
        for change in changes(name)
        if isinstance(change, Loaded)
        for each in change.field_origins
    }
    assert set(GIVEN[name]) <= given
