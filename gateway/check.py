"""Loads a whole content folder aside, and says what is wrong with it. Nothing that it writes stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from gateway.content.source import DEFAULT_MAX_BYTES
from gateway.content.workers import Workers
from gateway.ingest import Ingest, Progress
from gateway.model import Given, Problem, Statistics, Visibility
from gateway.rules import SiteError
from gateway.store.temporary import temporary_store


class Checked(NamedTuple):
    statistics: Statistics
    problems: Sequence[Problem]
    """All of them, those that several files have together too; where the site's rules are wrong, only theirs."""
    given: Mapping[Given, int] = MappingProxyType({})
    """In how many documents a field came from elsewhere than its own key."""


async def check(
    root: Path,
    workers: Workers,
    *,
    clock: Callable[[], datetime],
    max_bytes: int = DEFAULT_MAX_BYTES,
    progress: Progress | None = None,
) -> Checked:
    """Raises ContentFolderError where there is no folder, and StoreError where no database can be made aside."""
    async with temporary_store() as store:
        ingest = Ingest(store, root, workers, clock=clock, max_bytes=max_bytes, serving=False)
        try:
            report = await ingest.run(progress=progress)
        except SiteError as error:
            return Checked(Statistics(0, 0, 0, 0), error.problems)
        async with store.snapshot(Visibility.PREVIEW) as snapshot:
            return Checked(await snapshot.statistics(), await snapshot.problems(None, None), report.given)
