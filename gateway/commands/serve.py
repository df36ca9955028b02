"""The commands `dev` and `serve`: one server in this process, or several processes that this one supervises."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from gateway.commands import standard_streams
from gateway.commands.startup import settings_of
from gateway.settings import Mode


def dev(content: Path, **flags: object) -> None:
    """Serve CONTENT to its author: drafts shown, explorer and introspection on, for this machine only."""
    _run(content, flags, Mode.DEV)


def serve(content: Path | None, **flags: object) -> None:
    """Serve CONTENT or a database to everyone: published articles only, explorer and introspection off."""
    _run(content, flags, Mode.SERVE)


def _run(content: Path | None, flags: Mapping[str, object], mode: Mode) -> None:
    """Import the server only if it runs in this process, because a supervisor does not need its memory."""
    standard_streams.protect()
    settings = settings_of(content, flags, mode)
    is_supervisor = settings.processes > 1 and mode is Mode.SERVE
    import_module(f"gateway.commands.{'supervisor' if is_supervisor else 'server'}").run(settings)
