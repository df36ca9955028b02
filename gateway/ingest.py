"""The async loader: one run at a time takes the folder to the store. It parses nothing itself and knows no SQL."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from gateway.content.parsing import Rules
from gateway.content.site import USUAL_SITE, Site
from gateway.content.source import DEFAULT_MAX_BYTES, Listing, Walk
from gateway.content.workers import Workers
from gateway.errors import GatewayError
from gateway.losses import Held, Kept
from gateway.model import (
    Change,
    Deleted,
    Given,
    Loaded,
    NotDocument,
    Problem,
    SetAside,
    Severity,
    Status,
    Unchanged,
    Visibility,
)
from gateway.rules import SiteRules
from gateway.store.protocol import Applied, ChangeSet, FileState, Store
from gateway.survey import Memory, Survey, files_to_read

DEFAULT_HOLD = timedelta(seconds=10)
RETRY = timedelta(seconds=10)
"""What is due is tried again this long after a run that failed."""
LONGEST_WAIT = timedelta(minutes=1)
"""The clock is looked at this often at least: it may be set, and goes on while a machine is suspended."""

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all to be done."""
Wait = Callable[[Coroutine[Any, Any, object], float], Awaitable[object]]
"""Waits for something, and raises TimeoutError where it takes more seconds than are given."""


class StrictError(GatewayError):
    """Nothing was loaded, since there are errors."""

    exit_code = 1

    def __init__(self, problems: Sequence[Problem]) -> None:
        """`problems` are all errors of the folder, and what else the run met."""
        super().__init__()
        self.problems = tuple(problems)


class Report(NamedTuple):
    """What a run did."""

    applied: Applied
    files: int
    """Found in the folder."""
    read: int
    """New ones, those that look changed, and those that were written too shortly before the last run to tell."""
    parsed: int
    """Those of them whose bytes were new."""
    problems: tuple[Problem, ...]
    """Those that this run met; the store has also those of files that it left alone."""
    given: Mapping[Given, int]
    """In how many of the parsed files a field came from elsewhere than its own key."""
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
    ) -> None:
        """`hold` is how long a large deletion waits before a second look may confirm it; with `serving`, problems
        say what is served in place of a broken file."""
        self._store = store
        self._root = root
        self._workers = workers
        self._clock = clock
        self._rules = Rules(str(root), max_bytes)
        self._site_rules = SiteRules(root)
        self._follow_links = follow_links
        self._hold = hold
        self._serving = serving
        self._running = asyncio.Lock()
        self._ran = asyncio.Event()
        self._tried: datetime | None = None
        self._held: Held | None = None
        """Kept here too, since a strict run that fails leaves nothing in the store."""

    async def run(
        self, *, accept_empty: bool = False, strict: bool = False, progress: Progress | None = None
    ) -> Report:
        """Take what changed in the folder since the last run to the store, in one transaction.

        With `accept_empty`, articles go with their files, however many. Raises ContentFolderError where there is no
        folder, SiteError where the site's rules are broken and none were good before, StrictError where `strict` is
        asked for and there are errors, and StoreError. In each case the store stays as it was.
        """
        async with self._running:
            beginning = time.perf_counter()
            try:
                survey = await self._survey(accept_empty=accept_empty, strict=strict)
                stream, applied = await self._take(survey, progress)
            finally:
                self._ran.set()
            seconds = time.perf_counter() - beginning
            read, problems = len(stream.tasks), tuple(stream.problems)
            return Report(applied, len(survey.listing.files), read, stream.parsed, problems, stream.given, seconds)

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
        second_look = self._held.since + self._hold if self._held else None
        due = min((time for time in (scheduled, second_look) if time), default=None)
        return self._tried + RETRY if due and self._tried and due <= self._tried else due

    async def _survey(self, *, accept_empty: bool, strict: bool) -> Survey:
        self._tried = started = self._clock()
        known, memory = await self._store.files(), Memory.load(await self._store.memory())
        site, listing = await asyncio.to_thread(self._look)
        broken = await self._broken() if strict else frozenset()
        tasks = await asyncio.to_thread(files_to_read, listing, known, memory, site, broken)
        memory = memory._replace(held=self._held or memory.held)
        return Survey(started, known, memory, site, listing, tasks, self._hold, accept_empty, strict)

    def _look(self) -> tuple[Site, Listing]:
        """The site's rules, and the files that are there for them."""
        site, problems = self._site_rules.read()
        walk = Walk(self._root, follow_links=self._follow_links, include=site.include if site else ())
        listing = walk.run()
        listing = listing._replace(problems=(*problems, *listing.problems))
        return (site, listing) if site else (USUAL_SITE, listing.unseen())

    async def _broken(self) -> frozenset[str]:
        """The files with an error, which a strict run must see again though they did not change."""
        if not await self._store.ready():
            return frozenset()
        async with self._store.snapshot(Visibility.PREVIEW) as snapshot:
            return frozenset(problem.path for problem in await snapshot.problems(Severity.ERROR, None))

    async def _take(self, survey: Survey, progress: Progress | None) -> tuple[_Stream, Applied]:
        """Apply what was found. How much would be lost is known in the end alone: if too much, it is taken back, and
        applied anew without the loss."""
        kept = Kept()
        while True:
            stream = _Stream(survey, kept, serving=self._serving, progress=progress)
            self._held = kept.held
            try:
                return stream, await self._apply(survey, stream, kept)
            except _TooMuchLost as error:
                kept = error.kept

    async def _apply(self, survey: Survey, stream: _Stream, kept: Kept) -> Applied:
        place = survey.memory.place if kept.paths else survey.place
        memory = Memory(survey.decoder, survey.started, place, kept.held)
        rules = self._rules._replace(site=survey.site)
        async with (
            aclosing(self._workers.parse(stream.tasks, rules)) as parsed,
            aclosing(stream.run(parsed)) as changes,
        ):
            return await self._store.apply(
                ChangeSet(survey.started, changes, (*survey.problems, *kept.problems), memory.dump())
            )


