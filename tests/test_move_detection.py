"""Moved files keep their articles and deleted files are held, for any reported paths and number of runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from gateway.content.file_parser import ParseContext, Task
from gateway.loading.ingest import Ingest
from gateway.loading.move_detection import NOW, moved_files
from gateway.model.changes import Batch, FileVersion
from gateway.model.documents import Status
from gateway.store.protocol import FileState
from tests.parsing import InProcess
from tests.test_ingest import HOLD, Site, opened, site

__all__ = ["site"]  # the fixture

ALL, MOST = 40, 30
"""The number of files, and of those in the folder `posts`."""
HELD = ["DELETION_HELD"]


def fill(site: Site) -> None:
    for at in range(ALL):
        site.write(f"posts/{at:02}.md" if at < MOST else f"{at:02}.md", f"slug: hello-{at}")


async def slugs(site: Site) -> Sequence[str]:
    return sorted(edge.node.slug for edge in await site.edges())


async def assert_moved(site: Site, generations: int = 1) -> None:
    """All articles have their slugs, those of `posts` at another path, after this many generations."""
    assert await slugs(site) == sorted(f"hello-{at}" for at in range(ALL))
    assert not any(path.startswith("posts/") for path in await site.paths())
    assert await site.codes() == []
    assert (await site.generation()).counter == 1 + generations


POSTS = [f"posts/{at:02}.md" for at in range(MOST)]


# Matching.


def known(path: str, digest: str, read: int = 0) -> FileState:
    time = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=read)
    return FileState(FileVersion(path, 1, 1, 1, 1, digest), Status.PUBLISHED, time, digest)


def at(seconds: int) -> datetime:
    time = known("", "", seconds).read_date_time
    assert time
    return time


@pytest.mark.parametrize(
    ("homes", "expected"),
    [
        ([], set()),
        ([("other", NOW)], set()),
        ([("same", NOW)], {"b"}),
        ([("same", NOW), ("same", NOW)], {"a", "b"}),
        ([("same", NOW), ("same", NOW), ("same", NOW)], {"a", "b"}),
        ([("same", at(0))], set()),
        ([("same", at(1))], {"a"}),
        ([("same", at(1)), ("same", at(3))], {"a", "b"}),
        ([("same", at(1)), ("same", at(1))], {"a"}),
    ],
)
def test_each_lost_file_needs_its_own_new_path(homes: Sequence[tuple[str, datetime]], expected: set[str]) -> None:
    """A later file with the same bytes. It matches one of several equal files."""
    lost = [known("a", "same", 0), known("b", "same", 2), known("c", "third")]
    assert moved_files(lost, homes) == expected


# Moves.


@pytest.mark.parametrize("reported", [None, ["posts"], ["articles"], ["posts", "articles"], ["articles/07.md"], POSTS])
async def test_renamed_folder_is_one_generation(site: Site, reported: list[str] | None) -> None:
    """For any reported path. No loss is held, and no slug gets a suffix."""
    fill(site)
    await site.run()
    (site.root / "posts").rename(site.root / "articles")
    report = await site.run(paths=reported)
    assert report.applied == (True, MOST, 0, MOST)
    await assert_moved(site)


async def test_folder_renamed_while_no_process_ran(site: Site) -> None:
    """The next process detects the move."""
    fill(site)
    await site.run()
    await site.store.close()
    (site.root / "posts").rename(site.root / "articles")
    async with opened(site.root.parent) as again:
        await again.run()
        await assert_moved(again)


async def test_move_of_all_files(site: Site) -> None:
    """The folder does not count as empty."""
    site.write_many()
    await site.run()
    for file in list(site.root.iterdir()):
        file.rename(file.with_name(f"new-{file.name}"))
    assert (await site.run()).problems == ()
    assert await site.codes() == []


@pytest.mark.parametrize("of", ["from", "to"])
async def test_files_moved_one_by_one(site: Site, of: str) -> None:
    """Each move is one generation, whichever of its paths is reported first. Together they exceed the allowed loss."""
    fill(site)
    await site.run()
    (site.root / "articles").mkdir()
    for path in POSTS:
        to = path.replace("posts", "articles")
        (site.root / path).rename(site.root / to)
        assert (await site.ingest.run(paths=[path if of == "from" else to])).applied == (True, 1, 0, 1)
        assert len(await slugs(site)) == ALL
    await assert_moved(site, MOST)


async def test_file_edited_while_its_folder_moved(site: Site) -> None:
    """It is a loss, and the others are moved."""
    fill(site)
    await site.run()
    (site.root / "posts").rename(site.root / "articles")
    site.write("articles/00.md", "slug: hello-0\nquality: 1")
    await site.run(paths=["articles"])
    await assert_moved(site)


@pytest.mark.parametrize("reported", [["a.md"], ["b.md"], ["a.md", "b.md"]])
async def test_swapped_files_are_one_generation(site: Site, reported: list[str]) -> None:
    """If one path is reported, the run reads the other too."""
    site.write("a.md", "slug: one")
    site.write("b.md", "slug: two")
    await site.run()
    for path, to in (("a.md", "c.md"), ("b.md", "a.md"), ("c.md", "b.md")):
        (site.root / path).rename(site.root / to)
    await site.run(paths=reported)
    assert {edge.node.path: edge.node.slug for edge in await site.edges()} == {"a.md": "two", "b.md": "one"}


@pytest.mark.parametrize("reported", [["a.md"], ["b.md"]])
async def test_swapped_file_that_is_then_edited(site: Site, reported: list[str]) -> None:
    """The other file has its bytes, even if only the edited one is reported."""
    site.write("a.md", "slug: one")
    site.write("b.md", "slug: two")
    await site.run()
    for path, to in (("a.md", "c.md"), ("b.md", "a.md"), ("c.md", "b.md")):
        (site.root / path).rename(site.root / to)
    site.write("b.md", "slug: three")
    await site.run(paths=reported)
    assert await slugs(site) == ["three", "two"]


async def test_file_moved_over_another(site: Site) -> None:
    """The replaced file is edited, not lost."""
    site.write("a.md", "slug: one")
    site.write("b.md", "slug: two")
    await site.run()
    (site.root / "a.md").replace(site.root / "b.md")
    assert (await site.run(paths=["b.md"])).applied == (True, 0, 1, 1)
    assert [(edge.node.path, edge.node.slug) for edge in await site.edges()] == [("b.md", "one")]


async def test_moved_file_replaced_by_another_file(site: Site) -> None:
    """Its article follows the bytes, although a file remains."""
    site.write("a.md", "slug: one")
    site.write("b.md")
    await site.run()
    (site.root / "a.md").rename(site.root / "c.md")
    site.write("a.md", head="Just text.")
    assert (await site.run(paths=["a.md"])).applied == (True, 1, 0, 1)
    assert await site.paths() == ["b.md", "c.md"]


async def test_copy_is_another_article(site: Site) -> None:
    """Both files are served. Of two new paths one is the move and one is new."""
    site.write("a.md")
    site.write("z.md")
    await site.run()
    shutil.copy(site.root / "a.md", site.root / "b.md")
    assert (await site.run(paths=["b.md"])).applied == (True, 1, 0, 0)
    shutil.copy(site.root / "z.md", site.root / "x.md")
    (site.root / "z.md").rename(site.root / "y.md")
    assert (await site.run(paths=["x.md"])).applied == (True, 2, 0, 1)
    assert await site.paths() == ["a.md", "b.md", "x.md", "y.md"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_copy_and_delete_is_a_move(site: Site, at_once: bool) -> None:
    """As a move to another disk, together or one by one. No deletion is held."""
    fill(site)
    await site.run()
    (site.root / "articles").mkdir()
    for copied in [POSTS] if at_once else [[path] for path in POSTS]:
        for path in copied:
            shutil.copy(site.root / path, site.root / path.replace("posts", "articles"))
        site.clock.go_on(0.01)
        await site.ingest.run(paths=["articles"])
        assert len(await site.paths()) == ALL + len(copied)
        site.delete(*copied)
        await site.ingest.run(paths=["posts"])
        assert len(await site.paths()) == ALL
    await assert_moved(site, 2 if at_once else 2 * MOST)


# Files that move while a run looks at them.


class ChangesBeforeReading(InProcess):
    """Changes the folder each time before files are read."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        super().__init__(1)
        self._acts = list(acts)

    async def parse(
        self, tasks: Iterable[Task], rules: ParseContext, *, started: datetime, low_priority: bool = False
    ) -> AsyncGenerator[Batch, None]:
        if self._acts:
            self._acts.pop(0)()
        async for batch in super().parse(tasks, rules, started=started, low_priority=low_priority):
            yield batch


