"""GraphQL over HTTP and server-sent events: translates requests to operations, and results to responses."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.access.clients import ClientResolver
from gateway.access.tokens import Viewer, credential
from gateway.errors import Abandoned, LimitExceeded, MethodNotAllowed, RequestError
from gateway.execution.concurrency import CapacityLimiter, IsDisconnected
from gateway.execution.executor import Executor, OperationRequest
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.web.caching import PRIVATE, Caching, is_not_modified
from gateway.web.content_negotiation import MediaType, Negotiated, negotiate
from gateway.web.cors import check_get, include_drafts
from gateway.web.event_stream import EventStream, single_error_stream
from gateway.web.middleware import error_response
from gateway.web.preview_links import preview_cookie
from gateway.web.requests import address_of, from_json, from_parameters, json_of

VARY = "Authorization, X-Include-Drafts, Accept"
"""CORS adds Origin, and compression adds Accept-Encoding."""
HEADERS = {"Vary": VARY, "Cache-Control": PRIVATE}


class _RequestContext(NamedTuple):
    """The client of a request, and the properties of the request that affect the response."""

    viewer: Viewer
    rate_key: str | None
    is_safe: bool
    """Whether the method is GET, which is safe (RFC 9110, 9.2.1)."""
    is_cacheable: bool
    """Whether all clients get the same response, so that shared caches may store it."""
    if_none_match: str | None
    """The ETags of the responses that the client has cached."""
    is_gone: IsDisconnected


class Endpoint:
    """ASGI application for the GraphQL endpoint over HTTP."""

    def __init__(
        self,
        executor: Executor,
        clients: ClientResolver,
        limits: Limits,
        caching: Caching,
        *,
        needs_preflight: bool,
    ) -> None:
        """With `needs_preflight`, each GET must have a preflight header."""
        self._needs_preflight = needs_preflight
        self._executor = executor
        self._clients = clients
        self._limits = limits
        self._caching = caching
        self._streams = CapacityLimiter(limits.streams, "Too many streams are open.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except (ClientDisconnect, Abandoned):
            return
        except RequestError as error:  # before the media type is negotiated
            response = error_response(error)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method not in {"GET", "POST"}:
            raise MethodNotAllowed("GET, POST")
        negotiated = negotiate(request.headers.get("accept"))
        try:
            return await self._answer(request, negotiated)
        except RequestError as error:
            return _encoded({"errors": error.entries()}, error.status, error.headers, negotiated)

    async def _answer(self, request: Request, negotiated: Negotiated) -> Response:
        headers = request.headers
        drafts = include_drafts(headers.get("x-include-drafts"), headers)
        viewer, rate_key = self._clients.identify(
            headers.get("authorization"), drafts, preview_cookie(headers), address_of(request)
        )
        is_anyone = viewer.visibility is Visibility.PUBLIC and credential(headers.get("authorization")) is None
        is_safe = request.method == "GET"
        known = headers.get("if-none-match")
        context = _RequestContext(viewer, rate_key, is_safe, is_safe and is_anyone, known, request.is_disconnected)
        if context.is_safe:
            asked = from_parameters(request.query_params.multi_items())
            if asked.query:  # a document sent only by its digest was registered by an allowed request before
                check_get(request, always=self._needs_preflight)
            return await self._single(asked, context, negotiated)
        sent = await json_of(request, self._limits.body_bytes)
        if not isinstance(sent, list):
            return await self._single(from_json(sent), context, negotiated)
        if not sent:
            raise RequestError("The batch is empty. Send an operation in it.")
        if len(sent) > self._limits.batch:
            raise LimitExceeded("batch", self._limits.batch, len(sent))
        bodies = [await self._body_of(each, context) for each in [from_json(each) for each in sent]]
        return _encoded(bodies, HTTPStatus.OK, {}, negotiated)

    async def _not_modified(
        self, asked: OperationRequest, context: _RequestContext, negotiated: Negotiated
    ) -> Response | None:
        """A 304 if the cached response of the client is current, else None."""
        if context.if_none_match is None or not context.is_cacheable:
            return None
        resolved = await self._executor.resolve(asked, context.viewer, context.rate_key)
        entity_tag = self._caching.entity_tag(resolved.request, negotiated.media_type, resolved.revision)
        if not is_not_modified(entity_tag, context.if_none_match):
            return None
        return Response(
            status_code=HTTPStatus.NOT_MODIFIED, headers=self._caching.headers(entity_tag, resolved.seconds_left)
        )

    async def _single(self, asked: OperationRequest, context: _RequestContext, negotiated: Negotiated) -> Response:
        """Runs one operation. With `application/json`, status 200 means a well-formed request (GraphQL over HTTP)."""
        try:
            if kept := await self._not_modified(asked, context, negotiated):
                return kept
            prepared = await self._executor.prepare(asked, context.rate_key)
            if context.is_safe and prepared.kind is not OperationType.QUERY:
                raise MethodNotAllowed("POST", "Only a query can be sent by GET. Use POST.")
            if negotiated.accepts_events and (
                negotiated.media_type is None or prepared.kind is OperationType.SUBSCRIPTION
            ):
                return EventStream(self._executor.subscribe(prepared, context.viewer), prepared.kind, self._streams)
            answer = await self._executor.execute(prepared, context.viewer, context.is_gone)
        except RequestError as error:
            if error.is_about_operation and negotiated.media_type is None:
                return single_error_stream({"errors": error.entries()})
            is_plain = error.is_about_operation and negotiated.media_type is MediaType.JSON
            status = HTTPStatus.OK if is_plain else error.status
            return _encoded({"errors": error.entries()}, status, error.headers, negotiated)
        headers: Mapping[str, str] = {}
        if context.is_cacheable and not answer.errors:
            entity_tag = self._caching.entity_tag(prepared.request, negotiated.media_type, answer.revision)
            headers = self._caching.headers(entity_tag, answer.seconds_left, answer.dependencies)
        return _encoded(answer.body(), HTTPStatus.OK, headers, negotiated)

    async def _body_of(self, asked: OperationRequest, context: _RequestContext) -> Mapping[str, object]:
        """The response body of one operation of a batch."""
        try:
            prepared = await self._executor.prepare(asked, context.rate_key)
            return (await self._executor.execute(prepared, context.viewer, context.is_gone)).body()
        except RequestError as error:
            return {"errors": error.entries()}


def _encoded(body: object, status: HTTPStatus, headers: Mapping[str, str], negotiated: Negotiated) -> Response:
    media_type = negotiated.media_type or MediaType.JSON
    return Response(orjson.dumps(body), status, dict(headers), f"{media_type}; charset=utf-8")
