"""Compares the store with the folder's listing, to determine which files a run must read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import orjson

from gateway.content.decoder import DECODER_VERSION
from gateway.content.site import Site
from gateway.content.source import FolderListing, join, lies_in
from gateway.loading.deletion_guard import (
    FolderLocation,
    HeldDeletion,
    PastDeletion,
    PendingDeletion,
    Retained,
    check_deletion,
    recent,
)
from gateway.model.collections import Collections
from gateway.model.problems import Problem, Severity
from gateway.store.protocol import LOST, Applied, FileState

EMPTY = "EMPTY"

SETTLED = timedelta(seconds=2)
"""A file written within this time before the last run may have changed since, within a clock tick."""


class IngestState(NamedTuple):
    """The state that a run stores for the next one."""

    decoder: str = ""
    started: datetime | None = None
    location: FolderLocation | None = None
    """The location of the folder that the articles came from."""
    held: HeldDeletion | None = None
    lost: frozenset[str] = frozenset()
    """The files whose last good version could not be migrated from another release's database. Used by the next run
    only."""
    gone: tuple[PastDeletion, ...] = ()
    """The deletions of the last runs that count together with those of the next one."""

    @classmethod
    def load(cls, stored: Mapping[str, str]) -> IngestState:
        if "ingest" not in stored:
            return cls(lost=frozenset(orjson.loads(stored.get(LOST, "[]"))))
        decoder, started, place, held, gone = orjson.loads(stored["ingest"])
        return cls(
            decoder,
            datetime.fromisoformat(started),
            FolderLocation(*place) if place else None,
            HeldDeletion(held[0], datetime.fromisoformat(held[1]), held[2]) if held else None,
            gone=tuple(PastDeletion(datetime.fromisoformat(at), lost, articles) for at, lost, articles in gone),
        )

    def dump(self) -> dict[str, str]:
        place, held = self.location and tuple(self.location), self.held and tuple(self.held)
        values = (self.decoder, self.started, place, held, tuple(map(tuple, self.gone)))
        return {"ingest": orjson.dumps(values).decode()}


class LastFullScan(NamedTuple):
    """The results of a full walk that runs on some paths only reuse."""

    root: str
    """The folder's path with links resolved."""
    site: Site
    problems: tuple[Problem, ...]
    """The problems of the whole run."""
    articles: int
    """The number of articles after the run."""


class Comparison(NamedTuple):
    """A walk of the folder, and the store's state of what differs."""

    site: Site
    """The rules for decoding."""
    listing: FolderListing
    folders: Collection[str]
    """The folders that may differ."""
    known: Mapping[str, FileState]
    """The store's state of at least the files in these folders."""

    absent: Sequence[str]
    """The known files that were not found."""

    @classmethod
    def of(
        cls, site: Site, listing: FolderListing, folders: Collection[str], known: Mapping[str, FileState]
    ) -> Comparison:
        return cls(site, listing, folders, known, [path for path in known if path not in listing.files])

    @property
    def gone(self) -> list[str]:
        """The known files that are gone, without files in folders that could not be listed."""
        return missing_files(self.absent, self.listing)