def rename(site: Site, path: str, to: str) -> Callable[[], object]:
    return lambda: (site.root / path).rename(site.root / to)


def changing_site(site: Site, *acts: Callable[[], object]) -> Ingest:
    """The loader of a site whose folder changes between the walk and the reading."""
    return Ingest(site.store, site.root, ChangesBeforeReading(*acts), clock=site.clock, hold=HOLD)


@pytest.mark.parametrize("path", ["a.md", "b.md", "c.md"])
async def test_file_moved_before_it_is_read(site: Site, path: str) -> None:
    """The next walk finds it, and the article exists once."""
    site.write("a.md", "slug: one")
    site.write("other.md")
    await site.run()
    (site.root / "a.md").rename(site.root / "b.md")
    site.clock.go_on(1)
    acts = [rename(site, "b.md", "c.md"), rename(site, "c.md", path) if path != "c.md" else list]
    await changing_site(site, *acts).run()
    assert [(edge.node.path, edge.node.slug) for edge in await site.edges()][:1] == [(path, "one")]
    assert await site.paths() == [path, "other.md"]


async def test_swap_completed_before_reading(site: Site) -> None:
    """A file that the walk missed is back with the bytes of another."""
    site.write("a.md", "slug: one", age=0)
    site.write("b.md", "slug: two")
    await site.run()
    rename(site, "b.md", "c.md")()
    site.clock.go_on(1)
    rest = [rename(site, "a.md", "b.md"), rename(site, "c.md", "a.md")]
    await changing_site(site, lambda: [move() for move in rest]).run()
    assert {edge.node.path: edge.node.slug for edge in await site.edges()} == {"a.md": "two", "b.md": "one"}


