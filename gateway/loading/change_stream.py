"""Passes the changes of one run to the store, and records which articles are new, moved or lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from gateway.content import visibility
from gateway.content.file_parser import Task
from gateway.content.problem_collector import BAD_VISIBILITY
from gateway.content.source import Stamp
from gateway.errors import GatewayError
from gateway.loading import move_detection
from gateway.loading.deletion_guard import Retained
from gateway.loading.move_detection import FilesMoving
from gateway.loading.scan import Scan
from gateway.model.changes import Batch, Change, Deleted, Exceptional, FileVersion, NotDocument, Quarantined, Restricted
from gateway.model.documents import FieldOrigin, Hiding, Status
from gateway.model.problems import Problem, Severity
from gateway.store.protocol import FileState

Progress = Callable[[int, int], None]
"""Called with the number of completed files and the total."""


Copies = Callable[[Collection[str], Collection[int]], Awaitable[Mapping[str, FileState]]]
"""Returns the store's state of the files with these digests or inodes, by path."""


class StrictError(GatewayError):
    """A strict run found errors, so it loaded nothing."""

    exit_code = 1

    def __init__(self, problems: Sequence[Problem]) -> None:
        """`problems` are all errors of the folder, and the other problems of the run."""
        super().__init__()
        self.problems = tuple(problems)


class DeletionRefused(Exception):
    """A run would delete articles that must be retained."""

    def __init__(self, retained: Retained) -> None:
        super().__init__()
        self.retained = retained


