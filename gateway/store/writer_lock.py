"""Names the one process that may write a database, by a locked file beside it. It reads and writes no database.

The system frees the lock when its process ends, however that ends. The lock is not taken on the database itself: to
close a file takes the locks of its process off it, and SQLite relies on its own.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from gateway.errors import StoreError
from gateway.store.disk_space import FULL, has_no_space


class WriterLock:
    """Held by at most one of all that have the database open, in whatever process."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}-lock")
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    @property
    def holder(self) -> str:
        """Who holds it, for people to read."""
        try:
            return self._path.read_text(encoding="utf-8") or _SOMEBODY
        except (OSError, UnicodeDecodeError):
            return _SOMEBODY

    def take(self) -> bool:
        """Take it unless another holds it; whether it is held then. Raises StoreError where there can be no lock."""
        if self._file is None:
            try:
                self._file = _taken(self._path)
            except OSError as error:
                if has_no_space(error):
                    raise StoreError(f"The database {self._database} {FULL}") from error
                raise StoreError(
                    f"The database {self._database} cannot be locked: {error.strerror}. Mend the permissions of its"
                    " folder, or name another database."
                ) from error
        return self.held

    def release(self) -> None:
        """Idempotent. The file goes while it is still locked, so that nobody holds one that others do not find."""
        if self._file is not None:
            if _is_at(self._file, self._path):
                with suppress(OSError):  # in a folder that cannot be written it stays, and does no harm
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
    """Whether an open file is the one that a path names: it may have been deleted since, and made anew."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
