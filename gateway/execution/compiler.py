"""Compiles an operation: its document becomes one generator function, a plan.

The function asks for reads, one level of the operation after another, and returns the data of the answer. Its source is
made from names of the schema and from `repr` of response keys, never from other text of a client. What the compiler
does not know raises NotCompiled, and graphql-core executes the whole operation.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import FragmentDefinitionNode, GraphQLError
from graphql.execution.values import VariableValues

from gateway.errors import DatabaseUnavailable, LimitExceeded, NotCompiled, RequestError, StoreError
from gateway.execution.document_cache import QueryDocument
from gateway.execution.field_plans import write_field
from gateway.execution.plan import Operation, Plan, Run
from gateway.execution.plan_builder import PlanBuilder
from gateway.execution.selections import condition_variables
from gateway.limits import Limits
from gateway.store.protocol import Snapshot

logger = logging.getLogger("gateway")

MOST_PLANS = 16
"""The maximum number of plans of a document: one for each operation and each combination of conditions."""
CONDITIONS = "conditions"
"""The key of the variables in `@skip` and `@include`, beside the plans of a document."""
FAILED = "an error"
"""The reason if an argument or a read fails. graphql-core then reports all errors of the operation."""
BROKEN = "an unexpected error"


class Compiler:
    """Compiles the operations of documents, and keeps each plan beside its document."""

    def __init__(self, schema: strawberry.Schema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self.executed = 0
        self.refused = Counter[str]()
        """How many operations were not compiled, by reason."""

    def plan(self, document: QueryDocument, name: str | None, variables: VariableValues) -> Plan:
        """The plan of an operation. Raises NotCompiled."""
        kept = document.plans
        if CONDITIONS not in kept:
            kept[CONDITIONS] = condition_variables(document.node.definitions)
        conditions = {each: variables.coerced.get(each) for each in kept[CONDITIONS]}
        if not all(isinstance(value, bool) for value in conditions.values()):
            raise NotCompiled("a condition that is not a boolean")
        key = name, *conditions.values()
        found: Plan | str | None = kept.get(key)
        if found is None:
            if len(kept) > MOST_PLANS:
                raise NotCompiled("too many combinations of conditions")
            found = kept[key] = self._compiled(document, name, conditions)
        if isinstance(found, str):
            raise NotCompiled(found)
        return found

    def _compiled(self, document: QueryDocument, name: str | None, conditions: Mapping[str, Any]) -> Plan | str:
        """The plan, or the reason why there is none."""
        node = document.node
        fragments = {each.name.value: each for each in node.definitions if isinstance(each, FragmentDefinitionNode)}
        try:
            return PlanBuilder(self._schema, fragments, conditions, write_field).build(document.operation(name))
        except NotCompiled as error:
            return str(error)

    async def execute(self, operation: Operation, snapshot: Snapshot) -> bytes:
        """The response to a query, as JSON. Raises NotCompiled if graphql-core has to execute it, LimitExceeded for a
        long answer, and DatabaseUnavailable."""
        try:
            plan = self.plan(operation.document, operation.name, operation.variables)
            values = plan.values(self._limits, operation.variables)
            run = Run(plan, values, self._limits, await snapshot.generation(), operation)
            body: bytes = await snapshot.run(run.answer())
        except NotCompiled as error:
            self.refused[str(error)] += 1
            raise
        except DatabaseUnavailable:
            raise
        except (RequestError, GraphQLError, StoreError) as error:
            self.refused[FAILED] += 1
            raise NotCompiled from error
        except Exception as error:
            logger.exception("A compiled operation failed. graphql-core executes it again.")
            self.refused[BROKEN] += 1
            raise NotCompiled from error
        if run.characters > self._limits.answer_characters:
            raise LimitExceeded("answer_characters", self._limits.answer_characters, run.characters)
        self.executed += 1
        return body
