"""GraphQL over HTTP and server-sent events: what was sent to operations, their answers to responses.

It runs nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.auth import Viewer
from gateway.callers import Callers
from gateway.errors import (
    LimitExceeded,
    MethodNotAllowed,
    PayloadTooLarge,
    RequestError,
    UnsupportedMediaType,
)
from gateway.limits import Limits
from gateway.model import Visibility
from gateway.operation import Answer, OperationRequest, Operations
from gateway.persisted import name_of
from gateway.turns import Room
from gateway.web.accept import EVENTS, MediaType, Wish, is_utf8, wish
from gateway.web.caching import Caching, is_known
from gateway.web.middleware import error_response
from gateway.web.origins import check_get
from gateway.web.preview import PRIVATE, pass_of

VARY = "Authorization, X-Include-Drafts, Accept"
"""CORS adds the origin, and compression the encoding."""
HEADERS = {"Vary": VARY, "Cache-Control": PRIVATE}
STILL_HERE = b":\n\n"
"""A comment, which tells both ends and all between them that the stream is alive."""
COMPLETE = b"event: complete\ndata:\n\n"
QUIET_SECONDS = 12.0
PARAMETERS = ("query", "variables", "operationName", "extensions", "documentId")


class _Caller(NamedTuple):
    """Who asks, who pays for it, and how it is asked."""

    viewer: Viewer
    payer: str | None
    is_safe: bool
    """By GET, which reads, and has an end (RFC 9110, 9.2.1)."""
    may_keep: bool
    """Whether everybody would be answered the same, so that anybody may keep the answer."""
    known: str | None
    """The ETags of the answers that the client has kept."""


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
        except ClientDisconnect:
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
        viewer, payer = self._callers.caller(
            headers.get("authorization"), headers.get("x-include-drafts"), pass_of(headers), address_of(request)
        )
        is_anyone = viewer.visibility is Visibility.PUBLIC and "authorization" not in headers
        is_safe = request.method == "GET"
        caller = _Caller(viewer, payer, is_safe, is_safe and is_anyone, headers.get("if-none-match"))
        if caller.is_safe:
            asked = from_parameters(request.query_params.multi_items())
            if asked.query:  # what is named by its digest alone was sent in full before, by who may
                check_get(request, always=self._needs_preflight)
            return await self._single(asked, caller, wished)
        sent = decoded(await self._body(request))
        if not isinstance(sent, list):
            return await self._single(from_json(sent), caller, wished)
        if len(sent) > self._limits.batch:
            raise LimitExceeded("batch", self._limits.batch, len(sent))
        bodies = [await self._body_of(each, caller) for each in [from_json(each) for each in sent]]
        return _encoded(bodies, HTTPStatus.OK, {}, wished)

    async def _kept(self, asked: OperationRequest, caller: _Caller, wished: Wish) -> Response | None:
        """Tells a client that what it has kept is still the answer. None where it is not, or has kept none."""
        if caller.known is None or not caller.may_keep:
            return None
        sighted = await self._operations.sight(asked, caller.viewer, caller.payer)
        entity_tag = self._caching.entity_tag(sighted.request, wished.media_type, sighted.revision)
        if not is_known(entity_tag, caller.known):
            return None
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=self._caching.headers(entity_tag))

    async def _single(self, asked: OperationRequest, caller: _Caller, wished: Wish) -> Response:
        """By GraphQL over HTTP the status 200 of plain JSON says no more than that the request was well-formed."""
        try:
            if kept := await self._kept(asked, caller, wished):
                return kept
            accepted = await self._operations.accept(asked, caller.payer)
            if caller.is_safe and accepted.kind is not OperationType.QUERY:
                raise MethodNotAllowed("POST", "Only a query can be sent by GET. Use POST.")
            if wished.events and (wished.media_type is None or accepted.kind is OperationType.SUBSCRIPTION):
                return _Stream(self._operations.stream(accepted, caller.viewer), accepted.kind, self._streams)
            answer = await self._operations.run(accepted, caller.viewer)
        except RequestError as error:
            if error.is_about_operation and wished.media_type is None:
                # A client of events takes any other status for a failure of the network, and comes again.
                events = (STILL_HERE, _event({"errors": error.entries()}), COMPLETE)
                return Response(b"".join(events), media_type=EVENTS)
            is_plain = error.is_about_operation and wished.media_type is MediaType.JSON
            status = HTTPStatus.OK if is_plain else error.status
            return _encoded({"errors": error.entries()}, status, error.headers, wished)
        headers: Mapping[str, str] = {}
        if caller.may_keep and not answer.errors:
            entity_tag = self._caching.entity_tag(accepted.request, wished.media_type, answer.revision)
            headers = self._caching.headers(entity_tag, answer.dependencies)
        return _encoded(answer.body(), HTTPStatus.OK, headers, wished)

    async def _body_of(self, asked: OperationRequest, caller: _Caller) -> Mapping[str, object]:
        """The answer of one operation of a batch."""
        try:
            accepted = await self._operations.accept(asked, caller.payer)
            return (await self._operations.run(accepted, caller.viewer)).body()
        except RequestError as error:
            return {"errors": error.entries()}

    async def _body(self, request: Request) -> bytes:
        """The bytes of the body. Raises RequestError for another type or encoding, and for too many."""
        kind = request.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() != "application/json" or not is_utf8(kind):
            raise UnsupportedMediaType("Send 'Content-Type: application/json', in UTF-8.")
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaType("A compressed body is not read. Send it as it is.")
        return await read_body(request, self._limits.body_bytes)


def address_of(connection: HTTPConnection) -> str | None:
    """Where it comes from, as the last trusted proxy tells it."""
    return connection.client.host if connection.client else None


async def read_body(request: Request, allowed: int) -> bytes:
    """Raises PayloadTooLarge as soon as there are more bytes than are allowed."""
    size, chunks = 0, []
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > allowed:
            raise PayloadTooLarge(f"The body is larger than the {allowed} bytes that are allowed.", allowed=allowed)
    return b"".join(chunks)


def from_parameters(parameters: Sequence[tuple[str, str]]) -> OperationRequest:
    """The operation that the parameters of a URL ask for. Raises RequestError."""
    found: dict[str, str] = {}
    for name, value in parameters:
        if name in found and name in PARAMETERS:
            raise RequestError(f"The parameter '{name}' stands in the URL twice.")
        found[name] = value
    values: dict[str, object] = {
        name: found[name] for name in ("query", "operationName", "documentId") if name in found
    }
    for name in ("variables", "extensions"):
        if found.get(name):
            values[name] = decoded(found[name].encode())
    return from_json(values)


def from_json(sent: object) -> OperationRequest:
    """The operation that a JSON object asks for. Raises RequestError."""
    if not isinstance(sent, dict):
        raise RequestError("The body is a JSON object with a 'query', or a list of them.")
    query = _member(sent, "query", str, "a text")
    extensions = _member(sent, "extensions", dict, "an object") or {}
    document_id = _document_id(sent, extensions)
    if not (query and query.strip()) and not document_id:
        raise RequestError("'query' is missing. Send a GraphQL document in it.")
    name = _member(sent, "operationName", str, "a text")
    variables = _member(sent, "variables", dict, "an object")
    return OperationRequest(query or "", variables or {}, name or None, extensions, document_id)


def _document_id(sent: Mapping[str, object], extensions: Mapping[str, object]) -> str | None:
    """What a request calls its document: `documentId`, or the digest of automatic persisted queries."""
    named = _member(sent, "documentId", str, "a text")
    persisted = _member(extensions, "persistedQuery", dict, "an object")
    digest = _member(persisted, "sha256Hash", str, "a text") if persisted else None
    return name_of(named or digest or "") or None


def decoded(data: bytes) -> object:
    """JSON, strictly. Raises RequestError."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"This is no JSON: {error.msg} at character {error.pos + 1}.") from error


