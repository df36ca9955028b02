"""The loader, with real folders, worker processes and databases."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.content.parser_pool import ParserPool
from gateway.content.site_config import SECTIONS
from gateway.errors import ContentFolderError
from gateway.loading.active_rules import SiteError
from gateway.loading.change_stream import StrictError
from gateway.loading.ingest import RETRY, Ingest, IngestReport
from gateway.loading.scan import IngestState
from gateway.model.changes import Change
from gateway.model.lists import NEWEST_FIRST, Edge, Window
from gateway.model.problems import Problem, Severity
from gateway.model.records import Article, Generation, Visibility
from gateway.store.protocol import ChangeSet, read_one
from gateway.store.reads import ARTICLE_BY_PATH, ARTICLES, PageOf, StatisticsOf
from gateway.store.sqlite.store import SqliteStore
from tests.conftest import AS_ANYBODY
from tests.parsing import InProcess
from tests.store.reading import look_up
from tests.store.template import empty_database

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
HOLD = timedelta(seconds=10)
MANY = 30
"""More articles than may go without a second look."""


class Clock:
    """A clock that moves only on request."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Site:
    """A content folder, its database, and its loader."""

    def __init__(self, root: Path, store: SqliteStore, parser_pool: ParserPool, **options: Any) -> None:
        self.root = root
        self.store = store
        self.clock = Clock()
        self.ingest = Ingest(store, root, parser_pool, clock=self.clock, hold=HOLD, **options)

    def write(self, path: str, text: str = "", *, age: float = 3600, head: str = "---") -> None:
        """Write a document; `head` replaces its first fence. It was modified `age` seconds ago."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{head}\ntitle: {path}\n{text}\n---\n")
        modified = self.clock.now.timestamp() - age
        os.utime(file, (modified, modified))

    def write_many(self, number: int = MANY) -> None:
        for at in range(number):
            self.write(f"{at:02}.md")

    def delete(self, *paths: str) -> None:
        for path in paths:
            (self.root / path).unlink()

    async def run(self, **options: Any) -> IngestReport:
        """The next run, a minute later."""
        self.clock.go_on(60)
        return await self.ingest.run(**options)

    async def edges(self, visibility: Visibility = Visibility.PREVIEW) -> Sequence[Edge[Article]]:
        async with self.store.snapshot(visibility) as snapshot:
            return (await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(100)))).edges

    async def paths(self, visibility: Visibility = Visibility.PREVIEW) -> list[str]:
        return [edge.node.path for edge in await self.edges(visibility)]

    async def problems(self) -> Sequence[Problem]:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return await snapshot.problems(None, None)

    async def article(self, path: str) -> Article | None:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return (await look_up(snapshot, ARTICLE_BY_PATH, [path])).get(path)

    async def codes(self) -> list[str]:
        return [problem.code for problem in await self.problems()]

    async def generation(self) -> Generation:
        async with self.store.snapshot(Visibility.PREVIEW) as snapshot:
            return await snapshot.generation()

    async def remember(self, **values: Any) -> None:
        """Make the last run have stored other values."""
        state = IngestState.load(await self.store.memory())._replace(**values)
        await self.store.apply(ChangeSet(self.clock.now, nothing(), (), state.dump()))


async def nothing() -> AsyncIterator[Sequence[Change]]:
    return
    yield


@asynccontextmanager
async def opened(folder: Path, **options: Any) -> AsyncIterator[Site]:
    """The site of a folder in a new process."""
    (folder / "content").mkdir(parents=True, exist_ok=True)
    store, parser_pool = await SqliteStore.open(empty_database(folder / "content.db"), readers=2), InProcess(1)
    try:
        yield Site(folder / "content", store, parser_pool, **options)
    finally:
        await parser_pool.close()
        await store.close()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        yield site


# Changes.


async def test_first_run(site: Site) -> None:
    """Every document is an article, other files are reported, and the report has counts."""
    site.write("a.md")
    site.write("sub/b.md", "published: false")
    site.write("c.md", head="No front matter.")
    report = await site.run()
    assert await site.paths() == ["a.md", "sub/b.md"]
    assert await site.paths(Visibility.PUBLIC) == ["a.md"]
    assert report.applied == (True, 2, 0, 0)
    assert (report.files, report.read, report.parsed) == (3, 3, 3)
    assert [(problem.path, problem.code) for problem in report.problems] == [("c.md", "NO_FRONT_MATTER")]
    assert list(report.problems) == await site.problems()
    assert report.seconds > 0


async def test_run_without_changes(site: Site) -> None:
    """A second run, also of another process, reads no file and creates no generation."""
    site.write("a.md")
    site.write("broken.md", "published: maybe")
    site.write("plain.md", head="No front matter.")
    await site.run()
    before = await site.generation()
    report = await site.run()
    assert (report.applied.changed, report.files, report.read, report.parsed) == (False, 3, 0, 0)
    await site.store.close()
    async with opened(site.root.parent) as again:
        assert (await again.run()).read == 0
        assert await again.generation() == before
        assert sorted(await again.codes()) == ["BAD_VISIBILITY", "NO_FRONT_MATTER"]


async def test_run_reads_only_changed_files(site: Site) -> None:
    """Changed, renamed, new and deleted files are applied."""
    for path in ("changed.md", "old-name.md", "deleted.md", "same.md"):
        site.write(path)
    await site.run()
    site.write("changed.md", "quality: 7")
    (site.root / "old-name.md").rename(site.root / "new-name.md")
    site.delete("deleted.md")
    report = await site.run()
    assert await site.paths() == ["changed.md", "new-name.md", "same.md"]
    assert (report.read, report.parsed) == (2, 2)
    assert report.applied == (True, 1, 1, 2)


async def test_touched_file(site: Site) -> None:
    """It is hashed once and not parsed, and creates no generation."""
    site.write("a.md")
    await site.run()
    os.utime(site.root / "a.md", (1, 1))
    report = await site.run()
    assert (report.applied.changed, report.read, report.parsed) == (False, 1, 0)
    assert (await site.run()).read == 0


@pytest.mark.parametrize(("age", "again"), [(-1, 1), (0, 1), (1.9, 1), (2.1, 0)])
async def test_recent_file_is_hashed_again(site: Site, age: float, again: int) -> None:
    """It may have changed after its reading within a clock tick. The run after that does not hash it."""
    site.write("a.md", age=age)
    await site.ingest.run()
    report = await site.run()
    assert (report.applied.changed, report.read, report.parsed) == (False, again, 0)
    assert (await site.run()).read == 0


async def test_file_from_the_far_future(site: Site) -> None:
    """Its time, 2300 here, does not fit into the store's integers. It is always recent, so each run hashes it."""
    site.write("a.md")
    os.utime(site.root / "a.md", (10_413_792_000, 10_413_792_000))
    assert (await site.run()).applied.added == 1
    report = await site.run()
    assert (report.read, report.parsed) == (1, 0)


