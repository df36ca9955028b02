"""The followed folder, with real files, events and databases. Tests wait for served content."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.content.source import WatchMode
from gateway.content.watch import Watch
from gateway.errors import ContentFolderError
from gateway.loading import scheduler
from gateway.loading.changed_paths import ChangedPaths
from gateway.loading.ingest import Ingest, IngestReport
from gateway.loading.scheduler import Scheduler
from gateway.model.lists import NEWEST_FIRST, Window
from gateway.model.records import Generation, Visibility
from gateway.store.protocol import read_one
from gateway.store.reads import ARTICLE_BY_PATH, ARTICLES, CountOf, PageOf, TextOf
from gateway.store.sqlite.store import SqliteStore
from tests.conftest import AS_ANYBODY
from tests.parsing import InProcess
from tests.store.reading import ask, look_up
from tests.store.template import empty_database

SELDOM = 3600.0
"""Seconds between two sweeps that no test lives to see."""
FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))


class Clock:
    """A clock that runs, and jumps on request."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def leap(self, seconds: float) -> None:
        self._ahead += seconds


class Live:
    """A followed folder."""

    def __init__(self, root: Path, store: SqliteStore, ingest: Ingest, **options: Any) -> None:
        self.root = root
        self.store = store
        self.ingest = ingest
        watching, sweep = options.get("watching", WatchMode.EVENTS), options.get("sweep", SELDOM)
        self.clock = Clock()
        watch = Watch(root, watching, 0.05)
        wait = options.get("wait", asyncio.wait_for)
        self.follower = Scheduler(
            ingest, watch, self._run, is_ready=store.ready, sweep=sweep, clock=self.clock, wait=wait
        )
        self.running = asyncio.Lock()
        self.reports: list[IngestReport] = []
        self.asked: list[frozenset[str] | None] = []
        """What was to be looked at, run by run."""
        self._began = asyncio.Event()

    async def _run(self, paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
        self.asked.append(paths)
        self._began.set()
        async with self.running:
            self.reports.append(await self.ingest.run(paths=paths, accept_empty=accept_empty))
        return self.reports[-1]

    def looks(self) -> Counter[str]:
        """How often each path was read."""
        return Counter(path for paths in self.asked for path in paths or ())

    async def until_looks(self, times: int) -> None:
        """Wait until this many paths were read."""
        while self.looks().total() < times:
            self._began.clear()
            await self._began.wait()

    async def report(self) -> IngestReport:
        """The report of the current run, or else of the last one."""
        async with self.running:
            return self.reports[-1]

    def write(self, path: str, text: str = "", *, title: str | None = None) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document(title or path, text))
        return file

    async def titles(self) -> Mapping[str, str]:
        """By path, all of at most a hundred articles."""
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            page = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(100)))
            return {edge.node.path: edge.node.title for edge in page.edges}

    async def title(self, path: str) -> str | None:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            found = await look_up(snapshot, ARTICLE_BY_PATH, [path])
            return found[path].title if path in found else None

    async def codes(self) -> list[str]:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return [problem.code for problem in await snapshot.problems(None, None)]

    async def count(self) -> int:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return await read_one(snapshot, CountOf(ARTICLES))

    async def generation(self) -> Generation:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return await snapshot.generation()

    async def until(self, ask: Callable[[], Any], wanted: object) -> None:
        """Wait for a generation in which a query has an answer."""
        async for _ in self.store.generations():
            if await ask() == wanted:
                return

    async def until_titles(self, **wanted: str) -> None:
        """Wait until exactly these articles exist, by the stem of their path."""
        await self.until(self.titles, {f"{stem.replace('__', '/')}.md": title for stem, title in wanted.items()})

    async def until_followed(self) -> None:
        """Wait until all earlier changes are loaded: a last file is written and waited for."""
        self.write("last.md", title=f"Last {len(self.asked)}")
        await self.until(lambda: self.title("last.md"), f"Last {len(self.asked)}")


def document(title: str, text: str = "") -> str:
    return f"---\ntitle: {title}\n{text}\n---\n"


