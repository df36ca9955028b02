"""Decides when the folder is read: when files change, when time calls for it, when it was long ago, when asked.

One run goes on at a time. It reads nothing itself, and knows not what a run tells.
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
"""A run that follows a generation within so many seconds waits until the changes pause."""
PAUSE = 0.1
LONGEST_PAUSE = 1.0
"""Seconds that a run waits at most for a pause."""
LONGEST_LOSS = 10.0
"""The same where many files are gone: a folder that is being emptied is not to be met half empty."""
AFTER_FAILURE = 10.0
"""Seconds after which a database is asked again that could not be."""
AGAIN = 1.0
"""Seconds after which a new folder is looked at once more: what was put into it before the system began to report of
it was not reported."""


class RunIngest(Protocol):
    def __call__(self, paths: frozenset[str] | None, /, *, accept_empty: bool) -> Awaitable[IngestReport]:
        """Load what changed in these paths, or in the whole folder. Raises GatewayError."""
        ...


class _ReloadRequest(NamedTuple):
    accept_empty: bool
    report: asyncio.Future[IngestReport]


class Scheduler:
    """Follows one content folder for as long as `follow` runs."""

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
        """The whole folder is looked at again every `sweep` seconds. A run that fails ends it only where nothing
        `is_ready` to be served."""
        self._ingest = ingest
        self._watch = watch
        self._run = run
        self._is_ready = is_ready
        self._sweep = sweep
        self._clock = clock
        self._wait = wait
        self._stirred = asyncio.Event()
        self._paths = set[str]()
        """What changed since it was loaded last."""
        self._to_look_again = set[str]()
        """The folders whose second look is still to come."""
        self._requests: list[_ReloadRequest] = []
        self._swept = self._ended = clock()

    async def request(self, *, accept_empty: bool = False) -> IngestReport:
        """Have the whole folder looked at now, or after the run that goes on. Raises GatewayError where that fails."""
        request = _ReloadRequest(accept_empty, asyncio.get_running_loop().create_future())
        self._requests.append(request)
        self._stirred.set()
        return await request.report

    async def follow(self) -> None:
        """Load the folder, and what changes in it from then on. Raises GatewayError where there is nothing to serve."""
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
        """Note that some paths may have changed."""
        self._paths |= paths
        self._stirred.set()

    async def _idle(self, due: asyncio.Task[None]) -> asyncio.Task[None]:
        """Wait until there may be something to do. `due` is done when time alone calls for a run."""
        if due.done():
            due = asyncio.create_task(asyncio.sleep(AFTER_FAILURE) if _failed(due) else self._ingest.until_due())
        stirred = asyncio.create_task(self._stirred.wait())
        rest = max(0, self._swept + self._sweep - self._clock())
        try:
            await asyncio.wait((due, stirred), timeout=rest, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stirred.cancel()
        self._stirred.clear()
        return due

    async def _settled(self) -> frozenset[str] | None:
        """The paths to load now that they may be, None for the whole folder."""
        began = self._clock()
        if self._requests or began >= self._swept + self._sweep:
            return None
        try:
            return await self._paused(began)
        except StoreError:  # the run tells of it
            return None

    async def _paused(self, began: float) -> frozenset[str] | None:
        """The same, once the changes pause."""
        changed = await self._noticed()
        if changed.missing or changed.arrives or (changed.present and began < self._ended + CLOSE):
            paused = await self._pause(began + LONGEST_PAUSE)
            changed = await self._noticed()
            if not paused and changed.losses > SMALL_DELETION:
                await self._pause(began + LONGEST_LOSS)
                changed = await self._noticed()
        self._paths -= changed.paths
        self._look_again_at(changed.folders)
        return None if WHOLE_FOLDER in changed.paths or self._requests else changed.paths

    async def _noticed(self) -> ChangedPaths:
        """What matters of the changes; the others are dropped, but for those that are told again meanwhile."""
        if not self._paths:
            return ChangedPaths()
        paths, self._paths = frozenset(self._paths), set()
        kept = paths
        try:
            changed = await self._ingest.noticed(paths)
            kept = changed.paths
        finally:
            self._paths |= kept
        self._to_look_again -= paths - changed.folders
        return changed

    async def _pause(self, until: float) -> bool:
        """Wait until the changes pause, at most until some time. Answers whether they do."""
        while (rest := min(PAUSE, until - self._clock())) > 0 and not self._requests:
            self._stirred.clear()
            try:
                await self._wait(self._stirred.wait(), rest)
            except TimeoutError:
                return True
        return False

    def _look_again_at(self, folders: frozenset[str]) -> None:
        new = folders - self._to_look_again - {WHOLE_FOLDER}
        self._to_look_again = (self._to_look_again - folders) | new
        if new:
            asyncio.get_running_loop().call_later(AGAIN, self.changed, new)

    async def _load(self, paths: frozenset[str] | None) -> None:
        requests, self._requests = self._requests, []
        if paths is None:
            self._swept = self._clock()
            self._to_look_again -= self._paths
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
            if report.applied.changed:  # or a save would wait that comes after a sweep
                self._ended = self._clock()
            for answer in _waiting(requests):
                answer.set_result(report)
        finally:
            for answer in _waiting(requests):
                answer.cancel()


def _failed(due: asyncio.Task[None]) -> bool:
    """Whether the database could not be asked what is due. The run that was made instead told of it."""
    error = due.exception()
    if error and not isinstance(error, StoreError):
        raise error
    return error is not None


def _waiting(requests: Sequence[_ReloadRequest]) -> list[asyncio.Future[IngestReport]]:
    return [request.report for request in requests if not request.report.done()]
