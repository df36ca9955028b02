"""While files of a followed folder are moved, deleted, edited and added, each generation contains each article
as often as the rules allow."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import pytest

from gateway.content.source import WatchMode
from gateway.content.watch import Watch
from gateway.loading.deletion_guard import DELETION_HELD, SMALL_DELETION
from gateway.loading.ingest import IngestReport
from gateway.loading.scheduler import Scheduler
from gateway.model.lists import NEWEST_FIRST, Window
from gateway.model.records import Article, Visibility
from gateway.store.protocol import read_one
from gateway.store.reads import ARTICLES, PageOf
from tests.test_ingest import HOLD, Site
from tests.test_paths import unfollowed
from tests.test_scheduler import git

ROUNDS = 200 if os.environ.get("GATEWAY_TEST_FULL") else 20
FOLDERS = ("", "a/", "b/", "a/deep/", "c/")
FEWEST = 5
DELAYS = (0, 0, 0.01, 0.05, 0.2)
"""Seconds after which the follower learns of a change; some are longer than it waits for a pause."""
LONGEST = 5
"""The largest number of steps of a script."""


class World:
    """A content folder of documents with unique words, and the record of changes."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self._root = root
        self._chance = chance
        self._number = 0
        self.titles: dict[str, str] = {}
        """The documents by path."""
        self.ended: dict[str, float] = {}
        """The time from which a title must be gone."""
        self.deleted = set[str]()
        self.replaced = set[str]()
        self.copied = set[str]()

    def write(self, path: str) -> None:
        """A document with a new title, in place of an existing one if there is one."""
        self._number += 1
        title = f"Title {self._number}"
        self._replace(path)
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\ntitle: {title}\nslug: {slug(title)}\n---\n")
        self.titles[path] = title

    def move(self, path: str, to: str) -> None:
        self._replace(to)
        (self._root / to).parent.mkdir(parents=True, exist_ok=True)
        (self._root / path).replace(self._root / to)
        self.titles[to] = self.titles.pop(path)

    def copy(self, path: str, to: str) -> None:
        self.copied.add(self.titles[path])
        self._replace(to)
        (self._root / to).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._root / path, self._root / to)
        self.titles[to] = self.titles[path]

    def delete(self, *paths: str) -> None:
        for path in paths:
            self._end(self.titles.pop(path), self.deleted)
            (self._root / path).unlink()

    def move_folder(self, folder: str, to: str) -> None:
        (self._root / folder).rename(self._root / to)
        for path in self.within(folder):
            self.titles[to + path.removeprefix(folder)] = self.titles.pop(path)

    def within(self, folder: str) -> Sequence[str]:
        return [path for path in self.titles if path.startswith(folder)]

    def new_path(self) -> str:
        self._number += 1
        return f"{self._chance.choice(FOLDERS)}{self._number}.md"

    def _replace(self, path: str) -> None:
        if path in self.titles:
            self._end(self.titles.pop(path), self.replaced)

    def _end(self, title: str, how: set[str]) -> None:
        if title not in self.titles.values():
            self.ended[title] = monotonic()
            how.add(title)


def slug(title: str) -> str:
    return title.lower().replace(" ", "-")


Act = Callable[[World, random.Random], None]


def some(world: World, chance: random.Random, most: int = 3) -> Sequence[str]:
    """Paths of some documents. A few always remain."""
    return chance.sample(sorted(world.titles), max(0, min(len(world.titles) - FEWEST, chance.randint(1, most))))


def move_files(world: World, chance: random.Random) -> None:
    for path in some(world, chance, chance.choice([3, 40])):
        world.move(path, world.new_path())


def move_file_over_another(world: World, chance: random.Random) -> None:
    for path in some(world, chance):
        world.move(path, chance.choice([to for to in world.titles if to != path]))


def move_folder(world: World, chance: random.Random) -> None:
    folder = chance.choice(FOLDERS[1:])
    if world.within(folder):
        world.move_folder(folder, f"{chance.choice(['', 'a-', 'b-'])}{len(world.titles)}-{chance.random()}/")


