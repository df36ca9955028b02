"""Builds click options from the settings table, and prints the help and the errors of a command.

`gateway --help` imports this module, so its imports must be fast.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.errors import GatewayError
from gateway.option_types import BOOLEAN
from gateway.settings import CONFIG, OPTIONS, RENAMED, Group, Mode, Option, flag_of, present_name
from gateway.settings_sources import misnamed

F = TypeVar("F", bound=Callable[..., Any])

PARSING = ("follow_links", "max_file_bytes", "parsers", "log_level")
LOADING = ("database", "hold_seconds", "poll_seconds", "sweep_seconds", "strict", "webhooks", *PARSING)
SERVING = tuple(option.name for option in OPTIONS)
DEVELOPING = tuple(name for name in SERVING if name != "processes")


@contextmanager
def exiting_on_error() -> Iterator[None]:
    """Print a GatewayError and exit with its code."""
    try:
        yield
    except GatewayError as error:
        for line in error.message.splitlines():
            click.echo(f"gateway: {line}", err=True)
        sys.exit(error.exit_code)


class TableOption(click.Option):
    """An option of the settings table."""

    def __init__(self, *args: Any, group: Group, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.group = group


class Command(click.Command):
    """A command with grouped options and an example. A GatewayError is printed, and its class sets the exit code."""

    def __init__(self, *args: Any, example: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._example = example

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name.removeprefix("--").replace("-", "_")
            if name not in RENAMED:
                raise
            message = f"{error.option_name} {present_name(name, flag_of)}"
            raise click.NoSuchOption(error.option_name, message, ctx=ctx) from error

    def invoke(self, ctx: click.Context) -> object:
        for variable, meant in misnamed():
            click.echo(f"gateway: WARNING: {variable} is not an option and is ignored. Did you mean {meant}?", err=True)
        with exiting_on_error():
            return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The arguments, followed by the options."""
        options, *arguments = super().collect_usage_pieces(ctx)
        return [*arguments, options]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then the options of the table by group."""
        sections: dict[str, list[tuple[str, str]]] = {title: [] for title in ("Options", *Group)}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
                sections[parameter.group if isinstance(parameter, TableOption) else "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example after the text, because the options fill several screens."""
        super().format_help_text(ctx, formatter)
        with formatter.section("Example"):
            formatter.write_text(self._example)


def with_content(names: Collection[str], mode: Mode = Mode.SERVE, *, required: bool = True) -> Callable[[F], F]:
    """Add the argument CONTENT and options of the table."""
    note = "The content folder." if required else "The content folder. None if a loader fills PostgreSQL from it."

    def decorate(function: F) -> F:
        argument = click.argument("content", type=click.Path(path_type=Path), required=required, help=note)
        return argument(with_options(names, mode)(function))

    return decorate


def with_options(names: Collection[str], mode: Mode = Mode.SERVE) -> Callable[[F], F]:
    """Add options of the table and `--config`."""

    def decorate(function: F) -> F:
        decorated = click.option(f"--{CONFIG}", help="A settings file, TOML or YAML.", metavar="FILE")(function)
        for option in reversed(OPTIONS):
            if option.name in names:
                decorated = _flag(option, mode)(decorated)
        return decorated

    return decorate


def _flag(option: Option, mode: Mode) -> Callable[[F], F]:
    """The click option. Its value stays text until the settings are read. Its help shows the default of `mode`."""
    is_boolean, many, default = option.kind is BOOLEAN, option.kind.many, option.written_default(mode)
    return click.option(
        f"{option.flag}/--no-{option.flag[2:]}" if is_boolean else option.flag,
        option.name,
        cls=TableOption,
        group=option.group,
        default=() if many else None,
        multiple=many,
        metavar=None if is_boolean else option.kind.metavar,
        help=option.help + (f"  [default: {default}]" if default else ""),
    )
