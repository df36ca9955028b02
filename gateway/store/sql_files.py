"""Reads the `.sql` files beside this module.

In a file of named statements, the line `-- name: NAME` begins one statement, or several that run in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path


def read(file: str) -> str:
    return (Path(__file__).parent / file).read_text(encoding="utf-8")


@cache
def named(file: str) -> Mapping[str, str]:
    """The SQL of each name, without comment lines."""
    sql = re.sub(r"^--(?! name: ).*\n", "", read(file), flags=re.MULTILINE)
    _, *parts = re.split(r"^-- name: (\w+)\n", sql, flags=re.MULTILINE)
    return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))


def split(sql: str) -> Sequence[str]:
    """The statements of a text. Each ends with `;` at the end of a line."""
    return tuple(re.findall(r"\S.*?;$", sql, re.MULTILINE | re.DOTALL))
