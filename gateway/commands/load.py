"""The command `load`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.console import Console

from gateway import progress
from gateway.commands.options import LOADING, Command, settings_of, with_content
from gateway.loading.content import opened
from gateway.settings import Settings
from gateway.terminal import tell, tell_run


@click.command("load", cls=Command)
@with_content(LOADING)
@click.option("--accept-empty", is_flag=True, help="Let articles go with their files, however many they are.")
def load(content: Path, *, accept_empty: bool, **flags: object) -> None:
    """Load CONTENT into the database once, and say what was loaded."""
    asyncio.run(_load_once(settings_of(content, flags), accept_empty=accept_empty))


async def _load_once(settings: Settings, *, accept_empty: bool) -> None:
    async with opened(settings) as content:
        with progress.shown(Console(stderr=True)) as shown:
            report = await content.ingest.run(strict=settings.strict, accept_empty=accept_empty, progress=shown)
        tell_run(report)
        await tell(content.store)
