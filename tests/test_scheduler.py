"""The folder is followed while it changes: real files, real events, real databases. Waiting is for what is served."""

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
from gateway.store.protocol import ARTICLE_BY_PATH, ARTICLES, WHOLE
from gateway.store.sqlite import SqliteStore
from tests.conftest import AS_ANYBODY
from tests.parsing import InProcess
from tests.store.template import empty_database

SELDOM = 3600.0
"""Seconds between two sweeps that no test lives to see."""
FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))


class Clock:
    """A clock that goes as usual, and leaps when told to."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def leap(self, seconds: float) -> None:
        self._ahead += seconds


class Live:
    """A folder that is followed."""

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
        """How often each path was to be looked at."""
        return Counter(path for paths in self.asked for path in paths or ())

    async def until_looks(self, times: int) -> None:
        """Wait until there were so many in all."""
        while self.looks().total() < times:
            self._began.clear()
            await self._began.wait()

    async def report(self) -> IngestReport:
        """Of the run that goes on, or else of the last one."""
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
            page = (await snapshot.pages(ARTICLES, [WHOLE], NEWEST_FIRST, Window(100)))[WHOLE]
            return {edge.node.path: edge.node.title for edge in page.edges}

    async def title(self, path: str) -> str | None:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            found = await snapshot.find(ARTICLE_BY_PATH, [path])
            return found[path].title if path in found else None

    async def codes(self) -> list[str]:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return [problem.code for problem in await snapshot.problems(None, None)]

    async def count(self) -> int:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return (await snapshot.counts(ARTICLES, [WHOLE]))[WHOLE]

    async def generation(self) -> Generation:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return await snapshot.generation()

    async def until(self, ask: Callable[[], Any], wanted: object) -> None:
        """Wait for a generation in which a question has an answer."""
        async for _ in self.store.generations():
            if await ask() == wanted:
                return

    async def until_titles(self, **wanted: str) -> None:
        """Wait until there are these articles and no others, by the stem of their path."""
        await self.until(self.titles, {f"{stem.replace('__', '/')}.md": title for stem, title in wanted.items()})

    async def until_followed(self) -> None:
        """Wait until whatever changed before has been loaded: a last file is written, and waited for."""
        self.write("last.md", title=f"Last {len(self.asked)}")
        await self.until(lambda: self.title("last.md"), f"Last {len(self.asked)}")


def document(title: str, text: str = "") -> str:
    return f"---\ntitle: {title}\n{text}\n---\n"


@asynccontextmanager
async def following(
    root: Path, *, hold: float = 10.0, kind: type[Ingest] = Ingest, follow_links: bool = False, **options: Any
) -> AsyncIterator[Live]:
    """A folder that has been loaded, and is followed from then on."""
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


# What changes is served.


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


async def test_a_file_that_is_not_read_is_reported_while_it_is_there(root: Path) -> None:
    """A name that begins with `#` is a note as soon as it appears, and a document once it is renamed."""
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
async def test_a_save_is_served(root: Path, save: Callable[[Path], None], later: float) -> None:
    """However the editor saves, alone or shortly after another: in one run, and the article never goes."""
    async with following(root) as live:
        before = await live.generation()
        await live.report()
        live.clock.leap(later)
        save(root)
        await live.until_titles(a="New", b="B", sub__c="C")
        assert (await live.generation()).counter == before.counter + 1
        assert ((await live.report()).applied, len(live.reports)) == ((True, 0, 1, 0), 2)


async def test_a_save_that_follows_no_generation_is_read_at_once(root: Path) -> None:
    """A run before it that found nothing, such as a sweep, has it wait for no pause."""
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
async def test_a_change_is_served(
    root: Path, watching: WatchMode, change: Callable[[Path], None], wanted: Mapping[str, str]
) -> None:
    """By events as by polling; and what changes next is, too."""
    async with following(root, watching=watching) as live:
        change(root)
        await live.until_titles(**wanted)
        live.write("b.md", title="Later")
        await live.until_titles(**{**wanted, "b": "Later"})


@pytest.mark.parametrize("watching", [WatchMode.EVENTS, WatchMode.POLL])
async def test_linked_files_are_followed(root: Path, watching: WatchMode) -> None:
    """With `follow_links` a save changes the articles of all its paths, and links come and go as files do."""
    (root / "zoo").symlink_to(root / "sub")
    async with following(root, watching=watching, follow_links=True) as live:
        await live.until_titles(a="A", b="B", sub__c="C", zoo__c="C")
        live.write("sub/c.md", title="New")
        await live.until_titles(a="A", b="B", sub__c="New", zoo__c="New")
        (root / "d.md").symlink_to(root / "a.md")
        await live.until_titles(a="A", b="B", sub__c="New", zoo__c="New", d="A")
        (root / "zoo").unlink()
        await live.until_titles(a="A", b="B", sub__c="New", d="A")


async def test_a_folder_that_was_renamed_is_followed(root: Path) -> None:
    """What changes in it then is served under its new path."""
    async with following(root) as live:
        (root / "sub").rename(root / "bus")
        await live.until_titles(a="A", b="B", bus__c="C")
        live.write("bus/c.md", title="New")
        await live.until_titles(a="A", b="B", bus__c="New")


async def test_a_new_folder_is_looked_at_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more, though another one comes before its second look; one that comes anew is a new one."""
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


async def test_what_comes_while_it_is_judged_is_served(root: Path) -> None:
    """A path is told before its file is there, and is told again once it is, while the first telling is judged."""
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