class _TooMuchLost(Exception):
    """A run would take away what has to stay."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept


class _Stream:
    """The changes of one run on their way to the store, and the account that is kept of them."""

    def __init__(self, survey: Survey, kept: Kept, *, serving: bool, progress: Progress | None) -> None:
        """The files of what is `kept` are left alone."""
        self._survey = survey
        self._kept = kept
        self._serving = serving
        self._progress = progress
        self._losses: list[Change] = [Deleted(path) for path in survey.gone if path not in kept.paths]
        self._loaded = 0
        self.tasks = [task for task in survey.tasks if task.file.path not in kept.paths]
        self.problems = [*survey.problems, *kept.problems]
        self.parsed = 0
        self.given: Counter[Given] = Counter()

    async def run(self, parsed: AsyncIterator[Sequence[Change]]) -> AsyncGenerator[Sequence[Change], None]:
        """Raises _TooMuchLost and StrictError, when all else has been taken."""
        done = 0
        async for changes in parsed:
            yield [change for change in map(self._account, changes) if not self._loses(change)]
            done += len(changes)
            if self._progress:
                self._progress(done, len(self.tasks))
        self._check_losses()
        if self._survey.strict and any(problem.severity is Severity.ERROR for problem in self.problems):
            raise StrictError(self.problems)
        yield self._losses

    def _loses(self, change: Change) -> bool:
        """Whether an article would go; then the change waits for the end."""
        loses = isinstance(change, Deleted | NotDocument) and self._survey.serves(_path(change))
        if loses:
            self._losses.append(change)
        return loses

    def _check_losses(self) -> None:
        paths = frozenset(path for path in map(_path, self._losses) if self._survey.serves(path))
        if paths and (kept := self._survey.judge(paths | self._kept.paths, self._loaded)):
            raise _TooMuchLost(kept)

    def _account(self, change: Change) -> Change:
        if isinstance(change, SetAside):
            change = self._say_what_is_served(self._withdraw(change))
        if isinstance(change, Loaded):
            self.given.update(change.given)
        if not isinstance(change, Deleted | Unchanged):
            self.problems.extend(change.problems)
            self.parsed += change.version is not None
        self._loaded += isinstance(change, Loaded)
        return change

    def _withdraw(self, change: SetAside) -> SetAside:
        """Where a pin hides the file, a last good version that is not hidden must not stay."""
        state = self._survey.known.get(change.path)
        shown = state is not None and state.status in {Status.PUBLISHED, Status.SCHEDULED}
        return change._replace(withdrawn=shown and self._survey.site.hides(change.path))

    def _say_what_is_served(self, change: SetAside) -> SetAside:
        if not self._serving:
            return change
        served = _served(None if change.withdrawn else self._survey.known.get(change.path))
        problems = tuple(
            problem._replace(message=f"{problem.message} {served}") if problem.severity is Severity.ERROR else problem
            for problem in change.problems
        )
        return change._replace(problems=problems)


_SHOWN = {Status.PUBLISHED: "published", Status.DRAFT: "a draft", Status.SCHEDULED: "scheduled"}


def _served(state: FileState | None) -> str:
    """What is served in place of a broken file."""
    if state is None or state.status is None or state.read_date_time is None:
        return "It is not served."
    return (
        f"It is still served as {_SHOWN[state.status]}, from the version of {state.read_date_time:%Y-%m-%dT%H:%M:%SZ}."
    )


def _path(change: Change) -> str:
    return change.path if isinstance(change, Deleted | SetAside) else change.version.path
