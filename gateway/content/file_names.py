"""Derives a document's date, language and words from its file name, and its slug from its address."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from urllib.parse import unquote

from gateway.content.date_patterns import DatePattern
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


# A number that orders files: `01-intro`, `1.intro`. It is not the beginning of a date or of a version.
_NUMBER = re.compile(r"(?![0-9]+[-_.][0-9])[0-9]{1,5} *[-_.]+ *(?=[^-_.\s])")


class Named(NamedTuple):
    """The parts of a file's path."""

    date: datetime | None
    stem: str
    """The name without its date and language. An index file has its folder's name."""
    locale: str | None
    filename: str = ""
    """The stem with its date."""
    is_index: bool = False
    is_in_folders: bool = False
    """Whether the date is from the folders' names, or from the folders' and the file's."""

    @property
    def words(self) -> str:
        """A title derived from the name."""
        if _DATED.fullmatch(self.stem):
            return self.stem
        words = " ".join(re.split(r"[-_\s]+", self.stem)).strip() or self.stem
        return words[:1].upper() + words[1:]


def named(
    path: str,
    zone: tzinfo = UTC,
    locales: Collection[str] = (),
    pattern: DatePattern | None = None,
    *,
    numbered: bool = False,
) -> Named:
    """Parse a path. The suffix in `name.fr.md` is a language if it is one of `locales`. Without `locales`, that of an
    index file is one if it is a code of ISO 639-1.

    A date is midnight in `zone`, unless a time of day follows it. A date that `pattern` finds takes precedence, and is
    not part of the stem. If `numbered`, a number before the name is not part of it either.
    """
    if pattern and (placed := pattern.in_path(path, zone)):
        below = named(_without_date(path, placed[1]), zone, locales, numbered=numbered)
        return below._replace(date=placed[0], is_in_folders=True)
    folder, _, name = path.rpartition("/")
    stem, locale = without_locale(file_stem(name), locales or _languages_of_index(name))
    stem = without_number(stem) if numbered else stem
    is_index = stem.casefold() in _INDEXES
    if is_index and folder:
        stem = folder.rpartition("/")[2]
        stem = without_number(stem) if numbered else stem
    found = _DATED.match(stem)
    date = found and _date(found, zone)
    return Named(date, (found and date and stem[found.end() :]) or stem, locale, stem, is_index)


def without_number(stem: str) -> str:
    """A name without the number that orders it."""
    found = _NUMBER.match(stem)
    return stem[found.end() :] if found else stem


def _without_date(path: str, end: int) -> str:
    """The path without the part of the file's name before an offset, unless nothing is left of the name."""
    folder, slash, name = path.rpartition("/")
    rest = path[end:].lstrip("-_. ") if end > len(folder + slash) else name
    return f"{folder}{slash}{rest}" if rest.rpartition(".")[0] else path


def _languages_of_index(name: str) -> tuple[str, ...]:
    language = language_of(name)
    return (language[1:],) if file_stem(name).removesuffix(language).casefold() in _INDEXES else ()


def address_slug(address: str) -> str:
    """The slug of an address: `about` for `/about.html`, `/about/index.html` and `/about/`.

    All segments count, so that `/de/about/` and `/en/about/` differ. Text that is not an address is slugified.
    """
    if not address.startswith("/") and not _PAGE.search(address):
        return slug(address)
    path = address.partition("#")[0].partition("?")[0]
    return slug(_PAGE.sub("", unquote(path.rstrip("/"))))


def language_of(path: str) -> str:
    """The end of the file's name that may be a language of ISO 639-1, as `.fr` in `name.fr.md`, or ""."""
    stem = file_stem(path.rpartition("/")[2])
    at = stem.rfind(".", 1)
    return stem[at:] if at > 0 and _SUFFIX.fullmatch(stem, at) else ""


def file_stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def without_locale(stem: str, locales: Collection[str]) -> tuple[str, str | None]:
    """A name's stem without its language, and the language, which is one of `locales`."""
    if not locales:
        return stem, None
    before, _, suffix = stem.rpartition(".")
    locale = listed_locale(suffix, locales) if before else None
    return (before, locale) if locale else (stem, None)


def listed_locale(text: str, locales: Collection[str]) -> str | None:
    """The one of the locales that a text names, in any case."""
    listed = {locale.casefold().replace("_", "-"): locale for locale in locales}
    return listed.get(text.casefold().replace("_", "-"))


def _date(found: re.Match[str], zone: tzinfo) -> datetime | None:
    """The date, or None if it is not in the calendar."""
    groups = found.groupdict()
    parts = {name.lower(): int(part) for name, part in groups.items() if part and name not in {"gap", "zone"}}
    try:
        own = datetime.fromisoformat(f"2000-01-01T00:00{groups['zone']}").tzinfo if groups["zone"] else None
        return datetime(**parts, tzinfo=own or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
