"""The command `load`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from gateway.commands import console
from gateway.commands.console import print_run, print_state, strict_problems_printed
from gateway.commands.startup import settings_of
from gateway.settings import Settings
from gateway.stores import open_pipeline


def load(content: Path, *, accept_empty: bool, **flags: object) -> None:
    """Load CONTENT into the database once, and print a summary."""
    settings = settings_of(content, flags)
    with strict_problems_printed():
        asyncio.run(_load_once(settings, accept_empty=accept_empty))


async def _load_once(settings: Settings, *, accept_empty: bool) -> None:
    async with open_pipeline(settings) as pipeline:
        with console.show_progress(Console(stderr=True)) as progress:
            report = await pipeline.ingest.run(strict=settings.strict, accept_empty=accept_empty, progress=progress)
        print_run(report)
        await print_state(pipeline.store)
