"""Evaluates the arguments of a field as graphql-core and Strawberry do, with the work for each type done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry import UNSET
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.base import StrawberryList, StrawberryOptional, has_object_definition
from strawberry.types.lazy_type import LazyType

Coerce = Callable[[Mapping[str, Any]], Any]
"""The value of a node for the values of variables. Raises KeyError for an absent variable, and Unusual."""
Convert = Callable[[Any], Any]


class Unusual(Exception):
    """A value that graphql-core has to evaluate: it is invalid, or has a default."""


class Arguments:
    """The arguments of one field in a document."""

    def __init__(self, schema: strawberry.Schema, field: GraphQLField, node: FieldNode) -> None:
        """Raises GraphQLError for an invalid argument without a variable."""
        self._schema = schema
        self._field = field
        self._node = node
        self._declared: list[StrawberryArgument] = field.extensions["strawberry-definition"].arguments
        given = {each.name.value: each.value for each in node.arguments or ()}
        names = {schema.config.name_converter.from_argument(each): each for each in self._declared}
        varying = {name for name, value in given.items() if has_variable(value)}
        self._fixed = self._evaluated({name: each for name, each in field.args.items() if name not in varying}, None)
        self._varying = [
            (
                names[name].python_name,
                _coercion(given[name], field.args[name].type),
                converter(schema, names[name].type),
            )
            for name in sorted(varying)
        ]

    def values(self, variables: VariableValues) -> Mapping[str, Any]:
        """The arguments by their Python names, as a resolver gets them. Raises GraphQLError."""
        if not self._varying:
            return self._fixed
        found = dict(self._fixed)
        try:
            for name, coerce, convert in self._varying:
                found[name] = convert(coerce(variables.coerced))
        except (KeyError, Unusual):
            return self._evaluated(self._field.args, variables)
        return found

    def _evaluated(self, arguments: Mapping[str, Any], variables: VariableValues | None) -> dict[str, Any]:
        """Some of the arguments, by the libraries."""
        nodes = tuple(each for each in self._node.arguments or () if each.name.value in arguments)
        field = GraphQLField(self._field.type, dict(arguments))
        given = get_argument_values(field, FieldNode(name=self._node.name, arguments=nodes), variables)
        registry = self._schema.schema_converter.scalar_registry
        return convert_arguments(given, self._declared, registry, self._schema.config) if given else {}


def has_variable(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode():
            return any(map(has_variable, value.values))
        case ObjectValueNode():
            return any(has_variable(each.value) for each in value.fields)
    return False


def _coercion(node: ValueNode, type_: GraphQLInputType) -> Coerce:
    """The coercion of a literal: graphql-core's `coerce_input_literal`, without what can be done before a request."""
    if not has_variable(node):
        value = coerce_input_literal(node, type_)
        return _unusual if value is Undefined else lambda _variables: value
    if isinstance(node, VariableNode):
        return partial(_required if is_non_null_type(type_) else _variable, node.name.value)
    if is_non_null_type(type_):
        return _coercion(node, type_.of_type)
    if is_list_type(type_):
        nodes = node.values if isinstance(node, ListValueNode) else (node,)
        items = [_coercion(each, type_.of_type) for each in nodes]
        return lambda variables: [item(variables) for item in items]
    if is_input_object_type(type_) and isinstance(node, ObjectValueNode) and not type_.is_one_of:
        given = {each.name.value: each.value for each in node.fields}
        absent = {name: coerce_default_value(each) for name, each in type_.fields.items() if name not in given}
        defaults = {name: value for name, value in absent.items() if value is not Undefined}
        members = [(name, _coercion(value, type_.fields[name].type)) for name, value in given.items()]
        return lambda variables: {**defaults, **{name: member(variables) for name, member in members}}
    return _unusual


def _unusual(_variables: Mapping[str, Any]) -> Any:
    raise Unusual


def _variable(name: str, variables: Mapping[str, Any]) -> Any:
    return variables[name]


def _required(name: str, variables: Mapping[str, Any]) -> Any:
    if (value := variables[name]) is None:
        raise Unusual
    return value


def converter(schema: strawberry.Schema, type_: Any) -> Convert:
    """The conversion of a coerced value to a Python value: Strawberry's `convert_argument`, for the types that this
    schema has."""
    if isinstance(type_, StrawberryOptional):
        return converter(schema, type_.of_type)
    if isinstance(type_, StrawberryList):
        return partial(_list, converter(schema, type_.of_type))
    if isinstance(type_, LazyType):
        return converter(schema, type_.resolve_type())
    if has_object_definition(type_):
        return _Input(schema, type_)
    return _same


def _list(convert: Convert, value: Any) -> Any:
    return value if value is None or value is UNSET else [convert(each) for each in value]


def _same(value: Any) -> Any:
    return value


class _Input:
    """The conversion of an input object to its class."""

    def __init__(self, schema: strawberry.Schema, type_: Any) -> None:
        definition = type_.__strawberry_definition__
        self._type = type_
        name = schema.config.name_converter.from_field
        self._fields = {name(each): (each, each.resolve_type(type_definition=definition)) for each in definition.fields}
        self._members: dict[str, tuple[str, Convert]] = {}
        self._schema = schema

    def __call__(self, value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        return self._type(**{self._member(name)[0]: self._member(name)[1](each) for name, each in value.items()})

    def _member(self, name: str) -> tuple[str, Convert]:
        """The Python name and the conversion of a field. Made at its first use, because types can hold themselves."""
        if name not in self._members:
            field, type_ = self._fields[name]
            self._members[name] = field.python_name, converter(self._schema, type_)
        return self._members[name]
