"""Serves the files of the content folder that visible documents refer to.

Unknown, hidden and disallowed files, and files outside the folder, are answered alike. Files are read in threads.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

from cachetools import LRUCache
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gateway.access.clients import ClientResolver
from gateway.access.rate_limit import RateLimiter
from gateway.access.tokens import credential
from gateway.content.assets import VERSION, VERSION_DIGITS, AssetFolder, Content, OpenAsset
from gateway.content.media_types import ASSETS, SHOWN, SVG, media_type
from gateway.content.source import Stamp
from gateway.errors import MethodNotAllowed, NotFound
from gateway.execution.concurrency import ConcurrencyLimiter, IsDisconnected
from gateway.model.records import Visibility
from gateway.store.protocol import Store
from gateway.store.reads import RefersTo
from gateway.web.caching import PRIVATE, is_not_modified
from gateway.web.requests import headers_of, identify
from gateway.web.responses import encoded

PREFIX = f"{ASSETS}/"
IMMUTABLE = "public, max-age=31536000, immutable"
CHUNK = 256 * 1024
"""The number of bytes that are read at once. The file is opened for each, so that slow clients hold no descriptors."""
REMEMBERED = 4096
"""The number of visible files that are kept."""
OWN_SITES = frozenset({"same-origin", "same-site", "none"})
"""The values of `Sec-Fetch-Site` for which a browser's preview shows drafts. A picture cannot have a header."""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The policy of SVG, which may contain scripts."""
_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; object-src 'self'; style-src 'unsafe-inline'"


class _Answer(NamedTuple):
    status: HTTPStatus
    headers: Mapping[str, str]
    part: range = range(0)
    """The bytes of the body."""


