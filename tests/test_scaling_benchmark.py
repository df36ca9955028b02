"""The scaling benchmark in small: what an edit purges is measured, and the arithmetic agrees with single requests."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks import purges, shapes
from benchmarks.load import write_section
from benchmarks.purges import purged_shares, spread
from benchmarks.scaling import (
    FEWEST,
    KINDS,
    PAGE,
    REQUESTS,
    Cache,
    Cost,
    Kind,
    Memory,
    inputs,
    mean_misses,
    misses_after_edit,
    needs,
    popularity,
)

NAMES = [kind.query.name for kind in KINDS]
COSTS = dict.fromkeys(NAMES, Cost(0.002, 0.001, 3_000))
PURGED = {"few": dict.fromkeys(NAMES, 0.1), "many": dict.fromkeys(NAMES, 0.01)}
FILES = 20
RATE = 0.05
"""Requests per second for one page."""
NAME = KINDS[0].query.name
ONE = KINDS[0]._replace(share=RATE / REQUESTS, pages=1)


def simulated(seconds: float, purges: float, requests: int) -> float:
    """The part of random requests that a cache does not answer."""
    chance, now, kept_until, missed = random.Random(1), 0.0, 0.0, 0  # noqa: S311 - repeatable
    for _ in range(requests):
        now += chance.expovariate(RATE)
        if now >= kept_until:
            missed += 1
            kept_until = now + min(seconds, chance.expovariate(purges) if purges else seconds)
    return missed / requests


@pytest.mark.parametrize(("seconds", "edits"), [(60, 0), (86_400, 360), (60, 60), (0, 0)])
def test_misses_are_those_of_single_requests(seconds: float, edits: int) -> None:
    cache = Cache("", seconds, edits, {NAME: 0.5})
    expected = simulated(seconds, 0.5 * edits / 3600, 50_000)
    assert mean_misses(ONE, cache) / RATE == pytest.approx(expected, rel=0.03)


def test_places_without_a_shield_ask_for_themselves() -> None:
    """A rare page is then kept for almost nobody."""
    shared, apart = (mean_misses(ONE, Cache("", 60, 0, places=places)) for places in (1, 20))
    assert shared < apart < RATE


def test_purged_pages_are_requested_again() -> None:
    """In the second after an edit: at most once each, and only if they were kept and are requested."""
    busy = Kind(KINDS[0].query, 0.5, 100)
    cache = Cache("", 86_400, 1, {NAME: 1})
    assert misses_after_edit(busy, cache) - mean_misses(busy, cache) == pytest.approx(100, rel=0.05)
    assert misses_after_edit(ONE, cache) - mean_misses(ONE, cache) == pytest.approx(RATE, rel=0.1)


@pytest.mark.parametrize("pages", [1, 1_000, 1_000_000])
def test_popularity_follows_the_law(pages: int) -> None:
    """All pages have a part of the requests, and the first has that of Zipf's law."""
    groups = [*popularity(pages)]
    assert sum(count for count, _ in groups) == pages
    assert sum(count * part for count, part in groups) == pytest.approx(1)
    assert groups[0][1] == pytest.approx(1 / sum(1 / rank for rank in range(1, pages + 1)), rel=0.001)


async def test_purged_answers_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each edit purges what is read from all articles. Other answers are purged less if there are more providers."""
    monkeypatch.setattr(purges, "EDITS", 3)
    monkeypatch.setattr(purges, "SAMPLE", FILES)
    queries = [kind.query for kind in KINDS]
    few, many = [await purged_shares(tmp_path / str(groups), groups, FILES, queries) for groups in (1, FILES)]
    for name in ("page", "facets", "search"):
        assert (few[name], many[name]) == (1, 1)
    for name in ("article", "provider"):
        assert 1 > few[name] > many[name] >= 1 / FILES


def test_groups_have_their_own_providers_and_topics() -> None:
    text = spread(shapes.article(0), 7)
    assert text.count("-7.example") == shapes.article(0).count("domain: ")
    assert text.count(" 7\n") == 2


def test_tables_are_written(tmp_path: Path) -> None:
    """A cheaper answer needs fewer machines, and there is one for a failure."""
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text())
    write_section(page, "inputs", inputs(COSTS, PURGED, Memory(10**8, 10**4)))
    write_section(page, "needs", needs(COSTS, PURGED))
    assert f"| {KINDS[0].query.title} | 85% | 1,000,000 | 2.00 | 1.00 | 3.0 | 10.00% | 1.00% |" in page.read_text()
    assert "| no cache | 60 | 0.0% | 100,000 | 100,000 | 167 | 42 |" in page.read_text()
    cheap = needs(dict.fromkeys(NAMES, Cost(1e-6, 1e-6, 1)), PURGED)
    assert cheap.splitlines()[-1].endswith(f"| {FEWEST} | {FEWEST} |")
