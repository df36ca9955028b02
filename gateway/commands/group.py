"""The commands of `gateway`, by their names."""

from __future__ import annotations

from importlib import import_module

import click

from gateway import __version__

COMMANDS = {
    "check": "gateway.commands.check",
    "dev": "gateway.commands.serve",
    "load": "gateway.commands.load",
    "preview-link": "gateway.commands.preview_link",
    "query": "gateway.commands.query",
    "schema": "gateway.commands.schema",
    "serve": "gateway.commands.serve",
}
"""The module of each."""


class Commands(click.Group):
    """Imports a command when it is asked for: who checks a folder waits for no server."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        return found


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """A folder of Markdown files becomes a GraphQL API."""
