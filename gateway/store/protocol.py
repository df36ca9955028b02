"""The interface of a store: snapshots to read, and change sets to apply."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

from gateway.errors import RequestError
from gateway.model.changes import Change, Encoded, FileVersion, Restricted
from gateway.model.collections import Collections
from gateway.model.documents import AssetFile, Document, Restriction, Status
from gateway.model.problems import Problem, Severity
from gateway.model.records import Article, Generation, Visibility
from gateway.store.reads import WHOLE, Listing, Read, ReadSteps

T = TypeVar("T")
V = TypeVar("V")

LOST = "lost"
"""The memory key with the last good versions that a rebuild could not read: their paths as a JSON list, until the first
run."""


class Usage(NamedTuple):
    """The cost of a snapshot so far: round trips to the database, and rows returned.

    The read that opens the snapshot is not counted, and neither is the one that reads a generation's entities
    for all its snapshots.
    """

    calls: int = 0
    rows: int = 0


class ChangeCounts(NamedTuple):
    added: int
    updated: int
    removed: int


TOKEN_START = "WyJjaGFuZ2VzIi"  # noqa: S105 - not a secret
"""The start of each token of `changes`."""

Asked = tuple[Read[Any], Sequence[str]]
"""A read and its parents, which are distinct."""


class Snapshot(Protocol):
    """A read view of one generation with one visibility. All results come from that generation."""

    @property
    def visibility(self) -> Visibility: ...

    @property
    def usage(self) -> Usage: ...

    async def generation(self) -> Generation:
        """Raises NotReady if the database has no generation yet."""
        ...

    async def collections(self) -> Collections:
        """The collections of the generation."""
        ...

    async def read(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, Any] | RequestError]:
        """The answer of each read: the value of each of its parents, or its error. The other reads succeed.

        All reads together are at most one round trip to the database.
        """
        ...

    async def run(self, plan: ReadSteps[T]) -> T:
        """Runs a plan. All its reads are of one round trip. Raises its exceptions, and RequestError of a read."""
        ...

    async def matching_ids(self, listing: Listing[Article]) -> AbstractSet[str]:
        """The ids of all articles of a corpus-wide list."""
        ...

    async def change_counts(self, token: str) -> ChangeCounts:
        """The number of changes since a token."""
        ...

    async def changed_ids(self, token: str, first: int) -> Sequence[str]:
        """Ids of articles, providers, topics and authors that changed since a token, or whose articles did: at most
        `first`."""
        ...

    async def token(self) -> str:
        """The token of this state, for `changes`."""
        ...

    async def unexposed_keys(self) -> Mapping[str, int]:
        """Front-matter keys that public snapshots hide, with the number of articles that have each, most frequent
        first. Empty in a public snapshot."""
        ...

    async def problems(self, severity: Severity | None, first: int | None) -> Sequence[Problem]:
        """By severity (errors, warnings, infos), then by path and line."""
        ...


async def read_one(snapshot: Snapshot, read: Read[V], parent: str = WHOLE) -> V:
    """The value of a single read and parent. Raises its RequestError."""
    [answer] = await snapshot.read([(read, [parent])])
    if isinstance(answer, RequestError):
        raise answer
    value: V = answer[parent]
    return value


class FileState(NamedTuple):
    """The state of a file: the version read last, and the article served from it, if any."""

    version: FileVersion
    status: Status | None
    """None if the file does not serve an article."""
    read_date_time: datetime | None
    """When the bytes of the served version were first read."""
    served_sha256: str | None
    """The digest of the served version."""
    unrestricted: Restriction | None = None
    """The visibility of the served version without its restriction, if it has one."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The changes of one run. They are streamed, so that memory use does not depend on their number."""

    as_of: datetime
    """The time that status is computed against."""
    changes: AsyncIterable[Sequence[Change | Restricted]]
    """In batches. No two changes have the same path, except for a restriction."""
    problems: tuple[Problem, ...] | None = ()
    """Problems of the run as a whole and of skipped paths. They replace those of the previous run, unless None."""
    memory: Mapping[str, str] | None = field(default_factory=dict)
    """State of the ingest for its next run. Replaces the previous one, unless None. Read after the changes, because it
    can depend on them."""
    signatures: Mapping[str, bytes | None] = field(default_factory=dict)
    """The signature of each folder whose stored files were found to be as they are, or None for a folder that does not
    have stored files. Stored before the changes, which void those of their folders."""
    expected: int = 0
    """The number of files that the run reads. A large run is written in another way."""
    collections: Collections | None = None
    """The collections by which the documents were decoded. None keeps those that are stored."""
    retention: timedelta = timedelta(days=30)
    """How long tombstones are stored, for clients that are offline."""


