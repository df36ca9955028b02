"""Content negotiation: which of our media types and encodings a client prefers (RFC 9110, 12.5.1 and 12.5.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from gateway.errors import NotAcceptable


class MediaType(StrEnum):
    """What an answer can be, the preferred one first where a client names both alike."""

    RESPONSE = "application/graphql-response+json"
    JSON = "application/json"


EVENTS = "text/event-stream"
HTML = "text/html"

_RANGE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+)\s*((?:;[^;,]*)*)", re.IGNORECASE)
_QUALITY = re.compile(r";\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)", re.IGNORECASE)
_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*((?:;[^;,]*)*)", re.IGNORECASE)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^;\"\s]*)", re.IGNORECASE)
_WILD = ("application/*", "*/*")


class Encoding(StrEnum):
    """How an answer can be encoded, the preferred one first where a client weighs them alike.

    zstd comes last: some clients on Node 20 offer it among others and cannot read it.
    """

    BROTLI = "br"
    GZIP = "gzip"
    ZSTD = "zstd"
    IDENTITY = "identity"


class Negotiated(NamedTuple):
    """What a client takes."""

    media_type: MediaType | None
    """The type to answer with at once; None for a client that takes nothing but events."""
    accepts_events: bool
    """Whether it takes a stream of events."""


class _Range(NamedTuple):
    name: str
    quality: float


def negotiate(accept: str | None) -> Negotiated:
    """What to answer with. Raises NotAcceptable where the client takes none of ours.

    Who takes anything gets `application/json`, which every client reads.
    """
    if accept is None or not accept.strip():
        return Negotiated(MediaType.JSON, False)
    ranges = list(_ranges(accept))
    negotiated = Negotiated(_preferred(ranges), (_quality(ranges, EVENTS) or 0) > 0)
    if negotiated == (None, False):
        raise NotAcceptable(f"Answers are {' or '.join(MediaType)}. Name one of them in 'Accept', or '*/*'.")
    return negotiated


def prefers_html(accept: str | None) -> bool:
    """Whether a client asks for a page and names none of our media types, as a browser does that opens an address."""
    ranges = list(_ranges(accept or ""))
    named = any(_quality(ranges, kind) is not None for kind in (*MediaType, EVENTS))
    return not named and (_quality(ranges, HTML) or 0.0) > 0


def _preferred(ranges: list[_Range]) -> MediaType | None:
    named = [(_quality(ranges, kind), kind) for kind in MediaType]
    # `max` takes the first of equals, and so the preferred one.
    quality, kind = max(((quality or 0.0, kind) for quality, kind in named), key=lambda found: found[0])
    if quality > 0:
        return kind
    wild = max((each.quality for each in ranges if each.name in _WILD), default=0.0)
    return MediaType.JSON if wild > 0 and _quality(ranges, MediaType.JSON) is None else None


def encoding(accept_encoding: str | None) -> Encoding:
    """The encoding that a client weighs most; identity where it names none of ours.

    An encoding that is not named has the weight of `*`; identity has none, but is taken if all others are refused.
    """
    named = dict(_weights(accept_encoding or ""))
    weights = {each: named.get(each, named.get("*", 0.0)) for each in Encoding}
    weights[Encoding.IDENTITY] = named.get(Encoding.IDENTITY, 0.0)
    found = max(weights, key=weights.__getitem__)  # the first of equals, and so the preferred one
    return found if weights[found] else Encoding.IDENTITY


def _weights(accept_encoding: str) -> Iterator[tuple[str, float]]:
    """Each coding that is named with its weight; an unreadable weight is a refusal."""
    for written in accept_encoding.split(","):
        if found := _CODING.fullmatch(written.strip()):
            quality = _QUALITY.search(found[2])
            yield found[1].lower(), float(quality[1]) if quality else 0.0 if found[2] else 1.0


def is_utf8(content_type: str) -> bool:
    """Whether a Content-Type names no charset, or UTF-8."""
    found = _CHARSET.search(content_type)
    return found is None or found[1].lower() in {"utf-8", "utf8"}


def _quality(ranges: list[_Range], kind: str) -> float | None:
    return next((each.quality for each in ranges if each.name == kind), None)


def _ranges(accept: str) -> Iterator[_Range]:
    for written in accept.split(","):
        found = _RANGE.fullmatch(written.strip())
        # An answer is UTF-8 and nothing else, and so no answer to who wants another charset.
        if found and is_utf8(found[2]):
            quality = _QUALITY.search(found[2])
            yield _Range(found[1].lower(), float(quality[1]) if quality else 1.0)
