"""Renders bodies in a worker thread, and caches the most recently used results.

`gateway.content.markup` defines the output.
"""

from __future__ import annotations

import asyncio
import sys
from hashlib import sha256
from typing import NamedTuple

from gateway.byte_cache import ByteCache
from gateway.content.markup import Rendered, render
from gateway.limits import RENDERED_BYTES


class Markdown(NamedTuple):
    """A body that this request has not rendered yet."""

    text: str
    digest: bytes

    @classmethod
    def of(cls, text: str) -> Markdown:
        return cls(text, sha256(text.encode()).digest())


class BodyRenderer:
    """An LRU cache of up to `capacity` bytes of rendered bodies, keyed by digest, so that equal bodies share an entry.

    Belongs to one event loop.
    """

    def __init__(self, capacity: int = RENDERED_BYTES) -> None:
        self.render_count = 0
        """Number of renderings."""
        self._kept = ByteCache[bytes, Rendered](capacity)
        self._running: dict[bytes, asyncio.Task[Rendered]] = {}

    @property
    def size(self) -> int:
        """Bytes in the cache."""
        return self._kept.size

    async def render(self, markdown: Markdown) -> Rendered:
        """Concurrent requests for a body share one rendering. Cancelling one does not affect the others."""
        if found := self._kept.get(markdown.digest):
            return found
        if markdown.digest not in self._running:
            self._running[markdown.digest] = asyncio.create_task(self._run(markdown))
        return await asyncio.shield(self._running[markdown.digest])

    async def _run(self, markdown: Markdown) -> Rendered:
        self.render_count += 1
        try:
            rendered = await asyncio.to_thread(render, markdown.text)
            self._kept.put(markdown.digest, rendered, _size(rendered))
            return rendered
        finally:
            del self._running[markdown.digest]


def _size(rendered: Rendered) -> int:
    """Approximate memory use in bytes."""
    headings = [part for heading in rendered.headings for part in (heading, heading.text, heading.anchor)]
    return sum(map(sys.getsizeof, [rendered, rendered.html, rendered.text, *headings]))
