"""The results of a run for one file. `content` creates them, and the store applies them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.model.documents import Document, FieldOrigin, Hiding, Restriction
from gateway.model.problems import Problem


class FileVersion(NamedTuple):
    """The stat values and the digest of a file when it was read. Files with an equal version are not read again."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str


class Encoded(NamedTuple):
    """A document in the format of a store, encoded in the process that parsed it."""

    content: bytes
    """Readable only by the store that encoded it."""


class Loaded(NamedTuple):
    """A valid file. Its article is created or replaced."""

    version: FileVersion
    document: Document | Encoded
    problems: tuple[Problem, ...] = ()
    field_origins: tuple[FieldOrigin, ...] = ()
    """For reports. Not stored."""
    hidings: tuple[Hiding, ...] = ()
    """The reasons that hide the article, now or at another time. Not stored."""


class Quarantined(NamedTuple):
    """An unreadable or invalid file. Its last good version stays, unless `unpublish`. Its problems are replaced."""

    path: str
    problems: tuple[Problem, ...]
    version: FileVersion | None = None
    """None if the bytes could not be read. The next run then tries again."""
    unpublish: bool = False
    """Whether the last good version is removed."""


class Restricted(NamedTuple):
    """An article that stays although its file is not loaded, and the present rules for its path."""

    path: str
    restriction: Restriction
    lifts: bool = True
    """Whether it replaces an earlier restriction. Otherwise both apply, because the present rules may be incomplete."""


class Unchanged(NamedTuple):
    """A file with the same bytes as its last version. Only its version is updated."""

    version: FileVersion


class NotDocument(NamedTuple):
    """A file with the extension of a document but without front matter. Its article is deleted."""

    version: FileVersion
    problems: tuple[Problem, ...]


class Deleted(NamedTuple):
    """A file that is missing from a successful listing. Its article is deleted."""

    path: str


Sound = Loaded | Unchanged
Exceptional = Quarantined | NotDocument | Deleted
Change = Sound | Exceptional


class Batch(NamedTuple):
    """The changes of some files, and what a run records of the valid ones. Made by the process that parsed them, so
    that the event loop does not look at each change."""

    sound: Sequence[Sound]
    exceptions: Sequence[Exceptional]
    """The other changes. Each depends on the state of the run."""
    digests: Mapping[str, str]
    """The digest of each loaded file, by path."""
    inodes: Mapping[str, int]
    """The inode of each loaded file, by path."""
    problems: Sequence[Problem]
    """Those of the loaded files."""
    field_origins: Mapping[FieldOrigin, int]
    """The number of loaded files for each origin."""
    hidings: Mapping[str, tuple[Hiding, ...]]
    """Those of the loaded files that have some, by path."""

    @classmethod
    def of(cls, changes: Sequence[Change]) -> Batch:
        loaded = [change for change in changes if isinstance(change, Loaded)]
        return cls(
            sound=[change for change in changes if isinstance(change, Sound)],
            exceptions=[change for change in changes if isinstance(change, Exceptional)],
            digests={change.version.path: change.version.sha256 for change in loaded},
            inodes={change.version.path: change.version.inode for change in loaded},
            problems=[problem for change in loaded for problem in change.problems],
            field_origins=Counter(origin for change in loaded for origin in change.field_origins),
            hidings={change.version.path: change.hidings for change in loaded if change.hidings},
        )

    @property
    def files(self) -> int:
        return len(self.sound) + len(self.exceptions)
