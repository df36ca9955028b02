"""Pages of lists as GraphQL sees them: Connection, Edge and PageInfo, and the check of the arguments that ask for them.

What a list holds and how it is ordered is the store's to know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry import UNSET
from strawberry.types.field import StrawberryField

from gateway import model
from gateway.errors import BadUserInput, LimitExceeded
from gateway.graph.context import Info
from gateway.graph.loaders import CountByListingLoader, Key, PageBySliceLoader, PrecededBySliceLoader, Slice
from gateway.limits import PAGE_SIZE, Limits
from gateway.model import Window
from gateway.store.protocol import WHOLE, Listing

T = TypeVar("T")
G = TypeVar("G")
"""The GraphQL type of the records of a list."""


First = Annotated[
    int | None,
    strawberry.argument(description="How many to give, from the start of the list or from `after`; 20 unless told."),
]
After = Annotated[
    str | None, strawberry.argument(description="The cursor before the first to give; not with `last` or `before`.")
]
Last = Annotated[
    int | None, strawberry.argument(description="How many to give, from the end of the list or before `before`.")
]
Before = Annotated[
    str | None, strawberry.argument(description="The cursor after the last to give; not with `first` or `after`.")
]
Offset = Annotated[
    int | None,
    strawberry.argument(description="How many to skip at the end that the page is counted from; not with a cursor."),
]


def resolved(description: str, graphql_type: object = None) -> Callable[[Callable[..., object]], StrawberryField]:
    """`strawberry.field`, typed. With a `graphql_type` the resolver may return the record that the type stands for."""
    decorator: Callable[[Callable[..., object]], StrawberryField] = strawberry.field(
        description=description, graphql_type=graphql_type
    )
    return decorator


def streamed(description: str, graphql_type: object = None) -> Callable[[Callable[..., object]], StrawberryField]:
    """`strawberry.subscription`, typed in the same way."""
    decorator: Callable[[Callable[..., object]], StrawberryField] = strawberry.subscription(
        description=description, graphql_type=graphql_type
    )
    return decorator


def or_none(value: T | None) -> T | None:
    """The value of an optional argument; None where it is absent, or null, which means the same."""
    return None if value is UNSET else value


def non_negative(name: str, value: int | None) -> int | None:
    """The value of an optional argument that counts something. Raises BadUserInput where it is negative."""
    number = or_none(value)
    if number is not None and number < 0:
        raise BadUserInput(f"'{name}' is {number}. Give 0 or more.", argument=name)
    return number


def check_limit(limit: str, allowed: int, actual: int) -> None:
    """Raises LimitExceeded where the actual number is above the allowed one."""
    if actual > allowed:
        raise LimitExceeded(limit, allowed, actual)


def only_argument(**arguments: str | None) -> tuple[str, str]:
    """Name and value of the one argument that is given. Raises BadUserInput for none and for several."""
    found = [(name, text) for name, value in arguments.items() if (text := or_none(value)) is not None]
    if len(found) != 1:
        names = ", ".join(f"'{name}'" for name in arguments)
        raise BadUserInput(f"Give exactly one of {names}; there {_number(len(found))}.")
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
    """The window that the arguments of a connection ask for.

    Raises BadUserInput for arguments that contradict each other or are negative, LimitExceeded for a page or an
    offset that is too large. Cursors are read by the store.
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
    ("offset", "after", "A cursor already says where to begin: leave 'offset' out."),
    ("offset", "before", "A cursor already says where to begin: leave 'offset' out."),
)


def _refuse_contradictions(**arguments: int | str | None) -> None:
    for one, other, remedy in _CONTRADICTIONS:
        if arguments[one] is not None and arguments[other] is not None:
            raise BadUserInput(f"'{one}' and '{other}' do not go together. {remedy}")


def _number(count: int) -> str:
    return "is none" if count == 0 else f"are {count}"


class PageKey(Key[Slice]):
    """What a connection is resolved from: nothing is read until a field of it is asked for."""

    __slots__ = ()


def page_of(listing: Listing[Any], order: model.Order, window: Window, parent: str = WHOLE) -> PageKey:
    return PageKey(parent, Slice(listing, order, window))


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    @resolved("Whether the list goes on after the page.")
    @staticmethod
    async def has_next_page(key: strawberry.Parent[PageKey], info: Info) -> bool:
        return await _precedes(key, info) if key.question.window.backward else await _continues(key, info)

    @resolved("Whether the list has something before the page.")
    @staticmethod
    async def has_previous_page(key: strawberry.Parent[PageKey], info: Info) -> bool:
        return await _continues(key, info) if key.question.window.backward else await _precedes(key, info)

    @resolved("The cursor of the page's first edge; null where the page is empty.")
    @staticmethod
    async def start_cursor(key: strawberry.Parent[PageKey], info: Info) -> str | None:
        edges = await edges_of(key, info)
        return edges[0].cursor if edges else None

    @resolved("The cursor of the page's last edge; null where the page is empty.")
    @staticmethod
    async def end_cursor(key: strawberry.Parent[PageKey], info: Info) -> str | None:
        edges = await edges_of(key, info)
        return edges[-1].cursor if edges else None


@strawberry.type(description="One row of a page: a record, and its place in the list.")
class Edge(Generic[G]):
    cursor: str = strawberry.field(
        description="The row's place in the order of the list; pass it as `after` or `before` under the same order."
    )
    node: G = strawberry.field(description="The record.")


@strawberry.type(description="One page of a list. With neither `first` nor `last` it has 20 rows.")
class Connection(Generic[G]):
    @resolved("The page's rows with their cursors, in the order of the list.", list[Edge[G]])
    @staticmethod
    async def edges(key: strawberry.Parent[PageKey], info: Info) -> Sequence[object]:
        return await edges_of(key, info)

    @resolved("The page's records, in the order of the list.", list[G])
    @staticmethod
    async def nodes(key: strawberry.Parent[PageKey], info: Info) -> Sequence[object]:
        return [edge.node for edge in await edges_of(key, info)]

    @resolved("Where the page stands in the list.", PageInfo)
    @staticmethod
    def page_info(key: strawberry.Parent[PageKey]) -> PageKey:
        return key

    @resolved("The length of the whole list, whatever the page; computed only when selected.")
    @staticmethod
    async def total_count(key: strawberry.Parent[PageKey], info: Info) -> int:
        return await info.context.loader(CountByListingLoader).load(Key(key.parent, key.question.listing))


async def edges_of(key: PageKey, info: Info) -> Sequence[model.Edge[Any]]:
    page = await info.context.loader(PageBySliceLoader).load(key)
    return page.edges


async def _continues(key: PageKey, info: Info) -> bool:
    """Whether rows follow in the window's direction."""
    page = await info.context.loader(PageBySliceLoader).load(key)
    return page.has_more


async def _precedes(key: PageKey, info: Info) -> bool:
    """Whether rows stand on the other side of the window; a window at the very end of a list has none there."""
    window = key.question.window
    if window.cursor is None and window.offset == 0:
        return False
    return await info.context.loader(PrecededBySliceLoader).load(key)