def _member(sent: Mapping[str, object], name: str, kind: type[Any], called: str) -> Any:
    value = sent.get(name)
    if value is not None and not isinstance(value, kind):
        raise RequestError(f"'{name}' is not {called}.")
    return value


def _encoded(body: object, status: HTTPStatus, headers: Mapping[str, str], wished: Wish) -> Response:
    media_type = wished.media_type or MediaType.JSON
    return Response(orjson.dumps(body), status, dict(headers), f"{media_type}; charset=utf-8")


class _Stream(StreamingResponse):
    """Server-sent events, in the form of `graphql-sse` with a connection for each operation."""

    def __init__(self, answers: AsyncGenerator[Answer, None], kind: OperationType, streams: Room) -> None:
        # A proxy is not to gather events before it passes them on.
        super().__init__(_events(answers, kind), headers={"X-Accel-Buffering": "no"}, media_type=EVENTS)
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Overloaded, before anything is sent."""
        with self._streams.place():
            await super().__call__(scope, receive, send)


async def _events(answers: AsyncGenerator[Answer, None], kind: OperationType) -> AsyncGenerator[bytes, None]:
    yield STILL_HERE
    is_refused = False
    async with aclosing(_with_pauses(answers)) as events:
        async for answer in events:
            yield _event(answer.body()) if answer else STILL_HERE
            is_refused = answer is not None and answer.is_refusal
    # A subscription has no end of its own: where it was not refused its client is to come again.
    if is_refused or kind is not OperationType.SUBSCRIPTION:
        yield COMPLETE


def _event(body: Mapping[str, object]) -> bytes:
    return b"event: next\ndata: %b\n\n" % orjson.dumps(body)


async def _with_pauses(answers: AsyncGenerator[Answer, None]) -> AsyncGenerator[Answer | None, None]:
    """The answers, and None where none has come for a while. Each is asked for when the one before was taken."""
    coming: asyncio.Future[Answer | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(answers, None))
            done, _ = await asyncio.wait({coming}, timeout=QUIET_SECONDS)
            if not done:
                yield None
                continue
            answer, coming = coming.result(), None
            if answer is None:
                return
            yield answer
    finally:
        if coming:
            coming.cancel()
            with suppress(asyncio.CancelledError):
                await coming
        await answers.aclose()
