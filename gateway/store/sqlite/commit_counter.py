"""Counts the commits of a database in memory that all its processes share, so that each sees a commit at once.

The memory is a file beside the database. SQLite needs shared memory there too, for its write-ahead log.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import StoreError
from gateway.store.sqlite.disk_space import FULL, has_no_space

SIZE = 8
"""The size of the counter in bytes."""


class CommitCounter:
    """The number of the newest commit. Only the writer of the database counts.

    The number is odd while a commit runs, because other processes see the commit before the writer can count it. It
    stays odd if the writer is killed then, until the next writer counts.
    """

    def __init__(self, database: Path) -> None:
        """Opens the counter of a database, and creates it if it is missing. Raises StoreError."""
        try:
            self._memory = _opened(database.with_name(f"{database.name}-commits"))
        except OSError as error:
            if has_no_space(error):
                raise StoreError(f"The database {database} {FULL}") from error
            raise StoreError(
                f"The database {database} cannot be shared: {error.strerror}. Fix the permissions of the file and its"
                " folder."
            ) from error
        self._number = memoryview(self._memory).cast("Q")

    @property
    def newest(self) -> int:
        """Even if every commit with a smaller number is complete. Odd if the next one may be complete."""
        return self._number[0]

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Counts what is committed meanwhile, also if it may have failed."""
        self._number[0] |= 1
        try:
            yield
        finally:
            self._number[0] += 1

    def close(self) -> None:
        """Idempotent."""
        self._number.release()
        self._memory.close()


def _opened(path: Path) -> mmap.mmap:
    """Maps the file. It is never deleted, because then processes would map different ones."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        if os.fstat(file).st_size < SIZE:  # written, because a hole could not be filled on a full disk
            os.write(file, bytes(SIZE))  # appended, so that it does not reset the counter of a faster process
        return mmap.mmap(file, SIZE)
    finally:
        os.close(file)
