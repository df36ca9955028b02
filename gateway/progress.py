"""Shows on a terminal how far a run is; on what is no terminal it shows nothing. It measures nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def shown(console: Console) -> Iterator[Callable[[int, int], None]]:
    """A line that goes away in the end. What is yielded is told how many files are done, of how many."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("Reading", total=None)
        yield lambda done, total: bar.update(line, completed=done, total=total)
