"""Parsing without a process of its own. `tests/content/test_parser_pool.py` and all tests of commands use real ones."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.parser_pool import ParserPool
from gateway.model.changes import Change


class InProcess(ParserPool):
    """Parses where it is asked: here many folders are loaded, and no parser crashes."""

    async def parse(
        self,
        tasks: Sequence[Task],
        rules: ParseContext,
        *,
        low_priority: bool = False,  # noqa: ARG002 - there is one process
    ) -> AsyncGenerator[Sequence[Change], None]:
        for task in tasks:
            yield [parse(task, rules)]

    async def warm(self, rules: ParseContext) -> None:
        """There is no process to start."""
