"""What front matter is made of, whatever its language: values as written, each with its place in the file."""

from __future__ import annotations

from bisect import bisect_right
from io import StringIO
from itertools import accumulate
from typing import NamedTuple, TypeVar

MOST_LEVELS = 64
"""How deep lists and mappings may lie in each other."""


class Position(NamedTuple):
    """A place in the file, counted from 1, the column in code points."""

    line: int
    column: int


class ForeignPosition(Position):
    """A place in another file than the one that is decoded, whose values have been checked there."""

    __slots__ = ()


class ScalarNode(NamedTuple):
    """A value as its author wrote it, never decoded by YAML's guesses. `plain` is one without quotes or block."""

    text: str
    plain: bool
    position: Position
    block: bool = False
    """Whether it is a block of YAML (`|`, `>`), which ends with a line break that nobody wrote."""
    number: bool = False
    """Whether its language says that it is a number, as TOML does."""


class SequenceNode(NamedTuple):
    """A list."""

    nodes: tuple[Node, ...]
    position: Position


class MappingNode(NamedTuple):
    """A mapping, each key once (of a repeated key the last value), in file order."""

    entries: dict[str, MappingEntry]
    position: Position


Node = ScalarNode | SequenceNode | MappingNode


class MappingEntry(NamedTuple):
    """One key of a mapping. `repeated` holds the values that later ones of the same key replaced."""

    key: ScalarNode
    value: Node
    repeated: tuple[Node, ...] = ()
    origin: str = ""
    """The file that the field is inherited from; "" for a field of the file itself."""

    def inherited(self, origin: str) -> MappingEntry:
        """The same field for a document in another file."""
        key, value = _with_foreign_positions(self.key), _with_foreign_positions(self.value)
        return MappingEntry(key, value, tuple(map(_with_foreign_positions, self.repeated)), origin)


_AnyNode = TypeVar("_AnyNode", ScalarNode, SequenceNode, MappingNode, Node)


def _with_foreign_positions(node: _AnyNode) -> _AnyNode:
    """The node with marks that do not belong to the file that is decoded."""
    position = ForeignPosition(*node.position)
    if isinstance(node, SequenceNode):
        return SequenceNode(tuple(map(_with_foreign_positions, node.nodes)), position)
    if isinstance(node, MappingNode):
        entries = {name: field.inherited("") for name, field in node.entries.items()}
        return MappingNode(entries, position)
    return node._replace(position=position)


Repeat = tuple[str, Position, Position]
"""A key that stands twice in one mapping: its name, where it stood before, and where it stands again."""


class CutValue(NamedTuple):
    """A value without quotes, possibly empty, and the comment that ends it on its last line."""

    text: str
    comment: str
    """What follows the `#`."""
    position: Position
    """The place of the `#`."""


class ParsedBlock(NamedTuple):
    """The mapping of a block, and what is noteworthy about how it is written."""

    fields: MappingNode
    repeats: tuple[Repeat, ...] = ()
    cuts: tuple[CutValue, ...] = ()


class LineIndex:
    """Turns an offset into a place. `base` is what to add to an offset, for a block within the file."""

    def __init__(self, text: str) -> None:
        # A character more, so that the end of the text lies in its last line.
        self._starts = [0, *accumulate(map(len, StringIO(text + " ", newline="")))]
        self._base = 0

    def shifted(self, base: int) -> LineIndex:
        """The same lines, for offsets that count from `base`."""
        lines = LineIndex("")
        lines._starts, lines._base = self._starts, base
        return lines

    def position(self, offset: int) -> Position:
        offset += self._base
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)