async def test_file_that_is_no_longer_a_document_is_scanned_once(site: Site) -> None:
    """It exists and is not back, because walks pass it by."""
    site.write("a.md")
    site.write("_data/b.md")
    (site.root / "gateway.yaml").write_text("include: [_data/*.md]\n")
    await site.run()
    assert await site.paths() == ["_data/b.md", "a.md"]
    (site.root / "gateway.yaml").write_text("include: []\n")
    scans = list[int]()
    await changing_site(site, *(partial(scans.append, at) for at in range(10))).run()
    assert (await site.paths(), scans) == (["a.md"], [0])


async def test_file_that_becomes_a_link_is_scanned_once(site: Site) -> None:
    """The link is not followed, so the file is not back."""
    for path in ("a.md", "b.md"):
        site.write(path)
    await site.run()
    (site.root / "b.md").unlink()
    (site.root / "b.md").symlink_to("a.md")
    scans = list[int]()
    await changing_site(site, *(partial(scans.append, at) for at in range(10))).run()
    assert (await site.paths(), scans) == (["a.md"], [0])


async def test_unread_file_may_move(site: Site) -> None:
    """A new file with its bytes is a move, and the old path is not assumed to exist."""
    site.write("a.md", "slug: one")
    site.write("b.md", "slug: two")
    await site.run()
    site.write("c.md")
    site.clock.go_on(1)
    await changing_site(site, lambda: (site.root / "a.md").replace(site.root / "c.md")).run()
    assert [(edge.node.path, edge.node.slug) for edge in await site.edges()] == [("b.md", "two"), ("c.md", "one")]


