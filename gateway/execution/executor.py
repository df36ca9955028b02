"""Runs one operation: the document, its cost, a snapshot of its own, and an answer without secrets.

It knows no transport: HTTP and WebSocket hand it what they were sent.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from contextlib import aclosing
from itertools import chain, repeat
from typing import Any, NamedTuple
from uuid import uuid4

import strawberry
from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType
from graphql.execution.values import get_variable_values
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from gateway.access.rate_limit import UNLIMITED, RateLimiter
from gateway.access.tokens import Viewer
from gateway.errors import (
    BadUserInput,
    InternalError,
    LimitExceeded,
    NotAcceptable,
    NotReady,
    OperationTimedOut,
    RequestError,
    SettingsError,
    VariablesRefused,
)
from gateway.execution.concurrency import ConcurrencyLimiter, IsDisconnected
from gateway.execution.document_cache import DocumentCache, QueryDocument
from gateway.execution.json_size import json_size
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context, LiveContext
from gateway.limits import DOCUMENT_BYTES, RENDERED_BYTES, Limits
from gateway.store.protocol import Store

logger = logging.getLogger("gateway")

MAX_NESTING = 100
"""Lists and objects within one another in variables. No filter needs so many, and JSON is written but twice as deep."""

ErrorEntry = Mapping[str, object]
"""One of the `errors` of an answer."""


class OperationRequest(NamedTuple):
    """What a client asks for, of whatever transport."""

    query: str
    """Empty where the document is meant by its name alone."""
    variables: Mapping[str, Any] = {}
    operation_name: str | None = None
    extensions: Mapping[str, Any] = {}
    document_id: str | None = None
    """The name of a document that the server may know."""


class PreparedOperation(NamedTuple):
    """An operation that may run."""

    request: OperationRequest
    document: QueryDocument
    kind: OperationType
    cost: int
    rate_key: str | None
    """The client who has paid the cost, and pays it for each further event of a subscription; None for nobody."""


class ResolvedRequest(NamedTuple):
    """A request with the text of its document, and the content that is served now."""

    request: OperationRequest
    revision: str


class Result(NamedTuple):
    """What came of an operation that ran, of which parts may have failed; or, in a stream, why it ended."""

    data: Mapping[str, object] | None
    errors: tuple[ErrorEntry, ...] = ()
    extensions: Mapping[str, object] = {}
    revision: str = ""
    """The content that it was answered from."""
    dependencies: Collection[str] = ()
    """The cache tags of what it was answered from."""
    is_final_error: bool = False
    """Whether there are errors alone, and the operation has ended with them."""

    def body(self) -> dict[str, object]:
        if self.is_final_error:  # by GraphQL no data, not even null, is told of what did not run
            return {"errors": self.errors}
        told = {"errors": self.errors, "extensions": self.extensions}
        return {"data": self.data, **{name: value for name, value in told.items() if value}}


class UsePreparedDocument(SchemaExtension):
    """Hands Strawberry the document that was parsed and validated before."""

    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = self.execution_context.context.document
        yield

    def on_validate(self) -> Iterator[None]:
        self.execution_context.pre_execution_errors = []
        yield


class Executor:
    """Runs the operations of one server over one store."""

    def __init__(
        self,
        schema: strawberry.Schema,
        store: Store,
        limits: Limits,
        persisted: PersistedDocuments,
        rate_limiter: RateLimiter = UNLIMITED,
        *,
        introspection: bool,
        document_bytes: int = DOCUMENT_BYTES,
        rendered_bytes: int = RENDERED_BYTES,
        concurrency: ConcurrencyLimiter | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`schema` is built with the extension UsePreparedDocument; `clock` tells when a credential has ended.

        `rate_limiter` and `concurrency` may be those of others, too; without turns it has its own.
        """
        self._schema = schema
        self._graph: GraphQLSchema = schema._schema
        self._store = store
        self._limits = limits
        self._introspection = introspection
        self._document_cache = DocumentCache(self._graph, limits, introspection=introspection, capacity=document_bytes)
        self._persisted = persisted
        self._renderer = BodyRenderer(rendered_bytes)
        self._rate_limiter = rate_limiter
        self._concurrency = concurrency or ConcurrencyLimiter(
            limits.operations, limits.queue_size, limits.queue_seconds
        )
        self._ready = False
        self._clock = clock

    def check(self, documents: Mapping[str, str]) -> None:
        """Raises SettingsError for documents, by their names, that could never be run."""
        faults = []
        for name, text in documents.items():
            try:
                self._document_cache.get(text)
            except RequestError as error:
                faults.append(f"The trusted document {name} cannot be run: {error.entries()[0]['message']}")
        if faults:
            raise SettingsError("\n".join(faults))

    async def resolve(self, request: OperationRequest, viewer: Viewer, client: str | None = None) -> ResolvedRequest:
        """What a request asks for, and the content that it would be answered from now: enough to tell whether the
        client has the answer. The client pays for being read alone. Raises RequestError."""
        self._rate_limiter.charge(client, 1)
        self._check_variables(request)
        text = self._persisted.resolve(request.query, request.document_id)
        async with self._store.snapshot(viewer.visibility) as snapshot:
            return ResolvedRequest(request._replace(query=text), (await snapshot.generation()).revision)

    async def prepare(self, request: OperationRequest, client: str | None = None) -> PreparedOperation:
        """Check all that can be checked before an operation runs. Raises RequestError where it is refused.

        The `client` pays for being read, and then for what the operation costs.
        """
        self._rate_limiter.charge(client, 1)
        self._check_variables(request)
        request = request._replace(query=self._persisted.resolve(request.query, request.document_id))
        document = self._document_cache.get(request.query)
        operation = document.operation(request.operation_name)
        variables = self._coerce_variables(operation, request.variables)
        cost = document.query_cost.check_cost(request.operation_name, variables)
        if request.document_id is not None:
            self._persisted.register(request.document_id, request.query)
        await self.check_ready()
        self._rate_limiter.charge(client, cost)
        return PreparedOperation(request, document, operation.operation, cost, client)

    async def execute(
        self, prepared: PreparedOperation, viewer: Viewer, is_gone: IsDisconnected | None = None
    ) -> Result:
        """The answer of a query. Raises RequestError where there is none.

        An operation that waited for its turn does not begin if `is_gone` then returns true; raises Abandoned.
        """
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise NotAcceptable("A subscription is answered as 'text/event-stream', or over a WebSocket.")
        async with self._concurrency.acquire(is_gone):
            try:
                async with asyncio.timeout(self._limits.operation_seconds):
                    answer = await self._execute(prepared, viewer)
            except TimeoutError as error:
                raise OperationTimedOut from error
        return answer._replace(extensions=self._extensions(prepared))

    async def subscribe(self, prepared: PreparedOperation, viewer: Viewer) -> AsyncGenerator[Result, None]:
        """The answers of a subscription, as they come; of any other operation the only one. Raises nothing: what is
        refused, or fails as a whole, is the last answer."""
        is_subscription = prepared.kind is OperationType.SUBSCRIPTION
        try:
            async with aclosing(
                (self._subscription_results if is_subscription else self._single_result)(prepared, viewer)
            ) as answers:
                async for answer in answers:
                    yield answer
        except RequestError as error:
            yield _error_result(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told no more than that it is
            yield _error_result(mask_error(error))

    async def _single_result(self, prepared: PreparedOperation, viewer: Viewer) -> AsyncGenerator[Result, None]:
        yield await self.execute(prepared, viewer)

    async def _subscription_results(self, prepared: PreparedOperation, viewer: Viewer) -> AsyncGenerator[Result, None]:
        request = prepared.request
        context = LiveContext(viewer, self._store, self._limits, self._renderer, prepared.document.node)
        results = await self._schema.subscribe(
            request.query,
            variable_values=dict(request.variables),
            context_value=context,
            operation_name=request.operation_name,
        )
        prices = chain((0,), repeat(prepared.cost))  # the first event was paid for with the subscription
        async with aclosing(results):
            while True:
                async with context.event():  # and no longer: whoever takes the answer may take its time
                    result = await anext(results, None)
                if result is None:
                    return
                viewer.check_at(self._clock())
                self._rate_limiter.charge(prepared.rate_key, next(prices))
                yield self._result(result)._replace(is_final_error=_has_failed(result))

    async def _execute(self, prepared: PreparedOperation, viewer: Viewer) -> Result:
        viewer.check_at(self._clock())  # a connection may be older than the right that it began with
        request = prepared.request
        async with self._store.snapshot(viewer.visibility) as snapshot:
            context = Context(viewer, snapshot, self._limits, self._renderer, prepared.document.node)
            executing = asyncio.ensure_future(
                self._schema.execute(
                    request.query,
                    variable_values=dict(request.variables),
                    context_value=context,
                    operation_name=request.operation_name,
                )
            )
            context.read_budget.stop = executing.cancel
            try:
                answer = self._result(await executing)
            except asyncio.CancelledError:
                if context.read_budget.exceeded:
                    raise context.read_budget.exceeded from None
                raise
            finally:
                context.read_budget.stop = None
            revision = (await snapshot.generation()).revision
            return answer._replace(revision=revision, dependencies=context.read_budget.tags)

    def _extensions(self, prepared: PreparedOperation) -> Mapping[str, object]:
        """What an operation costs, for who asks for it."""
        if prepared.request.extensions.get("cost") is not True:
            return {}
        return {"cost": {"actual": prepared.cost, "allowed": self._limits.cost}}

    def _check_variables(self, request: OperationRequest) -> None:
        """Before anything is made of them. Raises RequestError."""
        found = json_size(request.variables)
        if found.depth > MAX_NESTING:
            raise RequestError(f"The variables hold more than {MAX_NESTING} lists and objects within one another.")
        if found.values > self._limits.variable_values:
            raise LimitExceeded("variable_values", self._limits.variable_values, found.values)

    def _result(self, result: ExecutionResult) -> Result:
        """Raises LimitExceeded where it would be too long to be written out."""
        allowed = self._limits.answer_characters
        if (characters := json_size(result.data).characters) > allowed:
            raise LimitExceeded("answer_characters", allowed, characters)
        return Result(result.data, tuple(_format_error(error) for error in result.errors or ()))

    def _coerce_variables(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Mapping[str, object]:
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

    async def check_ready(self) -> None:
        """Raises NotReady before the first generation; once there is one there always will be."""
        self._ready = self._ready or await self._store.ready()
        if not self._ready:
            raise NotReady


def _has_failed(result: ExecutionResult) -> bool:
    """Whether a subscription ended with a result. Strawberry tells that, too, as one: with errors that no field has."""
    is_of_no_field = bool(result.errors) and not any(error.path for error in result.errors or ())
    return isinstance(result, PreExecutionError) or (result.data is None and is_of_no_field)


def _error_result(error: RequestError) -> Result:
    return Result(None, tuple(error.entries()), is_final_error=True)


def _format_error(error: GraphQLError) -> ErrorEntry:
    """An error as the client may see it. What no one foresaw is told to the log alone, under an incident's id."""
    cause = error.original_error
    if isinstance(cause, RequestError):
        return {**error.formatted, "extensions": cause.extensions}
    if cause is None or _is_of_document(cause):
        return {**error.formatted, "extensions": {"code": BadUserInput.code}}
    return {**error.formatted, **mask_error(cause).entries()[0]}


def _is_of_document(error: Exception) -> bool:
    """Whether graphql-core raised an error for a value in the document.

    Validation allows a null variable at a non-null position with a default (graphql-spec#359), so some values of
    arguments, of fields and of directives, are refused only at run time. Such an error has the node of the value. An
    error for a result that does not fit its type has no node: that is the server's fault.
    """
    return isinstance(error, GraphQLError) and bool(error.nodes)


def mask_error(error: BaseException) -> InternalError:
    """Log what went wrong, and say in its place under which id."""
    incident = uuid4().hex
    logger.error("incident %s", incident, exc_info=error)
    return InternalError(incident=incident)
