"""Renders bodies: each one once, in a worker thread, and remembers what was asked for last.

What a body looks like is decided by `gateway.content.markup`.
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
    """A body that nobody has rendered for this request yet."""

    text: str
    digest: bytes

    @classmethod
    def of(cls, text: str) -> Markdown:
        return cls(text, sha256(text.encode()).digest())


class BodyRenderer:
    """Remembers up to `capacity` bytes of rendered bodies, by their digests: a body means the same in any article.

    It belongs to one event loop.
    """

    def __init__(self, capacity: int = RENDERED_BYTES) -> None:
        self.size = 0
        """Bytes that are remembered now."""
        self.render_count = 0
        """How often a body was rendered."""
        self._capacity = capacity
        self._remembered: OrderedDict[bytes, Rendered] = OrderedDict()
        self._running: dict[bytes, asyncio.Task[Rendered]] = {}

    async def render(self, markdown: Markdown) -> Rendered:
        """Who asks for a body that is being rendered waits for that; who gives up stops it for nobody else."""
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
    """Bytes of memory, nearly."""
    headings = [part for heading in rendered.headings for part in (heading, heading.text, heading.anchor)]
    return sum(map(sys.getsizeof, [rendered, rendered.html, rendered.text, *headings]))