async def test_new_decoder_version_parses_everything(site: Site) -> None:
    """Unchanged results create no generation."""
    site.write("a.md")
    site.write("b.md")
    await site.run()
    await site.remember(decoder="0")
    before = await site.generation()
    report = await site.run()
    assert (report.read, report.parsed, report.applied.changed) == (2, 2, False)
    assert await site.generation() == before
    assert (await site.run()).read == 0


async def test_ids_and_cursors_depend_only_on_content(tmp_path: Path) -> None:
    """Two copies at two paths, loaded differently, are equal for clients."""
    async with opened(tmp_path / "one") as one, opened(tmp_path / "another/place") as two:
        for site in (one, two):
            site.write("a.md", "slug: same\npublishedDateTime: 2024-01-01")
            site.write("sub/a.md", "slug: same\ntopics: [AI]")
        await one.run()
        two.delete("a.md")
        await two.run()
        two.write("a.md", "slug: same\npublishedDateTime: 2024-01-01")
        await two.run()
        told = [[(edge.cursor, edge.node.id, edge.node.slug) for edge in await site.edges()] for site in (one, two)]
    assert told[0] == told[1]
    assert len({id_ for _, id_, _ in told[0]}) == 2


async def test_progress(site: Site) -> None:
    """It ends with all files that were to be read."""
    site.write_many()
    seen: list[tuple[int, int]] = []
    await site.run(progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (MANY, MANY)


# Broken files.


@pytest.mark.parametrize(
    ("text", "served"),
    [
        ("published: true", "It is still served as published"),
        ("published: false", "It is still served as a draft"),
        ("publishedDateTime: 2999-01-01", "It is still served as scheduled"),
    ],
)
async def test_broken_file_keeps_its_last_good_version(site: Site, text: str, served: str) -> None:
    """Its problem has the version's time. After it is fixed, the new version is served."""
    site.write("a.md", text)
    await site.run()
    before = await site.edges()
    site.write("a.md", "published: maybe")
    report = await site.run()
    assert await site.edges() == before
    [problem] = report.problems
    assert problem.message.endswith(f" {served}, from the version of 2025-01-01T12:01:00Z.")
    assert await site.problems() == [problem]
    site.write("a.md", "quality: 5")
    await site.run()
    assert await site.problems() == []
    assert [edge.node.quality for edge in await site.edges()] == [5]


async def test_equal_bytes_with_unclear_visibility_are_withdrawn(site: Site) -> None:
    """A file that was served under earlier rules, and is unclear under the present ones, is removed."""
    (site.root / "gateway.yaml").write_text("fields: {category: [Draft]}\n")
    site.write("a.md", "Draft: true")
    await site.run()
    assert await site.paths(Visibility.PUBLIC) == ["a.md"]
    (site.root / "gateway.yaml").write_text("")
    await site.run()
    assert await site.paths(Visibility.PUBLIC) == []
    assert await site.codes() == ["BAD_VISIBILITY"]


async def test_broken_new_file_is_not_served(site: Site) -> None:
    """Its problem reports that. Every other file is loaded."""
    site.write("a.md")
    site.write("b.md", "published: maybe")
    report = await site.run()
    assert await site.paths() == ["a.md"]
    assert [problem.message.rpartition(". ")[2] for problem in report.problems] == ["It is not served."]


async def test_file_with_a_warning_is_served(site: Site) -> None:
    """The article is served without the unreadable value."""
    site.write("a.md", "quality: high")
    [problem] = (await site.run()).problems
    assert problem.severity is Severity.WARNING
    assert "served" not in problem.message


async def test_readable_again(tmp_path: Path) -> None:
    """The problem of a file disappears, also if it returns with its earlier bytes."""
    async with opened(tmp_path, max_bytes=100) as site:
        site.write("a.md", "quality: high")
        await site.run()
        site.write("a.md", "x" * 100)
        await site.run()
        assert await site.codes() == ["TOO_LARGE"]
        site.write("a.md", "quality: high")
        before = await site.edges()
        report = await site.run()
        assert await site.codes() == ["BAD_VALUE"]
        assert (report.parsed, report.applied.updated) == (1, 0)
        assert await site.edges() == before


# Deletions.


async def test_emptied_folder_keeps_its_articles(site: Site) -> None:
    """Any number of them, also in a new process, until the deletion is accepted. Then an empty folder is a warning."""
    site.write("a.md")
    await site.run()
    site.delete("a.md")
    report = await site.run()
    assert [problem.code for problem in report.problems] == ["FOLDER_EMPTIED"]
    await site.store.close()
    async with opened(site.root.parent) as again:
        await again.run()
        await again.run()
        assert await again.paths() == ["a.md"]
        assert await again.codes() == ["FOLDER_EMPTIED"]
        report = await again.run(accept_empty=True)
        assert report.applied.removed == 1
        assert await again.paths() == []
        assert await again.codes() == ["EMPTY"]


async def test_refilled_folder_has_no_problem(site: Site) -> None:
    """Returning files count as never removed."""
    site.write_many(3)
    await site.run()
    before = await site.edges()
    (site.root).rename(site.root.with_name("elsewhere"))
    site.root.mkdir()
    await site.run()
    site.root.rmdir()
    site.root.with_name("elsewhere").rename(site.root)
    report = await site.run()
    assert report.parsed == 0
    assert await site.edges() == before
    assert await site.problems() == []


async def test_large_deletion_waits_for_a_second_check(site: Site) -> None:
    """Over half of many articles stay until the same files are still missing later. Other changes are applied."""
    site.write_many()
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(20)))
    site.write("new.md")
    report = await site.run()
    assert [problem.code for problem in report.problems] == ["DELETION_HELD"]
    assert (report.parsed, report.applied.added, report.applied.removed) == (1, 1, 0)
    site.clock.go_on(9)
    assert (await site.ingest.run()).applied.removed == 0
    site.clock.go_on(1)
    report = await site.ingest.run()
    assert report.applied.removed == 20
    assert report.problems == ()
    assert len(await site.paths()) == 11
    assert await site.problems() == []