async def test_what_is_no_content_starts_no_run(root: Path) -> None:
    """Hidden files, editors' own, those of packages, and others: no run looks at them, nor is one late for them."""
    async with following(root) as live:
        for path in (".hidden.md", ".git/index", "node_modules/x/readme.md", "#a.md#", "~$a.md", "a.md~", "image.png"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(document("Not this"))
        (root / "a.md~").unlink()
        await live.until_followed()
        assert live.asked == [None, {"last.md"}]


async def test_a_run_that_changes_nothing_makes_no_generation(root: Path) -> None:
    """The same bytes again are no change."""
    async with following(root) as live:
        before = await live.generation()
        live.write("a.md", title="A")
        await live.until_followed()
        assert (await live.generation()).counter == before.counter + 1


async def test_due_articles_appear(root: Path) -> None:
    """Time alone makes a generation, though nothing changed and events are off."""
    due = datetime.now(UTC) + timedelta(seconds=1)
    (root / "a.md").write_text(document("A", f"publishedDateTime: {due.isoformat()}"))
    async with following(root, watching=WatchMode.OFF) as live:

        async def public() -> int:
            async with live.store.snapshot(Visibility.PUBLIC) as snapshot:
                return (await snapshot.counts(ARTICLES, [WHOLE]))[WHOLE]

        await live.until(public, 3)
        assert ((await live.report()).read, live.asked) == (0, [None, frozenset()])


# Many at once.


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
    )


async def test_a_checkout_is_one_generation_or_two(tmp_path: Path) -> None:
    """Of many files, changed, new and gone: the first may be served before the rest, and all is there in the end."""
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


# Where the folder lies.


async def test_a_swapped_link_is_one_run(tmp_path: Path) -> None:
    """A deployment makes the link lead to another folder: what is there is served, whatever it lies on, at once."""
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


async def test_a_folder_that_is_hidden_loses_nothing(root: Path) -> None:
    """It is said that it cannot be opened; when it is back, it is followed again."""
    async with following(root) as live:
        move(root, root.with_name("elsewhere"))
        with pytest.raises(ContentFolderError):
            await live.follower.request()
        assert await live.titles() == {"a.md": "A", "b.md": "B", "sub/c.md": "C"}
        move(root.with_name("elsewhere"), root)
        live.write("a.md", title="New")
        await live.until_titles(a="New", b="B", sub__c="C")


async def test_a_folder_that_another_one_hides_loses_nothing(root: Path) -> None:
    """As where its disk is not mounted: an empty folder stands in its place, and all is served on."""
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


async def test_a_folder_that_is_emptied_loses_nothing_until_it_is_accepted(root: Path) -> None:
    """What its events tell counts like what a walk finds."""
    async with following(root) as live:
        shutil.rmtree(root / "sub")
        (root / "a.md").unlink()
        (root / "b.md").unlink()
        await live.until(live.codes, ["FOLDER_EMPTIED"])
        assert await live.count() == 3
        report = await live.follower.request(accept_empty=True)
        assert (report.applied.removed, await live.count()) == (3, 0)


async def test_a_large_deletion_takes_effect_after_a_while(root: Path) -> None:
    """Over half of many files: first it is held, and then, without another event, it is done."""
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


def test_a_folder_that_cannot_be_looked_into_is_followed_on(root: Path) -> None:
    """It loses nothing, and what changes elsewhere is served; when it can be read again, so is what changes there."""
    (root / "sub/deep").mkdir()
    (root / "sub/deep/d.md").write_text(document("D"))
    subprocess.run([*AS_ANYBODY, sys.executable, "-c", CLOSED, root], check=True, timeout=100)


# Broken files, and broken rules.


async def test_a_broken_file_keeps_its_last_good_version(root: Path) -> None:
    """And says so; mended it is served anew."""
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


async def test_the_rules_are_followed(root: Path) -> None:
    """Edited while all is served; broken, the last good ones stay in force and that is said, also after other runs."""
    async with following(root) as live:

        async def locales() -> set[str | None]:
            async with live.store.snapshot(Visibility.PREVIEW) as snapshot:
                page = (await snapshot.pages(ARTICLES, [WHOLE], NEWEST_FIRST, Window(100)))[WHOLE]
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
                found = (await snapshot.find(ARTICLE_BY_PATH, ["sub/how.to.md"]))["sub/how.to.md"]
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


async def test_no_torn_write_is_served(root: Path) -> None:
    """A file that is written in many pieces, over and over, is served whole or as it was; in the end as it is."""
    times = 400 if FULL else 40
    async with following(root) as live:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", TORN, root / "a.md", str(times))
        async for _ in live.store.generations():
            async with live.store.snapshot(Visibility.PREVIEW) as snapshot:
                article = (await snapshot.find(ARTICLE_BY_PATH, ["a.md"]))["a.md"]
                body = (await snapshot.texts_of([article.id]))[article.id].body
            if article.title != "A":
                assert body.endswith(f"\nEnd {article.title.removeprefix('Whole ')}")
            if article.title == f"Whole {times - 1}":
                break
        assert await process.wait() == 0


# Without events.


async def test_a_sweep_finds_what_no_event_told(root: Path) -> None:
    """With events off the whole folder is looked through again and again."""
    async with following(root, watching=WatchMode.OFF, sweep=0.1) as live:
        live.write("a.md", title="New")
        await live.until_titles(a="New", b="B", sub__c="C")
        assert set(live.asked) == {None}


async def test_a_request_is_answered_with_its_run(root: Path) -> None:
    """Nothing else makes one look, with events off; those who ask at once share a run."""
    async with following(root, watching=WatchMode.OFF) as live:
        live.write("a.md", title="New")
        one, other = await asyncio.gather(live.follower.request(), live.follower.request())
        assert one is other
        assert one.applied.updated == 1
        assert await live.title("a.md") == "New"


async def test_without_a_folder_there_is_nothing_to_follow(tmp_path: Path) -> None:
    """A first run that fails with nothing to serve ends it, and whoever asked is told."""
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
