"""Coerces the variables of an operation as graphql-core does, with the work for their types done once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, Undefined
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.utilities import coerce_input_value

from gateway.errors import VariablesRefused

MOST_ERRORS = 20
"""The maximum number of errors reported for the variables of a request."""


class Variables:
    """The variables of one operation of a valid document."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        found = [get_variable_signature(schema, each) for each in self._definitions]
        self._signatures = [each for each in found if not isinstance(each, GraphQLError)]

    def coerced(self, given: Mapping[str, Any], *, hide_suggestions: bool) -> VariableValues:
        """The values for an operation. Raises VariablesRefused."""
        sources: dict[str, VariableValueSource] = {}
        values: dict[str, Any] = {}
        for signature in self._signatures:
            value = given.get(signature.name, Undefined)
            coerced = Undefined if value is Undefined else coerce_input_value(value, signature.type)
            if coerced is Undefined:  # a default or an error
                return self._evaluated(given, hide_suggestions=hide_suggestions)
            sources[signature.name] = VariableValueSource(signature, value)
            values[signature.name] = coerced
        return VariableValues(sources, values)

    def _evaluated(self, given: Mapping[str, Any], *, hide_suggestions: bool) -> VariableValues:
        found = get_variable_values(
            self._schema,
            self._definitions,
            dict(given),
            max_errors=MOST_ERRORS,
            hide_suggestions=hide_suggestions,
        )
        if isinstance(found, list):
            raise VariablesRefused([error.formatted for error in found])
        return found