def move_folder_file_by_file(world: World, chance: random.Random) -> None:
    folder, to = chance.sample(FOLDERS, 2)
    for path in world.within(folder):
        if to + path.removeprefix(folder) not in world.titles:
            world.move(path, to + path.removeprefix(folder))


def swap(world: World, chance: random.Random) -> None:
    path, other = chance.sample(sorted(world.titles), 2)
    aside = world.new_path()
    world.move(path, aside)
    world.move(other, path)
    world.move(aside, other)


def delete_files(world: World, chance: random.Random) -> None:
    world.delete(*some(world, chance))


def delete_many(world: World, chance: random.Random) -> None:
    world.delete(*some(world, chance, 30))


def add(world: World, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 3, 30])):
        world.write(world.new_path())


def edit(world: World, chance: random.Random) -> None:
    for path in some(world, chance):
        world.write(path)


def move_and_edit(world: World, chance: random.Random) -> None:
    for path in some(world, chance):
        to = world.new_path()
        world.move(path, to)
        world.write(to)


def copy_then_delete(world: World, chance: random.Random) -> None:
    paths = {path: world.new_path() for path in some(world, chance)}
    for path, to in paths.items():
        world.copy(path, to)
    world.delete(*paths)


MOVES: Sequence[Act] = (
    *(move_files, move_files, move_file_over_another, move_folder, move_folder, move_folder_file_by_file, swap),
    *(edit, move_and_edit, copy_then_delete, add),
)
ACTS = (*MOVES, delete_files, delete_files, delete_many, delete_many, add)


class Moment(NamedTuple):
    """The served content after a run."""

    ended: float
    """The end of the run."""
    articles: Sequence[Article]
    held: bool
    generation: int

    @property
    def titles(self) -> Counter[str]:
        return Counter(article.title for article in self.articles)


class Torn(Scheduler):
    """Receives changed paths one by one, in any order, some of them late."""

    chance: random.Random | None = None
    """Source of randomness. Without it all changes are reported at once."""

    def changed(self, paths: frozenset[str]) -> None:
        if self.chance is None:
            super().changed(paths)
            return
        for path in paths:
            asyncio.get_running_loop().call_later(self.chance.choice(DELAYS), super().changed, frozenset({path}))


