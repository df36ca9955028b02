"""Fields whose value is a read of the snapshot. Their metadata has the source, so that a compiler reads it too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

import strawberry
from strawberry import UNSET
from strawberry.types.fields.resolver import Parameter, Signature

from gateway.graph.connection import SOURCE, After, Before, First, Last, Offset, PageKey, checked_window
from gateway.graph.context import Info
from gateway.graph.facet_arguments import FirstGroups, checked_first
from gateway.graph.filter_inputs import ArticleFilters, AuthorFilters, ProviderFilters, TopicFilters, checked_filter
from gateway.graph.loaders import Key
from gateway.graph.order_inputs import (
    LARGEST_AUTHORS_FIRST,
    LARGEST_PROVIDERS_FIRST,
    LARGEST_TOPICS_FIRST,
    NEWEST_FIRST,
    ArticleOrders,
    AuthorOrders,
    ProviderOrders,
    TopicOrders,
    checked_order,
)
from gateway.limits import PAGE_SIZE, Limits
from gateway.model.lists import Grouping, Largest
from gateway.store.reads import WHOLE, Find, GroupsOf, Listing, Lookup, PageOf, Read


class Kind(StrEnum):
    """The value that a source gives."""

    RECORD = "RECORD"
    """A record, or None."""
    LIST = "LIST"
    """Records or groups."""
    CONNECTION = "CONNECTION"
    """A page of a list, read when a field of the connection is selected."""


@dataclass(frozen=True)
class Source:
    """The read of a field's value, for a parent that an attribute of the object names."""

    kind: Kind
    read: Callable[..., Read[Any]]
    """The read for the limits and the arguments of the field, which are keywords. Pure. Raises RequestError."""
    by: str | None
    """The attribute of the object that is the read's parent. The value is null if it is. None: the whole corpus."""

    def parent(self, record: object) -> str | None:
        parent: str | None = WHOLE if self.by is None else getattr(record, self.by)
        return parent


@dataclass(frozen=True)
class Named:
    """A record that the arguments of a field name."""

    key: Callable[..., Key | None]
    """The read and its parent for the limits and the arguments of the field, which are keywords. None: the value is
    null. Pure. Raises RequestError."""
    shows: Callable[[Read[Any], Any], bool]
    """Whether the value is the record that the read found, by the attribute `by` of it. Otherwise it is null."""
    by: str = "id"


@dataclass(frozen=True)
class Requested:
    """An object that is made from the arguments of a field, before anything is read."""

    make: Callable[..., Any]
    """The object for the limits and the arguments, which are keywords. Pure. Raises RequestError."""


@dataclass(frozen=True)
class Derived:
    """A value that is made from the object."""

    make: Callable[..., Callable[[Any], Any]]
    """The function of the object, or of an attribute of it, for the limits and the arguments. Pure. Raises
    RequestError."""
    by: str | None
    """The attribute. None: the object itself."""

    def value(self, record: object, limits: Limits, arguments: Mapping[str, Any]) -> Any:
        return self.make(limits, **arguments)(record if self.by is None else getattr(record, self.by))


class Answer(NamedTuple):
    """A read, and the function that makes a field's value from its value and its parent."""

    read: Read[Any]
    value: Callable[[Any, str], Any]


@dataclass(frozen=True)
class Answered:
    """A value that is made from the value of a read."""

    ask: Callable[..., Answer]
    """The answer for the limits, the object if `by` is None, and the arguments. Pure. Raises RequestError."""
    by: str | None
    """The attribute of the object that is the read's parent. None: the read is of the whole corpus."""


def one(description: str, graphql_type: object, lookup: Lookup[Any], by: str) -> Any:
    """The field of a record that an attribute of the object names."""
    return owned(description, graphql_type, lambda _limits: Find(lookup), by, Kind.RECORD)


def owned(
    description: str, graphql_type: object, read: Callable[..., Read[Any]], by: str | None, kind: Kind = Kind.LIST
) -> Any:
    """The field of what an object owns, or of the whole corpus. The parameters of `read` after the limits are the
    arguments."""
    source = Source(kind, read, by)

    async def resolve(root: object, info: Info, **arguments: Any) -> Any:
        parent = source.parent(root)
        return None if parent is None else await info.context.load(read(info.context.limits, **arguments), parent)

    return _field(description, graphql_type, resolve, parameters_of(read), source)


def named(
    description: str,
    graphql_type: object,
    key: Callable[..., Key | None],
    shows: Callable[[Read[Any], Any], bool] = lambda _read, _id: True,
    *,
    by: str = "id",
    parameters: Sequence[inspect.Parameter] = (),
) -> Any:
    """The field of a record that the arguments name: those given, else the parameters of `key` after the limits."""

    async def resolve(root: object, info: Info, **arguments: Any) -> Any:  # noqa: ARG001 - the library passes it
        asked = key(info.context.limits, **arguments)
        found = None if asked is None else await info.context.load(*asked)
        return found if asked and found is not None and shows(asked[0], getattr(found, by)) else None

    return _field(description, graphql_type, resolve, parameters or parameters_of(key), Named(key, shows, by))


def requested(
    description: str, graphql_type: object, make: Callable[..., Any], parameters: Sequence[inspect.Parameter]
) -> Any:
    """The field of an object that is made from the arguments."""

    def resolve(root: object, info: Info, **arguments: Any) -> Any:  # noqa: ARG001 - the library passes it
        return make(info.context.limits, **arguments)

    return _field(description, graphql_type, resolve, parameters, Requested(make))


