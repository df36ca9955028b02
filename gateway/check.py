"""Reads a whole content folder and says what is wrong with it. It stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gateway.content.parsing import Rules, Task
from gateway.content.source import DEFAULT_MAX_BYTES, Walk
from gateway.content.workers import Workers
from gateway.model import Change, Loaded, NotDocument, Problem, SetAside, Severity

EMPTY = "EMPTY"


class Checked(NamedTuple):
    documents: int
    problems: tuple[Problem, ...]


async def check(
    root: Path,
    workers: Workers,
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Parse every file. Raises ContentFolderError where there is no folder.

    `progress` is told how many files are done, of how many.
    """
    listing = await asyncio.to_thread(Walk(root).run)
    problems = list(listing.problems)
    tasks = [Task(file) for file in listing.files.values()]
    if not tasks:
        message = "The content folder holds no document."
        problems.append(Problem(Severity.WARNING, EMPTY, message, ".", hint="Add a Markdown file to it."))
    documents = done = 0
    async for changes in workers.parse(tasks, Rules(str(root), max_bytes)):
        documents += sum(isinstance(change, Loaded) for change in changes)
        problems.extend(_problems(changes))
        done += len(changes)
        if progress:
            progress(done, len(tasks))
    return Checked(documents, tuple(problems))


def _problems(changes: Sequence[Change]) -> list[Problem]:
    return [
        problem
        for change in changes
        if isinstance(change, Loaded | SetAside | NotDocument)
        for problem in change.problems
    ]
