"""Small runs of the query and overload benchmarks."""

from __future__ import annotations

from pathlib import Path

from benchmarks.overload import Best, Plan, measure_all, told
from benchmarks.queries import LINEAR, QUESTIONS, compare
from benchmarks.skewed import COMMON, PROVIDER, RARE, RARITIES, TOPIC, fill
from gateway.stores import temporary_store
from tests.test_graph import data


async def test_each_query_is_measured_on_both_corpora(tmp_path: Path) -> None:
    """Each row has positive numbers and its allowed growth."""
    rows = [row async for row in compare(tmp_path, (20, 40), rounds=1)]
    assert [row.question for row in rows] == list(QUESTIONS)
    assert all(number > 0 for row in rows for number in (*row.small, *row.large))
    assert all(row.question.aim is LINEAR or f"{row.question.aim:7g}" in row.told(2) for row in rows)


async def test_selectivity_of_the_corpus() -> None:
    """About half of the articles share a provider, a topic and a word. A rare word is in a few."""
    async with temporary_store() as store:
        await fill(store, 200)
        query = f"""{{
            provider(domain: "{PROVIDER}") {{ articles {{ totalCount }} }}
            topic(name: "{TOPIC}") {{ articles {{ totalCount }} }}
            common: search(query: "{COMMON}") {{ totalCount }}
            rare: search(query: "{RARE}") {{ totalCount }}
        }}"""
        found = await data(store, query)
    assert found["rare"]["totalCount"] == RARITIES
    counts = [found["provider"]["articles"], found["topic"]["articles"], found["common"]]
    assert all(70 < each["totalCount"] < 130 for each in counts)


def test_overload_is_measured(tmp_path: Path) -> None:
    """Successes and times are counted in each round and compared with the best. Probes are sent meanwhile."""
    plans = [Plan(1, patient=False), Plan(4, patient=True)]
    found = measure_all(tmp_path, 20, plans, seconds=1, rounds=2)
    assert list(found) == plans
    for plan, row in found.items():
        assert row.seconds == 2
        assert len(row.counts.seconds) == row.counts.statuses[200] > 0
        assert set(row.counts.statuses) == {200}
        assert row.probes
        assert told(plan, row, Best(2 * row.goodput, row.efficiency)).endswith("missed")
