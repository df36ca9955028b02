"""Cache tags: what an answer depends on, and what a change concerns, in the same words. It knows no request.

An answer bears the id of each record in it, and the name of each list of the whole corpus that it was read from. A list
that belongs to a provider or topic goes with that record. What changes has its own id purged, and theirs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

ALL = "corpus"
"""Of every answer, for when all of them are to go."""
ARTICLES, PROVIDERS, TOPICS = LISTS = ("articles", "providers", "topics")
KINDS = {"ar": "article", "pr": "provider", "to": "topic"}
"""What an id is of, by its prefix."""
MAX_HEADER_BYTES = 4096
"""That the tags of one answer take: caches refuse longer headers."""
MAX_PURGED_IDS = 1000
"""Ids that are purged one by one; where more have changed everything is."""

_ID = re.compile(r"(?:ar|pr|to)_[A-Za-z0-9_-]{22}")


class TagHeader(StrEnum):
    """The header that a cache reads tags from, by which of them it is."""

    CACHE_TAG = "Cache-Tag"
    EDGE_CACHE_TAG = "Edge-Cache-Tag"
    SURROGATE_KEY = "Surrogate-Key"
    XKEY = "xkey"
    NONE = "none"

    @property
    def separator(self) -> str:
        return "," if self in {TagHeader.CACHE_TAG, TagHeader.EDGE_CACHE_TAG} else " "


def is_record_id(text: str) -> bool:
    """Whether a text may be the id of a record that bears a tag of its own, now or later."""
    return _ID.fullmatch(text) is not None


def for_response(dependencies: Iterable[str]) -> Sequence[str]:
    """The tags of an answer. Ids give way to the name of their kind, the most numerous first, until they are few."""
    tags = {ALL, *dependencies}
    while sum(map(len, tags)) + len(tags) > MAX_HEADER_BYTES:
        kind, _ = Counter(tag[:2] for tag in tags if is_record_id(tag)).most_common(1)[0]
        tags = {KINDS[kind], *(tag for tag in tags if not (is_record_id(tag) and tag[:2] == kind))}
    return sorted(tags)


def for_purge(ids: Collection[str]) -> Sequence[str]:
    """The tags to purge for what changed: those of answers that name a record of it, or depend on a list."""
    if len(ids) > MAX_PURGED_IDS:
        return [ALL]
    prefixes = {id_[:2] for id_ in ids}
    kinds = {KINDS[prefix] for prefix in prefixes}
    return sorted({ARTICLES, *ids, *kinds, *(f"{kind}s" for kind in kinds)})
