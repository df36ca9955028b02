"""The evaluation of arguments equals that of graphql-core and Strawberry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from gateway.errors import VariablesRefused
from gateway.execution.arguments import Arguments
from gateway.execution.plan import instant_text
from gateway.execution.variables import Variables
from gateway.graph.schema import print_instant
from tests.schema import SCHEMA

TEXT = """query (
  $n: Int, $t: String, $at: DateTime, $f: ArticleFilter = {}, $ts: [String!], $d: OrderDirection! = DESC) {
  articles(first: $n, orderBy: [{field: TITLE, direction: $d}, {field: PATH}], filter: {
    and: [$f, {title: {eq: $t, in: $ts}}], publishedDateTime: {lt: $at}, status: {in: [PUBLISHED]}}) { totalCount } }"""
ALL = {"n": 3, "t": "x", "at": "2024-01-02", "f": {"not": {"topics": {"anyOf": ["a"]}}}, "ts": ["y"], "d": "ASC"}


@pytest.mark.parametrize(
    "given", [ALL, *({key: value for key, value in ALL.items() if key != absent} for absent in ALL), {}]
)
def test_arguments(given: dict[str, Any]) -> None:
    schema = SCHEMA._schema
    [operation] = parse(TEXT).definitions
    assert isinstance(operation, OperationDefinitionNode)
    variables = get_variable_values(schema, operation.variable_definitions or (), given)
    assert isinstance(variables, VariableValues)
    [node] = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    assert schema.query_type
    field = schema.query_type.fields["articles"]
    arguments = Arguments(SCHEMA, field, node)
    assert arguments.values(variables) == arguments._evaluated(field.args, variables)


@pytest.mark.parametrize("value", [0, -1, 1_704_067_200_000_000, 1_704_067_261_000_001, -62_135_596_800_000_000])
def test_text_of_an_instant(value: int) -> None:
    assert instant_text(value) == print_instant(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value))


WRONG: tuple[Any, ...] = (None, [], {}, "x", 2**40, True)


@pytest.mark.parametrize(
    "given",
    [
        ALL,
        *({key: value for key, value in ALL.items() if key != absent} for absent in ALL),
        {},
        {**ALL, "other": 1},
        *({**ALL, name: value} for name in ALL for value in WRONG),
    ],
)
def test_variables(given: dict[str, Any]) -> None:
    """They are coerced and refused as by graphql-core."""
    schema = SCHEMA._schema
    [operation] = parse(TEXT).definitions
    assert isinstance(operation, OperationDefinitionNode)
    expected = get_variable_values(schema, operation.variable_definitions or (), given)
    variables = Variables(schema, operation)
    for _ in range(2):
        if isinstance(expected, list):
            with pytest.raises(VariablesRefused) as refused:
                variables.coerced(given, hide_suggestions=False)
            assert [each["message"] for each in refused.value.entries()] == [each.message for each in expected]
        else:
            found = variables.coerced(given, hide_suggestions=False)
            assert (found.coerced, [*found.coerced]) == (expected.coerced, [*expected.coerced])
            assert {name: each.value for name, each in found.sources.items()} == {
                name: each.value for name, each in expected.sources.items()
            }
