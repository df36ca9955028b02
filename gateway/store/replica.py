"""What receives the commits of a store."""

from __future__ import annotations

from typing import Protocol


class Replica(Protocol):
    """A database that gets the rows of another one. Both methods raise StoreError."""

    async def settle(self) -> None:
        """Called before each run. Returns when it is known which rows the replica has."""
        ...

    async def send(self) -> None:
        """Called after each commit. Returns when the replica has all rows."""
        ...
