"""What one operation is resolved with: its viewer, its snapshot, its limits, its loaders and the renderer of bodies.

It resolves nothing itself, and is used for one operation alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import strawberry
from graphql import DocumentNode

from gateway.access.tokens import Scope, Viewer
from gateway.errors import OperationTimedOut
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.loaders import Loader, ReadBudget
from gateway.limits import Limits
from gateway.model import Visibility
from gateway.store.protocol import Snapshot, Store

L = TypeVar("L", bound=Loader[Any, Any])


class Context:
    """The snapshot is one of the viewer's visibility; it and the renderer, which all operations share, outlive it."""

    def __init__(
        self,
        viewer: Viewer,
        snapshot: Snapshot,
        limits: Limits,
        renderer: BodyRenderer,
        document: DocumentNode | None = None,
    ) -> None:
        """`document` is the operation's own where it was parsed and validated before."""
        self.viewer = viewer
        self.limits = limits
        self.renderer = renderer
        self.document = document
        self.use_snapshot(snapshot)

    def use_snapshot(self, snapshot: Snapshot) -> None:
        """Answer from another snapshot from now on, with nothing loaded yet."""
        self.snapshot = snapshot
        self.read_budget = ReadBudget(self.limits.records)
        self._loaders: dict[type[Loader[Any, Any]], Any] = {}

    @property
    def shows_drafts(self) -> bool:
        return self.viewer.visibility is Visibility.PREVIEW

    @property
    def shows_secured(self) -> bool:
        return Scope.SECURED_READ in self.viewer.scopes

    def loader(self, kind: type[L]) -> L:
        """The operation's one loader of this kind, made when it is first asked for."""
        if kind not in self._loaders:
            self._loaders[kind] = kind(self.snapshot, self.read_budget)
        made: L = self._loaders[kind]
        return made


class LiveContext(Context):
    """That of a subscription: each of its events is answered from a snapshot of its own, which is left before the event
    is sent. Else clients that do not read would hold readers that others wait for. None is held for longer than an
    operation may take.
    """

    def __init__(
        self, viewer: Viewer, store: Store, limits: Limits, renderer: BodyRenderer, document: DocumentNode | None = None
    ) -> None:
        self._store = store
        self.viewer = viewer
        self.limits = limits
        self.renderer = renderer
        self.document = document
        self._held = AsyncExitStack()
        self._deadline: asyncio.Timeout | None = None

    @asynccontextmanager
    async def event(self) -> AsyncIterator[None]:
        """Around the coming of one event, and its answer. Raises OperationTimedOut where that holds a snapshot for too
        long; waiting for a change, or for a snapshot, may take any time."""
        try:
            async with asyncio.timeout(None) as self._deadline:
                yield
        except TimeoutError as error:
            raise OperationTimedOut from error
        finally:
            self._deadline = None
            await self.close_snapshot()

    async def generations(self) -> AsyncIterator[None]:
        """Once at first, and then whenever there is a newer generation."""
        async for _ in self._store.generations():
            yield
            await self.close_snapshot()

    async def open_snapshot(self) -> Snapshot:
        """The newest generation, to find and answer the next event from. It is held until it is left."""
        await self.close_snapshot()
        self.use_snapshot(await self._held.enter_async_context(self._store.snapshot(self.viewer.visibility)))
        self._end_at(asyncio.get_running_loop().time() + self.limits.operation_seconds)
        return self.snapshot

    async def close_snapshot(self) -> None:
        self._end_at(None)
        await self._held.aclose()

    def _end_at(self, when: float | None) -> None:
        if self._deadline and not self._deadline.expired():
            self._deadline.reschedule(when)


Info = strawberry.Info[Context, None]
