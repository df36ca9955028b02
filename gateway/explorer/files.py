"""A file that is sent as it is, compressed where that is taken. It looks for no file itself."""

from __future__ import annotations

import asyncio
import gzip

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LEAST = 1024
"""Smaller files go as they are."""


class File:
    """The bytes of a file, for ASGI. They are compressed once, when somebody first asks for them so."""

    def __init__(self, content: bytes, kind: str, kept: str) -> None:
        """`kept` says how long caches keep it, as Cache-Control does."""
        self._content = content
        self._kind = kind
        self._headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
        self._compressed: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content, headers = self._content, self._headers
        if len(content) >= LEAST and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            content, headers = await self._small(), {**headers, "Content-Encoding": "gzip"}
        await Response(content, media_type=self._kind, headers=headers)(scope, receive, send)

    async def _small(self) -> bytes:
        if self._compressed is None:
            self._compressed = await asyncio.to_thread(gzip.compress, self._content)
        return self._compressed