@asynccontextmanager
async def following(
    root: Path, *, hold: float = 10.0, kind: type[Ingest] = Ingest, follow_links: bool = False, **options: Any
) -> AsyncIterator[Live]:
    """A loaded folder that is followed."""
    store, parser_pool = await SqliteStore.open(empty_database(root.parent / "content.db"), readers=2), InProcess(1)
    ingest = kind(
        store,
        root,
        parser_pool,
        clock=lambda: datetime.now(UTC),
        hold=timedelta(seconds=hold),
        follow_links=follow_links,
    )
    live = Live(root, store, ingest, **options)
    task = asyncio.create_task(live.follower.follow())
    try:
        await live.until(store.ready, wanted=True)
        yield live
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await parser_pool.close()
        await store.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of three articles."""
    (tmp_path / "content/sub").mkdir(parents=True)
    for path in ("a.md", "b.md", "sub/c.md"):
        (tmp_path / "content" / path).write_text(document(path[-4].upper()))
    return tmp_path / "content"


# Changes.


def save_in_place(root: Path) -> None:
    (root / "a.md").write_text(document("New"))


def save_by_renaming(root: Path) -> None:
    (root / ".a.md.tmp").write_text(document("New"))
    (root / ".a.md.tmp").replace(root / "a.md")


def save_by_renaming_a_document(root: Path) -> None:
    (root / "tmp-1.md").write_text(document("New"))
    (root / "tmp-1.md").replace(root / "a.md")


def save_as_vim_does(root: Path) -> None:
    (root / "4913").touch()
    (root / "4913").unlink()
    (root / "a.md").rename(root / "a.md~")
    (root / "a.md").write_text(document("New"))
    (root / "a.md~").unlink()


async def test_unread_file_is_reported_while_it_exists(root: Path) -> None:
    """A name that begins with `#` is an INFO as soon as it appears, and a document once it is renamed."""
    async with following(root) as live:

        async def noted() -> list[str]:
            async with live.store.snapshot(Visibility.PREVIEW) as snapshot:
                return [problem.path for problem in await snapshot.problems(None, None) if problem.code == "NOT_READ"]

        (root / "#general").mkdir()
        (root / "#general/d.md").write_text(document("D"))
        await live.until(noted, ["#general/d.md"])
        (root / "#general").rename(root / "general")
        await live.until(lambda: live.title("general/d.md"), "D")
        await live.until(noted, [])


@pytest.mark.parametrize(
    "save",
    [save_in_place, save_by_renaming, save_by_renaming_a_document, save_as_vim_does],
    ids=lambda save: save.__name__,
)
@pytest.mark.parametrize("later", [0, 2])
async def test_save_is_served(root: Path, save: Callable[[Path], None], later: float) -> None:
    """In any way of saving, by itself or shortly after another: in one run, and the article is never removed."""
    async with following(root) as live:
        before = await live.generation()
        await live.report()
        live.clock.leap(later)
        save(root)
        await live.until_titles(a="New", b="B", sub__c="C")
        assert (await live.generation()).counter == before.counter + 1
        assert ((await live.report()).applied, len(live.reports)) == ((True, 0, 1, 0), 2)


async def test_save_after_a_run_without_changes_is_read_at_once(root: Path) -> None:
    """A run that found nothing, such as a rescan, does not delay it."""
    waited = list[float]()

    async def wait(coroutine: Coroutine[Any, Any, object], seconds: float) -> object:
        waited.append(seconds)
        return await asyncio.wait_for(coroutine, seconds)

    async with following(root, wait=wait) as live:
        await live.report()
        live.clock.leap(2)
        assert not (await live.follower.request()).applied.changed
        live.write("a.md", title="New")
        await live.until_titles(a="New", b="B", sub__c="C")
    assert waited == []


def create(root: Path) -> None:
    (root / "d.md").write_text(document("D"))


def create_in_a_new_folder(root: Path) -> None:
    (root / "x/y").mkdir(parents=True)
    (root / "x/y/d.md").write_text(document("D"))


def rename(root: Path) -> None:
    (root / "a.md").rename(root / "d.md")


def delete(root: Path) -> None:
    (root / "a.md").unlink()


def rename_a_folder(root: Path) -> None:
    (root / "sub").rename(root / "bus")


def move_a_folder_out(root: Path) -> None:
    (root / "sub").rename(root.parent / "sub")


def move_a_folder_in(root: Path) -> None:
    (root.parent / "in/deep").mkdir(parents=True)
    (root.parent / "in/deep/d.md").write_text(document("D"))
    (root.parent / "in").rename(root / "in")


def move_a_file_over_a_folder(root: Path) -> None:
    shutil.rmtree(root / "sub")
    (root / "sub").write_text("No document.")


CHANGES: list[tuple[Callable[[Path], None], dict[str, str]]] = [
    (create, {"a": "A", "b": "B", "sub__c": "C", "d": "D"}),
    (create_in_a_new_folder, {"a": "A", "b": "B", "sub__c": "C", "x__y__d": "D"}),
    (rename, {"d": "A", "b": "B", "sub__c": "C"}),
    (delete, {"b": "B", "sub__c": "C"}),
    (rename_a_folder, {"a": "A", "b": "B", "bus__c": "C"}),
    (move_a_folder_out, {"a": "A", "b": "B"}),
    (move_a_folder_in, {"a": "A", "b": "B", "sub__c": "C", "in__deep__d": "D"}),
    (move_a_file_over_a_folder, {"a": "A", "b": "B"}),
]


@pytest.mark.parametrize("watching", [WatchMode.EVENTS, WatchMode.POLL])
@pytest.mark.parametrize(("change", "wanted"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
async def test_change_is_served(
    root: Path, watching: WatchMode, change: Callable[[Path], None], wanted: Mapping[str, str]
) -> None:
    """By events and by polling, and so is the next change."""
    async with following(root, watching=watching) as live:
        change(root)
        await live.until_titles(**wanted)
        live.write("b.md", title="Later")
        await live.until_titles(**{**wanted, "b": "Later"})


@pytest.mark.parametrize("watching", [WatchMode.EVENTS, WatchMode.POLL])
async def test_linked_files_are_followed(root: Path, watching: WatchMode) -> None:
    """With `follow_links` a save changes the articles of all its paths. Links are added and removed like files."""
    (root / "zoo").symlink_to(root / "sub")
    async with following(root, watching=watching, follow_links=True) as live:
        await live.until_titles(a="A", b="B", sub__c="C", zoo__c="C")
        live.write("sub/c.md", title="New")
        await live.until_titles(a="A", b="B", sub__c="New", zoo__c="New")
        (root / "d.md").symlink_to(root / "a.md")
        await live.until_titles(a="A", b="B", sub__c="New", zoo__c="New", d="A")
        (root / "zoo").unlink()
        await live.until_titles(a="A", b="B", sub__c="New", d="A")


async def test_renamed_folder_is_followed(root: Path) -> None:
    """Later changes are served under its new path."""
    async with following(root) as live:
        (root / "sub").rename(root / "bus")
        await live.until_titles(a="A", b="B", bus__c="C")
        live.write("bus/c.md", title="New")
        await live.until_titles(a="A", b="B", bus__c="New")


async def test_new_folder_is_read_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly twice, also if another one appears in between. A recreated folder is new."""
    monkeypatch.setattr(scheduler, "AGAIN", 0.2)
    async with following(root, watching=WatchMode.OFF) as live:
        await live.report()
        live.clock.leap(2)
        for name in "de":
            (root / name).mkdir()
            live.follower.changed(frozenset(name))
            await asyncio.sleep(0.1)
        await live.until_looks(4)
        await asyncio.sleep(0.2 * 4)  # in which there would be more
        assert live.looks() == {"d": 2, "e": 2}
        (root / "f").mkdir()
        live.follower.changed(frozenset("f"))
        await live.until_looks(5)
        (root / "f").rmdir()
        live.follower.changed(frozenset("f"))
        await asyncio.sleep(0.2 * 4)
        assert live.looks()["f"] == 1
        (root / "f").mkdir()
        live.follower.changed(frozenset("f"))
        await live.until_looks(7)
        assert live.looks() == {"d": 2, "e": 2, "f": 3}


