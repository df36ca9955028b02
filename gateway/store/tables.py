"""The schema of the database. `schema.sql` describes the tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.model import fields
from gateway.store.field_columns import DEFINITIONS, ORDERS
from gateway.store.sql_files import read

RELEASE = 20 + fields.VERSION
"""The version of the schema and of its content. A database of another release is rebuilt."""
APPLICATION = 0x67617465
"""Distinguishes this program's databases from others."""

SAME_SLUG = "SAME_SLUG"
TOPIC_SPELLING = "TOPIC_SPELLING"
"""Codes of problems that several files share."""

PUBLIC_VIEW = 1
PREVIEW_VIEW = 0
VIEWS = (PREVIEW_VIEW, PUBLIC_VIEW)
KEYED_VIEW = 2


def _statements(name: str) -> str:
    """The statements of a file, with those of the plain fields at its comments `fields` and `orders`."""
    return read(name).replace("/* fields */", DEFINITIONS).replace("/* orders */", ORDERS)


SCHEMA = _statements("schema.sql")
INDEXES: Mapping[str, str] = {
    match[1]: match[0]
    for match in re.finditer(r"^CREATE (?:UNIQUE )?INDEX (\w+)[^;]+", _statements("indexes.sql"), re.MULTILINE)
}
"""The statement that creates each index, by name."""