class ChangeStream:
    """The changes of one run, and the record of them."""

    def __init__(
        self, scan: Scan, retained: Retained, copies: Copies, *, serving: bool, progress: Progress | None, final: bool
    ) -> None:
        """Files in `retained` are not deleted. After a `final` scan, files that may be moving are left unchanged."""
        self._scan = scan
        self._retained = retained
        self._copies = copies
        self._final = final
        self._serving = serving
        self._progress = progress
        self._deletions: list[Change] = [Deleted(path) for path in scan.gone if path not in retained.paths]
        self._confirmed = set(scan.confirmed)
        self._vanished = False
        """Whether a file disappeared after it was listed. Missing files may have been moved together with it."""
        self._digests: dict[str, str] = {}
        """The digest of each loaded document, by path."""
        self._inodes: dict[str, int] = {}
        """The inode of each loaded document, by path."""
        self._broken = set[str]()
        """Files whose bytes differ from their served version, if there is one."""
        self._restricted: list[Restricted] = []
        """The articles that stay although their files are not loaded."""
        self._loaded = 0
        self.memory: dict[str, str] = {}
        """The state to store after the run. Complete when all changes have been consumed."""
        self.to_read = scan.to_read
        """See Scan. Without the retained files."""
        if retained.paths:
            self.to_read = {path: known for path, known in scan.to_read.items() if path not in retained.paths}
        self.problems = [*scan.problems, *retained.problems]
        self.parsed = 0
        self.field_origins: Counter[FieldOrigin] = Counter()
        self.hidden: dict[str, tuple[Hiding, ...]] = {}
        """The reasons why parsed articles are hidden or unlisted, by path."""

    def tasks(self) -> Iterator[Task]:
        """The files to read. Each is made when it is needed, because a first load has many."""
        return (Task(self._scan.listing.files[path], known) for path, known in self.to_read.items())

    async def run(self, parsed: AsyncIterator[Batch]) -> AsyncGenerator[Sequence[Change | Restricted], None]:
        """Yield the changes, then the deletions and the articles that stay without their files.

        Raises FilesMoving, DeletionRefused and StrictError before the deletions.
        """
        done = 0
        async for batch in parsed:
            self._record(batch)
            exceptions = map(self._account, batch.exceptions)
            yield [*batch.sound, *(change for change in exceptions if not self._loses(change))]
            done += batch.files
            if self._progress:
                self._progress(done, len(self.to_read))
        lost = await self._check_losses() if self._scan.articles else 0
        self.memory.update(self._scan.next_state(self._retained, lost).dump())
        if self._scan.strict and any(problem.severity is Severity.ERROR for problem in self.problems):
            raise StrictError(self.problems)
        yield self._deletions
        yield [*self._restricted, *map(self._restrict, self._unloaded())]

    def _unloaded(self) -> Iterator[str]:
        """The articles that stay although their files were not found, or are retained."""
        lost = {_path(change) for change in self._deletions}
        return (path for path in {*self._scan.absent, *self._retained.paths} - lost if self._scan.serves(path))

    def _restrict(self, path: str) -> Restricted:
        """The rules for an article that stays. They are incomplete if a file of rules may exist that is unreadable."""
        site = self._scan.site
        is_complete = not (self._scan.listing.hides(path) or site.is_unknown(path))
        return Restricted(path, visibility.restriction(path, site), is_complete)

    def _loses(self, change: Exceptional) -> bool:
        """Whether the change deletes an article, so that it is deferred to the end."""
        loses = isinstance(change, Deleted | NotDocument) and self._scan.serves(_path(change))
        if loses:
            self._deletions.append(change)
        return loses

    async def _check_losses(self) -> int:
        """Check the lost files (gone and not moved) with the deletion guard. Returns the number of deletions."""
        lost = self._lost_files()
        arrived, inodes = await asyncio.to_thread(self._arrivals)
        digests = {*arrived.values(), *(state.version.sha256 for state in lost.values())} - {""}
        copies = await self._copies(digests, inodes) if digests else {}
        stayed = {path: copies[path] for path in copies.keys() - lost.keys() - arrived.keys() - self._broken}
        homes = [(digest, move_detection.NOW) for digest in arrived.values()]
        homes += [(state.version.sha256, state.read_date_time) for state in stayed.values() if state.read_date_time]
        missing = lost.keys() - move_detection.moved_files(lost.values(), homes)
        unsure = missing - self._retained.paths - (set() if self._vanished else self._confirmed)
        if self._final:
            self._deletions = [change for change in self._deletions if _path(change) not in unsure]
        elif unsure or self._retained.paths - missing or await self._differs(stayed) or await self._is_any_back(lost):
            raise FilesMoving
        new = missing - unsure - self._retained.paths
        if new and (retained := self._scan.check_deletion(new | self._retained.paths, self._loaded)):
            raise DeletionRefused(retained)
        return len(new)

    def _arrivals(self) -> tuple[Mapping[str, str], Collection[int]]:
        """The digest of each new or changed document, by path, and the inodes that were not those of these paths
        before. A file known by one of them was moved here."""
        known = self._scan.known
        arrived = {
            path: digest
            for path, digest in self._digests.items()
            if not self._scan.serves(path) or known[path].version.sha256 != digest
        }
        inodes = {path: self._inodes[path] for path in arrived if path in known}
        return arrived, {inode for path, inode in inodes.items() if known[path].version.inode != inode}

    def _lost_files(self) -> Mapping[str, FileState]:
        """The served files that are gone, including those of retained articles."""
        paths = {*map(_path, self._deletions), *self._retained.paths}
        return {path: self._scan.known[path] for path in paths if self._scan.serves(path)}

    async def _differs(self, files: Mapping[str, FileState]) -> bool:
        return bool(files) and await asyncio.to_thread(move_detection.changed, files, self._scan.listing)

    async def _is_any_back(self, lost: Collection[str]) -> bool:
        """Whether one of the missing files exists again. It may have the bytes of a file that was overwritten."""
        scan = self._scan
        return bool(lost) and await asyncio.to_thread(move_detection.any_back, lost, scan.listing, scan.site.include)

    def _record(self, batch: Batch) -> None:
        """Record the files that were loaded."""
        self.problems.extend(batch.problems)
        self.field_origins.update(batch.field_origins)
        self.hidden.update(batch.hidings)
        self.parsed += len(batch.digests)
        self._loaded += len(batch.digests)
        if self._scan.articles:
            self._digests.update(batch.digests)
            self._inodes.update(batch.inodes)

    def _account(self, change: Exceptional) -> Exceptional:
        """Record a file that was not loaded. Returns the change to apply."""
        if isinstance(change, Deleted):
            self._vanished = True
            return change
        if isinstance(change, Quarantined):
            change = self._keep(self._unpublish(change))
        self.problems.extend(change.problems)
        if change.version is not None:
            self.parsed += 1
            self._note_bytes(change.version)
        return change

    def _note_bytes(self, version: FileVersion) -> None:
        """Record a file whose bytes differ from the known ones."""
        self._broken.add(version.path)
        file = self._scan.listing.files[version.path]
        if not self._scan.last_full_scan and file.stamp == Stamp(*version[1:5]):
            self._confirmed.add(version.path)

    def _unpublish(self, change: Quarantined) -> Quarantined:
        """Withdraw a last good version if the visibility of the same bytes is unclear under the present rules."""
        state = self._scan.known.get(change.path)
        if state is None or state.status is None or (state.status is Status.DRAFT and not state.unrestricted):
            return change
        same = change.version is not None and change.version.sha256 == state.served_sha256
        return change._replace(unpublish=same and any(problem.code == BAD_VISIBILITY for problem in change.problems))

    def _keep(self, change: Quarantined) -> Quarantined:
        """Restrict the last good version, and add to the problems what is served."""
        state = None if change.unpublish else self._scan.known.get(change.path)
        if state and state.status:
            restricted = self._restrict(change.path)
            self._restricted.append(restricted)
            state = state._replace(status=_status(state, state.status, restricted, self._scan.started))
        return self._say_what_is_served(change, state)

    def _say_what_is_served(self, change: Quarantined, state: FileState | None) -> Quarantined:
        if not self._serving:
            return change
        served = _served(state)
        if change.path in self._scan.state.lost:
            served += " Its last good version could not be read from the database of an earlier release."
        problems = tuple(
            problem._replace(message=f"{problem.message} {served}") if problem.severity is Severity.ERROR else problem
            for problem in change.problems
        )
        return change._replace(problems=problems)


_SHOWN = {
    Status.PUBLISHED: "published",
    Status.DRAFT: "a draft",
    Status.SCHEDULED: "scheduled",
    Status.EXPIRED: "expired",
}


_HIDING = (Status.DRAFT, Status.EXPIRED, Status.SCHEDULED, Status.PUBLISHED)
"""By precedence: of several, the first is the status."""


def _status(state: FileState, stored: Status, restricted: Restricted, at: datetime) -> Status:
    """The status of an article under the present restriction."""
    own = state.unrestricted.status(at) if state.unrestricted and restricted.lifts else stored
    return min(own, restricted.restriction.status(at), key=_HIDING.index)


def _served(state: FileState | None) -> str:
    """The sentence about the version that is served in place of a broken file."""
    if state is None or state.status is None or state.read_date_time is None:
        return "It is not served."
    return (
        f"It is still served as {_SHOWN[state.status]}, from the version of {state.read_date_time:%Y-%m-%dT%H:%M:%SZ}."
    )


def _path(change: Change) -> str:
    return change.path if isinstance(change, Deleted | Quarantined) else change.version.path
