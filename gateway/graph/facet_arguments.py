"""Groups of articles as fields ask for them: the arguments that say how many, and the question to the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from gateway.graph.connection import check_limit, non_negative, resolved
from gateway.graph.context import Info
from gateway.graph.loaders import Groups, GroupsByListingLoader, Key
from gateway.limits import PAGE_SIZE, Limits
from gateway.model import Article, Group, Largest
from gateway.store.protocol import WHOLE, Listing

FirstGroups = Annotated[
    int | None,
    strawberry.argument(description="How many to give, from the largest on; of equal ones the first by name."),
]


def counted() -> Any:
    """The field `count` of a type that stands for a group."""
    return resolved("How many articles.")(count)


def count(group: strawberry.Parent[Group[Any]]) -> int:
    return group.size


def checked_first(limits: Limits, first: int | None) -> int:
    """How many groups are asked for. Raises BadUserInput for a negative number, LimitExceeded for too large a one."""
    number = non_negative("first", first)
    size = PAGE_SIZE if number is None else number
    check_limit("page", limits.page, size)
    return size


async def groups_of(
    info: Info, listing: Listing[Article], largest: Largest, parent: str = WHOLE
) -> Sequence[Group[Any]]:
    return await info.context.loader(GroupsByListingLoader).load(Key(parent, Groups(listing, largest)))
