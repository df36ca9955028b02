"""Single reads of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from gateway.errors import RequestError
from gateway.store.protocol import Snapshot
from gateway.store.reads import Find, Lookup, Read

T = TypeVar("T")


async def ask(snapshot: Snapshot, read: Read[T], parents: Sequence[str]) -> Mapping[str, T]:
    """The value of each parent. Raises the read's error."""
    [answer] = await snapshot.read([(read, parents)])
    if isinstance(answer, RequestError):
        raise answer
    assert answer.keys() == set(parents)
    return answer


async def look_up(snapshot: Snapshot, lookup: Lookup[T], keys: Sequence[str]) -> Mapping[str, T]:
    """The records with these keys, without the unknown and the invisible ones."""
    found = await ask(snapshot, Find(lookup), keys)
    return {key: record for key, record in found.items() if record is not None}
