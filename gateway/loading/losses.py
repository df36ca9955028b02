"""Decides whether articles may go whose files are gone. It looks at no file and asks no store.

A folder that was unmounted, emptied or overwritten by mistake looks like one whose files were deleted. So what would
take much away has to be seen twice, or to be accepted by hand.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from gateway.model import Problem, Severity

FOLDER_EMPTIED = "FOLDER_EMPTIED"
DELETION_HELD = "DELETION_HELD"
DEVICE_CHANGED = "DEVICE_CHANGED"

FEW = 20
"""Of so few articles any number may go without a second look."""


class Place(NamedTuple):
    """Where a content folder lies, links resolved."""

    root: str
    device: int


class Held(NamedTuple):
    """A loss that waits for a second look."""

    digest: str
    """Of the paths that would go."""
    since: datetime


class Loss(NamedTuple):
    """What a run would take away."""

    paths: frozenset[str]
    """Of the files whose articles would go."""
    articles: int
    """All that there were before the run."""
    loaded: int
    """Those that the run read, new ones or new versions."""
    place: Place
    place_before: Place | None

    @property
    def unmounted(self) -> bool:
        """The same path leads to another device; where a link was swapped, the resolved path is another too."""
        before = self.place_before
        return before is not None and before.root == self.place.root and before.device != self.place.device

    @property
    def digest(self) -> str:
        return hashlib.sha256("\0".join(sorted(self.paths)).encode()).hexdigest()


class Kept(NamedTuple):
    """Articles that stay although their files are gone, and why."""

    paths: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    held: Held | None = None
    """Set where a second look may let them go."""


def judge(loss: Loss, held: Held | None, now: datetime, hold: timedelta) -> Kept | None:
    """What has to stay, if anything. A loss that was `held` before goes when it is found again `hold` later."""
    lost = len(loss.paths)
    if not lost:
        return None
    if loss.unmounted:
        message = f"The folder lies on another device than before. Articles are missing: {lost} of {loss.articles}."
        return _kept(loss, DEVICE_CHANGED, message)
    if lost == loss.articles and not loss.loaded:
        return _kept(loss, FOLDER_EMPTIED, f"The folder holds no document any more. Articles are missing: {lost}.")
    if loss.articles <= FEW or lost * 2 <= loss.articles:
        return None
    since = held.since if held and held.digest == loss.digest and held.since <= now else now
    if since < now and now - since >= hold:
        return None
    message = f"Most articles are missing: {lost} of {loss.articles}."
    then = f"They go if they are still missing in {hold.total_seconds():g} seconds."
    return _kept(loss, DELETION_HELD, message, then)._replace(held=Held(loss.digest, since))


def _kept(loss: Loss, code: str, message: str, then: str = "") -> Kept:
    hint = f"{then} If that is meant, load once with --accept-empty.".strip()
    problem = Problem(Severity.ERROR, code, f"{message} They are still served.", ".", hint=hint)
    return Kept(loss.paths, (problem,))