async def test_folder_that_never_rests(site: Site) -> None:
    """A file stays at its last path until it is found."""
    site.write("a.md", "slug: one")
    site.write("other.md")
    await site.run()
    (site.root / "a.md").rename(site.root / "0.md")
    site.clock.go_on(1)
    loader = changing_site(site, *(rename(site, f"{at}.md", f"{at + 1}.md") for at in range(20)))
    await loader.run()
    assert await site.paths() == ["a.md", "other.md"]
    (site.root / next(file.name for file in site.root.iterdir() if file.stem.isdigit())).rename(site.root / "b.md")
    site.clock.go_on(1)
    await site.ingest.run()
    assert await site.paths() == ["b.md", "other.md"]


WALKED = """
import asyncio, json, sys
from pathlib import Path
from tests.test_ingest import opened

async def main(folder):
    async with opened(Path(folder)) as site:
        for path in ("b.md", "z/a.md"):
            site.write(path)
        for path in ("a", "m"):
            (site.root / path).mkdir()
        await site.run()
        moves = [(site.root / "z/a.md", site.root / "a/a.md")]

        def look(event, arguments):
            if event == "os.scandir" and Path(arguments[0]) == site.root / "m" and moves:
                path, to = moves.pop()
                path.rename(to)

        sys.addaudithook(look)
        report = await site.run()
        print(json.dumps([await site.paths(), report.applied.added, report.applied.removed]))

asyncio.run(main(sys.argv[1]))
"""


def test_file_moved_during_the_walk(tmp_path: Path) -> None:
    """From the part to come to the part already read: the walk misses it, so there is another walk."""
    done = subprocess.run(
        [sys.executable, "-c", WALKED, tmp_path], capture_output=True, text=True, check=True, timeout=100
    )
    assert json.loads(done.stdout) == [["a/a.md", "b.md"], 1, 1]


# Equal files.


async def test_deleted_duplicates_are_losses(site: Site) -> None:
    """Remaining equal files do not make it a move."""
    for at in range(ALL):
        site.write(f"{at:02}.md")
        (site.root / f"{at:02}.md").write_text("---\ntitle: Stub\n---\n")
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(MOST)))
    await site.run()
    assert (await site.codes())[:1] == HELD
    assert len(await site.paths()) == ALL


async def test_moved_duplicates(site: Site) -> None:
    """One old path matches each new one, and the rest is held."""
    for at in range(ALL):
        site.write(f"{at:02}.md")
        (site.root / f"{at:02}.md").write_text("---\ntitle: Stub\n---\n")
    await site.run()
    for at in range(5):
        (site.root / f"{at:02}.md").rename(site.root / f"new-{at:02}.md")
    site.delete(*(f"{at:02}.md" for at in range(5, MOST)))
    assert (await site.run()).applied[1:] == (5, 0, 5)
    assert (await site.codes())[:1] == HELD
    assert len(await site.paths()) == ALL


# Losses.


async def test_new_files_do_not_hide_a_loss(site: Site) -> None:
    """Thirty of forty are lost while thirty others arrive: they stay for the hold time."""
    fill(site)
    await site.run()
    shutil.rmtree(site.root / "posts")
    for at in range(MOST):
        site.write(f"other/new-{at}.md")
    assert (await site.run()).applied == (True, MOST, 0, 0)
    for number in range(9):
        site.clock.go_on(1)
        site.write(f"more/{number}.md")
        assert (await site.ingest.run(paths=[f"more/{number}.md"])).applied == (True, 1, 0, 0)
        [problem] = await site.problems()
        assert (problem.code, "30 of 40" in problem.message) == ("DELETION_HELD", True)
    site.clock.go_on(1)
    assert (await site.ingest.run(paths=[])).applied.removed == MOST
    assert (len(await site.paths()), await site.codes()) == (ALL + 9, [])


async def test_earlier_new_files_count(site: Site) -> None:
    """The share is of the articles before the run: thirty of seventy may be removed."""
    fill(site)
    await site.run()
    for at in range(MOST):
        site.write(f"other/{at}.md")
    await site.run()
    shutil.rmtree(site.root / "posts")
    assert (await site.run()).applied.removed == MOST


