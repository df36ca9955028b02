"""The GraphQL types Connection, Edge and PageInfo, and the validation of paging arguments.

The store defines the content and the order of a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import strawberry
from strawberry import UNSET
from strawberry.types.field import StrawberryField

from gateway.errors import BadUserInput, LimitExceeded
from gateway.graph.context import Info
from gateway.limits import PAGE_SIZE, Limits
from gateway.model import lists
from gateway.model.lists import Window
from gateway.store.reads import WHOLE, CountOf, PageOf, Precedes

T = TypeVar("T")
G = TypeVar("G")
"""The GraphQL type of the list's records."""


First = Annotated[
    int | None,
    strawberry.argument(
        description="Maximum number of rows, from the start of the list or after the cursor `after`. Default: 20."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(description="Return rows after this cursor. Cannot be combined with `last` or `before`."),
]
Last = Annotated[
    int | None,
    strawberry.argument(description="Maximum number of rows, from the end of the list or before the cursor `before`."),
]
Before = Annotated[
    str | None,
    strawberry.argument(description="Return rows before this cursor. Cannot be combined with `first` or `after`."),
]
Offset = Annotated[
    int | None,
    strawberry.argument(
        description="Number of rows to skip, counted from the start of the list, or from its end with `last`. Cannot be"
        " combined with a cursor."
    ),
]


SOURCE = "source"
"""The key of a field's metadata that has what its arguments ask for, for the compiler: see `sources`."""


def resolved(
    description: str, graphql_type: object = None, ask: Callable[..., object] | None = None
) -> Callable[[Callable[..., object]], StrawberryField]:
    """Typed `strawberry.field`. With a `graphql_type` the resolver returns the record behind that type.

    `ask` is the function of the limits and the arguments that the resolver uses.
    """
    decorator: Callable[[Callable[..., object]], StrawberryField] = strawberry.field(
        description=description, graphql_type=graphql_type, metadata={SOURCE: ask}
    )
    return decorator


def streamed(description: str, graphql_type: object = None) -> Callable[[Callable[..., object]], StrawberryField]:
    """Typed `strawberry.subscription`. See `resolved`."""
    decorator: Callable[[Callable[..., object]], StrawberryField] = strawberry.subscription(
        description=description, graphql_type=graphql_type
    )
    return decorator


def or_none(value: T | None) -> T | None:
    """The value of an optional argument. None if it is absent or null."""
    return None if value is UNSET else value


def non_negative(name: str, value: int | None) -> int | None:
    """The value of an optional count. Raises BadUserInput if it is negative."""
    number = or_none(value)
    if number is not None and number < 0:
        raise BadUserInput(f"'{name}' is {number}. Give 0 or more.", argument=name)
    return number


def check_limit(limit: str, allowed: int, actual: int) -> None:
    """Raises LimitExceeded if `actual` exceeds `allowed`."""
    if actual > allowed:
        raise LimitExceeded(limit, allowed, actual)


def only_argument(**arguments: str | None) -> tuple[str, str]:
    """Name and value of the only argument given. Raises BadUserInput unless exactly one is given."""
    found = [(name, text) for name, value in arguments.items() if (text := or_none(value)) is not None]
    if len(found) != 1:
        names = ", ".join(f"'{name}'" for name in arguments)
        raise BadUserInput(f"Give exactly one of {names}. The field has {_number(len(found))}.")
    return found[0]


def checked_window(
    limits: Limits,
    *,
    first: int | None = UNSET,
    after: str | None = UNSET,
    last: int | None = UNSET,
    before: str | None = UNSET,
    offset: int | None = UNSET,
) -> Window:
    """Validates paging arguments.

    Raises BadUserInput for negative or contradictory arguments, LimitExceeded for a page or an offset above the limit.
    The store decodes cursors.
    """
    first, last, offset = non_negative("first", first), non_negative("last", last), non_negative("offset", offset)
    after, before = or_none(after), or_none(before)
    _refuse_contradictions(first=first, after=after, last=last, before=before, offset=offset)
    size = next((number for number in (first, last) if number is not None), PAGE_SIZE)
    check_limit("page", limits.page, size)
    check_limit("offset", limits.offset, offset or 0)
    is_backward = last is not None or before is not None
    return Window(size, is_backward, before if is_backward else after, offset or 0)


_CONTRADICTIONS = (
    ("first", "last", "Give one of them."),
    ("after", "last", "Page forwards with 'first' and 'after', or backwards with 'last' and 'before'."),
    ("before", "first", "Page forwards with 'first' and 'after', or backwards with 'last' and 'before'."),
    ("after", "before", "Give one of them."),
    ("offset", "after", "The cursor already sets the start: remove 'offset'."),
    ("offset", "before", "The cursor already sets the start: remove 'offset'."),
)


def _refuse_contradictions(**arguments: int | str | None) -> None:
    for one, other, remedy in _CONTRADICTIONS:
        if arguments[one] is not None and arguments[other] is not None:
            raise BadUserInput(f"'{one}' and '{other}' cannot be combined. {remedy}")


def _number(count: int) -> str:
    return "none of them" if count == 0 else f"{count} of them"


class PageKey(NamedTuple):
    """The parent of a connection's fields. Nothing is read until one of them is selected."""

    read: PageOf[Any]
    parent: str = WHOLE


@strawberry.type(description="The page's position in its list.")
class PageInfo:
    @resolved("Whether more rows follow this page.")
    @staticmethod
    async def has_next_page(key: strawberry.Parent[PageKey], info: Info) -> bool:
        return await _precedes(key, info) if key.read.window.backward else await _continues(key, info)

    @resolved("Whether rows precede this page.")
    @staticmethod
    async def has_previous_page(key: strawberry.Parent[PageKey], info: Info) -> bool:
        return await _continues(key, info) if key.read.window.backward else await _precedes(key, info)

    @resolved("Cursor of the first edge. Null for an empty page.")
    @staticmethod
    async def start_cursor(key: strawberry.Parent[PageKey], info: Info) -> str | None:
        edges = await edges_of(key, info)
        return edges[0].cursor if edges else None

    @resolved("Cursor of the last edge. Null for an empty page.")
    @staticmethod
    async def end_cursor(key: strawberry.Parent[PageKey], info: Info) -> str | None:
        edges = await edges_of(key, info)
        return edges[-1].cursor if edges else None


@strawberry.type(description="A row of a page: the record and its cursor.")
class Edge(Generic[G]):
    cursor: str = strawberry.field(
        description="The row's position in the list. Pass it as `after` or `before` with the same `orderBy`."
    )
    node: G = strawberry.field(description="The record.")


@strawberry.type(description="A page of a list. Without `first` or `last` a page has up to 20 rows.")
class Connection(Generic[G]):
    @resolved("The rows with their cursors, in list order.", list[Edge[G]])
    @staticmethod
    async def edges(key: strawberry.Parent[PageKey], info: Info) -> Sequence[object]:
        return await edges_of(key, info)

    @resolved("The records, in list order.", list[G])
    @staticmethod
    async def nodes(key: strawberry.Parent[PageKey], info: Info) -> Sequence[object]:
        return [edge.node for edge in await edges_of(key, info)]

    @resolved("The page's position in the list.", PageInfo)
    @staticmethod
    def page_info(key: strawberry.Parent[PageKey]) -> PageKey:
        return key

    @resolved("Total number of rows in the list. Computed only if selected.")
    @staticmethod
    async def total_count(key: strawberry.Parent[PageKey], info: Info) -> int:
        return await info.context.load(CountOf(key.read.listing), key.parent)


async def edges_of(key: PageKey, info: Info) -> Sequence[lists.Edge[Any]]:
    return (await info.context.load(*key)).edges


async def _continues(key: PageKey, info: Info) -> bool:
    """Whether more rows follow in the window's direction."""
    return (await info.context.load(*key)).has_more


async def _precedes(key: PageKey, info: Info) -> bool:
    """Whether rows exist on the other side of the window. Always false for a window at the end of the list."""
    listing, order, window = key.read.listing, key.read.order, key.read.window
    return await info.context.load(Precedes(listing, order, window), key.parent)