class AssetEndpoint:
    """ASGI application for the paths below `/assets/`."""

    def __init__(
        self,
        store: Store,
        folder: AssetFolder,
        clients: ClientResolver,
        *,
        rate_limiter: RateLimiter,
        concurrency: ConcurrencyLimiter,
        check_ready: Callable[[], Awaitable[None]],
        seconds: int,
        is_dev: bool,
    ) -> None:
        """`seconds` is how long caches may use the response for an address without the digest of the present bytes."""
        self._store = store
        self._folder = folder
        self._clients = clients
        self._rate_limiter = rate_limiter
        self._concurrency = concurrency
        self._check_ready = check_ready
        self._seconds = seconds
        self._is_dev = is_dev
        self._shown = LRUCache[tuple[Visibility, str, str] | None, bool](REMEMBERED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises RequestError before the response begins."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("GET, HEAD")
        headers, path = headers_of(scope), scope["path"].removeprefix(PREFIX)
        is_public = await self._is_public(scope, headers, path)
        found = await asyncio.to_thread(self._folder.find, path)
        if found is None:
            raise NotFound
        asset, content = found
        is_head = scope["method"] == "HEAD"
        if is_head:  # a range is defined for GET only
            headers = {name: value for name, value in headers.items() if name != "range"}
        answer = self._answer(headers, scope["query_string"], asset, content, is_public=is_public)
        if is_head or not answer.part:
            await send({"type": "http.response.start", "status": answer.status, "headers": encoded(answer.headers)})
            await send({"type": "http.response.body"})
        else:
            await self._send(path, asset.stamp, answer, Request(scope, receive).is_disconnected, send)

    async def _is_public(self, scope: Scope, headers: Mapping[str, str], path: str) -> bool:
        """Whether the public may see a file that the client may see. Raises NotFound for other files."""
        client = identify(self._clients, scope, headers)
        self._rate_limiter.charge(client.rate_key, 1)
        await self._check_ready()
        if media_type(path) is None:
            raise NotFound
        if await self._is_shown(path, Visibility.PUBLIC):
            return True
        if drafts := self._drafts(headers):  # an expired preview must not hide what is public
            client = identify(self._clients, scope, headers, drafts)
        if client.viewer.visibility is Visibility.PUBLIC or not await self._is_shown(path, Visibility.PREVIEW):
            raise NotFound
        return False

    async def _is_shown(self, path: str, visibility: Visibility) -> bool:
        """Whether a visible article refers to a file. A page shows the same files again, so they are kept for their
        generation. Others are not kept, because clients could fill the memory with them."""
        generation = self._store.newest_generation(visibility)
        key = (visibility, generation.revision, path) if generation else None
        if key in self._shown:
            return True
        is_shown = await self._refers(path, visibility)
        if is_shown and key:
            self._shown[key] = True
        return is_shown

    async def _refers(self, path: str, visibility: Visibility) -> bool:
        async with self._concurrency.acquire(), self._store.snapshot(visibility) as snapshot:
            [found] = await snapshot.read([(RefersTo(), [path])])
        return isinstance(found, Mapping) and bool(found[path])

    def _drafts(self, headers: Mapping[str, str]) -> str | None:
        """The value that replaces the header X-Include-Drafts, which a page cannot send for a picture."""
        site = headers.get("sec-fetch-site")
        if site is None or credential(headers.get("authorization")) or "x-include-drafts" in headers:
            return None
        if site not in OWN_SITES:
            return "false"
        return "true" if self._is_dev or "cookie" in headers else None

    def _answer(
        self, headers: Mapping[str, str], query: bytes, asset: OpenAsset, content: Content, *, is_public: bool
    ) -> _Answer:
        size, entity_tag = asset.stamp.size, f'"{content.digest}"'
        is_current = parse_qs(query.decode("latin-1")).get(VERSION) == [content.digest[:VERSION_DIGITS]]
        about = {
            "ETag": entity_tag,
            "Cache-Control": self._cache_control(is_public=is_public, is_current=is_current),
            "Cross-Origin-Resource-Policy": "cross-origin" if is_public else "same-site",
            "Content-Security-Policy": _SANDBOX if asset.media_type == SVG else _POLICY,
            "Accept-Ranges": "bytes",
        }
        if is_not_modified(entity_tag, headers.get("if-none-match", "")):
            return _Answer(HTTPStatus.NOT_MODIFIED, about)
        part = requested_part(headers, size, entity_tag)
        if part is None:
            about |= {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
            return _Answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, about)
        about |= {"Content-Type": asset.media_type, "Content-Length": str(len(part))}
        if not asset.media_type.startswith(SHOWN):
            about["Content-Disposition"] = "attachment"
        if len(part) == size:
            return _Answer(HTTPStatus.OK, about, part)
        about["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        return _Answer(HTTPStatus.PARTIAL_CONTENT, about, part)

    def _cache_control(self, *, is_public: bool, is_current: bool) -> str:
        if not is_public:
            return PRIVATE
        return IMMUTABLE if is_current else f"public, max-age={self._seconds}"

    async def _send(self, path: str, stamp: Stamp, answer: _Answer, is_gone: IsDisconnected, send: Send) -> None:
        """Send a part of a file. If the file changes meanwhile, the response stays incomplete.

        Raises NotFound before the response begins.
        """
        for start in range(answer.part.start, answer.part.stop, CHUNK):
            part = range(start, min(start + CHUNK, answer.part.stop))
            data = await asyncio.to_thread(self._read, path, stamp, part)
            is_first = start == answer.part.start
            if data is None and is_first:
                raise NotFound
            if data is None or (not is_first and await is_gone()):
                return
            if is_first:
                await send({"type": "http.response.start", "status": answer.status, "headers": encoded(answer.headers)})
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body"})

    def _read(self, path: str, stamp: Stamp, part: range) -> bytes | None:
        """The bytes of a part of a file in this state, or None."""
        found = self._folder.open(path)
        if found is None:
            return None
        try:
            data = os.pread(found.descriptor, len(part), part.start)
            is_same = found.stamp == stamp == Stamp.of(os.fstat(found.descriptor))
            return data if is_same and len(data) == len(part) else None
        except OSError:
            return None
        finally:
            os.close(found.descriptor)


def requested_part(headers: Mapping[str, str], size: int, entity_tag: str) -> range | None:
    """The requested bytes, which are all without a valid range (RFC 9110, 14.2). None if they are outside."""
    asked = _RANGE.fullmatch(headers.get("range", ""))
    if asked is None or headers.get("if-range", entity_tag) != entity_tag:
        return range(size)
    first, last = asked.groups()
    if not first and not last:
        return range(size)
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return range(size)
    return range(start, stop) if start < size else None
