"""Decodes single values from their text, by the type that the model requires.

Types are not inferred from the form of a value.
"""

from __future__ import annotations

import math
import re
import sys

from gateway.content.nodes import MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.text import is_blank

_TRUE = frozenset({"true", "yes", "on", "1", "y"})
_FALSE = frozenset({"false", "no", "off", "0", "n"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_SPACE = " \t\r\n"

_INTEGER = re.compile(r"([+-]?)(?=[0-9])0*+([0-9]*+)(?:\.0*+)?")
_LEAST, _MOST = -(2**31), 2**31 - 1
_INTEGER_HINT = f"Write a whole number from {_LEAST} to {_MOST}."

_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,(?![0-9]{3}$)[0-9]+")
_DIGITS = 15
"""The number of digits of a float. Every database and client reads them alike."""

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(rf"{_WHOLE.pattern}\.[0-9]+")
_MOST_EXACT = 2**53 - 1
_LONGEST_NUMBER = 40
"""The maximum number of characters of a number. A longer one is text. This bounds the cost of conversion."""
_SHOWN = 60


class Unreadable(ValueError):
    """A value does not have the required type."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def is_null(node: Node) -> bool:
    """Whether a value is empty, or one of YAML's unquoted words for null."""
    if not isinstance(node, ScalarNode):
        return False
    return (node.plain and node.text in _NULL) or not node.text.strip(_SPACE)


def text(node: Node) -> str | None:
    """The text without surrounding white space, or None if it is empty."""
    # Most values of a load come through here, so the calls are written out.
    scalar = node if type(node) is ScalarNode else _scalar(node)
    written = scalar.text
    return None if scalar.plain and written in _NULL else written.strip(_SPACE) or None


def phrase(node: Node) -> str | None:
    """Text for readers. Quoted text retains its outer white space. None if nothing of it is visible."""
    stripped = text(node)
    if stripped is None or is_blank(stripped):
        return None
    scalar = _scalar(node)
    return stripped if scalar.block else scalar.text


def verbatim(node: Node) -> str | None:
    """The text with all its white space, or None if it is empty."""
    scalar = _scalar(node)
    return None if is_null(scalar) else scalar.text


def integer(node: Node) -> int | None:
    """A signed 32-bit integer, GraphQL's `Int`. `24.0` is 24, because some tools write integers as floats."""
    written = text(node)
    if written is None:
        return None
    found = _INTEGER.fullmatch(written)
    if not found:
        raise Unreadable(f"{shown(written)} is not a whole number.", _INTEGER_HINT)
    # The length is checked first, because Python rejects very long numbers.
    if len(found[2]) > 10 or not _LEAST <= (number := int(found[1] + (found[2] or "0"))) <= _MOST:
        raise Unreadable(f"{shown(written)} does not fit into 32 bits.", _INTEGER_HINT)
    return number


def decimal(node: Node) -> float | None:
    """A number with or without a fraction, rounded to 15 digits. Numbers too small for them are 0."""
    written = text(node)
    if written is None:
        return None
    if len(written) > _LONGEST_NUMBER or not _FLOAT.fullmatch(written):
        hint = f"Write `{written.replace(',', '.')}`." if _COMMA.fullmatch(written) else "Write a number such as `1.5`."
        raise Unreadable(f"{shown(written)} is not a number.", hint)
    number = float(f"{float(written):.{_DIGITS}g}")
    if not math.isfinite(number):
        raise Unreadable(f"{shown(written)} is too large.", "Write a number below 1.79e308.")
    return number if abs(number) >= sys.float_info.min else 0.0


def boolean(node: Node) -> bool | None:
    """A boolean from one of the usual words, quoted or not, in any case. None if it is empty."""
    written = text(node)
    if written is None:
        return None
    word = written.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Unreadable(f"{shown(written)} is neither true nor false.", "Write true or false.")


def json_value(node: Node) -> object:
    """The node as JSON, without keys named `secured`.

    A plain scalar may be a number, true, false or null. Numbers with a leading zero, such as `012`, and whole numbers
    over 2**53, which JSON parsers round, are text.
    """
    if isinstance(node, SequenceNode):
        return [json_value(each) for each in node.nodes]
    if isinstance(node, MappingNode):
        return json_object(node)
    return _json_scalar(node) if node.plain else node.text


def json_object(fields: MappingNode) -> dict[str, object]:
    return {key: json_value(field.value) for key, field in fields.entries.items() if not _is_secured(key)}


def shown(written: str) -> str:
    """A value, quoted and shortened for a message."""
    return f'"{written if len(written) <= _SHOWN else written[: _SHOWN - 1] + "…"}"'


def _is_secured(key: str) -> bool:
    """Whether a key is `secured` in any case, so that a misspelling does not expose it."""
    return key.strip().casefold() == "secured"


def _scalar(node: Node) -> ScalarNode:
    if isinstance(node, ScalarNode):
        return node
    found = "list" if isinstance(node, SequenceNode) else "mapping"
    raise Unreadable(f"The value is a {found}.", "Write a single value.")


def _json_scalar(scalar: ScalarNode) -> object:
    written = scalar.text
    if written in _NULL:
        return None
    if written in {"true", "false"}:
        return written == "true"
    number = _json_number(scalar)
    return written if number is None else number


def _json_number(scalar: ScalarNode) -> int | float | None:
    """The number, or None if it remains text, as do numbers that JSON does not have or its parsers would round."""
    written = scalar.text
    if len(written) > _LONGEST_NUMBER:
        return None
    if _WHOLE.fullmatch(written):
        whole = int(written)
        return whole if abs(whole) <= _MOST_EXACT else None
    if scalar.number or _DECIMAL.fullmatch(written):
        number = float(written)
        return number if math.isfinite(number) else None
    return None
