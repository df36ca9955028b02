"""The dataloader: it batches the reads of one level of an operation into one call of the snapshot.

It lives as long as the operation. The snapshot applies visibility.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from strawberry.dataloader import DataLoader

from gateway.errors import RequestError
from gateway.graph.read_budget import ReadBudget, is_shared, records_in
from gateway.store.protocol import Snapshot
from gateway.store.reads import Read

Key = tuple[Read[Any], str]
"""A read and one of its parents."""


class ReadLoader(DataLoader[Key, Any]):
    """Reads values from one snapshot, and counts their records."""

    def __init__(self, snapshot: Snapshot, records: ReadBudget) -> None:
        me = weakref.proxy(
            self
        )  # avoids a reference cycle that would hold the results until the next garbage collection
        super().__init__(lambda keys: me._load(keys))  # noqa: PLW0108 - a bound method would hold it
        self._snapshot = snapshot
        self._records = records

    def load(self, key: Key) -> Awaitable[Any]:
        """The value of a read for a parent. Raises the read's error, or LimitExceeded.

        An error cancels the fields beside it. It must not cancel other fields that wait for the same value.
        """
        is_again = is_shared(key[0]) and self.cache_map.get(key) is not None
        return self._again(key) if is_again else asyncio.shield(super().load(key))

    async def _again(self, key: Key) -> Any:
        """Counts the records of a list for each parent that shares it."""
        value = await asyncio.shield(super().load(key))
        self._records.add(records_in(key[0], value))
        return value

    async def _load(self, keys: Sequence[Key]) -> Sequence[Any]:
        """The value or the error of each key, in order."""
        self._records.check()
        parents: defaultdict[Read[Any], list[str]] = defaultdict(list)
        for read, parent in keys:
            parents[read].append(parent)
        answers = await self._snapshot.read(list(parents.items()))
        counted = {read: self._counted(read, answer) for read, answer in zip(parents, answers, strict=True)}
        return [each if isinstance(each := counted[read], RequestError) else each[parent] for read, parent in keys]

    def _counted(self, read: Read[Any], answer: Mapping[str, Any] | RequestError) -> Mapping[str, Any] | RequestError:
        """An error fails only the keys of its read: the rest of the batch succeeds."""
        if isinstance(answer, RequestError):
            return answer
        try:
            self._records.count(read, answer)
        except RequestError as error:
            return error
        return answer