@pytest.mark.parametrize("restart", [False, True])
async def test_slow_deletion_is_held(tmp_path: Path, restart: bool) -> None:
    """Ten of forty, three times within the hold time: the last ones stay, also for another process."""
    async with opened(tmp_path) as site:
        fill(site)
        await site.run()
    seconds = 60.0
    gone = []
    for start in range(0, MOST, 10):
        async with opened(tmp_path) as site:
            site.clock.go_on(seconds)
            if not restart:
                await site.ingest.run()
            site.delete(*(f"posts/{at:02}.md" for at in range(start, start + 10)))
            site.clock.go_on(3)
            seconds += 3
            gone.append((await site.ingest.run(paths=["posts"])).applied.removed)
    assert gone == [10, 10, 0]
    async with opened(tmp_path) as site:
        assert (await site.codes(), len(await site.paths())) == (HELD, ALL - 20)
        site.clock.go_on(seconds + HOLD.total_seconds())
        assert (await site.ingest.run()).applied.removed == 10
        site.delete("39.md", "38.md")
        assert (await site.ingest.run()).applied.removed == 2


async def test_deletions_far_apart_are_not_held(site: Site) -> None:
    """Ten of forty, three times, each after the hold time."""
    fill(site)
    await site.run()
    for start in range(0, MOST, 10):
        site.delete(*(f"posts/{at:02}.md" for at in range(start, start + 10)))
        assert (await site.run(paths=["posts"])).applied.removed == 10


async def test_held_files_that_reappear_are_moved(site: Site) -> None:
    """A folder that was moved out and in, or a slow checkout, is one generation. Other files stay held."""
    fill(site)
    await site.run()
    (site.root / "posts").rename(site.root.with_name("away"))
    await site.run()
    assert (await site.codes(), len(await site.paths())) == (HELD, ALL)
    site.root.with_name("away").rename(site.root / "articles")
    (site.root / "articles/00.md").unlink()
    assert (await site.ingest.run(paths=["articles/07.md"])).applied == (True, MOST - 1, 0, MOST - 1)
    assert await site.codes() == HELD
    assert await slugs(site) == sorted(f"hello-{at}" for at in range(ALL))
    assert (await site.run()).applied.removed == 1


async def test_held_files_stay_while_files_return(site: Site) -> None:
    """A wrong checkout that is undone deletes nothing, although less than half is missing in between."""
    fill(site)
    await site.run()
    (site.root / "posts").rename(site.root.with_name("away"))
    await site.run()
    for number, path in enumerate(POSTS):
        if not number:
            (site.root / "posts").mkdir()
        (site.root.with_name("away") / path.removeprefix("posts/")).rename(site.root / path)
        if number % 7 == 0:
            site.clock.go_on(9)
            assert (await site.ingest.run(paths=[path])).applied.removed == 0
            assert await site.codes() == HELD
    await site.run()
    assert (await slugs(site), await site.codes()) == (sorted(f"hello-{at}" for at in range(ALL)), [])


@pytest.mark.parametrize("number", [5, ALL])
async def test_emptied_folder_is_held_while_it_is_refilled(site: Site, number: int) -> None:
    """Also with few articles."""
    site.write_many(number)
    await site.run()
    site.root.rename(site.root.with_name("away"))
    site.root.mkdir()
    await site.run()
    assert await site.codes() == ["FOLDER_EMPTIED"]
    (site.root.with_name("away") / "00.md").rename(site.root / "00.md")
    assert (await site.run()).applied.removed == 0
    assert (await site.codes(), len(await site.paths())) == (HELD, number)
    assert (await site.run()).applied.removed == number - 1


async def test_accepted_losses_do_not_count_later(site: Site) -> None:
    """Most files are deleted with acceptance, and shortly afterwards some more."""
    site.write_many(100)
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(60)))
    assert (await site.ingest.run(accept_empty=True)).applied.removed == 60
    site.delete(*(f"{at:02}.md" for at in range(60, 65)))
    assert (await site.ingest.run()).applied.removed == 5
