"""The store in one SQLite file, with one writing connection and several reading ones.

If processes share the file, one writes and the others read its commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import orjson

from gateway.content.parser_process import NICENESS
from gateway.errors import NotReady, StoreError
from gateway.limits import ENTITIES
from gateway.model.changes import FileVersion
from gateway.model.documents import AssetFile, Status
from gateway.model.instants import instant, optional_instant
from gateway.model.records import Generation, Visibility
from gateway.store.article_row import encode
from gateway.store.entities import FEW, EntityCache
from gateway.store.generation_signal import GenerationSignal
from gateway.store.protocol import Applied, ChangeSet, FileState, Snapshot
from gateway.store.reader_pool import Reader, ReaderLease, ReaderPool
from gateway.store.replica import Replica
from gateway.store.rows import Row, generation, restriction
from gateway.store.snapshot import SqlSnapshot
from gateway.store.sql_files import named
from gateway.store.sql_fragment import keys
from gateway.store.sqlite.commit_counter import CommitCounter
from gateway.store.sqlite.database_setup import is_current, make_folder, prepare, set_up
from gateway.store.sqlite.driver import CLOSED, PATIENCE, Access, Database, SqliteConnection
from gateway.store.sqlite.write_sql import COUNT_ARTICLES
from gateway.store.sqlite.writer import ChangeWriter, split
from gateway.store.sqlite.writer_lock import WriterLock
from gateway.store.tree import TreeCache

_SQL = named("read.sql")
FILES = _SQL["files"]
FILES_UNDER = _SQL["files_under"]
FILES_IN = _SQL["files_in"]
FOLDERS = _SQL["folders"]
FILES_LIKE = _SQL["files_like"]
ASSETS = _SQL["assets"]
REFERRERS = _SQL["referrers"]
MEMORY = _SQL["memory"]
FILES_AT_ONCE = 5_000
"""The rows of files take more memory than their states, so only this number is in memory."""
FEW_FOLDERS = 100
"""The number of folders up to which each is read by itself. Otherwise all files are read, in one order."""
_AFTER_TEXT = b""
"""SQLite orders it after all texts."""
MAPPED = 32 * 2**20
"""The bytes of the file that each reader maps into memory. A page that is mapped is read without a call of the system.
Tools count it in the memory of the process once for each reader that used it."""
POLL_SECONDS = 0.05
"""Interval of checks for commits of another process."""
RESTART = "Restart the gateway."


class FileIdentity(NamedTuple):
    """Identifies the file at a path. It changes if the database is deleted or moved and created again."""

    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileIdentity | None:
        """None if the file does not exist."""
        try:
            status = path.stat()
        except OSError:
            return None
        return cls(status.st_dev, status.st_ino)


class SqliteStore:
    """The database of one content folder in one file."""

    def __init__(self, path: Path, readers: int, patience: float, entities: int, replica: Replica | None) -> None:
        """See `open` and `join`."""
        self._path = path
        self._replica = replica
        self._patience = patience
        self._count = readers
        self._lock = WriterLock(path)
        self._commits: CommitCounter
        self._seen = 0
        """The number of the newest commit when the readers began to renew their view. See `CommitCounter`."""
        self._connections = AsyncExitStack()
        self._readers = ReaderPool()
        self._entities = {visibility: EntityCache(visibility, entities) for visibility in Visibility}
        self._trees = {visibility: TreeCache(visibility) for visibility in Visibility}
        self._writer: SqliteConnection | None = None
        self._identity: FileIdentity | None = None
        """The identity of the open file. None before it can be read."""
        self._signal = GenerationSignal()
        self._writing = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        readers: int = 4,
        patience: float = PATIENCE,
        entities: int = ENTITIES,
        replica: Replica | None = None,
    ) -> SqliteStore:
        """Opens the database for writing, and creates it if it is missing. Rebuilds a database of another release.

        `patience` is the time in seconds to wait for another program that writes. `entities` is the maximum number of
        providers, topics and authors in memory, for each visibility. `replica` gets each commit. Raises StoreError if
        the file belongs to another program, cannot be used, or is written by another process.
        """
        store = await cls.join(path, readers=readers, patience=patience, entities=entities, replica=replica)
        async with _closed_on_error(store):
            if not store.is_writer:
                raise StoreError(
                    f"The database {path} is written by {store.writer_name}, which follows the content."
                    " Reload that process (SIGHUP, or POST /-/reload), or stop it."
                )
            await store.become_writer()
        return store

    @classmethod
    async def join(
        cls,
        path: Path,
        *,
        readers: int = 4,
        patience: float = PATIENCE,
        entities: int = ENTITIES,
        replica: Replica | None = None,
    ) -> SqliteStore:
        """Opens the database for reading, whichever process writes it. It is readable once it has a generation.

        The caller must call `become_writer`, which allows writing. Raises StoreError.
        """
        store = cls(path, readers, patience, entities, replica)
        async with _closed_on_error(store):
            make_folder(path)
            store._lock.take()
            store._commits = CommitCounter(path)
            store._connections.callback(store._commits.close)
            await store._begin_to_read()
        return store

    encode = staticmethod(encode)

    @property
    def is_writer(self) -> bool:
        return self._lock.held

    @property
    def writer_name(self) -> str:
        """The process that writes the database, for messages."""
        return self._lock.holder

    async def become_writer(self) -> None:
        await self._follow()
        async with self._writing:
            self._check_open()
            await prepare(self._path, self._patience)
            writer = await self._connections.enter_async_context(SqliteConnection.open(self._path, self._patience))
            await writer.give_way(NICENESS)  # queries have priority over writes, as over parsing
            await set_up(writer)
            await self._begin_to_read()
            self._check_identity()
            with self._commits.counting():  # completes the count of a writer that was killed
                self._writer = writer
        await self._advance()

    async def _begin_to_read(self) -> bool:
        """Opens the readers if the file exists and has this release. Returns whether they are open."""
        place = FileIdentity.of(self._path)
        if self._identity is None and place and await self._is_readable():
            self._readers.fill([await self._reader() for _ in range(self._count)])
            self._identity = place
        return self._identity is not None

    async def _reader(self) -> Reader:
        """A reader that has read once, so that all its files are open and stay open even if they are deleted."""
        opening = SqliteConnection.open(self._path, access=Access.WRITE)
        connection = await self._connections.enter_async_context(opening)
        await connection.rows(f"PRAGMA mmap_size = {MAPPED}")
        reader = Reader(connection)
        await reader.begin(self._readers.commit)
        await reader.end()
        return reader

    async def _is_readable(self) -> bool:
        async with SqliteConnection.open(self._path, self._patience, Access.WRITE) as connection:
            return await is_current(connection)

    async def _follow(self) -> None:
        """Follows the commits of another process until it stops writing. Raises StoreError if the file was replaced,
        because its readers then read the old file."""
        seen: Row | None = None
        async with AsyncExitStack() as stack:
            watch: SqliteConnection | None = None
            while self._signal.is_ended or not self._lock.take():  # a server that stops does not begin to write
                try:
                    if watch is None and await self._begin_to_read():
                        watch = await stack.enter_async_context(SqliteConnection.open(self._path, access=Access.WRITE))
                    if watch:
                        self._check_identity()
                        seen = await self._catch_up(watch, seen)
                except StoreError:
                    self._check_identity()  # a deleted file is the cause, if it is one
                    raise
                await asyncio.sleep(POLL_SECONDS)

    async def _catch_up(self, watch: SqliteConnection, seen: Row | None) -> Row:
        """Advances if another process has committed since `seen`. Returns the current state."""
        [version] = await watch.rows("PRAGMA data_version")
        if version != seen:
            if not await is_current(watch):
                raise StoreError(f"The database {self._path} was rebuilt by another release. {RESTART}")
            await self._advance()
        return version

    async def _advance(self) -> None:
        await self._renew()
        self._signal.notify()

    async def _renew(self) -> None:
        """Makes later snapshots read the newest commit."""
        self._seen = self._commits.newest  # first, because a commit may complete meanwhile
        await self._readers.advance()

    @property
    def _is_behind(self) -> bool:
        """Whether the database may have a newer commit than the readers, of this process or of another one."""
        if self._closed:
            return True
        newest = self._commits.newest
        return newest != self._seen or newest % 2 == 1

    def newest_generation(self, visibility: Visibility) -> Generation | None:
        row = None if self._is_behind else self._readers.newest
        return generation(row, visibility) if row and row[1] else None

    @asynccontextmanager
    async def snapshot(self, visibility: Visibility) -> AsyncIterator[Snapshot]:
        with self._lease() as lease:
            if self._is_behind:
                await self._renew()
            yield SqlSnapshot(lease, visibility, self._entities[visibility], self._trees[visibility])

    async def apply(self, changes: ChangeSet) -> Applied:
        async with self._writing:
            self._check_open()
            if self._writer is None:
                raise StoreError(f"The database {self._path} is written by {self.writer_name}.")
            self._check_identity()
            if self._replica:
                await self._replica.settle()
            try:
                applied = await write(self._writer, changes, self._commits)
            except BaseException:
                await self._writer.rollback()
                raise
            finally:  # a cancelled commit may have succeeded
                await self._renew()
            if applied.changed:
                self._signal.notify()
            with suppress(StoreError):  # the commit is safe in the log; the next run retries, and fails if it must
                await self._writer.rows("PRAGMA wal_checkpoint(PASSIVE)")
            if self._replica:
                await self._replica.send()
            return applied

    def generations(self) -> AsyncIterator[None]:
        return self._signal.follow()

    def end_generations(self) -> None:
        self._signal.end()

    def check_available(self) -> None:
        self._check_open()

    async def reach(self, *, token: str | None = None, revision: str | None = None) -> None:
        """Snapshots always read the newest generation: the file is on this machine."""

    async def ready(self) -> bool:
        with self._lease() as lease:
            try:
                return bool((await lease.generation())[1])
            except NotReady:
                return False

    async def files(self, under: Collection[str] | None = None) -> Mapping[str, FileState]:
        with self._lease() as lease:
            if under is not None:
                return await _file_states(await lease.rows(FILES_UNDER, (keys(list(under)),)))
            found: dict[str, FileState] = {}
            after = ""
            while rows := await lease.rows(FILES, (after, FILES_AT_ONCE)):
                found |= await _file_states(rows)
                after = rows[-1][0]
            return found

    async def files_in(self, folders: Collection[str]) -> Mapping[str, FileState]:
        if len(folders) > FEW_FOLDERS:
            return await self.files()
        found: dict[str, FileState] = {}
        with self._lease() as lease:
            for folder in sorted(folders):
                after, end, start = (f"{folder}/", f"{folder}0", len(folder) + 2) if folder else ("", _AFTER_TEXT, 1)
                while rows := await lease.rows(FILES_IN, (after, end, start, FILES_AT_ONCE)):
                    found |= await _file_states(rows)
                    after = rows[-1][0]
        return found

    async def folders(self) -> Mapping[str, bytes | None]:
        with self._lease() as lease:
            return {row[0]: row[1] for row in await lease.rows(FOLDERS)}

    async def article_count(self) -> int:
        with self._lease() as lease:
            [(count,)] = await lease.rows(COUNT_ARTICLES)
            return int(count)

    async def copies(self, digests: Collection[str], inodes: Collection[int] = ()) -> Mapping[str, FileState]:
        with self._lease() as lease:
            rows = await lease.rows(FILES_LIKE, (keys(list(digests)), orjson.dumps(list(inodes)).decode()))
            return await _file_states(rows)

    async def assets(self) -> Sequence[AssetFile]:
        with self._lease() as lease:
            rows = await lease.rows(ASSETS, ())
        return await asyncio.to_thread(lambda: [AssetFile(*row) for row in rows])

    async def referrers(self, under: Collection[str]) -> Mapping[str, Collection[str]]:
        with self._lease() as lease:
            found: dict[str, set[str]] = {}
            for asset, article in await lease.rows(REFERRERS, (keys(list(under)),)):
                found.setdefault(asset, set()).add(article)
            return found

    async def memory(self) -> Mapping[str, str]:
        with self._lease() as lease:
            return {row[0]: row[1] for row in await lease.rows(MEMORY)}

    async def next_due(self) -> datetime | None:
        with self._lease() as lease:
            return optional_instant((await lease.generation())[6])

    async def close(self) -> None:
        async with self._writing:
            if not self._closed:
                self._closed = True
                self._signal.end()
                await self._readers.close()
                await self._connections.aclose()
                self._lock.release()

    @contextmanager
    def _lease(self) -> Iterator[ReaderLease]:
        self._check_open()
        lease = ReaderLease(self._readers)
        try:
            yield lease
        finally:
            lease.end()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(CLOSED)

    def _check_identity(self) -> None:
        if FileIdentity.of(self._path) != self._identity:
            raise StoreError(f"The database {self._path} was deleted or moved while it was in use. {RESTART}")


async def write(connection: SqliteConnection, changes: ChangeSet, commits: CommitCounter) -> Applied:
    """Writes a ChangeSet in one transaction, which the caller rolls back on an error."""
    writer = ChangeWriter(changes.as_of, changes.expected)
    await connection.rows("BEGIN IMMEDIATE")
    await connection.run(writer.begin, changes.signatures, changes.collections)
    async for batch in changes.changes:
        for part in split(batch):
            await connection.run(writer.take, part)
    steps = writer.finish(changes.problems, changes.memory, changes.retention)
    if writer.is_small:
        await connection.run(_run_all, steps)
    for step in steps:
        await connection.run(step)
    await connection.run(_commit, commits)
    return writer.applied


def _commit(db: Database, commits: CommitCounter) -> None:
    """Counted in the driver's thread, where the commit completes even if its caller is cancelled."""
    with commits.counting():
        db.execute("COMMIT")