class Applied(NamedTuple):
    """The result of a ChangeSet. `changed` is true if it created a new generation."""

    changed: bool
    added: int
    updated: int
    removed: int


class Store(Protocol):
    """A database of one content folder, to read."""

    def newest_generation(self, visibility: Visibility) -> Generation | None:
        """The newest generation, if it is known without a query."""
        ...

    def snapshot(self, visibility: Visibility) -> AbstractAsyncContextManager[Snapshot]:
        """A snapshot of the newest generation. It leases a reader from the first read until it is closed."""
        ...

    def generations(self) -> AsyncIterator[None]:
        """Yields at once, and then for each newer generation. Generations that arrive meanwhile are merged."""
        ...

    def end_generations(self) -> None:
        """Ends all iterators of `generations`. Reads and writes continue, but a reader does not become the writer."""
        ...

    async def ready(self) -> bool:
        """Whether a generation can be served."""
        ...

    def check_available(self) -> None:
        """Raises DatabaseUnavailable or NotReady if snapshots cannot be read now."""
        ...

    async def reach(self, *, token: str | None = None, revision: str | None = None) -> None:
        """Finds out the newest generation, if other machines write the database.

        With a token of `changes`, or a revision of the public content, waits for that generation, for a limited time.
        """
        ...

    async def close(self) -> None:
        """Idempotent. Ends all threads and closes all files."""
        ...


class ContentStore(Store, Protocol):
    """The database of one content folder. It has one writer and many readers, also across processes."""

    @property
    def is_writer(self) -> bool:
        """Whether this process writes the database."""
        ...

    @property
    def writer_name(self) -> str:
        """The process that writes the database, for messages."""
        ...

    @property
    def encode(self) -> Callable[[Document], Encoded]:
        """Encodes a document for `apply`. A module-level function, so that any process can call it."""
        ...

    async def become_writer(self) -> None:
        """Waits until no other process writes the database, then becomes its writer. Meanwhile the other process's
        commits are read here. Raises StoreError."""
        ...

    async def apply(self, changes: ChangeSet) -> Applied:
        """Applies the changes in one transaction: they become one new generation, or are rolled back.

        The first run creates a generation even if it is empty. Raises StoreError.
        """
        ...

    async def files(self, under: Collection[str] | None = None) -> Mapping[str, FileState]:
        """The state of each file after the last run, by path. With `under`, only of the files at these paths and in the
        folders at these paths."""
        ...

    async def files_in(self, folders: Collection[str]) -> Mapping[str, FileState]:
        """The state of each file directly in one of these folders after the last run, by path. May include others."""
        ...

    async def folders(self) -> Mapping[str, bytes | None]:
        """The signature of each folder that has files, or None if one of its files was written since the signature."""
        ...

    async def article_count(self) -> int:
        """The number of articles."""
        ...

    async def copies(self, digests: Collection[str], inodes: Collection[int] = ()) -> Mapping[str, FileState]:
        """The state after the last run of each file with one of these SHA-256 digests or inodes, by path."""
        ...

    async def assets(self) -> Sequence[AssetFile]:
        """The files that articles refer to, as they were found. A file may have been found in more than one state."""
        ...

    async def referrers(self, under: Collection[str]) -> Mapping[str, Collection[str]]:
        """The paths of the articles that refer to each file at these paths, or in the folders at these paths, by its
        path. Includes missing files."""
        ...

    async def memory(self) -> Mapping[str, str]:
        """The `memory` of the last run."""
        ...

    async def next_due(self) -> datetime | None:
        """The next time at which an article stops being scheduled or expires. None if there is no such time."""
        ...
