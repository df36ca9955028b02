"""Parses TOML to nodes with `tomllib`, which does not report positions. A value's position is that of its key."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from datetime import date, datetime, time
from typing import NoReturn

from gateway.content.nodes import (
    MOST_LEVELS,
    LineIndex,
    MappingEntry,
    MappingNode,
    Node,
    ParsedBlock,
    Position,
    ScalarNode,
    SequenceNode,
)
from gateway.errors import FrontMatterError

SYNTAX = "SYNTAX"
TOO_DEEP = "TOO_DEEP"

# Strings of the four kinds and comments, in which brackets do not count. Up to two quotes may precede a closing `"""`.
_IGNORED = r'"""(?:[^\\]|\\.)*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*'
_IGNORED_PARTS = re.compile(_IGNORED, re.DOTALL)
_WORD = re.compile(rf"{_IGNORED}|[\w-]+", re.DOTALL)
_AFTER_KEY = re.compile(r"[ \t]*[=.\]]")
_DOTTED = re.compile(rf"(?:\.[^\n.=,\[\]{{}}]*){{{MOST_LEVELS}}}")
_BRACKET = re.compile(r"[\[\]{}]")
_LONG_NUMBER = re.compile(r"\d{4000,}")
_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")


def parse(block: str, lines: LineIndex) -> ParsedBlock:
    """Parse a block of TOML. Raises FrontMatterError, also for a repeated key."""
    text = block.replace("\r\n", "\n").replace("\r", "\n")
    # Normalise line breaks without changing lines, columns and offsets.
    block = block.replace("\r\n", " \n").replace("\r", "\n")
    _check_depth(block, lines)
    try:
        values = tomllib.loads(text, parse_float=_Float)
    except tomllib.TOMLDecodeError as error:
        _fail(SYNTAX, _PLACE.sub("", str(error)) + ".", _place(error, block, lines), "Check the quotes and brackets.")
    except ValueError:
        found = _LONG_NUMBER.search(block)
        _fail(SYNTAX, "The number is too long.", lines.position(found.start() if found else 0), "Put it in quotes.")
    return ParsedBlock(_Builder(block, lines).fields(values, 0, 0))


def _check_depth(block: str, lines: LineIndex) -> None:
    """Limit the depth first: the parser recurses at each bracket, and a dotted key takes quadratic time."""
    blanked = _IGNORED_PARTS.sub(lambda found: " " * len(found[0]), block)
    if dotted := _DOTTED.search(blanked):
        _too_deep(lines.position(dotted.start()))
    depth = 0
    for found in _BRACKET.finditer(blanked):
        depth += 1 if found[0] in "[{" else -1
        if depth > MOST_LEVELS:
            _too_deep(lines.position(found.start()))


def _place(error: tomllib.TOMLDecodeError, block: str, lines: LineIndex) -> Position:
    found = _PLACE.search(str(error))
    if found is None:
        return lines.position(len(block.rstrip()))
    before = block.split("\n")[: int(found[1]) - 1]
    return lines.position(sum(len(line) + 1 for line in before) + int(found[2]) - 1)


class _Float(str):
    """A number as written, as a type distinct from text."""

    __slots__ = ()


class _Builder:
    def __init__(self, block: str, lines: LineIndex) -> None:
        self._keys = _keys(block)
        self._used: dict[str, int] = {}
        self._lines = lines

    def fields(self, values: dict[str, object], offset: int, depth: int) -> MappingNode:
        entries = {}
        for name, value in values.items():
            at = self._find(name, offset)
            key = self._text(name, plain=True, offset=at)
            entries[name] = MappingEntry(key, self._node(value, at, depth + 1))
        return MappingNode(entries, self._lines.position(offset))

    def _node(self, value: object, offset: int, depth: int) -> Node:
        position = self._lines.position(offset)
        if depth > MOST_LEVELS:
            _too_deep(position)
        if isinstance(value, dict):
            return self.fields(value, offset, depth)
        if isinstance(value, list):
            return SequenceNode(tuple(self._node(item, offset, depth + 1) for item in value), position)
        number = isinstance(value, _Float | int) and not isinstance(value, bool)
        plain = number or not isinstance(value, str)
        return self._text(_written(value), plain=plain, offset=offset, number=number)

    def _text(self, text: str, *, plain: bool, offset: int, number: bool = False) -> ScalarNode:
        position = self._lines.position(offset)
        if "\0" in text:
            _fail(SYNTAX, "The text contains an invalid escape.", position, "Delete the escape.")
        return ScalarNode(text, plain, position, number=number)

    def _find(self, name: str, offset: int) -> int:
        """The next offset of the key at or after its parent, or the parent's offset if the key is not found."""
        places = self._keys.get(name, [])
        index = max(bisect_left(places, offset), self._used.get(name, 0))
        if index == len(places):
            return offset
        self._used[name] = index + 1
        return places[index]


def _keys(block: str) -> dict[str, list[int]]:
    """The offsets of each possible key: a word in a header, or before a dot or an equals sign."""
    places: dict[str, list[int]] = {}
    for found in _WORD.finditer(block):
        if _AFTER_KEY.match(block, found.end()):
            places.setdefault(found[0].strip("\"'"), []).append(found.start())
    return places


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)


def _too_deep(position: Position) -> NoReturn:
    _fail(TOO_DEEP, f"Arrays and tables are nested more than {MOST_LEVELS} levels deep.", position, "Flatten them.")


def _fail(code: str, message: str, position: Position, hint: str) -> NoReturn:
    raise FrontMatterError(code, message, line=position.line, column=position.column, hint=hint)
