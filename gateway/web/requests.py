"""Parses HTTP requests into `OperationRequest`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import HTTPConnection, Request

from gateway.errors import PayloadTooLarge, RequestError, UnsupportedMediaType
from gateway.execution.executor import OperationRequest
from gateway.execution.persisted_documents import name_of
from gateway.web.content_negotiation import is_utf8

PARAMETERS = ("query", "variables", "operationName", "extensions", "documentId")


def address_of(connection: HTTPConnection) -> str | None:
    """The client address, as reported by the last trusted proxy."""
    return connection.client.host if connection.client else None


async def read_body(request: Request, allowed: int) -> bytes:
    """Raises PayloadTooLarge as soon as the body exceeds `allowed` bytes."""
    size, chunks = 0, []
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > allowed:
            raise PayloadTooLarge(f"The body exceeds the limit of {allowed} bytes.", allowed=allowed)
    return b"".join(chunks)


async def json_of(request: Request, allowed: int) -> object:
    """The decoded JSON body. Raises RequestError for another type or encoding, a large body, and invalid JSON."""
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json" or not is_utf8(kind):
        raise UnsupportedMediaType("Send 'Content-Type: application/json', in UTF-8.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not supported. Send the body without 'Content-Encoding'.")
    return _decoded(await read_body(request, allowed))


def from_parameters(parameters: Sequence[tuple[str, str]]) -> OperationRequest:
    """Parses the parameters of a URL. Raises RequestError."""
    found: dict[str, str] = {}
    for name, value in parameters:
        if name in found and name in PARAMETERS:
            raise RequestError(f"The parameter '{name}' is in the URL twice. Send it once.")
        found[name] = value
    values: dict[str, object] = {
        name: found[name] for name in ("query", "operationName", "documentId") if name in found
    }
    for name in ("variables", "extensions"):
        if found.get(name):
            values[name] = _decoded(found[name].encode())
    return from_json(values)


def from_json(sent: object) -> OperationRequest:
    """Parses a JSON object. Raises RequestError."""
    if not isinstance(sent, dict):
        raise RequestError("The body must be a JSON object with a 'query', or a list of such objects.")
    query = _member(sent, "query", str, "a string")
    extensions = _member(sent, "extensions", dict, "an object") or {}
    document_id = _document_id(sent, extensions)
    if not (query and query.strip()) and not document_id:
        raise RequestError("'query' is missing. Send a GraphQL document in it.")
    name = _member(sent, "operationName", str, "a string")
    variables = _member(sent, "variables", dict, "an object")
    return OperationRequest(query or "", variables or {}, name or None, extensions, document_id)


def _document_id(sent: Mapping[str, object], extensions: Mapping[str, object]) -> str | None:
    """The document id of a request: `documentId`, or the digest of automatic persisted queries."""
    named = _member(sent, "documentId", str, "a string")
    persisted = _member(extensions, "persistedQuery", dict, "an object")
    digest = _member(persisted, "sha256Hash", str, "a string") if persisted else None
    return name_of(named or digest or "") or None


def _decoded(data: bytes) -> object:
    """Decodes strict JSON. Raises RequestError."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"The JSON is invalid: {error.msg} at character {error.pos + 1}.") from error


def _member(sent: Mapping[str, object], name: str, kind: type[Any], called: str) -> Any:
    value = sent.get(name)
    if value is not None and not isinstance(value, kind):
        raise RequestError(f"'{name}' must be {called}.")
    return value
