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

from gateway.content.file_parser import ParseContext
from gateway.content.parser_pool import ParserPool
from gateway.content.site import DEFAULT_SITE, Site
from gateway.content.source import DEFAULT_MAX_BYTES, FolderListing, Walk
from gateway.loading.active_rules import GeneratorRules, SiteRules
from gateway.loading.change_stream import ChangeStream, DeletionRefused, Progress
from gateway.loading.changed_paths import ChangedPaths, classify, narrow, with_siblings
from gateway.loading.deletion_guard import Retained
from gateway.loading.move_detection import FilesMoving
from gateway.loading.scan import IngestState, LastFullScan, Scan, files_to_read, missing_files
from gateway.model import Change, FieldOrigin, Hiding, Problem, Severity, Visibility
from gateway.store.protocol import ARTICLES, WHOLE, Applied, ChangeSet, FileState, Store

DEFAULT_HOLD = timedelta(seconds=10)
RETRY = timedelta(seconds=10)
"""What is due is tried again this long after a run that failed."""
PAUSE = 0.1
"""Seconds after which the folder is walked once more where rules are gone."""
LONGEST_WAIT = timedelta(minutes=1)
"""The clock is looked at this often at least: it may be set, and goes on while a machine is suspended."""
MAX_LOOKS = 5
"""A folder in which files are always being moved is looked at so often; then what is not sure stays as it is."""

Wait = Callable[[Coroutine[Any, Any, object], float], Awaitable[object]]
"""Waits for something, and raises TimeoutError where it takes more seconds than are given."""


