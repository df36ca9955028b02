"""Builds the source of a plan: its reads by level, the functions that make objects, and the questions of its arguments.

Objects in the source are rows with only the columns that the operation needs, items of the lists that a row owns, or
records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    execute_sync,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
)

from gateway.errors import NotCompiled
from gateway.execution.plan import NAMES, Introspect, Plan, Question
from gateway.execution.selections import Conditions, Selections
from gateway.execution.type_names import is_article
from gateway.graph.collection_types import collection_of
from gateway.graph.connection import SOURCE
from gateway.store.reads import WHOLE

Fields = Mapping[str, list[FieldNode]]
"""Selected fields by response key."""
FieldWriter = Callable[["PlanBuilder", "Scope", list[FieldNode], GraphQLField], str]
"""Returns the expression of a field. Raises NotCompiled."""


@dataclass
class PlannedRead:
    """A read of the plan."""

    number: int
    level: int
    read: str
    """The expression of the Read."""
    parents: str
    """The expression of its parents, a collection of distinct keys."""
    columns: list[str] | None
    has_cursors: bool = False

    @property
    def name(self) -> str:
        return f"f{self.number}"

    def __str__(self) -> str:
        return f"Ask({self.read}, {self.parents}, {tuple(self.columns or ())!r}, {self.has_cursors})"

    def at(self, column: str) -> int:
        """The position of a column in a row."""
        columns = self.columns = self.columns or []
        if column not in columns:
            columns.append(column)
        return columns.index(column)


@dataclass
class Scope:
    """Objects of one type at one place of the operation."""

    is_row: ClassVar[bool] = False
    """Whether values are as the database has them."""

    type: GraphQLObjectType
    name: str
    """The variable with one of them."""
    each: str
    """The clauses of a comprehension over all of them."""
    level: int
    """The level of the read that found them."""

    def attribute(self, name: str) -> str:
        return f"{self.name}.{name}"


@dataclass
class ArticleRows(Scope):
    """Articles as rows of the columns that the operation needs."""

    is_row = True

    read: PlannedRead

    def attribute(self, name: str) -> str:
        return f"{self.name}[{self.read.at(_COLUMNS.get(name, name))}]"


_COLUMNS = {"provider_key": "provider"}


@dataclass
class Items(Scope):
    """Items of a list of a row, as sequences."""

    is_row = True

    members: Mapping[str, str]
    """The expression of each attribute."""

    def attribute(self, name: str) -> str:
        return self.members[name]


class Shape(NamedTuple):
    """A selection of articles, and the types that have it."""

    fields: Fields
    types: list[GraphQLObjectType]

    @property
    def collections(self) -> Sequence[str]:
        return [name for type_ in self.types if (name := collection_of(type_)) is not None]

    @property
    def has_plain(self) -> bool:
        """Whether articles of no collection have it."""
        return len(self.collections) < len(self.types)


def found_scope(type_: Any, name: str, read: PlannedRead, level: int) -> Scope:
    """The records that a Find found."""
    each = f"for {name} in {read.name}.values() if {name} is not None"
    return Scope(type_, name, each, level) if read.columns is None else ArticleRows(type_, name, each, level, read)


class PlanBuilder:
    """Builds one plan. The methods return expressions and names of its source."""

    def __init__(
        self,
        schema: strawberry.Schema,
        fragments: Mapping[str, FragmentDefinitionNode],
        conditions: Conditions,
        write_field: FieldWriter,
    ) -> None:
        """`write_field` writes each selected field."""
        self._write_field = write_field
        self._strawberry = schema
        self._schema: GraphQLSchema = schema._schema
        self._fragments = fragments
        self._selections = Selections(self._schema, fragments, conditions)
        self._reads: list[PlannedRead] = []
        self._questions: list[Question] = []
        self._functions: list[str] = []
        self._constants: dict[str, object] = {}
        self._names = 0

    def build(self, operation: OperationDefinitionNode) -> Plan:
        self._operation = operation
        body = self._object(Scope(self.type("Query"), "x", "for x in (x,)", 0), [operation.selection_set])
        source = self._source(body)
        scope = {**NAMES, **self._constants}
        exec(compile(source, "<plan>", "exec"), scope)  # noqa: S102 - the source has no text of a client
        steps: Any = scope["steps"]
        return Plan(tuple(self._questions), steps, source)

    def _source(self, body: str) -> str:
        lines = ["def steps(x):", " values, listed = x.values, x.listed"]
        for level in sorted({read.level for read in self._reads}):
            reads = [read for read in self._reads if read.level == level]
            names = "".join(f"{read.name}, " for read in reads)
            asked = ", ".join(map(str, reads))
            lines.append(f" {names}= yield ({asked},)")
        if not self._reads:
            lines.append(" yield ()")
        lines += [f" {line}" for function in self._functions for line in function.splitlines()]
        return "\n".join([*lines, f" return {body}", ""])

    # The parts of a plan.

    def name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def constant(self, value: object) -> str:
        """The name of a value that is equal in all runs."""
        name = self.name("c")
        self._constants[name] = value
        return name

    def read(self, level: int, read: str, parents: str, columns: list[str] | None = None) -> PlannedRead:
        self._names += 1
        made = PlannedRead(self._names, level, read, parents, columns)
        self._reads.append(made)
        return made

    def question(self, field: GraphQLField, node: FieldNode, ask: Callable[..., Any], base: str | None = None) -> str:
        """The expression of what the arguments of a field ask for. `base` is that of a question that it depends on."""
        at = None if base is None else int(base.removeprefix("values[").removesuffix("]"))
        self._questions.append(Question(self._strawberry, field, node, ask, at))
        return f"values[{len(self._questions) - 1}]"

    def function(self, prefix: str, parameters: str, *lines: str) -> str:
        name = self.name(prefix)
        self._functions.append("\n ".join([f"def {name}({parameters}):", *lines]))
        return name

    def type(self, name: str) -> Any:
        return self._schema.get_type(name)

    # Objects and fields.

    def _object(self, scope: Scope, sets: Sequence[Any]) -> str:
        """The display of an object, or the call of the function that makes it."""
        if not is_abstract_type(scope.type):
            return self._display(scope, self._selections.fields(scope.type, sets), {})
        shapes = self._shapes(scope.type, sets)
        if len(shapes) == 1:
            return self._display(scope, shapes[0].fields, {})
        return self._by_collection(scope, shapes)

    def _display(self, scope: Scope, fields: Fields, written: Mapping[str, str]) -> str:
        """`written` has the expressions of some of the fields."""
        members = [f"{key!r}: {written.get(key) or self._field(scope, nodes)}" for key, nodes in fields.items()]
        return f"{{{', '.join(members)}}}"

    def _shapes(self, type_: Any, sets: Sequence[Any]) -> Sequence[Shape]:
        """The different selections that the types of articles have."""
        found: dict[object, Shape] = {}
        for each in self._schema.get_possible_types(type_):
            fields = self._selections.fields(each, sets)
            key = tuple((name, *map(id, nodes)) for name, nodes in fields.items())
            found.setdefault(key, Shape(fields, [])).types.append(each)
        return [*found.values()]

    def _by_collection(self, scope: Scope, shapes: Sequence[Shape]) -> str:
        """The call of the function for the collection of an article. Fields that all shapes have are written once."""
        [first, *others] = shapes
        is_shared = {
            key: all([*map(id, nodes)] == [*map(id, each.fields.get(key, ()))] for each in others)
            for key, nodes in first.fields.items()
        }
        written = {key: self._field(scope, nodes) for key, nodes in first.fields.items() if is_shared[key]}
        collection, named = scope.attribute("collection"), [name for shape in shapes for name in shape.collections]
        functions, plain = dict[str, str](), ""
        for shape in shapes:
            names = shape.collections
            others_names = tuple(name for name in named if name not in names)
            has = f"not in {others_names!r}" if shape.has_plain else f"in {tuple(names)!r}"
            type_ = shape.types[0] if len(shape.types) == 1 else scope.type
            inner = replace(scope, type=type_, each=f"{scope.each} if {collection} {has}")
            made = self.function("o", scope.name, f"return {self._display(inner, shape.fields, written)}")
            functions.update(dict.fromkeys(names, made))
            plain = made if shape.has_plain else plain
        table = self.name("t")
        self._functions.append(f"{table} = {{{', '.join(f'{name!r}: {made}' for name, made in functions.items())}}}")
        return f"{table}.get({collection}, {plain})({scope.name})"

    def _type_name(self, scope: Scope) -> str:
        """The name of the type of an object."""
        if not is_abstract_type(scope.type):
            return repr(scope.type.name)
        names = {collection_of(type_): type_.name for type_ in self._schema.get_possible_types(scope.type)}
        return f"{self.constant(names)}.get({scope.attribute('collection')}, {names[None]!r})"

    def fields(self, on: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Fields:
        """The selected fields of a type by response key."""
        return self._selections.fields(on, [node.selection_set for node in nodes])

    def object(self, scope: Scope, nodes: Sequence[FieldNode]) -> str:
        return self._object(scope, [node.selection_set for node in nodes])

    def shape(self, scope: Scope, nodes: Sequence[FieldNode]) -> str:
        """A function that makes the object from its variable. None gives None."""
        body = self.object(scope, nodes)
        return self.function("o", scope.name, f"return None if {scope.name} is None else {body}")

    def _field(self, scope: Scope, nodes: list[FieldNode]) -> str:
        name = nodes[0].name.value
        if name == "__typename":
            return self._type_name(scope)
        if name in _INTROSPECTION:
            return f"x.introspect({self.constant(self._introspection(nodes))})"
        field = scope.type.fields.get(name)
        if field is None:
            raise NotCompiled(f"the field {scope.type.name}.{name}")
        return self._write_field(self, scope, nodes, field)

    def plain(
        self, scope: Scope, nodes: list[FieldNode], field: GraphQLField, value: str, *, is_made: bool = False
    ) -> str:
        """A field with a value that needs no read. `is_made`: the value is not as the database has it."""
        type_: Any = get_named_type(field.type)
        if is_leaf_type(type_):
            return _leaf(field.type, value, is_row=scope.is_row and not is_made)
        inner = Scope(type_, name := self.name("v"), f"{scope.each} for {name} in {value}", scope.level)
        if is_list_type(get_nullable_type(field.type)):
            return f"[{self.object(inner, nodes)} for {name} in {value}]"
        inner.each = f"{scope.each} for {name} in ({value},) if {name} is not None"
        return f"{self.shape(inner, nodes)}({value})"

    def _introspection(self, nodes: Sequence[FieldNode]) -> Introspect:
        """A function that executes an introspection field with graphql-core."""
        operation = OperationDefinitionNode(
            operation=OperationType.QUERY,
            variable_definitions=self._operation.variable_definitions,
            selection_set=SelectionSetNode(selections=tuple(nodes)),
        )
        document = DocumentNode(definitions=(operation, *self._fragments.values()))
        return partial(execute_sync, self._schema, document)

    def ask(self, field: GraphQLField) -> Callable[..., Any]:
        """The function that the resolver of a field uses."""
        found: Callable[..., Any] = field.extensions["strawberry-definition"].metadata[SOURCE]
        return found

    def key(self, scope: Scope, by: str | None) -> str:
        return repr(WHOLE) if by is None else scope.attribute(by)

    def found(self, scope: Scope, nodes: Sequence[FieldNode], find: str, key: str, type_: Any) -> str:
        """The record with a key. `find` is the expression of the Find."""
        parents = f"{{{key}: 0 {scope.each} if {key} is not None}}"
        read = self.read(scope.level + 1, find, parents, ["id"] if is_article(type_) else None)
        before = len(self._reads), len(self._questions)
        shape = self.shape(found_scope(type_, self.name("a"), read, scope.level + 1), nodes)
        if read.columns is None and before == (len(self._reads), len(self._questions)):
            memo = self.name("m")  # many rows have the same provider, topics or authors
            self._functions.append(f"{memo} = {{k: {shape}(v) for k, v in {read.name}.items()}}")
            return f"{memo}.get({key})"
        return f"{shape}({read.name}.get({key}))"

    def parents(self, scope: Scope, key: str) -> str:
        """The distinct keys of all objects."""
        return f"{{{key}: 0 {scope.each}}}"


_INTROSPECTION = ("__schema", "__type")


def _leaf(type_: GraphQLOutputType, value: str, *, is_row: bool) -> str:
    name = get_named_type(type_).name
    if name == "DateTime":
        return f"{'instant_text' if is_row else 'time_text'}({value})"
    if name == "Float":
        return f"decimal({value})"
    if is_row:
        return f"bool({value})" if name == "Boolean" else value
    return f"{value}.name" if is_enum_type(get_named_type(type_)) else value
