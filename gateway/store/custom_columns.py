"""The SQL of collections and of their custom fields."""

from __future__ import annotations

import re

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


def of_collection(name: str) -> str:
    """The condition for the articles of a collection.

    The name is a literal, because an index of the articles of one collection does not serve a parameter.
    """
    return f"article.collection = '{_checked(name)}'"


def _checked(name: str) -> str:
    """The rules of the site accept only such names. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    return name
