"""Assembles the ASGI application: executor, routes, pages and middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from strawberry import Schema

from gateway.access.clients import ClientResolver
from gateway.access.preview_tokens import PreviewTokens
from gateway.access.rate_limit import RateLimiter
from gateway.access.tokens import Authenticator, Scope
from gateway.content.assets import AssetFolder
from gateway.content.media_types import ASSETS
from gateway.errors import MethodNotAllowed, NotFound, RequestError
from gateway.execution.compiler import Compiler
from gateway.execution.concurrency import ConcurrencyLimiter
from gateway.execution.document_cache import DocumentCache
from gateway.execution.executor import Executor, UsePreparedDocument, mask_error
from gateway.execution.persisted_documents import PersistedDocuments, read_manifest
from gateway.explorer import graphiql_page, ready_queries, start_page
from gateway.explorer.page_query import PageQuery
from gateway.graph.schema import build_schema
from gateway.limits import Limits
from gateway.model.collections import NO_COLLECTIONS, Collections
from gateway.settings import Mode, Settings
from gateway.store.protocol import Store
from gateway.web import preview_links
from gateway.web.assets import AssetEndpoint
from gateway.web.caching import Caching
from gateway.web.compression import Compression
from gateway.web.cors import AllowedOrigins
from gateway.web.dispatcher import ENDPOINT, LOOPBACK, Dispatcher
from gateway.web.endpoint import Endpoint
from gateway.web.overload import OverloadMiddleware
from gateway.web.preview_links import PreviewLink, RequirePreview
from gateway.web.reload import Reload, ReloadHook
from gateway.web.responses import error_response
from gateway.web.websocket import WebSocketEndpoint

IsReady = Callable[[], Awaitable[bool]]


def executable_schema(collections: Collections = NO_COLLECTIONS) -> Schema:
    """The schema for operations. It does not depend on a store or on settings."""
    return build_schema([UsePreparedDocument], collections)


def executor_for(store: Store, settings: Settings) -> Executor:
    """An executor for commands without a server. Introspection is on, persisted documents are off."""
    return Executor(executable_schema(), store, settings.limits, PersistedDocuments(0), introspection=True)


def trusted_documents_allow(settings: Settings) -> Callable[[Collections], Sequence[str]]:
    """A function that returns what is wrong with the trusted documents in the schema of other collections.

    It builds the schema, which takes a CPU. Raises SettingsError if the manifest cannot be read.
    """
    trusted = read_manifest(settings.trusted_documents) if settings.trusted_documents else {}

    @lru_cache(maxsize=1)  # rules that are refused are read again in each run
    def faults(collections: Collections) -> Sequence[str]:
        if not trusted:
            return ()
        graph = build_schema(collections=collections)._schema
        return DocumentCache(graph, settings.limits, introspection=settings.introspection).faults(trusted)

    return faults


def create_app(
    settings: Settings,
    store: Store,
    reload: Reload | None = None,
    *,
    is_ready: IsReady | None = None,
    collections: Collections = NO_COLLECTIONS,
    schema: Schema | None = None,
) -> ASGIApp:
    """Build the ASGI application over an open store. The reload hook calls `reload`; None disables the hook.

    `is_ready` returns whether the store may be served. By default it may if it has a generation.
    `collections` are those that the content has at first. If it gets others, their schema is built then. `schema` is
    the result of an earlier `executable_schema` of them. Several applications can share it.
    Raises SettingsError if the trusted documents are invalid.
    """
    schema = schema or executable_schema(collections)
    limits, is_dev = settings.limits, settings.mode is Mode.DEV
    rate_limiter = RateLimiter(settings.rate_limit)
    concurrency = ConcurrencyLimiter(limits.operations, limits.queue_size, limits.queue_seconds)
    preview_tokens = PreviewTokens(settings.preview_secret) if settings.preview_secret else None
    clients = ClientResolver(Authenticator(settings.tokens, preview_tokens, dev=is_dev), rate_limiter)
    origins = AllowedOrigins(settings.allowed_origins, loopback=is_dev)
    executor = _executor(settings, store, schema, rate_limiter, concurrency, is_ready=is_ready, collections=collections)
    compression = Compression(settings.answer_bytes // 4, enabled=settings.compress)
    endpoint: ASGIApp = Endpoint(executor, clients, limits, _caching(settings), compression, needs_preflight=not is_dev)
    routes: list[BaseRoute] = [
        WebSocketRoute(ENDPOINT, WebSocketEndpoint(executor, clients, limits, origins)),
        Route("/healthz", _state("ok")),
        Route("/readyz", _readiness(executor, store)),
    ]
    if settings.content is not None:
        files = AssetFolder(settings.content, follow_links=settings.follow_links)
        served = AssetEndpoint(
            store,
            files,
            clients,
            rate_limiter=rate_limiter,
            concurrency=concurrency,
            check_ready=executor.check_ready,
            seconds=settings.cache_seconds,
            is_dev=is_dev,
        )
        routes.append(Mount(ASSETS, served))
    if reload:
        hook = ReloadHook(reload, clients, settings.reload_secret, limits)
        routes.append(Route("/-/reload", hook.answer, methods=["POST"]))
    if settings.introspection:
        routes.append(Route("/schema.graphql", _schema(executor)))
    if preview_tokens:
        routes.append(Route(preview_links.PATH, PreviewLink(preview_tokens).answer))
    required = preview_tokens if settings.preview_explorer and not settings.explorer else None
    if settings.explorer or required:
        # The server's own pages use the default limits, so that they work with stricter limits for clients.
        own = Executor(
            schema,
            store,
            Limits(),
            PersistedDocuments(0),
            rate_limiter,
            introspection=True,
            concurrency=concurrency,
            is_ready=is_ready,
            collections=collections,
        )
        routes += _explorer(settings, PageQuery(own, clients, previewing=required is not None), required)
        endpoint = graphiql_page.BrowserRedirect(endpoint, private=required is not None)
    refusals = {HTTPException: _refusal, RequestError: _refusal, ClientDisconnect: _discarded}
    dispatcher = Dispatcher(
        endpoint,
        Starlette(routes=routes, exception_handlers=refusals),
        hosts=LOOPBACK.union(settings.allowed_hosts) if is_dev or settings.allowed_hosts else None,
        origins=origins,
        compression=compression,
        mask=mask_error,
    )
    return OverloadMiddleware(dispatcher, concurrency)


def _executor(
    settings: Settings,
    store: Store,
    schema: Schema,
    rate_limiter: RateLimiter,
    concurrency: ConcurrencyLimiter,
    *,
    is_ready: IsReady | None,
    collections: Collections,
) -> Executor:
    """The executor of clients' operations. Raises SettingsError if the trusted documents are invalid."""
    trusted = read_manifest(settings.trusted_documents) if settings.trusted_documents else {}
    executor = Executor(
        schema,
        store,
        settings.limits,
        PersistedDocuments(settings.persisted_bytes, trusted, trusted_only=settings.trusted_only),
        rate_limiter,
        introspection=settings.introspection,
        document_bytes=settings.document_bytes,
        rendered_bytes=settings.rendered_bytes,
        answer_bytes=settings.answer_bytes,
        compiler=Compiler(schema, settings.limits),
        concurrency=concurrency,
        is_ready=is_ready,
        collections=collections,
    )
    executor.check(trusted)
    return executor


