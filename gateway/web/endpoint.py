"""GraphQL over HTTP and server-sent events: what was sent to operations, their answers to responses.

It runs nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.auth import Viewer, credential
from gateway.callers import Callers
from gateway.errors import Abandoned, LimitExceeded, MethodNotAllowed, RequestError
from gateway.limits import Limits
from gateway.model import Visibility
from gateway.operation import OperationRequest, Operations
from gateway.turns import IsGone, Room
from gateway.web.accept import MediaType, Wish, wish
from gateway.web.caching import PRIVATE, Caching, is_known
from gateway.web.events import EventStream, refused
from gateway.web.middleware import error_response
from gateway.web.origins import check_get, include_drafts
from gateway.web.preview import pass_of
from gateway.web.requests import address_of, from_json, from_parameters, json_of

VARY = "Authorization, X-Include-Drafts, Accept"
"""CORS adds the origin, and compression the encoding."""
HEADERS = {"Vary": VARY, "Cache-Control": PRIVATE}


class _Asker(NamedTuple):
    """Who asks, who pays for it, and how it is asked."""

    viewer: Viewer
    payer: str | None
    is_safe: bool
    """By GET, which reads, and has an end (RFC 9110, 9.2.1)."""
    may_keep: bool
    """Whether everybody would be answered the same, so that anybody may keep the answer."""
    known: str | None
    """The ETags of the answers that the client has kept."""
    is_gone: IsGone


class Endpoint:
    """The path that answers GraphQL, as an ASGI application."""

    def __init__(
        self,
        operations: Operations,
        callers: Callers,
        limits: Limits,
        caching: Caching,
        *,
        needs_preflight: bool,
    ) -> None:
        """`needs_preflight` says whether a GET has to show that no page of another site sent it."""
        self._needs_preflight = needs_preflight
        self._operations = operations
        self._callers = callers
        self._limits = limits
        self._caching = caching
        self._streams = Room(limits.streams, "Too many streams are open.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except (ClientDisconnect, Abandoned):
            return
        except RequestError as error:  # before it was known which media type the client takes
            response = error_response(error)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method not in {"GET", "POST"}:
            raise MethodNotAllowed("GET, POST")
        wished = wish(request.headers.get("accept"))
        try:
            return await self._answer(request, wished)
        except RequestError as error:
            return _encoded({"errors": error.entries()}, error.status, error.headers, wished)

    async def _answer(self, request: Request, wished: Wish) -> Response:
        headers = request.headers
        drafts = include_drafts(headers.get("x-include-drafts"), headers)
        viewer, payer = self._callers.caller(
            headers.get("authorization"), drafts, pass_of(headers), address_of(request)
        )
        is_anyone = viewer.visibility is Visibility.PUBLIC and credential(headers.get("authorization")) is None
        is_safe = request.method == "GET"
        known = headers.get("if-none-match")
        asker = _Asker(viewer, payer, is_safe, is_safe and is_anyone, known, request.is_disconnected)
        if asker.is_safe:
            asked = from_parameters(request.query_params.multi_items())
            if asked.query:  # what is named by its digest alone was sent in full before, by who may
                check_get(request, always=self._needs_preflight)
            return await self._single(asked, asker, wished)
        sent = await json_of(request, self._limits.body_bytes)
        if not isinstance(sent, list):
            return await self._single(from_json(sent), asker, wished)
        if not sent:
            raise RequestError("The batch is empty. Send an operation in it.")
        if len(sent) > self._limits.batch:
            raise LimitExceeded("batch", self._limits.batch, len(sent))
        bodies = [await self._body_of(each, asker) for each in [from_json(each) for each in sent]]
        return _encoded(bodies, HTTPStatus.OK, {}, wished)

    async def _kept(self, asked: OperationRequest, asker: _Asker, wished: Wish) -> Response | None:
        """Tells a client that what it has kept is still the answer. None where it is not, or has kept none."""
        if asker.known is None or not asker.may_keep:
            return None
        sighted = await self._operations.sight(asked, asker.viewer, asker.payer)
        entity_tag = self._caching.entity_tag(sighted.request, wished.media_type, sighted.revision)
        if not is_known(entity_tag, asker.known):
            return None
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=self._caching.headers(entity_tag))

    async def _single(self, asked: OperationRequest, asker: _Asker, wished: Wish) -> Response:
        """By GraphQL over HTTP the status 200 of plain JSON says no more than that the request was well-formed."""
        try:
            if kept := await self._kept(asked, asker, wished):
                return kept
            accepted = await self._operations.accept(asked, asker.payer)
            if asker.is_safe and accepted.kind is not OperationType.QUERY:
                raise MethodNotAllowed("POST", "Only a query can be sent by GET. Use POST.")
            if wished.events and (wished.media_type is None or accepted.kind is OperationType.SUBSCRIPTION):
                return EventStream(self._operations.stream(accepted, asker.viewer), accepted.kind, self._streams)
            answer = await self._operations.run(accepted, asker.viewer, asker.is_gone)
        except RequestError as error:
            if error.is_about_operation and wished.media_type is None:
                return refused({"errors": error.entries()})
            is_plain = error.is_about_operation and wished.media_type is MediaType.JSON
            status = HTTPStatus.OK if is_plain else error.status
            return _encoded({"errors": error.entries()}, status, error.headers, wished)
        headers: Mapping[str, str] = {}
        if asker.may_keep and not answer.errors:
            entity_tag = self._caching.entity_tag(accepted.request, wished.media_type, answer.revision)
            headers = self._caching.headers(entity_tag, answer.dependencies)
        return _encoded(answer.body(), HTTPStatus.OK, headers, wished)

    async def _body_of(self, asked: OperationRequest, asker: _Asker) -> Mapping[str, object]:
        """The answer of one operation of a batch."""
        try:
            accepted = await self._operations.accept(asked, asker.payer)
            return (await self._operations.run(accepted, asker.viewer, asker.is_gone)).body()
        except RequestError as error:
            return {"errors": error.entries()}


def _encoded(body: object, status: HTTPStatus, headers: Mapping[str, str], wished: Wish) -> Response:
    media_type = wished.media_type or MediaType.JSON
    return Response(orjson.dumps(body), status, dict(headers), f"{media_type}; charset=utf-8")
