"""HTTP caching (RFC 9111): ETag, Cache-Control and cache tags.

The endpoint decides which responses are cacheable.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import orjson

from gateway import __version__, cache_tags
from gateway.cache_tags import TagHeader
from gateway.execution.executor import OperationRequest

PRIVATE = "private, no-store"
"""Cache-Control of a response that caches must not store."""

REMEMBERED = 64
"""The ETags that are kept. Clients and caches revalidate few responses often."""
_ENTITY_TAG = re.compile(r'"([^"]*)"')
_REVISION = re.compile(r'\.([0-9a-f]{16}-[0-9]{1,18})"')


@dataclass(frozen=True, slots=True)
class Caching:
    """The caching policy of a server."""

    seconds: int = 0
    """`max-age`: how long a response is fresh."""
    shared_seconds: int | None = None
    """`s-maxage`: the same for shared caches, if it differs."""
    stale_seconds: int = 0
    """`stale-while-revalidate`: how long a cache may serve a stale response while it revalidates (RFC 5861)."""
    tag_header: TagHeader = TagHeader.CACHE_TAG
    shape: str = ""
    """Further inputs of the ETag: the settings that change responses."""

    def entity_tag(self, request: OperationRequest, media_type: str | None, revision: str) -> str:
        """The ETag of the response to a request at a revision of the content. Equal ETags mean equal responses.

        The ETag is weak, because compressed responses share it. It hashes all inputs of the response, so it is known
        before execution. It ends with the revision, so that another gateway can wait for that.
        """
        variables = orjson.dumps(request.variables, option=orjson.OPT_SORT_KEYS)
        costs = request.extensions.get("cost") is True
        return _entity_tag(
            revision, self.shape, media_type, request.query, request.operation_name, variables, costs=costs
        )

    def headers(
        self, entity_tag: str, left: float | None, dependencies: Collection[str] | None = None
    ) -> Mapping[str, str]:
        """The headers of a publicly cacheable response. Without `dependencies`, the headers of a 304.

        `left` is the number of seconds until an article becomes due or expires, or None. The response is not used
        after that time, fresh or stale.
        """
        found = {"ETag": entity_tag, "Cache-Control": self._control(left)}
        if dependencies is not None and self.tag_header is not TagHeader.NONE:
            found[self.tag_header] = self.tag_header.separator.join(cache_tags.for_response(dependencies))
        return found

    def _control(self, left: float | None) -> str:
        seconds, shared_seconds = _capped(self.seconds, left), _capped(self.shared_seconds or 0, left)
        fresh = max(seconds, shared_seconds)
        stale_seconds = _capped(self.stale_seconds, None if left is None else left - fresh)
        shared = [] if self.shared_seconds is None else [f"s-maxage={shared_seconds}"]
        stale = [f"stale-while-revalidate={stale_seconds}"] if stale_seconds else []
        return ", ".join(["public", f"max-age={seconds}", *shared, *stale])


@lru_cache(REMEMBERED)
def _entity_tag(revision: str, *inputs: str | bytes | None, costs: bool) -> str:
    digest = sha256(repr((__version__, revision, inputs, costs)).encode()).digest()
    return f'W/"{urlsafe_b64encode(digest[:18]).decode()}.{revision}"'


def _capped(seconds: int, left: float | None) -> int:
    return seconds if left is None else max(0, min(seconds, int(left)))


def revision_of(if_none_match: str) -> str | None:
    """The revision of the public content that a client has seen, as an ETag has it. None if it has another form."""
    found = _REVISION.search(if_none_match)
    return found[1] if found else None


def is_not_modified(entity_tag: str, if_none_match: str) -> bool:
    """Whether `If-None-Match` contains this ETag, by weak comparison (RFC 9110, 8.8.3.2)."""
    return entity_tag.removeprefix("W/").strip('"') in _ENTITY_TAG.findall(if_none_match)
