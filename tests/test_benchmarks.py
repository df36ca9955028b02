"""Small runs of the query, overload and mixed benchmarks."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks import custom_fields, mixed, wrk
from benchmarks.limits import CASES, load
from benchmarks.overload import Best, Plan, measure_all, told
from benchmarks.queries import LINEAR, QUESTIONS, compare
from benchmarks.skewed import COMMON, PROVIDER, RARE, RARITIES, TOPIC, fill
from gateway.content import site_config
from gateway.stores import temporary_store
from tests.conftest import need
from tests.test_graph import data


async def test_each_query_is_measured_on_both_corpora(tmp_path: Path) -> None:
    """Each row has positive numbers and its allowed growth."""
    rows = [row async for row in compare(tmp_path, (20, 40), rounds=1)]
    assert [row.question for row in rows] == list(QUESTIONS)
    assert all(number > 0 for row in rows for number in (*row.small, *row.large))
    assert all(row.question.aim is LINEAR or f"{row.question.aim:7g}" in row.told(2) for row in rows)


def test_custom_fields_are_measured() -> None:
    """Each run succeeds, and the declaration has no problems."""
    assert site_config.parse(custom_fields.RULES.encode()).problems == ()
    costs = custom_fields.compare(20, rounds=1)
    assert list(costs) == [custom_fields.LOAD, custom_fields.CUSTOM, custom_fields.INFER]
    assert custom_fields.told(costs).count(" times") == 6


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


async def test_expensive_queries_are_measured(tmp_path: Path) -> None:
    """They hold the loop for some time, with a plan, and with a field that fails."""
    cases = {name: CASES[name] for name in ("a page of leaves", "changes", "facets under many aliases")}
    found = await mixed.expenses(load(tmp_path, 5), cases, 1)
    assert found.planned.keys() == found.unplanned.keys() == cases.keys()
    for case in (*found.planned.values(), *found.unplanned.values()):
        assert 0 < case.hold.processor <= case.hold.wall
    assert all("failing" in case.query for case in found.unplanned.values())
    assert mixed.row("a case", mixed.Hold(0.5, 1), mixed.Hold(0.25, 2)).split()[-5:] == [
        *("500.00", "1000.00", "250.00", "2000.00", "missed")
    ]


def test_cheap_queries_are_measured_beside_expensive_ones(tmp_path: Path) -> None:
    """On an idle server too. A p99 over five times that of the idle server is marked."""
    for program in wrk.NEEDS:
        need(program, shutil.which(program))
    load(tmp_path, 5)
    plan = mixed.Plan(1, 1, 2)
    found = mixed.measure(tmp_path, {"idle": [], "beside": [CASES["a page of leaves"](5)]}, plan)
    assert all(len(seconds) > 10 and seconds == sorted(seconds) and seconds[0] > 0 for seconds in found.values())
    assert mixed.told("a load", [0.01, 0.02], 0.003).split()[2:] == ["20.00", "20.00", "20.00", "6.7", "missed"]
