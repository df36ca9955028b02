"""Loading a folder of the shape that real ones have, in small: `benchmarks.loading` measures the same in large."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpus import Generator
from benchmarks.loading import Site, measure_all


def test_a_server_answers_while_it_loads_and_a_second_start_parses_nothing(tmp_path: Path) -> None:
    """Each request during a first load and, over an existing database, during a load of everything succeeds."""
    site = Site(tmp_path)
    Generator(60, 179).write(site.content)
    parts = list(measure_all(site, idle=0))
    assert [part.run.parsed for part in parts] == [60, 0, 60]
    assert [part.run.files for part in parts] == [60, 60, 60]
    askers = [asker for part in parts for asker in part.askers]
    assert [asker.failures for asker in askers] == [[]] * 5
    assert all(asker.seconds for asker in askers)