def _run_all(db: Database, steps: Iterable[Callable[[Database], object]]) -> None:
    for step in steps:
        step(db)


async def copy(path: Path, to: Path) -> None:
    """Copies a database, also while another process writes it. Does nothing for other files."""
    with suppress(StoreError):
        async with SqliteConnection.open(path, access=Access.READ) as source:
            if await is_current(source):
                await source.backup(to)


@asynccontextmanager
async def _closed_on_error(store: SqliteStore) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await store.close()
        raise


async def _file_states(rows: Sequence[Row]) -> dict[str, FileState]:
    """Made in the event loop if they are few, as after a save."""
    return _states(rows) if len(rows) <= FEW else await asyncio.to_thread(_states, rows)


def _states(rows: Sequence[Row]) -> dict[str, FileState]:
    return {row[0]: _file_state(row) for row in rows}


def _file_state(row: Row) -> FileState:
    version, (status, read_at, sha256, visibility) = FileVersion(*row[:6]), row[6:]
    if status is None:
        return FileState(version, None, None, None)
    served = version.sha256 if sha256 == version.sha256 else sha256  # one text of two equal ones is released
    unrestricted = None if visibility is None else restriction(orjson.loads(visibility))
    return FileState(version, Status(status), _read_at(read_at), served, unrestricted)


_read_at = lru_cache(maxsize=64)(instant)
"""Files that one run read have the same time, and share it."""
