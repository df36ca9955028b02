"""Filters reported paths to those that a run must scan."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from gateway.content.generator_rules import companions
from gateway.content.media_types import media_type
from gateway.content.site import Site
from gateway.content.site_config import is_site_config
from gateway.content.source import folders_of, is_closed, is_document, is_ignored, may_hold_rules, why_not_read
from gateway.content.watch import WHOLE_FOLDER
from gateway.loading.scan import LastFullScan


class ChangedPaths(NamedTuple):
    """The changed paths that a run must scan."""

    present: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    """Paths that do not exist."""
    folders: frozenset[str] = frozenset()
    """The existing paths that are folders."""
    losses: int = 0
    """The number of known files that are gone."""
    arrives: bool = False
    """Whether an unknown file or folder exists. It may have been moved here."""

    @property
    def names(self) -> frozenset[str]:
        """The names to look up in the store, in its normal form."""
        return frozenset(_nfc(path) for path in self.paths if path != WHOLE_FOLDER and not is_site_config(path))

    @property
    def paths(self) -> frozenset[str]:
        return self.present | self.missing

    def known(self, files: Collection[str], assets: Collection[str], told: Iterable[str]) -> ChangedPaths:
        """Without irrelevant paths, such as an editor's temporary files and pictures that no document refers to.

        A missing path is relevant if one of `files` or `assets` (in NFC) was at or below it, or if `told` has a problem
        there. `assets` are the files that documents refer to, including missing ones.
        """
        places = {place for file in (*files, *assets) for place in (file, *folders_of(file))}
        present = frozenset(path for path in self.present if not self._is_asset(path) or _nfc(path) in places)
        arrives = any(name not in places for name in self._replace(present=present, missing=frozenset()).names)
        places.update(place for path in map(_nfc, told) for place in (path, *folders_of(path)))
        missing = frozenset(path for path in self.missing if _are_rules(path) or _nfc(path) in places)
        gone = frozenset(map(_nfc, missing))
        losses = sum(not gone.isdisjoint((file, *folders_of(file))) for file in files)
        return self._replace(present=present, missing=missing, losses=losses, arrives=arrives)

    def _is_asset(self, path: str) -> bool:
        return path not in self.folders and media_type(path) is not None


def classify(root: Path, paths: Iterable[str], site: Site) -> ChangedPaths:
    """Split paths into existing relevant ones and missing ones. Unreadable paths count as missing."""
    seen = frozenset(path for path in paths if path == WHOLE_FOLDER or _is_entered(path, site))
    folders = frozenset(path for path in seen if os.path.isdir(root / path))  # noqa: PTH112 - Path.is_dir raises for some
    present = folders.union(path for path in seen if _is_wanted(root, path, site))
    return ChangedPaths(present, seen - present, folders)


def narrow(paths: Collection[str], root: Path, last_scan: LastFullScan) -> frozenset[str] | None:
    """The smallest set of paths to scan, without nested paths, or None if the whole folder must be walked."""
    if WHOLE_FOLDER in paths or not all(map(_is_plain, paths)) or os.path.realpath(root) != last_scan.root:
        return None
    if _have_twins(root, paths):
        return None
    beside = {each for path in paths for each in companions(path) if os.path.lexists(root / each)}
    paths = beside.union(paths)
    return frozenset(path for path in paths if not any(folder in paths for folder in folders_of(path)))


def _is_wanted(root: Path, path: str, site: Site) -> bool:
    if path == WHOLE_FOLDER:
        return True
    is_content = is_document(path, site.include) or why_not_read(path, site.include) is not None
    return (is_content or _are_rules(path) or media_type(path) is not None) and os.path.lexists(root / path)


def _is_entered(path: str, site: Site) -> bool:
    """Whether a walk may reach a path."""
    return not is_ignored(path) and (bool(site.include) or not is_closed(path))


def _are_rules(path: str) -> bool:
    """Whether a file may contain rules for other files."""
    return is_site_config(path) or may_hold_rules(path)


def _is_plain(path: str) -> bool:
    """Whether a change of the path affects one file only.

    The site's rules affect all files. Names that are not in NFC, or are not text, require a walk.
    """
    return not is_site_config(path) and unicodedata.is_normalized("NFC", path) and "\ufffd" not in path


def _have_twins(root: Path, paths: Collection[str]) -> bool:
    """Whether a sibling of a path, or of a folder above it, differs from it in Unicode normal form only.

    Only one of the two is served, and a walk decides which. ASCII names are skipped, as they have one form only.
    """
    names = {name for path in paths for name in (path, *folders_of(path)) if not name.isascii()}
    folders = {name.rpartition("/")[0] for name in names}
    return any(_nfc(name) in names for folder in folders for name in _names(root, folder) if _nfc(name) != name)


def _names(root: Path, folder: str) -> list[str]:
    """The names in a folder, or an empty list if it is unreadable, which the scan reports."""
    try:
        with os.scandir(root / folder) as scan:
            return [f"{folder}/{entry.name}".removeprefix("/") for entry in scan]
    except OSError:
        return []


def _nfc(path: str) -> str:
    return unicodedata.normalize("NFC", path)