class Scan(NamedTuple):
    """The state of the store and of the folder before files are read."""

    started: datetime
    known: Mapping[str, FileState]
    """The store's state of the scanned files, at least of those that are read or absent."""
    absent: Sequence[str]
    """The known files that were not found."""
    articles: int
    """The number of articles in the store."""
    state: IngestState
    site: Site
    """The rules for decoding."""
    listing: FolderListing
    to_read: Mapping[str, str | None]
    """The paths of the files to read, each with the digest of its stored version if equal bytes are not parsed."""
    hold: timedelta
    accept_empty: bool = False
    strict: bool = False
    last_full_scan: LastFullScan | None = None
    """The last full walk if only some paths were scanned, or None if this is a full walk."""
    paths: frozenset[str] = frozenset()
    """The scanned paths, which include everything below them."""
    signatures: Mapping[str, bytes | None] = MappingProxyType({})
    """The new signatures of folders. See ChangeSet."""
    confirmed: frozenset[str] = frozenset()
    """Files that are confirmed to be gone. If they had been moved, their bytes would have been found."""

    @property
    def collections(self) -> Collections | None:
        """The collections of the site. None if they are unknown, because the folder cannot be listed."""
        return None if "" in self.listing.unlisted else self.site.collections

    @property
    def location(self) -> FolderLocation:
        return FolderLocation(self.listing.root, self.listing.device)

    @property
    def decoder(self) -> str:
        """The decoder version of the articles, or the previous version if some of them are unreachable."""
        hidden = self.listing.unlisted and any(self.listing.hides(path) for path in self.absent)
        return self.state.decoder if hidden else decoder_version(self.site)

    @property
    def gone(self) -> list[str]:
        return missing_files(self.absent, self.listing)

    @property
    def recent(self) -> tuple[PastDeletion, ...]:
        """The deletions of runs within the hold."""
        return recent(self.state.gone, self.started, self.hold)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of the folder in the scanned paths."""
        if self.last_full_scan or self.listing.files or (self.articles and not self.accept_empty):
            return self.listing.problems
        message = "The content folder does not contain documents."
        empty = Problem(Severity.WARNING, EMPTY, message, ".", hint="Add a Markdown file to it.")
        return (*self.listing.problems, empty)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """All problems of the folder, including those outside the scanned paths."""
        before = self.last_full_scan.problems if self.last_full_scan else ()
        return (*(problem for problem in before if not lies_in(problem.path, self.paths)), *self.problems)

    def serves(self, path: str) -> bool:
        return path in self.known and self.known[path].status is not None

    def check_deletion(self, paths: AbstractSet[str], loaded: int) -> Retained | None:
        """Check a deletion. Returns the articles to retain, or None."""
        if self.accept_empty:
            return None
        deletion = PendingDeletion(
            frozenset(paths), self.articles, loaded, self.location, self.state.location, self.recent
        )
        return check_deletion(deletion, self.state.held, self.started, self.hold)

    def next_state(self, retained: Retained, lost: int) -> IngestState:
        """The state to store after the run, which deleted `lost` articles.

        Only a full walk settles recently written files. Retained articles were decoded by earlier rules, and are
        decoded again when their files return.
        """
        started = self.state.started if self.last_full_scan else self.started
        gone = self._gone(lost)
        if retained.paths:
            return IngestState(self.state.decoder, started, self.state.location, retained.held, gone=gone)
        return IngestState(self.decoder, started, self.location, gone=gone)

    def _gone(self, lost: int) -> tuple[PastDeletion, ...]:
        """The deletions that count against later ones, without accepted and confirmed ones."""
        if self.accept_empty or (self.state.held and lost):
            return ()
        return (*self.recent, PastDeletion(self.started, lost, self.articles)) if lost else self.recent

    def next_full_scan(self, retained: Retained, applied: Applied) -> LastFullScan | None:
        """The full walk that the next run may reuse, or None if it must walk, because there are irregularities."""
        if retained.paths or self.listing.unlisted or not (self.last_full_scan or self.listing.files):
            return None
        articles = self.articles + applied.added - applied.removed
        return LastFullScan(self.listing.root, self.site, self.all_problems, articles)


def missing_files(absent: Iterable[str], listing: FolderListing) -> list[str]:
    """The files that are gone of those that were not found, without files in folders that could not be listed."""
    return [path for path in absent if not listing.hides(path)]


def decoder_version(site: Site) -> str:
    """A version of everything that a document depends on besides its file."""
    return " ".join(filter(None, (DECODER_VERSION, site.digest, site.inherited.digest, site.assets.digest)))


def settled(state: IngestState) -> float:
    """The last modification time, in nanoseconds since 1970, of files whose stamps are certain."""
    return (state.started - SETTLED).timestamp() * 1e9 if state.started else 0


def files_to_read(comparison: Comparison, state: IngestState, reparsed: Collection[str]) -> dict[str, str | None]:
    """The files to read: new, apparently changed, or written too shortly before the last run.

    Each has the digest of its stored version, or None if it must be parsed, as those in `reparsed`.
    """
    same_decoder, limit = state.decoder == decoder_version(comparison.site), settled(state)
    paths: dict[str, str | None] = {}
    for folder, found in comparison.listing.files.folders.items():
        if folder not in comparison.folders:
            continue
        for name in sorted(found):
            path = join(folder, name)
            version = comparison.known[path].version if path in comparison.known else None
            if version is None or not same_decoder or path in reparsed:
                paths[path] = None
            elif version[1:5] != found[name] or version.mtime_ns > limit:
                paths[path] = version.sha256
    return paths
