"""What receives the commits of a store."""

from __future__ import annotations

from typing import Protocol


class Replica(Protocol):
    """A database that gets the rows of another one. Both methods raise StoreError."""

    async def expect(self, files: int) -> None:
        """Called before a run that reads this number of files."""
        ...

    async def send(self) -> None:
        """Called after each commit. Returns when the replica has all rows."""
        ...
