"""Elects the one process that writes a database, by a lock file beside it.

The system releases the lock when the process ends in any way. The database file itself is not locked: closing any
descriptor of a file releases the process's locks on it, and SQLite relies on these.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from gateway.errors import StoreError
from gateway.store.sqlite.disk_space import FULL, has_no_space


class WriterLock:
    """A lock held by at most one process, among all that have the database open."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}-lock")
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    @property
    def holder(self) -> str:
        """The process that holds the lock, for messages."""
        try:
            return self._path.read_text(encoding="utf-8") or _SOMEBODY
        except (OSError, UnicodeDecodeError):
            return _SOMEBODY

    def take(self) -> bool:
        """Takes the lock unless another process holds it. Returns whether it is held. Raises StoreError if it cannot be
        created."""
        if self._file is None:
            try:
                self._file = _taken(self._path)
            except OSError as error:
                if has_no_space(error):
                    raise StoreError(f"The database {self._database} {FULL}") from error
                raise StoreError(
                    f"The database {self._database} cannot be locked: {error.strerror}. Fix the permissions of its"
                    " folder, or name another database."
                ) from error
        return self.held

    def release(self) -> None:
        """Idempotent. Deletes the file before unlocking it, so that a lock on a deleted file is never held."""
        if self._file is not None:
            if _is_at(self._file, self._path):
                with suppress(OSError):  # in a read-only folder the file remains, which is harmless
                    self._path.unlink()
            os.close(self._file)
            self._file = None


_SOMEBODY = "another process"


def _taken(path: Path) -> int | None:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(file, path):
            os.ftruncate(file, 0)
            os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
            return file
    except BlockingIOError:
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file is the one at a path. It may have been deleted and created again."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
