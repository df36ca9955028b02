"""Parses JSON to nodes with positions, which the parsers of other packages do not report."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from gateway.content.nodes import (
    MOST_LEVELS,
    LineIndex,
    MappingEntry,
    MappingNode,
    Node,
    ParsedBlock,
    Repeat,
    ScalarNode,
    SequenceNode,
)
from gateway.errors import FrontMatterError

SYNTAX = "SYNTAX"
TOO_DEEP = "TOO_DEEP"
NOT_A_MAPPING = "NOT_A_MAPPING"

OPENING = re.compile(r'[ \t]*\{\s*(?:"|\}[ \t]*(?:[\r\n]|\Z))')
"""The beginning of a file with JSON front matter. Text that begins with a tag of a template does not match."""

# A text without its closing quote ends with its line, so that each character is matched once.
_SPACE = re.compile(r"[ \t\r\n]*+")
_SYMBOL = re.compile(r'"(?:[^"\\\r\n]|\\[^\r\n])*+"?|[^\s"{}\[\]:,]++|[{}\[\]:,]')
_BRACKET = re.compile(r'"(?:[^"\\\r\n]|\\[^\r\n])*+"?|[{}\[\]]')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
_WORDS = frozenset({"true", "false", "null"})
_HINT = "Check the quotes, commas and brackets here and on the lines above."


def end_of(text: str, start: int) -> int | None:
    """The offset after the bracket that closes the one at or after `start`, or None if it is missing."""
    depth = 0
    for found in _BRACKET.finditer(text, start):
        if found[0] in "{[":
            depth += 1
        elif found[0] in "}]":
            depth -= 1
            if depth <= 0:
                return found.end()
    return None


def parse(block: str, lines: LineIndex) -> ParsedBlock:
    """Parse a block with one object, also without its braces. Raises FrontMatterError."""
    parser = _Parser(block, lines)
    fields = parser.document()
    return ParsedBlock(fields, tuple(parser.repeats))


class _Parser:
    """Reads one symbol after another. `_symbol` is the next one, "" at the end, and `_at` is its offset."""

    def __init__(self, block: str, lines: LineIndex) -> None:
        self._block = block
        self._lines = lines
        self._symbol, self._at, self._end = "", 0, 0
        self._take()
        self.repeats: list[Repeat] = []

    def document(self) -> MappingNode:
        if self._symbol and self._symbol[0] not in '{"':
            self._fail(NOT_A_MAPPING, "The front matter is not a mapping.", 'Write keys and values: `{"title": "…"}`.')
        fields = self._fields(1, "}") if self._symbol == "{" else self._members(1, "", self._at)
        if self._symbol:
            self._unexpected("the end")
        return fields

    def _take(self) -> None:
        """Go to the next symbol."""
        space = _SPACE.match(self._block, self._end)
        self._at = space.end() if space else self._end
        found = _SYMBOL.match(self._block, self._at)
        if found is None and self._at < len(self._block):
            self._fail(SYNTAX, "White space of this kind is not valid JSON.", "Write a space.")
        self._symbol, self._end = (found[0], found.end()) if found else ("", self._at)

    def _node(self, depth: int) -> Node:
        if self._symbol == "{":
            return self._fields(depth + 1, "}")
        return self._list(depth + 1) if self._symbol == "[" else self._scalar()

    def _fields(self, depth: int, end: str) -> MappingNode:
        at = self._enter(depth)
        fields = self._members(depth, end, at)
        self._take()
        return fields

    def _members(self, depth: int, end: str, at: int) -> MappingNode:
        entries: dict[str, MappingEntry] = {}
        while self._symbol != end:
            if not self._symbol.startswith('"'):
                self._unexpected("a key in double quotes")
            key = self._scalar()
            if self._symbol != ":":
                self._unexpected("a colon")
            self._take()
            value, earlier = self._node(depth), entries.pop(key.text, None)
            if earlier:
                self.repeats.append((key.text, earlier.key.position, key.position))
            repeated = (*earlier.repeated, earlier.value) if earlier else ()
            entries[key.text] = MappingEntry(key, value, repeated)
            self._separate(end)
        return MappingNode(entries, self._lines.position(at))

    def _list(self, depth: int) -> SequenceNode:
        nodes, at = list[Node](), self._enter(depth)
        while self._symbol != "]":
            nodes.append(self._node(depth))
            self._separate("]")
        self._take()
        return SequenceNode(tuple(nodes), self._lines.position(at))

    def _enter(self, depth: int) -> int:
        """Go past an opening bracket. Returns its offset."""
        at = self._at
        if depth > MOST_LEVELS:
            message = f"Arrays and objects are nested more than {MOST_LEVELS} levels deep."
            self._fail(TOO_DEEP, message, "Flatten them.")
        self._take()
        return at

    def _separate(self, end: str) -> None:
        """Go past the comma after a value, which another value follows, or stay at the end."""
        if self._symbol == end:
            return
        if self._symbol != ",":
            self._unexpected(f"a comma or `{end}`" if end else "a comma")
        self._take()
        if self._symbol == end:
            self._fail(SYNTAX, "The comma is not followed by a value.", "Delete the comma.")

    def _scalar(self) -> ScalarNode:
        symbol, position = self._symbol, self._lines.position(self._at)
        if symbol[:1] == '"':
            node = ScalarNode(self._text(symbol), False, position)
        elif symbol in _WORDS or _NUMBER.fullmatch(symbol):
            node = ScalarNode(symbol, True, position, number=symbol not in _WORDS)
        else:
            self._unexpected("a value")
        self._take()
        return node

    def _text(self, symbol: str) -> str:
        if len(symbol) == 1 or symbol[-1] != '"' or _is_open(symbol):
            self._fail(SYNTAX, "The text is not closed on its line.", "Close it with a double quote.")
        try:
            text: str = json.loads(symbol, strict=False)
        except ValueError:
            self._fail(SYNTAX, "The text contains an invalid escape.", "Write a backslash as `\\\\`.")
        if _NO_CHARACTER.search(text):
            self._fail(SYNTAX, "The text contains an invalid escape.", "Delete the escape.")
        return text

    def _unexpected(self, wanted: str) -> NoReturn:
        # Texts and words are not quoted, because they may belong to `secured`.
        shown = f"`{self._symbol}`" if self._symbol in {*"{}[]:,"} else "A text" if self._symbol else "The end"
        self._fail(SYNTAX, f"{shown} is not valid where JSON has {wanted}.", _HINT)

    def _fail(self, code: str, message: str, hint: str) -> NoReturn:
        position = self._lines.position(self._at)
        raise FrontMatterError(code, message, line=position.line, column=position.column, hint=hint)


def _is_open(symbol: str) -> bool:
    """Whether the last quote of a text is escaped."""
    inner = symbol[1:-1]
    return (len(inner) - len(inner.rstrip("\\"))) % 2 == 1
