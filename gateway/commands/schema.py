"""The command `schema`."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.content.source import require_folder
from gateway.graph.schema import print_sdl
from gateway.loading.active_rules import SiteRules
from gateway.model.collections import NO_COLLECTIONS


def schema(content: Path | None) -> None:
    """Print the schema in GraphQL's schema language: with the collections of the site in CONTENT, if it is given."""
    collections = NO_COLLECTIONS
    if content is not None:
        require_folder(content)
        site, _ = SiteRules().read(content)
        collections = site.collections if site else NO_COLLECTIONS
    click.echo(print_sdl(collections), nl=False)
