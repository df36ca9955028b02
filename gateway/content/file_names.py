"""Derives a document's date, language and words from its file name, and its slug from its address."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from urllib.parse import unquote

from gateway.content.text import slug

_INDEXES = frozenset({"index", "_index"})
# A date in three parts or eight digits, and an optional time with its zone. `2024.1.2` is a version. A `-` after a time
# may be a separator, so that only offsets with a `+` are read.
_DATED = re.compile(
    r"(?:(?P<year>[0-9]{4})(?P<gap>[-_ ]|\.(?=[0-9]{2}\.[0-9]{2}))(?P<month>[0-9]{1,2})(?P=gap)(?P<day>[0-9]{1,2})"
    r"|(?P<YEAR>(?:19|20|21)[0-9]{2})(?P<MONTH>[0-9]{2})(?P<DAY>[0-9]{2}))"
    r"(?:T?(?P<hour>[0-9]{2})[-_.:]?(?P<minute>[0-9]{2})(?:[-_.:]?(?P<second>[0-9]{2}))?"
    r"(?P<zone>Z|\+[0-9]{2}:?[0-9]{2})?)?"
    r"(?![0-9A-Za-z])[-_. ]*"
)
# The codes of ISO 639-1. Three-letter codes are often words, such as `min`.
_LANGUAGE = (
    "a[abefkmnrsvyz]|b[aeghimnors]|c[aehorsuvy]|d[aevz]|e[elnostu]|f[afijory]|g[adlnuv]|h[aeiortuyz]"
    "|i[adegikostu]|j[av]|k[agijklmnorsuvwy]|l[abginotuv]|m[ghiklnrsty]|n[abdeglnorvy]|o[cjmrs]|p[ailst]|q[u]"
    "|r[mnouw]|s[acdeghiklmnoqrstuvw]|t[aeghiklnorstwy]|u[gkrz]|v[eio]|w[ao]|x[h]|y[io]|z[ahu]"
)
_SUFFIX = re.compile(rf"\.(?:{_LANGUAGE})(?:[-_][a-z0-9]{{2,8}}){{0,3}}", re.IGNORECASE | re.ASCII)
# The end of an address that is not part of the page's name.
_PAGE = re.compile(r"(?:(?<=/)index)?\.html?$|(?<=/)index$", re.IGNORECASE)


class Named(NamedTuple):
    """The parts of a file's path."""

    date: datetime | None
    stem: str
    """The name without its date and language. An index file has its folder's name."""
    locale: str | None

    @property
    def words(self) -> str:
        """A title derived from the name."""
        if _DATED.fullmatch(self.stem):
            return self.stem
        words = " ".join(re.split(r"[-_\s]+", self.stem)).strip() or self.stem
        return words[:1].upper() + words[1:]


def named(path: str, zone: tzinfo = UTC, locales: Collection[str] = (), *, translated: bool = False) -> Named:
    """Parse a path. The suffix in `name.fr.md` is a language if it is one of `locales`, or if the file is `translated`.

    A date is midnight in `zone`, unless a time of day follows it.
    """
    folder, _, name = path.rpartition("/")
    stem, locale = without_locale(file_stem(name), locales, translated=translated)
    if stem.casefold() in _INDEXES and folder:
        stem = folder.rpartition("/")[2]
    found = _DATED.match(stem)
    date = found and _date(found, zone)
    return Named(date, (found and date and stem[found.end() :]) or stem, locale)


def address_slug(address: str) -> str:
    """The slug of an address: `about` for `/about.html`, `/about/index.html` and `/about/`.

    All segments count, so that `/de/about/` and `/en/about/` differ. Text that is not an address is slugified.
    """
    if not address.startswith("/") and not _PAGE.search(address):
        return slug(address)
    path = address.partition("#")[0].partition("?")[0]
    return slug(_PAGE.sub("", unquote(path.rstrip("/"))))


def translations(paths: Iterable[str]) -> frozenset[str]:
    """The paths that end in a language, such as `name.fr.md`, and have a sibling in another language or without one."""
    paths = list(paths)
    suffixed = {path: family for path in paths if (family := family_of(path)) != _plain_stem(path)}
    if not suffixed:
        return frozenset()
    stems: dict[str, set[str]] = {}
    for path in paths:
        stems.setdefault(family_of(path), set()).add(_plain_stem(path).casefold())
    return frozenset(path for path, family in suffixed.items() if len(stems[family]) > 1)


def ends_in_language(path: str) -> bool:
    """Whether the file's name may end in a language, as in `name.fr.md`."""
    return _suffix(_plain_stem(path)) is not None


def language_of(path: str) -> str:
    """The end of the file's name that may be a language, as `.fr` in `name.fr.md`, or ""."""
    found = _suffix(_plain_stem(path))
    return found[0] if found else ""


def family_of(path: str) -> str:
    """The path without extension and language, which a document and its translations share."""
    stem = _plain_stem(path)
    found = _suffix(stem)
    return stem[: found.start()] if found else stem


def file_stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _plain_stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{file_stem(name)}"


def _suffix(stem: str) -> re.Match[str] | None:
    at = stem.rfind(".", stem.rfind("/") + 2)
    return _SUFFIX.fullmatch(stem, at) if at > 0 else None


def without_locale(stem: str, locales: Collection[str], *, translated: bool = False) -> tuple[str, str | None]:
    """A name's stem without its language, and the language. It is one of `locales`, or any if it is `translated`."""
    before, _, suffix = stem.rpartition(".")
    listed = {locale.casefold().replace("_", "-"): locale for locale in locales}
    if before and (locale := listed.get(suffix.casefold().replace("_", "-"))):
        return before, locale
    return (before, suffix) if translated and not locales else (stem, None)


def _date(found: re.Match[str], zone: tzinfo) -> datetime | None:
    """The date, or None if it is not in the calendar."""
    groups = found.groupdict()
    parts = {name.lower(): int(part) for name, part in groups.items() if part and name not in {"gap", "zone"}}
    try:
        own = datetime.fromisoformat(f"2000-01-01T00:00{groups['zone']}").tzinfo if groups["zone"] else None
        return datetime(**parts, tzinfo=own or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
