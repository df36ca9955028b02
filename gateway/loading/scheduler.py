"""Schedules runs: on file changes, when an article is due, periodically, and on request.

Runs do not overlap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from gateway.content.watch import WHOLE_FOLDER, Watch
from gateway.errors import GatewayError, StoreError
from gateway.loading.changed_paths import ChangedPaths
from gateway.loading.deletion_guard import SMALL_DELETION
from gateway.loading.ingest import Ingest, IngestReport, Wait

CLOSE = 1.0
"""A run within this many seconds after a generation waits for a pause in the changes."""
PAUSE = 0.1
LONGEST_PAUSE = 1.0
"""The maximum wait for a pause, in seconds."""
LONGEST_LOSS = 10.0
"""The maximum wait if many files are gone, so that a folder is not scanned while it is being emptied."""
AFTER_FAILURE = 10.0
"""The delay in seconds before a failed database query is retried."""
AGAIN = 1.0
"""The delay in seconds before a new folder is scanned again, because files added before its events began are not
reported."""


class RunIngest(Protocol):
    def __call__(self, paths: frozenset[str] | None, /, *, accept_empty: bool) -> Awaitable[IngestReport]:
        """Load the changes in these paths, or in the whole folder. Raises GatewayError."""
        ...


class _ReloadRequest(NamedTuple):
    accept_empty: bool
    report: asyncio.Future[IngestReport]


class Scheduler:
    """Schedules the runs of one content folder while `follow` runs."""

    def __init__(
        self,
        ingest: Ingest,
        watch: Watch,
        run: RunIngest,
        *,
        is_ready: Callable[[], Awaitable[bool]],
        sweep: float,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = asyncio.wait_for,
    ) -> None:
        """The whole folder is scanned again every `sweep` seconds. A failed run ends `follow` only if `is_ready` is
        false."""
        self._ingest = ingest
        self._watch = watch
        self._run = run
        self._is_ready = is_ready
        self._sweep = sweep
        self._clock = clock
        self._wait = wait
        self._woken = asyncio.Event()
        self._paths = set[str]()
        """The paths that changed since they were last loaded."""
        self._to_rescan = set[str]()
        """The folders that must be scanned again."""
        self._requests: list[_ReloadRequest] = []
        self._swept = self._ended = clock()

    async def request(self, *, accept_empty: bool = False) -> IngestReport:
        """Scan the whole folder now, or after the current run. Raises GatewayError if the run fails."""
        request = _ReloadRequest(accept_empty, asyncio.get_running_loop().create_future())
        self._requests.append(request)
        self._woken.set()
        return await request.report

    async def follow(self) -> None:
        """Load the folder, and then its changes. Raises GatewayError if there is nothing to serve."""
        due = asyncio.create_task(self._ingest.until_due())
        try:
            async with self._watch.watching(self.changed):
                await self._load(None)
                await self._ingest.warm()
                while True:
                    due = await self._idle(due)
                    if (paths := await self._settled()) is None or paths or due.done():
                        await self._load(paths)
        finally:
            due.cancel()
            for request in self._requests:
                request.report.cancel()

    def changed(self, paths: frozenset[str]) -> None:
        """Record paths that may have changed."""
        self._paths |= paths
        self._woken.set()

    async def _idle(self, due: asyncio.Task[None]) -> asyncio.Task[None]:
        """Wait until a run may be needed. `due` completes when a run is due without changes."""
        if due.done():
            due = asyncio.create_task(asyncio.sleep(AFTER_FAILURE) if _failed(due) else self._ingest.until_due())
        woken = asyncio.create_task(self._woken.wait())
        rest = max(0, self._swept + self._sweep - self._clock())
        try:
            await asyncio.wait((due, woken), timeout=rest, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        self._woken.clear()
        return due

    async def _settled(self) -> frozenset[str] | None:
        """Wait until a run may start. Returns the paths to load, or None for the whole folder."""
        began = self._clock()
        if self._requests or began >= self._swept + self._sweep:
            return None
        try:
            return await self._paused(began)
        except StoreError:  # the run reports it
            return None

    async def _paused(self, began: float) -> frozenset[str] | None:
        """Wait for a pause in the changes. Returns the paths to load, or None for the whole folder."""
        changed = await self._noticed()
        if changed.missing or changed.arrives or (changed.present and began < self._ended + CLOSE):
            paused = await self._pause(began + LONGEST_PAUSE)
            changed = await self._noticed()
            if not paused and changed.losses > SMALL_DELETION:
                await self._pause(began + LONGEST_LOSS)
                changed = await self._noticed()
        self._paths -= changed.paths
        self._rescan_later(changed.folders)
        return None if WHOLE_FOLDER in changed.paths or self._requests else changed.paths

    async def _noticed(self) -> ChangedPaths:
        """The relevant changes. Others are dropped, unless they are reported again meanwhile."""
        if not self._paths:
            return ChangedPaths()
        paths, self._paths = frozenset(self._paths), set()
        kept = paths
        try:
            changed = await self._ingest.noticed(paths)
            kept = changed.paths
        finally:
            self._paths |= kept
        self._to_rescan -= paths - changed.folders
        return changed

    async def _pause(self, until: float) -> bool:
        """Wait for a pause in the changes, at most until a deadline. Returns whether they paused."""
        while (rest := min(PAUSE, until - self._clock())) > 0 and not self._requests:
            self._woken.clear()
            try:
                await self._wait(self._woken.wait(), rest)
            except TimeoutError:
                return True
        return False

    def _rescan_later(self, folders: frozenset[str]) -> None:
        new = folders - self._to_rescan - {WHOLE_FOLDER}
        self._to_rescan = (self._to_rescan - folders) | new
        if new:
            asyncio.get_running_loop().call_later(AGAIN, self.changed, new)

    async def _load(self, paths: frozenset[str] | None) -> None:
        requests, self._requests = self._requests, []
        if paths is None:
            self._swept = self._clock()
            self._to_rescan -= self._paths
            self._paths.clear()
        try:
            report = await self._run(paths, accept_empty=any(request.accept_empty for request in requests))
        except GatewayError as error:
            self._ended = self._clock()
            for answer in _waiting(requests):
                answer.set_exception(error)
            if not await self._is_ready():
                raise
        else:
            if report.applied.changed:  # otherwise a change after a periodic scan would wait
                self._ended = self._clock()
            for answer in _waiting(requests):
                answer.set_result(report)
        finally:
            for answer in _waiting(requests):
                answer.cancel()


def _failed(due: asyncio.Task[None]) -> bool:
    """Whether the database query for due articles failed. The run that was made instead reported the error."""
    error = due.exception()
    if error and not isinstance(error, StoreError):
        raise error
    return error is not None


def _waiting(requests: Sequence[_ReloadRequest]) -> list[asyncio.Future[IngestReport]]:
    return [request.report for request in requests if not request.report.done()]