def _caching(settings: Settings) -> Caching:
    shape = repr((asdict(settings.limits), settings.introspection))
    return Caching(
        settings.cache_seconds, settings.shared_cache_seconds, settings.stale_seconds, settings.cache_tags, shape
    )


Handler = Callable[[Request], Awaitable[Response]]


def _state(name: str) -> Handler:
    async def answer(_request: Request) -> Response:
        return Response(orjson.dumps({"status": name}), media_type="application/json", headers=NO_STORE)

    return answer


def _readiness(executor: Executor, store: Store) -> Handler:
    """Queries the store only until it is ready, because its readers may all be busy later."""

    async def answer(request: Request) -> Response:
        store.check_available()
        await executor.check_ready()
        return await _state("ready")(request)

    return answer


def _schema(executor: Executor) -> Handler:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse(await executor.sdl())

    return answer


def _explorer(settings: Settings, page_query: PageQuery, preview_tokens: PreviewTokens | None = None) -> list[Route]:
    """The routes of the explorer. With `preview_tokens` they require a preview token."""
    is_private, is_dev = preview_tokens is not None, settings.mode is Mode.DEV
    may_preview = settings.preview_secret or any(Scope.PREVIEW in api_token.scopes for api_token in settings.tokens)
    headers = graphiql_page.DRAFTS if is_dev or is_private else graphiql_page.TOKEN if may_preview else {}
    pages: Mapping[str, ASGIApp] = {
        **start_page.pages(
            page_query,
            previewing=is_private,
            schema=settings.introspection,
            folder=settings.folder.absolute() if is_dev else None,
        ),
        **graphiql_page.pages(headers, private=is_private, cdn=is_dev, queries=ready_queries.PATH.removeprefix("/")),
    }
    return [
        Route(path, RequirePreview(shown, preview_tokens) if preview_tokens else shown, methods=["GET"])
        for path, shown in pages.items()
    ]


NO_STORE = {"Cache-Control": "no-store"}


async def _refusal(_request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        allowed = (error.headers or {}).get("Allow", "GET")
        error = MethodNotAllowed(allowed) if error.status_code == 405 else NotFound()
    assert isinstance(error, RequestError)  # noqa: S101 - it is registered for these two types only
    return error_response(error)


async def _discarded(_request: Request, _error: Exception) -> Response:
    return Response()  # not sent: the client disconnected during its request
