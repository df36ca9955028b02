"""Which deletions take effect, and which are held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.loading.deletion_guard import (
    DELETION_HELD,
    DEVICE_CHANGED,
    FOLDER_EMPTIED,
    SMALL_DELETION,
    FolderLocation,
    HeldDeletion,
    PastDeletion,
    PendingDeletion,
    Retained,
    check_deletion,
    recent,
)

NOW = datetime(2025, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOLD = 10 * SECOND
HERE = FolderLocation("/content", 1)


def loss(
    lost: int, articles: int, loaded: int = 0, before: FolderLocation | None = HERE, first: int = 0
) -> PendingDeletion:
    return PendingDeletion(
        frozenset(f"{number}.md" for number in range(first, first + lost)), articles, loaded, HERE, before
    )


def code(deletion: PendingDeletion, held: HeldDeletion | None = None, now: datetime = NOW) -> str | None:
    retained = check_deletion(deletion, held, now, HOLD)
    assert retained is None or retained.paths == deletion.paths
    return retained.problems[0].code if retained else None


def kept(
    deletion: PendingDeletion, held: HeldDeletion | None = None, now: datetime = NOW, hold: timedelta = HOLD
) -> Retained:
    retained = check_deletion(deletion, held, now, hold)
    assert retained
    return retained


@pytest.mark.parametrize(
    ("lost", "articles", "loaded", "expected"),
    [
        (0, 0, 0, None),
        (0, 50, 0, None),
        (SMALL_DELETION - 1, SMALL_DELETION, 0, None),
        (SMALL_DELETION, SMALL_DELETION, 0, FOLDER_EMPTIED),
        (SMALL_DELETION, SMALL_DELETION, 1, None),
        (1, 1, 0, FOLDER_EMPTIED),
        (11, 22, 0, None),
        (11, 21, 0, DELETION_HELD),
        (11, 21, 100, DELETION_HELD),
        (50, 50, 0, FOLDER_EMPTIED),
        (50, 50, 50, DELETION_HELD),
    ],
)
def test_allowed_share(lost: int, articles: int, loaded: int, expected: str | None) -> None:
    """Of few articles any number, of more up to a half, and never all if no document is left."""
    assert code(loss(lost, articles, loaded)) == expected


def test_other_device_at_the_same_path_holds_all() -> None:
    """An unmounted disk looks like deleted files. Another path or a swapped link is intended."""
    assert code(loss(1, 50, before=FolderLocation("/content", 2))) == DEVICE_CHANGED
    assert code(loss(0, 50, before=FolderLocation("/content", 2))) is None
    assert code(loss(1, 50, before=FolderLocation("/releases/41", 2))) is None
    assert code(loss(1, 50, before=None)) is None


def test_second_check_confirms_a_large_loss() -> None:
    """The same files must be missing for the whole hold time."""
    held = kept(loss(30, 50)).held
    assert code(loss(30, 50), held, NOW + HOLD - SECOND) == DELETION_HELD
    assert code(loss(30, 50), held, NOW + HOLD) is None
    assert kept(loss(30, 50), held, NOW + 5 * SECOND).held == held
    assert kept(loss(30, 50), held, NOW + 5 * SECOND).due == NOW + HOLD


@pytest.mark.parametrize("articles", [50, 80, 5000])
def test_new_articles_do_not_dilute_a_held_loss(articles: int) -> None:
    """The loss is compared with the articles before it."""
    again = kept(loss(30, articles), kept(loss(30, 50)).held, NOW + 5 * SECOND)
    assert again.held == kept(loss(30, 50)).held
    assert "30 of 50" in again.problems[0].message


@pytest.mark.parametrize(("lost", "first"), [(31, 0), (30, 1), (29, 0), (1, 0), (1, 40)])
def test_changed_loss_restarts_the_hold(lost: int, first: int) -> None:
    """More, fewer or other missing files wait until the folder is at rest."""
    changed = loss(lost, 50, first=first)
    again = kept(changed, kept(loss(30, 50)).held, NOW + HOLD)
    assert again.held == HeldDeletion(changed.digest, NOW + HOLD, 50)
    assert code(changed, again.held, NOW + 2 * HOLD) is None


@pytest.mark.parametrize(("lost", "before"), [(SMALL_DELETION, HERE), (1, FolderLocation("/content", 2))])
def test_other_losses_are_not_confirmed_by_time(lost: int, before: FolderLocation) -> None:
    """An emptied folder and another device are not confirmed. Afterwards missing files are held."""
    held = kept(loss(lost, SMALL_DELETION, before=before))
    assert held.due is None
    assert code(loss(lost, SMALL_DELETION, before=before), held.held, NOW + 100 * HOLD) is not None
    filled = kept(loss(1, SMALL_DELETION), held.held, NOW + 100 * HOLD)
    assert (filled.problems[0].code, filled.due) == (DELETION_HELD, NOW + 101 * HOLD)


def test_consecutive_losses_are_added() -> None:
    """Ten of forty, three times: the last ones exceed half of the articles before the first."""
    gone = PastDeletion(NOW, 10, 40)
    second = loss(10, 30)._replace(recent=(gone,))
    assert code(second) is None
    third = loss(10, 20)._replace(recent=(gone, PastDeletion(NOW + SECOND, 10, 30)))
    assert code(third) == DELETION_HELD
    assert kept(third).held == HeldDeletion(third.digest, NOW, 40)
    assert code(loss(10, 20)) is None


def test_losses_are_added_within_the_hold_time() -> None:
    """Older losses do not count, nor do losses in the future of a clock that was set back."""
    gone = tuple(PastDeletion(NOW + at * SECOND, 1, 40) for at in (0, 1, 20))
    assert recent(gone, NOW + HOLD, HOLD) == gone[1:2]


def test_clock_set_back_restarts_the_hold() -> None:
    """Otherwise a loss from the future would be held until then."""
    held = HeldDeletion(loss(30, 50).digest, NOW + timedelta(days=365), 50)
    assert kept(loss(30, 50), held).held == HeldDeletion(held.digest, NOW, 50)


def test_loss_needs_two_checks() -> None:
    """Also with a hold time of zero."""
    held = kept(loss(30, 50), hold=timedelta(0)).held
    assert check_deletion(loss(30, 50), held, NOW, timedelta(0))
    assert check_deletion(loss(30, 50), held, NOW + timedelta(microseconds=1), timedelta(0)) is None


def test_problem_of_a_held_loss() -> None:
    """It has the number of missing files, and the way to accept the deletion."""
    [problem] = kept(loss(30, 50)).problems
    assert problem.message == (
        "A large part of the folder is gone. Articles are missing: 30 of 50. They are still served."
    )
    assert problem.hint == (
        "They are deleted if they are still missing in 10 seconds. To delete them now, load once with --accept-empty."
    )
