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

from gateway.access.clients import Client, ClientResolver
from gateway.access.tokens import credential
from gateway.errors import Abandoned, LimitExceeded, MethodNotAllowed, RequestError
from gateway.execution.concurrency import CapacityLimiter, IsDisconnected
from gateway.execution.executor import Executor, OperationRequest, ResolvedRequest, Result
from gateway.limits import Limits
from gateway.model.records import Generation, Visibility
from gateway.web.caching import PRIVATE, Caching, is_not_modified, revision_of
from gateway.web.compression import Compression
from gateway.web.content_negotiation import Encoding, MediaType, Negotiated, negotiate
from gateway.web.cors import check_get
from gateway.web.event_stream import EventStream, single_error_stream
from gateway.web.requests import from_json, from_query_string, headers_of, identify, json_of
from gateway.web.responses import EncodedResponse, encoded, error_response

VARY = "Authorization, X-Include-Drafts, Accept"
"""The dispatcher adds the headers on which all responses depend."""
HEADERS = {"Vary": VARY, "Cache-Control": PRIVATE}
_CONTENT_TYPES = {each: (b"content-type", f"{each}; charset=utf-8".encode()) for each in MediaType}
_VARY = (b"vary", VARY.encode())
_PRIVATE = (b"cache-control", PRIVATE.encode())


class _RequestContext(NamedTuple):
    """The client of a request, and the properties of the request that affect the response."""

    client: Client
    negotiated: Negotiated
    headers: Mapping[str, str]
    is_safe: bool
    """Whether the method is GET, which is safe (RFC 9110, 9.2.1)."""
    is_gone: IsDisconnected

    @property
    def is_cacheable(self) -> bool:
        """Whether all clients get the same response, so that shared caches may store it."""
        is_public = self.is_safe and self.client.viewer.visibility is Visibility.PUBLIC
        return is_public and credential(self.headers.get("authorization")) is None