async def test_changed_deletion_restarts_the_hold(site: Site) -> None:
    """A folder that is being emptied or filled is waited for."""
    site.write_many()
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(20)))
    await site.run()
    site.delete("20.md")
    assert (await site.run()).applied.removed == 0
    assert (await site.run()).applied.removed == 21


async def test_large_deletion_at_the_start(site: Site) -> None:
    """The next process may confirm a held deletion."""
    site.write_many()
    await site.run()
    await site.store.close()
    async with opened(site.root.parent) as second:
        second.clock.go_on(60)
        second.delete(*(f"{at:02}.md" for at in range(20)))
        assert (await second.run()).applied.removed == 0
    async with opened(site.root.parent) as third:
        third.clock.go_on(120)
        assert (await third.run()).applied.removed == 20


async def test_deletions_without_a_hold(site: Site) -> None:
    """Half of many articles, or all but one of few."""
    site.write_many()
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(15)))
    assert (await site.run()).applied.removed == 15
    site.delete(*(f"{at:02}.md" for at in range(15, 29)))
    assert (await site.run()).applied.removed == 14


async def test_accepted_deletion(site: Site) -> None:
    """It is applied at once."""
    site.write_many()
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(20)))
    report = await site.run(accept_empty=True)
    assert report.applied.removed == 20
    assert report.problems == ()


