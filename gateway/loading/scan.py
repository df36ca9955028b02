"""Compares the store with the folder's listing, to determine which files a run must read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from gateway.content.decoder import DECODER_VERSION
from gateway.content.file_parser import Task
from gateway.content.site import Site
from gateway.content.source import FolderListing, Stamp, lies_in
from gateway.loading.deletion_guard import (
    FolderLocation,
    HeldDeletion,
    PastDeletion,
    PendingDeletion,
    Retained,
    check_deletion,
    recent,
)
from gateway.model.problems import Problem, Severity
from gateway.store.protocol import LOST, FileState

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


class Scan(NamedTuple):
    """The state of the store and of the folder before files are read."""

    started: datetime
    known: Mapping[str, FileState]
    """The store's state of the scanned files."""
    absent: Sequence[str]
    """The known files that were not found."""
    articles: int
    """The number of articles in the store."""
    state: IngestState
    site: Site
    """The rules for decoding."""
    listing: FolderListing
    tasks: Sequence[Task]
    """The files to read."""
    hold: timedelta
    accept_empty: bool = False
    strict: bool = False
    last_full_scan: LastFullScan | None = None
    """The last full walk if only some paths were scanned, or None if this is a full walk."""
    paths: frozenset[str] = frozenset()
    """The scanned paths, which include everything below them."""
    confirmed: frozenset[str] = frozenset()
    """Files that are confirmed to be gone. If they had been moved, their bytes would have been found."""

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

    def next_full_scan(self, retained: Retained) -> LastFullScan | None:
        """The full walk that the next run may reuse, or None if it must walk, because there are irregularities."""
        if retained.paths or self.listing.unlisted or not (self.last_full_scan or self.listing.files):
            return None
        return LastFullScan(self.listing.root, self.site, self.all_problems)


def absent_files(known: Iterable[str], listing: FolderListing) -> list[str]:
    """The known files that were not found."""
    return [path for path in known if path not in listing.files]


def missing_files(known: Iterable[str], listing: FolderListing) -> list[str]:
    """The known files that are gone, without files in folders that could not be listed."""
    return [path for path in absent_files(known, listing) if not listing.hides(path)]


def count_articles(known: Mapping[str, FileState]) -> int:
    return sum(state.status is not None for state in known.values())


def decoder_version(site: Site) -> str:
    """A version of everything that a document depends on besides its file."""
    return " ".join(filter(None, (DECODER_VERSION, site.digest, site.inherited.digest)))


def files_to_read(
    listing: FolderListing, known: Mapping[str, FileState], state: IngestState, site: Site, anew: Collection[str]
) -> list[Task]:
    """The files to read: new, apparently changed, or written too shortly before the last run.

    Files in `anew` are always parsed.
    """
    same_decoder = state.decoder == decoder_version(site)
    settled = (state.started - SETTLED).timestamp() * 1e9 if state.started else 0
    tasks = []
    for path, file in listing.files.items():
        version = known[path].version if path in known else None
        if version is None or not same_decoder or path in anew:
            tasks.append(Task(file))
        elif Stamp(*version[1:5]) != file.stamp or version.mtime_ns > settled:
            tasks.append(Task(file, version.sha256))
    return tasks
