"""The fields that a selection has for a concrete type, with fragments expanded and directives applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

from gateway.errors import NotCompiled

Conditions = Mapping[str, bool]
"""The values of the variables in `@skip` and `@include`."""


def condition_variables(document: Iterable[Any]) -> frozenset[str]:
    """The names of the variables that `@skip` and `@include` use, in definitions of a document."""
    names = set[str]()
    waiting: list[Any] = [node.selection_set for node in document if hasattr(node, "selection_set")]
    while waiting:
        for node in waiting.pop().selections:
            for directive in node.directives or ():
                names.update(
                    each.value.name.value for each in directive.arguments if isinstance(each.value, VariableNode)
                )
            if selections := getattr(node, "selection_set", None):
                waiting.append(selections)
    return frozenset(names)


class Selections:
    """Collects fields as graphql-core does: those with equal response keys are merged, in the order of the first."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], conditions: Conditions
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._conditions = conditions

    def fields(self, on: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> Mapping[str, list[FieldNode]]:
        """The fields by response key. Raises NotCompiled for other directives than `@skip` and `@include`."""
        found: dict[str, list[FieldNode]] = {}
        spread = set[str]()
        for each in sets:
            if each:
                self._collect(on, each, found, spread)
        return found

    def _collect(
        self, on: GraphQLObjectType, selections: SelectionSetNode, found: dict[str, list[FieldNode]], spread: set[str]
    ) -> None:
        for node in selections.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in spread:
                    continue
                spread.add(node.name.value)
                fragment = self._fragments[node.name.value]
            if self._applies(on, fragment):
                self._collect(on, fragment.selection_set, found, spread)

    def _applies(self, on: GraphQLObjectType, fragment: Any) -> bool:
        if fragment.type_condition is None:
            return True
        type_ = self._schema.get_type(fragment.type_condition.name.value)
        return type_ is on or (is_abstract_type(type_) and self._schema.is_sub_type(type_, on))

    def _is_included(self, node: SelectionNode) -> bool:
        return all(self._holds(directive) for directive in node.directives or ())

    def _holds(self, directive: DirectiveNode) -> bool:
        name = directive.name.value
        if name not in {"skip", "include"}:
            raise NotCompiled(f"the directive @{name}")
        [argument] = directive.arguments or ()
        value = argument.value
        if isinstance(value, VariableNode):
            return self._conditions[value.name.value] is (name == "include")
        if not isinstance(value, BooleanValueNode):
            raise NotCompiled("a condition that is not a boolean")
        return value.value is (name == "include")
