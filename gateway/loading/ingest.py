"""The async loader: one run at a time takes the folder to the store. It parses nothing itself and knows no SQL."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from gateway.content.parsing import Rules
from gateway.content.site import USUAL_SITE, Site
from gateway.content.source import DEFAULT_MAX_BYTES, Listing, Walk
from gateway.content.workers import Workers
from gateway.loading.losses import Kept
from gateway.loading.moves import Moving
from gateway.loading.notice import Noticed, narrowed, notice, with_siblings
from gateway.loading.rules import OutsideRules, SiteRules
from gateway.loading.stream import Progress, Stream, TooMuchLost
from gateway.loading.survey import Memory, Survey, Walked, files_to_read, missing
from gateway.model import Change, Given, Hiding, Problem, Severity, Visibility
from gateway.store.protocol import ARTICLES, WHOLE, Applied, ChangeSet, FileState, Store

DEFAULT_HOLD = timedelta(seconds=10)
RETRY = timedelta(seconds=10)
"""What is due is tried again this long after a run that failed."""
PAUSE = 0.1
"""Seconds after which the folder is walked once more where rules are gone."""
LONGEST_WAIT = timedelta(minutes=1)
"""The clock is looked at this often at least: it may be set, and goes on while a machine is suspended."""
MOST_LOOKS = 5
"""A folder in which files are always being moved is looked at so often; then what is not sure stays as it is."""

Wait = Callable[[Coroutine[Any, Any, object], float], Awaitable[object]]
"""Waits for something, and raises TimeoutError where it takes more seconds than are given."""


class Report(NamedTuple):
    """What a run did."""

    applied: Applied
    files: int
    """Found in the folder, or where the run looked."""
    read: int
    """New ones, those that look changed, and those that were written too shortly before the last run to tell."""
    parsed: int
    """Those of them whose bytes were new."""
    problems: tuple[Problem, ...]
    """Those that this run met; the store has also those of files that it left alone."""
    given: Mapping[Given, int]
    """In how many of the parsed files a field came from elsewhere than its own key."""
    hidden: Mapping[str, Sequence[Hiding]]
    """What hides the parsed files, by path, of those that the public does not see or list."""
    seconds: float


class Ingest:
    """Follows one content folder into one store."""

    def __init__(
        self,
        store: Store,
        root: Path,
        workers: Workers,
        *,
        clock: Callable[[], datetime],
        max_bytes: int = DEFAULT_MAX_BYTES,
        follow_links: bool = False,
        hold: timedelta = DEFAULT_HOLD,
        serving: bool = True,
        gently: bool = False,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`hold` is how long a large deletion waits before a second look may confirm it; with `serving`, problems
        say what is served in place of a broken file; `gently` leaves a processor to those who ask for articles while
        there are some; `pause` waits for some seconds."""
        self._store = store
        self._root = root
        self._workers = workers
        self._clock = clock
        self._max_bytes = max_bytes
        self._site_rules = SiteRules()
        self._outside_rules = OutsideRules(max_bytes)
        self._follow_links = follow_links
        self._hold = hold
        self._serving = serving
        self._gently = gently
        self._pause = pause
        self._running = asyncio.Lock()
        self._ran = asyncio.Event()
        self._tried: datetime | None = None
        self._kept = Kept()
        """By the last run. It is remembered here too, since a strict run that fails leaves nothing in the store."""
        self._walked: Walked | None = None

    async def run(
        self,
        *,
        paths: Collection[str] | None = None,
        accept_empty: bool = False,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Take what changed in the folder since the last run to the store, in one transaction.

        With `paths`, names as the file system spells them, only these and what lies below them are looked at, unless
        there is a reason to walk the whole folder.

        With `accept_empty`, articles go with their files, however many. Raises ContentFolderError where there is no
        folder, SiteError where the site's rules are broken and none were good before, StrictError where `strict` is
        asked for and there are errors, and StoreError. In each case the store stays as it was.
        """
        async with self._running:
            beginning = time.perf_counter()
            try:
                wanted = None if strict or accept_empty else paths
                survey, stream, applied = await self._run(wanted, progress, accept_empty=accept_empty, strict=strict)
            finally:
                self._ran.set()
            seconds = time.perf_counter() - beginning
            read, problems = len(stream.tasks), tuple(stream.problems)
            files, found = len(survey.listing.files), (stream.given, stream.hidden)
            return Report(applied, files, read, stream.parsed, problems, *found, seconds)

    async def until_due(self, *, wait: Wait = asyncio.wait_for) -> None:
        """Wait until time alone calls for a run: a scheduled article becomes due, or a loss wants its second look."""
        while True:
            self._ran.clear()
            due, now = await self._due(), self._clock()
            if due and due <= now:
                return
            span = min(due - now, LONGEST_WAIT) if due else LONGEST_WAIT
            with suppress(TimeoutError):
                await wait(self._ran.wait(), span.total_seconds())

    async def _due(self) -> datetime | None:
        scheduled = await self._store.next_due()
        due = min((time for time in (scheduled, self._kept.due) if time), default=None)
        return self._tried + RETRY if due and self._tried and due <= self._tried else due

    async def noticed(self, paths: Collection[str]) -> Noticed:
        """Which of some paths a run has to look at."""
        noticed = await asyncio.to_thread(notice, self._root, paths, self._site_rules.site)
        told = [problem.path for problem in self._walked.problems] if self._walked else []
        return noticed.known(await self._store.files(noticed.names), told)

    async def warm(self) -> None:
        """Have a parser ready for the first file that changes."""
        await self._workers.warm(self._rules(str(self._root), self._site_rules.site))

    async def _run(
        self, paths: Collection[str] | None, progress: Progress | None, *, accept_empty: bool, strict: bool
    ) -> tuple[Survey, Stream, Applied]:
        looks = 0
        while True:
            looks += 1
            self._tried = self._clock()
            walked, self._walked = self._walked, None
            survey = await self._survey_some(self._tried, walked, paths) if walked and paths is not None else None
            survey = survey or await self._survey_all(self._tried, accept_empty=accept_empty, strict=strict)
            with suppress(_FolderSwapped, Moving):
                return survey, *await self._take(survey, progress, final=looks > MOST_LOOKS)

    async def _survey_all(self, started: datetime, *, accept_empty: bool, strict: bool) -> Survey:
        known, memory = await self._store.files(), Memory.load(await self._store.memory())
        site, listing, gone = await asyncio.to_thread(self._walk_surely, known)
        broken = await self._broken() if strict else frozenset()
        tasks = await asyncio.to_thread(files_to_read, listing, known, memory, site, broken)
        memory = memory._replace(held=self._kept.held or memory.held)
        articles = sum(state.status is not None for state in known.values())
        survey = Survey(started, known, articles, memory, site, listing, tasks, self._hold, accept_empty, strict)
        return survey._replace(confirmed=frozenset(gone))

    async def _survey_some(self, started: datetime, walked: Walked, told: Collection[str]) -> Survey | None:
        """None where the whole folder has to be looked at."""
        paths = await asyncio.to_thread(narrowed, told, self._root, walked)
        if paths is None:
            return None
        known, alone = await self._store.files(paths), paths
        paths = await asyncio.to_thread(with_siblings, alone, known, walked)
        if paths is None:
            return None
        known = known if paths == alone else await self._store.files(paths)
        memory = Memory.load(await self._store.memory())
        async with self._store.snapshot(Visibility.PREVIEW) as snapshot:
            articles = (await snapshot.counts(ARTICLES, [WHOLE]))[WHOLE]
        walk = Walk(Path(walked.root), include=walked.site.include)
        listing = await asyncio.to_thread(walk.look, paths)
        look = self._outside_rules.look
        problems = await asyncio.to_thread(look, Path(walked.root), listing, walked.site, paths)
        if problems is None:
            return None
        listing = listing._replace(problems=(*problems, *listing.problems))
        tasks = files_to_read(listing, known, memory, walked.site, frozenset())
        return Survey(
            started, known, articles, memory, walked.site, listing, tasks, self._hold, walked=walked, paths=paths
        )

    def _walk_surely(self, known: Mapping[str, FileState]) -> tuple[Site, Listing, AbstractSet[str]]:
        """Walk the folder, and answer also which known files are gone for sure. One walk may meet a file that is moved
        meanwhile at neither of its places; so two have to find the same, or else all have to miss it."""
        site, listing = self._walk()
        gone = sure = set(missing(known, listing))
        for _ in range(MOST_LOOKS):
            if not gone:
                break
            before = listing
            site, listing = self._walk()
            gone = set(missing(known, listing))
            if listing.files == before.files:
                return site, listing, gone
            sure = sure & gone
        return site, listing, sure

    def _walk(self) -> tuple[Site, Listing]:
        """The site's rules, and the files that are there for them. A link that leads to the folder is followed once,
        so that what is found and read lies in one folder, though the link be swapped meanwhile."""
        root = Path(os.path.realpath(self._root))
        site, problems = self._site_rules.read(root)
        listing = self._listing(root, site or USUAL_SITE)
        if self._outside_rules.misses(listing):
            self._pause(PAUSE)
            listing = self._listing(root, site or USUAL_SITE)
        if site is None:
            listing = listing._replace(problems=(*problems, *listing.problems))
            return USUAL_SITE, listing.unseen()
        site, others = self._outside_rules.read(root, listing, site)
        return site, listing._replace(problems=(*problems, *others, *listing.problems))

    def _listing(self, root: Path, site: Site) -> Listing:
        return Walk(root, follow_links=self._follow_links, include=site.include).run()

    async def _broken(self) -> frozenset[str]:
        """The files with an error, which a strict run must see again though they did not change."""
        if not await self._store.ready():
            return frozenset()
        async with self._store.snapshot(Visibility.PREVIEW) as snapshot:
            return frozenset(problem.path for problem in await snapshot.problems(Severity.ERROR, None))

    async def _take(self, survey: Survey, progress: Progress | None, *, final: bool) -> tuple[Stream, Applied]:
        """Apply what was found. How much would be lost is known in the end alone: if too much, it is taken back, and
        applied anew without the loss. Raises Moving where the folder has to be looked at again."""
        kept = Kept()
        while True:
            copies, serving = self._store.copies, self._serving
            stream = Stream(survey, kept, copies, serving=serving, progress=progress, final=final)
            if kept.paths:
                self._kept = kept
            try:
                applied = await self._apply(survey, stream, kept)
            except TooMuchLost as error:
                kept = error.kept
            else:
                self._kept = kept
                self._walked = None if self._follow_links else survey.followed(kept)
                return stream, applied

    async def _apply(self, survey: Survey, stream: Stream, kept: Kept) -> Applied:
        rules = self._rules(survey.listing.root, survey.site)
        problems = (*survey.standing, *kept.problems)
        gently = self._gently and survey.articles > 0
        async with (
            aclosing(self._workers.parse(stream.tasks, rules, gently=gently)) as parsed,
            aclosing(self._of_one_folder(survey, stream.run(parsed))) as changes,
        ):
            return await self._store.apply(ChangeSet(survey.started, changes, problems, stream.memory))

    def _rules(self, root: str, site: Site) -> Rules:
        return Rules(root, self._max_bytes, site, self._store.encode)

    async def _of_one_folder(
        self, survey: Survey, changes: AsyncGenerator[Sequence[Change], None]
    ) -> AsyncGenerator[Sequence[Change], None]:
        """Raises _FolderSwapped in the end, where the link to the folder leads to another one by now: files of the
        old one may be gone that are not meant to be."""
        async with aclosing(changes):
            async for some in changes:
                yield some
        if await asyncio.to_thread(os.path.realpath, self._root) != survey.listing.root:
            raise _FolderSwapped


class _FolderSwapped(Exception):
    """What was found lies in another folder than the one that is served."""
