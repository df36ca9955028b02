"""Scans the plain subset of YAML, in which most front matter is written, faster than the full parser.

The subset is block mappings and lists, scalars on one line, lists of scalars in brackets, comments, and block scalars
of the outer mapping. Other text is irregular, and so is text for which the full parser reports a problem. Only the
outer mapping, its keys, and scalars on the lines of its keys have positions.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Self

from gateway.content.cut_values import is_complete
from gateway.content.nodes import NOWHERE, MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode

_INDICATORS = frozenset(" -?:,[]{}#&*!|>'\"%@`=")
"""The characters that do not begin a plain scalar here. YAML allows some of them before a letter."""
_USUAL = bytes((0x0A, *range(0x20, 0x7F)))
_ODD = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Unprintable characters, tabs, byte order marks, and YAML's other line breaks."""
_DEEP = "\n" + " " * 48
"""The beginning of a line that may be nested too deeply. Each level except lists in mappings is indented."""

_OUTER = re.compile(r"\n(?=[^ \n#-])")
_FIRST_ITEM = re.compile(r" *+- ")
_TRAILING = re.compile(r"(?<! ) ++$", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_DOUBLE = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SINGLE = r"'[^']*+(?:''[^']*+)*+'"
_ITEM = rf"(?:{_DOUBLE}|{_SINGLE}|(?:\w|[/$.(~])[^:#,?\[\]{{}}]*+)"
_LIST = rf"\[ *+(?:{_ITEM} *+(?:, *+{_ITEM} *+)*+)?+\]"
_BRACKETED = re.compile(rf"({_DOUBLE}|{_SINGLE}|{_LIST})(?: ++#.*+)?+")
_ITEMS = re.compile(_ITEM)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")
_ESCAPED: Mapping[str, str] = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "t": "\t", "r": "\r"}
_BLOCK_SCALARS = frozenset(("|", "|-", ">", ">-"))
_FOLDED = re.compile(r"\n(\n*+)")

_NULL = ScalarNode("", True, NOWHERE)
_Lines = list[tuple[int, str]]
"""The indentation and the rest of each line. The end follows the last one."""
_END = (-1, "")
_NO_LISTS: Mapping[str, Container[str]] = {}
_new = tuple.__new__
"""Makes a named tuple in half the time of its class. Most of the time of a scan goes to making nodes."""


class Irregular(Exception):
    """The text is outside the subset."""


class ItemNode(MappingNode):
    """A mapping in a list, with its text. Equal texts have equal entries."""

    text: str

    def __new__(cls, text: str, entries: dict[str, MappingEntry] | None = None) -> Self:
        """Without entries, the text must be regular. It is scanned if its entries are used."""
        node = _new(cls, (entries, NOWHERE))
        node.text = text
        return node

    @property
    def entries(self) -> dict[str, MappingEntry]:
        entries: dict[str, MappingEntry] | None = self[0]
        if entries is None:
            node = _item(self.text)
            return node.entries if isinstance(node, MappingNode) else {}
        return entries


def scan(block: str, first_line: int, lists: Mapping[str, Container[str]] = _NO_LISTS) -> MappingNode:
    """Scan a block of whole lines, the first of which has this number in the file. Raises Irregular.

    Mappings in the lists under the keys of `lists` are ItemNodes. Those whose text `lists` contains are not scanned.
    """
    if "\r" in block:
        block = block.replace("\r\n", "\n")
    # To delete the usual characters first is faster than to search for the odd ones.
    unusual = block.encode().translate(None, _USUAL)
    if _DEEP in block or (unusual and _ODD.search(unusual.decode())):
        raise Irregular
    above, *parts = _OUTER.split("\n" + block.rstrip("\n"))
    if _block(above) is not _NULL:
        raise Irregular
    entries: dict[str, MappingEntry] = {}
    line = first_line - 1
    for part in parts:
        line += above.count("\n") + 1
        key, value = _field(part, line, lists)
        if key.text in entries:
            raise Irregular
        entries[key.text] = _new(MappingEntry, (key, value, (), ""))
        above = part
    return MappingNode(entries, next(iter(entries.values())).key.position if entries else NOWHERE)


def _field(part: str, line: int, lists: Mapping[str, Container[str]]) -> tuple[ScalarNode, Node]:
    """The key of the outer mapping that begins with the first line of a part, and its value."""
    head, _, below = part.partition("\n")
    head = head.rstrip(" ")
    name, separator, written = head.partition(": ")
    if not separator:
        name = _without_colon(name)
        value = _items(below, lists[name]) if name in lists else _block(below)
    else:
        written = written.lstrip(" ")
        position = _new(Position, (line, len(head) - len(written) + 1))
        if written in _BLOCK_SCALARS:
            value = _block_scalar(written, below, position)
        else:
            value = inline_value(written, position)
            if below and _block(below) is not _NULL:
                raise Irregular
    if not _KEY.fullmatch(name):
        raise Irregular
    return _new(ScalarNode, (name, True, _new(Position, (line, 1)), False, False)), value


def _items(text: str, known: Container[str]) -> Node:
    """The list of some lines. Its mappings are ItemNodes, scanned unless their texts are known."""
    first = _FIRST_ITEM.match(text)
    if first is None:
        return _block(text)
    nodes: list[Node] = []
    for part in f"\n{text}".split(f"\n{first[0]}")[1:]:
        item = first[0] + part
        if item in known:
            nodes.append(ItemNode(item))
        else:
            node = _item(item)
            nodes.append(ItemNode(item, node.entries) if isinstance(node, MappingNode) else node)
    return SequenceNode(nodes, NOWHERE)


