"""The command `query`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.access.clients import Client
from gateway.access.tokens import Scope, Viewer
from gateway.app import executor_for
from gateway.commands.progress import show_progress
from gateway.commands.startup import settings_of
from gateway.errors import RequestError
from gateway.execution.executor import OperationRequest
from gateway.model.records import Visibility
from gateway.settings import Settings
from gateway.stores import load_temporary


def query(
    content: Path, query: str, variables: str, operation_name: str | None, *, drafts: bool, **flags: object
) -> None:
    """Run QUERY over CONTENT and print JSON. `-` reads QUERY from standard input. Exits with 1 if there are errors."""
    text = sys.stdin.read() if query == "-" else query
    request = OperationRequest(text, _variables(variables), operation_name)
    answer = asyncio.run(
        _query(settings_of(content, flags), request, Visibility.PREVIEW if drafts else Visibility.PUBLIC)
    )
    click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    if "errors" in answer:
        sys.exit(1)


def _variables(written: str) -> dict[str, Any]:
    try:
        variables = orjson.loads(written)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"It is not JSON: {error.msg}.", param_hint="--variables") from error
    if not isinstance(variables, dict):
        raise click.BadParameter("It is not a JSON object.", param_hint="--variables")
    return variables


async def _query(settings: Settings, request: OperationRequest, visibility: Visibility) -> Mapping[str, object]:
    with show_progress() as progress:
        async with load_temporary(settings, seed=settings.local_path, progress=progress) as (store, _):
            try:
                client = Client(Viewer(visibility, frozenset({Scope.PREVIEW})))
                answer = await executor_for(store, settings).answer(request, client)
                body: Mapping[str, object] = orjson.loads(answer.body)
                return body
            except RequestError as error:
                return {"errors": error.entries()}