async def test_lost_front_matter_counts_as_deletion(site: Site) -> None:
    """Single articles are removed; most of them at once, as after a failed checkout, are held."""
    site.write_many()
    await site.run()
    site.write("00.md", head="Just text.")
    report = await site.run()
    assert (report.applied.removed, [problem.code for problem in report.problems]) == (1, ["NO_FRONT_MATTER"])
    for at in range(1, 21):
        site.write(f"{at:02}.md", head="version https://lfs.example/v1")
    assert (await site.run()).applied.removed == 0
    assert await site.codes() == ["DELETION_HELD", "NO_FRONT_MATTER"]
    assert len(await site.paths()) == MANY - 1
    assert (await site.run()).applied.removed == 20


async def test_folder_without_any_front_matter_is_empty(site: Site) -> None:
    """No document is left."""
    site.write("a.md")
    await site.run()
    site.write("a.md", head="Just text.")
    await site.run()
    await site.run()
    assert await site.paths() == ["a.md"]
    assert await site.codes() == ["FOLDER_EMPTIED"]


async def test_other_device_deletes_nothing(site: Site) -> None:
    """Missing articles of an unmounted disk stay until the deletion is accepted."""
    site.write("a.md")
    site.write("b.md")
    await site.run()
    place = IngestState.load(await site.store.memory()).location
    assert place
    await site.remember(location=place._replace(device=place.device + 1))
    site.delete("a.md")
    site.write("c.md")
    assert [problem.code for problem in (await site.run()).problems] == ["DEVICE_CHANGED"]
    await site.run()
    assert await site.paths() == ["a.md", "b.md", "c.md"]
    await site.run(accept_empty=True)
    assert await site.paths() == ["b.md", "c.md"]
    site.delete("b.md")
    await site.run()
    assert await site.paths() == ["c.md"]


async def test_missing_folder_deletes_nothing(site: Site) -> None:
    """The run fails, and the store is unchanged."""
    site.write("a.md")
    await site.run()
    before = await site.generation()
    shutil.rmtree(site.root)
    with pytest.raises(ContentFolderError):
        await site.run()
    assert await site.paths() == ["a.md"]
    assert await site.generation() == before


CLOSED = """
import asyncio, json, sys
from pathlib import Path
from tests.test_ingest import opened

async def main(folder, mode):
    async with opened(Path(folder)) as site:
        site.write("a.md")
        site.write("gone.md")
        site.write("closed/b.md")
        site.write("closed/below/c.md")
        await site.run()
        site.delete("gone.md")
        (site.root / "closed").chmod(mode)
        report = await site.run()
        (site.root / "closed").chmod(0o700)
        told = [[problem.path, problem.code] for problem in report.problems]
        print(json.dumps([await site.paths(), told]))
        (site.root / "closed/b.md").unlink()
        await site.run()
        print(json.dumps([await site.paths(), await site.codes()]))

asyncio.run(main(sys.argv[1], int(sys.argv[2], 8)))
"""


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("000", [["closed", "UNREADABLE_FOLDER"]]),
        # Files without permission.
        ("400", [["closed/b.md", "UNREADABLE"], ["closed/below", "UNREADABLE_FOLDER"]]),
    ],
)
def test_unreadable_folder_keeps_its_articles(tmp_path: Path, mode: str, told: list[list[str]]) -> None:
    """Other changes are applied. When it is readable again, its deletions are too."""
    command = [*AS_ANYBODY, sys.executable, "-c", CLOSED, str(tmp_path), mode]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    closed, after = map(json.loads, done.stdout.splitlines())
    assert closed == [["a.md", "closed/b.md", "closed/below/c.md"], told]
    assert after == [["a.md", "closed/below/c.md"], []]


# The site's rules.


async def test_changed_rules_parse_everything(site: Site) -> None:
    """Unchanged documents follow them too, and included files are added and removed."""
    site.write("de/a.md")
    site.write("b.md")
    (site.root / "c.yaml").write_text("title: C\n")
    os.utime(site.root / "c.yaml", (0, 0))
    assert (await site.run()).parsed == 2
    (site.root / "gateway.yaml").write_text("defaults: [{path: de, locale: de}]\ninclude: ['*']\n")
    assert (await site.run()).parsed == 3
    assert {edge.node.path: edge.node.locale for edge in await site.edges()} == {
        "b.md": None,
        "c.yaml": None,
        "de/a.md": "de",
    }
    assert (await site.run()).read == 0
    (site.root / "gateway.yaml").write_text("")
    await site.run()
    assert [edge.node.locale for edge in await site.edges()] == [None, None]


