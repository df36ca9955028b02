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

from gateway.auth import Viewer
from gateway.documents import Document, Documents
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
from gateway.graph.context import Context, LiveContext
from gateway.limits import DOCUMENT_BYTES, RENDERED_BYTES, Limits
from gateway.measure import measure
from gateway.persisted import PersistedQueries
from gateway.rates import UNLIMITED, Rates
from gateway.renderer import Renderer
from gateway.store.protocol import Store
from gateway.turns import IsGone, Turns

logger = logging.getLogger("gateway")

MOST_NESTED = 100
"""Lists and objects within one another in variables. No filter needs so many, and JSON is written but twice as deep."""

Entry = Mapping[str, object]
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


class Accepted(NamedTuple):
    """An operation that may run."""

    request: OperationRequest
    document: Document
    kind: OperationType
    cost: int
    payer: str | None
    """The client who has paid the cost, and pays it for each further event of a subscription; None for nobody."""


class Sighted(NamedTuple):
    """A request with the text of its document, and the content that is served now."""

    request: OperationRequest
    revision: str


class Answer(NamedTuple):
    """What came of an operation that ran, of which parts may have failed; or, in a stream, why it ended."""

    data: Mapping[str, object] | None
    errors: tuple[Entry, ...] = ()
    extensions: Mapping[str, object] = {}
    revision: str = ""
    """The content that it was answered from."""
    dependencies: Collection[str] = ()
    """The cache tags of what it was answered from."""
    is_refusal: bool = False
    """Whether there are errors alone, and the operation has ended with them."""

    def body(self) -> dict[str, object]:
        if self.is_refusal:  # by GraphQL no data, not even null, is told of what did not run
            return {"errors": self.errors}
        told = {"errors": self.errors, "extensions": self.extensions}
        return {"data": self.data, **{name: value for name, value in told.items() if value}}


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

    def __init__(
        self,
        schema: strawberry.Schema,
        store: Store,
        limits: Limits,
        persisted: PersistedQueries,
        rates: Rates = UNLIMITED,
        *,
        introspection: bool,
        document_bytes: int = DOCUMENT_BYTES,
        rendered_bytes: int = RENDERED_BYTES,
        turns: Turns | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`schema` is built with the extension PreparedDocument; `clock` tells when a credential has ended.

        `rates` and `turns` may be those of others, too; without turns it has its own.
        """
        self._schema = schema
        self._graph: GraphQLSchema = schema._schema
        self._store = store
        self._limits = limits
        self._introspection = introspection
        self._documents = Documents(self._graph, limits, introspection=introspection, capacity=document_bytes)
        self._persisted = persisted
        self._renderer = Renderer(rendered_bytes)
        self._rates = rates
        self._turns = turns or Turns(limits.operations, limits.queue_size, limits.queue_seconds)
        self._ready = False
        self._clock = clock

    def check(self, documents: Mapping[str, str]) -> None:
        """Raises SettingsError for documents, by their names, that could never be run."""
        faults = []
        for name, text in documents.items():
            try:
                self._documents.get(text)
            except RequestError as error:
                faults.append(f"The trusted document {name} cannot be run: {error.entries()[0]['message']}")
        if faults:
            raise SettingsError("\n".join(faults))

    async def sight(self, request: OperationRequest, viewer: Viewer, client: str | None = None) -> Sighted:
        """What a request asks for, and the content that it would be answered from now: enough to tell whether the
        client has the answer. The client pays for being read alone. Raises RequestError."""
        self._rates.charge(client, 1)
        self._check_variables(request)
        text = self._persisted.text(request.query, request.document_id)
        async with self._store.snapshot(viewer.visibility) as snapshot:
            return Sighted(request._replace(query=text), (await snapshot.generation()).revision)

    async def accept(self, request: OperationRequest, client: str | None = None) -> Accepted:
        """Check all that can be checked before an operation runs. Raises RequestError where it is refused.

        The `client` pays for being read, and then for what the operation costs.
        """
        self._rates.charge(client, 1)
        self._check_variables(request)
        request = request._replace(query=self._persisted.text(request.query, request.document_id))
        document = self._documents.get(request.query)
        operation = document.operation(request.operation_name)
        variables = self._coerced(operation, request.variables)
        cost = document.analysis.check_cost(request.operation_name, variables)
        if request.document_id is not None:
            self._persisted.register(request.document_id, request.query)
        await self.check_ready()
        self._rates.charge(client, cost)
        return Accepted(request, document, operation.operation, cost, client)

    async def run(self, accepted: Accepted, viewer: Viewer, is_gone: IsGone | None = None) -> Answer:
        """The answer of a query. Raises RequestError where there is none.

        An operation that waited for its turn does not begin if `is_gone` then returns true; raises Abandoned.
        """
        if accepted.kind is OperationType.SUBSCRIPTION:
            raise NotAcceptable("A subscription is answered as 'text/event-stream', or over a WebSocket.")
        async with self._turns.turn(is_gone):
            try:
                async with asyncio.timeout(self._limits.operation_seconds):
                    answer = await self._execute(accepted, viewer)
            except TimeoutError as error:
                raise OperationTimedOut from error
        return answer._replace(extensions=self._extensions(accepted))

    async def stream(self, accepted: Accepted, viewer: Viewer) -> AsyncGenerator[Answer, None]:
        """The answers of a subscription, as they come; of any other operation the only one. Raises nothing: what is
        refused, or fails as a whole, is the last answer."""
        is_subscription = accepted.kind is OperationType.SUBSCRIPTION
        try:
            async with aclosing((self._events if is_subscription else self._only)(accepted, viewer)) as answers:
                async for answer in answers:
                    yield answer
        except RequestError as error:
            yield _refusal(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told no more than that it is
            yield _refusal(masked(error))

    async def _only(self, accepted: Accepted, viewer: Viewer) -> AsyncGenerator[Answer, None]:
        yield await self.run(accepted, viewer)

    async def _events(self, accepted: Accepted, viewer: Viewer) -> AsyncGenerator[Answer, None]:
        request = accepted.request
        context = LiveContext(viewer, self._store, self._limits, self._renderer, accepted.document.node)
        results = await self._schema.subscribe(
            request.query,
            variable_values=dict(request.variables),
            context_value=context,
            operation_name=request.operation_name,
        )
        prices = chain((0,), repeat(accepted.cost))  # the first event was paid for with the subscription
        async with aclosing(results):
            while True:
                async with context.event():  # and no longer: whoever takes the answer may take its time
                    result = await anext(results, None)
                if result is None:
                    return
                viewer.check_at(self._clock())
                self._rates.charge(accepted.payer, next(prices))
                yield self._answer(result)._replace(is_refusal=_has_failed(result))

    async def _execute(self, accepted: Accepted, viewer: Viewer) -> Answer:
        viewer.check_at(self._clock())  # a connection may be older than the right that it began with
        request = accepted.request
        async with self._store.snapshot(viewer.visibility) as snapshot:
            context = Context(viewer, snapshot, self._limits, self._renderer, accepted.document.node)
            executing = asyncio.ensure_future(
                self._schema.execute(
                    request.query,
                    variable_values=dict(request.variables),
                    context_value=context,
                    operation_name=request.operation_name,
                )
            )
            context.records.stop = executing.cancel
            try:
                answer = self._answer(await executing)
            except asyncio.CancelledError:
                if context.records.exceeded:
                    raise context.records.exceeded from None
                raise
            finally:
                context.records.stop = None
            revision = (await snapshot.generation()).revision
            return answer._replace(revision=revision, dependencies=context.records.tags)

    def _extensions(self, accepted: Accepted) -> Mapping[str, object]:
        """What an operation costs, for who asks for it."""
        if accepted.request.extensions.get("cost") is not True:
            return {}
        return {"cost": {"actual": accepted.cost, "allowed": self._limits.cost}}

    def _check_variables(self, request: OperationRequest) -> None:
        """Before anything is made of them. Raises RequestError."""
        found = measure(request.variables)
        if found.depth > MOST_NESTED:
            raise RequestError(f"The variables hold more than {MOST_NESTED} lists and objects within one another.")
        if found.values > self._limits.variable_values:
            raise LimitExceeded("variable_values", self._limits.variable_values, found.values)

    def _answer(self, result: ExecutionResult) -> Answer:
        """Raises LimitExceeded where it would be too long to be written out."""
        allowed = self._limits.answer_characters
        if (characters := measure(result.data).characters) > allowed:
            raise LimitExceeded("answer_characters", allowed, characters)
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

    async def check_ready(self) -> None:
        """Raises NotReady before the first generation; once there is one there always will be."""
        self._ready = self._ready or await self._store.ready()
        if not self._ready:
            raise NotReady


def _has_failed(result: ExecutionResult) -> bool:
    """Whether a subscription ended with a result. Strawberry tells that, too, as one: with errors that no field has."""
    is_of_no_field = bool(result.errors) and not any(error.path for error in result.errors or ())
    return isinstance(result, PreExecutionError) or (result.data is None and is_of_no_field)


def _refusal(error: RequestError) -> Answer:
    return Answer(None, tuple(error.entries()), is_refusal=True)


def _told(error: GraphQLError) -> Entry:
    """An error as the client may see it. What no one foresaw is told to the log alone, under an incident's id."""
    cause = error.original_error
    if isinstance(cause, RequestError):
        return {**error.formatted, "extensions": cause.extensions}
    if cause is None or _is_of_document(cause):
        return {**error.formatted, "extensions": {"code": BadUserInput.code}}
    return {**error.formatted, **masked(cause).entries()[0]}


def _is_of_document(error: Exception) -> bool:
    """Whether graphql-core raised an error for a value in the document.

    Validation allows a null variable at a non-null position with a default (graphql-spec#359), so some values of
    arguments, of fields and of directives, are refused only at run time. Such an error has the node of the value. An
    error for a result that does not fit its type has no node: that is the server's fault.
    """
    return isinstance(error, GraphQLError) and bool(error.nodes)


def masked(error: BaseException) -> InternalError:
    """Log what went wrong, and say in its place under which id."""
    incident = uuid4().hex
    logger.error("incident %s", incident, exc_info=error)
    return InternalError(incident=incident)