def derived(
    description: str, graphql_type: object, make: Callable[..., Callable[[Any], Any]], by: str | None = None
) -> Any:
    """The field of a value that is made from the object. The parameters of `make` after the limits are the
    arguments."""
    source = Derived(make, by)

    def resolve(root: object, info: Info, **arguments: Any) -> Any:
        return source.value(root, info.context.limits, arguments)

    return _field(description, graphql_type, resolve, parameters_of(make), source)


def answered(description: str, graphql_type: object, ask: Callable[..., Answer], by: str | None = None) -> Any:
    """The field of a value that is made from the value of a read. The parameters of `ask` after the limits, and after
    the object if `by` is None, are the arguments."""

    async def resolve(root: object, info: Info, **arguments: Any) -> Any:
        limits = info.context.limits
        answer = ask(limits, root, **arguments) if by is None else ask(limits, **arguments)
        parent = WHOLE if by is None else getattr(root, by)
        return answer.value(await info.context.load(answer.read, parent), parent)

    parameters = parameters_of(ask)[1 if by is None else 0 :]
    return _field(description, graphql_type, resolve, parameters, Answered(ask, by))


def groups(description: str, graphql_type: object, listing: Listing[Any], grouping: Grouping, by: str) -> Any:
    """The field of the largest groups of a list."""

    def read(limits: Limits, first: FirstGroups = PAGE_SIZE) -> GroupsOf:
        return GroupsOf(listing, Largest(grouping, checked_first(limits, first)))

    return owned(description, graphql_type, read, by)


class ListArguments(NamedTuple):
    """The types of a list's arguments `filter` and `orderBy`, and the default order."""

    filters: Any
    orders: Any
    order: Sequence[Any]


ARTICLE_LIST = ListArguments(ArticleFilters, ArticleOrders, NEWEST_FIRST)
PROVIDER_LIST = ListArguments(ProviderFilters, ProviderOrders, LARGEST_PROVIDERS_FIRST)
TOPIC_LIST = ListArguments(TopicFilters, TopicOrders, LARGEST_TOPICS_FIRST)
AUTHOR_LIST = ListArguments(AuthorFilters, AuthorOrders, LARGEST_AUTHORS_FIRST)


class Choice(NamedTuple):
    """Arguments that choose the list of a connection."""

    parameters: Sequence[inspect.Parameter]
    listing: Callable[..., Listing[Any]]
    """The list for the limits and the arguments, which are keywords. Raises RequestError."""


_WINDOW = {"first": First, "after": After, "last": Last, "before": Before}


def connection(
    description: str,
    graphql_type: object,
    listing: Listing[Any],
    arguments: ListArguments | None = None,
    by: str | None = None,
    *,
    choice: Choice | None = None,
) -> Any:
    """The field of a paged list. Without `arguments` it has only a window, and its articles are the newest first.

    `choice` has further arguments, and replaces the listing.
    """
    parameters: list[inspect.Parameter] = [keyword(name, kind) for name, kind in _WINDOW.items()]
    if arguments:
        parameters += [keyword("offset", Offset), keyword("where", arguments.filters)]
        parameters.append(keyword("order_by", arguments.orders, arguments.order))
    if choice:
        parameters += choice.parameters
    chosen = choice.listing if choice else lambda _limits: listing
    read = partial(_page, chosen, (arguments or ARTICLE_LIST).order)
    source = Source(Kind.CONNECTION, read, by)

    def resolve(root: object, info: Info, **given: Any) -> PageKey | None:
        parent = source.parent(root)
        return None if parent is None else PageKey(read(info.context.limits, **given), parent)

    return _field(description, graphql_type, resolve, parameters, source)


def _page(
    listing: Callable[..., Listing[Any]],
    default: Sequence[Any],
    limits: Limits,
    *,
    where: Any = UNSET,
    order_by: Sequence[Any] | None = None,
    **arguments: Any,
) -> PageOf[Any]:
    window = {name: arguments.pop(name) for name in (*_WINDOW, "offset") if name in arguments}
    checked = checked_window(limits, **window)
    found, filter_ = listing(limits, **arguments), checked_filter(limits, where)
    return PageOf(found.where(filter_) if filter_ else found, checked_order(limits, order_by, default), checked)


def keyword(name: str, annotation: Any, default: object = UNSET) -> Parameter:
    """An argument of a field."""
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def parameters_of(read: Callable[..., object]) -> list[inspect.Parameter]:
    """The arguments of a field: the parameters of a function after the first."""
    _, *parameters = Signature.from_callable(read, eval_str=True).parameters.values()
    return parameters


def _field(
    description: str,
    graphql_type: object,
    resolve: Callable[..., object],
    parameters: Sequence[inspect.Parameter],
    source: Source | Named | Requested | Derived | Answered,
) -> Any:
    """A field with these arguments. The library takes them from the signature of the resolver."""
    own = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=kind) for name, kind in _CONTEXT]
    vars(resolve)["__signature__"] = Signature([*own, *parameters])
    return strawberry.field(resolve, description=description, graphql_type=graphql_type, metadata={SOURCE: source})


_CONTEXT = (("root", object), ("info", Info))
"""The parameters that are not arguments of a field."""
