"""The arithmetic of a cost that depends on variables: terms, and a program that evaluates them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gateway.execution.json_size import json_size

VALUES_PER_POINT = 4
"""Argument values of a field per point of cost, rounded down."""


class ListSize(NamedTuple):
    """The length of a list: that of the first variable that is not null, else `otherwise`."""

    variables: tuple[str, ...]
    otherwise: int
    free: int = 0
    """The number of values that do not count."""

    def of(self, values: Mapping[str, object]) -> int:
        for name in self.variables:
            if (value := values.get(name)) is not None:
                return max(0, length(value) - self.free)
        return max(0, self.otherwise - self.free)


class ArgumentCost(NamedTuple):
    """The cost of the argument values of a field. They are coerced each time the field is resolved."""

    variables: tuple[str, ...]
    """Variable names, with repetitions."""
    otherwise: int
    """The number of literal values in the document."""

    def of(self, counts: Mapping[str, int]) -> int:
        """`counts` is the number of values in each variable."""
        return (self.otherwise + sum(counts.get(name, 0) for name in self.variables)) // VALUES_PER_POINT


class CostTerm(NamedTuple):
    """A cost: a constant, plus the result of a step of the program, if any."""

    known: int = 0
    step: int | None = None


class CostStep(NamedTuple):
    """A step of a cost program: `size` times the sum of `known` and the results of earlier `steps`."""

    size: ListSize | ArgumentCost
    known: int
    steps: tuple[int, ...]


ONCE = ListSize((), 1)


class CostProgram:
    """The part of the cost that depends on variables. Steps are in order of evaluation."""

    def __init__(self) -> None:
        self._steps: list[CostStep] = []
        self._counted = set[str]()
        """The variables whose values count. Others, such as a list of ids, may be long."""

    def sum(self, terms: Iterable[CostTerm]) -> CostTerm:
        known, steps = 0, []
        for term in terms:
            known += term.known
            if term.step is not None:
                steps.append(term.step)
        if len(steps) < 2:
            return CostTerm(known, *steps)
        return CostTerm(known, self._append(CostStep(ONCE, 0, tuple(steps))))

    def product(self, size: ListSize | ArgumentCost, term: CostTerm) -> CostTerm:
        if term == CostTerm():
            return term
        if isinstance(size, ArgumentCost):
            self._counted.update(size.variables)
        steps = () if term.step is None else (term.step,)
        if size.variables or steps:
            return CostTerm(0, self._append(CostStep(size, term.known, steps)))
        return CostTerm(size.of({}) * term.known)

    def evaluate(self, term: CostTerm, variables: Mapping[str, object]) -> int:
        """`variables` are coerced for the operation."""
        if term.step is None:
            return term.known
        counts = {name: json_size(variables[name]).values for name in self._counted if name in variables}
        results: list[int] = []
        for size, known, steps in self._steps[: term.step + 1]:
            times = size.of(counts) if isinstance(size, ArgumentCost) else size.of(variables)
            results.append(times * (known + sum([results[step] for step in steps])))
        return term.known + results[term.step]

    def _append(self, step: CostStep) -> int:
        self._steps.append(step)
        return len(self._steps) - 1


def length(value: object) -> int:
    """The length of a list, or the value of a number. Other values count as 1, and validation refuses them."""
    if isinstance(value, list | tuple):
        return len(value)
    return max(0, value) if isinstance(value, int) else 1
