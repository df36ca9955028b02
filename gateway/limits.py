"""The limits of requests and connections, and the default sizes of the caches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

PAGE_SIZE = 20

PERSISTED_BYTES: Final = 16 * 2**20
DOCUMENT_BYTES: Final = 32 * 2**20
RENDERED_BYTES: Final = 32 * 2**20
ANSWER_BYTES: Final = 32 * 2**20
"""The default size of each cache, in bytes."""
ENTITIES: Final = 100_000
"""The default maximum number of providers, topics and authors in memory."""


def _limit(default: float, counts: str, *, least: int = 1) -> Any:
    """A field of Limits. `counts` completes "The maximum number of". `least` is the smallest valid setting."""
    return field(default=default, metadata={"counts": counts, "least": least})


UNPLANNED = 4
"""An operation without a plan may cost one part in this many, because its points take longer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits. Each is a setting named `limit_` and its name. Errors use the same name."""

    head_bytes: int = _limit(16 * 1024, "bytes in a request's line and headers, including the URL")
    body_bytes: int = _limit(256 * 1024, "bytes in a request's body")
    message_bytes: int = _limit(64 * 1024, "bytes in a WebSocket message")
    tokens: int = _limit(2000, "tokens in a document")
    fields: int = _limit(500, "fields in an operation, counted before equal fields are merged")
    depth: int = _limit(15, "levels of nested fields")
    introspection_depth: int = _limit(15, "levels of nested introspection fields, which depth does not count")
    aliases: int = _limit(100, "fields with an alias", least=0)
    root_fields: int = _limit(50, "fields at the top level of an operation")
    directives: int = _limit(50, "directives, in any position", least=0)
    cost: int = _limit(40_000, "points of cost of an operation")
    page: int = _limit(100, "rows that first or last of a list or a facet requests, and bounds of a facet")
    batch: int = _limit(10, "operations in one request")
    ids: int = _limit(100, "ids in an argument of nodes")
    order_by: int = _limit(5, "terms in orderBy")
    offset: int = _limit(10_000, "rows skipped by offset", least=0)
    filter_depth: int = _limit(10, "levels of nested filters (and, or, not)")
    filter_conditions: int = _limit(100, "conditions in a filter: comparisons, and filters without comparisons")
    filter_values: int = _limit(1000, "values in one list of a filter")
    search_words: int = _limit(32, "words used in a search, without an error for further words")
    variable_values: int = _limit(10_000, "values in an operation's variables, including lists and objects")
    records: int = _limit(
        10_000,
        "records in an answer, including repeated lists, and matches of a subscription's filter",
    )
    answer_characters: int = _limit(8_000_000, "characters of text in an answer, including repetitions")
    operation_seconds: float = _limit(10.0, "seconds that an operation may take")
    operations: int = _limit(32, "operations of all clients that run at once")
    queue_size: int = _limit(256, "operations that wait to run", least=0)
    queue_seconds: float = _limit(5.0, "seconds that an operation waits to run")
    connections: int = _limit(1000, "connections of all clients, including WebSockets and streams")
    websockets: int = _limit(500, "WebSockets of all clients")
    socket_operations: int = _limit(20, "operations that run at once on one WebSocket")
    streams: int = _limit(500, "streams of server-sent events of all clients")
    init_seconds: float = _limit(5.0, "seconds until a WebSocket client must send connection_init")
    request_seconds: float = _limit(20.0, "seconds from a request's first byte until the request is complete")
    idle_seconds: float = _limit(
        75.0, "seconds that a connection stays open without a request, or without a read by the client"
    )
