"""Cache tags: the dependencies of a response, and the tags to purge after a change.

A response has the id of each of its records, and the name of each corpus-wide list that it was read from. A list of a
provider, topic or author is covered by that record's id. A change purges the ids of the record and of its provider,
topics and authors.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

ALL = "corpus"
"""The tag of every response, to purge all of them."""
ARTICLES, PROVIDERS, TOPICS, AUTHORS = LISTS = ("articles", "providers", "topics", "authors")
KINDS = {"ar": "article", "pr": "provider", "to": "topic", "au": "author"}
"""The kind of record, by id prefix."""
MAX_HEADER_BYTES = 4096
"""Maximum size of a response's tags. Caches reject longer headers."""
MAX_PURGED_IDS = 1000
"""Maximum number of ids to purge individually. Above it, everything is purged."""

_ID = re.compile(r"(?:ar|pr|to|au)_[A-Za-z0-9_-]{22}")


class TagHeader(StrEnum):
    """The header in which a cache expects tags."""

    CACHE_TAG = "Cache-Tag"
    EDGE_CACHE_TAG = "Edge-Cache-Tag"
    SURROGATE_KEY = "Surrogate-Key"
    XKEY = "xkey"
    NONE = "none"

    @property
    def separator(self) -> str:
        return "," if self in {TagHeader.CACHE_TAG, TagHeader.EDGE_CACHE_TAG} else " "


def is_record_id(text: str) -> bool:
    """Whether a text has the form of a tagged record's id. The record need not exist."""
    return _ID.fullmatch(text) is not None


def for_response(dependencies: Iterable[str]) -> Sequence[str]:
    """The tags of a response. If they exceed the header size, the ids of the most frequent kind are replaced by the
    name of the kind."""
    tags = {ALL, *dependencies}
    while sum(map(len, tags)) + len(tags) > MAX_HEADER_BYTES:
        kind, _ = Counter(tag[:2] for tag in tags if is_record_id(tag)).most_common(1)[0]
        tags = {KINDS[kind], *(tag for tag in tags if not (is_record_id(tag) and tag[:2] == kind))}
    return sorted(tags)


def for_purge(ids: Collection[str]) -> Sequence[str]:
    """The tags to purge after a change: the changed ids, their kinds and the affected lists."""
    if len(ids) > MAX_PURGED_IDS:
        return [ALL]
    prefixes = {id_[:2] for id_ in ids}
    kinds = {KINDS[prefix] for prefix in prefixes}
    return sorted({ARTICLES, *ids, *kinds, *(f"{kind}s" for kind in kinds)})
