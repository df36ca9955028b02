"""What a run knows before it reads a file: what was there, what is there, and what it has to read. It reads nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from gateway.content.decoder import DECODER_VERSION
from gateway.content.file_names import translations
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
from gateway.model import Problem, Severity
from gateway.store.protocol import LOST, FileState

EMPTY = "EMPTY"

SETTLED = timedelta(seconds=2)
"""A file written this shortly before the last run may have changed within a tick of its clock since."""


class IngestState(NamedTuple):
    """What a run leaves to the next one, through the store."""

    decoder: str = ""
    started: datetime | None = None
    location: FolderLocation | None = None
    """Where the folder lay that the articles came from."""
    held: HeldDeletion | None = None
    lost: frozenset[str] = frozenset()
    """The files whose last good version could not be carried over from a database of another release. The next run is
    told, and no other."""
    gone: tuple[PastDeletion, ...] = ()
    """What the last runs took away, for as long as it counts together with what the next one would."""

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
    """What a walk of the whole folder leaves to runs that look at some paths alone."""

    root: str
    """The folder's path, links resolved."""
    site: Site
    problems: tuple[Problem, ...]
    """Those of the run as a whole."""


class Scan(NamedTuple):
    """What the store and a look at the folder say, before any file is read."""

    started: datetime
    known: Mapping[str, FileState]
    """What the store knows of the files that are looked at."""
    articles: int
    """All that the store holds."""
    state: IngestState
    site: Site
    """The rules by which they are decoded."""
    listing: FolderListing
    tasks: Sequence[Task]
    """The files to read."""
    hold: timedelta
    accept_empty: bool = False
    strict: bool = False
    last_full_scan: LastFullScan | None = None
    """The last walk, where only some paths were looked at, and None where this was a walk itself."""
    paths: frozenset[str] = frozenset()
    """Those that were looked at; all below them was, too."""
    confirmed: frozenset[str] = frozenset()
    """Files that are gone for sure, so that their bytes would have been found if they were elsewhere."""

    @property
    def location(self) -> FolderLocation:
        return FolderLocation(self.listing.root, self.listing.device)

    @property
    def decoder(self) -> str:
        """What the articles will be decoded by; where some of them are out of sight, still what those were."""
        hidden = self.listing.unlisted and any(
            self.listing.hides(path) and path not in self.listing.files for path in self.known
        )
        return self.state.decoder if hidden else decoder_version(self.site)

    @property
    def gone(self) -> list[str]:
        return missing_files(self.known, self.listing)

    @property
    def recent(self) -> tuple[PastDeletion, ...]:
        """What runs within the hold took away."""
        return recent(self.state.gone, self.started, self.hold)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Those of the folder that were met."""
        if self.last_full_scan or self.listing.files or (self.articles and not self.accept_empty):
            return self.listing.problems
        message = "The content folder holds no document."
        empty = Problem(Severity.WARNING, EMPTY, message, ".", hint="Add a Markdown file to it.")
        return (*self.listing.problems, empty)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """All of the folder: those that were met, and those of what was not looked at."""
        before = self.last_full_scan.problems if self.last_full_scan else ()
        return (*(problem for problem in before if not lies_in(problem.path, self.paths)), *self.problems)

    def serves(self, path: str) -> bool:
        return path in self.known and self.known[path].status is not None

    def check_deletion(self, paths: AbstractSet[str], loaded: int) -> Retained | None:
        """What has to stay of the articles that would go."""
        if self.accept_empty:
            return None
        deletion = PendingDeletion(
            frozenset(paths), self.articles, loaded, self.location, self.state.location, self.recent
        )
        return check_deletion(deletion, self.state.held, self.started, self.hold)

    def next_state(self, retained: Retained, lost: int) -> IngestState:
        """What to remember of the run, which took `lost` articles away. Only a walk settles what was written shortly
        before it. What was kept is what earlier rules made of it, and has to be decoded anew when its files are back.
        """
        started = self.state.started if self.last_full_scan else self.started
        gone = self._gone(lost)
        if retained.paths:
            return IngestState(self.state.decoder, started, self.state.location, retained.held, gone=gone)
        return IngestState(self.decoder, started, self.location, gone=gone)

    def _gone(self, lost: int) -> tuple[PastDeletion, ...]:
        """A loss that was accepted, or confirmed by a second look, does not count against later ones."""
        if self.accept_empty or (self.state.held and lost):
            return ()
        return (*self.recent, PastDeletion(self.started, lost, self.articles)) if lost else self.recent

    def next_full_scan(self, retained: Retained) -> LastFullScan | None:
        """What the next run may start from; None where it has to walk, since something is not as it should be."""
        if retained.paths or self.listing.unlisted or not (self.last_full_scan or self.listing.files):
            return None
        return LastFullScan(self.listing.root, self.site, self.all_problems)


def missing_files(known: Mapping[str, FileState], listing: FolderListing) -> list[str]:
    """The known files that are gone; one that may only be out of sight is not."""
    return [path for path in known if path not in listing.files and not listing.hides(path)]


def decoder_version(site: Site) -> str:
    """Names all that a document depends on beside its file."""
    return " ".join(filter(None, (DECODER_VERSION, site.digest, site.inherited.digest)))


def files_to_read(
    listing: FolderListing, known: Mapping[str, FileState], state: IngestState, site: Site, anew: Collection[str]
) -> list[Task]:
    """The files to read: all that are new, look changed, or were written too shortly before the last run to tell.

    Those in `anew` are parsed whatever they look like, and so are those of which a sibling in another language came or
    went, since that makes the end of their name a language or a word.
    """
    same_decoder = state.decoder == decoder_version(site)
    settled = (state.started - SETTLED).timestamp() * 1e9 if state.started else 0
    translated, were = translations(listing.files), translations(known)
    tasks = []
    for path, file in listing.files.items():
        version = known[path].version if path in known else None
        is_translated = path in translated
        if version is None or not same_decoder or path in anew or is_translated != (path in were):
            tasks.append(Task(file, translated=is_translated))
        elif Stamp(*version[1:5]) != file.stamp or version.mtime_ns > settled:
            tasks.append(Task(file, version.sha256, is_translated))
    return tasks
