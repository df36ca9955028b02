"""A store that leaves nothing behind, for what asks once and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.errors import StoreError
from gateway.store.sqlite import SqliteStore, copy


@asynccontextmanager
async def temporary_store(seed: Path | None = None) -> AsyncIterator[SqliteStore]:
    """A new database in a folder of its own, which is deleted in the end. Raises StoreError.

    It is a copy of the database `seed` where that is one of ours, and else empty.
    """
    with _folder() as folder:
        path = Path(folder) / "content.db"
        if seed:
            await copy(seed, path)
        store = await SqliteStore.open(path, readers=1)
        try:
            yield store
        finally:
            await store.close()


def _folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="gateway-")
    except OSError as error:
        raise StoreError(f"No folder for a temporary database can be made: {error.strerror}.") from error
