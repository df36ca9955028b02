"""The command `load`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from gateway import progress
from gateway.commands.startup import settings_of
from gateway.settings import Settings
from gateway.stores import opened
from gateway.terminal import strict_problems_told, tell, tell_run


def load(content: Path, *, accept_empty: bool, **flags: object) -> None:
    """Load CONTENT into the database once, and say what was loaded."""
    settings = settings_of(content, flags)
    with strict_problems_told():
        asyncio.run(_load_once(settings, accept_empty=accept_empty))


async def _load_once(settings: Settings, *, accept_empty: bool) -> None:
    async with opened(settings) as content:
        with progress.shown(Console(stderr=True)) as shown:
            report = await content.ingest.run(strict=settings.strict, accept_empty=accept_empty, progress=shown)
        tell_run(report)
        await tell(content.store)
