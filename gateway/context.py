"""What one operation is resolved with: its viewer, its snapshot, its limits, its loaders and the renderer of bodies.

It resolves nothing itself, and is used for one operation alone.
"""

from __future__ import annotations

from typing import Any, TypeVar

import strawberry

from gateway.auth import Scope, Viewer
from gateway.limits import Limits
from gateway.loaders import Loader, Records
from gateway.model import Visibility
from gateway.renderer import Renderer
from gateway.store.protocol import Snapshot

L = TypeVar("L", bound=Loader[Any, Any])


class Context:
    """The snapshot is one of the viewer's visibility; it and the renderer, which all operations share, outlive it."""

    def __init__(self, viewer: Viewer, snapshot: Snapshot, limits: Limits, renderer: Renderer) -> None:
        self.viewer = viewer
        self.snapshot = snapshot
        self.limits = limits
        self.renderer = renderer
        self._records = Records(limits.records)
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
            self._loaders[kind] = kind(self.snapshot, self._records)
        made: L = self._loaders[kind]
        return made


Info = strawberry.Info[Context, None]
