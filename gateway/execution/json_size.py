"""How much a value of JSON holds. It is counted level by level, so that no nesting is too deep for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class JsonSize(NamedTuple):
    """What a value holds, itself among it."""

    values: int = 0
    depth: int = 0
    """Levels of lists and objects within one another."""
    characters: int = 0
    """Of all its texts, names not among them."""


def json_size(value: object) -> JsonSize:
    """Takes time linear in what the value holds, each part counted wherever it stands."""
    values = depth = characters = 0
    level = [value]
    while level:
        values += len(level)
        inner: list[object] = []
        nested = False
        for each in level:
            if isinstance(each, str):
                characters += len(each)
            elif isinstance(each, Mapping):
                nested = True
                inner.extend(each.values())
            elif isinstance(each, list | tuple):
                nested = True
                inner.extend(each)
        depth += nested
        level = inner
    return JsonSize(values, depth, characters)
