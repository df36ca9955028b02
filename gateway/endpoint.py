"""GraphQL over HTTP: what was sent to operations, and their answers to responses. It runs nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.accept import MediaType, is_utf8, preferred
from gateway.auth import Authenticator, Viewer
from gateway.errors import (
    LimitExceeded,
    MethodNotAllowed,
    PayloadTooLarge,
    RequestError,
    UnsupportedMediaType,
)
from gateway.limits import Limits
from gateway.middleware import error_response
from gateway.operation import OperationRequest, Operations

VARY = "Authorization, X-Include-Drafts, Accept, Origin"
HEADERS = {"Vary": VARY, "Cache-Control": "no-store"}
PARAMETERS = ("query", "variables", "operationName", "extensions")


class Endpoint:
    """The path that answers GraphQL, as an ASGI application."""

    def __init__(self, operations: Operations, authenticator: Authenticator, limits: Limits) -> None:
        self._operations = operations
        self._authenticator = authenticator
        self._limits = limits

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
        media_type = preferred(request.headers.get("accept"))
        try:
            return await self._answer(request, media_type)
        except RequestError as error:
            return _encoded({"errors": error.entries()}, error.status, error.headers, media_type)

    async def _answer(self, request: Request, media_type: MediaType) -> Response:
        headers = request.headers
        viewer = self._authenticator.viewer(headers.get("authorization"), headers.get("x-include-drafts"))
        if request.method == "GET":
            asked = from_parameters(request.query_params.multi_items())
            return _response(await self._outcome(asked, viewer, is_safe=True), media_type)
        sent = decoded(await self._body(request))
        if not isinstance(sent, list):
            return _response(await self._outcome(from_json(sent), viewer), media_type)
        if len(sent) > self._limits.batch:
            raise LimitExceeded("batch", self._limits.batch, len(sent))
        batch = [from_json(each) for each in sent]
        outcomes = [await self._outcome(each, viewer) for each in batch]
        return _encoded([outcome.body for outcome in outcomes], HTTPStatus.OK, {}, media_type)

    async def _outcome(self, asked: OperationRequest, viewer: Viewer, *, is_safe: bool = False) -> Outcome:
        try:
            # A safe method reads and no more (RFC 9110, 9.2.1).
            if is_safe and self._operations.kind(asked) is not OperationType.QUERY:
                raise MethodNotAllowed("POST", "Only a query can be sent by GET. Use POST.")
            answer = await self._operations.run(asked, viewer)
        except RequestError as error:
            return Outcome({"errors": error.entries()}, error)
        return Outcome(answer.body())

    async def _body(self, request: Request) -> bytes:
        """The bytes of the body. Raises RequestError for another type or encoding, and for too many."""
        kind = request.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() != "application/json" or not is_utf8(kind):
            raise UnsupportedMediaType("Send 'Content-Type: application/json', in UTF-8.")
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaType("A compressed body is not read. Send it as it is.")
        allowed = self._limits.body_bytes
        size, chunks = 0, []
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size > allowed:
                raise PayloadTooLarge(f"The body is larger than the {allowed} bytes that are allowed.", allowed=allowed)
        return b"".join(chunks)


class Outcome(NamedTuple):
    """What one operation came to: an answer, or the error that kept it from running."""

    body: Mapping[str, object]
    error: RequestError | None = None


def from_parameters(parameters: Sequence[tuple[str, str]]) -> OperationRequest:
    """The operation that the parameters of a URL ask for. Raises RequestError."""
    found: dict[str, str] = {}
    for name, value in parameters:
        if name in found and name in PARAMETERS:
            raise RequestError(f"The parameter '{name}' stands in the URL twice.")
        found[name] = value
    values: dict[str, object] = {name: found[name] for name in ("query", "operationName") if name in found}
    for name in ("variables", "extensions"):
        if found.get(name):
            values[name] = decoded(found[name].encode())
    return from_json(values)


def from_json(sent: object) -> OperationRequest:
    """The operation that a JSON object asks for. Raises RequestError."""
    if not isinstance(sent, dict):
        raise RequestError("The body is a JSON object with a 'query', or a list of them.")
    query = _member(sent, "query", str, "a text")
    if not query or not query.strip():
        raise RequestError("'query' is missing. Send a GraphQL document in it.")
    name = _member(sent, "operationName", str, "a text")
    variables = _member(sent, "variables", dict, "an object")
    extensions = _member(sent, "extensions", dict, "an object")
    return OperationRequest(query, variables or {}, name or None, extensions or {})


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


def _response(outcome: Outcome, media_type: MediaType) -> Response:
    """Status by GraphQL over HTTP: in `application/json`, 200 says no more than that the request was well-formed."""
    error = outcome.error
    if error is None or (error.is_about_operation and media_type is MediaType.JSON):
        return _encoded(outcome.body, HTTPStatus.OK, {}, media_type)
    return _encoded(outcome.body, error.status, error.headers, media_type)


def _encoded(body: object, status: HTTPStatus, headers: Mapping[str, str], media_type: MediaType) -> Response:
    return Response(orjson.dumps(body), status, dict(headers), f"{media_type}; charset=utf-8")
