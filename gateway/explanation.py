"""Explains to people where the fields of the documents come from, and what hides documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from gateway.model import Given, Hiding, Status
from gateway.problems import counted


def explained(given: Mapping[Given, int]) -> str:
    """A line for each field that came from elsewhere than its own key: `locale from lang (12 files), the path (1)`."""
    by_field: dict[str, list[tuple[int, str]]] = {}
    for (field, source), files in given.items():
        by_field.setdefault(field, []).append((-files, source))
    return "".join(f"{field} from {_sources(sorted(found))}\n" for field, found in sorted(by_field.items()))


def hidden(found: Mapping[str, Sequence[Hiding]]) -> str:
    """A line for each reason that hides a file: `a.md: scheduled until 2099-01-01T00:00:00Z by `date` (line 3)`."""
    return "".join(f"{path}: {_effect(hiding)} by {_place(path, hiding)}\n" for path, hiding in _in_order(found))


def _in_order(found: Mapping[str, Sequence[Hiding]]) -> Iterator[tuple[str, Hiding]]:
    for path, hidings in sorted(found.items()):
        for hiding in hidings:
            yield path, hiding


def _effect(hiding: Hiding) -> str:
    match hiding.status:
        case Status.SCHEDULED:
            return f"scheduled until {_shown(hiding.at)}"
        case Status.EXPIRED:
            return f"expired since {_shown(hiding.at)}"
        case Status.DRAFT:
            return "draft"
        case _:
            return "unlisted"


def _place(path: str, hiding: Hiding) -> str:
    if hiding.line is None:
        return hiding.source
    return f"{hiding.source} ({f'line {hiding.line}' if hiding.path == path else f'{hiding.path}:{hiding.line}'})"


def _shown(time: datetime | None) -> str:
    return "" if time is None else time.isoformat().replace("+00:00", "Z")


def _sources(found: list[tuple[int, str]]) -> str:
    """The most used first; only there the number is said to be one of files."""
    first, *others = found
    shown = [f"{first[1]} ({counted(-first[0], 'file')})", *(f"{source} ({-files})" for files, source in others)]
    return ", ".join(shown)
