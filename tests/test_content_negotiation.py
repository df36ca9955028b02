"""Negotiation of media types and encodings."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import NotAcceptable
from gateway.web.content_negotiation import Encoding, MediaType, Negotiated, encoding, is_utf8, negotiate

JSON, RESPONSE = MediaType.JSON, MediaType.RESPONSE


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", RESPONSE),
        ("Application/GraphQL-Response+JSON ; Charset=UTF-8", RESPONSE),
        ("application/json, application/graphql-response+json", RESPONSE),
        ("application/graphql-response+json, application/json;q=0.9", RESPONSE),
        ("application/graphql-response+json;q=0.8, application/json", JSON),
        ("application/json, */*", JSON),
        ("application/graphql-response+json;q=0.5, */*", RESPONSE),
        ("text/event-stream, application/json", JSON),
        ('application/json;charset="utf-8"', JSON),
    ],
)
def test_preferred_media_type(accept: str | None, expected: MediaType) -> None:
    """By quality. Of equals the specification's type comes first. `*/*` gets JSON."""
    assert negotiate(accept).media_type is expected


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/event-stream;q=0",
        "application/json;q=0",
        "*/*;q=0",
        "application/json;q=0, */*",
        "application/json; charset=latin-1",
        "nonsense",
        ", ;",
    ],
)
def test_unacceptable_media_types(accept: str) -> None:
    """This includes clients that exclude JSON by name or require another charset."""
    with pytest.raises(NotAcceptable):
        negotiate(accept)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/event-stream", Negotiated(None, True)),
        ("text/event-stream, application/json", Negotiated(JSON, True)),
        ("text/event-stream, */*;q=0.1", Negotiated(JSON, True)),
        ("*/*", Negotiated(JSON, False)),
        (None, Negotiated(JSON, False)),
    ],
)
def test_event_stream_is_accepted_only_by_name(accept: str | None, expected: Negotiated) -> None:
    """`*/*` does not request a stream."""
    assert negotiate(accept) == expected


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (None, "identity"),
        ("", "identity"),
        ("deflate", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("zstd, gzip", "gzip"),
        ("GZIP", "gzip"),
        ("zstd", "zstd"),
        ("zstd, deflate", "zstd"),
        ("zstd, identity", "zstd"),
        ("zstd;q=1.0, br;q=0.9, gzip;q=0.8", "zstd"),
        ("zstd;q=0.9, gzip;q=0.9", "gzip"),
        ("br;q=0.1, gzip;q=0.2", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, gzip;q=0, zstd;q=0.001", "zstd"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("gzip, identity;q=0", "gzip"),
        ("identity;q=0", "identity"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0.5, *;q=0.1", "gzip"),
        ("br;q=0, gzip;q=0, zstd;q=0, *", "identity"),
        ("*;q=0", "identity"),
        ("gzip;q=2, br;q=x", "identity"),
        ("gzip;q=nonsense, zstd", "zstd"),
        (",, ;, gzip ; q=1", "gzip"),
    ],
)
def test_preferred_encoding(accepted: str | None, expected: str) -> None:
    """Of equal weights br comes before gzip and gzip before zstd."""
    assert encoding(accepted) == expected


@given(st.text(max_size=200))
def test_arbitrary_header_has_an_encoding(accepted: str) -> None:
    """No header raises an error."""
    assert encoding(accepted) in Encoding


@given(st.text(max_size=200))
def test_arbitrary_accept_header(accept: str) -> None:
    """Any header gives a preference or none."""
    with suppress(NotAcceptable):
        assert any(negotiate(accept))


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [("application/json", True), ("application/json; charset=UTF-8", True), ("application/json;charset=utf-16", False)],
)
def test_request_charset(content_type: str, expected: bool) -> None:
    """A charset other than UTF-8 is refused."""
    assert is_utf8(content_type) is expected
