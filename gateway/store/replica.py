"""What receives the commits of a store."""

from __future__ import annotations

from typing import Protocol


class Replica(Protocol):
    """A database that gets the rows of another one."""

    async def send(self) -> None:
        """Called after each commit. Returns when the replica has all rows. Raises StoreError."""
        ...