async def test_file_that_appears_during_classification(root: Path) -> None:
    """Its path is reported before it exists, and again while the first report is processed."""
    judged, came = asyncio.Event(), asyncio.Event()

    class Slow(Ingest):
        async def noticed(self, paths: Collection[str]) -> ChangedPaths:
            changed = await super().noticed(paths)
            judged.set()
            await came.wait()
            return changed

    async with following(root, kind=Slow, watching=WatchMode.OFF) as live:
        live.follower.changed(frozenset({"d.md"}))
        await judged.wait()
        live.write("d.md", title="D")
        live.follower.changed(frozenset({"d.md"}))
        came.set()
        await live.until_titles(a="A", b="B", sub__c="C", d="D")


async def test_other_files_start_no_run(root: Path) -> None:
    """Hidden files, editor backups and package folders do not start or delay runs."""
    async with following(root) as live:
        for path in (".hidden.md", ".git/index", "node_modules/x/readme.md", "#a.md#", "~$a.md", "a.md~", "image.png"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(document("Not this"))
        (root / "a.md~").unlink()
        await live.until_followed()
        assert live.asked == [None, {"last.md"}]


async def test_run_without_changes_creates_no_generation(root: Path) -> None:
    """Equal bytes are not a change."""
    async with following(root) as live:
        before = await live.generation()
        live.write("a.md", title="A")
        await live.until_followed()
        assert (await live.generation()).counter == before.counter + 1


async def test_due_articles_appear(root: Path) -> None:
    """Time creates a generation without changes and with events off."""
    due = datetime.now(UTC) + timedelta(seconds=1)
    (root / "a.md").write_text(document("A", f"publishedDateTime: {due.isoformat()}"))
    async with following(root, watching=WatchMode.OFF) as live:

        async def public() -> int:
            async with live.store.snapshot(Visibility.PUBLIC) as snapshot:
                return await read_one(snapshot, CountOf(ARTICLES))

        await live.until(public, 3)
        assert ((await live.report()).read, live.asked) == (0, [None, frozenset()])


# Many changes at once.


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
    )