class Endpoint:
    """ASGI application for the GraphQL endpoint over HTTP."""

    def __init__(
        self,
        executor: Executor,
        clients: ClientResolver,
        limits: Limits,
        caching: Caching,
        compression: Compression,
        *,
        needs_preflight: bool,
    ) -> None:
        """With `needs_preflight`, each GET must have a preflight header."""
        self._needs_preflight = needs_preflight
        self._executor = executor
        self._clients = clients
        self._limits = limits
        self._caching = caching
        self._compression = compression
        self._streams = CapacityLimiter(limits.streams, "Too many streams are open.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._respond(scope, receive)
        except (ClientDisconnect, Abandoned):
            return
        except RequestError as error:  # before the media type is negotiated
            response = error_response(error)
        if not isinstance(response, EncodedResponse):
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        method = scope["method"]
        if method not in {"GET", "POST"}:
            raise MethodNotAllowed("GET, POST")
        headers = headers_of(scope)
        negotiated = negotiate(headers.get("accept"))
        try:
            client = identify(self._clients, scope, headers)
            is_gone = Request(scope, receive).is_disconnected
            context = _RequestContext(client, negotiated, headers, method == "GET", is_gone)
            if context.is_safe:
                return await self._single(self._from_url(scope, headers), context)
            return await self._posted(await json_of(headers, receive, self._limits.body_bytes), context)
        except RequestError as error:
            return _refused(error, error.status, negotiated)

    def _from_url(self, scope: Scope, headers: Mapping[str, str]) -> OperationRequest:
        """Raises RequestError."""
        asked = from_query_string(scope["query_string"])
        if asked.query:  # a document sent only by its digest was registered by an allowed request before
            check_get(headers, always=self._needs_preflight)
        return asked

    async def _posted(self, sent: object, context: _RequestContext) -> Response:
        """Runs one operation or a batch. Raises RequestError."""
        if not isinstance(sent, list):
            return await self._single(from_json(sent), context)
        if not sent:
            raise RequestError("The batch is empty. Send an operation in it.")
        if len(sent) > self._limits.batch:
            raise LimitExceeded("batch", self._limits.batch, len(sent))
        bodies = [await self._body_of(each, context) for each in [from_json(each) for each in sent]]
        return _response(b"[%b]" % b",".join(bodies), context.negotiated)

    async def _single(self, asked: OperationRequest, context: _RequestContext) -> Response:
        """Runs one operation. With `application/json`, status 200 means a well-formed request (GraphQL over HTTP)."""
        negotiated = context.negotiated
        try:
            resolved = await self._executor.resolve(asked, context.client)
            if current := await self._not_modified(resolved, context):
                return current
            result = self._executor.kept(resolved) if negotiated.media_type else None  # events stream each operation
            if result is None:
                prepared = self._executor.price(resolved)
                if context.is_safe and prepared.kind is not OperationType.QUERY:
                    raise MethodNotAllowed("POST", "Only a query can be sent by GET. Use POST.")
                is_streamed = negotiated.media_type is None or prepared.kind is OperationType.SUBSCRIPTION
                if negotiated.accepts_events and is_streamed:
                    return EventStream(self._executor.subscribe(prepared), prepared.kind, self._streams)
                result = await self._executor.run(prepared, context.is_gone)
        except RequestError as error:
            if error.is_about_operation and negotiated.media_type is None:
                return single_error_stream(_error_body(error))
            is_plain = error.is_about_operation and negotiated.media_type is MediaType.JSON
            return _refused(error, HTTPStatus.OK if is_plain else error.status, negotiated)
        return await self._answered(result, resolved.request, context)

    async def _not_modified(self, resolved: ResolvedRequest, context: _RequestContext) -> Response | None:
        """A 304 if the cached response of the client is current, else None."""
        known = context.headers.get("if-none-match")
        if known is None or not context.is_cacheable:
            return None
        generation = await self._executor.generation(Visibility.PUBLIC)
        entity_tag = self._entity_tag(resolved, context, generation)
        if not is_not_modified(entity_tag, known):
            generation = await self._executor.generation_of_database(revision_of(known))
            entity_tag = self._entity_tag(resolved, context, generation)
            if not is_not_modified(entity_tag, known):
                return None
        headers = self._caching.headers(entity_tag, self._executor.seconds_left(generation))
        return EncodedResponse(None, (_VARY, *encoded(headers)), HTTPStatus.NOT_MODIFIED)

    def _entity_tag(self, resolved: ResolvedRequest, context: _RequestContext, generation: Generation) -> str:
        return self._caching.entity_tag(resolved.request, context.negotiated.media_type, generation.revision)

    async def _answered(self, result: Result, asked: OperationRequest, context: _RequestContext) -> Response:
        """The response with a result."""
        headers: Mapping[str, str] = {}
        if context.is_cacheable and not result.errors:
            entity_tag = self._caching.entity_tag(asked, context.negotiated.media_type, result.revision)
            headers = self._caching.headers(entity_tag, result.seconds_left, result.dependencies)
        if not result.is_kept:
            return _response(result.body, context.negotiated, headers)
        chosen = self._compression.encoding(context.headers.get("accept-encoding"), result.body)
        if chosen is Encoding.IDENTITY:
            return _response(result.body, context.negotiated, headers)
        body = await self._compression.kept(result.body, chosen)
        return _response(body, context.negotiated, {"Content-Encoding": chosen, **headers})

    async def _body_of(self, asked: OperationRequest, context: _RequestContext) -> bytes:
        """The response body of one operation of a batch."""
        try:
            return (await self._executor.answer(asked, context.client, context.is_gone)).body
        except RequestError as error:
            return _error_body(error)


def _error_body(error: RequestError) -> bytes:
    return orjson.dumps({"errors": error.entries()})


def _refused(error: RequestError, status: HTTPStatus, negotiated: Negotiated) -> Response:
    return _response(_error_body(error), negotiated, error.headers, status)


def _response(
    body: bytes, negotiated: Negotiated, headers: Mapping[str, str] | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """A response that is private unless the headers have Cache-Control."""
    content_type = _CONTENT_TYPES[negotiated.media_type or MediaType.JSON]
    if not headers:
        return EncodedResponse(body, (content_type, _VARY, _PRIVATE), status)
    private = () if "Cache-Control" in headers else (_PRIVATE,)
    return EncodedResponse(body, (content_type, _VARY, *private, *encoded(headers)), status)
