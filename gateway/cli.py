"""The command `gateway`: reads its arguments, calls what does the work, and says how it went."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import click
import orjson
from rich.console import Console

from gateway import __version__, progress
from gateway import problems as printed
from gateway.app import create_app, loaded_aside, opened, operations_over
from gateway.auth import Scope, Viewer
from gateway.content.source import require_folder
from gateway.content.watch import Watch
from gateway.errors import GatewayError, RequestError, SettingsError
from gateway.explanation import explained
from gateway.graph.schema import print_sdl
from gateway.loading.follow import Follower
from gateway.loading.rules import SiteError
from gateway.loading.stream import StrictError
from gateway.model import Given, Problem, Severity, Visibility
from gateway.operation import OperationRequest
from gateway.passes import Passes, lifetime
from gateway.settings import BOOLEAN, CONFIG, LIMIT, OPTIONS, Mode, Option, Settings, read
from gateway.store.protocol import Store
from gateway.terminal import Terminal, state, tell, tell_problems, tell_run
from gateway.web import preview
from gateway.web.server import address, listening, serve
from gateway.web.webhooks import Webhooks

logger = logging.getLogger("gateway")

NEW_OBJECTS = 2_000
"""After how many the collector looks for garbage among them."""

F = TypeVar("F", bound=Callable[..., Any])

PARSING = ("max_file_bytes", "workers", "log_level")
LOADING = ("database", "hold_seconds", "strict", *PARSING)
QUERYING = ("database", "limit_operation_seconds", *PARSING)
LINKING = ("host", "port", "preview_secret")
EVERY = tuple(option.name for option in OPTIONS)


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


def _settings(content: Path, flags: Mapping[str, object], mode: Mode = Mode.SERVE) -> Settings:
    settings = read(mode, content, flags)
    require_folder(content)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # Libraries tell more than is theirs to tell: query strings, and what is written to the database.
    logger.setLevel(settings.log_level.upper())
    return settings


@click.group()
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """A folder of Markdown files becomes a GraphQL API."""


@main.command("dev", cls=Command)
@with_content(EVERY)
def dev_command(content: Path, **flags: object) -> None:
    """Serve CONTENT to its author: drafts shown, explorer and introspection on, for this machine alone."""
    asyncio.run(_serve(_settings(content, flags, Mode.DEV)))


@main.command("serve", cls=Command)
@with_content(EVERY)
def serve_command(content: Path, **flags: object) -> None:
    """Serve CONTENT to everyone: published articles only, explorer and introspection off."""
    asyncio.run(_serve(_settings(content, flags)))


@main.command("load", cls=Command)
@with_content(LOADING)
@click.option("--accept-empty", is_flag=True, help="Let articles go with their files, however many they are.")
def load_command(content: Path, *, accept_empty: bool, **flags: object) -> None:
    """Load CONTENT into the database once, and say what was loaded."""
    asyncio.run(_load_once(_settings(content, flags), accept_empty=accept_empty))


@main.command("check", cls=Command)
@with_content(PARSING)
@click.option("--strict", is_flag=True, help="Let a warning, too, make the exit code 1.")
@click.option("--explain", is_flag=True, help="Tell where the fields came from, and what is left in frontMatter.")
@click.option("--format", "form", type=click.Choice(list(printed.FORMATS)), default="text", show_default=True)
def check_command(content: Path, form: str, *, strict: bool, explain: bool, **flags: object) -> None:
    """Name what is wrong with the files in CONTENT. Exits 1 where there is an error."""
    checked = asyncio.run(_check(_settings(content, flags)))
    problems = printed.in_order(checked.problems)
    click.echo(printed.FORMATS[form](problems), nl=False)
    if explain:
        click.echo(explained(checked.given), nl=False, err=form != "text")
    click.echo(f"{printed.counted(checked.documents, 'document')}; {printed.tally(problems)}", err=form != "text")
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(problem.severity in failing for problem in problems):
        sys.exit(1)


@main.command("query", cls=Command)
@with_content(QUERYING)
@click.argument("query")
@click.option("--variables", metavar="JSON", default="{}", help="The variables of the query, a JSON object.")
@click.option("--operation-name", metavar="NAME", help="Which operation to run, where QUERY has several.")
@click.option("--drafts", is_flag=True, help="Show drafts and scheduled articles too.")
def query_command(
    content: Path, query: str, variables: str, operation_name: str | None, *, drafts: bool, **flags: object
) -> None:
    """Answer QUERY over CONTENT as JSON; QUERY may be `-` for the standard input. Exits 1 where there are errors."""
    text = sys.stdin.read() if query == "-" else query
    request = OperationRequest(text, _variables(variables), operation_name)
    answer = asyncio.run(
        _query(_settings(content, flags), request, Visibility.PREVIEW if drafts else Visibility.PUBLIC)
    )
    click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    if "errors" in answer:
        sys.exit(1)


@main.command("schema", cls=Command)
def schema_command() -> None:
    """Print the schema in GraphQL's schema language."""
    click.echo(print_sdl(), nl=False)