async def test_checkout_is_one_generation_or_two(tmp_path: Path) -> None:
    """Many files are changed, added and removed. The first may be served before the rest."""
    files, touched = (5000, 800) if FULL else (500, 80)
    root = tmp_path / "content"
    root.mkdir()
    git(root, "init", "--initial-branch", "old")
    for at in range(files):
        (root / f"{at % 10}").mkdir(exist_ok=True)
        (root / f"{at % 10}/{at}.md").write_text(document("Old"))
    git(root, "add", ".")
    git(root, "commit", "--message", "Old")
    git(root, "checkout", "-b", "new")
    for at in range(touched):
        (root / f"{at % 10}/{at}.md").write_text(document("New"))
        (root / f"{at % 10}/new-{at}.md").write_text(document("New"))
    for at in range(files - touched, files):
        (root / f"{at % 10}/{at}.md").unlink()
    git(root, "add", ".")
    git(root, "commit", "--message", "New")
    git(root, "checkout", "old")
    async with following(root) as live:
        before = await live.generation()
        await asyncio.to_thread(git, root, "checkout", "new")
        await live.until(lambda: live.title(f"{(touched - 1) % 10}/new-{touched - 1}.md"), "New")
        await live.until_followed()
        assert (await live.generation()).counter - before.counter <= 2 + 1
        assert await live.count() == files + 1
        assert await live.title("0/0.md") == "New"
        await live.report()
        assert sum(report.applied.removed for report in live.reports) == touched


# Location of the folder.


async def test_swapped_link_is_one_run(tmp_path: Path) -> None:
    """A deployment swaps the link: the new content is served at once, on any device."""
    for release, title in (("41", "Old"), ("42", "New")):
        (tmp_path / "releases" / release).mkdir(parents=True)
        for at in range(30):
            (tmp_path / "releases" / release / f"{release if at else 'same'}-{at}.md").write_text(document(title))
        (tmp_path / "releases" / release / "kept.md").write_text(document("Kept"))
    (tmp_path / "current").symlink_to("releases/41")
    async with following(tmp_path / "current", hold=0.2) as live:
        before = await live.generation()
        (tmp_path / "next").symlink_to("releases/42")
        (tmp_path / "next").replace(tmp_path / "current")
        await live.until(lambda: live.title("same-0.md"), "New")
        assert (await live.generation()).counter == before.counter + 1
        shutil.rmtree(tmp_path / "releases/41")
        await live.until(live.count, 31)
        (tmp_path / "releases/42/same-0.md").write_text(document("Edited"))
        await live.until(lambda: live.title("same-0.md"), "Edited")
        assert "DEVICE_CHANGED" not in [problem.code for report in live.reports for problem in report.problems]


