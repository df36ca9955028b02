"""Watches the content folder and reports changed paths.

File-system events arrive within milliseconds. Without events, as on network file systems, the folder is polled.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from watchfiles._rust_notify import RustNotify

from gateway.content.globs import Glob
from gateway.content.source import SITE_FILE, ContentFile, FolderListing, Stamp, Walk, WatchMode, is_ignored
from gateway.errors import ContentFolderError

logger = logging.getLogger("gateway")

WHOLE_FOLDER = ""
"""The path that represents all paths."""
STEP_MS = 5
"""The interval at which events are collected."""
LOOK_MS = 100
"""The interval at which the folder's identity is checked."""
MAX_MISSED = 10
"""The number of consecutive checks for which a missing folder counts as being swapped. Then it is reported as gone."""
REMOTE = frozenset(
    {"9p", "afs", "ceph", "cifs", "drvfs", "fakeowner", "fuse", "glusterfs", "grpcfuse", "lustre", "nfs", "nfs4"}
    | {"osxfs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
)
"""File systems on which other machines can write without local events."""
MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


OnChange = Callable[[frozenset[str]], object]
"""Receives paths relative to the folder, as the file system spells them."""


class FolderIdentity(NamedTuple):
    """The identity of a folder. It changes when a link is swapped, a disk is mounted, or the folder is moved."""

    path: str
    """The path with links resolved."""
    device: int
    inode: int

    @classmethod
    def of(cls, root: Path) -> FolderIdentity | None:
        """The identity of a folder, or None if it does not exist."""
        path = os.path.realpath(root)
        try:
            status = Path(path).stat()
        except OSError:
            return None
        return cls(path, status.st_dev, status.st_ino)


class EventsUnavailable(Exception):
    """File-system events are not available."""


class ChangeSource(Protocol):
    def changes(self, stop: threading.Event) -> frozenset[str]:
        """Wait for changes since the last call. Returns an empty set after a while without any, or on `stop`."""
        ...

    def close(self) -> None: ...


class _EventSource:
    """Changes from file-system events."""

    def __init__(self, root: str) -> None:
        self._root = root
        with _translate_errors():
            self._notify = RustNotify([root], False, False, LOOK_MS, True, True)

    def changes(self, stop: threading.Event) -> frozenset[str]:
        with _translate_errors():
            found = self._notify.watch(0, STEP_MS, LOOK_MS, stop)
        if not isinstance(found, set):
            return frozenset()
        names = self._names({path for _, path in found})
        return frozenset(name for name in names if name and not is_ignored(name))

    def close(self) -> None:
        self._notify.close()

    def _names(self, paths: Collection[str]) -> Iterator[str]:
        """The names of reported paths. "" is the folder itself, whose changes are detected by its identity.

        A linked folder is reported by only one of its paths, which may be the link's. Both are returned.
        """
        real = {folder: os.path.realpath(folder) for folder in {path.rpartition("/")[0] for path in paths}}
        for path in paths:
            folder, _, name = path.rpartition("/")
            for found in {f"{folder}/{name}", f"{real[folder]}/{name}"}:
                if f"{found}/".startswith(f"{self._root}/"):
                    yield found.removeprefix(self._root).lstrip("/")


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # the library raises RuntimeError for unknown errors
        raise EventsUnavailable(str(error)) from error


class _PollingSource:
    """Changes from the difference of two walks."""

    def __init__(self, root: str, seconds: float) -> None:
        self._root = Path(root)
        self._seconds = seconds
        self._before = self._look()

    def changes(self, stop: threading.Event) -> frozenset[str]:
        stop.wait(self._seconds)
        before, self._before = self._before, self._look()
        return _difference(before, self._before)

    def close(self) -> None:
        pass

    def _look(self) -> _FolderState | None:
        try:
            listing = Walk(self._root, include=(Glob.of("**"),), with_assets=True).run()
        except ContentFolderError:
            return None
        try:
            return _FolderState(listing, Stamp.of((self._root / SITE_FILE).lstat()))
        except OSError:
            return _FolderState(listing, None)


class _FolderState(NamedTuple):
    listing: FolderListing
    rules: Stamp | None

    def beyond(self, other: _FolderState) -> Iterator[ContentFile]:
        """The files that the other does not have in the same state."""
        yield from self.listing.files.beyond(other.listing.files)
        yield from set(self.listing.rules.values()) - set(other.listing.rules.values())


def _difference(before: _FolderState | None, after: _FolderState | None) -> frozenset[str]:
    if before is None or after is None:
        return frozenset()  # the identity check detects this
    if (before.rules, before.listing.problems) != (after.rules, after.listing.problems):
        return frozenset({WHOLE_FOLDER})
    return frozenset(file.name for file in (*before.beyond(after), *after.beyond(before)))


class Watch:
    """Watches one folder in a thread, and follows changes of the links to it."""

    def __init__(self, root: Path, mode: WatchMode, poll_seconds: float) -> None:
        self._root = root
        self._mode = mode
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()
        self._begun = threading.Event()

    @asynccontextmanager
    async def watching(self, on_change: OnChange) -> AsyncIterator[None]:
        """Report all changes from entry to exit of the context."""
        if self._mode is WatchMode.OFF:
            yield
            return
        loop = asyncio.get_running_loop()

        def tell_here(paths: frozenset[str]) -> None:
            loop.call_soon_threadsafe(on_change, paths)

        thread = threading.Thread(target=self._run, args=(tell_here,), name="watch")
        thread.start()
        try:
            await asyncio.to_thread(self._begun.wait)
            yield
        finally:
            self._stop.set()
            await asyncio.to_thread(thread.join)

    def _run(self, on_change: OnChange) -> None:
        try:
            self._watch_on(on_change)
        finally:
            self._begun.set()  # unblocks `watching` on errors too

    def _watch_on(self, on_change: OnChange) -> None:
        """Watch the folder across changes of its identity, until stopped."""
        missed = 0
        while not self._stop.is_set():
            place = FolderIdentity.of(self._root)
            if place:
                self._watch(place, on_change)
                missed = 0
                continue
            self._begun.set()
            self._stop.wait(LOOK_MS / 1000)
            missed += 1
            if missed == MAX_MISSED:
                on_change(frozenset({WHOLE_FOLDER}))

    def _watch(self, place: FolderIdentity, on_change: OnChange) -> None:
        """Watch the folder while its identity is unchanged. After such a change, reports the whole folder first."""
        try:
            with closing(self._source(place.path)) as source:
                if self._begun.is_set():
                    on_change(frozenset({WHOLE_FOLDER}))
                self._begun.set()
                while not self._stop.is_set():
                    paths = source.changes(self._stop)
                    if FolderIdentity.of(self._root) != place:
                        return
                    if paths:
                        on_change(paths)
        except EventsUnavailable as error:
            logger.warning(
                "File-system events are not available for the content folder: %s. It is polled every %g seconds.",
                *(error, self._poll_seconds),
            )
            self._mode = WatchMode.POLL

    def _source(self, root: str) -> ChangeSource:
        if self._mode is WatchMode.POLL:
            return _PollingSource(root, self._poll_seconds)
        kind = file_system(root, MOUNTS)
        if self._mode is WatchMode.AUTO and kind in REMOTE:
            raise EventsUnavailable(f"other machines may write to a file system of type {kind}")
        return _EventSource(root)


def file_system(path: str, mounts: Path) -> str:
    """The type of the file system of a path, or "" if it is unknown."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    kinds = dict(map(_mount, lines))
    return next((kinds[at] for at in (Path(path), *Path(path).parents) if at in kinds), "")


def _mount(line: str) -> tuple[Path, str]:
    """The mount point and the type of a file system."""
    mount, _, source = line.partition(" - ")
    point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), mount.split(" ")[4])
    return Path(point), source.split(" ")[0].split(".")[0]
