"""The async loader: one run at a time takes the folder to the store. It parses nothing itself and knows no SQL."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

from gateway.content.documents import DECODER_VERSION
from gateway.content.parsing import Rules, Task
from gateway.content.source import DEFAULT_MAX_BYTES, Listing, Stamp, Walk
from gateway.content.workers import Workers
from gateway.errors import GatewayError
from gateway.model import Change, Deleted, Loaded, Problem, SetAside, Severity, Status, Visibility
from gateway.store.protocol import Applied, ChangeSet, FileState, Store

EMPTY = "EMPTY"
FOLDER_EMPTIED = "FOLDER_EMPTIED"
DELETION_HELD = "DELETION_HELD"
DEVICE_CHANGED = "DEVICE_CHANGED"

SETTLED = timedelta(seconds=2)
"""A file written this shortly before the last run may have changed within a tick of its clock since."""
FEW_FILES = 20
"""Of so few articles any number may be deleted without waiting for a second look."""

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all to be done."""


class StrictError(GatewayError):
    """Nothing was applied, since there are errors."""

    exit_code = 1

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class Report(NamedTuple):
    """What a run did."""

    applied: Applied
    files: int
    """Found in the folder."""
    read: int
    parsed: int
    problems: tuple[Problem, ...]
    """Those that this run met; the store keeps the ones of files that it left alone."""
    seconds: float


class Memory(NamedTuple):
    """What a run leaves to the next one, through the store."""

    decoder: str = ""
    started: datetime | None = None
    device: int | None = None
    held: str = ""
    """The digest of the deletions that wait for a second look, and since when."""
    held_since: datetime | None = None

    @classmethod
    def load(cls, stored: Mapping[str, str]) -> Memory:
        if "ingest" not in stored:
            return cls()
        values = orjson.loads(stored["ingest"])
        for name in ("started", "held_since"):
            values[name] = datetime.fromisoformat(values[name]) if values[name] else None
        return cls(**values)

    def dump(self) -> dict[str, str]:
        return {"ingest": orjson.dumps(self._asdict()).decode()}


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
        hold: timedelta = timedelta(seconds=10),
    ) -> None:
        """`hold` is how long a large deletion waits before a second look may confirm it."""
        self._store = store
        self._root = root
        self._workers = workers
        self._clock = clock
        self._max_bytes = max_bytes
        self._follow_links = follow_links
        self._hold = hold
        self._running = asyncio.Lock()

    async def run(
        self, *, accept_empty: bool = False, strict: bool = False, progress: Progress | None = None
    ) -> Report:
        """Take what changed in the folder since the last run to the store, in one transaction.

        Raises ContentFolderError where there is no folder, StrictError where `strict` is asked for and there are
        errors, and StoreError. In each case the store stays as it was.
        """
        async with self._running:
            started = self._clock()
            beginning = time.perf_counter()
            known, memory = await self._store.files(), Memory.load(await self._store.memory())
            listing = await asyncio.to_thread(Walk(self._root, follow_links=self._follow_links).run)
            deletions = _Deletions(listing, known, memory, started, self._hold, accept_empty=accept_empty)
            tasks = _tasks(listing, known, memory, await self._broken() if strict else frozenset())
            stream = _Stream(known, deletions.paths, len(tasks), strict=strict, progress=progress)
            stream.meet((*listing.problems, *deletions.problems))
            rules = Rules(str(self._root), self._max_bytes)
            async with aclosing(self._workers.parse(tasks, rules)) as parsed:
                applied = await self._store.apply(
                    ChangeSet(
                        as_of=started,
                        changes=stream.run(parsed),
                        problems=(*listing.problems, *deletions.problems),
                        memory=deletions.memory.dump(),
                    )
                )
            seconds = time.perf_counter() - beginning
            problems = tuple(stream.problems)
            return Report(applied, len(listing.files), len(tasks), stream.parsed, problems, seconds)

    async def _broken(self) -> frozenset[str]:
        """The files with an error, which a strict run must see again though they did not change."""
        if not await self._store.ready():
            return frozenset()
        async with self._store.snapshot(Visibility.PREVIEW) as snapshot:
            return frozenset(problem.path for problem in await snapshot.problems(Severity.ERROR, None))


