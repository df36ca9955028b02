"""Static analysis of a GraphQL document: its shape (fields, depth, aliases) and its cost, in one linear pass.

Unknown names and invalid arguments are ignored. Validation reports them later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from gateway.errors import LimitExceeded, OperationNotFound
from gateway.execution.cost_program import ArgumentCost, CostProgram, CostTerm, ListSize, length
from gateway.execution.type_names import names_of
from gateway.limits import PAGE_SIZE, Limits

ANY = "*"
FIELD_COSTS: Mapping[tuple[str, str], int] = {
    (ANY, "totalCount"): 1,
    ("ArticleFacets", ANY): 1000,  # reads all articles of its filter
    ("Query", "search"): 10,
    ("ArticleSearchEdge", "snippets"): 100,  # reads the whole body
    ("ArticleSearchConnection", "suggestion"): 1200,  # some thousand searches for words
    ("Article", "similar"): 150,  # compares some hundred articles
    ("Article", "adjacent"): 5,
    ("AdjacentArticles", ANY): 3,  # a search for each side
    ("Article", "body"): 2,  # reads the text
    ("Article", "summary"): 2,  # reads the text
    ("Article", "links"): 2,  # looks up each link
    ("Body", "html"): 4,  # looks up each link
    ("Body", "wordCount"): 6,  # reads each word
    ("Body", "readingTimeMinutes"): 6,
    ("Body", ANY): 1,
    ("Body", "markdown"): 0,
    ("Body", "isEmpty"): 0,
    ("__Type", "ofType"): 0,  # clients nest nine of them, but a type has at most three wrappers
}
"""Cost of resolving a field, by (type, field). Other fields cost 1 for an object or a leaf with an alias, and 0 for
another leaf or a list."""

LIST_SIZES: Mapping[tuple[str, str], int] = {
    (ANY, "topics"): 10,
    (ANY, "authors"): 5,
    (ANY, "images"): 5,
    ("Related", "images"): 1,  # most entries have one
    (ANY, "translations"): 5,
    (ANY, "breadcrumbs"): 4,
    ("Query", "navigation"): 20,
    ("__Schema", "types"): 50,
    ("__Schema", "directives"): 5,
    ("__Type", "fields"): 10,
    ("__Type", "inputFields"): 10,
    ("__Type", "enumValues"): 5,
    ("__Type", "interfaces"): 2,
    ("__Type", "possibleTypes"): 2,
    (ANY, "args"): 3,
}
"""Assumed length of a list without a size argument, by (type, field)."""

FILTER_COST = 15
"""Cost of the argument `filter`, which may read all articles of a list."""
TERM_COSTS: Mapping[tuple[str, str], int] = {("Query", "orderBy"): 1000, (ANY, "orderBy"): 250}
"""Cost of each term of an order after the first, by (type, argument). An index has the order of one term only, so
further terms may sort the whole list."""

DEFAULT_LIST_SIZE = 10
PAGE_INFO, CHANGE_SET = "PageInfo", "ChangeSet"
"""The type of a field of all connections, and the other type of pages. The field that returns a page sets the length
of its lists."""
SIZE_ARGUMENTS = ("first", "last", "ids")

LARGEST_JSON_INTEGER = 2**53 - 1


class QueryShape(NamedTuple):
    """The size of a selection with its fragments expanded, before equal fields are merged."""

    fields: int = 0
    root_fields: int = 0
    """Fields on the top level of the selection."""
    depth: int = 0
    introspection_depth: int = 0
    """Levels of fields of the introspection types. `depth` excludes them."""
    aliases: int = 0
    directives: int = 0

    def __add__(self, other: QueryShape) -> QueryShape:  # type: ignore[override]
        return QueryShape(
            self.fields + other.fields,
            self.root_fields + other.root_fields,
            max(self.depth, other.depth),
            max(self.introspection_depth, other.introspection_depth),
            self.aliases + other.aliases,
            self.directives + other.directives,
        )


class SelectionCost(NamedTuple):
    """The shape and cost of a selection. `each` is the cost per row on a page type, else 0."""

    counts: QueryShape = QueryShape()
    cost: CostTerm = CostTerm()
    each: CostTerm = CostTerm()


class Definition(NamedTuple):
    """An operation or a fragment of a document. `label` is its name in errors."""

    name: str | None
    label: str
    is_operation: bool
    summary: SelectionCost


@dataclass(frozen=True, slots=True)
class QueryCost:
    """The shape and cost of a document. Depends only on the document, the schema and the limits."""

    limits: Limits
    definitions: tuple[Definition, ...]
    program: CostProgram
    visited: int
    """The number of selections visited by both passes: twice the selections of the document."""

    def check_shape(self) -> None:
        """Checks all operations and fragments, because validation reads unused ones too. Raises LimitExceeded."""
        for definition in self.definitions:
            for limit, actual in definition.summary.counts._asdict().items():
                if limit != "root_fields" or definition.is_operation:
                    self._check(limit, actual, definition)

    def check_cost(self, operation_name: str | None, variables: Mapping[str, object]) -> int:
        """The cost of an operation with coerced variables. Raises LimitExceeded and OperationNotFound."""
        operation = self._operation(operation_name)
        cost = self.program.evaluate(operation.summary.cost, variables)
        self._check("cost", cost, operation)
        return cost

    def cost(self, operation_name: str | None, variables: Mapping[str, object]) -> int:
        """The cost of an operation, without a check. Raises OperationNotFound."""
        return self.program.evaluate(self._operation(operation_name).summary.cost, variables)

    def _operation(self, name: str | None) -> Definition:
        candidates = [each for each in self.definitions if each.is_operation and name in (None, each.name)]
        if len(candidates) != 1:
            raise OperationNotFound
        return candidates[0]

    def _check(self, limit: str, actual: int, definition: Definition) -> None:
        allowed: int = getattr(self.limits, limit)
        if actual > allowed:
            shown = min(actual, LARGEST_JSON_INTEGER)
            message = f"{definition.label} exceeds the limit '{limit}': {shown} where {allowed} are allowed."
            raise LimitExceeded(limit, allowed, shown, message)


def analyse(schema: GraphQLSchema, document: DocumentNode, limits: Limits) -> QueryCost:
    """Analyses a parsed document, valid or not, in linear time.

    Reads each fragment once. Cuts cycles of fragments. Unknown fields add to the shape, but their cost is 0. Validation
    refuses cycles and unknown fields later.
    """
    reader = _Reader(schema)
    operations_first = sorted(reader.read(document), key=lambda definition: not definition.is_operation)
    return QueryCost(limits, tuple(operations_first), reader.program, reader.visited)


class _Reader:
    """Reads one document."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.program = CostProgram()
        self.visited = 0
        self._schema = schema
        self._fragments: dict[str, SelectionCost] = {}

    def read(self, document: DocumentNode) -> Iterator[Definition]:
        """Yields each fragment before the definitions that spread it."""
        fragments: defaultdict[str, list[FragmentDefinitionNode]] = defaultdict(list)
        for node in document.definitions:
            if isinstance(node, FragmentDefinitionNode):
                fragments[node.name.value].append(node)
        for name in _dependencies_first({name: self._spreads(nodes) for name, nodes in fragments.items()}):
            summary = self._fragments[name] = self._sum([self._fragment(node) for node in fragments[name]])
            yield Definition(name, f"The fragment '{name}'", False, summary)
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                yield self._operation(node)

    def _spreads(self, fragments: Sequence[FragmentDefinitionNode]) -> list[str]:
        names: list[str] = []
        waiting: list[SelectionNode] = [node for each in fragments for node in each.selection_set.selections]
        while waiting:
            node = waiting.pop()
            self.visited += 1
            if isinstance(node, FragmentSpreadNode):
                names.append(node.name.value)
            elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
                waiting.extend(node.selection_set.selections)
        return names

    def _operation(self, node: OperationDefinitionNode) -> Definition:
        name = node.name.value if node.name else None
        directives = len(node.directives or ())
        directives += sum(len(each.directives or ()) for each in node.variable_definitions or ())
        summary = self._selections(self._schema.get_root_type(node.operation), node.selection_set, directives)
        return Definition(name, f"The operation '{name}'" if name else "The operation", True, summary)

    def _fragment(self, node: FragmentDefinitionNode) -> SelectionCost:
        on = self._schema.get_type(node.type_condition.name.value)
        return self._selections(on, node.selection_set, len(node.directives or ()))

    def _selections(self, on: GraphQLNamedType | None, selections: SelectionSetNode, directives: int) -> SelectionCost:
        # Each level of the document takes two stack frames. The parser refuses more than 200 levels.
        found = [SelectionCost(QueryShape(directives=directives))]
        for node in selections.selections:
            self.visited += 1
            directives = len(node.directives or ())
            if isinstance(node, FieldNode):
                found.append(self._field(on, node, directives))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else on
                found.append(self._selections(inner, node.selection_set, directives))
            elif isinstance(node, FragmentSpreadNode):
                found.append(self._fragments.get(node.name.value, SelectionCost()))
                found.append(SelectionCost(QueryShape(directives=directives)))
        return self._sum(found)

    def _field(self, on: GraphQLNamedType | None, node: FieldNode, directives: int) -> SelectionCost:
        field = _field_of(self._schema, on, node.name.value)
        result = get_named_type(field.type) if field else None
        inner = self._selections(result, node.selection_set, directives) if node.selection_set else None
        counts = _enclose(on, node, inner.counts if inner else QueryShape(directives=directives))
        if on is None or field is None:
            return SelectionCost(counts)
        return self._field_cost(on, node, field, inner or SelectionCost())._replace(counts=counts)

    def _field_cost(
        self, on: GraphQLNamedType, node: FieldNode, field: GraphQLField, inner: SelectionCost
    ) -> SelectionCost:
        """The cost of a field. A list on a page costs per row. The field that returns the page multiplies it."""
        found = self._field_cost_without_arguments(on, node, field, inner)
        arguments = self._argument_cost(on, node)
        return found._replace(cost=self.program.sum([found.cost, arguments])) if arguments != CostTerm() else found

    def _argument_cost(self, on: GraphQLNamedType, node: FieldNode) -> CostTerm:
        costs = [self.program.product(_argument_values(node), CostTerm(1))]
        for argument in node.arguments or ():
            name = argument.name.value
            if name == "filter":
                costs.append(CostTerm(FILTER_COST))
            elif term_cost := _by_name(TERM_COSTS, on, name):
                costs.append(self.program.product(_further_terms(argument.value), CostTerm(term_cost)))
        return self.program.sum(costs)

    def _field_cost_without_arguments(
        self, on: GraphQLNamedType, node: FieldNode, field: GraphQLField, inner: SelectionCost
    ) -> SelectionCost:
        """The same without the cost of the arguments."""
        own = _by_name(FIELD_COSTS, on, node.name.value)
        if not is_composite_type(get_named_type(field.type)):
            # A type has few leaves, but an alias repeats them.
            return SelectionCost(cost=CostTerm(int(node.alias is not None) if own is None else own))
        program = self.program
        if not isinstance(get_nullable_type(field.type), GraphQLList):
            rows = program.product(_list_size(on, node, field), inner.each)
            return SelectionCost(cost=program.sum([CostTerm(1 if own is None else own), inner.cost, rows]))
        value = program.sum([CostTerm(1), inner.cost])
        if _is_page(on):
            return SelectionCost(each=value)
        return SelectionCost(
            cost=program.sum([CostTerm(own or 0), program.product(_list_size(on, node, field), value)])
        )

    def _sum(self, summaries: Sequence[SelectionCost]) -> SelectionCost:
        return SelectionCost(
            sum((each.counts for each in summaries), QueryShape()),
            self.program.sum(each.cost for each in summaries),
            self.program.sum(each.each for each in summaries),
        )


