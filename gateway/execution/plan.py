"""Runs compiled operations: evaluates the arguments, drives the plan's reads, and makes the answer's bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import orjson
import strawberry
from graphql import ExecutionResult, FieldNode, GraphQLField, Undefined
from graphql.execution.values import VariableValues

from gateway.access.tokens import Scope, Viewer
from gateway.content.destinations import addressed
from gateway.content.identity import related_id
from gateway.errors import LimitExceeded
from gateway.execution.arguments import Arguments
from gateway.execution.document_cache import QueryDocument
from gateway.execution.json_size import json_size
from gateway.graph.body_renderer import BodyRenderer, Markdown
from gateway.graph.read_budget import ReadBudget, lists_of, missing_tag
from gateway.graph.schema import print_instant
from gateway.limits import Limits
from gateway.model.documents import Image
from gateway.model.instants import EPOCH, instant
from gateway.model.lists import NEWEST_FIRST
from gateway.model.records import Generation, Topic, Visibility
from gateway.store.reads import (
    ARTICLE_BY_ID,
    Ask,
    CountOf,
    Find,
    PageOf,
    Precedes,
    ReadSteps,
    ScoreOf,
    SnippetsOf,
    SuggestionOf,
)

T = TypeVar("T")


class Question:
    """The arguments of a field, and what they ask for."""

    def __init__(
        self, schema: strawberry.Schema, field: GraphQLField, node: FieldNode, ask: Callable[..., Any], base: int | None
    ) -> None:
        """`ask` is a pure function of the limits, the value of the question `base` if there is one, and the arguments
        by name. It raises RequestError."""
        self._arguments = Arguments(schema, field, node)
        self._ask = ask
        self._base = base

    def value(self, limits: Limits, variables: VariableValues, values: Sequence[Any]) -> Any:
        base = () if self._base is None else (values[self._base],)
        return self._ask(limits, *base, **self._arguments.values(variables))


class Plan(NamedTuple):
    """A compiled operation. It does not depend on a database."""

    questions: Sequence[Question]
    steps: Callable[[Run], ReadSteps[object]]
    source: str

    def values(self, limits: Limits, variables: VariableValues) -> Sequence[Any]:
        """The values of the questions. Raises RequestError and GraphQLError for invalid arguments."""
        found: list[Any] = []
        for question in self.questions:
            found.append(question.value(limits, variables, found))
        return found


class Operation(NamedTuple):
    """A query to execute."""

    document: QueryDocument
    name: str | None
    variables: VariableValues
    viewer: Viewer
    budget: ReadBudget
    renderer: BodyRenderer


Introspect = Callable[..., ExecutionResult]
"""Executes an introspection field for `variable_values`."""


class Run:
    """The state of a plan that runs: the values of its questions, the number of records in the answer, and the
    length of its HTML."""

    def __init__(
        self, plan: Plan, values: Sequence[Any], limits: Limits, generation: Generation, operation: Operation
    ) -> None:
        self._plan = plan
        self._limits = limits
        self._renderer = operation.renderer
        self._variables = operation.variables
        self._records = 0
        self._html = 0
        self.characters = 0
        """The characters of text in the answer, counted only in long answers."""
        self.values = values
        self.generation = generation
        self.budget = operation.budget
        self.shows_drafts = operation.viewer.visibility is Visibility.PREVIEW
        self.shows_secured = Scope.SECURED_READ in operation.viewer.scopes

    def answer(self) -> ReadSteps[bytes]:
        """Counts the records of each read, and returns the response as JSON."""
        steps = self._plan.steps(self)
        try:
            level = next(steps)
            while True:
                found = yield level
                for asked, answer in zip(level, found, strict=True):
                    self._count(asked, answer)
                level = steps.send(found)
        except StopIteration as end:
            body = orjson.dumps({"data": end.value})  # whole, because a copy of a long answer would hold the event loop
            if len(body) > self._limits.answer_characters:
                self.characters = json_size(end.value).characters
            return body

    def _count(self, asked: Ask, values: Mapping[str, Any]) -> None:
        if not values:
            return
        if not asked.columns:
            self.budget.count(asked.read, values)
        elif isinstance(asked.read, PageOf):
            rows = [row for page in values.values() for row in page.rows]
            self.budget.add_ids([row[0] for row in rows])
            self.budget.depend(*lists_of(asked.read))
        elif isinstance(asked.read, Find):
            self.budget.add_ids([row[0] for row in values.values() if row])
            self.budget.depend(*lists_of(asked.read))
            self.budget.depend(*(missing_tag(asked.read, key) for key, row in values.items() if row is None))

    def listed(self, found: Sequence[T]) -> Sequence[T]:
        """Counts the records of a list in the answer. Raises LimitExceeded."""
        self._records += len(found)
        if self._records > self._limits.records:
            raise LimitExceeded("records", self._limits.records, self._records)
        return found

    def introspect(self, execute: Introspect) -> Any:
        """The value of an introspection field. Raises GraphQLError."""
        given = {name: each.value for name, each in self._variables.sources.items() if each.value is not Undefined}
        result = execute(variable_values=given)
        if result.errors:
            raise result.errors[0]
        [value] = (result.data or {}).values()
        return value

    def html(self, body: str, rules: str, addresses: Mapping[str, str]) -> str:
        """Renders a body. Raises LimitExceeded for the length of all, because a rendering cannot be interrupted."""
        html = addressed(self._renderer.rendered(Markdown.of(body, rules)).html, addresses)
        self._html += len(html)
        if self._html > self._limits.answer_characters:
            raise LimitExceeded("answer_characters", self._limits.answer_characters, self._html)
        return html


def time_text(value: datetime | None) -> str | None:
    return None if value is None else print_instant(value)


def decimal(value: float | None) -> float | None:
    return None if value is None else float(value)


def instant_text(value: int | None) -> str | None:
    """The text of a time in a row, as `print_instant` writes it. Makes no datetime, which takes ten times as long."""
    if value is None:
        return None
    day, rest = divmod(value, DAY)
    minute, rest = divmod(rest, MINUTE)
    if rest in _SECONDS:
        return f"{_date(day)}{_MINUTES[minute]}{_SECONDS[rest]}"
    return print_instant(instant(value))


DAY, MINUTE, SECOND = 86_400_000_000, 60_000_000, 1_000_000
_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60)]
_SECONDS = {second * SECOND: f"{second:02}Z" for second in range(60)}


def date_text(value: int) -> str:
    """The text of a date in a row."""
    return _date(value // DAY)


@lru_cache(maxsize=16_384)
def _date(day: int) -> str:
    """The date of a day since 1970."""
    return (EPOCH + timedelta(day)).date().isoformat()


def shared(some: Sequence[Topic], others: Sequence[Topic]) -> Sequence[Topic]:
    """The topics of two articles that both have, in the order of the first."""
    keys = {topic.key for topic in others}
    return [topic for topic in some if topic.key in keys]


NAMES: Mapping[str, object] = {
    "Ask": Ask,
    "CountOf": CountOf,
    "Image": Image,
    "NEWEST_FIRST": NEWEST_FIRST,
    "NOTHING": Find(ARTICLE_BY_ID),
    "Precedes": Precedes,
    "ScoreOf": ScoreOf,
    "SnippetsOf": SnippetsOf,
    "SuggestionOf": SuggestionOf,
    "date_text": date_text,
    "decimal": decimal,
    "instant_text": instant_text,
    "related_id": related_id,
    "replace": replace,
    "shared": shared,
    "time_text": time_text,
}
"""What the source of a plan can use."""
