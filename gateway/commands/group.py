"""The command line: commands, arguments, options and help.

A command's module is imported when the command runs, so that `--help` and `check` do not import the server.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from gateway import __version__, problem_format
from gateway.commands.options import DEVELOPING, LOADING, PARSING, SERVING, Command, with_content, with_options
from gateway.settings import Mode, variable_of
from gateway.signals import exit_on_signal

INFER = "Propose collections with typed fields. If gateway.yaml exists, print what differs from it."
EXPLAIN = (
    "Print the source of each field, the keys left in frontMatter that serve does not show, and the reasons that hide"
    " files."
)


@click.group(epilog="Example: gateway dev content", context_settings={"max_content_width": 120})
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """Serve a folder of Markdown files as a GraphQL API."""


@main.command("dev", cls=Command, example="gateway dev content --port 8080")
@with_content(DEVELOPING, Mode.DEV)
def dev(**given: object) -> None:
    """Serve CONTENT to its author: drafts shown, explorer and introspection on, for this machine only."""
    _run("serve", "dev", given)


@main.command(
    "serve", cls=Command, example="gateway serve content --host 0.0.0.0 --allowed-origins https://news.example"
)
@with_content(SERVING, required=False)
def serve(**given: object) -> None:
    """Serve CONTENT, or a PostgreSQL database, to everyone: published articles only, explorer and introspection off."""
    _run("serve", "serve", given)


@main.command("load", cls=Command, example="gateway load content --database content.db")
@with_content(LOADING)
@click.option(
    "--watch", "follows", is_flag=True, help=f"Follow the folder until a signal. {variable_of('watch')} sets how."
)
@click.option("--accept-empty", is_flag=True, help="Delete the articles of missing files, regardless of their number.")
def load(**given: object) -> None:
    """Load CONTENT into the database, and print a summary."""
    _run("load", "load", given)


@main.command("init", cls=Command, example="gateway init my-site")
@click.argument("content", type=click.Path(path_type=Path), default=".", help="The folder of the site.")
@click.option("--infer", is_flag=True, help=INFER)
def init(**given: object) -> None:
    """Recognise the generator of the site in CONTENT, and write its rules to gateway.yaml."""
    _run("init", "init", given)


@main.command("check", cls=Command, example="gateway check content --strict --format github")
@with_content(PARSING)
@click.option("--strict", is_flag=True, help="Exit with code 1 also if there is a warning.")
@click.option("--explain", is_flag=True, help=EXPLAIN)
@click.option("--format", "form", type=click.Choice(list(problem_format.FORMATS)), default="text", show_default=True)
def check(**given: object) -> None:
    """List the problems of the files in CONTENT. The exit code is 1 if there is an error."""
    _run("check", "check", given)


@main.command("query", cls=Command, example="gateway query content '{ articles(first: 3) { nodes { title } } }'")
@with_content(("database", "limit_operation_seconds", *PARSING))
@click.argument("query", help="The GraphQL document, or `-` for standard input.")
@click.option("--variables", metavar="JSON", default="{}", help="The variables of the query, a JSON object.")
@click.option("--operation-name", metavar="NAME", help="The operation to run, if QUERY has more than one.")
@click.option("--drafts", is_flag=True, help="Show drafts and scheduled articles too.")
def query(**given: object) -> None:
    """Run QUERY over CONTENT without a server, and print JSON. The exit code is 1 if there are errors."""
    _run("query", "query", given)


@main.command("preview-link", cls=Command, example="gateway preview-link --expires 12h https://news.example/a-draft")
@with_options(("host", "port", "preview_secret"))
@click.option("--expires", metavar="TIME", default="7d", show_default=True, help="The lifetime: 30m, 12h, 7d.")
@click.argument("url", required=False, help="The page to show. The default is the start page.")
def preview_link(**given: object) -> None:
    """Print a link to the page URL. The link shows drafts to anyone who has it."""
    _run("preview_link", "preview_link", given)


@main.command("schema", cls=Command, example="gateway schema content > schema.graphql")
@click.argument("content", type=click.Path(path_type=Path), required=False, help="The content folder of a site.")
def schema(**given: object) -> None:
    """Print the schema in GraphQL's schema language, with the collections of the site in CONTENT."""
    _run("schema", "schema", given)


def _run(module: str, function: str, given: dict[str, object]) -> None:
    command = getattr(import_module(f"gateway.commands.{module}"), function)
    exit_on_signal()
    command(**given)
