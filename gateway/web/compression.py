"""Compresses responses with the encoding that a client prefers: brotli, gzip or zstd."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Mapping

import brotli
import zstandard

from gateway.byte_cache import ByteCache
from gateway.web.content_negotiation import EVENTS, Encoding, encoding
from gateway.web.responses import RawHeaders

SHORTEST = 500
"""Bytes. Shorter bodies are sent as they are."""
LONG = 65_536
"""Bytes. Longer bodies are compressed in a thread, because that takes milliseconds."""
LEVEL = 4
"""For each encoding a good ratio at a high speed."""
TEXTUAL = ("text/", "application/json", "application/graphql-response+json", "application/javascript", "image/svg+xml")
"""Beginnings of the media types that are compressed. Events are not: they are short, and must not wait."""

_COMPRESSORS: Mapping[Encoding, Callable[[bytes], bytes]] = {
    Encoding.BROTLI: lambda body: brotli.compress(body, quality=LEVEL),
    Encoding.GZIP: lambda body: gzip.compress(body, LEVEL, mtime=0),
    Encoding.ZSTD: lambda body: zstandard.ZstdCompressor(level=LEVEL).compress(body),
}


class Compression:
    """Compresses bodies, and keeps those of the answers that are kept."""

    def __init__(self, capacity: int, *, enabled: bool = True) -> None:
        """`capacity` is in bytes, with the bodies before and after. 0 keeps none."""
        self.enabled = enabled
        self._kept = ByteCache[tuple[bytes, Encoding], bytes](capacity)

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._kept.size

    def encoding(self, accept_encoding: str | None, body: bytes) -> Encoding:
        """The encoding of a textual body for an Accept-Encoding header."""
        if accept_encoding is None or len(body) < SHORTEST or not self.enabled:
            return Encoding.IDENTITY
        return encoding(accept_encoding)

    async def kept(self, body: bytes, chosen: Encoding) -> bytes:
        """The compressed form of a body that is asked for again."""
        found = self._kept.get((body, chosen))  # the hash of an equal object is computed once
        if found is None:
            found = await compressed(body, chosen)
            self._kept.put((body, chosen), found, len(body) + len(found))
        return found


async def compressed(body: bytes, chosen: Encoding) -> bytes:
    """The body in another encoding than identity."""
    compress = _COMPRESSORS[chosen]
    return await asyncio.to_thread(compress, body) if len(body) > LONG else compress(body)


def is_compressible(headers: RawHeaders) -> bool:
    """Whether a response is text that is not encoded yet."""
    named = dict(headers)
    media_type = named.get(b"content-type", b"").decode("latin-1")
    is_textual = media_type.startswith(TEXTUAL) and not media_type.startswith(EVENTS)
    return is_textual and b"content-encoding" not in named
