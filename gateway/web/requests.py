"""Reads HTTP requests: their client, their body, and the `OperationRequest` in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from gateway.access.clients import Client, ClientResolver
from gateway.errors import PayloadTooLarge, RequestError, UnsupportedMediaType
from gateway.execution.executor import OperationRequest
from gateway.execution.persisted_documents import name_of
from gateway.web.content_negotiation import is_utf8
from gateway.web.cors import include_drafts
from gateway.web.preview_links import preview_cookie

PARAMETERS = ("query", "variables", "operationName", "extensions", "documentId")
JSON_TYPE = "application/json"
REMEMBERED = 128
"""The URLs whose parameters are kept. The head's limit bounds each."""


def headers_of(scope: Scope) -> Mapping[str, str]:
    """The headers by their lower-case names. `request_head` has joined repeated ones."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def address_of(scope: Scope) -> str | None:
    """The client address, as reported by the last trusted proxy."""
    client = scope.get("client")
    return client[0] if client else None


def identify(clients: ClientResolver, scope: Scope, headers: Mapping[str, str], drafts: str | None = None) -> Client:
    """The client of a request. `drafts` replaces the header X-Include-Drafts. Raises as `ClientResolver.identify`."""
    asked = drafts or include_drafts(headers.get("x-include-drafts"), headers)
    cookie = preview_cookie(headers) if "cookie" in headers else None
    return clients.identify(headers.get("authorization"), asked, cookie, address_of(scope))


async def read_body(receive: Receive, allowed: int) -> bytes:
    """Raises PayloadTooLarge as soon as the body exceeds `allowed` bytes, and ClientDisconnect."""
    size, chunks, has_more = 0, [], True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > allowed:
            raise PayloadTooLarge(f"The body exceeds the limit of {allowed} bytes.", allowed=allowed)
        chunks.append(chunk)
        has_more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def json_of(headers: Mapping[str, str], receive: Receive, allowed: int) -> object:
    """The decoded JSON body. Raises RequestError for another type or encoding, a large body, and invalid JSON."""
    kind = headers.get("content-type", "")
    if kind != JSON_TYPE and (kind.partition(";")[0].strip().lower() != JSON_TYPE or not is_utf8(kind)):
        raise UnsupportedMediaType("Send 'Content-Type: application/json', in UTF-8.")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not supported. Send the body without 'Content-Encoding'.")
    return _decoded(await read_body(receive, allowed))


@lru_cache(REMEMBERED)
def from_query_string(query_string: bytes) -> OperationRequest:
    """Parses the parameters of a URL. Raises RequestError."""
    return from_parameters(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))


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