class Observed:
    """A followed folder and everything that it served. A run starts only after the previous result was read."""

    def __init__(self, site: Site, chance: random.Random | None) -> None:
        self.site = site
        watch = Watch(site.root, WatchMode.EVENTS, 1)
        self.follower = Torn(site.ingest, watch, self._run, is_ready=site.store.ready, sweep=1e9)
        self.follower.chance = chance
        self.moments: list[Moment] = []
        self._looked = asyncio.Event()

    async def _run(self, paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
        report = await self.site.ingest.run(paths=paths, accept_empty=accept_empty)
        ended = monotonic()
        async with self.site.store.snapshot(Visibility.PUBLIC) as snapshot:
            page = await read_one(snapshot, PageOf(ARTICLES, NEWEST_FIRST, Window(1000)))
            generation = (await snapshot.generation()).counter
        held = DELETION_HELD in [problem.code for problem in report.problems]
        self.moments.append(Moment(ended, [edge.node for edge in page.edges], held, generation))
        self._looked.set()
        return report

    async def until_served(self, world: World) -> None:
        """Wait until events have brought the current content."""
        while not self.moments[-1].titles >= Counter(world.titles.values()):
            await self.until_looked()

    async def until_looked(self) -> None:
        """Wait for the next run."""
        self._looked.clear()
        await self._looked.wait()


@asynccontextmanager
async def observed(folder: Path, chance: random.Random | None = None) -> AsyncIterator[Observed]:
    async with unfollowed(folder) as site:
        live = Observed(site, chance)
        task = asyncio.create_task(live.follower.follow())
        try:
            await live.follower.request()
            yield live
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def check_moments(world: World, moments: Sequence[Moment]) -> None:
    """Served articles existed, each once and under its slug. At most the allowed share was removed."""
    before = moments[0].titles
    seen = set(before)
    most = 0
    """The number of articles before the first loss."""
    for moment in moments:
        titles = moment.titles
        gone = {title for title in world.deleted & seen if not titles[title]}
        for title in seen | titles.keys():
            assert titles[title] <= (2 if title in world.copied else 1), f"{title} is there twice"
            if not (title in world.ended and world.ended[title] <= moment.ended):
                assert titles[title] or title not in seen, f"{title} is missing"
        for article in moment.articles:
            assert article.slug == slug(article.title) or article.title in world.copied
        if not (gone or moment.held):
            most = max(most, len(moment.articles))
        assert most <= SMALL_DELETION or len(gone) * 2 <= most, f"{len(gone)} of {most} are gone"
        seen |= titles.keys()


def check_step(world: World, moments: Sequence[Moment]) -> None:
    """Existing files are served, and of deleted ones at most those that are held."""
    last, there = moments[-1], Counter(world.titles.values())
    assert last.titles >= there
    assert last.held or last.titles == there
    lost = world.deleted | world.replaced | world.copied
    assert not last.held or len(lost) * 2 > len(moments[0].articles)


async def follow_script(live: Observed, world: World, chance: random.Random, acts: Sequence[Act]) -> None:
    """Change the folder step by step, detected by walks or by events."""
    for act in acts:
        doing = asyncio.to_thread(act, world, chance)
        match chance.randrange(3):
            case 0:
                await asyncio.gather(doing, live.follower.request())
            case 1:
                await doing
                await live.until_served(world)
            case _:
                await doing
    await live.until_served(world)
    await live.follower.request()


def rename(root: Path) -> None:
    (root / "posts").rename(root / "articles")


def rename_file_by_file(root: Path) -> None:
    (root / "articles").mkdir()
    for file in sorted((root / "posts").iterdir()):
        file.rename(root / "articles" / file.name)


def check_out(root: Path) -> None:
    git(root, "checkout", "new")


@pytest.mark.parametrize("move", [rename, rename_file_by_file, check_out])
async def test_renamed_folder_shows_each_article_once(tmp_path: Path, move: Callable[[Path], None]) -> None:
    """In any way of renaming, each generation has all articles under their slugs."""
    root, number = tmp_path / "content", 40
    root.mkdir()
    git(root, "init", "--initial-branch", "old")
    world = World(root, random.Random(0))  # noqa: S311
    for at in range(number):
        world.write(f"posts/{at}.md" if at < 30 else f"{at}.md")
    git(root, "add", ".")
    git(root, "commit", "--message", "Old")
    git(root, "checkout", "-b", "new")
    git(root, "mv", "posts", "articles")
    git(root, "commit", "--message", "New")
    git(root, "checkout", "old")
    async with observed(tmp_path) as live:
        await asyncio.to_thread(move, root)
        while not all(article.path.startswith(("articles", "3")) for article in live.moments[-1].articles):
            await live.until_looked()
        for moment in live.moments:
            assert sorted(article.slug for article in moment.articles) == sorted(map(slug, world.titles.values()))
        generations = {moment.generation for moment in live.moments}
        assert move is not rename or len(generations) == 2


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_each_article_is_served_as_the_rules_allow(tmp_path: Path, seed: int) -> None:
    """Remaining articles are in each generation once. Deleted ones are removed at once, or held and then removed. The
    clock moves only between changes."""
    chance, delays = random.Random(seed), random.Random(seed)  # noqa: S311
    (tmp_path / "content").mkdir()
    world = World(tmp_path / "content", chance)
    for _ in range(chance.randint(30, 60)):
        world.write(world.new_path())
    async with asyncio.timeout(100), observed(tmp_path, delays) as live:
        for _ in range(chance.randint(1, LONGEST)):
            live.moments = live.moments[-1:]
            world.deleted, world.replaced, world.copied = set(), set(), world.copied & set(world.titles.values())
            kinds = chance.choice([MOVES, ACTS])
            await follow_script(live, world, chance, chance.choices(kinds, k=chance.randint(1, 6)))
            check_moments(world, live.moments)
            check_step(world, live.moments)
            live.site.clock.go_on(HOLD.total_seconds())
            await live.follower.request()
            assert live.moments[-1].titles == Counter(world.titles.values())