async def test_broken_rules_stop_the_start(site: Site) -> None:
    """One line per problem, with its position. The store is unchanged."""
    site.write("a.md")
    (site.root / "gateway.yaml").write_text("pins: []\nexpose: [secured]\n")
    with pytest.raises(SiteError) as caught:
        await site.run()
    assert caught.value.exit_code == 2
    assert caught.value.message.splitlines() == [
        "The site's rules cannot be used.",
        f"gateway.yaml:1:1: `pins` is not a known key here. The known keys are {', '.join(sorted(SECTIONS))}.",
        "gateway.yaml:2:10: The content of `secured` is never shown. Delete it here.",
    ]
    assert not await site.store.ready()


@pytest.mark.parametrize("broken", ["pin: [", None])
async def test_broken_or_missing_rules_stay_in_force(site: Site, broken: str | None) -> None:
    """The last good rules apply to new files, with a problem. A pinned draft is never public."""
    file = site.root / "gateway.yaml"
    file.write_text("pin: [{path: drafts, published: false}]")
    site.write("drafts/a.md")
    await site.run()
    if broken is None:
        file.unlink()
    else:
        file.write_text(broken)
    site.write("drafts/b.md", "published: true")
    report = await site.run()
    assert report.parsed == 1
    assert [(each.path, each.severity) for each in await site.problems()] == [("gateway.yaml", "ERROR")]
    assert (await site.problems())[0].message.endswith("The last good rules stay in force.")
    assert await site.paths(Visibility.PUBLIC) == []
    file.write_text("")
    await site.run()
    assert await site.codes() == []
    assert await site.paths(Visibility.PUBLIC) == ["drafts/a.md", "drafts/b.md"]


@pytest.mark.parametrize("flag", ["published: true", "published: true\npublishedDateTime: 2999-01-01"])
async def test_hiding_pin_removes_a_last_good_version(site: Site, flag: str) -> None:
    """Public and scheduled versions are removed, although the file cannot be read."""
    site.write("a.md", flag)
    await site.run()
    before = await site.edges()
    site.write("a.md", "a: [")
    await site.run()
    (site.root / "gateway.yaml").write_text("pin: [{path: a.md, published: false}]")
    assert (await site.run()).applied.updated == 1
    assert [edge.node.status for edge in await site.edges()] == ["DRAFT"]
    assert "It is still served as a draft" in (await site.problems())[0].message
    (site.root / "gateway.yaml").write_text("")
    await site.run()
    assert await site.edges() == before
    assert f"It is still served as {before[0].node.status.lower()}" in (await site.problems())[0].message


def clear_rules(site: Site) -> None:
    for path in ("_config.yml", "s/s.json"):
        (site.root / path).unlink(missing_ok=True)
    (site.root / "gateway.yaml").write_text("")
    site.write("s/_index.md")


DRAFT = ("published: false", "DRAFT")
EXPIRED = ("expiryDate: '2025-01-01'", "EXPIRED")
SCHEDULED = ("publishDate: '2999-01-01'", "SCHEDULED")
UNLISTED = ("unlisted: true", "PUBLISHED")
RULES = {
    "pin: [{path: 's/**', %s}]": ("gateway.yaml", (DRAFT, EXPIRED, SCHEDULED, UNLISTED)),
    "defaults: [{path: 's/**', %s}]": ("gateway.yaml", (DRAFT, EXPIRED)),
    "defaults: [{scope: {path: s}, values: {%s}}]": ("_config.yml", (EXPIRED, UNLISTED)),
    "---\ntitle: Section\ncascade: {%s}\n---\n": ("s/_index.md", (DRAFT, EXPIRED, SCHEDULED)),
    "---\ntitle: Section\n%s\n---\n": ("s/_index.md", (("draft: true", "DRAFT"),)),
    "{%s}": ("s/s.json", (('"expires": "2025-01-01"', "EXPIRED"), ('"unlisted": true', "PUBLISHED"))),
}
OUTSIDE = [(path, text % rule, status) for text, (path, rules) in RULES.items() for rule, status in rules]


