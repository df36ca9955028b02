"""Loading of a realistic folder, a small version of `benchmarks.loading`."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpus import Generator
from benchmarks.loading import Site, measure_all


def test_server_answers_while_it_loads(tmp_path: Path) -> None:
    """Each request during a first load succeeds, and during a load of everything over an existing database."""
    site = Site(tmp_path)
    Generator(60, 179).write(site.content)
    parts = list(measure_all(site, idle=0))
    assert [part.run.parsed for part in parts] == [60, 0, 60]
    assert [part.run.files for part in parts] == [60, 60, 60]
    askers = [asker for part in parts for asker in part.askers]
    assert [asker.failures for asker in askers] == [[]] * 5
    assert all(asker.seconds for asker in askers)
