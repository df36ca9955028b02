"""A store in a temporary folder, for one-off commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.errors import StoreError
from gateway.store.sqlite import SqliteStore, copy


@asynccontextmanager
async def temporary_store(seed: Path | None = None) -> AsyncIterator[SqliteStore]:
    """A new database in its own folder, which is deleted at the end. Raises StoreError.

    Starts as a copy of the database `seed`, if that belongs to this program, and empty otherwise.
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
        raise StoreError(f"Cannot create a folder for a temporary database: {error.strerror}.") from error
