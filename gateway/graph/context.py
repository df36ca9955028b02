"""The context value of an operation: viewer, snapshot, limits, loader and body renderer. One operation uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import strawberry
from graphql import DocumentNode

from gateway.access.tokens import Scope, Viewer
from gateway.errors import OperationTimedOut, SchemaChanged
from gateway.graph.body_renderer import BodyRenderer
from gateway.graph.loaders import ReadLoader
from gateway.graph.read_budget import ReadBudget
from gateway.limits import Limits
from gateway.model.records import Visibility
from gateway.store.protocol import Snapshot, Store
from gateway.store.reads import WHOLE, Read

V = TypeVar("V")


class Context:
    """The snapshot has the viewer's visibility. The snapshot and the shared renderer outlive the context."""

    def __init__(
        self,
        viewer: Viewer,
        snapshot: Snapshot,
        limits: Limits,
        renderer: BodyRenderer,
        document: DocumentNode | None = None,
    ) -> None:
        """`document` is the parsed and validated document, if there is one."""
        self.viewer = viewer
        self.limits = limits
        self.renderer = renderer
        self.document = document
        self.use_snapshot(snapshot)

    def use_snapshot(self, snapshot: Snapshot) -> None:
        """Replace the snapshot, and drop all that was read."""
        self.snapshot = snapshot
        self.read_budget = ReadBudget(self.limits.records)
        self._loader = ReadLoader(snapshot, self.read_budget)

    @property
    def shows_drafts(self) -> bool:
        return self.viewer.visibility is Visibility.PREVIEW

    @property
    def shows_secured(self) -> bool:
        return Scope.SECURED_READ in self.viewer.scopes

    def load(self, read: Read[V], parent: str = WHOLE) -> Awaitable[V]:
        """The value of a read for a parent. Raises RequestError."""
        return self._loader.load((read, parent))

    def load_many(self, read: Read[V], parents: Iterable[str]) -> Awaitable[list[V]]:
        return self._loader.load_many((read, parent) for parent in parents)


class LiveContext(Context):
    """The context of a subscription. Each event uses its own snapshot, which is closed before the event is sent, so
    that clients that do not read do not hold readers. The operation timeout limits how long an event holds one."""

    def __init__(
        self,
        viewer: Viewer,
        store: Store,
        limits: Limits,
        renderer: BodyRenderer,
        document: DocumentNode | None = None,
        *,
        schema: str | None = None,
    ) -> None:
        """`schema` is the digest of the collections whose types the document names. None if it names none."""
        self._store = store
        self._schema = schema
        self.viewer = viewer
        self.limits = limits
        self.renderer = renderer
        self.document = document
        self._held = AsyncExitStack()
        self._deadline: asyncio.Timeout | None = None

    @asynccontextmanager
    async def event(self) -> AsyncIterator[None]:
        """Limits the time to find and resolve one event. Raises OperationTimedOut if the event holds a snapshot for
        longer. The time to wait for a change or for a snapshot is not limited."""
        try:
            async with asyncio.timeout(None) as self._deadline:
                yield
        except TimeoutError as error:
            raise OperationTimedOut from error
        finally:
            self._deadline = None
            await self.close_snapshot()

    async def generations(self) -> AsyncIterator[None]:
        """Yields at once, and then for each newer generation."""
        async for _ in self._store.generations():
            yield
            await self.close_snapshot()

    async def open_snapshot(self) -> Snapshot:
        """Opens a snapshot of the newest generation for the next event. Raises SchemaChanged."""
        await self.close_snapshot()
        self.use_snapshot(await self._held.enter_async_context(self._store.snapshot(self.viewer.visibility)))
        if self._schema is not None and (await self.snapshot.generation()).schema != self._schema:
            raise SchemaChanged
        self._end_at(asyncio.get_running_loop().time() + self.limits.operation_seconds)
        return self.snapshot

    async def close_snapshot(self) -> None:
        self._end_at(None)
        await self._held.aclose()

    def _end_at(self, when: float | None) -> None:
        if self._deadline and not self._deadline.expired():
            self._deadline.reschedule(when)


Info = strawberry.Info[Context, None]
