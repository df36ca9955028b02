"""HTTP caching (RFC 9111): what names an answer, how long it may be kept, and what has it dropped.

It runs no operation. Whose answers may be kept at all is for the endpoint to say.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256

import orjson

from gateway import __version__, cache_tags
from gateway.cache_tags import TagHeader
from gateway.execution.executor import OperationRequest

PRIVATE = "private, no-store"
"""Of what is for one client, or for one moment, alone."""

_ENTITY_TAG = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Caching:
    """How one server has its answers cached."""

    seconds: int = 0
    """How long an answer is fresh."""
    shared_seconds: int | None = None
    """The same for caches that many share, where it is another time."""
    stale_seconds: int = 0
    """How long after that it may be given out once more, while a new one is fetched (RFC 5861)."""
    tag_header: TagHeader = TagHeader.CACHE_TAG
    shape: object = None
    """What else of the server shapes its answers; anything that JSON can hold."""

    def entity_tag(self, request: OperationRequest, media_type: str | None, revision: str) -> str:
        """What names the answer to a request over a content: equal names, equal answers.

        It is a weak one, since a compressed answer has the same. The content's revision is part of it, and all that
        the answer depends on besides; so it can be told before anything runs.
        """
        asked = (request.query, request.operation_name, request.variables, request.extensions.get("cost") is True)
        named = orjson.dumps((__version__, self.shape, media_type, revision, asked), option=orjson.OPT_SORT_KEYS)
        return f'W/"{urlsafe_b64encode(sha256(named).digest()[:18]).decode()}"'

    def headers(self, entity_tag: str, dependencies: Collection[str] | None = None) -> Mapping[str, str]:
        """Those of an answer that anybody may keep; without the dependencies those that say that it is still good."""
        found = {"ETag": entity_tag, "Cache-Control": self._control}
        if dependencies is not None and self.tag_header is not TagHeader.NONE:
            found[self.tag_header] = self.tag_header.separator.join(cache_tags.for_response(dependencies))
        return found

    @property
    def _control(self) -> str:
        shared = [] if self.shared_seconds is None else [f"s-maxage={self.shared_seconds}"]
        stale = [f"stale-while-revalidate={self.stale_seconds}"] if self.stale_seconds else []
        return ", ".join(["public", f"max-age={self.seconds}", *shared, *stale])


def is_not_modified(entity_tag: str, if_none_match: str) -> bool:
    """Whether a client that sends `If-None-Match` has the answer of this name, by the weak comparison."""
    return entity_tag.removeprefix("W/").strip('"') in _ENTITY_TAG.findall(if_none_match)
