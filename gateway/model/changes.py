"""The results of a run for one file. `content` creates them, and the store applies them."""

from __future__ import annotations

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

    digest: bytes
    """Equal for documents that are served identically."""
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


Change = Loaded | Quarantined | Unchanged | NotDocument | Deleted
