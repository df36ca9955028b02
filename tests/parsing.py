"""Parsing in the test's own process. Tests of the parser pool and of commands use real worker processes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from datetime import datetime

from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.parser_pool import ParserPool
from gateway.model.changes import Batch


class InProcess(ParserPool):
    """Parses synchronously, for tests that load many folders."""

    async def parse(
        self,
        tasks: Iterable[Task],
        rules: ParseContext,
        *,
        started: datetime,
        low_priority: bool = False,  # noqa: ARG002 - there is one process
    ) -> AsyncGenerator[Batch, None]:
        for task in tasks:
            yield Batch.of([parse(task, rules)], started)

    async def warm(self, rules: ParseContext) -> None:
        """Does nothing, because there are no processes."""
