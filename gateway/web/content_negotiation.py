"""Content negotiation: selects the media type and the encoding of a response (RFC 9110, 12.5.1 and 12.5.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from gateway.errors import NotAcceptable


class MediaType(StrEnum):
    """The media types of a response. The first is preferred among equal quality values."""

    RESPONSE = "application/graphql-response+json"
    JSON = "application/json"


EVENTS = "text/event-stream"
HTML = "text/html"
REMEMBERED = 128
"""The results kept for header values. Clients send few, and the head's limit bounds each."""

_RANGE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+)\s*((?:;[^;,]*)*)", re.IGNORECASE)
_QUALITY = re.compile(r";\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)", re.IGNORECASE)
_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*((?:;[^;,]*)*)", re.IGNORECASE)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^;\"\s]*)", re.IGNORECASE)
_WILD = ("application/*", "*/*")


class Encoding(StrEnum):
    """The encodings of a response. The first is preferred among equal quality values.

    zstd follows gzip, because some clients on Node 20 list it but cannot decode it.
    """

    BROTLI = "br"
    GZIP = "gzip"
    ZSTD = "zstd"
    IDENTITY = "identity"


class Negotiated(NamedTuple):
    """The result of the negotiation."""

    media_type: MediaType | None
    """The media type of a single response. None if the client accepts only events."""
    accepts_events: bool
    """Whether the client accepts a stream of events."""


class _Range(NamedTuple):
    name: str
    quality: float


@lru_cache(REMEMBERED)
def negotiate(accept: str | None) -> Negotiated:
    """Selects the media type for an `Accept` header. Raises NotAcceptable if no supported type is accepted.

    A client that accepts any type gets `application/json`, which all clients support.
    """
    if accept is None or not accept.strip():
        return Negotiated(MediaType.JSON, False)
    ranges = list(_ranges(accept))
    negotiated = Negotiated(_preferred(ranges), (_quality(ranges, EVENTS) or 0) > 0)
    if negotiated == (None, False):
        raise NotAcceptable(f"Responses are {' or '.join(MediaType)}. Send one of them in 'Accept', or '*/*'.")
    return negotiated


def prefers_html(accept: str | None) -> bool:
    """Whether a client accepts HTML and lists neither JSON nor events, as a browser does when it opens a URL."""
    ranges = list(_ranges(accept or ""))
    named = any(_quality(ranges, kind) is not None for kind in (*MediaType, EVENTS))
    return not named and (_quality(ranges, HTML) or 0.0) > 0


def _preferred(ranges: list[_Range]) -> MediaType | None:
    named = [(_quality(ranges, kind), kind) for kind in MediaType]
    # `max` returns the first of equal values, which is the preferred one.
    quality, kind = max(((quality or 0.0, kind) for quality, kind in named), key=lambda found: found[0])
    if quality > 0:
        return kind
    wild = max((each.quality for each in ranges if each.name in _WILD), default=0.0)
    return MediaType.JSON if wild > 0 and _quality(ranges, MediaType.JSON) is None else None


@lru_cache(REMEMBERED)
def encoding(accept_encoding: str | None) -> Encoding:
    """The supported encoding with the highest quality value, else identity.

    An unlisted encoding has the quality value of `*`. An unlisted identity has 0 and is the fallback.
    """
    named = dict(_weights(accept_encoding or ""))
    weights = {each: named.get(each, named.get("*", 0.0)) for each in Encoding}
    weights[Encoding.IDENTITY] = named.get(Encoding.IDENTITY, 0.0)
    found = max(weights, key=weights.__getitem__)  # the first of equal values is the preferred one
    return found if weights[found] else Encoding.IDENTITY


def _weights(accept_encoding: str) -> Iterator[tuple[str, float]]:
    """Each listed coding with its quality value. An invalid value counts as 0."""
    for written in accept_encoding.split(","):
        if found := _CODING.fullmatch(written.strip()):
            quality = _QUALITY.search(found[2])
            yield found[1].lower(), float(quality[1]) if quality else 0.0 if found[2] else 1.0


def is_utf8(content_type: str) -> bool:
    """Whether the charset of a Content-Type is absent or UTF-8."""
    found = _CHARSET.search(content_type)
    return found is None or found[1].lower() in {"utf-8", "utf8"}


def _quality(ranges: list[_Range], kind: str) -> float | None:
    return next((each.quality for each in ranges if each.name == kind), None)


def _ranges(accept: str) -> Iterator[_Range]:
    for written in accept.split(","):
        found = _RANGE.fullmatch(written.strip())
        # Responses are always UTF-8, so a range with another charset does not match.
        if found and is_utf8(found[2]):
            quality = _QUALITY.search(found[2])
            yield _Range(found[1].lower(), float(quality[1]) if quality else 1.0)
