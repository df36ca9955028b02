"""The files that articles refer to, in both databases."""

from __future__ import annotations

from gateway.model.changes import Deleted
from gateway.model.documents import AssetFile
from gateway.model.records import Visibility
from gateway.store.protocol import ContentStore
from gateway.store.reads import RefersTo
from tests.store.documents import SOON, apply, document
from tests.store.reading import ask

ODD = ["it's.png", 'a "b".png', "\u00e9.png", "a\0.png", "\ud800.png", "*/x.png", "a/x.png%", ""]


def asset(path: str) -> AssetFile:
    return AssetFile(path, 1, 2, 3, 4, "digest")


async def visible(store: ContentStore, visibility: Visibility, *paths: str) -> set[str]:
    async with store.snapshot(visibility) as snapshot:
        return {path for path, shown in (await ask(snapshot, RefersTo(), paths)).items() if shown}


async def test_files_are_visible_with_their_articles(store: ContentStore) -> None:
    """Also those of unlisted articles. Missing files are not visible."""
    await apply(
        store,
        document("shown", assets=(asset("both.png"), asset("x/shown.png"), AssetFile("missing.png"))),
        document("unlisted", unlisted=True, assets=(asset("unlisted.png"),)),
        document("draft", published=False, assets=(asset("both.png"), asset("draft.png"))),
        document("later", public_from=SOON, assets=(asset("later.png"),)),
    )
    paths = ("both.png", "x/shown.png", "unlisted.png", "draft.png", "later.png", "missing.png", "x", "shown", *ODD)
    public = {"both.png", "x/shown.png", "unlisted.png"}
    assert await visible(store, Visibility.PUBLIC, *paths) == public
    assert await visible(store, Visibility.PREVIEW, *paths) == public | {"draft.png", "later.png"}
    await apply(store, Deleted("shown"), as_of=SOON)
    assert await visible(store, Visibility.PUBLIC, *paths) == {"unlisted.png", "later.png"}
    assert await visible(store, Visibility.PREVIEW, "both.png") == {"both.png"}


async def test_referrers_of_files_and_folders(store: ContentStore) -> None:
    """Missing files have referrers too, so that they are found when they appear."""
    await apply(
        store,
        document("a", assets=(asset("x/a.png"), AssetFile("x/y/b.png"))),
        document("b", assets=(asset("x/a.png"), asset("xy.png"))),
    )
    everything = {"x/a.png": {"a", "b"}, "x/y/b.png": {"a"}}
    assert await store.referrers(["x"]) == everything
    assert await store.referrers(["x/y", "xy.png", "z.png"]) == {"x/y/b.png": {"a"}, "xy.png": {"b"}}
    assert await store.referrers([]) == {}
    assert {file.path for file in await store.assets()} == {"x/a.png", "x/y/b.png", "xy.png"}
    await apply(store, document("b"))
    assert await store.referrers(["x/a.png", "xy.png"]) == {"x/a.png": {"a"}}
