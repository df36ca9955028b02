"""Detects a full disk, which the system and SQLite report in several ways."""

from __future__ import annotations

import errno
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

FULL: Final = "cannot grow: the disk is full. Free some space."
"""The message for a full disk, after the name of the database."""
NEEDED: Final = 64 * 2**10
"""Size in bytes of the smallest files that SQLite creates beside a database, with a margin."""

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def has_no_space(error: OSError) -> bool:
    """Whether a system call failed for lack of space: blocks, inodes or quota."""
    return error.errno in _NO_SPACE


def is_full(folder: Path) -> bool:
    """Whether a file of a few pages does not fit into a folder.

    SQLite reports a file that cannot be opened and one that does not fit with the same code. This function writes a
    file to find out.
    """
    try:
        with TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(NEEDED))
    except OSError as error:
        return has_no_space(error)
    return False
