"""The reload hook `POST /-/reload`: authorisation, the rescan of the folder, and its report."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.access.clients import ClientResolver
from gateway.access.tokens import Scope, credential, is_signed
from gateway.errors import Forbidden, GatewayError, ReloadFailed, RequestError, Unauthenticated
from gateway.limits import Limits
from gateway.loading.change_stream import StrictError
from gateway.loading.ingest import IngestReport
from gateway.web.requests import address_of, read_body

SIGNATURE = "x-hub-signature-256"
"""The signature header of GitHub webhooks."""


class Reload(Protocol):
    def __call__(self, *, accept_empty: bool) -> Awaitable[IngestReport]:
        """Rescan the folder, now or after the current run. Raises NotWriting at once, and GatewayError if the run
        fails."""
        ...


class ReloadHook:
    """Handles `POST /-/reload`."""

    def __init__(self, reload: Reload, clients: ClientResolver, secret: str | None, limits: Limits) -> None:
        self._reload = reload
        self._clients = clients
        self._secret = secret
        self._limits = limits
        self._running = set[asyncio.Future[IngestReport]]()

    async def answer(self, request: Request) -> Response:
        """Returns 202 at once or, with `?wait=true`, the report after the run. Raises RequestError."""
        self._check_allowed(request, await read_body(request.receive, self._limits.body_bytes))
        waits, accept_empty = _flag(request, "wait"), _flag(request, "accept-empty")
        running = asyncio.ensure_future(self._reload(accept_empty=accept_empty))
        if waits:
            try:
                return _json(_report_json(await running), HTTPStatus.OK)
            except GatewayError as error:
                problems = [problem._asdict() for problem in error.problems] if isinstance(error, StrictError) else []
                raise ReloadFailed(error.message, problems=problems) from error
        self._running.add(running)
        running.add_done_callback(self._forget)
        return _json({"status": "accepted"}, HTTPStatus.ACCEPTED)

    def _check_allowed(self, request: Request, body: bytes) -> None:
        if signed := request.headers.get(SIGNATURE):
            if not is_signed(self._secret, body, signed):
                raise Unauthenticated("The signature does not match the body.")
            return
        authorization = credential(request.headers.get("authorization"))
        if authorization is None:
            raise Unauthenticated("Send a token with the scope 'reload', or sign the body.")
        caller = self._clients.identify(authorization, "false", None, address_of(request.scope))
        if Scope.RELOAD not in caller.viewer.scopes:
            raise Forbidden("The token does not have the scope 'reload'.")

    def _forget(self, done: asyncio.Future[IngestReport]) -> None:
        """Retrieve the exception of a finished run, so that asyncio does not log it. The run has logged it."""
        self._running.discard(done)
        if not done.cancelled():
            done.exception()


def _flag(request: Request, name: str) -> bool:
    match request.query_params.get(name, "false").lower():
        case "true" | "1" | "":
            return True
        case "false" | "0":
            return False
    raise RequestError(f"The parameter '{name}' must be true or false.")


def _report_json(report: IngestReport) -> dict[str, object]:
    return {
        **report.applied._asdict(),
        "files": report.files,
        "read": report.read,
        "parsed": report.parsed,
        "seconds": round(report.seconds, 3),
        "problems": [problem._asdict() for problem in report.problems],
    }


def _json(body: object, status: HTTPStatus) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, "application/json")
