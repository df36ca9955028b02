"""A cache of limited size in bytes, which drops the least recently used values."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from cachetools import LRUCache

K = TypeVar("K")
V = TypeVar("V")


class _Sized(NamedTuple, Generic[V]):
    value: V
    size: int


class ByteCache(Generic[K, V]):
    """Belongs to one thread."""

    def __init__(self, capacity: int) -> None:
        """`capacity` is in bytes. 0 disables the cache."""
        self._kept: LRUCache[K, _Sized[V]] = LRUCache(capacity, getsizeof=lambda each: each.size)

    @property
    def size(self) -> int:
        """Bytes in use."""
        return int(self._kept.currsize)

    def get(self, key: K) -> V | None:
        found = self._kept.get(key)
        return None if found is None else found.value

    def put(self, key: K, value: V, size: int) -> None:
        """`size` is an estimate in bytes, with the key. Larger values than the cache are not kept."""
        if size <= self._kept.maxsize:
            self._kept[key] = _Sized(value, size)

    def resize(self, key: K, size: int) -> None:
        """For a value in the cache that has changed its size. Costs less than `put` if it has not."""
        kept = self._kept[key]
        if kept.size != size:
            self.put(key, kept.value, size)
