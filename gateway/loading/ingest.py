"""Loads the content folder into the store, one run at a time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from gateway.content.assets import ANYWHERE, AssetFolder, changed
from gateway.content.decoder import DECODER_VERSION
from gateway.content.file_parser import ParseContext
from gateway.content.media_types import ASSETS, media_type
from gateway.content.parser_pool import ParserPool
from gateway.content.site import DEFAULT_SITE, AssetRules, Site
from gateway.content.source import DEFAULT_MAX_BYTES, FolderListing, Walk, folder_of
from gateway.errors import ContentFolderError
from gateway.loading.active_rules import Accepts, GeneratorRules, SiteError, SiteRules, accept_all
from gateway.loading.change_stream import ChangeStream, DeletionRefused, Progress
from gateway.loading.changed_paths import ChangedPaths, classify, narrow
from gateway.loading.deletion_guard import Retained
from gateway.loading.folder_signatures import new_signatures, unlike
from gateway.loading.move_detection import FilesMoving
from gateway.loading.scan import (
    Comparison,
    IngestState,
    LastFullScan,
    Scan,
    decoder_version,
    files_to_read,
    settled,
)
from gateway.model.changes import Change, Restricted
from gateway.model.documents import FieldOrigin, Hiding
from gateway.model.problems import Problem, Severity
from gateway.model.records import Visibility
from gateway.store.protocol import Applied, ChangeSet, ContentStore

DEFAULT_HOLD = timedelta(seconds=10)
RETRY = timedelta(seconds=10)
"""The delay before a failed run is retried."""
PAUSE = 0.1
"""The delay in seconds before a second walk, if a rules file is missing."""
LONGEST_WAIT = timedelta(minutes=1)
"""The maximum interval between clock checks, because the clock may be set or the machine suspended."""
MAX_LOOKS = 5
"""The maximum number of scans while files are being moved. After the last one, uncertain files are left unchanged."""

Wait = Callable[[Coroutine[Any, Any, object], float], Awaitable[object]]
"""Awaits a coroutine. Raises TimeoutError after the given number of seconds."""


class IngestReport(NamedTuple):
    """The results of a run."""

    applied: Applied
    files: int
    """The number of files found in the folder, or in the scanned paths."""
    read: int
    """The number of files read: new, apparently changed, or written too shortly before the last run."""
    parsed: int
    """The number of files read whose bytes were new."""
    problems: tuple[Problem, ...]
    """The problems of this run. The store also has those of files that it did not read."""
    field_origins: Mapping[FieldOrigin, int]
    """The number of parsed files for each origin of a field other than its own key."""
    hidden: Mapping[str, Sequence[Hiding]]
    """The reasons why parsed files are hidden or unlisted, by path."""
    seconds: float


class Ingest:
    """Loads one content folder into one store."""

    def __init__(
        self,
        store: ContentStore,
        root: Path,
        parser_pool: ParserPool,
        *,
        clock: Callable[[], datetime],
        max_bytes: int = DEFAULT_MAX_BYTES,
        follow_links: bool = False,
        assets_url: str | None = ASSETS,
        hold: timedelta = DEFAULT_HOLD,
        serving: bool = True,
        low_priority: bool = False,
        pause: Callable[[float], object] = time.sleep,
        accepts: Accepts = accept_all,
    ) -> None:
        """`assets_url` is the address of the folder's files, or None if they do not have addresses.

        `hold` is the time after which a second scan may confirm a large deletion. With `serving`, problems name the
        version that is served in place of a broken file. `low_priority` leaves a CPU for requests while the store has
        articles. `pause` sleeps for a number of seconds. `accepts` returns why other collections cannot be used.
        """
        self._store = store
        self._root = root
        self._parser_pool = parser_pool
        self._clock = clock
        self._max_bytes = max_bytes
        self._site_rules = SiteRules(accepts)
        self._generator_rules = GeneratorRules(max_bytes, pause)
        self._follow_links = follow_links
        self._assets = AssetRules(assets_url, follow_links)
        self._hold = hold
        self._serving = serving
        self._low_priority = low_priority
        self._pause = pause
        self._running = asyncio.Lock()
        self._runs = 0
        self._ran = asyncio.Event()
        self._tried: datetime | None = None
        self._retained = Retained()
        """The articles retained by the last run. Also stored here, as a failed strict run does not write the store."""
        self._last_scan: LastFullScan | None = None
        self._is_current = False
        """Whether the stored articles follow the present decoder and rules."""

    async def is_ready(self) -> bool:
        """Whether the stored content may be served: after a run, or after `resume` if that has returned true."""
        return self._is_current and await self._store.ready()

    async def resume(self) -> bool:
        """Check whether the stored content may be served before a run, because the present decoder and rules made it.

        If this process writes the database, articles that became due or expired meanwhile are shown or hidden first.
        Raises StoreError.
        """
        async with self._running:
            if self._is_current or await self._is_stored_current():
                if self._store.is_writer:
                    await self._store.apply(ChangeSet(self._clock(), _no_changes(), None, None))
                self._is_current = True
            return self._is_current

    async def run(
        self,
        *,
        paths: Collection[str] | None = None,
        accept_empty: bool = False,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Load the changes since the last run into the store, in one transaction.

        With `paths` (as the file system spells them), only these and everything below them are scanned, unless the
        whole folder must be walked. With `accept_empty`, any number of articles may be deleted.

        Raises ContentFolderError without a folder, SiteError if the site's rules are invalid and there are no earlier
        valid rules, StrictError if `strict` is set and there are errors, and StoreError. On errors the store is
        unchanged.
        """
        async with self._running:
            beginning = time.perf_counter()
            try:
                wanted = None if strict or accept_empty else paths
                scan, stream, applied = await self._run(wanted, progress, accept_empty=accept_empty, strict=strict)
            finally:
                self._ran.set()
            seconds = time.perf_counter() - beginning
            read, problems = len(stream.to_read), tuple(stream.problems)
            files, found = len(scan.listing.files), (stream.field_origins, stream.hidden)
            return IngestReport(applied, files, read, stream.parsed, problems, *found, seconds)

    async def until_due(self, *, wait: Wait = asyncio.wait_for) -> None:
        """Wait until a run is due without changes: for a scheduled article, or for the second scan of a deletion."""
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
        """The paths that a run must scan."""
        found = await asyncio.to_thread(classify, self._root, paths, self._site_rules.site)
        told = [problem.path for problem in self._last_scan.problems] if self._last_scan else []
        names = found.names
        return found.known(await self._store.files(names), await self._referrers(names), told)

    async def warm(self) -> None:
        """Start a parser for the first file that changes."""
        site = self._site_rules.site._replace(assets=self._assets)
        await self._parser_pool.warm(self._rules(str(self._root), site))

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

    async def _is_stored_current(self) -> bool:
        if not await self._store.ready():
            return False
        stored = IngestState.load(await self._store.memory()).decoder
        try:
            site, _ = await asyncio.to_thread(self._walk)
        except SiteError:
            return False
        except ContentFolderError:  # the rules are those that were there last
            return stored.partition(" ")[0] == DECODER_VERSION
        return stored == decoder_version(site)

    async def _scan_all(self, started: datetime, *, accept_empty: bool, strict: bool) -> Scan:
        memory = IngestState.load(await self._store.memory())
        reparsed = await self._outdated() | (await self._broken() if strict else frozenset())
        found, gone = await self._compare_until_stable(memory, reparsed)
        to_read = await asyncio.to_thread(files_to_read, found, memory, reparsed)
        changed = (*to_read, *found.absent)
        signatures = dict(await asyncio.to_thread(new_signatures, found.listing.files, found.folders, changed))
        return Scan(
            started,
            found.known,
            found.absent,
            await self._store.article_count(),
            memory._replace(held=self._retained.held or memory.held),
            found.site,
            found.listing,
            to_read,
            self._hold,
            accept_empty,
            strict,
            signatures=signatures,
            confirmed=frozenset(gone),
        )

    async def _scan_some(self, started: datetime, last_scan: LastFullScan, told: Collection[str]) -> Scan | None:
        """Scan some paths. None if the whole folder must be walked."""
        referrers = await self._referrers(told)
        reparsed = frozenset(chain.from_iterable(referrers.values()))
        paths = await asyncio.to_thread(narrow, reparsed.union(told), self._root, last_scan)
        if paths is None:
            return None
        known = await self._store.files(paths)
        state = IngestState.load(await self._store.memory())
        walk = Walk(Path(last_scan.root), include=last_scan.site.include)
        listing = await asyncio.to_thread(walk.look, paths)
        look = self._generator_rules.look
        problems = await asyncio.to_thread(look, Path(last_scan.root), listing, last_scan.site, paths)
        if problems is None:
            return None
        listing = listing._replace(problems=(*problems, *listing.problems))
        found = Comparison.of(last_scan.site, listing, listing.files.folders, known)
        return Scan(
            started,
            known,
            found.absent,
            last_scan.articles,
            state,
            last_scan.site,
            listing,
            files_to_read(found, state, reparsed),
            self._hold,
            last_full_scan=last_scan,
            paths=paths,
        )

    async def _compare_until_stable(
        self, state: IngestState, reparsed: AbstractSet[str]
    ) -> tuple[Comparison, AbstractSet[str]]:
        """Compare the folder with the store. Also returns the known files that are confirmed to be gone.

        One walk may miss a file that is moved meanwhile. So two walks must agree, or all walks must miss the file.
        """
        found = await self._compare(state, reparsed)
        gone = sure = set(found.gone)
        for _ in range(MAX_LOOKS):
            if not gone:
                break
            before, found = found, await self._compare(state, reparsed)
            gone = set(found.gone)
            if found.listing.files == before.listing.files:
                return found, gone
            sure = sure & gone
        return found, sure

    async def _compare(self, state: IngestState, reparsed: AbstractSet[str]) -> Comparison:
        """Walk the folder, and read the store's state of each folder that may differ, or has a file of `reparsed`."""
        site, listing = await asyncio.to_thread(self._walk)
        stored = await self._store.folders()
        if state.decoder == decoder_version(site):
            folders = await asyncio.to_thread(unlike, listing.files, stored, settled(state))
        else:
            folders = stored.keys() | listing.files.folders.keys()
        folders |= set(map(folder_of, reparsed))
        known = await self._store.files_in(folders)
        return await asyncio.to_thread(Comparison.of, site, listing, folders, known)

    def _walk(self) -> tuple[Site, FolderListing]:
        """The site's rules, and the listing of the folder.

        A link to the folder is resolved once, so that all files are in the same folder even if the link is swapped.
        """
        root = Path(os.path.realpath(self._root))
        site, problems = self._site_rules.read(root)
        listing = self._listing(root, site or DEFAULT_SITE)
        if self._generator_rules.misses(listing):
            self._pause(PAUSE)
            listing = self._listing(root, site or DEFAULT_SITE)
        if site is None:
            listing = listing._replace(problems=(*problems, *listing.problems))
            return DEFAULT_SITE._replace(assets=self._assets), listing.unseen()
        site, others = self._generator_rules.read(root, listing, site._replace(assets=self._assets))
        return site, listing._replace(problems=(*problems, *others, *listing.problems))

    def _listing(self, root: Path, site: Site) -> FolderListing:
        return Walk(root, follow_links=self._follow_links, include=site.include).run()

    async def _referrers(self, paths: Collection[str]) -> Mapping[str, Collection[str]]:
        """The documents that refer to files at or below these paths, by the paths of the files. They may name a file
        without its folder."""
        names = {path: ANYWHERE + path.rpartition("/")[2] for path in paths if media_type(path)}
        found = await self._store.referrers({*paths, *names.values()})
        return {**{path: found[name] for path, name in names.items() if name in found}, **found}

    async def _outdated(self) -> frozenset[str]:
        """The documents that refer to a file that differs from its state when they were decoded."""
        folder = AssetFolder(self._root, follow_links=self._follow_links)
        paths = await asyncio.to_thread(changed, await self._store.assets(), folder)
        referrers = await self._store.referrers(paths) if paths else {}
        return frozenset(chain.from_iterable(referrers.values()))

    async def _broken(self) -> frozenset[str]:
        """The files with an error, which a strict run reads again although they are unchanged."""
        if not await self._store.ready():
            return frozenset()
        async with self._store.snapshot(Visibility.PREVIEW) as snapshot:
            return frozenset(problem.path for problem in await snapshot.problems(Severity.ERROR, None))

    async def _take(self, scan: Scan, progress: Progress | None, *, final: bool) -> tuple[ChangeStream, Applied]:
        """Apply a scan.

        The number of deletions is known only at the end. If there are too many, the transaction is rolled back, and
        the scan is applied again without them. Raises FilesMoving if the folder must be scanned again.
        """
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
                self._is_current = True
                self._retained = retained
                self._last_scan = None if self._follow_links else scan.next_full_scan(retained, applied)
                return stream, applied

    async def _apply(self, scan: Scan, stream: ChangeStream, retained: Retained) -> Applied:
        rules = self._rules(scan.listing.root, scan.site)
        problems = (*scan.all_problems, *retained.problems)
        low_priority = self._low_priority and scan.articles > 0
        async with (
            aclosing(
                self._parser_pool.parse(stream.tasks(), rules, started=scan.started, low_priority=low_priority)
            ) as parsed,
            aclosing(self._of_one_folder(scan, stream.run(parsed))) as changes,
        ):
            expected = len(stream.to_read)
            return await self._store.apply(
                ChangeSet(scan.started, changes, problems, stream.memory, scan.signatures, expected, scan.collections)
            )

    def _rules(self, root: str, site: Site) -> ParseContext:
        self._runs += 1
        return ParseContext(root, self._max_bytes, site, self._store.encode, self._runs)

    async def _of_one_folder(
        self, scan: Scan, changes: AsyncGenerator[Sequence[Change | Restricted], None]
    ) -> AsyncGenerator[Sequence[Change | Restricted], None]:
        """Yield the changes. Raises _FolderSwapped at the end if the link to the folder has changed.

        Files of the old folder may have been removed after the swap.
        """
        async with aclosing(changes):
            async for some in changes:
                yield some
        if await asyncio.to_thread(os.path.realpath, self._root) != scan.listing.root:
            raise _FolderSwapped


async def _no_changes() -> AsyncIterator[Sequence[Change]]:
    return
    yield


class _FolderSwapped(Exception):
    """The scanned folder is not the served one any more."""
