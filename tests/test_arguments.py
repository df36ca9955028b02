"""The evaluation of arguments equals that of graphql-core and Strawberry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from gateway.execution.arguments import Arguments
from gateway.execution.plan import instant_text
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
