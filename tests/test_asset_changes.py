"""Changes of the files that documents refer to."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from gateway.content.source import WatchMode
from gateway.model.documents import Image
from gateway.model.records import Visibility
from gateway.store.protocol import read_one
from gateway.store.reads import ARTICLE_BY_PATH, ChangesOf, RefersTo, TextOf
from gateway.store.sqlite.store import SqliteStore
from tests.assets import png
from tests.parsing import InProcess
from tests.store.reading import ask, look_up
from tests.test_ingest import Site, opened, site
from tests.test_scheduler import Live, following

__all__ = ["site"]  # the fixture


def draw(site: Site | Live, path: str, width: int) -> None:
    (site.root / path).parent.mkdir(parents=True, exist_ok=True)
    (site.root / path).write_bytes(png(width, 1) + bytes(width))


async def image(site: Site, path: str = "a.md") -> Image:
    article = await site.article(path)
    assert article is not None
    [found] = article.images
    return found


async def counters(site: Site) -> list[int]:
    found = []
    for visibility in Visibility:
        async with site.store.snapshot(visibility) as snapshot:
            found.append((await snapshot.generation()).counter)
    return found


PATHS = pytest.mark.parametrize("paths", [["a.png"], None])
"""A run of the reported path, and a walk."""


@PATHS
async def test_changed_picture_is_a_change_of_its_article(site: Site, paths: Collection[str] | None) -> None:
    draw(site, "a.png", 10)
    site.write("a.md", "image: a.png")
    site.write("b.md")
    await site.run()
    first, before = await image(site), await counters(site)
    async with site.store.snapshot(Visibility.PUBLIC) as snapshot:
        token = await snapshot.token()
    draw(site, "a.png", 20)
    report = await site.run(paths=paths)
    second, after = await image(site), await counters(site)
    assert (report.read, report.applied.updated) == (1, 1)
    assert (first.width, second.width) == (10, 20)
    assert first.url.startswith("/assets/a.png?v=")
    assert first.url != second.url
    assert [now - then for then, now in zip(before, after, strict=True)] == [1, 1]
    async with site.store.snapshot(Visibility.PUBLIC) as snapshot:
        changes = (await read_one(snapshot, ChangesOf(token, 10))).changes
        article = await site.article("a.md")
        assert article is not None
        assert [change.id for change in changes] == [article.id]


@PATHS
async def test_picture_of_a_draft_changes_previews_only(site: Site, paths: Collection[str] | None) -> None:
    draw(site, "a.png", 10)
    site.write("a.md", "image: a.png\ndraft: true")
    site.write("b.md")
    await site.run()
    before = await counters(site)
    draw(site, "a.png", 20)
    await site.run(paths=paths)
    moved = dict(zip(Visibility, await counters(site), strict=True))
    assert moved == {Visibility.PUBLIC: before[0], Visibility.PREVIEW: before[1] + 1}


@PATHS
async def test_deleted_picture_is_a_problem_until_it_is_back(site: Site, paths: Collection[str] | None) -> None:
    draw(site, "a.png", 10)
    site.write("a.md", "image: a.png")
    await site.run()
    shown = await image(site)
    (site.root / "a.png").unlink()
    await site.run(paths=paths)
    assert (await site.codes(), await image(site)) == (["MISSING_FILE"], Image("a.png"))
    draw(site, "a.png", 10)
    await site.run(paths=paths)
    assert (await site.codes(), await image(site)) == ([], shown)


@PATHS
async def test_nearer_picture_takes_precedence(site: Site, paths: Collection[str] | None) -> None:
    draw(site, "static/a.png", 10)
    site.write("a.md", "image: a.png")
    await site.run()
    assert (await image(site)).url.startswith("/assets/static/a.png?")
    draw(site, "a.png", 10)
    await site.run(paths=paths)
    assert (await image(site)).url.startswith("/assets/a.png?")


@pytest.mark.parametrize("paths", [["pictures"], None])
async def test_moved_folder_of_pictures(site: Site, paths: Collection[str] | None) -> None:
    draw(site, "pictures/a.png", 10)
    site.write("a.md", "image: pictures/a.png")
    await site.run()
    (site.root / "pictures").rename(site.root / "images")
    await site.run(paths=paths)
    assert await site.codes() == ["MISSING_FILE"]


@pytest.mark.parametrize("paths", [["x/y/a.png"], None])
async def test_embedded_picture_in_another_folder(site: Site, paths: Collection[str] | None) -> None:
    site.write("a.md")
    (site.root / "a.md").write_text("---\ntitle: A\n---\n![[a.png]]\n")

    async def addresses() -> list[str]:
        async with site.store.snapshot(Visibility.PREVIEW) as snapshot:
            article = (await look_up(snapshot, ARTICLE_BY_PATH, ["a.md"]))["a.md"]
            [text] = (await ask(snapshot, TextOf(), [article.id])).values()
        return [each.partition("?")[0] for each in text.addresses.values()]

    await site.run()
    assert (await site.codes(), await addresses()) == (["MISSING_FILE"], [])
    draw(site, "x/y/a.png", 10)
    changed = await site.ingest.noticed(["x/y/a.png", "x/y/b.png"])
    assert changed.present == {"x/y/a.png"}
    await site.run(paths=paths)
    assert (await site.codes(), await addresses()) == ([], ["/assets/x/y/a.png"])
    draw(site, "a.png", 10)
    await site.run(paths=paths and ["a.png"])
    assert await addresses() == ["/assets/a.png"]
    assert (await site.run()).parsed == 0


async def test_unchanged_pictures_are_not_read_again(site: Site) -> None:
    draw(site, "a.png", 10)
    site.write("a.md", "image: a.png")
    await site.run()
    report = await site.run()
    assert (report.read, report.applied.changed) == (0, False)


async def test_only_pictures_of_documents_are_noticed(site: Site) -> None:
    """Also missing ones. A picture that no document refers to starts no run."""
    draw(site, "a.png", 10)
    draw(site, "unused.png", 10)
    draw(site, "new.png", 10)
    site.write("a.md", "images: [a.png, gone.png, new.png]")
    (site.root / "new.png").unlink()
    await site.run()
    draw(site, "new.png", 10)
    (site.root / "gone.png").unlink(missing_ok=True)
    changed = await site.ingest.noticed(["a.png", "unused.png", "new.png", "gone.png", "never.png"])
    assert changed.present == {"a.png", "new.png"}
    assert changed.missing == {"gone.png"}
    assert (changed.losses, changed.arrives) == (0, False)


async def test_broken_document_keeps_its_pictures(site: Site) -> None:
    """Its last good version still refers to them, also after the database is read by another process."""
    draw(site, "a.png", 10)
    site.write("a.md", "image: a.png")
    await site.run()
    shown = await image(site)
    site.write("a.md", "published: maybe")
    await site.run()
    assert await image(site) == shown
    async with site.store.snapshot(Visibility.PUBLIC) as snapshot:
        assert await ask(snapshot, RefersTo(), ["a.png", "b.png"]) == {"a.png": True, "b.png": False}


async def test_files_are_visible_with_their_articles(site: Site) -> None:
    """Scheduled articles become public without their files being read."""
    for path in ("draft", "later", "shown", "both"):
        draw(site, f"{path}.png", 10)
    site.write("draft.md", "images: [draft.png, both.png]\npublished: false")
    site.write("later.md", "image: later.png\npublishedDateTime: 2025-01-01T12:30:00Z")
    site.write("shown.md", "images: [shown.png, both.png, missing.png]")
    await site.run()
    paths = ["draft.png", "later.png", "shown.png", "both.png", "missing.png", "shown.md", "unknown.png"]

    async def visible(visibility: Visibility) -> set[str]:
        async with site.store.snapshot(visibility) as snapshot:
            return {path for path, shown in (await ask(snapshot, RefersTo(), paths)).items() if shown}

    assert await visible(Visibility.PUBLIC) == {"shown.png", "both.png"}
    assert await visible(Visibility.PREVIEW) == {"draft.png", "later.png", "shown.png", "both.png"}
    site.clock.go_on(3600)
    await site.run()
    assert await visible(Visibility.PUBLIC) == {"later.png", "shown.png", "both.png"}


async def test_another_base_makes_other_addresses(tmp_path: Path) -> None:
    """The addresses are part of the articles, so all documents are decoded again."""
    async with opened(tmp_path, assets_url="https://cdn.example/x") as site:
        draw(site, "a.png", 10)
        site.write("a.md", "image: a.png")
        await site.run()
        assert (await image(site)).url.startswith("https://cdn.example/x/a.png?v=")
    store = await SqliteStore.open(tmp_path / "content.db", readers=1)
    other = Site(tmp_path / "content", store, InProcess(1), assets_url=None)
    other.clock.go_on(600)
    assert not await other.ingest.resume()
    await other.run()
    assert await image(other) == Image("a.png", 10, 1)
    await store.close()


@pytest.mark.parametrize("watching", [WatchMode.EVENTS, WatchMode.POLL])
async def test_followed_folder(tmp_path: Path, watching: WatchMode) -> None:
    """A new, a changed and a deleted picture are noticed."""
    root = tmp_path / "content"
    root.mkdir()
    (root / "a.md").write_text("---\ntitle: A\nimage: a.png\n---\n![](a.png)\n")

    async def width() -> int | None:
        async with live.store.snapshot(Visibility.PREVIEW) as snapshot:
            article = (await look_up(snapshot, ARTICLE_BY_PATH, ["a.md"]))["a.md"]
            [text] = (await ask(snapshot, TextOf(), [article.id])).values()
        [found] = article.images
        assert bool(text.addresses) == (found.width is not None)
        return found.width

    async with following(root, watching=watching) as live:
        for wide in (10, 20):
            draw(live, "a.png", wide)
            await live.until(width, wanted=wide)
        (root / "a.png").unlink()
        await live.until(width, wanted=None)
