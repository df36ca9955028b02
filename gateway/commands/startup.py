"""The common start of the commands: reads the settings, checks the folder, configures logging."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from gateway.content.source import require_folder
from gateway.errors import SettingsError
from gateway.option_types import DatabaseUrl
from gateway.settings import Mode, Settings
from gateway.settings_sources import read
from gateway.web.address import address, is_public

logger = logging.getLogger("gateway")


def settings_of(content: Path | None, flags: Mapping[str, object], mode: Mode = Mode.SERVE) -> Settings:
    """Read the settings, check that the folder exists, and configure logging.

    Raises SettingsError if neither a folder nor a PostgreSQL database is given.
    """
    settings = read(mode, content, flags)
    if content is not None:
        require_folder(content)
    elif not isinstance(settings.database, DatabaseUrl):
        raise SettingsError(
            "Name the content folder: gateway serve CONTENT. Only a PostgreSQL database is served without a folder."
        )
    configure_logging(settings)
    return settings


def configure_logging(settings: Settings) -> None:
    # The names of threads and processes, which the format omits, would double the time of a line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # Only for this logger, because libraries log query strings and database values.
    logger.setLevel(settings.log_level.upper())


def print_addresses(settings: Settings, listener: socket.socket) -> None:
    """Print the addresses of a server."""
    url = address(listener)
    click.echo(f"Listening on {url}{' and all other interfaces' if is_public(listener) else ''}")
    if settings.explorer:
        click.echo(f"The start page is at {url}/, GraphiQL at {url}/graphiql")