class IngestReport(NamedTuple):
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
    field_origins: Mapping[FieldOrigin, int]
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
        parser_pool: ParserPool,
        *,
        clock: Callable[[], datetime],
        max_bytes: int = DEFAULT_MAX_BYTES,
        follow_links: bool = False,
        hold: timedelta = DEFAULT_HOLD,
        serving: bool = True,
        low_priority: bool = False,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`hold` is how long a large deletion waits before a second look may confirm it; with `serving`, problems
        say what is served in place of a broken file; `low_priority` leaves a processor to those who ask for articles
        while there are some; `pause` waits for some seconds."""
        self._store = store
        self._root = root
        self._parser_pool = parser_pool
        self._clock = clock
        self._max_bytes = max_bytes
        self._site_rules = SiteRules()
        self._generator_rules = GeneratorRules(max_bytes, pause)
        self._follow_links = follow_links
        self._hold = hold
        self._serving = serving
        self._low_priority = low_priority
        self._pause = pause
        self._running = asyncio.Lock()
        self._ran = asyncio.Event()
        self._tried: datetime | None = None
        self._retained = Retained()
        """By the last run. It is remembered here too, since a strict run that fails leaves nothing in the store."""
        self._last_scan: LastFullScan | None = None

    async def run(
        self,
        *,
        paths: Collection[str] | None = None,
        accept_empty: bool = False,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
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
                scan, stream, applied = await self._run(wanted, progress, accept_empty=accept_empty, strict=strict)
            finally:
                self._ran.set()
            seconds = time.perf_counter() - beginning
            read, problems = len(stream.tasks), tuple(stream.problems)
            files, found = len(scan.listing.files), (stream.field_origins, stream.hidden)
            return IngestReport(applied, files, read, stream.parsed, problems, *found, seconds)

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
        due = min((time for time in (scheduled, self._retained.due) if time), default=None)
        return self._tried + RETRY if due and self._tried and due <= self._tried else due

    async def noticed(self, paths: Collection[str]) -> ChangedPaths:
        """Which of some paths a run has to look at."""
        changed = await asyncio.to_thread(classify, self._root, paths, self._site_rules.site)
        told = [problem.path for problem in self._last_scan.problems] if self._last_scan else []
        return changed.known(await self._store.files(changed.names), told)

    async def warm(self) -> None:
        """Have a parser ready for the first file that changes."""
        await self._parser_pool.warm(self._rules(str(self._root), self._site_rules.site))

    async def _run(
        self, paths: Collection[str] | None, progress: Progress | None, *, accept_empty: bool, strict: bool
    ) -> tuple[Scan, ChangeStream, Applied]:
        looks = 0
        while True:
            looks += 1
            self._tried = self._clock()
            last_scan, self._last_scan = self._last_scan, None
            scan = await self._scan_some(self._tried, last_scan, paths) if last_scan and paths is not None else None
            scan = scan or await self._scan_all(self._tried, accept_empty=accept_empty, strict=strict)
            with suppress(_FolderSwapped, FilesMoving):
                return scan, *await self._take(scan, progress, final=looks > MAX_LOOKS)

    async def _scan_all(self, started: datetime, *, accept_empty: bool, strict: bool) -> Scan:
        known, memory = await self._store.files(), IngestState.load(await self._store.memory())
        site, listing, gone = await asyncio.to_thread(self._walk_surely, known)
        broken = await self._broken() if strict else frozenset()
        tasks = await asyncio.to_thread(files_to_read, listing, known, memory, site, broken)
        memory = memory._replace(held=self._retained.held or memory.held)
        articles = sum(state.status is not None for state in known.values())
        scan = Scan(started, known, articles, memory, site, listing, tasks, self._hold, accept_empty, strict)
        return scan._replace(confirmed=frozenset(gone))

    async def _scan_some(self, started: datetime, last_scan: LastFullScan, told: Collection[str]) -> Scan | None:
        """None where the whole folder has to be looked at."""
        paths = await asyncio.to_thread(narrow, told, self._root, last_scan)
        if paths is None:
            return None
        known, alone = await self._store.files(paths), paths
        paths = await asyncio.to_thread(with_siblings, alone, known, last_scan)
        if paths is None:
            return None
        known = known if paths == alone else await self._store.files(paths)
        state = IngestState.load(await self._store.memory())
        async with self._store.snapshot(Visibility.PREVIEW) as snapshot:
            articles = (await snapshot.counts(ARTICLES, [WHOLE]))[WHOLE]
        walk = Walk(Path(last_scan.root), include=last_scan.site.include)
        listing = await asyncio.to_thread(walk.look, paths)
        look = self._generator_rules.look
        problems = await asyncio.to_thread(look, Path(last_scan.root), listing, last_scan.site, paths)
        if problems is None:
            return None
        listing = listing._replace(problems=(*problems, *listing.problems))
        tasks = files_to_read(listing, known, state, last_scan.site, frozenset())
        return Scan(
            started,
            known,
            articles,
            state,
            last_scan.site,
            listing,
            tasks,
            self._hold,
            last_full_scan=last_scan,
            paths=paths,
        )

    def _walk_surely(self, known: Mapping[str, FileState]) -> tuple[Site, FolderListing, AbstractSet[str]]:
        """Walk the folder, and answer also which known files are gone for sure. One walk may meet a file that is moved
        meanwhile at neither of its places; so two have to find the same, or else all have to miss it."""
        site, listing = self._walk()
        gone = sure = set(missing_files(known, listing))
        for _ in range(MAX_LOOKS):
            if not gone:
                break
            before = listing
            site, listing = self._walk()
            gone = set(missing_files(known, listing))
            if listing.files == before.files:
                return site, listing, gone
            sure = sure & gone
        return site, listing, sure

    def _walk(self) -> tuple[Site, FolderListing]:
        """The site's rules, and the files that are there for them. A link that leads to the folder is followed once,
        so that what is found and read lies in one folder, though the link be swapped meanwhile."""
        root = Path(os.path.realpath(self._root))
        site, problems = self._site_rules.read(root)
        listing = self._listing(root, site or DEFAULT_SITE)
        if self._generator_rules.misses(listing):
            self._pause(PAUSE)
            listing = self._listing(root, site or DEFAULT_SITE)
        if site is None:
            listing = listing._replace(problems=(*problems, *listing.problems))
            return DEFAULT_SITE, listing.unseen()
        site, others = self._generator_rules.read(root, listing, site)
        return site, listing._replace(problems=(*problems, *others, *listing.problems))

    def _listing(self, root: Path, site: Site) -> FolderListing:
        return Walk(root, follow_links=self._follow_links, include=site.include).run()

    async def _broken(self) -> frozenset[str]:
        """The files with an error, which a strict run must see again though they did not change."""
        if not await self._store.ready():
            return frozenset()
        async with self._store.snapshot(Visibility.PREVIEW) as snapshot:
            return frozenset(problem.path for problem in await snapshot.problems(Severity.ERROR, None))

    async def _take(self, scan: Scan, progress: Progress | None, *, final: bool) -> tuple[ChangeStream, Applied]:
        """Apply what was found. How much would be lost is known in the end alone: if too much, it is taken back, and
        applied anew without the loss. Raises Moving where the folder has to be looked at again."""
        retained = Retained()
        while True:
            copies, serving = self._store.copies, self._serving
            stream = ChangeStream(scan, retained, copies, serving=serving, progress=progress, final=final)
            if retained.paths:
                self._retained = retained
            try:
                applied = await self._apply(scan, stream, retained)
            except DeletionRefused as error:
                retained = error.retained
            else:
                self._retained = retained
                self._last_scan = None if self._follow_links else scan.next_full_scan(retained)
                return stream, applied

    async def _apply(self, scan: Scan, stream: ChangeStream, retained: Retained) -> Applied:
        rules = self._rules(scan.listing.root, scan.site)
        problems = (*scan.all_problems, *retained.problems)
        low_priority = self._low_priority and scan.articles > 0
        async with (
            aclosing(self._parser_pool.parse(stream.tasks, rules, low_priority=low_priority)) as parsed,
            aclosing(self._of_one_folder(scan, stream.run(parsed))) as changes,
        ):
            return await self._store.apply(ChangeSet(scan.started, changes, problems, stream.memory))

    def _rules(self, root: str, site: Site) -> ParseContext:
        return ParseContext(root, self._max_bytes, site, self._store.encode)

    async def _of_one_folder(
        self, scan: Scan, changes: AsyncGenerator[Sequence[Change], None]
    ) -> AsyncGenerator[Sequence[Change], None]:
        """Raises _FolderSwapped in the end, where the link to the folder leads to another one by now: files of the
        old one may be gone that are not meant to be."""
        async with aclosing(changes):
            async for some in changes:
                yield some
        if await asyncio.to_thread(os.path.realpath, self._root) != scan.listing.root:
            raise _FolderSwapped


class _FolderSwapped(Exception):
    """What was found lies in another folder than the one that is served."""