async def test_missing_folder_loses_nothing(root: Path) -> None:
    """It is reported, and followed again when it is back."""
    async with following(root) as live:
        move(root, root.with_name("elsewhere"))
        with pytest.raises(ContentFolderError):
            await live.follower.request()
        assert await live.titles() == {"a.md": "A", "b.md": "B", "sub/c.md": "C"}
        move(root.with_name("elsewhere"), root)
        live.write("a.md", title="New")
        await live.until_titles(a="New", b="B", sub__c="C")


async def test_unmounted_folder_loses_nothing(root: Path) -> None:
    """An empty folder replaces it, and the content is served."""
    empty = root.with_name("empty")
    empty.mkdir()
    async with following(root) as live:
        move(root, root.with_name("elsewhere"))
        move(empty, root)
        await live.until(live.codes, ["FOLDER_EMPTIED"])
        assert await live.count() == 3
        move(root, empty)
        move(root.with_name("elsewhere"), root)
        await live.until(live.codes, [])
        assert await live.count() == 3


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


async def test_emptied_folder_loses_nothing_until_accepted(root: Path) -> None:
    """Events count like a walk."""
    async with following(root) as live:
        shutil.rmtree(root / "sub")
        (root / "a.md").unlink()
        (root / "b.md").unlink()
        await live.until(live.codes, ["FOLDER_EMPTIED"])
        assert await live.count() == 3
        report = await live.follower.request(accept_empty=True)
        assert (report.applied.removed, await live.count()) == (3, 0)


async def test_large_deletion_takes_effect_after_the_hold(root: Path) -> None:
    """It is held, and applied without another event."""
    for at in range(27):
        (root / f"{at}.md").write_text(document("Many"))
    async with following(root, hold=0.3) as live:
        for at in range(20):
            (root / f"{at}.md").unlink()
        await live.until(live.count, 10)
        assert (await live.report()).applied.removed == 20
        assert [problem.code for problem in live.reports[1].problems] == ["DELETION_HELD"]


CLOSED = """
import asyncio, sys
from pathlib import Path
from tests.test_scheduler import following

async def main(root):
    async with following(root) as live:
        (root / "sub").chmod(0)
        live.follower.changed(frozenset({"sub/c.md", "sub/deep/d.md", "sub/new.md", "sub/deep/new.md"}))
        live.write("a.md", title="New")
        await live.until_titles(a="New", b="B", sub__c="C", sub__deep__d="D")
        (root / "sub").chmod(0o700)
        live.write("sub/deep/d.md", title="New")
        await live.until_titles(a="New", b="B", sub__c="C", sub__deep__d="New")

asyncio.run(main(Path(sys.argv[1])))
"""


def test_unreadable_folder_loses_nothing(root: Path) -> None:
    """Other changes are served. When it is readable again, its changes are too."""
    (root / "sub/deep").mkdir()
    (root / "sub/deep/d.md").write_text(document("D"))
    subprocess.run([*AS_ANYBODY, sys.executable, "-c", CLOSED, root], check=True, timeout=100)


# Broken files, and broken rules.


async def test_broken_file_keeps_its_last_good_version(root: Path) -> None:
    """With a problem. After it is fixed, the new version is served."""
    async with following(root) as live:
        live.write("a.md", "published: maybe", title="Broken")
        await live.until(live.codes, ["BAD_VISIBILITY"])
        assert await live.title("a.md") == "A"
        assert "It is still served as published" in (await live.report()).problems[0].message
        live.write("b.md", title="Other")
        await live.until(lambda: live.title("b.md"), "Other")
        assert await live.codes() == ["BAD_VISIBILITY"]
        live.write("a.md", title="Mended")
        await live.until_titles(a="Mended", b="Other", sub__c="C")
        assert await live.codes() == []


