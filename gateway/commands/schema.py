"""The command `schema`."""

from __future__ import annotations

import click

from gateway.commands.options import Command
from gateway.graph.schema import print_sdl


@click.command("schema", cls=Command)
def schema() -> None:
    """Print the schema in GraphQL's schema language."""
    click.echo(print_sdl(), nl=False)
