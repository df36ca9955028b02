"""Recognises a disk without free space, which the system and SQLite report in several ways. It opens no database."""

from __future__ import annotations

import errno
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

FULL: Final = "cannot grow: the disk is full. Free some space."
"""What is wrong with a database then, after its name."""
NEEDED: Final = 64 * 2**10
"""Bytes of the smallest files that SQLite makes beside a database, and some more."""

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def has_no_space(error: OSError) -> bool:
    """Whether the system refused something for want of space: of blocks, of inodes, or of a quota."""
    return error.errno in _NO_SPACE


def is_full(folder: Path) -> bool:
    """Whether a file of a few pages does not fit into a folder.

    SQLite has one code for a file that it may not open and for one that does not fit, so a file is written to find out.
    """
    try:
        with TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(NEEDED))
    except OSError as error:
        return has_no_space(error)
    return False