@pytest.mark.parametrize(("path", "text", "status"), OUTSIDE)
async def test_rules_outside_of_a_broken_file_hold_for_its_last_good_version(
    site: Site, path: str, text: str, status: str
) -> None:
    """While they are there it is a draft, has a date or is unlisted; then it is what it was, or what the file says."""
    site.write("s/_index.md")
    site.write("s/a.md")
    await site.run()
    before = await site.article("s/a.md")
    site.write("s/a.md", "a: [")
    await site.run()
    for _ in range(2):
        (site.root / path).write_text(text)
        await site.run()
        found = await site.article("s/a.md")
        assert found
        assert (found.status, found.unlisted) == (status, "unlisted" in text)
        assert "s/a.md" not in await site.paths(Visibility.PUBLIC)
        clear_rules(site)
        await site.run()
        assert await site.article("s/a.md") == before
        assert "s/a.md" in await site.paths(Visibility.PUBLIC)
    (site.root / path).write_text(text)
    await site.run()
    clear_rules(site)
    site.write("s/a.md")
    await site.run()
    assert "s/a.md" in await site.paths(Visibility.PUBLIC)


async def test_a_date_of_a_rule_passes_for_a_last_good_version(site: Site) -> None:
    """A run at its time hides the version of a file that is broken."""
    site.write("a.md")
    await site.run()
    site.write("a.md", "a: [")
    (site.root / "gateway.yaml").write_text("pin: [{path: a.md, expiryDate: '2025-01-01T13:00:00Z'}]")
    await site.run()
    assert await site.paths(Visibility.PUBLIC) == ["a.md"]
    site.clock.go_on(3600)
    await site.ingest.run()
    assert await site.paths(Visibility.PUBLIC) == []


async def test_bytes_that_became_unclear_below_a_rule_do_not_come_back_with_its_end(site: Site) -> None:
    """A pin that shows them again is no reason to show what nobody can tell the visibility of."""
    site.write("a.md", "state: draft")
    await site.run()
    rules = site.root / "gateway.yaml"
    site.write("a.md", "a: [")
    rules.write_text("pin: [{path: a.md, published: false}]")
    await site.run()
    site.write("a.md", "state: draft")
    rules.write_text("fields: {draft: [state]}")
    await site.run()
    assert await site.paths(Visibility.PUBLIC) == []


async def test_rules_hold_for_articles_whose_files_are_away(site: Site) -> None:
    """Too many to be deleted at once: they stay, and what a new rule hides is hidden."""
    for at in range(MANY):
        site.write(f"drafts/d{at}.md")
    site.write("a.md")
    await site.run()
    shutil.rmtree(site.root / "drafts")
    (site.root / "gateway.yaml").write_text("pin: [{path: 'drafts/**', published: false}]")
    await site.run()
    assert "DELETION_HELD" in await site.codes()
    assert (len(await site.paths()), await site.paths(Visibility.PUBLIC)) == (MANY + 1, ["a.md"])


async def test_broken_pinned_draft_stays_in_previews(site: Site) -> None:
    """The public sees neither version."""
    (site.root / "gateway.yaml").write_text("pin: [{path: '**', published: false}]")
    site.write("a.md", "published: true")
    await site.run()
    site.write("a.md", "a: [")
    await site.run()
    assert (await site.paths(), await site.paths(Visibility.PUBLIC)) == (["a.md"], [])


async def test_returning_files_are_decoded_by_new_rules(site: Site) -> None:
    """Files of a held deletion follow rules that changed meanwhile."""
    site.write_many(9)
    for at in range(MANY):
        site.write(f"drafts/d{at}.md", "published: true")
    await site.run()
    (site.root / "drafts").rename(site.root.parent / "away")
    (site.root / "gateway.yaml").write_text("pin: [{path: 'drafts/**', published: false}]")
    await site.run()
    assert "DELETION_HELD" in await site.codes()
    (site.root.parent / "away").rename(site.root / "drafts")
    await site.run()
    assert [path for path in await site.paths(Visibility.PUBLIC) if path.startswith("drafts/")] == []
    assert len(await site.paths()) == 9 + MANY


UNKNOWN = """
import asyncio, json, sys
from pathlib import Path
from gateway.model.records import Visibility
from tests.test_ingest import opened

async def main(folder):
    async with opened(Path(folder)) as site:
        (site.root / "gateway.yaml").write_text("pin: [{path: '**', published: false}]")
        site.write("a.md", "published: true")
        await site.run()
    async with opened(Path(folder)) as site:
        site.clock.go_on(600)
        site.root.chmod(0)
        await site.run()
        site.root.chmod(0o700)
        print(json.dumps([await site.paths(), await site.paths(Visibility.PUBLIC), await site.codes()]))
        report = await site.run()
        print(json.dumps([await site.paths(), await site.paths(Visibility.PUBLIC), report.parsed]))

asyncio.run(main(sys.argv[1]))
"""