def _item(text: str) -> Node:
    """The node of a list's only item."""
    found = _block(text)
    if not isinstance(found, SequenceNode):
        raise Irregular
    (node,) = found.nodes
    return node


def _block(text: str) -> Node:
    """The list or the mapping of some lines, or null if they are blank or comments."""
    if " \n" in text or text[-1:] == " ":
        text = _TRAILING.sub("", text)
    lines = [
        (len(line) - len(written), written)
        for line in text.split("\n")
        if (written := line.lstrip(" ")) and written[0] != "#"
    ]
    lines.append(_END)
    node, at = _below(lines, 0, 0)
    if lines[at] is not _END:
        raise Irregular
    return node


# Each function reads the collection that begins at a line. It returns the node and the index of the following line.


def _below(lines: _Lines, at: int, indent: int) -> tuple[Node, int]:
    """The value of a key with this indentation, if the key's own line does not have one."""
    level, written = lines[at]
    if written[:2] == "- ":
        return _list(lines, at, level) if level >= indent else (_NULL, at)
    return _fields(lines, at, level) if level > indent else (_NULL, at)


def _list(lines: _Lines, at: int, indent: int) -> tuple[Node, int]:
    nodes: list[Node] = []
    while True:
        level, written = lines[at]
        if level != indent or written[:2] != "- ":
            return _new(SequenceNode, (nodes, NOWHERE)), at
        item = written[1:].lstrip(" ")
        if item[0] in "\"'[" or (": " not in item and item[-1] != ":"):
            node = inline_value(item)
            at += 1
        else:
            level += len(written) - len(item)
            lines[at] = level, item
            node, at = _fields(lines, at, level)
        nodes.append(node)


def _fields(lines: _Lines, at: int, indent: int) -> tuple[Node, int]:
    fields: dict[str, MappingEntry] = {}
    while True:
        level, written = lines[at]
        if level != indent or written[:2] == "- ":
            return _new(MappingNode, (fields, NOWHERE)), at
        at += 1
        name, separator, written = written.partition(": ")
        if separator:
            node = inline_value(written)
        else:
            name = _without_colon(name)
            node, at = _below(lines, at, indent)
        if name in fields:
            raise Irregular
        fields[name] = _new(MappingEntry, (_key(name), node, (), ""))


@lru_cache(maxsize=4096)
def _key(text: str) -> ScalarNode:
    if not _KEY.fullmatch(text):
        raise Irregular
    return ScalarNode(text, True, NOWHERE)


def _without_colon(key: str) -> str:
    if key[-1] != ":":
        raise Irregular
    return key[:-1]


def inline_value(written: str, position: Position = NOWHERE) -> Node:
    """The value on the rest of a line, which does not end with a space. Raises Irregular."""
    first = written[0]
    if first == '"':
        if written[-1] == '"' and "\\" not in written and written.count('"') == 2:
            return _new(ScalarNode, (written[1:-1], False, position, False, False))
    elif first not in _INDICATORS and ": " not in written and " #" not in written and written[-1] != ":":
        return _new(ScalarNode, (written, True, position, False, False))
    return _rare_value(written.lstrip(" "), position)


def _rare_value(written: str, position: Position) -> Node:
    """A value with quotes, escapes, brackets or a comment."""
    if written[0] in "\"'[":
        bracketed = _BRACKETED.fullmatch(written)
        if bracketed is None:
            raise Irregular
        if written[0] == "[":
            return SequenceNode([_scalar(part, NOWHERE) for part in _ITEMS.findall(bracketed[1], 1)], NOWHERE)
        return _scalar(bracketed[1], position)
    text, comment, _ = written.partition(" #")
    text = text.rstrip(" ")
    is_plain = text[0] not in _INDICATORS or (text[0] == "-" and text[1:2].isalnum())
    if not is_plain or ": " in text or text[-1] == ":" or (comment and not is_complete(text)):
        raise Irregular
    return ScalarNode(text, True, position)


def _scalar(written: str, position: Position) -> ScalarNode:
    """A quoted scalar, or a plain scalar in brackets."""
    if written[0] == "'":
        return ScalarNode(written[1:-1].replace("''", "'"), False, position)
    if written[0] == '"':
        return ScalarNode(_ESCAPE.sub(_unescaped, written[1:-1]), False, position)
    return ScalarNode(written.rstrip(" "), True, position)


def _unescaped(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2]
    character = chr(int(digits, 16)) if digits else _ESCAPED.get(escape[3], "\0")
    if character == "\0" or "\ud800" <= character <= "\udfff":
        raise Irregular
    return character


def _block_scalar(style: str, below: str, position: Position) -> ScalarNode:
    """A literal scalar (`|`), or a folded one (`>`) without deeper lines. It begins with a line that is not blank."""
    lines = below.rstrip("\n").split("\n")
    margin = " " * (len(lines[0]) - len(lines[0].lstrip(" ")))
    if not margin or any(line and (not line.startswith(margin) or line.isspace()) for line in lines):
        raise Irregular
    text = "\n".join([line[len(margin) :] for line in lines])
    if style[0] == ">":
        if " \n" in text or "\n " in text:
            raise Irregular
        text = _FOLDED.sub(lambda breaks: breaks[1] or " ", text)
    return ScalarNode(text if style[-1] == "-" else f"{text}\n", False, position, block=True)
