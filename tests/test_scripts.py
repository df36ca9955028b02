"""A folder that is edited at random while it is followed equals a first load of its final state, for all clients."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content.source import WatchMode
from gateway.content.watch import Watch
from gateway.execution.executor import Executor
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import Limits
from gateway.loading.ingest import IngestReport
from gateway.loading.scheduler import Scheduler
from gateway.model.lists import BEST_FIRST, Grouping, Largest, Window
from gateway.model.problems import Problem, Severity
from gateway.model.records import Visibility
from gateway.search import Search
from gateway.store.protocol import ContentStore, read_one
from gateway.store.reads import ARTICLE_BY_PATH, ARTICLES, WHOLE, GroupsOf, PageOf
from gateway.store.tables import SAME_SLUG, TOPIC_SPELLING
from tests.copies import Reader, Subscriber
from tests.schema import SCHEMA
from tests.store.corpora import answers
from tests.store.reading import ask, look_up
from tests.test_ingest import Site
from tests.test_paths import EDITS as SMALL_EDITS
from tests.test_paths import FIELDS, NAMES, Edit, unfollowed
from tests.test_scheduler import Clock as Monotonic

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
LONGEST = 8 if FULL else 6
"""The largest number of steps of a script."""
SCRIPTS = settings(
    max_examples=1000 if FULL else 50,
)
HOURS = 3600.0
MARK = "mark.md"
"""A file that changes with each step, to wait for the step."""
BROKEN = (
    "---\ntitle: T\npublished: maybe\n---\n",
    "---\ntitle: T\ndate: 2024-13-01\n---\n",
    "---\ntitle: [\n---\n",
    "---\nno end\n",
)
PLAIN = "No front matter.\n"
TOGETHER = {SAME_SLUG, TOPIC_SPELLING}
WORDS = ("always", "ai", "acme", "deep a")


class Text(NamedTuple):
    """A file with literal content."""

    path: str
    text: str


Act = Edit | Text | float
"""A change of a folder, or seconds to wait."""

ACTS = st.one_of(
    SMALL_EDITS,
    SMALL_EDITS,
    st.builds(Edit, NAMES, FIELDS.map(lambda fields: {**fields, "published": "false"}), st.none(), st.none()),
    st.builds(Edit, NAMES, FIELDS.map(lambda fields: {**fields, "date": "2025-01-01T14:00:00Z"}), st.none(), st.none()),
    st.builds(Text, NAMES, st.sampled_from((*BROKEN, *BROKEN, PLAIN))),
    st.sampled_from([60.0, HOURS, 24 * HOURS]),
)
STEPS = st.tuples(st.lists(ACTS, min_size=1, max_size=4), st.booleans())
"""Simultaneous changes, and whether clients read `changes` afterwards."""


class Followed:
    """A followed folder, and its expected content."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.good: dict[str, str] = {}
        """The last good text of each existing file."""
        self.clock = Monotonic()
        watch = Watch(site.root, WatchMode.OFF, 1)
        self.follower = Scheduler(site.ingest, watch, self._run, is_ready=site.store.ready, sweep=1e9, clock=self.clock)
        self._steps = 0

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts of all existing files."""
        return {str(file.relative_to(self.site.root)): file.read_text() for file in self.site.root.rglob("*.md")}

    @property
    def pictures(self) -> Mapping[str, bytes]:
        return {str(file.relative_to(self.site.root)): file.read_bytes() for file in self.site.root.rglob("*.png")}

    async def step(self, acts: Sequence[Act]) -> None:
        """Make some changes at once, report them, and wait until they are served."""
        self._steps += 1
        changed = [path for act in (*acts, Edit(MARK, {"heat": str(self._steps)})) for path in self._do(act)]
        self._note()
        self.clock.leap(2)  # otherwise the run waits for a pause
        self.follower.changed(frozenset(changed))
        async for _ in self.site.store.generations():
            if await self._served() == self._steps:
                return

    async def _run(self, paths: frozenset[str] | None, *, accept_empty: bool) -> IngestReport:
        return await self.site.ingest.run(paths=paths, accept_empty=accept_empty)

    def _do(self, act: Act) -> Sequence[str]:
        """Apply a change. Returns the changed paths."""
        if isinstance(act, Edit):
            return act.do(self.site.root)
        if isinstance(act, Text):
            write(self.site.root, act)
            return (act.path,)
        self.site.clock.go_on(act)
        return ()

    def _note(self) -> None:
        before = self.good
        self.good = {path: text for path, text in self.texts.items() if text not in (*BROKEN, PLAIN)}
        self.good |= {path: before[path] for path, text in self.texts.items() if text in BROKEN and path in before}

    async def _served(self) -> int | None:
        """The number of the served step."""
        async with self.site.store.snapshot(Visibility.PREVIEW) as snapshot:
            found = await look_up(snapshot, ARTICLE_BY_PATH, [MARK])
            return found[MARK].heat if found else None


def write(root: Path, file: Text) -> None:
    (root / file.path).parent.mkdir(parents=True, exist_ok=True)
    (root / file.path).write_text(file.text)
    os.utime(root / file.path, (1, 1))


@asynccontextmanager
async def following(folder: Path) -> AsyncIterator[Followed]:
    (folder / "content").mkdir()
    async with unfollowed(folder) as site:
        followed = Followed(site)
        task = asyncio.create_task(followed.follower.follow())
        try:
            async for _ in site.store.generations():
                if await site.store.ready():
                    break
            yield followed
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def subscribed(followed: Followed, subscribers: Sequence[Subscriber]) -> AsyncIterator[None]:
    """Wait until each client has subscribed."""
    tasks = [asyncio.create_task(subscriber.follow()) for subscriber in subscribers]
    try:
        while not all(subscriber.has_event.is_set() for subscriber in subscribers):
            await followed.step(())
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


States = Mapping[Visibility, Mapping[str, Any]]


async def states(store: ContentStore) -> States:
    """All answers for each visibility."""
    return {visibility: await state(store, visibility) for visibility in Visibility}


async def state(store: ContentStore, visibility: Visibility) -> Mapping[str, Any]:
    async with store.snapshot(visibility) as snapshot:
        searches = [ARTICLES.matching(Search(text)) for text in WORDS]
        found = [await read_one(snapshot, PageOf(each, BEST_FIRST, Window(100))) for each in searches]
        facets = [await ask(snapshot, GroupsOf(ARTICLES, Largest(by)), [WHOLE]) for by in Grouping]
    hits = [[(edge.node, edge.score) for edge in page.edges] for page in found]
    return {**await answers(store, visibility), "searches": hits, "facets": facets}


async def loaded(folder: Path, texts: Mapping[str, str], followed: Followed) -> States:
    """The state after a first load of some files, beside the present pictures, at the current time."""
    for file in texts.items():
        write(folder / "content", Text(*file))
    for path, picture in followed.pictures.items():
        (folder / "content" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "content" / path).write_bytes(picture)
    async with unfollowed(folder) as cold:
        cold.clock.now = followed.site.clock.now
        await cold.ingest.run()
        return await states(cold.store)


def paths(state: Mapping[str, Any]) -> AbstractSet[str]:
    return {edge.node.path for edge in state["articles"].edges}


def errors(state: Mapping[str, Any]) -> Mapping[str, str]:
    return {problem.path: problem.message for problem in state["problems"] if problem.severity is Severity.ERROR}


def others(state: Mapping[str, Any], broken: AbstractSet[str]) -> Sequence[Problem]:
    """Problems of unbroken files and across files. An error of a file excludes its other problems."""
    return [problem for problem in state["problems"] if problem.path not in broken or problem.code in TOGETHER]


def but_problems(states: States) -> States:
    return {
        visibility: {name: found for name, found in state.items() if name != "problems"}
        for visibility, state in states.items()
    }


async def follow(folder: Path, script: Sequence[tuple[Sequence[Act], bool]]) -> tuple[Followed, States]:
    """Follow a folder during a script, with clients. Returns the final content."""
    async with following(folder) as followed:
        executor = Executor(SCHEMA, followed.site.store, Limits(), PersistedDocuments(), introspection=False)
        readers = [Reader(executor, visibility) for visibility in Visibility]
        subscribers = [Subscriber(executor, visibility) for visibility in Visibility]
        async with subscribed(followed, subscribers):
            for acts, reading in script:
                await followed.step(acts)
                if reading:
                    await asyncio.gather(*(reader.read() for reader in readers))
            for reader in readers:
                while await reader.read():
                    pass
                assert reader.held == await reader.served()
            for subscriber in subscribers:
                await subscriber.until_up_to_date()
        return followed, await states(followed.site.store)


@pytest.mark.timeout(3600)
@SCRIPTS
@given(script=st.lists(STEPS, max_size=LONGEST))
async def test_any_edits_equal_a_first_load(
    tmp_path_factory: pytest.TempPathFactory, script: Sequence[tuple[Sequence[Act], bool]]
) -> None:
    """Files that are broken at the end keep their last good version, which a first load does not have. Everything else
    is equal, and clients have exactly that."""
    folder = tmp_path_factory.mktemp("script")
    async with asyncio.timeout(60):
        followed, live = await follow(folder, script)
    texts, good = followed.texts, followed.good
    cold = await loaded(folder / "cold", texts, followed)
    fixed = await loaded(folder / "fixed", {**texts, **good}, followed) if good.items() - texts.items() else cold
    broken = {path for path, text in texts.items() if text in BROKEN}
    live_answers, cold_answers, fixed_answers = (states[Visibility.PREVIEW] for states in (live, cold, fixed))
    assert but_problems(live) == but_problems(fixed)
    assert paths(live_answers) == good.keys()
    assert paths(cold_answers) == good.keys() - broken
    assert errors(live_answers).keys() == errors(cold_answers).keys() == broken
    still_served = {path for path, message in errors(live_answers).items() if "still served" in message}
    assert still_served == broken & good.keys()
    assert others(live_answers, broken) == others(fixed_answers, broken)
    shutil.rmtree(folder)
