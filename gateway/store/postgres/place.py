"""How far a database is, as a gateway and the other processes of its server have read it."""

from __future__ import annotations

import fcntl
import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gateway.store.rows import Row

_LAYOUT = struct.Struct("16sQ")


class Place(NamedTuple):
    """A generation of a database."""

    epoch: str
    counter: int

    @classmethod
    def of(cls, row: Row) -> Place:
        return cls(row[0], row[1])

    def is_behind(self, other: Place) -> bool:
        return self.epoch == other.epoch and self.counter < other.counter


class SharedPlace:
    """The newest place that any process of a server has read. A process that reads another one asks the database."""

    def __init__(self, memory: int | None) -> None:
        """`memory` is the descriptor of a file that the processes share, full of zeros at first. None for a single
        process."""
        self._descriptor = memory
        self._memory = mmap.mmap(-1 if memory is None else memory, _LAYOUT.size)

    @property
    def newest(self) -> Place | None:
        """None if no process has read a generation."""
        epoch, counter = _LAYOUT.unpack(self._memory)
        return Place(epoch.decode(), counter) if counter else None

    def advance(self, place: Place) -> None:
        """Call with each place that was read, before it is served."""
        with self._locked():
            newest = self.newest
            if newest is None or not place.is_behind(newest):
                self._memory[:] = _LAYOUT.pack(place.epoch.encode(), place.counter)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._descriptor is None:
            yield
            return
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Idempotent."""
        self._memory.close()