def _tasks(listing: Listing, known: Mapping[str, FileState], memory: Memory, anew: Collection[str]) -> list[Task]:
    """The files to read: all that are new, look changed, or were written too shortly before the last run to tell.

    Those in `anew` are parsed whatever they look like.
    """
    same_decoder = memory.decoder == DECODER_VERSION
    settled = (memory.started - SETTLED).timestamp() * 1e9 if memory.started else 0
    tasks = []
    for path, file in listing.files.items():
        version = known[path].version if path in known else None
        if version is None or not same_decoder or path in anew:
            tasks.append(Task(file))
        elif Stamp(*version[1:5]) != file.stamp or version.mtime_ns > settled:
            tasks.append(Task(file, version.sha256))
    return tasks


class _Deletions:
    """Which files are gone for good. Only a successful listing deletes, and a large deletion is looked at twice."""

    def __init__(
        self,
        listing: Listing,
        known: Mapping[str, FileState],
        memory: Memory,
        now: datetime,
        hold: timedelta,
        *,
        accept_empty: bool,
    ) -> None:
        gone = sorted(path for path in known if path not in listing.files and not listing.hides(path))
        articles = sum(state.status is not None for state in known.values())
        lost = sum(known[path].status is not None for path in gone)
        self.paths: tuple[str, ...] = tuple(gone)
        self.problems: tuple[Problem, ...] = ()
        self.memory = Memory(DECODER_VERSION, now, listing.device)
        if not listing.files and not articles:
            self._tell(Severity.WARNING, EMPTY, "The content folder holds no document.", "Add a Markdown file to it.")
        elif not lost or accept_empty:
            return
        elif memory.device not in {None, listing.device}:
            self._keep(
                DEVICE_CHANGED, f"The folder lies on another device than before, and {lost} articles are missing."
            )
            self.memory = self.memory._replace(device=memory.device)
        elif not listing.files:
            self._keep(FOLDER_EMPTIED, f"The folder is empty, where there were {articles} articles.")
        elif articles > FEW_FILES and lost * 2 > articles:
            self._hold_back(memory, now, hold, f"{lost} of {articles} articles are missing.")

    def _hold_back(self, memory: Memory, now: datetime, hold: timedelta, message: str) -> None:
        held = hashlib.sha256("\0".join(self.paths).encode()).hexdigest()
        since = memory.held_since if memory.held == held and memory.held_since else now
        if now - since >= hold and since != now:
            return
        self.memory = self.memory._replace(held=held, held_since=since)
        self._keep(DELETION_HELD, message, f"They go if they are still missing in {hold.total_seconds():g} seconds.")

    def _keep(self, code: str, message: str, then: str = "") -> None:
        self.paths = ()
        hint = then or "If that is meant, load once with --accept-empty."
        self._tell(Severity.ERROR, code, f"{message} They are still served.", hint)

    def _tell(self, severity: Severity, code: str, message: str, hint: str) -> None:
        self.problems = (Problem(severity, code, message, ".", hint=hint),)


class _Stream:
    """The changes of one run on their way to the store, and the account that is kept of them."""

    def __init__(
        self,
        known: Mapping[str, FileState],
        deletions: Sequence[str],
        total: int,
        *,
        strict: bool,
        progress: Progress | None,
    ) -> None:
        self._known = known
        self._deletions = deletions
        self._total = total
        self._strict = strict
        self._progress = progress
        self.problems: list[Problem] = []
        self.parsed = 0

    def meet(self, problems: Sequence[Problem]) -> None:
        self.problems.extend(problems)

    async def run(self, parsed: AsyncIterator[Sequence[Change]]) -> AsyncIterator[Sequence[Change]]:
        done = 0
        async for changes in parsed:
            yield [self._account(change) for change in changes]
            done += len(changes)
            if self._progress:
                self._progress(done, self._total)
        yield [Deleted(path) for path in self._deletions]
        if self._strict and any(problem.severity is Severity.ERROR for problem in self.problems):
            raise StrictError(self.problems)

    def _account(self, change: Change) -> Change:
        if isinstance(change, SetAside):
            change = self._say_what_is_served(change)
        if isinstance(change, Loaded):
            self.parsed += 1
        if isinstance(change, Loaded | SetAside):
            self.meet(change.problems)
        return change

    def _say_what_is_served(self, change: SetAside) -> SetAside:
        state = self._known.get(change.path)
        if state is None or state.status is None or state.read_date_time is None:
            served = "It is not served."
        else:
            shown = {Status.PUBLISHED: "published", Status.DRAFT: "a draft", Status.SCHEDULED: "scheduled"}[
                state.status
            ]
            served = f"It is still served as {shown}, from the version of {state.read_date_time:%Y-%m-%dT%H:%M:%SZ}."
        problems = tuple(
            problem._replace(message=f"{problem.message} {served}") if problem.severity is Severity.ERROR else problem
            for problem in change.problems
        )
        return change._replace(problems=problems)