async def test_site_rules_are_followed(root: Path) -> None:
    """Edits apply. Broken rules are reported, and the last good ones stay in force, also after other runs."""
    async with following(root) as live:

        async def locales() -> set[str | None]:
            async with live.store.snapshot(Visibility.PREVIEW) as snapshot:
                page = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(100)))
                return {edge.node.locale for edge in page.edges}

        (root / "gateway.yaml").write_text("defaults: [{path: '**', locale: de}]\n")
        await live.until(locales, {"de"})
        (root / "gateway.yaml").write_text("nope: 1\n")
        await live.until(live.codes, ["SITE_KEY"])
        live.write("a.md", title="New")
        await live.until(lambda: live.title("a.md"), "New")
        assert (await locales(), await live.codes()) == ({"de"}, ["SITE_KEY"])
        (root / "gateway.yaml").write_text("defaults: [{path: '**', locale: fr}]\n")
        await live.until(locales, {"fr"})
        assert await live.codes() == []


async def test_files_beside_a_document_do_not_change_its_name(root: Path) -> None:
    """A draft, a file without front matter and another document, before and after it."""
    async with following(root) as live:

        async def named() -> tuple[str, str | None]:
            async with live.store.snapshot(Visibility.PUBLIC) as snapshot:
                found = (await look_up(snapshot, ARTICLE_BY_PATH, ["sub/how.to.md"]))["sub/how.to.md"]
                return found.slug, found.locale

        (root / "sub/how.txt").write_text("Not a document.\n")
        live.write("sub/how.to.md", title="How to")
        await live.until(lambda: live.title("sub/how.to.md"), "How to")
        assert await named() == ("how-to", None)
        (root / "sub/how.md").write_text("---\ntitle: Draft\ndraft: true\n---\n")
        live.write("sub/how.de.md", title="Other")
        await live.until_followed()
        assert await named() == ("how-to", None)
        (root / "gateway.yaml").write_text("locales: [en, to]\n")
        await live.until(named, ("how", "to"))


TORN = """
import sys
from pathlib import Path
file = Path(sys.argv[1])
for at in range(int(sys.argv[2])):
    text = f"---\\ntitle: 'Whole {at}'\\n---\\n" + f"{at} " * 20_000 + f"\\nEnd {at}"
    with file.open("w") as stream:
        for start in range(0, len(text), 5000):
            stream.write(text[start:start + 5000])
            stream.flush()
"""


async def test_partially_written_file_is_not_served(root: Path) -> None:
    """A file that is written in pieces is served complete or in its earlier version."""
    times = 400 if FULL else 40
    async with following(root) as live:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", TORN, root / "a.md", str(times))
        async for _ in live.store.generations():
            async with live.store.snapshot(Visibility.PREVIEW) as snapshot:
                article = (await look_up(snapshot, ARTICLE_BY_PATH, ["a.md"]))["a.md"]
                body = (await ask(snapshot, TextOf(), [article.id]))[article.id].body
            if article.title != "A":
                assert body.endswith(f"\nEnd {article.title.removeprefix('Whole ')}")
            if article.title == f"Whole {times - 1}":
                break
        assert await process.wait() == 0


# Without events.


async def test_rescan_finds_unreported_changes(root: Path) -> None:
    """With events off the whole folder is read at intervals."""
    async with following(root, watching=WatchMode.OFF, sweep=0.1) as live:
        live.write("a.md", title="New")
        await live.until_titles(a="New", b="B", sub__c="C")
        assert set(live.asked) == {None}


async def test_requested_run(root: Path) -> None:
    """With events off only requests start runs. Concurrent requests share a run."""
    async with following(root, watching=WatchMode.OFF) as live:
        live.write("a.md", title="New")
        one, other = await asyncio.gather(live.follower.request(), live.follower.request())
        assert one is other
        assert one.applied.updated == 1
        assert await live.title("a.md") == "New"


async def test_start_without_a_folder_fails(tmp_path: Path) -> None:
    """A failed first run with an empty store ends the follower, and waiting requests get the error."""
    (tmp_path / "content").mkdir()
    async with following(tmp_path / "content", watching=WatchMode.OFF):
        pass
    store, parser_pool = await SqliteStore.open(tmp_path / "other.db", readers=1), InProcess(1)
    try:
        ingest = Ingest(store, tmp_path / "nowhere", parser_pool, clock=lambda: datetime.now(UTC))
        live = Live(tmp_path / "nowhere", store, ingest)
        asking = asyncio.ensure_future(live.follower.request())
        await asyncio.sleep(0)
        with pytest.raises(ContentFolderError):
            await live.follower.follow()
        with pytest.raises(ContentFolderError):
            await asking
    finally:
        await parser_pool.close()
        await store.close()
