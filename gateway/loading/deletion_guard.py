"""Decides whether articles whose files are gone may be deleted.

A folder that was unmounted, emptied or overwritten by mistake looks like one whose files were deleted. So a large
deletion must be found by two scans, or be accepted explicitly.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from gateway.model.problems import Problem, Severity

FOLDER_EMPTIED = "FOLDER_EMPTIED"
DELETION_HELD = "DELETION_HELD"
DEVICE_CHANGED = "DEVICE_CHANGED"

SMALL_DELETION = 20
"""The number of articles that may be deleted without a second scan."""


class FolderLocation(NamedTuple):
    """The location of a content folder, with links resolved."""

    root: str
    device: int


class HeldDeletion(NamedTuple):
    """A deletion that was held back."""

    digest: str
    """The digest of the paths to delete. Empty if a second scan must not confirm the deletion."""
    since: datetime
    """When exactly these paths were first found missing."""
    articles: int
    """The number of articles before the deletion began."""


class PastDeletion(NamedTuple):
    """The articles that an earlier run deleted."""

    at: datetime
    lost: int
    articles: int
    """The number of articles before that run."""


class PendingDeletion(NamedTuple):
    """The articles that a run would delete. Moved files are not included."""

    paths: frozenset[str]
    """The files whose articles would be deleted."""
    articles: int
    """The number of articles before the run, including those that earlier runs retained."""
    loaded: int
    """The number of files that the run read as documents: new files and new versions."""
    location: FolderLocation
    location_before: FolderLocation | None
    recent: tuple[PastDeletion, ...] = ()
    """The deletions of earlier runs within the hold, the oldest first."""

    @property
    def unmounted(self) -> bool:
        """Whether the same path is on a different device. A swapped link changes the resolved path too."""
        before = self.location_before
        return before is not None and before.root == self.location.root and before.device != self.location.device

    @property
    def digest(self) -> str:
        return hashlib.sha256("\0".join(sorted(self.paths)).encode()).hexdigest()

    @property
    def before(self) -> int:
        """The number of articles before the first recent deletion. Later additions do not count."""
        return self.recent[0].articles if self.recent else self.articles

    @property
    def is_large(self) -> bool:
        lost = len(self.paths) + sum(gone.lost for gone in self.recent)
        return self.before > SMALL_DELETION and lost * 2 > self.before


class Retained(NamedTuple):
    """Articles that are retained although their files are gone, and the reason."""

    paths: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    held: HeldDeletion | None = None
    """The held deletion, for comparison in the next run."""
    due: datetime | None = None
    """When a second scan may delete them, or None if only an explicit load may."""


def check_deletion(
    deletion: PendingDeletion, held: HeldDeletion | None, now: datetime, hold: timedelta
) -> Retained | None:
    """The articles to retain, or None.

    After a deletion was `held`, missing articles are retained until runs find exactly the same paths missing for the
    time `hold`. Files that return, disappear or are added mean that the folder is still changing.
    """
    if not deletion.paths:
        return None
    before = held.articles if held else deletion.before
    missing = f"Articles are missing: {len(deletion.paths)} of {max(before, len(deletion.paths))}."
    if deletion.unmounted:
        message = f"The folder is on a different device than before. {missing}"
        return _retained(deletion, HeldDeletion("", now, before), DEVICE_CHANGED, message)
    if len(deletion.paths) == deletion.articles and not deletion.loaded:
        message = f"The folder does not contain documents any more. {missing}"
        return _retained(deletion, HeldDeletion("", now, before), FOLDER_EMPTIED, message)
    since = held.since if held and held.digest == deletion.digest and held.since <= now else now
    if not (held or deletion.is_large) or (since < now and now - since >= hold):
        return None
    message = f"A large part of the folder is gone. {missing}"
    then = f"They are deleted if they are still missing in {hold.total_seconds():g} seconds."
    return _retained(deletion, HeldDeletion(deletion.digest, since, before), DELETION_HELD, message, then)._replace(
        due=since + hold
    )


def recent(gone: tuple[PastDeletion, ...], now: datetime, hold: timedelta) -> tuple[PastDeletion, ...]:
    """The earlier deletions that count together with one at `now`."""
    return tuple(each for each in gone if each.at <= now < each.at + hold)


def _retained(deletion: PendingDeletion, held: HeldDeletion, code: str, message: str, then: str = "") -> Retained:
    hint = f"{then} To delete them now, load once with --accept-empty.".strip()
    problem = Problem(Severity.ERROR, code, f"{message} They are still served.", ".", hint=hint)
    return Retained(deletion.paths, (problem,), held)
