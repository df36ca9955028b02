"""Formats the files of collections, the sources of fields, the unexposed keys, and the reasons that hide documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from gateway.content import presets, site_config
from gateway.model.documents import FieldOrigin, Hiding, Status
from gateway.problem_format import count_noun

MOST_KEYS = 10
"""The maximum number of front matter keys in a line."""
LONGEST_KEY = 60
"""The maximum number of characters shown of a key."""


def preset_rules(content: Path) -> str:
    """The rules of the preset that a content folder uses, as YAML with their line numbers, or ""."""
    try:
        name = site_config.read(content).site.preset
    except OSError:
        return ""
    lines = presets.text(name).splitlines() if name else []
    return "".join(f"preset {name}:{number}: {line}\n" for number, line in enumerate(lines, 1))


def collection_files(content: Path, articles: Iterable[str]) -> str:
    """A line for each collection of a content folder: `collection posts: 12 files`. Then one for each pair of
    collections that match the same files, which belong to the first of them."""
    try:
        site = site_config.read(content).site
    except OSError:
        return ""
    files, others = Counter[str](), Counter[tuple[str, str]]()
    for path in articles if site.collections else ():
        first, *more = [collection.name for collection in site.collections_of(path)] or [""]
        files[first] += 1
        others.update((each, first) for each in more)
    lines = [f"collection {each.name}: {count_noun(files[each.name], 'file')}\n" for each in site.collections]
    lines += [_overlap(files, *names) for names, files in sorted(others.items())]
    return "".join(lines)


def _overlap(files: int, name: str, first: str) -> str:
    match = "matches" if files == 1 else "match"
    return f"{count_noun(files, 'file')} of collection {first} also {match} {name}, which is declared after it\n"


def field_origins(given: Mapping[FieldOrigin, int]) -> str:
    """A line for each field that does not come from its own key: `locale from lang (12 files), the path (1)`."""
    by_field: dict[str, list[tuple[int, str]]] = {}
    for (field, source), files in given.items():
        by_field.setdefault(field, []).append((-files, source))
    return "".join(f"{field} from {_sources(sorted(found))}\n" for field, found in sorted(by_field.items()))


def unexposed(keys: Mapping[str, int]) -> str:
    """A line with the most frequent front matter keys that the public cannot read, or "".

    `keys` are in order, each with the number of files that have it.
    """
    if not keys:
        return ""
    named = _sources([(-files, _key(key)) for key, files in islice(keys.items(), MOST_KEYS)])
    more = f" and {len(keys) - MOST_KEYS} more" if len(keys) > MOST_KEYS else ""
    hint = "To publish a key, add it to `expose` in gateway.yaml."
    return f"Under `gateway serve` only previews show these keys of frontMatter: {named}{more}. {hint}\n"


def hidden_files(found: Mapping[str, Sequence[Hiding]]) -> str:
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


def _key(key: str) -> str:
    """A printable key of at most LONGEST_KEY characters."""
    return (key if key.isprintable() else ascii(key))[:LONGEST_KEY]


def _sources(found: list[tuple[int, str]]) -> str:
    """The sources, the most frequent first. Only the first number has the noun `files`."""
    first, *others = found
    shown = [f"{first[1]} ({count_noun(-first[0], 'file')})", *(f"{source} ({-files})" for files, source in others)]
    return ", ".join(shown)
