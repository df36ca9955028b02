"""What may go with its file, and what has to stay."""

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
def test_how_much_may_go(lost: int, articles: int, loaded: int, expected: str | None) -> None:
    """Of few articles any number goes, of more up to a half, and never all where no document is left."""
    assert code(loss(lost, articles, loaded)) == expected


def test_another_device_at_the_same_place_lets_nothing_go() -> None:
    """A disk that is not mounted looks like deleted files; another place, or a swapped link, is meant."""
    assert code(loss(1, 50, before=FolderLocation("/content", 2))) == DEVICE_CHANGED
    assert code(loss(0, 50, before=FolderLocation("/content", 2))) is None
    assert code(loss(1, 50, before=FolderLocation("/releases/41", 2))) is None
    assert code(loss(1, 50, before=None)) is None


def test_a_second_look_confirms_a_large_loss() -> None:
    """The same files must be missing for the whole of the hold."""
    held = kept(loss(30, 50)).held
    assert code(loss(30, 50), held, NOW + HOLD - SECOND) == DELETION_HELD
    assert code(loss(30, 50), held, NOW + HOLD) is None
    assert kept(loss(30, 50), held, NOW + 5 * SECOND).held == held
    assert kept(loss(30, 50), held, NOW + 5 * SECOND).due == NOW + HOLD


@pytest.mark.parametrize("articles", [50, 80, 5000])
def test_arrivals_do_not_dilute_a_held_loss(articles: int) -> None:
    """However many articles are new since, the loss is compared with what there was before it."""
    again = kept(loss(30, articles), kept(loss(30, 50)).held, NOW + 5 * SECOND)
    assert again.held == kept(loss(30, 50)).held
    assert "30 of 50" in again.problems[0].message


@pytest.mark.parametrize(("lost", "first"), [(31, 0), (30, 1), (29, 0), (1, 0), (1, 40)])
def test_a_held_loss_that_changes_is_held_anew(lost: int, first: int) -> None:
    """More files go, some come back, or others go: whatever is missing waits until the folder holds still."""
    changed = loss(lost, 50, first=first)
    again = kept(changed, kept(loss(30, 50)).held, NOW + HOLD)
    assert again.held == HeldDeletion(changed.digest, NOW + HOLD, 50)
    assert code(changed, again.held, NOW + 2 * HOLD) is None


@pytest.mark.parametrize(("lost", "before"), [(SMALL_DELETION, HERE), (1, FolderLocation("/content", 2))])
def test_time_alone_confirms_no_other_loss(lost: int, before: FolderLocation) -> None:
    """An emptied folder and another device have no second look; when that is over, what is still missing is held."""
    held = kept(loss(lost, SMALL_DELETION, before=before))
    assert held.due is None
    assert code(loss(lost, SMALL_DELETION, before=before), held.held, NOW + 100 * HOLD) is not None
    filled = kept(loss(1, SMALL_DELETION), held.held, NOW + 100 * HOLD)
    assert (filled.problems[0].code, filled.due) == (DELETION_HELD, NOW + 101 * HOLD)


def test_losses_that_follow_each_other_count_together() -> None:
    """Ten of forty, and ten, and ten: the last ones would make it most of what there was before the first."""
    gone = PastDeletion(NOW, 10, 40)
    second = loss(10, 30)._replace(recent=(gone,))
    assert code(second) is None
    third = loss(10, 20)._replace(recent=(gone, PastDeletion(NOW + SECOND, 10, 30)))
    assert code(third) == DELETION_HELD
    assert kept(third).held == HeldDeletion(third.digest, NOW, 40)
    assert code(loss(10, 20)) is None


def test_losses_count_together_within_the_hold() -> None:
    """An older one is over, and so is one that a clock that was set back put into the future."""
    gone = tuple(PastDeletion(NOW + at * SECOND, 1, 40) for at in (0, 1, 20))
    assert recent(gone, NOW + HOLD, HOLD) == gone[1:2]


def test_a_clock_that_was_set_back_begins_the_wait_anew() -> None:
    """A loss that was first seen in the future would else wait until then."""
    held = HeldDeletion(loss(30, 50).digest, NOW + timedelta(days=365), 50)
    assert kept(loss(30, 50), held).held == HeldDeletion(held.digest, NOW, 50)


def test_no_loss_is_confirmed_by_the_look_that_found_it() -> None:
    """Also where no wait is asked for, there are two looks."""
    held = kept(loss(30, 50), hold=timedelta(0)).held
    assert check_deletion(loss(30, 50), held, NOW, timedelta(0))
    assert check_deletion(loss(30, 50), held, NOW + timedelta(microseconds=1), timedelta(0)) is None


def test_what_stays_says_why_and_what_to_do() -> None:
    """The problem counts what is missing, and names the way to let it go at once."""
    [problem] = kept(loss(30, 50)).problems
    assert problem.message == (
        "A large part of the folder is gone. Articles are missing: 30 of 50. They are still served."
    )
    assert problem.hint == (
        "They are deleted if they are still missing in 10 seconds. To delete them now, load once with --accept-empty."
    )
