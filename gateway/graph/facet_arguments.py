"""Arguments of grouped counts, and the reads that they become."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from gateway.graph.connection import check_limit, non_negative, resolved
from gateway.limits import PAGE_SIZE, Limits
from gateway.model.lists import Group

FirstGroups = Annotated[
    int | None,
    strawberry.argument(
        description="Maximum number of groups, largest first. Groups of equal size are ordered by name."
    ),
]


def counted() -> Any:
    """The field `count` of a group's type."""
    return resolved("Number of articles.")(count)


def count(group: strawberry.Parent[Group[Any]]) -> int:
    return group.size


def checked_first(limits: Limits, first: int | None) -> int:
    """The requested number of groups. Raises BadUserInput for a negative number, LimitExceeded above the limit."""
    number = non_negative("first", first)
    size = PAGE_SIZE if number is None else number
    check_limit("page", limits.page, size)
    return size
