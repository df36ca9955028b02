"""Decides whether articles may go whose files are gone. It looks at no file and asks no store.

A folder that was unmounted, emptied or overwritten by mistake looks like one whose files were deleted. So a large loss
has to be found twice, or to be accepted by hand.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from gateway.model import Problem, Severity

FOLDER_EMPTIED = "FOLDER_EMPTIED"
DELETION_HELD = "DELETION_HELD"
DEVICE_CHANGED = "DEVICE_CHANGED"

SMALL_DELETION = 20
"""Of so few articles any number may go without a second look."""


class FolderLocation(NamedTuple):
    """Where a content folder lies, links resolved."""

    root: str
    device: int


class HeldDeletion(NamedTuple):
    """A loss that was kept from the store."""

    digest: str
    """Of the paths that would go; empty where no second look may let them go."""
    since: datetime
    """When exactly these were first found missing."""
    articles: int
    """How many there were before the loss began."""


class PastDeletion(NamedTuple):
    """What an earlier run took away."""

    at: datetime
    lost: int
    articles: int
    """All that there were before that run."""


class PendingDeletion(NamedTuple):
    """What a run would take away. A moved file is not a loss."""

    paths: frozenset[str]
    """Of the files whose articles would go."""
    articles: int
    """All that there were before the run, including those that earlier runs kept."""
    loaded: int
    """Files that the run read as documents: new ones and new versions."""
    location: FolderLocation
    location_before: FolderLocation | None
    recent: tuple[PastDeletion, ...] = ()
    """What runs within the hold before this one took away, the oldest first."""

    @property
    def unmounted(self) -> bool:
        """The same path leads to another device; where a link was swapped, the resolved path is another too."""
        before = self.location_before
        return before is not None and before.root == self.location.root and before.device != self.location.device

    @property
    def digest(self) -> str:
        return hashlib.sha256("\0".join(sorted(self.paths)).encode()).hexdigest()

    @property
    def before(self) -> int:
        """The articles that there were before the first of the recent losses. Later arrivals do not count."""
        return self.recent[0].articles if self.recent else self.articles

    @property
    def is_large(self) -> bool:
        lost = len(self.paths) + sum(gone.lost for gone in self.recent)
        return self.before > SMALL_DELETION and lost * 2 > self.before


class Retained(NamedTuple):
    """Articles that stay although their files are gone, and why."""

    paths: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    held: HeldDeletion | None = None
    """For the next run to compare its loss with."""
    due: datetime | None = None
    """When a second look may let them go; None where only an explicit load may."""


def check_deletion(
    deletion: PendingDeletion, held: HeldDeletion | None, now: datetime, hold: timedelta
) -> Retained | None:
    """What has to stay, if anything.

    After a loss was `held`, whatever is still missing stays until a run finds exactly the same for as long as `hold`:
    files that come back, more that go, and new ones all mean that the folder is still changing.
    """
    if not deletion.paths:
        return None
    before = held.articles if held else deletion.before
    missing = f"Articles are missing: {len(deletion.paths)} of {max(before, len(deletion.paths))}."
    if deletion.unmounted:
        message = f"The folder lies on another device than before. {missing}"
        return _retained(deletion, HeldDeletion("", now, before), DEVICE_CHANGED, message)
    if len(deletion.paths) == deletion.articles and not deletion.loaded:
        message = f"The folder holds no document any more. {missing}"
        return _retained(deletion, HeldDeletion("", now, before), FOLDER_EMPTIED, message)
    since = held.since if held and held.digest == deletion.digest and held.since <= now else now
    if not (held or deletion.is_large) or (since < now and now - since >= hold):
        return None
    message = f"A large part of the folder is gone. {missing}"
    then = f"They go if they are still missing in {hold.total_seconds():g} seconds."
    return _retained(deletion, HeldDeletion(deletion.digest, since, before), DELETION_HELD, message, then)._replace(
        due=since + hold
    )


def recent(gone: tuple[PastDeletion, ...], now: datetime, hold: timedelta) -> tuple[PastDeletion, ...]:
    """Those that count together with a loss of this moment."""
    return tuple(each for each in gone if each.at <= now < each.at + hold)


def _retained(deletion: PendingDeletion, held: HeldDeletion, code: str, message: str, then: str = "") -> Retained:
    hint = f"{then} If that is meant, load once with --accept-empty.".strip()
    problem = Problem(Severity.ERROR, code, f"{message} They are still served.", ".", hint=hint)
    return Retained(deletion.paths, (problem,), held)
