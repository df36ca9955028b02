"""Renders bodies in a worker thread, and caches the most recently used results.

`gateway.content.markup` defines the output.
"""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict
from hashlib import sha256
from typing import NamedTuple

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
        self.size = 0
        """Bytes in the cache."""
        self.render_count = 0
        """Number of renderings."""
        self._capacity = capacity
        self._remembered: OrderedDict[bytes, Rendered] = OrderedDict()
        self._running: dict[bytes, asyncio.Task[Rendered]] = {}

    async def render(self, markdown: Markdown) -> Rendered:
        """Concurrent requests for a body share one rendering. Cancelling one does not affect the others."""
        if found := self._remembered.get(markdown.digest):
            self._remembered.move_to_end(markdown.digest)
            return found
        if markdown.digest not in self._running:
            self._running[markdown.digest] = asyncio.create_task(self._run(markdown))
        return await asyncio.shield(self._running[markdown.digest])

    async def _run(self, markdown: Markdown) -> Rendered:
        self.render_count += 1
        try:
            rendered = await asyncio.to_thread(render, markdown.text)
            self._remember(markdown.digest, rendered)
            return rendered
        finally:
            del self._running[markdown.digest]

    def _remember(self, digest: bytes, rendered: Rendered) -> None:
        size = _size(rendered)
        if size > self._capacity:
            return
        self._remembered[digest] = rendered
        self.size += size
        while self.size > self._capacity:
            _, forgotten = self._remembered.popitem(last=False)
            self.size -= _size(forgotten)


def _size(rendered: Rendered) -> int:
    """Approximate memory use in bytes."""
    headings = [part for heading in rendered.headings for part in (heading, heading.text, heading.anchor)]
    return sum(map(sys.getsizeof, [rendered, rendered.html, rendered.text, *headings]))
