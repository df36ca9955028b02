"""What the commands have in common: options of the one table, and how they end with an error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.content.source import require_folder
from gateway.errors import GatewayError
from gateway.loading.stream import StrictError
from gateway.settings import BOOLEAN, CONFIG, LIMIT, OPTIONS, Mode, Option, Settings, read
from gateway.terminal import tell_problems

logger = logging.getLogger("gateway")

F = TypeVar("F", bound=Callable[..., Any])

PARSING = ("max_file_bytes", "workers", "log_level")
LOADING = ("database", "hold_seconds", "strict", *PARSING)


class Command(click.Command):
    """A command whose errors are clear lines and the exit code that belongs to them."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            if isinstance(error, StrictError):
                tell_problems(error.problems)
            for line in error.message.splitlines():
                click.echo(f"gateway: {line}", err=True)
            sys.exit(error.exit_code)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The limits, of which there are many, come last."""
        told: dict[str, list[tuple[str, str]]] = {"Options": [], "Limits": []}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                told["Limits" if (parameter.name or "").startswith(LIMIT) else "Options"].append(record)
        for title, records in told.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def with_content(names: Iterable[str]) -> Callable[[F], F]:
    """The argument CONTENT, and options of the table."""

    def decorate(function: F) -> F:
        return click.argument("content", type=click.Path(path_type=Path))(with_options(names)(function))

    return decorate


def with_options(names: Iterable[str]) -> Callable[[F], F]:
    """Options of the table; all of them arrive as text, for the settings to read."""

    def decorate(function: F) -> F:
        file = click.option(f"--{CONFIG}", help="A file of settings, TOML or YAML.", metavar="FILE")
        decorated = file(function)
        for option in reversed(OPTIONS):
            if option.name in names:
                decorated = _flag(option)(decorated)
        return decorated

    return decorate


def _flag(option: Option) -> Callable[[F], F]:
    if option.kind is BOOLEAN:
        return click.option(f"{option.flag}/--no-{option.flag[2:]}", option.name, default=None, help=option.help)
    many = option.kind.many
    return click.option(
        option.flag, option.name, multiple=many, default=() if many else None, metavar="VALUE", help=option.help
    )


def settings_of(content: Path, flags: Mapping[str, object], mode: Mode = Mode.SERVE) -> Settings:
    """What the flags, the environment and a file set for a folder, which has to be there; and logging begins."""
    settings = read(mode, content, flags)
    require_folder(content)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # Libraries tell more than is theirs to tell: query strings, and what is written to the database.
    logger.setLevel(settings.log_level.upper())
    return settings
