"""Finds the folders whose files are as stored, so that their rows need not be read.

A signature is a digest of the names and stamps of the files in one folder. The store voids the signature of a folder
in the transaction that writes one of its files, and a run adds one only after it has compared the folder's rows with
its files. So a stored signature always agrees with the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from operator import itemgetter

import orjson

from gateway.content.source import FoundFiles, StampValues, folder_of

BYTES = 16
_MODIFIED = itemgetter(1)


def unlike(files: FoundFiles, stored: Mapping[str, bytes | None], settled: float) -> AbstractSet[str]:
    """The folders that may differ from the stored ones: those without an equal signature, and those with a file that
    was modified after the time `settled`, in nanoseconds since 1970, whose stamp is uncertain.

    They include the stored folders that were not found.
    """
    same = (
        folder
        for folder, found in files.folders.items()
        if stored.get(folder) == signature(found) and _newest(found) <= settled
    )
    return (files.folders.keys() | stored.keys()) - set(same)


def new_signatures(
    files: FoundFiles, compared: Collection[str], different: Iterable[str]
) -> Iterator[tuple[str, bytes | None]]:
    """The signature of each compared folder that does not contain one of the `different` files, or None for a folder
    without files."""
    changed = set(map(folder_of, different))
    for folder in compared:
        if folder not in changed:
            found = files.folders.get(folder)
            yield folder, signature(found) if found else None


def signature(found: Mapping[str, StampValues]) -> bytes:
    """The digest of a folder's files. It depends on the order in which the file system lists them, which is constant
    while the folder is unchanged."""
    return hashlib.blake2b(orjson.dumps(found), digest_size=BYTES).digest()


def _newest(found: Mapping[str, StampValues]) -> int:
    newest: int = max(map(_MODIFIED, found.values()))
    return newest