def test_start_with_an_unlistable_folder(tmp_path: Path) -> None:
    """Files are not read by other rules, and articles stay."""
    wrapper = AS_ANYBODY if os.geteuid() == 0 else ()
    command = [*wrapper, sys.executable, "-c", UNKNOWN, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    closed, after = map(json.loads, done.stdout.splitlines())
    assert closed == [["a.md"], [], ["UNREADABLE_FOLDER"]]
    assert after == [["a.md"], [], 0]


# Strict runs.


async def test_strict_run_is_atomic(site: Site) -> None:
    """With any error nothing is loaded, and the error lists all problems."""
    site.write("a.md", "quality: high")
    site.write("b.md", "published: maybe")
    with pytest.raises(StrictError) as caught:
        await site.run(strict=True)
    assert sorted(problem.code for problem in caught.value.problems) == ["BAD_VALUE", "BAD_VISIBILITY"]
    assert caught.value.exit_code == 1
    assert not await site.store.ready()
    site.write("b.md")
    assert (await site.run(strict=True)).applied.added == 2


async def test_strict_run_reports_errors_of_unchanged_files(site: Site) -> None:
    """The store is unchanged."""
    site.write("a.md", "published: maybe")
    await site.run()
    before = await site.generation()
    site.write("b.md")
    with pytest.raises(StrictError) as caught:
        await site.run(strict=True)
    assert [problem.path for problem in caught.value.problems] == ["a.md"]
    assert (await site.generation(), await site.paths()) == (before, [])


async def test_strict_run_confirms_a_large_deletion(site: Site) -> None:
    """It stores nothing, but its second check succeeds."""
    site.write_many()
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(20)))
    with pytest.raises(StrictError) as caught:
        await site.run(strict=True)
    assert [problem.code for problem in caught.value.problems] == ["DELETION_HELD"]
    assert (await site.run(strict=True)).applied.removed == 20


# Serialised and atomic runs.


async def test_runs_are_serialised(site: Site) -> None:
    """Two concurrent requests do not repeat work."""
    site.write_many()
    first, second = await asyncio.gather(site.ingest.run(), site.ingest.run())
    assert (first.parsed, second.parsed) == (MANY, 0)


