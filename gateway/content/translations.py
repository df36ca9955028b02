"""Decides which articles are translations of each other: they have the same key.

The key is a text in front matter, or the path without its language.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from gateway.content import file_names

_DOCUSAURUS = re.compile(
    r"(?P<before>(?:[^/]+/)*?)i18n/(?P<locale>[^/]+)/docusaurus-plugin-content-(?P<kind>docs|blog|pages)"
    r"(?:-(?P<id>[^/]+))?/(?:current/|(?P<version>version-[^/]+/))?(?P<rest>.+)"
)
"""The path of a translated file of Docusaurus."""


class Means(StrEnum):
    """Where a file says which article it translates."""

    KEY = "key"
    """A text in front matter that all translations have."""
    FOLDER = "folder"
    """A folder with the name of the language."""
    SUFFIX = "suffix"
    """The end of the file's name."""


class TranslationRules(NamedTuple):
    """How translations are recognised. A folder and a suffix are languages only if they are locales of the site."""

    by: frozenset[Means] = frozenset({Means.KEY, Means.SUFFIX})
    keys: tuple[str, ...] = ("translationKey",)
    """The keys of front matter, also dotted ones. The first one with a text counts."""


class TranslatedPath(NamedTuple):
    """What a path says about the language."""

    locale: str | None = None
    """The locale that a folder names."""
    key: str | None = None
    """Equal for all files whose paths differ in the language only. None if the site has no languages in paths."""


def of_path(path: str, rules: TranslationRules, locales: Collection[str]) -> TranslatedPath:
    if not locales or rules.by.isdisjoint({Means.FOLDER, Means.SUFFIX}):
        return TranslatedPath()
    locale = None
    if Means.FOLDER in rules.by:
        path, locale = _without_folder(path, locales)
    folder, slash, name = path.rpartition("/")
    stem = file_names.file_stem(name)
    if Means.SUFFIX in rules.by:
        stem, _ = file_names.without_locale(stem, locales)
    return TranslatedPath(locale, f"p:{folder}{slash}{stem}")


def of_key(text: str) -> str:
    """The key of the articles that have a text in front matter. It differs from that of every path."""
    return f"k:{text}"


def _without_folder(path: str, locales: Collection[str]) -> tuple[str, str | None]:
    """The path of the original, and the locale. The first folder with the name of a locale counts."""
    found = _DOCUSAURUS.fullmatch(path)
    if found and (locale := file_names.listed_locale(found["locale"], locales)):
        return _docusaurus_original(found), locale
    *folders, name = path.split("/")
    for at, folder in enumerate(folders):
        if locale := file_names.listed_locale(folder, locales):
            return "/".join((*folders[:at], *folders[at + 1 :], name)), locale
    return path, None


def _docusaurus_original(found: re.Match[str]) -> str:
    before, _, kind, name, version, rest = found.groups(default="")
    folder = name or ("src/pages" if kind == "pages" else kind)
    if version:
        folder = f"{name}_versioned_docs" if name else "versioned_docs"
    return f"{before}{folder}/{version}{rest}"
