"""Parsing without a process of its own. `tests/content/test_workers.py` and all tests of commands use real ones."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from gateway.content.parsing import Rules, Task, parse
from gateway.content.workers import Workers
from gateway.model import Change


class InProcess(Workers):
    """Parses where it is asked: here many folders are loaded, and no parser crashes."""

    async def parse(
        self,
        tasks: Sequence[Task],
        rules: Rules,
        *,
        gently: bool = False,  # noqa: ARG002 - there is one process
    ) -> AsyncGenerator[Sequence[Change], None]:
        for task in tasks:
            yield [parse(task, rules)]

    async def warm(self, rules: Rules) -> None:
        """There is no process to start."""
