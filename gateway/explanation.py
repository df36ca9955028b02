"""Tells people where the fields of the documents came from. It asks no document."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model import Given
from gateway.problems import counted


def explained(given: Mapping[Given, int]) -> str:
    """A line for each field that came from elsewhere than its own key: `locale from lang (12 files), the path (1)`."""
    by_field: dict[str, list[tuple[int, str]]] = {}
    for (field, source), files in given.items():
        by_field.setdefault(field, []).append((-files, source))
    return "".join(f"{field} from {_sources(sorted(found))}\n" for field, found in sorted(by_field.items()))


def _sources(found: list[tuple[int, str]]) -> str:
    """The most used first; only there the number is said to be one of files."""
    first, *others = found
    shown = [f"{first[1]} ({counted(-first[0], 'file')})", *(f"{source} ({-files})" for files, source in others)]
    return ", ".join(shown)
