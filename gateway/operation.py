"""Runs one operation: the document, its cost, a snapshot of its own, and an answer without secrets.

It knows no transport: HTTP and WebSocket hand it what they were sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import strawberry
from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType
from graphql.execution.values import get_variable_values
from strawberry.extensions import SchemaExtension

from gateway.auth import Viewer
from gateway.context import Context
from gateway.documents import Document, Documents
from gateway.errors import InternalError, NotReady, OperationTimedOut, RequestError, VariablesRefused
from gateway.limits import Limits
from gateway.store.protocol import Store

logger = logging.getLogger("gateway")

Entry = Mapping[str, object]
"""One of the `errors` of an answer."""


class OperationRequest(NamedTuple):
    """What a client asks for, of whatever transport."""

    query: str
    variables: Mapping[str, Any] = {}
    operation_name: str | None = None
    extensions: Mapping[str, Any] = {}


class Answer(NamedTuple):
    """What came of an operation that ran; in parts it may have failed."""

    data: Mapping[str, object] | None
    errors: tuple[Entry, ...] = ()

    def body(self) -> dict[str, object]:
        return {"data": self.data, "errors": self.errors} if self.errors else {"data": self.data}


class PreparedDocument(SchemaExtension):
    """Hands Strawberry the document that was parsed and validated before."""

    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = self.execution_context.context.document
        yield

    def on_validate(self) -> Iterator[None]:
        self.execution_context.pre_execution_errors = []
        yield


class Operations:
    """Runs the operations of one server over one store."""

    def __init__(self, schema: strawberry.Schema, store: Store, limits: Limits, *, introspection: bool) -> None:
        """`schema` is built with the extension PreparedDocument."""
        self._schema = schema
        self._graph: GraphQLSchema = schema._schema
        self._store = store
        self._limits = limits
        self._introspection = introspection
        self._documents = Documents(self._graph, limits, introspection=introspection)
        self._ready = False

    async def run(self, request: OperationRequest, viewer: Viewer) -> Answer:
        """Raises RequestError where the operation is refused as a whole."""
        document = self._documents.get(request.query)
        operation = document.operation(request.operation_name)
        variables = self._coerced(operation, request.variables)
        document.analysis.check_cost(request.operation_name, variables)
        await self._check_ready()
        try:
            async with asyncio.timeout(self._limits.operation_seconds):
                return await self._execute(document, request, viewer)
        except TimeoutError as error:
            raise OperationTimedOut from error

    def kind(self, request: OperationRequest) -> OperationType:
        """Whether it is a query, a mutation or a subscription. Raises RequestError, as `run` would."""
        return self._documents.get(request.query).operation(request.operation_name).operation

    async def _execute(self, document: Document, request: OperationRequest, viewer: Viewer) -> Answer:
        async with self._store.snapshot(viewer.visibility) as snapshot:
            result = await self._schema.execute(
                request.query,
                variable_values=dict(request.variables),
                context_value=Context(viewer, snapshot, self._limits, document.node),
                operation_name=request.operation_name,
            )
        return Answer(result.data, tuple(_told(error) for error in result.errors or ()))

    def _coerced(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Mapping[str, object]:
        coerced = get_variable_values(
            self._graph,
            operation.variable_definitions or (),
            dict(given),
            max_errors=20,
            hide_suggestions=not self._introspection,
        )
        if isinstance(coerced, list):
            raise VariablesRefused([error.formatted for error in coerced])
        return coerced.coerced

    async def _check_ready(self) -> None:
        """Raises NotReady before the first generation; once there is one there always will be."""
        self._ready = self._ready or await self._store.ready()
        if not self._ready:
            raise NotReady


def _told(error: GraphQLError) -> Entry:
    """An error as the client may see it. What no one foresaw is told to the log alone, under an incident's id."""
    cause = error.original_error
    if isinstance(cause, RequestError):
        return {**error.formatted, "extensions": cause.extensions}
    if cause is None:  # an argument that only running could tell to be wrong
        return {**error.formatted, "extensions": {"code": "BAD_USER_INPUT"}}
    return {**error.formatted, **masked(cause).entries()[0]}


def masked(error: BaseException) -> InternalError:
    """Log what went wrong, and say in its place under which id."""
    incident = uuid4().hex
    logger.error("incident %s", incident, exc_info=error)
    return InternalError(incident=incident)
