"""Runs of named paths end like a first load, and request a walk if they cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.watch import WHOLE_FOLDER
from gateway.model.records import Visibility
from gateway.store.sqlite.store import SqliteStore
from tests.assets import png
from tests.conftest import AS_ANYBODY
from tests.parsing import InProcess
from tests.store.corpora import answers
from tests.store.template import empty_database
from tests.test_ingest import MANY, Site, site

__all__ = ["site"]  # the fixture

SCRIPTS = settings(
    max_examples=1000 if os.environ.get("GATEWAY_TEST_FULL") else 25,
)
FOLDERS = ("", "x/", "y/", "x/deep/")
NAMES = st.builds("{}{}.md".format, st.sampled_from(FOLDERS), st.sampled_from(["a", "b", "c", "a.fr", "a.pt-BR"]))
FIELDS = st.lists(
    st.sampled_from(
        [
            ("published", "false"),
            ("publishedDateTime", "2024-01-01"),
            ("publishedDateTime", "2025-01-01T12:03:30Z"),
            ("publishedDateTime", "2999-01-01"),
            ("slug", "s"),
            ("topics", "[AI]"),
            ("topics", "[ai, C]"),
            ("provider", "{name: Acme, domain: acme.example}"),
            ("provider", "{name: ACME, domain: acme.example}"),
            ("webUrl", "https://acme.example/1"),
            ("webUrl", "https://acme.example/2"),
            ("images", "[{url: https://acme.example/1.png}]"),
            ("images", "[a.png]"),
            ("images", "[/x/a.png, ../a.png]"),
            ("related", "[{webUrl: https://acme.example/1, provider: {name: Acme Org, domain: acme.example}}]"),
            ("related", "[{webUrl: https://acme.example/2, title: Two, provider: {name: Other}}]"),
        ]
    ),
    unique_by=lambda field: field[0],
).map(dict)


PICTURES = st.builds("{}a.png".format, st.sampled_from(FOLDERS))
WIDTHS = st.integers(1, 3)


@asynccontextmanager
async def unfollowed(folder: Path) -> AsyncIterator[Site]:
    store = await SqliteStore.open(empty_database(folder / "content.db"), readers=1)
    try:
        yield Site(folder / "content", store, InProcess(1))
    finally:
        await store.close()


class Edit(NamedTuple):
    """A change of a folder: without fields and width a deletion, with `to` a move of a file or folder."""

    path: str
    fields: Mapping[str, str] | None = None
    to: str | None = None
    width: int | None = None
    """The width of a picture."""

    def do(self, root: Path) -> list[str]:
        """Apply the edit. Returns the changed paths."""
        file = root / self.path
        if self.to is not None:
            if not file.exists() or (root / self.to).exists():
                return []
            (root / self.to).parent.mkdir(parents=True, exist_ok=True)
            file.rename(root / self.to)
            return [self.path, self.to]
        if self.fields is None and self.width is None:
            file.unlink(missing_ok=True)
            return [self.path]
        file.parent.mkdir(parents=True, exist_ok=True)
        if self.width is not None:
            file.write_bytes(png(self.width, 1) + bytes(self.width))
            return [self.path]
        assert self.fields is not None
        lines = [f"title: {self.path}", *(f"{name}: {value}" for name, value in self.fields.items())]
        file.write_text("\n".join(["---", *lines, "---", ""]))
        os.utime(file, (1, 1))
        return [self.path]


EDITS = st.one_of(
    st.tuples(NAMES, FIELDS).map(lambda one: Edit(*one)),
    st.tuples(NAMES, FIELDS).map(lambda one: Edit(*one)),
    NAMES.map(Edit),
    st.tuples(NAMES, st.none(), NAMES).map(lambda one: Edit(*one)),
    st.tuples(PICTURES, st.none(), st.none(), WIDTHS).map(lambda one: Edit(*one)),
    PICTURES.map(Edit),
    st.sampled_from([Edit("x", to="y/x"), Edit("y", to="z"), Edit("x", to="w"), Edit("z", to="x"), Edit("w", to="y")]),
)


class Notice(Enum):
    """How edits are loaded. The value is the number of walks: after the second one, all folders have signatures."""

    PATHS = 0
    NONE = -1
    WALK = 1
    WALKS = 2


async def state(site: Site) -> Sequence[Any]:
    return [await answers(site.store, visibility) for visibility in Visibility]


@SCRIPTS
@given(script=st.lists(st.tuples(st.lists(EDITS, min_size=1, max_size=3), st.sampled_from(Notice)), max_size=6))
async def test_followed_edits_equal_a_first_load(
    tmp_path_factory: pytest.TempPathFactory, script: Sequence[tuple[Sequence[Edit], Notice]]
) -> None:
    """For any edits, by a few paths or by walks, all answers are equal. Walks find edits that no run was given."""
    folder = tmp_path_factory.mktemp("edits")
    (folder / "content").mkdir()
    async with unfollowed(folder) as site:
        Edit("always.md", {}).do(site.root)
        await site.run()
        for edits, notice in script:
            paths = [path for edit in edits for path in edit.do(site.root)]
            if notice is Notice.PATHS:
                await site.run(paths=paths)
            for _ in range(notice.value):
                await site.run()
        if any(notice is Notice.NONE for _, notice in script):
            await site.run()
        followed = await state(site)
        shutil.copytree(site.root, folder / "cold/content")
        async with unfollowed(folder / "cold") as cold:
            cold.clock.now = site.clock.now
            await cold.ingest.run()
            assert followed == await state(cold)
    shutil.rmtree(folder)


async def test_other_files_are_not_read(site: Site) -> None:
    """Only the named paths and those below them. Other changes wait for a walk."""
    for path in ("a.md", "b.md", "x/c.md"):
        site.write(path)
    await site.run()
    for path in ("a.md", "b.md", "x/c.md"):
        site.write(path, "quality: 7")
    report = await site.run(paths=["a.md", "x"])
    assert (report.files, report.read, report.applied.updated) == (2, 2, 2)
    assert (await site.run(paths=[])).files == 0
    assert (await site.run()).applied.updated == 1


async def test_nested_paths_are_read_once(site: Site) -> None:
    """A path below another named path is read once."""
    site.write("a.md")
    await site.run()
    site.write("x/y/b.md")
    assert (await site.run(paths=["x/y/b.md", "x", "x/y"])).files == 1


async def test_problems_of_other_files_stay(site: Site, tmp_path: Path) -> None:
    """Those of other files and of the walk stay. Those of the read files are replaced."""
    (site.root / "link.md").symlink_to(tmp_path)
    (site.root / "sub").mkdir()
    (site.root / "sub/link.md").symlink_to(tmp_path)
    site.write("a.md")
    site.write("bad.md", "quality: high")
    await site.run()
    assert sorted(await site.codes()) == ["BAD_VALUE", "LINK", "LINK"]
    site.write("a.md", "quality: 5")
    assert (await site.run(paths=["a.md"])).problems == ()
    assert sorted(await site.codes()) == ["BAD_VALUE", "LINK", "LINK"]
    (site.root / "sub/link.md").unlink()
    await site.run(paths=["sub/link.md"])
    assert sorted(await site.codes()) == ["BAD_VALUE", "LINK"]


async def test_links_in_named_paths_are_not_followed(site: Site, tmp_path: Path) -> None:
    """Files that a walk would not reach do not exist."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/b.md").write_text("---\ntitle: Out\n---\n")
    site.write("a.md")
    await site.run()
    (site.root / "x").symlink_to(tmp_path / "out")
    assert (await site.run(paths=["x/b.md"])).files == 0
    assert await site.paths() == ["a.md"]


