"""The command `schema`."""

from __future__ import annotations

import click

from gateway.graph.schema import print_sdl


def schema() -> None:
    """Print the schema in GraphQL's schema language."""
    click.echo(print_sdl(), nl=False)
