"""The files of named statements."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from gateway import store
from gateway.store.sql_files import named, split

FOLDER = Path(store.__path__[0])
FILES = [str(file.relative_to(FOLDER)) for file in sorted(FOLDER.rglob("*.sql")) if "-- name: " in file.read_text()]


def test_names_are_unique_and_used() -> None:
    """The code names each statement of each file, at least as often as the files do, and no other."""
    sql = "".join((FOLDER / file).read_text() for file in FILES)
    given = Counter(re.findall(r"^-- name: (\w+)$", sql, re.MULTILINE))
    assert given == Counter(name for file in FILES for name in named(file))
    code = "".join(file.read_text() for file in FOLDER.rglob("*.py"))
    used = Counter(re.findall(r'(?:_SQL|_WRITE|_DERIVE|\))\["(\w+)"\]', code))
    assert used >= given
    assert used.keys() == given.keys()


def test_statements() -> None:
    """A text is whole statements without comments."""
    for file in FILES:
        for sql in named(file).values():
            assert "--" not in sql
            assert "".join(split(sql)) == re.sub(r";\n+", ";", sql)


def test_split() -> None:
    """A semicolon inside a line does not end a statement."""
    assert split("SELECT 'a; b'\nFROM c;\n\nDELETE FROM d;") == ("SELECT 'a; b'\nFROM c;", "DELETE FROM d;")
