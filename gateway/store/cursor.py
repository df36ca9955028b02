"""Encodes positions in an ordered list as opaque text, and decodes them."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from binascii import Error, a2b_base64
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from gateway.errors import BadUserInput

LONGEST = 65_536
"""Maximum length of a cursor, far above any that is issued. Limits the work for forged ones."""

Value = int | float | str | None


class ColumnType(NamedTuple):
    """The type of an order column's value."""

    type: type[int | float | str]
    nullable: bool = False

    def takes(self, value: object) -> bool:
        if value is None:
            return self.nullable
        if type(value) is int:
            return self.type is int and -(2**63) <= value < 2**63
        return type(value) is self.type


def encode(order: str, values: Sequence[Value]) -> str:
    """`order` identifies the order of the values. Equal content gives equal cursors in every database."""
    return urlsafe_b64encode(orjson.dumps([order, *values])).rstrip(b"=").decode()


def decode(cursor: str, order: str, kinds: Sequence[ColumnType], *, called: str = "cursor") -> tuple[Value, ...]:
    """The values, of these kinds. Raises BadUserInput for a malformed cursor, or one of another order.

    `called` is the name of the cursor in error messages.
    """
    place = _parsed(cursor)
    if not isinstance(place, list) or not place or not isinstance(place[0], str):
        raise BadUserInput(f"The {called} is malformed. Use one that the API returned.")
    if place[0] != order:
        raise BadUserInput(f"The {called} belongs to another order or search. Use it with the same arguments.")
    values = tuple(place[1:])
    if len(values) != len(kinds) or not all(map(ColumnType.takes, kinds, values)):
        raise BadUserInput(f"The {called} is malformed. Use one that the API returned.")
    return values


def _parsed(cursor: str) -> object:
    if len(cursor) > LONGEST or not cursor.isascii():
        return None
    standard = cursor.translate({ord("-"): "+", ord("_"): "/"}) + "=" * (-len(cursor) % 4)
    try:
        return orjson.loads(a2b_base64(standard, strict_mode=True))
    except (Error, orjson.JSONDecodeError):
        return None
