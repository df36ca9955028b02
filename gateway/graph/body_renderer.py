"""Renders bodies outside the event loop, and caches the most recently used results.

`gateway.content.markup` defines the output.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from hashlib import sha256
from typing import NamedTuple

from gateway.byte_cache import ByteCache
from gateway.content.markup import Rendered, render
from gateway.limits import RENDERED_BYTES
from gateway.model.documents import BodyRules


class Markdown(NamedTuple):
    """A body that this request has not rendered yet."""

    text: str
    rules: str
    digest: bytes

    @classmethod
    def of(cls, text: str, rules: str = "") -> Markdown:
        return cls(text, rules, sha256(f"{rules}\n{text}".encode()).digest())


class BodyRenderer:
    """An LRU cache of up to `capacity` bytes of rendered bodies, keyed by digest, so that equal bodies share an entry.

    `render` belongs to one event loop. Any thread can call `rendered`.
    """

    def __init__(self, capacity: int = RENDERED_BYTES) -> None:
        self.render_count = 0
        """Number of renderings."""
        self._kept = ByteCache[bytes, Rendered](capacity)
        self._lock = threading.Lock()
        """Guards the cache and the count."""
        self._running: dict[bytes, asyncio.Task[Rendered]] = {}

    @property
    def size(self) -> int:
        """Bytes in the cache."""
        return self._kept.size

    async def render(self, markdown: Markdown) -> Rendered:
        """Concurrent requests for a body share one rendering. Cancelling one does not affect the others."""
        if found := self._found(markdown):
            return found
        if markdown.digest not in self._running:
            self._running[markdown.digest] = asyncio.create_task(self._run(markdown))
        return await asyncio.shield(self._running[markdown.digest])

    async def _run(self, markdown: Markdown) -> Rendered:
        try:
            return await asyncio.to_thread(self._render, markdown)
        finally:
            del self._running[markdown.digest]

    def rendered(self, markdown: Markdown) -> Rendered:
        """Renders in the thread of the caller. Threads that need one body at once may each render it."""
        return self._found(markdown) or self._render(markdown)

    def _found(self, markdown: Markdown) -> Rendered | None:
        with self._lock:
            return self._kept.get(markdown.digest)

    def _render(self, markdown: Markdown) -> Rendered:
        rendered = render(markdown.text, BodyRules.of(markdown.rules))
        with self._lock:
            self.render_count += 1
            self._kept.put(markdown.digest, rendered, _size(rendered))
        return rendered


def _size(rendered: Rendered) -> int:
    """Approximate memory use in bytes."""
    headings = [part for heading in rendered.headings for part in (heading, heading.text, heading.anchor)]
    return sum(map(sys.getsizeof, [rendered, rendered.html, rendered.text, *headings]))
