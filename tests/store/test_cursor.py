"""Encoding and decoding of cursors."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadUserInput
from gateway.store.cursor import LONGEST, ColumnType, decode, encode

KINDS = (ColumnType(int, True), ColumnType(str))


@given(st.none() | st.integers(-(2**63), 2**63 - 1), st.text())
def test_round_trip(number: int | None, text: str) -> None:
    """Any position is decoded as encoded, from URL-safe text."""
    cursor = encode("order", (number, text))
    assert decode(cursor, "order", KINDS) == (number, text)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def raw(value: object) -> str:
    return urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "a",
        "é",
        "{}",
        raw([]),
        raw({}),
        raw(["order"]),
        raw(["order", 1]),
        raw(["order", 1, "a", "b"]),
        raw(["order", "1", "a"]),
        raw(["order", 1, None]),
        raw(["order", 1, 2]),
        raw(["order", 1.0, "a"]),
        raw(["order", True, "a"]),
        raw(["order", 2**63, "a"]),
        raw(["other", 1, "a"]),
        raw([1, 1, "a"]),
        urlsafe_b64encode(b'["order",1,"\\ud800"]').decode(),
        raw(["order", 1, "a" * LONGEST]),
        raw(["order", 1, "a"]) + "\n",
        "[" * 5000,
    ],
)
def test_invalid_cursors_are_refused(cursor: str) -> None:
    """Wrong shapes, types, ranges and orders are client errors."""
    with pytest.raises(BadUserInput):
        decode(cursor, "order", KINDS)


@given(st.text() | st.binary().map(lambda content: urlsafe_b64encode(content).decode()))
def test_arbitrary_text(cursor: str) -> None:
    """Any text is a position or is refused."""
    try:
        place = decode(cursor, "order", KINDS)
    except BadUserInput:
        return
    assert encode("order", place)
