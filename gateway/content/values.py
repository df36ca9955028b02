"""Single values, decoded by the type that the model wants, from the text as written.

Nothing is guessed from how a value looks, and nothing is known of the keys.
"""

from __future__ import annotations

import math
import re

from gateway.content.nodes import MappingNode, Node, ScalarNode, SequenceNode

_TRUE = frozenset({"true", "yes", "on", "1", "y"})
_FALSE = frozenset({"false", "no", "off", "0", "n"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_SPACE = " \t\r\n"

_INTEGER = re.compile(r"([+-]?)(?=[0-9])0*+([0-9]*+)(?:\.0*+)?")
_LEAST, _MOST = -(2**31), 2**31 - 1

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(rf"{_WHOLE.pattern}\.[0-9]+")
_MOST_EXACT = 2**53 - 1
_LONGEST_NUMBER = 40
"""Characters; a longer number is text. It bounds the work of converting it."""
_SHOWN = 60


class Unreadable(ValueError):
    """A value is not of the kind that is wanted."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def is_null(node: Node) -> bool:
    """Whether the author wrote nothing, or one of YAML's words for nothing without quotes."""
    return isinstance(node, ScalarNode) and _said(node) is None


def text(node: Node) -> str | None:
    """The text as written, without white space around it; None where it is empty."""
    return _said(_scalar(node))


def phrase(node: Node) -> str | None:
    """Text for readers: in quotes its outer white space stays. None if there is nothing else."""
    scalar = _scalar(node)
    stripped = _said(scalar)
    return scalar.text if stripped and not scalar.block else stripped


def verbatim(node: Node) -> str | None:
    """The text to the last white space; None where it is empty."""
    scalar = _scalar(node)
    return None if is_null(scalar) else scalar.text


def integer(node: Node) -> int | None:
    """A decimal of 32 bits, GraphQL's `Int`; `24.0` is 24, since some tools write every number so."""
    written = text(node)
    if written is None:
        return None
    found = _INTEGER.fullmatch(written)
    hint = f"Write a whole number from {_LEAST} to {_MOST}."
    if not found:
        raise Unreadable(f"{shown(written)} is no whole number.", hint)
    # The length comes first: Python refuses to convert very long numbers.
    if len(found[2]) > 10 or not _LEAST <= (number := int(found[1] + (found[2] or "0"))) <= _MOST:
        raise Unreadable(f"{shown(written)} does not fit into 32 bits.", hint)
    return number


def boolean(node: Node) -> bool | None:
    """One of the usual words, quoted or not, in any case; None where it is empty."""
    written = text(node)
    if written is None:
        return None
    word = written.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Unreadable(f"{shown(written)} is neither true nor false.", "Write true or false.")


def json_value(node: Node) -> object:
    """The node as JSON, without keys named `secured`.

    A plain scalar may be a number, true, false or null. Numbers with a leading zero, such as `012`, are text, and so
    are whole numbers over 2**53, which JSON's readers round.
    """
    if isinstance(node, SequenceNode):
        return [json_value(each) for each in node.nodes]
    if isinstance(node, MappingNode):
        return json_object(node)
    return _json_scalar(node) if node.plain else node.text


def json_object(fields: MappingNode) -> dict[str, object]:
    return {key: json_value(field.value) for key, field in fields.entries.items() if not _is_secured(key)}


def shown(written: str) -> str:
    """A value as a message quotes it."""
    return f'"{written if len(written) <= _SHOWN else written[: _SHOWN - 1] + "…"}"'


def _is_secured(key: str) -> bool:
    """A slip of case must not show what is never shown."""
    return key.strip().casefold() == "secured"


def _scalar(node: Node) -> ScalarNode:
    if isinstance(node, ScalarNode):
        return node
    found = "list" if isinstance(node, SequenceNode) else "mapping"
    raise Unreadable(f"A {found} stands where a single value is wanted.", "Write a single value.")


def _said(scalar: ScalarNode) -> str | None:
    return None if scalar.plain and scalar.text in _NULL else scalar.text.strip(_SPACE) or None


def _json_scalar(scalar: ScalarNode) -> object:
    written = scalar.text
    if written in _NULL:
        return None
    if written in {"true", "false"}:
        return written == "true"
    number = _json_number(scalar)
    return written if number is None else number


def _json_number(scalar: ScalarNode) -> int | float | None:
    """None for what stays text: also numbers that JSON lacks, or that its readers would change."""
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
