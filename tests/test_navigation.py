"""The tree of a site over GraphQL: folders, breadcrumbs and the navigation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.content import site_config
from gateway.execution.compiler import Compiler
from gateway.execution.executor import Executor
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.graph.schema import build_schema
from gateway.limits import Limits
from tests.queries.documents import Asked
from tests.queries.test_compiler import answer
from tests.test_graph import PREVIEW, PUBLIC, ask, data, loaded

FILES = {
    "index.md": "---\ntitle: Home\n---\n",
    "about.md": "---\ntitle: About\nweight: 9\n---\n",
    "docs/_index.md": "---\ntitle: The docs\nlinkTitle: Docs\nweight: 1\n---\n",
    "docs/b.md": "---\ntitle: B\nlocale: fr\nsidebar_position: 2\n---\n",
    "docs/a.md": "---\ntitle: A\nsidebar_position: 10\n---\n",
    "docs/hidden.md": "---\ntitle: H\nnav_exclude: true\n---\n",
    "docs/unlisted.md": "---\ntitle: U\nunlisted: true\n---\n",
    "docs/deep/page.md": "---\ntitle: Page\nlocale: fr\n---\n",
    "drafts/index.md": "---\ntitle: Quagga\ndraft: true\n---\n",
    "drafts/public.md": "---\ntitle: Public\n---\n",
    "plans/draft.md": "---\ntitle: Quagga\ndraft: true\n---\n",
}
NAVIGATION = """query ($under: String! = "", $depth: Int! = 3, $locale: String) {
  navigation(under: $under, depth: $depth, locale: $locale) { ...Item items { ...Item items { ...Item } } }
}
fragment Item on NavigationItem { title path folder { title } article { path } }"""
FOLDERS = """query ($path: String!, $folder: String! = "docs") {
  article(path: $path) {
    folder { path title index { path } parent { path subfolders { title } } }
    breadcrumbs { path title }
  }
  folder(path: $folder) { path title index { title } parent { title } subfolders { path index { title } } }
}"""


def shown(items: list[dict[str, Any]]) -> list[Any]:
    return [(each["title"], shown(each["items"])) if each.get("items") else each["title"] for each in items]


@pytest.mark.usefixtures("each_database_in_full")
async def test_navigation(tmp_path: Path) -> None:
    """In order, without hidden and unlisted pages. The public has no titles and folders of drafts."""
    async with loaded(tmp_path, FILES) as store:
        found = (await data(store, NAVIGATION))["navigation"]
        assert shown(found) == [
            ("Docs", ["B", "A", ("Deep", ["Page"])]),
            "About",
            ("Drafts", ["Public"]),
        ]
        docs, about, drafts = found
        assert (docs["path"], docs["folder"], docs["article"]) == (
            "docs",
            {"title": "Docs"},
            {"path": "docs/_index.md"},
        )
        assert (about["path"], about["folder"], about["article"]) == ("about.md", None, {"path": "about.md"})
        assert (drafts["folder"], drafts["article"]) == ({"title": "Drafts"}, None)
        preview = (await data(store, NAVIGATION, PREVIEW))["navigation"]
        assert shown(preview)[2:] == [("Plans", ["Quagga"]), ("Quagga", ["Public"])]


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"depth": 1}, ["Docs", "About", "Drafts"]),
        ({"depth": 0}, []),
        ({"under": "/docs/", "depth": 1}, ["B", "A", "Deep"]),
        ({"under": "nowhere"}, []),
        ({"locale": "fr"}, [("Docs", ["B", ("Deep", ["Page"])])]),
        ({"locale": "de"}, []),
    ],
)
async def test_parts_of_the_navigation(tmp_path: Path, variables: dict[str, Any], found: list[Any]) -> None:
    """Below a folder, down to a depth, and in a locale."""
    async with loaded(tmp_path, FILES) as store:
        assert shown((await data(store, NAVIGATION, **variables))["navigation"]) == found


@pytest.mark.parametrize(("depth", "code"), [(-1, "BAD_USER_INPUT"), (16, "LIMIT_EXCEEDED")])
async def test_depth_is_bounded(tmp_path: Path, depth: int, code: str) -> None:
    async with loaded(tmp_path, FILES) as store:
        assert [each["code"] for each in (await ask(store, NAVIGATION, depth=depth)).errors] == [code]


@pytest.mark.usefixtures("each_database_in_full")
async def test_folders(tmp_path: Path) -> None:
    """Also of unlisted articles. A folder with drafts only is not found by the public."""
    async with loaded(tmp_path, FILES) as store:
        found = await data(store, FOLDERS, path="docs/deep/page.md")
        assert found["article"]["folder"] == {
            "path": "docs/deep",
            "title": "Deep",
            "index": None,
            "parent": {"path": "docs", "subfolders": [{"title": "Deep"}]},
        }
        assert [each["title"] for each in found["article"]["breadcrumbs"]] == ["Docs", "Deep"]
        assert found["folder"] == {
            "path": "docs",
            "title": "Docs",
            "index": {"title": "The docs"},
            "parent": {"title": "Home"},
            "subfolders": [{"path": "docs/deep", "index": None}],
        }
        assert (await data(store, FOLDERS, path="docs/unlisted.md"))["article"]["folder"]["title"] == "Docs"
        assert (await data(store, FOLDERS, path="index.md"))["article"]["breadcrumbs"] == []
        assert (await data(store, FOLDERS, path="index.md", folder="plans"))["folder"] is None
        assert (await data(store, FOLDERS, PREVIEW, path="index.md", folder="plans"))["folder"] is not None


@pytest.mark.usefixtures("each_database_in_full")
@pytest.mark.parametrize("declared", ["", "collections: {guides: {path: 'docs/*', fields: {rating: Float}}}\n"])
async def test_compiled_answers(tmp_path: Path, declared: str) -> None:
    """They equal those of graphql-core, with their cache tags, also in a site with collections."""
    schema = build_schema(collections=site_config.parse(declared.encode()).site.collections)
    compiler = Compiler(schema, Limits())
    async with loaded(tmp_path, {**FILES, "gateway.yaml": declared}) as store:
        executors = [
            Executor(schema, store, Limits(), PersistedDocuments(0), introspection=True, compiler=each)
            for each in (None, compiler)
        ]
        asked = [Asked(FOLDERS, {"path": path, "folder": path.rpartition("/")[0]}) for path in FILES]
        for each in (*asked, Asked(NAVIGATION, {}), Asked(NAVIGATION, {"locale": "fr"})):
            for viewer in (PUBLIC, PREVIEW):
                one, other = [await answer(executor, each, viewer) for executor in executors]
                assert one == other
                assert '"errors"' not in one[0]
    assert compiler.refused.total() == 0


@pytest.mark.usefixtures("each_database_in_full")
async def test_navigation_of_many_pages(tmp_path: Path) -> None:
    """Few calls of the store, also if the tree is in memory."""
    names = [f"{top}/{middle}/{page}.md" for top in range(5) for middle in range(5) for page in range(8)]
    async with loaded(tmp_path, dict.fromkeys(names, "---\ntitle: T\n---\n")) as store:
        for _ in range(2):
            found = await ask(store, NAVIGATION)
            assert found.errors == []
            assert found.usage.calls <= 4
            pages = [page for top in found.data["navigation"] for middle in top["items"] for page in middle["items"]]
            assert len(pages) == len(names)
            assert all(each["article"] for each in pages)
