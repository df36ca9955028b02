"""Keeps whole answers, so that a repeated request costs about what fixed bytes cost."""

from __future__ import annotations

import marshal
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from gateway.access.tokens import Scope, Viewer
from gateway.byte_cache import ByteCache
from gateway.model.records import Visibility

OVERHEAD: Final = 1000
"""Estimated further bytes per answer."""
TAG_BYTES: Final = 80
"""Estimated bytes per cache tag."""


class AnswerKey(NamedTuple):
    """All that a response without errors depends on."""

    query: str
    operation_name: str | None
    variables: bytes
    """Equal bytes mean equal values."""
    visibility: Visibility
    shows_secured: bool
    revision: str


class Answer(NamedTuple):
    """The body of a response without errors and extensions."""

    body: bytes
    dependencies: Collection[str]
    """Its cache tags."""
    cost: int
    """The cost of its operation."""


class AnswerCache:
    """Keeps answers of the newest revisions. Older ones are not asked for, and drop out."""

    def __init__(self, capacity: int) -> None:
        """`capacity` is in bytes. 0 disables the cache."""
        self._kept = ByteCache[AnswerKey, Answer](capacity)
        self.get = self._kept.get

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._kept.size

    def put(self, key: AnswerKey, answer: Answer) -> None:
        size = OVERHEAD + len(answer.body) + len(key.query) + len(key.variables) + TAG_BYTES * len(answer.dependencies)
        self._kept.put(key, answer, size)


def key_of(
    query: str, operation_name: str | None, variables: Mapping[str, Any], viewer: Viewer, revision: str
) -> AnswerKey:
    shows_secured = Scope.SECURED_READ in viewer.scopes
    # Unlike JSON, marshal also takes lone surrogates. Version 2 does not write references, which depend on identity.
    return AnswerKey(
        query, operation_name, marshal.dumps(dict(variables), 2), viewer.visibility, shows_secured, revision
    )