async def test_losses_count_as_in_a_walk(site: Site) -> None:
    """Most of many articles are held, although each was named. A walk is the second check."""
    site.write_many()
    await site.run()
    gone = [f"{at:02}.md" for at in range(20)]
    site.delete(*gone)
    report = await site.run(paths=gone)
    assert [problem.code for problem in report.problems] == ["DELETION_HELD"]
    assert (await site.run(paths=[])).applied.removed == 20
    assert len(await site.paths()) == MANY - 20


async def test_recent_file_is_read_again_by_the_next_walk(site: Site) -> None:
    """It may have changed within a clock tick, whatever was read since."""
    site.write("a.md", age=0)
    site.write("b.md")
    await site.ingest.run()
    site.write("b.md", "quality: 1")
    assert (await site.run(paths=["b.md"])).read == 1
    assert (await site.run()).read == 1
    assert (await site.run()).read == 0


@pytest.mark.parametrize("path", ["gateway.yaml", "e\u0301.md", "\ufffd.md", WHOLE_FOLDER])
async def test_some_names_need_a_walk(site: Site, path: str) -> None:
    """Rules affect every file, and a walk resolves two spellings of one name."""
    site.write("a.md")
    site.write("b.md")
    await site.run()
    assert (await site.run(paths=[path])).files == 2


NFC, NFD = "\u00e9", "e\u0301"


async def test_deleted_name_in_another_normal_form(site: Site) -> None:
    """The store has the NFC spelling. The article is removed with its file, and so are its problems."""
    site.write("a.md")
    site.write(f"{NFD}.md")
    os.mkfifo(site.root / f"{NFD}-pipe.md")
    await site.run()
    assert (await site.paths(), await site.codes()) == (["a.md", f"{NFC}.md"], ["NOT_A_FILE"])
    site.delete(f"{NFD}.md", f"{NFD}-pipe.md")
    changed = await site.ingest.noticed([f"{NFD}.md", f"{NFD}-pipe.md", f"{NFD}-never.md"])
    assert changed.missing == {f"{NFD}.md", f"{NFD}-pipe.md"}
    assert changed.losses == 1
    await site.run(paths=changed.paths)
    assert (await site.paths(), await site.codes()) == (["a.md"], [])


