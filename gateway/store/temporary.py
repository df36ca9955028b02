"""A store that leaves nothing behind, for what asks once and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.errors import StoreError
from gateway.store.sqlite import SqliteStore


@asynccontextmanager
async def temporary_store() -> AsyncIterator[SqliteStore]:
    """A new, empty database in a folder of its own, which is deleted in the end. Raises StoreError."""
    with _folder() as folder:
        store = await SqliteStore.open(Path(folder) / "content.db", readers=1)
        try:
            yield store
        finally:
            await store.close()


def _folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="gateway-")
    except OSError as error:
        raise StoreError(f"No folder for a temporary database can be made: {error.strerror}.") from error
