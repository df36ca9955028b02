"""Executes operations: checks and charges the document, runs it on a snapshot, and masks internal errors.

All transports use it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import aclosing
from itertools import chain, repeat
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
import strawberry
from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues, get_variable_values
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
    NotCompiled,
    NotReady,
    OperationTimedOut,
    RequestError,
    SettingsError,
    VariablesRefused,
)
from gateway.execution.answer_cache import Answer, AnswerCache, AnswerKey, key_of
from gateway.execution.compiler import Compiler
from gateway.execution.concurrency import ConcurrencyLimiter, IsDisconnected
from gateway.execution.document_cache import DocumentCache, QueryDocument
from gateway.execution.json_size import json_size
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.execution.plan import Operation
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context, LiveContext
from gateway.graph.read_budget import ReadBudget
from gateway.limits import DOCUMENT_BYTES, RENDERED_BYTES, Limits
from gateway.model.records import Generation, Visibility
from gateway.store.protocol import Snapshot, Store

logger = logging.getLogger("gateway")

MAX_NESTING = 100
"""Maximum nesting of lists and objects in variables. orjson serialises only about twice that depth."""

ErrorEntry = Mapping[str, object]
"""An item of `errors` in a response."""


class OperationRequest(NamedTuple):
    """The GraphQL request of a client, independent of the transport."""

    query: str
    """Empty if the document is identified only by `document_id`."""
    variables: Mapping[str, Any] = {}
    operation_name: str | None = None
    extensions: Mapping[str, Any] = {}
    document_id: str | None = None
    """The id of a persisted document."""


class PreparedOperation(NamedTuple):
    """An operation that passed all checks."""

    request: OperationRequest
    document: QueryDocument
    variables: VariableValues
    kind: OperationType
    cost: int
    rate_key: str | None
    """The rate-limit key charged with the cost, and again for each further event of a subscription. None: no charge."""


class ResolvedRequest(NamedTuple):
    """A request with the text of its document, and the current revision of the content."""

    request: OperationRequest
    revision: str
    seconds_left: float | None
    """The time until an article becomes due or expires, negative if it is past, or None if there is no such time."""


class Result(NamedTuple):
    """The result of an operation, perhaps with field errors. In a stream, also the error that ended it."""

    data: Any
    """The members by their keys, or JSON as bytes, or None."""
    errors: tuple[ErrorEntry, ...] = ()
    extensions: Mapping[str, object] = {}
    revision: str = ""
    """The revision of the content."""
    seconds_left: float | None = None
    """As of ResolvedRequest."""
    dependencies: Collection[str] = ()
    """The cache tags of the content used."""
    is_final_error: bool = False
    """Whether the result has only errors and ends the operation."""

    def body(self) -> dict[str, object]:
        if self.is_final_error:  # GraphQL: a request error has no `data` entry, not even null
            return {"errors": self.errors}
        details = {"errors": self.errors, "extensions": self.extensions}
        data = orjson.Fragment(self.data) if isinstance(self.data, bytes) else self.data
        return {"data": data, **{name: value for name, value in details.items() if value}}


class UsePreparedDocument(SchemaExtension):
    """Passes the parsed and validated document to Strawberry."""

    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = self.execution_context.context.document
        yield

    def on_validate(self) -> Iterator[None]:
        self.execution_context.pre_execution_errors = []
        yield


class Executor:
    """Executes operations on a store."""

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
        answer_bytes: int = 0,
        compiler: Compiler | None = None,
        concurrency: ConcurrencyLimiter | None = None,
        is_ready: Callable[[], Awaitable[bool]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`compiler` executes the queries that it can compile, and graphql-core all others.

        `schema` must have the extension UsePreparedDocument. `clock` returns Unix seconds, to check expiry. `is_ready`
        returns whether the store may be served. By default it may if it has a generation.

        `rate_limiter` and `concurrency` may be shared. Without `concurrency`, it is built from the limits.
        """
        self._schema = schema
        self._graph: GraphQLSchema = schema._schema
        self._store = store
        self._limits = limits
        self._introspection = introspection
        self._document_cache = DocumentCache(self._graph, limits, introspection=introspection, capacity=document_bytes)
        self._compiler = compiler
        self._persisted = persisted
        self._renderer = BodyRenderer(rendered_bytes)
        self.answers = AnswerCache(answer_bytes)
        self._rate_limiter = rate_limiter
        self._concurrency = concurrency or ConcurrencyLimiter(
            limits.operations, limits.queue_size, limits.queue_seconds
        )
        self._ready = False
        self._is_ready = is_ready or store.ready
        self._clock = clock

    def check(self, documents: Mapping[str, str]) -> None:
        """Raises SettingsError for trusted documents, by name, that are invalid or exceed a limit."""
        faults = []
        for name, text in documents.items():
            try:
                self._document_cache.get(text)
            except RequestError as error:
                faults.append(f"The trusted document {name} cannot be run: {error.entries()[0]['message']}")
        if faults:
            raise SettingsError("\n".join(faults))

    async def resolve(self, request: OperationRequest, viewer: Viewer, client: str | None = None) -> ResolvedRequest:
        """Resolves the document text and the current revision, to compare ETags before execution.

        Charges the client one point, without the cost of the operation. Raises RequestError.
        """
        self._rate_limiter.charge(client, 1)
        self._check_variables(request)
        text = self._persisted.resolve(request.query, request.document_id)
        await self.check_ready()
        generation = self._store.newest_generation(viewer.visibility)
        if generation is None:
            async with self._store.snapshot(viewer.visibility) as snapshot:
                generation = await snapshot.generation()
        return ResolvedRequest(request._replace(query=text), generation.revision, self._seconds_left(generation))

    async def prepare(self, request: OperationRequest, client: str | None = None) -> PreparedOperation:
        """Parse, validate and price an operation. Raises RequestError.

        Charges the `client` one point first, and then the cost of the operation.
        """
        self._rate_limiter.charge(client, 1)
        self._check_variables(request)
        request = request._replace(query=self._persisted.resolve(request.query, request.document_id))
        document = self._document_cache.get(request.query)
        operation = document.operation(request.operation_name)
        variables = self._coerce_variables(operation, request.variables)
        cost = document.query_cost.check_cost(request.operation_name, variables.coerced)
        if request.document_id is not None:
            self._persisted.register(request.document_id, request.query)
        await self.check_ready()
        self._rate_limiter.charge(client, cost)
        return PreparedOperation(request, document, variables, operation.operation, cost, client)

    async def execute(
        self, prepared: PreparedOperation, viewer: Viewer, is_gone: IsDisconnected | None = None
    ) -> Result:
        """Execute a query. Raises RequestError if it is refused or times out.

        Raises Abandoned if the operation waited in the queue and `is_gone` then returns true.
        """
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise NotAcceptable("A subscription needs 'Accept: text/event-stream', or a WebSocket.")
        answer = self._kept(prepared, viewer)
        if answer is None:
            async with self._concurrency.acquire(is_gone):
                try:
                    async with asyncio.timeout(self._limits.operation_seconds):
                        answer = await self._execute(prepared, viewer)
                except TimeoutError as error:
                    raise OperationTimedOut from error
        return answer._replace(extensions=self._extensions(prepared))

    def _kept(self, prepared: PreparedOperation, viewer: Viewer) -> Result | None:
        """The result for the newest generation, if it is kept."""
        generation = self._store.newest_generation(viewer.visibility)
        if generation is None or (found := self.answers.get(self._key(prepared, viewer, generation))) is None:
            return None
        viewer.check_at(self._clock())
        left = self._seconds_left(generation)
        return Result(found.data, (), {}, generation.revision, left, found.dependencies)

    def _keep(self, prepared: PreparedOperation, viewer: Viewer, generation: Generation, answer: Result) -> Result:
        """Keeps a result without errors, and returns it as JSON. A preview that graphql-core executed can have issues,
        which are not part of the revision."""
        is_of_revision = isinstance(answer.data, bytes) or viewer.visibility is Visibility.PUBLIC
        if answer.errors or not (self.answers.capacity and is_of_revision):
            return answer
        data = answer.data if isinstance(answer.data, bytes) else orjson.dumps(answer.data)
        self.answers.put(self._key(prepared, viewer, generation), Answer(data, answer.dependencies))
        return answer._replace(data=data)

    def _key(self, prepared: PreparedOperation, viewer: Viewer, generation: Generation) -> AnswerKey:
        request = prepared.request
        return key_of(request.query, request.operation_name, request.variables, viewer, generation.revision)

    async def subscribe(self, prepared: PreparedOperation, viewer: Viewer) -> AsyncGenerator[Result, None]:
        """Yields the results of a subscription, or the only result of another operation.

        Does not raise. A request error is the last result.
        """
        is_subscription = prepared.kind is OperationType.SUBSCRIPTION
        try:
            async with aclosing(
                (self._subscription_results if is_subscription else self._single_result)(prepared, viewer)
            ) as answers:
                async for answer in answers:
                    yield answer
        except RequestError as error:
            yield _error_result(error)
        except Exception as error:  # noqa: BLE001 - the error is masked
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
        costs = chain((0,), repeat(prepared.cost))  # the subscription itself paid for the first event
        async with aclosing(results):
            while True:
                async with context.event():  # not during the yield, because the consumer may be slow
                    result = await anext(results, None)
                if result is None:
                    return
                viewer.check_at(self._clock())
                self._rate_limiter.charge(prepared.rate_key, next(costs))
                yield self._result(result)._replace(is_final_error=_has_failed(result))

    async def _execute(self, prepared: PreparedOperation, viewer: Viewer) -> Result:
        viewer.check_at(self._clock())  # the credential may have expired since the connection was opened
        async with self._store.snapshot(viewer.visibility) as snapshot:
            answer = await self._compiled(prepared, viewer, snapshot) or await self._resolved(
                prepared, viewer, snapshot
            )
            generation = await snapshot.generation()
            answer = self._keep(prepared, viewer, generation, answer)
            return answer._replace(revision=generation.revision, seconds_left=self._seconds_left(generation))

    async def _compiled(self, prepared: PreparedOperation, viewer: Viewer, snapshot: Snapshot) -> Result | None:
        """The result of a compiled query. None if graphql-core has to execute it."""
        if self._compiler is None:
            return None
        budget = ReadBudget(self._limits.records)
        name = prepared.request.operation_name
        operation = Operation(prepared.document, name, prepared.variables, viewer, budget)
        try:
            data = await self._compiler.execute(operation, snapshot)
        except NotCompiled:
            return None
        return Result(data, dependencies=budget.tags)

    async def _resolved(self, prepared: PreparedOperation, viewer: Viewer, snapshot: Snapshot) -> Result:
        """The result of graphql-core."""
        request = prepared.request
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
            return self._result(await executing)._replace(dependencies=context.read_budget.tags)
        except asyncio.CancelledError:
            if context.read_budget.exceeded:
                raise context.read_budget.exceeded from None
            raise
        finally:
            context.read_budget.stop = None

    def _seconds_left(self, generation: Generation) -> float | None:
        due = generation.next_due
        return None if due is None else due.timestamp() - self._clock()

    def _extensions(self, prepared: PreparedOperation) -> Mapping[str, object]:
        """The cost extension, if requested."""
        if prepared.request.extensions.get("cost") is not True:
            return {}
        return {"cost": {"actual": prepared.cost, "allowed": self._limits.cost}}

    def _check_variables(self, request: OperationRequest) -> None:
        """Check the size of the variables before coercion. Raises RequestError."""
        found = json_size(request.variables)
        if found.depth > MAX_NESTING:
            raise RequestError(
                f"The variables are nested too deeply. At most {MAX_NESTING} levels of lists and objects are allowed."
            )
        if found.values > self._limits.variable_values:
            raise LimitExceeded("variable_values", self._limits.variable_values, found.values)

    def _result(self, result: ExecutionResult) -> Result:
        """Converts a result. Raises LimitExceeded if it exceeds `answer_characters`."""
        allowed = self._limits.answer_characters
        if (characters := json_size(result.data).characters) > allowed:
            raise LimitExceeded("answer_characters", allowed, characters)
        return Result(result.data, tuple(_format_error(error) for error in result.errors or ()))

    def _coerce_variables(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> VariableValues:
        coerced = get_variable_values(
            self._graph,
            operation.variable_definitions or (),
            dict(given),
            max_errors=20,
            hide_suggestions=not self._introspection,
        )
        if isinstance(coerced, list):
            raise VariablesRefused([error.formatted for error in coerced])
        return coerced

    async def check_ready(self) -> None:
        """Raises NotReady until the store may be served. Readiness is cached, because it never ends."""
        self._ready = self._ready or await self._is_ready()
        if not self._ready:
            raise NotReady


def _has_failed(result: ExecutionResult) -> bool:
    """Whether a result ended its subscription. Strawberry then yields a result with errors without a path."""
    is_of_no_field = bool(result.errors) and not any(error.path for error in result.errors or ())
    return isinstance(result, PreExecutionError) or (result.data is None and is_of_no_field)


def _error_result(error: RequestError) -> Result:
    return Result(None, tuple(error.entries()), is_final_error=True)


def _format_error(error: GraphQLError) -> ErrorEntry:
    """Formats an error for the client. Unexpected errors are logged with an incident id and masked."""
    cause = error.original_error
    if isinstance(cause, RequestError):
        return {**error.formatted, "extensions": cause.extensions}
    if cause is None or _is_of_document(cause):
        return {**error.formatted, "extensions": {"code": BadUserInput.code}}
    return {**error.formatted, **mask_error(cause).entries()[0]}


def _is_of_document(error: Exception) -> bool:
    """Whether graphql-core raised an error for a value in the document.

    Validation allows a null variable at a non-null position with a default (graphql-spec#359), so some argument values
    fail only during execution. Such an error has the node of the value. An error for a result of the wrong type does
    not have a node. It is an error of the server.
    """
    return isinstance(error, GraphQLError) and bool(error.nodes)


def mask_error(error: BaseException) -> InternalError:
    """Log an exception under a new incident id. Returns the error for the client."""
    incident = uuid4().hex
    logger.error("incident %s", incident, exc_info=error)
    return InternalError(incident=incident)