@pytest.mark.parametrize(
    ("path", "gone"),
    [("{}.md", "{}.md"), ("x/{}.md", "x/{}.md"), ("{}/b.md", "{}"), ("{}/\u00fc/b.md", "{}/\u00fc/b.md")],
)
async def test_two_spellings_of_a_name(site: Site, path: str, gone: str) -> None:
    """The same one as by a walk is served for any reported path. It stays when the other is deleted."""
    served, other = path.format(NFD), path.format(NFC)
    site.write("a.md")
    site.write(served, "quality: 1")
    await site.run()
    for change in ("quality: 2", "quality: 3"):
        site.write(other, change)
        assert [problem.code for problem in (await site.run(paths=[other])).problems] == ["SAME_PATH"]
        assert {edge.node.path: edge.node.quality for edge in await site.edges()} == {"a.md": None, other: 1}
    gone = gone.format(NFC)
    (site.root / gone).rename(site.root.with_name("gone"))
    await site.run(paths=[gone])
    assert {edge.node.path: edge.node.quality for edge in await site.edges()} == {"a.md": None, other: 1}
    assert await site.codes() == []


async def test_accented_name_needs_no_walk(site: Site) -> None:
    """If no other spelling is beside it, whatever other names in its folder are."""
    for path in ("a.md", f"x{NFC}/{NFC}.md", f"x{NFC}/{NFD}-other.md"):
        site.write(path)
    await site.run()
    assert (await site.run(paths=[f"x{NFC}/{NFC}.md"])).files == 1
    site.delete(f"x{NFC}/{NFC}.md")
    assert (await site.run(paths=[f"x{NFC}/{NFC}.md"])).applied.removed == 1
    assert sorted(await site.paths()) == ["a.md", f"x{NFC}/{NFC}-other.md"]


async def test_walk_after_a_failed_run(site: Site) -> None:
    """Results of a failed run are not used."""
    site.write("a.md")
    site.write("b.md")
    await site.run()
    (site.root / "a.md").rename(site.root / "c.md")
    site.root.rename(site.root.with_name("elsewhere"))
    with pytest.raises(Exception, match="cannot be opened"):
        await site.run(paths=["b.md"])
    site.root.with_name("elsewhere").rename(site.root)
    await site.run(paths=["b.md"])
    assert await site.paths() == ["b.md", "c.md"]


async def test_relevant_paths(site: Site) -> None:
    """Documents, folders and former documents, and the number of missing known files."""
    for path in ("a.md", "gone.md", "x/b.md", "x/c.md"):
        site.write(path)
    await site.run()
    (site.root / "image.png").touch()
    (site.root / "new").mkdir()
    shutil.rmtree(site.root / "x")
    site.delete("gone.md")
    changed = await site.ingest.noticed(
        ["a.md", "gone.md", "x", "new", "image.png", "4913", "never.md", ".a.md.swp", "gateway.yaml"]
    )
    assert changed.present == {"a.md", "new"}
    assert changed.folders == {"new"}
    assert changed.missing == {"gone.md", "x", "gateway.yaml"}
    assert changed.losses == 3


CLOSED = """
import asyncio, json, sys
from pathlib import Path
from tests.test_ingest import opened

async def main(folder):
    async with opened(Path(folder)) as site:
        for path in ("a.md", "closed/b.md", "closed/below/c.md"):
            site.write(path)
        await site.run()
        (site.root / "closed").chmod(0)
        noticed = await site.ingest.noticed(["closed/b.md", "closed/below/c.md", "closed/never.md"])
        report = await site.run(paths=noticed.paths)
        (site.root / "closed").chmod(0o700)
        reported = sorted([problem.path, problem.code] for problem in report.problems)
        print(json.dumps([sorted(noticed.missing), await site.paths(), reported]))
        await site.run(paths=["a.md"])
        print(json.dumps([await site.paths(), await site.codes()]))

asyncio.run(main(sys.argv[1]))
"""


def test_unreadable_path_keeps_its_article(tmp_path: Path) -> None:
    """It counts as missing until the run reports that it cannot be read. The next run walks."""
    command = [*AS_ANYBODY, sys.executable, "-c", CLOSED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    closed, after = map(json.loads, done.stdout.splitlines())
    paths, hidden = ["a.md", "closed/b.md", "closed/below/c.md"], ["closed/b.md", "closed/below/c.md"]
    assert closed == [hidden, paths, [[path, "UNREADABLE"] for path in hidden]]
    assert after == [paths, []]
