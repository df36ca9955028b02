"""The benchmarks of queries and of overload, in small: they measure what they say."""

from __future__ import annotations

from pathlib import Path

from benchmarks.overload import Best, Plan, measure_all, told
from benchmarks.queries import LINEAR, QUESTIONS, compare
from benchmarks.skewed import COMMON, PROVIDER, RARE, RARITIES, TOPIC, fill
from gateway.stores import temporary_store
from tests.test_graph import data


async def test_every_question_is_measured_over_both(tmp_path: Path) -> None:
    """Each has a row of positive numbers, and says by how much it may grow."""
    rows = [row async for row in compare(tmp_path, (20, 40), rounds=1)]
    assert [row.question for row in rows] == list(QUESTIONS)
    assert all(number > 0 for row in rows for number in (*row.small, *row.large))
    assert all(row.question.aim is LINEAR or f"{row.question.aim:7g}" in row.told(2) for row in rows)


async def test_half_of_the_articles_share_what_is_common() -> None:
    """A provider, a topic and a word are those of about half; a rare word is that of a few."""
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


def test_a_load_is_measured(tmp_path: Path) -> None:
    """Its successes and their times are counted, in every round, and put beside the best; probes are sent meanwhile."""
    plans = [Plan(1, patient=False), Plan(4, patient=True)]
    found = measure_all(tmp_path, 20, plans, seconds=1, rounds=2)
    assert list(found) == plans
    for plan, row in found.items():
        assert row.seconds == 2
        assert len(row.counts.seconds) == row.counts.statuses[200] > 0
        assert set(row.counts.statuses) == {200}
        assert row.probes
        assert told(plan, row, Best(2 * row.goodput, row.efficiency)).endswith("missed")