def _dependencies_first(spreads: Mapping[str, Sequence[str]]) -> list[str]:
    """Topological order of the names, dependencies first. Cycles are cut."""
    order: list[str] = []
    entered: set[str] = set()
    waiting = [(name, False) for name in spreads]
    while waiting:
        name, is_done = waiting.pop()
        if is_done:
            order.append(name)
        elif name in spreads and name not in entered:
            entered.add(name)
            waiting.append((name, True))
            waiting.extend((inner, False) for inner in spreads[name])
    return order


def _enclose(on: GraphQLNamedType | None, node: FieldNode, inner: QueryShape) -> QueryShape:
    is_introspection = on is not None and on.name.startswith("__")
    return QueryShape(
        fields=inner.fields + 1,
        root_fields=1,
        depth=inner.depth + (not is_introspection),
        introspection_depth=inner.introspection_depth + is_introspection,
        aliases=inner.aliases + (node.alias is not None),
        directives=inner.directives,
    )


def _field_of(schema: GraphQLSchema, on: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    return schema.get_field(on, name) if is_composite_type(on) else None


def _is_page(on: GraphQLNamedType) -> bool:
    """Whether a type has the fields of a page. A custom field can have the name of one, but not its type."""
    if not (is_object_type(on) or is_interface_type(on)):
        return False
    page_info = on.fields.get("pageInfo")
    return on.name == CHANGE_SET or (page_info is not None and get_named_type(page_info.type).name == PAGE_INFO)


def _by_name(table: Mapping[tuple[str, str], int], on: GraphQLNamedType, field: str) -> int | None:
    keys = (key for name in names_of(on) for key in ((name, field), (name, ANY)))
    return next((table[key] for key in (*keys, (ANY, field)) if key in table), None)


def _list_size(on: GraphQLNamedType, node: FieldNode, field: GraphQLField) -> ListSize:
    """The list size by the size arguments. An argument or variable that is null counts as absent."""
    given = {each.name.value: each.value for each in node.arguments or ()}
    variables: list[str] = []
    for value in (given[name] for name in SIZE_ARGUMENTS if name in given and name in field.args):
        if isinstance(value, VariableNode):
            variables.append(value.name.value)
        elif not isinstance(value, NullValueNode):
            return ListSize(tuple(variables), _literal_length(value))
    return ListSize(tuple(variables), _default_list_size(on, node.name.value, field))


def _further_terms(value: ValueNode) -> ListSize:
    """The number of terms of an order after the first."""
    if isinstance(value, VariableNode):
        return ListSize((value.name.value,), 0, free=1)
    return ListSize((), _literal_length(value), free=1)


def _argument_values(node: FieldNode) -> ArgumentCost:
    variables: list[str] = []
    values = 0
    # The size arguments count in the length of their list.
    waiting: list[ValueNode] = [each.value for each in node.arguments or () if each.name.value not in SIZE_ARGUMENTS]
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            variables.append(value.name.value)
            continue
        values += 1
        if isinstance(value, ListValueNode):
            waiting.extend(value.values)
        elif isinstance(value, ObjectValueNode):
            waiting.extend(each.value for each in value.fields)
    return ArgumentCost(tuple(variables), values)


def _default_list_size(on: GraphQLNamedType, name: str, field: GraphQLField) -> int:
    declared = coerce_default_value(field.args["first"]) if "first" in field.args else None
    if isinstance(declared, int):
        return declared
    if _is_page(get_named_type(field.type)):
        return PAGE_SIZE
    size = _by_name(LIST_SIZES, on, name)
    return DEFAULT_LIST_SIZE if size is None else size


def _literal_length(value: ValueNode) -> int:
    if isinstance(value, ListValueNode):
        return len(value.values)
    # A longer literal is not a GraphQL Int, and may exceed the digit limit of Python's int().
    return length(int(value.value)) if isinstance(value, IntValueNode) and len(value.value) <= 11 else 1
