"""The syntax tree of front matter, for all its languages: values as written, with their positions in the file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from io import StringIO
from itertools import accumulate
from typing import NamedTuple, TypeVar

MOST_LEVELS = 64
"""The maximum depth of nested lists and mappings."""


class Position(NamedTuple):
    """A line and column in the file, counted from 1. The column is in code points."""

    line: int
    column: int


class ForeignPosition(Position):
    """A position in a file other than the decoded one. Its values have already been checked."""

    __slots__ = ()


NOWHERE = Position(0, 0)
"""The position of a node that is read without its position. It is compared by identity."""


class ScalarNode(NamedTuple):
    """A value as written, without YAML's implicit typing. `plain` means that it is not quoted and not a block."""

    text: str
    plain: bool
    position: Position
    block: bool = False
    """Whether it is a YAML block (`|`, `>`), which ends with an implicit line break."""
    number: bool = False
    """Whether the syntax makes it a number, as in TOML."""


class SequenceNode(NamedTuple):
    """A list."""

    nodes: Sequence[Node]
    position: Position


class MappingNode(NamedTuple):
    """A mapping with unique keys in file order. A repeated key has its last value."""

    entries: dict[str, MappingEntry]
    position: Position


Node = ScalarNode | SequenceNode | MappingNode


class MappingEntry(NamedTuple):
    """One key of a mapping. `repeated` contains the earlier values of a repeated key."""

    key: ScalarNode
    value: Node
    repeated: tuple[Node, ...] = ()
    origin: str = ""
    """The file that the field is inherited from, or "" for the file's own field."""

    def inherited(self, origin: str) -> MappingEntry:
        """The same field for a document in another file."""
        key, value = _with_foreign_positions(self.key), _with_foreign_positions(self.value)
        return MappingEntry(key, value, tuple(map(_with_foreign_positions, self.repeated)), origin)


_AnyNode = TypeVar("_AnyNode", ScalarNode, SequenceNode, MappingNode, Node)


def _with_foreign_positions(node: _AnyNode) -> _AnyNode:
    """The node with positions that are marked as those of another file."""
    position = ForeignPosition(*node.position)
    if isinstance(node, SequenceNode):
        return SequenceNode(tuple(map(_with_foreign_positions, node.nodes)), position)
    if isinstance(node, MappingNode):
        entries = {name: field.inherited("") for name, field in node.entries.items()}
        return MappingNode(entries, position)
    return node._replace(position=position)


Repeat = tuple[str, Position, Position]
"""A repeated key of a mapping: its name, and the positions of the two occurrences."""


class CutValue(NamedTuple):
    """An unquoted value, possibly empty, and the comment that ends it on its last line."""

    text: str
    comment: str
    """The text after the `#`."""
    position: Position
    """The position of the `#`."""


class ParsedBlock(NamedTuple):
    """The mapping of a block, with its repeated keys and cut-off values."""

    fields: MappingNode
    repeats: tuple[Repeat, ...] = ()
    cuts: tuple[CutValue, ...] = ()


class LineIndex:
    """Converts offsets to positions. `base` is added to each offset, for a block within the file."""

    def __init__(self, text: str) -> None:
        # One extra character, so that the end of the text is in its last line.
        self._starts = [0, *accumulate(map(len, StringIO(text + " ", newline="")))]
        self._base = 0

    def shifted(self, base: int) -> LineIndex:
        """The same index for offsets relative to `base`."""
        lines = LineIndex("")
        lines._starts, lines._base = self._starts, base
        return lines

    def position(self, offset: int) -> Position:
        offset += self._base
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)
