"""The tree of pages: its order, its folders, and what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.model.changes import Deleted
from gateway.model.documents import NavigationEntry
from gateway.model.navigation import Folder, NavigationItem
from gateway.model.records import Visibility
from gateway.store.protocol import ContentStore, read_one
from gateway.store.reads import WHOLE, NavigationOf
from gateway.store.tree import Page, Tree
from tests.store.documents import apply, document


def tree(pages: Mapping[str, Mapping[str, Any]]) -> Tree:
    """The id of a page is its path, and its title too."""
    return Tree(
        [
            Page(
                path,
                path,
                path,
                entry.get("locale"),
                NavigationEntry(**{k: v for k, v in entry.items() if k != "locale"}),
            )
            for path, entry in pages.items()
        ]
    )


def shown(items: Sequence[NavigationItem]) -> list[Any]:
    """The path of each page, and for a folder a pair with what is in it."""
    return [(each.path, shown(each.items)) if each.folder_path is not None else each.path for each in items]


INDEX: dict[str, Any] = {"is_index": True}


def test_order_of_siblings() -> None:
    """Pages and folders by weight, number, title without case, and path. Those without are last."""
    found = tree(
        {
            "z.md": {"weight": -1.5},
            "b.md": {"title": "same"},
            "a.md": {"title": "Same"},
            "n.md": {"number": 10},
            "w.md": {"weight": 2, "number": 9},
            "v.md": {"weight": 2, "number": 1},
            "2-two/x.md": {},
            "weighted/index.md": {**INDEX, "weight": 0},
        }
    )
    folders = [("weighted", []), ("2-two", ["2-two/x.md"])]
    expected = ["z.md", folders[0], "v.md", "w.md", folders[1], "n.md", "a.md", "b.md"]
    assert shown(found.items("", 9)) == expected


def test_folders() -> None:
    """The title is that of the page, else of the name. The page is not an item in its own folder."""
    found = tree({"index.md": INDEX, "a/b_c/_index.md": {**INDEX, "title": "Own"}, "a/b_c/d.md": {}})
    assert found.folder("") == Folder("", "index.md", "index.md", None)
    assert found.folder("a") == Folder("a", "A", None, "")
    assert found.folder("a/b_c") == Folder("a/b_c", "Own", "a/b_c/_index.md", "a")
    assert found.folder("a/b") is None
    assert found.folders_in("a") == [found.folder("a/b_c")]
    assert found.folders_in("none") == ()
    assert [each.title for each in found.breadcrumbs("a/b_c/d.md")] == ["A", "Own"]
    assert found.breadcrumbs("index.md") == []
    assert found.folder_of("a/02-x/unlisted.md") == Folder("a/02-x", "X", None, "a")
    assert found.folder_of("index.md") == found.folder("")


def test_depth() -> None:
    found = tree({"a/b/c.md": {}, "a/d.md": {}})
    assert shown(found.items("", 1)) == [("a", [])]
    assert shown(found.items("", 2)) == [("a", ["a/d.md", ("a/b", [])])]
    assert shown(found.items("a", 2)) == ["a/d.md", ("a/b", ["a/b/c.md"])]
    assert found.items("none", 2) == ()


def test_hidden_pages() -> None:
    """They are not items. A folder with a hidden page is left out as a whole, but is a folder."""
    found = tree({"a.md": {"is_hidden": True}, "b/index.md": {**INDEX, "is_hidden": True}, "b/c.md": {}, "d.md": {}})
    assert shown(found.items("", 9)) == ["d.md"]
    assert shown(found.items("b", 9)) == ["b/c.md"]
    assert [each.path for each in found.folders_in("")] == ["b"]


def test_two_pages_of_one_folder() -> None:
    """That without a locale is the page of the folder. The other is an item in it."""
    found = tree({"a/index.de.md": {**INDEX, "locale": "de"}, "a/index.md": INDEX})
    assert shown(found.items("", 9)) == [("a", ["a/index.de.md"])]


def test_deep_folders() -> None:
    """Any depth of a path is built."""
    path = "a/" * 1900 + "x.md"
    found = tree({path: {}, "z.md": {}})
    assert len(found.breadcrumbs(path)) == 1900


def test_no_pages() -> None:
    found = tree({})
    assert (found.items("", 9), found.folders_in("")) == ([], [])


async def test_tree_of_each_generation(store: ContentStore) -> None:
    """A change is in the next tree. The public and previews have trees of their own."""
    seen = []
    for documents in ([document("a")], [document("a"), document("b/c"), document("d", published=False)], []):
        await apply(store, *documents, *map(Deleted, ("a", "b/c", "d") if not documents else ()))
        for visibility in Visibility:
            async with store.snapshot(visibility) as snapshot:
                seen.append(shown(await read_one(snapshot, NavigationOf("", 2), WHOLE)))
    assert seen == [["a"], ["a"], ["a", ("b", ["b/c"])], ["a", ("b", ["b/c"]), "d"], [], []]
