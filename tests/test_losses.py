"""What may go with its file, and what has to stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.loading.losses import DELETION_HELD, DEVICE_CHANGED, FEW, FOLDER_EMPTIED, Held, Loss, Place, judge

NOW = datetime(2025, 1, 1, tzinfo=UTC)
HOLD = timedelta(seconds=10)
HERE = Place("/content", 1)


def loss(lost: int, articles: int, loaded: int = 0, before: Place | None = HERE, first: int = 0) -> Loss:
    return Loss(frozenset(f"{number}.md" for number in range(first, first + lost)), articles, loaded, HERE, before)


def code(loss: Loss, held: Held | None = None, now: datetime = NOW) -> str | None:
    kept = judge(loss, held, now, HOLD)
    assert kept is None or kept.paths == loss.paths
    return kept.problems[0].code if kept else None


@pytest.mark.parametrize(
    ("lost", "articles", "loaded", "expected"),
    [
        (0, 0, 0, None),
        (0, 50, 0, None),
        (FEW - 1, FEW, 0, None),
        (FEW, FEW, 0, FOLDER_EMPTIED),
        (FEW, FEW, 1, None),
        (1, 1, 0, FOLDER_EMPTIED),
        (11, 22, 0, None),
        (11, 21, 0, DELETION_HELD),
        (50, 50, 0, FOLDER_EMPTIED),
        (50, 50, 50, DELETION_HELD),
    ],
)
def test_how_much_may_go(lost: int, articles: int, loaded: int, expected: str | None) -> None:
    """Of few articles any number goes, of more up to a half, and never all where no document is left."""
    assert code(loss(lost, articles, loaded)) == expected


def test_another_device_at_the_same_place_lets_nothing_go() -> None:
    """A disk that is not mounted looks like deleted files; another place, or a swapped link, is meant."""
    assert code(loss(1, 50, before=Place("/content", 2))) == DEVICE_CHANGED
    assert code(loss(0, 50, before=Place("/content", 2))) is None
    assert code(loss(1, 50, before=Place("/releases/41", 2))) is None
    assert code(loss(1, 50, before=None)) is None


def test_a_second_look_confirms_a_large_loss() -> None:
    """The same files must be missing, and long enough; else the waiting begins, or begins anew."""
    kept = judge(loss(30, 50), None, NOW, HOLD)
    assert kept
    assert kept.held
    assert code(loss(30, 50), kept.held, NOW + HOLD - timedelta(seconds=1)) == DELETION_HELD
    assert code(loss(30, 50), kept.held, NOW + HOLD) is None
    assert code(loss(30, 50, first=1), kept.held, NOW + HOLD) == DELETION_HELD
    again = judge(loss(30, 50), kept.held, NOW + timedelta(seconds=5), HOLD)
    assert again
    assert again.held == kept.held


def test_a_clock_that_was_set_back_begins_the_wait_anew() -> None:
    """A loss that was first seen in the future would else wait until then."""
    held = Held(loss(30, 50).digest, NOW + timedelta(days=365))
    kept = judge(loss(30, 50), held, NOW, HOLD)
    assert kept
    assert kept.held == Held(held.digest, NOW)


def test_no_loss_is_confirmed_by_the_look_that_found_it() -> None:
    """Also where no wait is asked for, there are two looks."""
    kept = judge(loss(30, 50), None, NOW, timedelta(0))
    assert kept
    assert judge(loss(30, 50), kept.held, NOW, timedelta(0))
    assert judge(loss(30, 50), kept.held, NOW + timedelta(microseconds=1), timedelta(0)) is None


def test_what_stays_says_why_and_what_to_do() -> None:
    """The problem counts what is missing, and names the way to let it go at once."""
    held = judge(loss(30, 50), None, NOW, HOLD)
    assert held
    assert held.problems[0].message == "Most articles are missing: 30 of 50. They are still served."
    assert held.problems[0].hint == (
        "They go if they are still missing in 10 seconds. If that is meant, load once with --accept-empty."
    )
