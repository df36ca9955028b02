"""The command `preview-link`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.access.preview_tokens import PreviewTokens, parse_lifetime
from gateway.errors import SettingsError
from gateway.settings import Mode
from gateway.settings_sources import read
from gateway.web import preview_links
from gateway.web.address import url_of


def preview_link(url: str | None, expires: str, **flags: object) -> None:
    """Print a link to the page URL. The link shows drafts to anyone who has it."""
    settings = read(Mode.SERVE, Path(), flags)
    if settings.preview_secret is None:
        raise SettingsError("'preview_secret' is missing. Set it (--preview-secret, GATEWAY_PREVIEW_SECRET).")
    try:
        expiry = int((datetime.now(UTC) + parse_lifetime(expires)).timestamp())
        token = PreviewTokens(settings.preview_secret).issue(expiry)
        click.echo(preview_links.link(url or f"{url_of(settings.host, settings.port)}/", token))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
