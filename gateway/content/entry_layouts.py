"""Decodes related entries from their text, without a syntax tree, if earlier entries had the same layout.

A layout is a sequence of lines with the same indentations and keys, and with values of the same forms. A site has few
of them. The layout of an entry is learned after the full decoder decoded it without a problem. A text that no layout
matches, or with an unreadable value, is left to the full decoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.content import dates, values
from gateway.content.nodes import MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.plain_yaml import Irregular, inline_value

MOST_LAYOUTS = 64

T = TypeVar("T")
Decode = Callable[[Node], object]
Convert = Callable[[str], object]
Make = Callable[[Sequence[Any]], T | None]
"""Makes an entry from the values of its layout, after which comes None. Returns None for unusual values."""


class _Form(NamedTuple):
    """A form of written values."""

    pattern: str
    """Has one group, which is the value or its text."""
    convert: Convert | None = None
    """Converts the group to the value, if they differ. Raises ValueError and Irregular."""


class _Layout(NamedTuple, Generic[T]):
    pattern: re.Pattern[str]
    """Each group is a value or its text."""
    conversions: tuple[tuple[int, Convert], ...]
    """The indexes of the values to convert."""
    make: Make[T]


# Texts in these forms are visible and have no outer white space, so they are values without further checks. The forms
# with quotes exclude neither backslashes, which the entry does not have, nor line breaks, which are all outside its
# values. A class of one character is matched three times as fast as others.
_TEXTS = (
    _Form(r'"(?=[^"\n]*?[!#-~])([^ "\n][^"]*+)(?<! )"'),
    _Form(r"'(?=[^'\n]*?[!-&(-~])([^ '\n][^']*+)(?<! )'"),
    _Form(r"(?!(?:null|Null|NULL)(?![^\n]))([A-Za-z0-9/][^\n:#]*+(?:(?::(?! )|(?<! )#)[^\n:#]*+)*+)(?<![ :])"),
)
_FORMS: Mapping[Decode | Callable[..., object], Sequence[_Form]] = {
    values.text: _TEXTS,
    values.phrase: _TEXTS,
    values.integer: [_Form("([0-9]{1,9})", int)],
    values.boolean: [_Form("(true|false)", "true".__eq__)],
    dates.instant: [_Form(f"({dates.USUAL.pattern})", datetime.fromisoformat)],
}
_LINE = re.compile(r"([ -]*+[A-Za-z_]\w*+:)(?: ++([^ ].*+))?", re.ASCII)
_INDEX = re.compile(r"\.[0-9]+\.")


class EntryLayouts(Generic[T]):
    """The layouts of the entries that this process decoded, up to a number."""

    def __init__(self, decoders: Mapping[str, Decode], maker: Callable[[Sequence[str]], Make[T]]) -> None:
        """`decoders` has the decoder of each value by its path, such as `title` and `images.*.url`.

        `maker` gets the paths of a layout's values, such as `images.0.url`.
        """
        self._decoders = decoders
        self._maker = maker
        self._layouts: dict[tuple[int, bool], dict[str, _Layout[T]]] = {}
        """By the number of their line breaks, whether they have backslashes, and their pattern."""
        self._number = 0

    def decode(self, text: str) -> T | None:
        """The entry of a regular text. None if no layout matches."""
        for layout in self._layouts.get((text.count("\n"), "\\" in text), {}).values():
            if match := layout.pattern.fullmatch(text):
                found: list[Any] = [*match.groups(), None]
                try:
                    for at, convert in layout.conversions:
                        found[at] = convert(found[at])
                except (Irregular, ValueError):
                    return None
                return layout.make(found)
        return None

    def learn(self, text: str, node: MappingNode) -> None:
        """Record the layout of a regular entry, if every value has a decoder and is on the line of its key."""
        lines, fields = list(map(_LINE.fullmatch, text.split("\n"))), list(_fields(node, ""))
        if self._number == MOST_LAYOUTS or len(lines) != len(fields):
            return
        patterns, found = [], list[tuple[str, _Form]]()
        for line, (path, value) in zip(lines, fields, strict=True):
            decode = self._decoders.get(_INDEX.sub(".*.", path))
            if line is None or (decode is None) == isinstance(value, ScalarNode):
                return
            patterns.append(re.escape(line[1]))
            if line[2] and decode:
                form = _form(line[2], decode, is_escaped="\\" in text)
                patterns[-1] += f" ++{form.pattern}"
                found.append((path, form))
        self._add((text.count("\n"), "\\" in text), "\n".join(patterns), found)

    def _add(self, key: tuple[int, bool], pattern: str, found: Sequence[tuple[str, _Form]]) -> None:
        alike = self._layouts.setdefault(key, {})
        if pattern not in alike:
            conversions = tuple((at, form.convert) for at, (_, form) in enumerate(found) if form.convert)
            alike[pattern] = _Layout(re.compile(pattern), conversions, self._maker([path for path, _ in found]))
            self._number += 1


def _form(written: str, decode: Decode, *, is_escaped: bool) -> _Form:
    """The form of a value: one of the usual forms, or else any form that the scanner reads."""
    forms = _FORMS.get(decode.func if isinstance(decode, partial) else decode, ())
    if is_escaped and written[0] in "\"'":
        forms = ()
    usual = next((form for form in forms if re.fullmatch(form.pattern, written)), None)
    return usual or _Form(r"([^ \n][^\n]*+)(?<! )", lambda text: decode(inline_value(text)))


def _fields(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """The paths and the values of a mapping's fields and of all fields below them, in file order."""
    if isinstance(node, SequenceNode):
        for at, item in enumerate(node.nodes):
            yield from _fields(item, f"{path}{at}.")
    elif isinstance(node, MappingNode):
        for key, field in node.entries.items():
            yield f"{path}{key}", field.value
            yield from _fields(field.value, f"{path}{key}.")
