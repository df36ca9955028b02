"""Puts the server together, in reading order. It holds no logic of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from strawberry import Schema

from gateway.auth import Authenticator, Scope
from gateway.callers import Callers
from gateway.errors import MethodNotAllowed, NotFound, RequestError
from gateway.explorer import page, queries, start
from gateway.explorer.inquiry import Inquiry
from gateway.graph.schema import build_schema, print_sdl
from gateway.limits import Limits
from gateway.operation import Operations, PreparedDocument, masked
from gateway.passes import Passes
from gateway.persisted import PersistedQueries, read_manifest
from gateway.rates import Rates
from gateway.settings import Mode, Settings
from gateway.store.protocol import Store
from gateway.turns import Turns
from gateway.web import preview
from gateway.web.admission import Admission
from gateway.web.caching import Caching
from gateway.web.endpoint import Endpoint
from gateway.web.head import RequestHead
from gateway.web.middleware import (
    LOOPBACK,
    AccessLog,
    Compression,
    Failures,
    KnownHosts,
    ResponseHeaders,
    error_response,
)
from gateway.web.origins import AllowedOrigins, CrossOrigin
from gateway.web.preview import ForPreviews, PreviewLink
from gateway.web.reload import Reload, ReloadHook
from gateway.web.websocket import Socket


def executable_schema() -> Schema:
    """The schema that operations run on. It does not depend on a store or on settings."""
    return build_schema([PreparedDocument])


def operations_over(store: Store, settings: Settings) -> Operations:
    """What runs operations without a server."""
    return Operations(executable_schema(), store, settings.limits, PersistedQueries(0), introspection=True)


def create_app(
    settings: Settings, store: Store, reload: Reload | None = None, *, schema: Schema | None = None
) -> Starlette:
    """The ASGI application over an open store. `reload` is what its hook calls; without one there is no hook.

    `schema` is the result of an earlier `executable_schema`, which several applications can share.
    Raises SettingsError where the trusted documents cannot be used.
    """
    limits, rates = settings.limits, Rates(settings.rate_limit)
    passes = Passes(settings.preview_secret) if settings.preview_secret else None
    callers = Callers(Authenticator(settings.tokens, passes, dev=settings.mode is Mode.DEV), rates)
    origins = AllowedOrigins(settings.allowed_origins, loopback=settings.mode is Mode.DEV)
    turns = Turns(limits.operations, limits.queue_size, limits.queue_seconds)
    schema = schema or executable_schema()
    trusted = read_manifest(settings.trusted_documents) if settings.trusted_documents else {}
    persisted = PersistedQueries(settings.persisted_bytes, trusted, trusted_only=settings.trusted_only)
    operations = Operations(
        schema,
        store,
        limits,
        persisted,
        rates,
        introspection=settings.introspection,
        document_bytes=settings.document_bytes,
        rendered_bytes=settings.rendered_bytes,
        turns=turns,
    )
    operations.check(trusted)
    endpoint = Endpoint(operations, callers, limits, _caching(settings), needs_preflight=settings.mode is Mode.SERVE)
    is_preview = passes is not None and settings.preview_explorer and not settings.explorer
    has_explorer = settings.explorer or is_preview
    routes: list[BaseRoute] = [
        Route("/graphql", page.BrowserRedirect(endpoint, private=is_preview) if has_explorer else endpoint),
        WebSocketRoute("/graphql", Socket(schema, operations, callers, limits, origins)),
        Route("/healthz", _state("ok")),
        Route("/readyz", _readiness(operations)),
    ]
    if reload:
        hook = ReloadHook(store, reload, callers, settings.reload_secret, limits)
        routes.append(Route("/-/reload", hook.answer, methods=["POST"]))
    if settings.introspection:
        routes.append(Route("/schema.graphql", _text(print_sdl())))
    if passes:
        routes.append(Route(preview.PATH, PreviewLink(passes).answer))
    if has_explorer:
        # What the server's own pages ask is bounded too, but not by limits on what clients may ask for at once.
        own = Operations(schema, store, Limits(), PersistedQueries(0), rates, introspection=True, turns=turns)
        inquiry = Inquiry(own, callers, previewing=is_preview)
        routes += _explorer(settings, inquiry, passes if is_preview else None)
    middleware = [
        Middleware(Admission, turns=turns),
        Middleware(AccessLog),
        Middleware(ResponseHeaders),
        Middleware(RequestHead, most_bytes=settings.limits.head_bytes),
        *([Middleware(Compression)] if settings.compress else []),
        Middleware(CrossOrigin, origins=origins),
        Middleware(Failures, mask=masked),
    ]
    if settings.mode is Mode.DEV or settings.allowed_hosts:
        middleware.append(Middleware(KnownHosts, hosts=LOOPBACK.union(settings.allowed_hosts)))
    return Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={HTTPException: _refusal, RequestError: _refusal, ClientDisconnect: _farewell},
    )


def _caching(settings: Settings) -> Caching:
    shape = (asdict(settings.limits), settings.introspection)
    return Caching(
        settings.cache_seconds, settings.shared_cache_seconds, settings.stale_seconds, settings.cache_tags, shape
    )


Handler = Callable[[Request], Awaitable[Response]]


def _state(name: str) -> Handler:
    async def answer(_request: Request) -> Response:
        return Response(orjson.dumps({"status": name}), media_type="application/json", headers=NO_STORE)

    return answer


def _readiness(operations: Operations) -> Handler:
    """Once it is ready it asks the store no more, whose readers may all be taken."""

    async def answer(request: Request) -> Response:
        await operations.check_ready()
        return await _state("ready")(request)

    return answer


def _text(content: str) -> Handler:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse(content)

    return answer


def _explorer(settings: Settings, inquiry: Inquiry, passes: Passes | None = None) -> list[Route]:
    """The pages of the explorer; with passes for those alone who hold one."""
    is_private, is_dev = passes is not None, settings.mode is Mode.DEV
    may_preview = settings.preview_secret or any(Scope.PREVIEW in grant.scopes for grant in settings.tokens)
    headers = page.DRAFTS if is_dev or is_private else page.TOKEN if may_preview else {}
    pages: Mapping[str, ASGIApp] = {
        **start.pages(
            inquiry,
            previewing=is_private,
            schema=settings.introspection,
            folder=settings.content.absolute() if is_dev else None,
        ),
        **page.pages(headers, private=is_private, cdn=is_dev, queries=queries.PATH.removeprefix("/")),
    }
    return [
        Route(path, ForPreviews(shown, passes) if passes else shown, methods=["GET"]) for path, shown in pages.items()
    ]


NO_STORE = {"Cache-Control": "no-store"}


async def _refusal(_request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        allowed = (error.headers or {}).get("Allow", "GET")
        error = MethodNotAllowed(allowed) if error.status_code == 405 else NotFound()
    assert isinstance(error, RequestError)  # noqa: S101 - it is registered for these two alone
    return error_response(error)


async def _farewell(_request: Request, _error: Exception) -> Response:
    return Response()  # to nobody: the client went while it was sending
