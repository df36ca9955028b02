"""What a request may ask for, and what is kept of requests: the table of limits. It counts nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

PAGE_SIZE = 20

PERSISTED_BYTES: Final = 16 * 2**20
DOCUMENT_BYTES: Final = 64 * 2**20
RENDERED_BYTES: Final = 64 * 2**20
"""What each cache holds by default."""


def _limit(default: float, counts: str, *, least: int = 1) -> Any:
    """A field of Limits. `counts` says what is counted, in the plural; a setting below `least` would make no sense."""
    return field(default=default, metadata={"counts": counts, "least": least})


@dataclass(frozen=True, slots=True)
class Limits:
    """The table of limits. Each is a setting, `limit_` and its name, and an error names it as it is named here."""

    head_bytes: int = _limit(16 * 1024, "bytes of a request's line and headers, the URL among them")
    body_bytes: int = _limit(256 * 1024, "bytes of a request's body")
    message_bytes: int = _limit(64 * 1024, "bytes of a WebSocket message")
    tokens: int = _limit(2000, "tokens of a document")
    fields: int = _limit(500, "fields of an operation, before equal ones are merged")
    depth: int = _limit(15, "fields within one another")
    introspection_depth: int = _limit(15, "introspection's fields within one another, which depth leaves out")
    aliases: int = _limit(100, "fields with an alias", least=0)
    root_fields: int = _limit(50, "fields on an operation's first level")
    directives: int = _limit(50, "directives, wherever they stand", least=0)
    cost: int = _limit(10_000, "points of cost of an operation")
    page: int = _limit(100, "rows that first or last of a list or a facet asks for, and bounds of a facet")
    batch: int = _limit(10, "operations in one request")
    ids: int = _limit(100, "ids given to nodes")
    order_by: int = _limit(5, "terms of orderBy")
    offset: int = _limit(10_000, "rows skipped by offset", least=0)
    filter_depth: int = _limit(10, "filters within one another, by and, or and not")
    filter_conditions: int = _limit(100, "conditions of a filter: comparisons, and filters that hold none")
    filter_values: int = _limit(1000, "values in one list of a filter")
    search_words: int = _limit(32, "words of a search that are used; the rest is left out, without an error")
    variable_values: int = _limit(10_000, "values in an operation's variables, lists and objects among them")
    records: int = _limit(
        20_000,
        "records read for one answer, and of lists that it holds again; matches of a subscription's filter",
    )
    answer_characters: int = _limit(8_000_000, "characters of the texts in an answer, however often it holds one")
    operation_seconds: float = _limit(10.0, "seconds that an operation may take")
    operations: int = _limit(32, "operations of all clients that are at work at once")
    queue_size: int = _limit(256, "operations that wait for others to end", least=0)
    queue_seconds: float = _limit(5.0, "seconds that an operation waits for others to end")
    connections: int = _limit(1000, "connections of all clients, WebSockets and streams among them")
    websockets: int = _limit(500, "WebSockets of all clients")
    socket_operations: int = _limit(20, "operations at work on one WebSocket")
    streams: int = _limit(500, "streams of server-sent events of all clients")
    init_seconds: float = _limit(5.0, "seconds until a WebSocket client must have sent connection_init")
    request_seconds: float = _limit(20.0, "seconds from a request's first byte until it has come whole")
    idle_seconds: float = _limit(75.0, "seconds that a connection is kept on which nothing is asked, or nothing taken")
