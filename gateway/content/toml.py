"""TOML to nodes, by the standard library's parser. It tells no places, so a value's place is that of its key."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time
from typing import NoReturn

from gateway.content.nodes import MOST_LEVELS, Field, Fields, Items, Lines, Mark, Node, Repeat, Scalar
from gateway.errors import FrontMatterError

SYNTAX = "SYNTAX"
TOO_DEEP = "TOO_DEEP"

# What brackets do not count in: strings of the four kinds, and comments.
_QUIET = re.compile(r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_LONG_NUMBER = re.compile(r"\d{4000,}")
_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")


def parse(block: str, lines: Lines) -> tuple[Fields, list[Repeat]]:
    """The mapping that a block of TOML holds; TOML itself refuses a repeated key. Raises FrontMatterError."""
    block = block.replace("\r\n", " \n").replace("\r", "\n")
    _check_depth(block, lines)
    try:
        values = tomllib.loads(block, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        _fail(SYNTAX, _PLACE.sub("", str(error)) + ".", _place(error, block, lines), "Check the quotes and brackets.")
    except ValueError:
        found = _LONG_NUMBER.search(block)
        _fail(SYNTAX, "The number is too long.", lines.mark(found.start() if found else 0), "Put it in quotes.")
    return _Builder(block, lines).fields(values, 0, 0), []


def _check_depth(block: str, lines: Lines) -> None:
    """The parser recurses with each bracket, so they are counted first."""
    quiet = _QUIET.sub(lambda found: " " * len(found[0]), block)
    depth = 0
    for found in _BRACKET.finditer(quiet):
        depth += 1 if found[0] in "[{" else -1
        if depth > MOST_LEVELS:
            _too_deep(lines.mark(found.start()))


def _place(error: tomllib.TOMLDecodeError, block: str, lines: Lines) -> Mark:
    found = _PLACE.search(str(error))
    if found is None:
        return lines.mark(len(block.rstrip()))
    before = block.split("\n")[: int(found[1]) - 1]
    return lines.mark(sum(len(line) + 1 for line in before) + int(found[2]) - 1)


class _Builder:
    def __init__(self, block: str, lines: Lines) -> None:
        self._block = block
        self._lines = lines

    def fields(self, values: dict[str, object], offset: int, depth: int) -> Fields:
        entries = {}
        for name, value in values.items():
            at = self._find(name, offset)
            key = Scalar(name, plain=True, mark=self._lines.mark(at))
            entries[name] = Field(key, self._node(value, at, depth + 1))
        return Fields(entries, self._lines.mark(offset))

    def _node(self, value: object, offset: int, depth: int) -> Node:
        mark = self._lines.mark(offset)
        if depth > MOST_LEVELS:
            _too_deep(mark)
        if isinstance(value, dict):
            return self.fields(value, offset, depth)
        if isinstance(value, list):
            return Items(tuple(self._node(item, offset, depth + 1) for item in value), mark)
        return Scalar(_written(value), plain=not isinstance(value, str), mark=mark)

    def _find(self, name: str, offset: int) -> int:
        """Where the key stands first at or after its parent; the parent's place where it is spelled otherwise."""
        found = re.compile(rf"(?<![\w-])[\"']?{re.escape(name)}[\"']?\s*[=.\]]").search(self._block, offset)
        return found.start() if found else offset


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)


def _too_deep(mark: Mark) -> NoReturn:
    _fail(TOO_DEEP, f"Arrays and tables lie more than {MOST_LEVELS} levels deep.", mark, "Flatten them.")


def _fail(code: str, message: str, mark: Mark, hint: str) -> NoReturn:
    raise FrontMatterError(code, message, line=mark.line, column=mark.column, hint=hint)