async def test_cancelled_run_changes_nothing(site: Site) -> None:
    """The next run does all of the work."""
    site.write("a.md")
    await site.run()
    before = await site.generation()
    site.write_many(100)

    def stop(done: int, total: int) -> None:
        assert done < total
        running.cancel()

    running = asyncio.create_task(site.run(progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await site.generation(), await site.paths()) == (before, ["a.md"])
    assert (await site.run()).applied.added == 100


# Time.


class Waiting:
    """Advances the clock instead of waiting, and counts the waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.spans: list[float] = []

    async def __call__(self, event: Coroutine[Any, Any, object], seconds: float) -> None:
        event.close()
        self.spans.append(seconds)
        self._clock.go_on(seconds)
        raise TimeoutError


async def test_due_article_is_published(site: Site) -> None:
    """The loader wakes at its time, and the run reads no file."""
    site.write("a.md", "publishedDateTime: 2025-01-01T12:03:30Z")
    site.write("draft.md", "published: false\npublishedDateTime: 2025-01-01T12:02:00Z")
    site.write("later.md", "publishedDateTime: 2025-01-01T12:03:31Z")
    waiting = Waiting(site.clock)
    await site.run()
    await site.ingest.until_due(wait=waiting)
    assert site.clock.now == datetime(2025, 1, 1, 12, 3, 30, tzinfo=UTC)
    assert waiting.spans == [60, 60, 30]
    assert await site.paths(Visibility.PUBLIC) == []
    report = await site.ingest.run()
    assert (report.read, report.applied.updated) == (0, 1)
    assert await site.paths(Visibility.PUBLIC) == ["a.md"]
    await site.ingest.until_due(wait=waiting)
    assert waiting.spans[3:] == [1]


async def test_article_due_before_the_start(site: Site) -> None:
    """It is published at the start."""
    site.write("a.md", "publishedDateTime: 2025-01-01T13:00:00Z")
    await site.run()
    await site.store.close()
    async with opened(site.root.parent) as again:
        again.clock.go_on(7200)
        waiting = Waiting(again.clock)
        await again.ingest.until_due(wait=waiting)
        assert waiting.spans == []


async def test_held_deletion_is_checked_again(site: Site) -> None:
    """No file event is needed."""
    site.write_many()
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(20)))
    await site.run()
    waiting = Waiting(site.clock)
    await site.ingest.until_due(wait=waiting)
    assert waiting.spans == [HOLD.total_seconds()]
    assert (await site.ingest.run()).applied.removed == 20


async def test_failed_due_run_is_retried(site: Site) -> None:
    """After a pause, so that a full disk does not cause a thousand runs a second."""
    site.write("a.md", "publishedDateTime: 2025-01-01T12:01:30Z")
    site.write("b.md", "published: maybe")
    await site.run()
    waiting = Waiting(site.clock)
    await site.ingest.until_due(wait=waiting)
    with pytest.raises(StrictError):
        await site.ingest.run(strict=True)
    await site.ingest.until_due(wait=waiting)
    assert waiting.spans == [30, RETRY.total_seconds()]


async def test_schedule_of_a_later_run_is_used(site: Site) -> None:
    """The wait ends at the time that a newer run scheduled."""
    spans: list[float] = []

    async def wait(event: Coroutine[Any, Any, object], seconds: float) -> None:
        spans.append(seconds)
        if len(spans) == 1:
            site.write("a.md", "publishedDateTime: 2025-01-01T12:01:30Z")
            await site.run()
            await event
        else:
            event.close()
            site.clock.go_on(seconds)
            raise TimeoutError

    await site.ingest.until_due(wait=wait)
    assert spans == [60, 30]


# What is served at a start, before the first run.


def put_rules(site: Site) -> None:
    (site.root / "gateway.yaml").write_text("pin: [{path: a.md, published: false}]")


def put_cascade(site: Site) -> None:
    site.write("_index.md", "cascade: {draft: true}")


def break_rules(site: Site) -> None:
    (site.root / "gateway.yaml").write_text("pin: [")


@pytest.mark.parametrize("change", [put_rules, put_cascade, break_rules])
async def test_rules_that_changed_while_no_process_ran_hold_before_anything_is_served(
    tmp_path: Path, change: Callable[[Site], None]
) -> None:
    """What is stored follows others, so that nothing is ready before a run has followed these."""
    async with opened(tmp_path) as site:
        site.write("a.md")
        await site.run()
    async with opened(tmp_path) as site:
        change(site)
        assert not await site.ingest.resume()
        with suppress(SiteError):
            await site.run()
        assert await site.ingest.is_ready() is (change is not break_rules)


async def test_another_decoder_serves_nothing_of_the_one_before(site: Site) -> None:
    """After an upgrade a run comes first, also where the folder is away."""
    site.write("a.md")
    await site.run()
    await site.remember(decoder="before")
    async with another(site) as again:
        assert not await again.resume()
        site.root.rename(site.root.parent / "away")
        assert not await again.resume()
        (site.root.parent / "away").rename(site.root)
        await again.run()
        assert await again.is_ready()


async def test_what_is_stored_is_served_at_once_where_the_rules_are_the_same(site: Site) -> None:
    """Without a run, which finds documents that changed; also where the folder, and its rules, are away."""
    put_rules(site)
    site.write("a.md")
    async with another(site) as first:
        assert not await first.resume()
    await site.run()
    site.write("b.md")
    async with another(site) as again:
        assert not await again.is_ready()
        assert await again.resume()
        assert await again.is_ready()
    site.root.rename(site.root.parent / "away")
    async with another(site) as again:
        assert await again.resume()


async def test_the_time_that_no_process_ran_has_passed_before_anything_is_served(site: Site) -> None:
    """What expired is hidden and what became due is shown, without a run, whose problems and state stay."""
    site.write("a.md", "expiryDate: 2025-01-01T13:00:00Z")
    site.write("b.md", "publishDate: 2025-01-01T13:00:00Z")
    site.write_many()
    await site.run()
    site.delete(*(f"{at:02}.md" for at in range(MANY)))
    await site.run()
    before = (await site.store.memory(), await site.codes())
    site.clock.go_on(3600)
    async with another(site) as again:
        assert await again.resume()
    paths = await site.paths(Visibility.PUBLIC)
    assert ("a.md" in paths, "b.md" in paths) == (False, True)
    assert (await site.store.memory(), await site.codes()) == before
    assert before[1] == ["DELETION_HELD"]


async def test_who_stands_by_serves_what_follows_its_rules(site: Site) -> None:
    """A second process on the database is ready when the writer has loaded by the rules that it sees itself."""
    site.write("a.md")
    await site.run()
    put_rules(site)
    reader = await SqliteStore.join(site.root.parent / "content.db", readers=1)
    following = asyncio.create_task(reader.become_writer())
    generations = reader.generations()
    try:
        async with another(site, reader) as standby:
            assert not await standby.resume()
            await site.run()
            while not await standby.resume():
                await anext(generations)
            async with reader.snapshot(Visibility.PUBLIC) as snapshot:
                assert (await read_one(snapshot, StatisticsOf())).articles == 0
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await reader.close()


@asynccontextmanager
async def another(site: Site, store: SqliteStore | None = None) -> AsyncIterator[Ingest]:
    """The ingest of another process that starts on the database."""
    parser_pool = InProcess(1)
    try:
        yield Ingest(store or site.store, site.root, parser_pool, clock=site.clock, hold=HOLD)
    finally:
        await parser_pool.close()
