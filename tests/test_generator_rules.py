"""Rules of other generators in a followed folder, with real files, events and databases."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.loading.active_rules import SiteError
from gateway.model.lists import NEWEST_FIRST, Window
from gateway.model.records import Visibility
from gateway.store.protocol import read_one
from gateway.store.reads import ARTICLES, PageOf
from tests.content.test_generator_rules import Folder
from tests.test_ingest import Site, opened
from tests.test_scheduler import FULL, Live, following

HIDING = "---\ntitle: Section\ncascade: {draft: true}\n---\n"
SHOWING = "---\ntitle: Section\n---\n"


async def public(found: Live | Site) -> Sequence[str]:
    """The public paths."""
    async with found.store.snapshot(Visibility.PUBLIC) as snapshot:
        page = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(100)))
        return sorted(edge.node.path for edge in page.edges)


async def until_public(live: Live, *paths: str) -> None:
    await live.until(lambda: public(live), list(paths))


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "content"
    for path in ("a/p.md", "a/b/q.md", "o.md"):
        put(root, path, f"---\ntitle: {path}\n---\n")
    put(root, "a/_index.md", SHOWING)
    return root


SHOWN = ("a/_index.md", "a/b/q.md", "a/p.md", "o.md")


@pytest.mark.parametrize(
    ("path", "hiding", "showing", "left"),
    [
        ("a/_index.md", HIDING, SHOWING, ("a/_index.md", "o.md")),
        ("a/_index.md", "---\ntitle: Section\ndraft: true\n---\n", SHOWING, ("o.md",)),
        ("a/a.json", '{"draft": true}', "{}", ("o.md",)),
        ("a/p.json", '{"draft": true}', "{}", ("a/_index.md", "a/b/q.md", "o.md")),
        ("_config.yml", "defaults: [{scope: {path: a}, values: {published: false}}]", "title: T", ("o.md",)),
    ],
)
async def test_rules_are_followed(folder: Path, path: str, hiding: str, showing: str, left: tuple[str, ...]) -> None:
    """Hidden documents disappear and return in one generation when rules are added, changed and removed."""
    async with following(folder) as live:
        await until_public(live, *SHOWN)
        before = (await live.generation()).counter
        put(folder, path, hiding)
        await until_public(live, *left)
        assert (await live.generation()).counter == before + 1
        put(folder, path, showing)
        await until_public(live, *SHOWN)
        put(folder, path, hiding)
        await until_public(live, *left)
        (folder / path).unlink()
        await until_public(live, *(each for each in SHOWN if each != path))


async def test_new_document_follows_existing_rules(folder: Path) -> None:
    """Those of folders, and those for itself, which no earlier document needed."""
    put(folder, "a/_index.md", HIDING)
    put(folder, "new.json", '{"draft": true}')
    async with following(folder) as live:
        await until_public(live, "a/_index.md", "o.md")
        live.write("a/b/late.md")
        live.write("new.md")
        await live.until_followed()
        assert await public(live) == ["a/_index.md", "last.md", "o.md"]


async def test_section_with_unchanged_rules_reads_one_file(folder: Path) -> None:
    """Its title and body affect only itself."""
    put(folder, "a/_index.md", HIDING)
    async with following(folder) as live:
        await until_public(live, "a/_index.md", "o.md")
        put(folder, "a/_index.md", HIDING.replace("Section", "Other") + "Body.\n")
        await live.until(lambda: live.title("a/_index.md"), "Other")
        assert ((await live.report()).read, (await live.report()).files) == (1, 1)


async def test_broken_rules_keep_the_last_good_ones(folder: Path) -> None:
    """Hidden documents stay hidden, and other documents are followed."""
    put(folder, "a/a.json", '{"draft": true}')
    async with following(folder) as live:
        await until_public(live, "o.md")
        put(folder, "a/a.json", '{"draft": ')
        await live.until(live.codes, ["RULES_UNREADABLE"])
        live.write("a/new.md")
        live.write("shown.md")
        await live.until_followed()
        assert await public(live) == ["last.md", "o.md", "shown.md"]
        put(folder, "a/a.json", "{}")
        await until_public(live, "a/_index.md", "a/b/q.md", "a/new.md", "a/p.md", "last.md", "o.md", "shown.md")
        assert await live.codes() == []


async def test_broken_rules_at_the_start(tmp_path: Path, folder: Path) -> None:
    """Documents have their last good version with its visibility, and new ones are not served."""
    async with opened(tmp_path) as site:
        await site.run()
        assert await public(site) == list(SHOWN)
    put(folder, "a/a.json", '{"draft": ')
    put(folder, "a/new.md", SHOWING)
    async with opened(tmp_path) as site:
        for _ in range(2):
            await site.run()
            assert await public(site) == list(SHOWN)
            assert await site.codes() == ["RULES_UNREADABLE"]
        put(folder, "a/a.json", '{"draft": true}')
        await site.run()
        assert await public(site) == ["o.md"]


async def test_broken_document_below_a_hiding_rule(tmp_path: Path, folder: Path) -> None:
    """Its public last good version is withdrawn."""
    async with opened(tmp_path) as site:
        await site.run()
        put(folder, "a/_index.md", HIDING)
        put(folder, "a/p.md", "---\ntitle: [\n---\n")
        await site.run()
        assert await public(site) == ["a/_index.md", "o.md"]
    put(folder, "a/_index.md", "---\ncascade: [\n---\n")
    async with opened(tmp_path) as site:
        await site.run()
        assert await public(site) == ["a/_index.md", "o.md"]
        put(folder, "a/_index.md", SHOWING)
        await site.run()
        assert await public(site) == list(SHOWN)


async def test_output_folders_start_no_run(folder: Path) -> None:
    """A site may be built beside its documents. A new folder `_data` may have authors."""
    async with following(folder) as live:
        for path in ("_site/a.md", "_site/sub/b.md", "_site/sub/sub.json", "_data/c.json"):
            put(folder, path, SHOWING)
        await live.until_followed()
        assert set(live.looks()) <= {"last.md", "_data"}
        assert await public(live) == sorted([*SHOWN, "last.md"])


async def test_briefly_missing_rules_stay_in_force(tmp_path: Path, folder: Path) -> None:
    """Editors and checkouts remove a file before they write it, and a run may come in between."""
    put(folder, "a/_index.md", HIDING)
    async with opened(tmp_path, pause=lambda _: put(folder, "a/_index.md", HIDING)) as site:
        await site.run()
        (folder / "a/_index.md").unlink()
        await site.run()
        assert await public(site) == ["a/_index.md", "o.md"]
    async with opened(tmp_path, pause=lambda _: None) as site:
        await site.run()
        (folder / "a/_index.md").unlink()
        await site.run()
        assert await public(site) == ["a/b/q.md", "a/p.md", "o.md"]


async def test_truncated_rules_publish_nothing(tmp_path: Path, folder: Path) -> None:
    """Editors truncate a file before they write it, and a run may come in between."""
    put(folder, "a/_index.md", HIDING)
    async with opened(tmp_path, pause=lambda _: put(folder, "a/_index.md", HIDING)) as site:
        await site.run()
        put(folder, "a/_index.md", "")
        await site.run()
        assert await public(site) == ["a/_index.md", "o.md"]


async def test_a_leaf_bundle_is_followed(folder: Path) -> None:
    """When its page is hidden and shown, and when its first document arrives after its page."""
    put(folder, "c/index.md", "---\ntitle: C\nheadless: true\n---\n")
    put(folder, "d/index.md", SHOWING)
    put(folder, "d/sub/p.md", SHOWING)
    async with following(folder) as live:
        await until_public(live, *SHOWN[:3], "d/index.md", "d/sub/p.md", "o.md")
        put(folder, "c/new/p.md", SHOWING)
        put(folder, "d/index.md", "---\ntitle: D\nbuild: {render: never}\n---\n")
        await until_public(live, *SHOWN)
        put(folder, "c/index.md", SHOWING)
        await until_public(live, *SHOWN[:3], "c/index.md", "c/new/p.md", "o.md")
        (folder / "d/index.md").unlink()
        await until_public(live, *SHOWN[:3], "c/index.md", "c/new/p.md", "d/sub/p.md", "o.md")


async def test_a_list_of_ignored_paths_is_followed(folder: Path) -> None:
    """Although its name begins with a dot."""
    async with following(folder) as live:
        await until_public(live, *SHOWN)
        put(folder, ".eleventyignore", "a/\n")
        await until_public(live, "o.md")
        (folder / ".eleventyignore").unlink()
        await until_public(live, *SHOWN)


async def test_rules_that_become_a_link_stay(folder: Path) -> None:
    """The last good ones are in force. At a start what they may hide keeps its version."""
    put(folder, "a/a.json", '{"draft": true}')
    async with following(folder) as live:
        await until_public(live, "o.md")
        (folder / "a/a.json").unlink()
        (folder / "a/a.json").symlink_to("elsewhere.json")
        await live.until(live.codes, ["RULES_UNREADABLE"])
        assert await public(live) == ["o.md"]
        (folder / "a/a.json").unlink()
        await until_public(live, *SHOWN)


async def test_rules_under_a_wrong_name_are_not_passed_over(tmp_path: Path, folder: Path) -> None:
    """At a start nothing is loaded. Afterwards the last good rules stay, and nothing is said to be gone."""
    put(folder, "gateway.yaml", "pin: [{path: a, published: false}]\n")
    async with opened(tmp_path) as site:
        await site.run()
        (folder / "gateway.yaml").rename(folder / "gateway.yml")
        await site.run()
        assert await public(site) == ["o.md"]
        assert await site.codes() == ["SITE_NAME"]
    async with opened(tmp_path) as site:
        with pytest.raises(SiteError, match=r"Rename it to gateway\.yaml"):
            await site.run()


def edited(folder: Path, chance: random.Random) -> None:
    """Write or delete one file with possible rules, or a document."""
    place = chance.choice(("", "a/", "a/b/"))
    name = chance.choice(("_index.md", "p.md", "_p.md", "p.json", f"{place.split('/')[-2]}.json" if place else "o.md"))
    says = chance.choice(("true", "false"))
    cascade = f"---\ntitle: T\ncascade: {{draft: {says}}}\n---\n"
    section, data = f"---\ntitle: T\ndraft: {says}\n---\n", f'{{"draft": {says}}}'
    text = data if name.endswith(".json") else chance.choice((section, SHOWING, cascade))
    if chance.random() < 0.3:
        (folder / place / name).unlink(missing_ok=True)
    else:
        put(folder, place + name, text)


async def test_any_edits_are_followed(folder: Path) -> None:
    """After each edit the public content equals that of a new start."""
    chance = random.Random(4)  # noqa: S311 - a test
    async with following(folder) as live:
        for _ in range(200 if FULL else 20):
            for _ in range(chance.randint(1, 3)):
                edited(folder, chance)
            await live.until_followed()
            assert await public(live) == Folder(folder, {}).public
