"""The command `preview-link`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.commands.options import Command, with_options
from gateway.errors import SettingsError
from gateway.passes import Passes, lifetime
from gateway.settings import Mode, read
from gateway.web import preview

LINKING = ("host", "port", "preview_secret")


@click.command("preview-link", cls=Command)
@with_options(LINKING)
@click.option(
    "--expires", metavar="TIME", default="7d", show_default=True, help="For how long it is good: 30m, 12h, 7d."
)
@click.argument("url", required=False)
def preview_link(url: str | None, expires: str, **flags: object) -> None:
    """Print a link that shows the page URL, and the drafts in it, to whoever has the link."""
    settings = read(Mode.SERVE, Path(), flags)
    if settings.preview_secret is None:
        raise SettingsError("Links are signed with the setting 'preview_secret', and there is none.")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        expiry = int((datetime.now(UTC) + lifetime(expires)).timestamp())
        token = Passes(settings.preview_secret).issue(expiry)
        click.echo(preview.link(url or f"http://{host}:{settings.port}/", token))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
