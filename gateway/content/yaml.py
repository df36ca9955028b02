"""Builds nodes from the events of a YAML parser. Scalars remain text.

libyaml's composer recurses, and crashes the process at about 20,000 levels. Its event stream does not. So depth,
aliases and tags are checked here for each event, before nodes are built.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from yaml import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    StreamEndEvent,
)

from gateway.content.nodes import (
    MOST_LEVELS,
    CutValue,
    LineIndex,
    MappingEntry,
    MappingNode,
    Node,
    ParsedBlock,
    Position,
    Repeat,
    ScalarNode,
    SequenceNode,
)
from gateway.errors import FrontMatterError

try:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]
except ImportError as error:
    message = "PyYAML was built without libyaml. Install it from a wheel: pip install --only-binary PyYAML PyYAML"
    raise ImportError(message) from error

MOST_ALIASED = 10_000
"""The maximum number of nodes that the aliases of a file expand to."""

SYNTAX = "SYNTAX"
TOO_DEEP = "TOO_DEEP"
TOO_MANY_ALIASES = "TOO_MANY_ALIASES"
ALIAS_CYCLE = "ALIAS_CYCLE"
UNKNOWN_ALIAS = "UNKNOWN_ALIAS"
UNSUPPORTED_TAG = "UNSUPPORTED_TAG"
BAD_KEY = "BAD_KEY"
NOT_A_MAPPING = "NOT_A_MAPPING"
DUPLICATE_KEY = "DUPLICATE_KEY"

_BLOCKS = frozenset("|>")
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
_COMMENT = re.compile(r"[ \t]++#([^\r\n]*+)")
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp"))
_COLLECTION_TAGS = frozenset(("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"))


def parse(block: str, lines: LineIndex) -> ParsedBlock:
    """Parse a block of YAML to its mapping, repeated keys, and values that a comment ends.

    Raises FrontMatterError.
    """
    builder = _Builder(CParser(block), lines, block)
    try:
        return ParsedBlock(builder.document(), tuple(builder.repeats), tuple(builder.cuts))
    except MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        _fail(SYNTAX, _sentence(error), lines.position(mark.index if mark else 0), _hint(error))
    except YAMLError as error:
        _fail(
            SYNTAX,
            "This is not valid YAML.",
            lines.position(getattr(error, "position", 0)),
            "Check the quotes and colons.",
        )


class _Builder:
    def __init__(self, parser: Any, lines: LineIndex, block: str) -> None:
        self._next: Callable[[], Any] = parser.get_event
        self._lines = lines
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._aliased = 0
        self._nodes = 0
        self._commented = block if " #" in block or "\t#" in block else ""
        """The text, if it may contain comments that end values. The parser does not have events for comments."""
        self.repeats: list[Repeat] = []
        self.cuts: list[CutValue] = []

    def document(self) -> MappingNode:
        self._next()  # the stream's start
        if isinstance(self._next(), StreamEndEvent):
            return MappingNode({}, self._lines.position(0))
        event = self._next()
        node = self._node(event, 0)
        if isinstance(node, ScalarNode) and not node.text and node.plain:
            node = MappingNode({}, node.position)
        if not isinstance(node, MappingNode):
            _fail(
                NOT_A_MAPPING, "The front matter is not a mapping.", node.position, "Write keys and values: `title: …`."
            )
        self._next()  # the document's end
        following = self._next()
        if not isinstance(following, StreamEndEvent):
            message = "The front matter contains more than one YAML document."
            _fail(NOT_A_MAPPING, message, self._position(following), "Keep one of them.")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        if type(event) is ScalarEvent and event.anchor is None and event.tag is None:  # nearly every node
            self._nodes += 1
            return self._scalar(event)
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        if depth == MOST_LEVELS and isinstance(event, CollectionStartEvent):
            message = f"Lists and mappings are nested more than {MOST_LEVELS} levels deep."
            _fail(TOO_DEEP, message, self._position(event), "Flatten them.")
        self._check_tag(event)
        anchor = event.anchor
        if anchor:
            self._anchors[anchor] = None
        before = self._nodes
        node = self._scalar(event) if isinstance(event, ScalarEvent) else self._collection(event, depth)
        self._nodes += 1
        if anchor:
            self._anchors[anchor] = node, self._nodes - before
        return node

    def _collection(self, event: Any, depth: int) -> Node:
        if isinstance(event, MappingStartEvent):
            return self._fields(event, depth + 1)
        nodes = []
        while isinstance(following := self._next(), NodeEvent):
            nodes.append(self._node(following, depth + 1))
        return SequenceNode(tuple(nodes), self._position(event))

    def _fields(self, start: Any, depth: int) -> MappingNode:
        entries: dict[str, MappingEntry] = {}
        earlier: dict[str, list[Node]] = {}
        merged: list[MappingNode] = []
        while isinstance(event := self._next(), NodeEvent):
            key = self._node(event, depth)
            if not isinstance(key, ScalarNode):
                _fail(BAD_KEY, "A list or a mapping cannot be a key.", key.position, "Put the key in quotes.")
            value = self._node(self._next(), depth)
            if key.plain and key.text == "<<":
                merged.extend(self._merged(value))
            else:
                if replaced := entries.pop(key.text, None):
                    self.repeats.append((key.text, replaced.key.position, key.position))
                    earlier.setdefault(key.text, []).append(replaced.value)
                entries[key.text] = MappingEntry(key, value)
        for name, values in earlier.items():
            entries[name] = entries[name]._replace(repeated=tuple(values))
        for fields in merged:
            for name, field in fields.entries.items():
                entries.setdefault(name, field)
        return MappingNode(entries, self._position(start))

    def _merged(self, value: Node) -> list[MappingNode]:
        nodes = value.nodes if isinstance(value, SequenceNode) else (value,)
        fields = [node for node in nodes if isinstance(node, MappingNode)]
        if len(fields) < len(nodes):
            _fail(BAD_KEY, "Only mappings can be merged with '<<'.", value.position, "Name an anchored mapping.")
        return fields

    def _alias(self, event: Any, depth: int) -> Node:
        name = event.anchor
        if name not in self._anchors:
            _fail(
                UNKNOWN_ALIAS,
                f"The anchor '&{name}' of this alias is not defined before it.",
                self._position(event),
                "Write the value.",
            )
        anchored = self._anchors[name]
        if anchored is None:
            _fail(
                ALIAS_CYCLE,
                f"The alias '*{name}' is inside its own anchor.",
                self._position(event),
                "Write the value.",
            )
        node, size = anchored
        self._aliased += size
        self._nodes += size
        if self._aliased > MOST_ALIASED or depth + _height(node) > MOST_LEVELS:
            message = f"The aliases expand to more than {MOST_ALIASED} values, or to more than {MOST_LEVELS} levels."
            _fail(TOO_MANY_ALIASES, message, self._position(event), "Write the values out.")
        return node

    def _scalar(self, event: Any) -> ScalarNode:
        text: str = event.value
        position = self._lines.position(event.start_mark.index)
        plain = not event.style and event.tag is None
        if event.style == '"' and _NO_CHARACTER.search(text):
            _fail(SYNTAX, "The text contains an invalid escape.", position, "Delete the escape.")
        if plain and text == "=":
            _fail(UNSUPPORTED_TAG, "An unquoted '=' has a special meaning in YAML.", position, "Put it in quotes.")
        if self._commented and plain and (comment := _COMMENT.match(self._commented, event.end_mark.index)):
            self.cuts.append(CutValue(text, comment[1], self._lines.position(comment.start(1) - 1)))
        return ScalarNode(text, plain, position, block=event.style in _BLOCKS)

    def _check_tag(self, event: Any) -> None:
        allowed = _TAGS if isinstance(event, ScalarEvent) else _COLLECTION_TAGS
        if event.tag is not None and event.tag != "!" and event.tag not in allowed:
            name = event.tag.replace("tag:yaml.org,2002:", "!!")
            _fail(UNSUPPORTED_TAG, f"The tag '{name}' is not supported.", self._position(event), "Delete the tag.")

    def _position(self, event: Any) -> Position:
        return self._lines.position(event.start_mark.index)


def _height(node: Node) -> int:
    """The depth of nested lists and mappings in a node."""
    if isinstance(node, ScalarNode):
        return 0
    below = node.nodes if isinstance(node, SequenceNode) else [field.value for field in node.entries.values()]
    return 1 + max(map(_height, below), default=0)


def _sentence(error: MarkedYAMLError) -> str:
    problem = (error.problem or "this is not YAML").strip()
    return f"{problem[0].upper()}{problem[1:]}."


def _hint(error: MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "tab" in problem or "cannot start any token" in problem:
        return "Indent with spaces, and put a value that begins with a special character in quotes."
    if "mapping values" in problem:
        return "Put a value that holds a colon in quotes."
    return "Check the quotes, colons and indentation here and on the lines above."


def _fail(code: str, message: str, position: Position, hint: str) -> NoReturn:
    raise FrontMatterError(code, message, line=position.line, column=position.column, hint=hint)
