"""Distinguishes moved files from deleted ones by their digests."""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.content.globs import Glob
from gateway.content.source import FolderListing, Stamp, Walk
from gateway.store.protocol import FileState

NOW = datetime.max.replace(tzinfo=UTC)
"""The time of the first read for files that are first read by this run: after all others."""


class FilesMoving(Exception):
    """Files are moved during the scan, so that it may have seen a file twice or not at all."""


def moved_files(lost: Iterable[FileState], homes: Iterable[tuple[str, datetime]]) -> frozenset[str]:
    """The paths of the lost files whose bytes are still served from another path.

    `homes` are the remaining and new files: the digest of each, and the time of the first read of its bytes. A home
    matches one lost file that was read before it. So if one of two old copies is removed, it is lost. The result
    is deterministic for equal files.
    """
    free: dict[str, deque[datetime]] = defaultdict(deque)
    for digest, read in sorted(homes, key=lambda home: home[1], reverse=True):
        free[digest].append(read)
    found = set()
    for state in sorted(lost, key=lambda state: (_read(state), state.version.path), reverse=True):
        times = free[state.version.sha256]
        if times and times[0] > _read(state):
            times.popleft()
            found.add(state.version.path)
    return frozenset(found)


def changed(states: Mapping[str, FileState], listing: FolderListing) -> bool:
    """Whether a file differs from its state in the listing, or else from its state at the last read."""
    return not all(_is_as_seen(path, state, listing) for path, state in states.items())


def any_back(missing: Iterable[str], listing: FolderListing, include: Sequence[Glob]) -> bool:
    """Whether a walk now finds one of these files that the listing does not have.

    A link, or a file that is no longer a document, exists and is not back.
    """
    names = [path for path in missing if path not in listing.files]
    return bool(Walk(Path(listing.root), include=include).look(names).files)


def _is_as_seen(path: str, state: FileState, listing: FolderListing) -> bool:
    file = listing.files.get(path)
    name, stamp = (file.name, file.stamp) if file else (path, Stamp(*state.version[1:5]))
    try:
        return Stamp.of(os.stat(os.path.join(listing.root, name))) == stamp  # noqa: PTH116, PTH118 - many
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # unreadable files are left unchanged


def _read(state: FileState) -> datetime:
    return state.read_date_time or NOW
