"""Tells a moved file from a deleted one, by its bytes. It reads no file and asks no store."""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from gateway.content.source import FolderListing, Stamp
from gateway.store.protocol import FileState

NOW = datetime.max.replace(tzinfo=UTC)
"""When a file was first read that this run reads first: after all others."""


class FilesMoving(Exception):
    """Files are moved while a run looks at the folder, so that it may have met one twice or not at all."""


def moved_files(lost: Iterable[FileState], homes: Iterable[tuple[str, datetime]]) -> frozenset[str]:
    """The paths of those lost files whose bytes are still served from another path.

    `homes` are the files that stay or come, each with its digest and with when its bytes were first read there. A home
    takes one lost file, and only one that was read before it: of several equal files that always were there, each one
    that goes is lost. Which of several equal ones are moved depends on nothing but these.
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
    """Whether one of some files is not what the run takes it for: as listed, or else as it was when read last."""
    return not all(_is_as_seen(path, state, listing) for path, state in states.items())


def _is_as_seen(path: str, state: FileState, listing: FolderListing) -> bool:
    file = listing.files.get(path)
    name, stamp = (file.name, file.stamp) if file else (path, Stamp(*state.version[1:5]))
    try:
        return Stamp.of(os.stat(os.path.join(listing.root, name))) == stamp  # noqa: PTH116, PTH118 - many
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # what cannot be looked at stays


def _read(state: FileState) -> datetime:
    return state.read_date_time or NOW
