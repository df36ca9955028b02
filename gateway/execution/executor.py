"""Executes operations: checks and charges the document, runs it on a snapshot, and masks internal errors.

All transports use it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from itertools import chain, repeat
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
import strawberry
from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from gateway.access.clients import Client
from gateway.access.rate_limit import UNLIMITED, RateLimiter
from gateway.errors import (
    BadUserInput,
    DatabaseUnavailable,
    InternalError,
    LimitExceeded,
    NotAcceptable,
    NotCompiled,
    NotReady,
    OperationTimedOut,
    RequestError,
    SettingsError,
    StoreError,
)
from gateway.execution.answer_cache import Answer, AnswerCache, AnswerKey, key_of
from gateway.execution.compiler import Compiler
from gateway.execution.concurrency import ConcurrencyLimiter, IsDisconnected
from gateway.execution.document_cache import DocumentCache, QueryDocument
from gateway.execution.json_size import json_size
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.execution.plan import Operation
from gateway.execution.schemas import ExecutableSchema, Schemas, names_collections
from gateway.execution.variables import Variables
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.context import Context, LiveContext
from gateway.graph.read_budget import ReadBudget
from gateway.graph.schema import build_schema
from gateway.limits import DOCUMENT_BYTES, RENDERED_BYTES, UNPLANNED, Limits
from gateway.model.collections import NO_COLLECTIONS, Collections
from gateway.model.records import Generation, Visibility
from gateway.store.protocol import TOKEN_START, Snapshot, Store

logger = logging.getLogger("gateway")

MAX_NESTING = 100
"""Maximum nesting of lists and objects in variables. orjson serialises only about twice that depth."""

_TOKEN = re.compile(f"{TOKEN_START}[A-Za-z0-9_-]*")

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


class ResolvedRequest(NamedTuple):
    """A request with the text of its document, from a client that was charged for it."""

    request: OperationRequest
    client: Client
    schema: ExecutableSchema


class PreparedOperation(NamedTuple):
    """An operation that passed all checks, and was charged."""

    request: OperationRequest
    client: Client
    document: QueryDocument
    variables: VariableValues
    kind: OperationType
    cost: int
    """The points charged, and charged again for each further event of a subscription."""
    schema: ExecutableSchema


class Result(NamedTuple):
    """The result of an operation, perhaps with field errors. In a stream, also the error that ended it."""

    body: bytes
    """The response as JSON."""
    errors: Sequence[ErrorEntry] = ()
    revision: str = ""
    """The revision of the content."""
    seconds_left: float | None = None
    """The time until an article becomes due or expires, negative if it is past, or None if there is no such time."""
    dependencies: Collection[str] = ()
    """The cache tags of the content used."""
    is_kept: bool = False
    """Whether the body comes from the cache of answers."""
    is_final_error: bool = False
    """Whether the result has only errors and ends the operation."""


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
        collections: Collections = NO_COLLECTIONS,
    ) -> None:
        """`schema` is that of `collections`, and must have the extension UsePreparedDocument. If the content has other
        collections, the executor builds theirs. `compiler` executes the queries that it can compile, and graphql-core
        all others.

        `clock` returns Unix seconds, to check expiry. `is_ready`
        returns whether the store may be served. By default it may if it has a generation.

        `rate_limiter` and `concurrency` may be shared. Without `concurrency`, it is built from the limits.
        """
        self._store = store
        self._limits = limits
        self._introspection = introspection
        self._document_bytes = document_bytes
        self._schemas = Schemas(
            self._executable(collections.digest, schema, compiler),
            lambda declared: self._built(declared, compiles=compiler is not None),
        )
        self._persisted = persisted
        self._trusted: Mapping[str, str] = {}
        self._renderer = BodyRenderer(rendered_bytes)
        self.answers = AnswerCache(answer_bytes)
        self._rate_limiter = rate_limiter
        self._concurrency = concurrency or ConcurrencyLimiter(
            limits.operations, limits.queue_size, limits.queue_seconds
        )
        self._ready = False
        self._is_ready = is_ready or store.ready
        self._clock = clock

    def _executable(self, digest: str, schema: strawberry.Schema, compiler: Compiler | None) -> ExecutableSchema:
        documents = DocumentCache(
            schema._schema, self._limits, introspection=self._introspection, capacity=self._document_bytes
        )
        return ExecutableSchema(digest, schema, documents, compiler)

    def _built(self, collections: Collections, *, compiles: bool) -> ExecutableSchema:
        schema = build_schema([UsePreparedDocument], collections)
        made = self._executable(collections.digest, schema, Compiler(schema, self._limits) if compiles else None)
        for fault in made.documents.faults(self._trusted):
            logger.error("The collections have changed. %s", fault)
        return made

    def check(self, documents: Mapping[str, str]) -> None:
        """Raises SettingsError for trusted documents, by name, that are invalid or exceed a limit.

        Those that another schema breaks later are logged.
        """
        if faults := self._schemas.first.documents.faults(documents):
            raise SettingsError("\n".join(faults))
        self._trusted = documents

    async def answer(self, request: OperationRequest, client: Client, is_gone: IsDisconnected | None = None) -> Result:
        """Execute the query of a request, or return its kept result. Raises RequestError, and Abandoned as `run`."""
        resolved = await self.resolve(request, client)
        return self.kept(resolved) or await self.run(self.price(resolved), is_gone)

    async def prepare(self, request: OperationRequest, client: Client) -> PreparedOperation:
        """Check and charge an operation, to run it or to subscribe to it. Raises RequestError."""
        return self.price(await self.resolve(request, client))

    async def resolve(self, request: OperationRequest, client: Client) -> ResolvedRequest:
        """Check what is not part of the document, and find the text of a persisted document. Raises RequestError.

        Charges the client one point, without the cost of the operation.
        """
        self._rate_limiter.charge(client.rate_key, 1)
        if request.variables:
            self._check_variables(request.variables)
        text = self._persisted.resolve(request.query, request.document_id)
        await self.check_ready()
        for token in _tokens(text, request.variables):
            await self._store.reach(token=token)
        schema = await self._schema_of(client.viewer.visibility)
        return ResolvedRequest(request if text is request.query else request._replace(query=text), client, schema)

    async def sdl(self) -> str:
        """The schema of the newest content in SDL."""
        schema = await self._schema_of(Visibility.PUBLIC) if await self._is_ready() else self._schemas.first
        return schema.sdl

    async def _schema_of(self, visibility: Visibility) -> ExecutableSchema:
        """The schema of the newest generation."""
        generation = await self.generation(visibility)

        async def declared() -> Collections:
            async with self._store.snapshot(visibility) as snapshot:
                return await snapshot.collections()

        return await self._schemas.of(generation.schema, declared)

    async def generation(self, visibility: Visibility) -> Generation:
        """The newest generation, to compare ETags before execution."""
        if found := self._store.newest_generation(visibility):
            return found
        async with self._store.snapshot(visibility) as snapshot:
            return await snapshot.generation()

    async def generation_of_database(self, revision: str | None) -> Generation:
        """The newest generation of the public content, also if other machines write the database.

        Waits for a revision that a client has seen at another gateway, for a limited time.
        """
        await self._store.reach(revision=revision)
        return await self.generation(Visibility.PUBLIC)

    def kept(self, resolved: ResolvedRequest) -> Result | None:
        """The result for the newest generation, if it is kept. Charges its cost. Raises RequestError."""
        request, client, _ = resolved
        generation = self._store.newest_generation(client.viewer.visibility)
        if generation is None or (found := self.answers.get(_key(request, client, generation))) is None:
            return None
        client.viewer.check_at(self._clock())
        self._charge(resolved, found.cost)
        body = self._completed(found.body, request, found.cost)
        return Result(
            body, (), generation.revision, self.seconds_left(generation), found.dependencies, is_kept=body is found.body
        )

    def price(self, resolved: ResolvedRequest) -> PreparedOperation:
        """Parse, validate and price an operation, and charge its cost. Raises RequestError."""
        prepared = self._priced(resolved)
        self._charge(resolved, prepared.cost)
        return prepared

    def _priced(self, resolved: ResolvedRequest) -> PreparedOperation:
        request, client, schema = resolved
        document = schema.documents.get(request.query)
        operation = document.operation(request.operation_name)
        variables = _variables(schema.graph, document, operation, request.operation_name).coerced(
            request.variables, hide_suggestions=not self._introspection
        )
        cost = document.query_cost.check_cost(request.operation_name, variables.coerced)
        return PreparedOperation(request, client, document, variables, operation.operation, cost, schema)

    async def run(self, prepared: PreparedOperation, is_gone: IsDisconnected | None = None) -> Result:
        """Execute a query. Raises RequestError if it is refused or times out.

        Raises Abandoned if the operation waited in the queue and `is_gone` then returns true.
        """
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise NotAcceptable("A subscription needs 'Accept: text/event-stream', or a WebSocket.")
        async with self._concurrency.acquire(is_gone):
            try:
                async with asyncio.timeout(self._limits.operation_seconds):
                    return await self._run(prepared)
            except TimeoutError as error:
                raise OperationTimedOut from error

    def seconds_left(self, generation: Generation) -> float | None:
        """The time until the generation's next due time. See `Result.seconds_left`."""
        due = generation.next_due
        return None if due is None else due.timestamp() - self._clock()

    def _charge(self, resolved: ResolvedRequest, cost: int) -> None:
        """Charge for a valid document, and register it under the digest that its client sent."""
        if resolved.request.document_id is not None:
            self._persisted.register(resolved.request.document_id, resolved.request.query)
        self._rate_limiter.charge(resolved.client.rate_key, cost)

    async def subscribe(self, prepared: PreparedOperation) -> AsyncGenerator[Result, None]:
        """Yields the results of a subscription, or the only result of another operation.

        Does not raise. A request error is the last result.
        """
        is_subscription = prepared.kind is OperationType.SUBSCRIPTION
        try:
            async with aclosing(
                (self._subscription_results if is_subscription else self._single_result)(prepared)
            ) as answers:
                async for answer in answers:
                    yield answer
        except RequestError as error:
            yield _error_result(error)
        except Exception as error:  # noqa: BLE001 - the error is masked
            yield _error_result(mask_error(error))

    async def _single_result(self, prepared: PreparedOperation) -> AsyncGenerator[Result, None]:
        yield await self.run(prepared)

    async def _subscription_results(self, prepared: PreparedOperation) -> AsyncGenerator[Result, None]:
        request, viewer = prepared.request, prepared.client.viewer
        document = prepared.document.node
        schema = prepared.schema.digest if names_collections(document) else None
        context = LiveContext(viewer, self._store, self._limits, self._renderer, document, schema=schema)
        results = await prepared.schema.schema.subscribe(
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
                self._rate_limiter.charge(prepared.client.rate_key, next(costs))
                yield _failure(_errors(result)) if _has_failed(result) else self._result(result)

    async def _run(self, prepared: PreparedOperation) -> Result:
        viewer = prepared.client.viewer
        viewer.check_at(self._clock())  # the credential may have expired since the connection was opened
        async with self._store.snapshot(viewer.visibility) as snapshot:
            generation = await snapshot.generation()
            if generation.schema != prepared.schema.digest:  # the collections changed after the operation was priced
                schema = await self._schemas.of(generation.schema, snapshot.collections)
                prepared = self._priced(ResolvedRequest(prepared.request, prepared.client, schema))
            compiled = await self._compiled(prepared, snapshot)
            result = compiled or await self._resolved(prepared, snapshot)
        # A preview that graphql-core executed can have issues, which are not part of the revision.
        if not result.errors and (compiled or viewer.visibility is Visibility.PUBLIC):
            key = _key(prepared.request, prepared.client, generation)
            self.answers.put(key, Answer(result.body, result.dependencies, prepared.cost))
        return result._replace(
            body=self._completed(result.body, prepared.request, prepared.cost),
            revision=generation.revision,
            seconds_left=self.seconds_left(generation),
        )

    async def _compiled(self, prepared: PreparedOperation, snapshot: Snapshot) -> Result | None:
        """The result of a compiled query. None if graphql-core has to execute it."""
        compiler = prepared.schema.compiler
        if compiler is None:
            return None
        budget = ReadBudget(self._limits.records)
        name = prepared.request.operation_name
        viewer = prepared.client.viewer
        operation = Operation(prepared.document, name, prepared.variables, viewer, budget, self._renderer)
        try:
            body = await compiler.execute(operation, snapshot)
        except NotCompiled as refusal:
            self._check_without_plan(prepared.cost, refusal)
            return None
        return Result(body, dependencies=budget.tags)

    def _check_without_plan(self, cost: int, refusal: NotCompiled) -> None:
        """Raises RequestError if graphql-core may not execute an operation, because it takes longer for each point.

        An error in a field is then the error of the operation.
        """
        allowed, cause = self._limits.cost // UNPLANNED, refusal.__cause__
        if cost <= allowed or isinstance(cause, StoreError):
            return
        if isinstance(cause, RequestError):
            raise cause
        if isinstance(cause, GraphQLError):
            raise BadUserInput(cause.message)
        if cause is None:
            message = f"An operation with {refusal} may cost at most {allowed} points. This one costs {cost}."
            raise LimitExceeded("cost", allowed, cost, message)

    async def _resolved(self, prepared: PreparedOperation, snapshot: Snapshot) -> Result:
        """The result of graphql-core."""
        request = prepared.request
        context = Context(prepared.client.viewer, snapshot, self._limits, self._renderer, prepared.document.node)
        executing = asyncio.ensure_future(
            prepared.schema.schema.execute(
                request.query,
                variable_values=dict(request.variables),
                context_value=context,
                operation_name=request.operation_name,
            )
        )
        context.read_budget.stop = executing.cancel
        try:
            result = await executing
            _check_available(result)
            return self._result(result)._replace(dependencies=context.read_budget.tags)
        except asyncio.CancelledError:
            if context.read_budget.exceeded:
                raise context.read_budget.exceeded from None
            raise
        finally:
            context.read_budget.stop = None

    def _completed(self, body: bytes, request: OperationRequest, cost: int) -> bytes:
        """The body with the cost extension, if it is requested."""
        if request.extensions.get("cost") is not True:
            return body
        extensions = {"cost": {"actual": cost, "allowed": self._limits.cost}}
        return b'%b,"extensions":%b}' % (body[:-1], orjson.dumps(extensions))

    def _check_variables(self, variables: Mapping[str, Any]) -> None:
        """Check the size of the variables before coercion. Raises RequestError."""
        found = json_size(variables)
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
        errors = _errors(result)
        body = {"data": result.data, "errors": errors} if errors else {"data": result.data}
        return Result(orjson.dumps(body), errors)

    async def check_ready(self) -> None:
        """Raises NotReady until the store may be served. Readiness is cached, because it never ends."""
        self._ready = self._ready or await self._is_ready()
        if not self._ready:
            raise NotReady


def _tokens(query: str, variables: Mapping[str, Any]) -> Iterator[str]:
    """The tokens of `changes` in a request."""
    if TOKEN_START in query:
        yield from _TOKEN.findall(query)
    for value in variables.values():
        if isinstance(value, str) and value.startswith(TOKEN_START):
            yield value


def _check_available(result: ExecutionResult) -> None:
    """Raises the DatabaseUnavailable of a field as that of the operation, so that the client learns when to retry."""
    for error in result.errors or ():
        if isinstance(error.original_error, DatabaseUnavailable):
            raise error.original_error


def _has_failed(result: ExecutionResult) -> bool:
    """Whether a result ended its subscription. Strawberry then yields a result with errors without a path."""
    is_of_no_field = bool(result.errors) and not any(error.path for error in result.errors or ())
    return isinstance(result, PreExecutionError) or (result.data is None and is_of_no_field)


def _variables(
    graph: GraphQLSchema, document: QueryDocument, operation: OperationDefinitionNode, name: str | None
) -> Variables:
    """The variables of an operation. Kept with its document."""
    if name not in document.variables:
        document.variables[name] = Variables(graph, operation)
    return document.variables[name]


def _key(request: OperationRequest, client: Client, generation: Generation) -> AnswerKey:
    return key_of(request.query, request.operation_name, request.variables, client.viewer, generation.revision)


def _error_result(error: RequestError) -> Result:
    return _failure(error.entries())


def _failure(errors: Sequence[ErrorEntry]) -> Result:
    # GraphQL: a request error has no `data` entry, not even null
    return Result(orjson.dumps({"errors": errors}), errors, is_final_error=True)


def _errors(result: ExecutionResult) -> Sequence[ErrorEntry]:
    return [_format_error(error) for error in result.errors or ()]


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