@main.command("preview-link", cls=Command)
@with_options(LINKING)
@click.option(
    "--expires", metavar="TIME", default="7d", show_default=True, help="For how long it is good: 30m, 12h, 7d."
)
@click.argument("url", required=False)
def preview_link_command(url: str | None, expires: str, **flags: object) -> None:
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


def _variables(written: str) -> dict[str, Any]:
    try:
        variables = orjson.loads(written)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"It is no JSON: {error.msg}.", param_hint="--variables") from error
    if not isinstance(variables, dict):
        raise click.BadParameter("It is no JSON object.", param_hint="--variables")
    return variables


async def _serve(settings: Settings) -> None:
    """The socket opens first, so that whoever connects early waits and is not turned away."""
    with listening(settings.host, settings.port) as listener:
        async with opened(settings, shared=True) as content:
            click.echo(f"Listening on {address(listener)}")
            if settings.explorer:
                click.echo(f"The start page is at {address(listener)}/, GraphiQL at {address(listener)}/graphiql")
            follower = Follower(
                content.ingest,
                Watch(settings.content, settings.watch, settings.poll_seconds),
                Terminal(content, strict=settings.strict).run,
                is_ready=content.store.ready,
                sweep=settings.sweep_seconds,
            )
            app = create_app(settings, content.store, follower.request)
            webhooks = Webhooks(content.store, settings.webhooks, settings.webhook_secret)
            _collect_little()
            with _reloading_at_hangup(follower.request):
                await serve(
                    app,
                    listener,
                    settings.limits,
                    trusted_proxies=settings.trusted_proxies,
                    work=lambda: _lead(content.store, follower, webhooks),
                    stopping=content.store.end_generations,
                )


async def _lead(store: Store, follower: Follower, webhooks: Webhooks) -> None:
    """Stand by while another process writes the database; then bring the content there, and tell of it."""
    stands_by = not store.writes
    if stands_by:
        click.echo(f"The database is written by {store.writer}. This process serves it, and takes over when that ends.")
    await store.lead()
    if stands_by:
        click.echo("This process writes the database from now on.")
    await _beside(follower.follow(), webhooks.run())


def _collect_little() -> None:
    """The schema and the modules stay, and to look through them for garbage would hold answers up. Neither what a load
    makes nor what an operation is answered with holds cycles, so that there is little to find; to look seldom among
    many would hold answers up for longer at once."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])


@contextmanager
def _reloading_at_hangup(reload: Callable[[], Coroutine[None, None, object]]) -> Iterator[None]:
    """SIGHUP has the folder read again, as with other servers."""
    running = set[asyncio.Task[object]]()

    def begin() -> None:
        task = asyncio.create_task(reload())
        running.add(task)
        task.add_done_callback(end)

    def end(task: asyncio.Task[object]) -> None:
        running.discard(task)
        if not task.cancelled():
            task.exception()  # the terminal was told of it

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, begin)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


async def _beside(*parts: Coroutine[None, None, None]) -> None:
    """All that goes on beside serving; where one part of it fails, all ends, and its error is raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _load_once(settings: Settings, *, accept_empty: bool) -> None:
    async with opened(settings) as content:
        with progress.shown(Console(stderr=True)) as shown:
            report = await content.ingest.run(strict=settings.strict, accept_empty=accept_empty, progress=shown)
        tell_run(report)
        await tell(content.store)


class Checked(NamedTuple):
    documents: int
    problems: Sequence[Problem]
    given: Mapping[Given, int] = MappingProxyType({})
    """In how many documents a field came from elsewhere than its own key."""


async def _check(settings: Settings) -> Checked:
    """All problems, those too that several files have together; where the site's rules are wrong, only theirs."""
    with progress.shown(Console(stderr=True)) as tell:
        try:
            async with loaded_aside(settings, progress=tell) as (store, report):
                statistics, problems = await state(store)
                return Checked(statistics.articles, problems, report.given)
        except SiteError as error:
            return Checked(0, error.problems)


async def _query(settings: Settings, request: OperationRequest, visibility: Visibility) -> Mapping[str, object]:
    with progress.shown(Console(stderr=True)) as tell:
        async with loaded_aside(settings, seed=settings.database, progress=tell) as (store, _):
            try:
                viewer = Viewer(visibility, frozenset({Scope.PREVIEW}))
                operations = operations_over(store, settings)
                return (await operations.run(await operations.accept(request), viewer)).body()
            except RequestError as error:
                return {"errors": error.entries()}
