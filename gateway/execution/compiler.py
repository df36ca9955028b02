"""Compiles an operation: its document becomes one generator function, a plan.

The function asks for reads, one level of the operation after another, and returns the data of the answer. Its source is
made from names of the schema and from `repr` of response keys, never from other text of a client. What the compiler
does not know raises NotCompiled, and graphql-core executes the whole operation.

Objects in the generated code are rows with only the columns that the operation needs, items of the lists that a row
owns, or records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
)
from graphql.execution.values import VariableValues

from gateway import cache_tags
from gateway.errors import NotCompiled, RequestError
from gateway.execution import plan
from gateway.execution.document_cache import QueryDocument
from gateway.execution.plan import Operation, Plan, Question, Run
from gateway.execution.selections import Conditions, Selections, condition_variables
from gateway.graph.connection import SOURCE
from gateway.graph.schema import BY_ID
from gateway.graph.sources import Answered, Derived, Kind, Named, Source
from gateway.limits import Limits
from gateway.store.protocol import Snapshot
from gateway.store.reads import (
    TOPIC_BY_KEY,
    WHOLE,
    Find,
    SecuredOf,
    StatisticsOf,
    TopicsOf,
)

MOST_PLANS = 16
"""The maximum number of plans of a document: one for each operation and each combination of conditions."""

FAILED = "an error"
"""The reason if an argument or a read fails. graphql-core then reports all errors of the operation."""

CONDITIONS = "conditions"
"""The key of the variables in `@skip` and `@include`, beside the plans of a document."""

Handler = Callable[["_Compiler", "Scope", list[FieldNode], GraphQLField], str]
"""Returns the expression of a field."""


@dataclass
class _Read:
    """A read of the plan."""

    number: int
    level: int
    read: str
    """The expression of the Read."""
    parents: str
    """The expression of its parents, a collection of distinct keys."""
    columns: list[str] | None
    decoded: dict[str, str]
    """For some columns, the function that decodes them once."""

    @property
    def name(self) -> str:
        return f"f{self.number}"

    def at(self, column: str) -> int:
        """The position of a column in a row."""
        columns = self.columns = self.columns or []
        if column not in columns:
            columns.append(column)
        return columns.index(column) + 1


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

    read: _Read

    def attribute(self, name: str) -> str:
        return f"{self.name}[{self.read.at(_COLUMNS.get(name, name))}]"

    def decoded(self, column: str, function: str) -> str:
        self.read.decoded[column] = function
        return self.attribute(column)


_COLUMNS = {"provider_key": "provider"}


@dataclass
class Items(Scope):
    """Items of a list of a row, as sequences."""

    is_row = True

    members: Mapping[str, str]
    """The expression of each attribute."""

    def attribute(self, name: str) -> str:
        return self.members[name]


class _Compiler:
    def __init__(
        self, schema: strawberry.Schema, fragments: Mapping[str, FragmentDefinitionNode], conditions: Conditions
    ) -> None:
        self._strawberry = schema
        self._schema: GraphQLSchema = schema._schema
        self._selections = Selections(self._schema, fragments, conditions)
        self._reads: list[_Read] = []
        self._questions: list[Question] = []
        self._functions: list[str] = []
        self._constants: dict[str, object] = {}
        self._names = 0

    def compile(self, operation: OperationDefinitionNode) -> Plan:
        body = self._object(Scope(self.type("Query"), "x", "for x in (x,)", 0), [operation.selection_set])
        source = self._source(body)
        scope = {**plan.NAMES, **self._constants}
        exec(compile(source, "<plan>", "exec"), scope)  # noqa: S102 - the source has no text of a client
        steps: Any = scope["steps"]
        return Plan(tuple(self._questions), steps, source)

    def _source(self, body: str) -> str:
        lines = ["def steps(x):", " values, listed = x.values, x.listed"]
        for level in sorted({read.level for read in self._reads}):
            reads = [read for read in self._reads if read.level == level]
            names = "".join(f"{read.name}, " for read in reads)
            asked = "".join(f"Ask({read.read}, {read.parents}, {tuple(read.columns or ())!r}), " for read in reads)
            lines.append(f" {names}= yield ({asked})")
            lines += [f" {line}" for read in reads for line in _decoding(read)]
        if not self._reads:
            lines.append(" yield ()")
        lines += [f" {line}" for function in self._functions for line in function.splitlines()]
        return "\n".join([*lines, f" return {body}", ""])

    # The parts of a plan.

    def name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def constant(self, value: object) -> str:
        name = self.name("c")
        self._constants[name] = value
        return name

    def read(self, level: int, read: str, parents: str, columns: list[str] | None = None) -> _Read:
        self._names += 1
        made = _Read(self._names, level, read, parents, columns, {})
        self._reads.append(made)
        return made

    def question(self, field: GraphQLField, node: FieldNode, ask: Callable[..., Any], base: str | None = None) -> str:
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
        """The display of an object."""
        members = []
        for key, nodes in self._selections.fields(scope.type, sets).items():
            members.append(f"{key!r}: {self._field(scope, nodes)}")
        return f"{{{', '.join(members)}}}"

    def object(self, scope: Scope, nodes: Sequence[FieldNode]) -> str:
        return self._object(scope, [node.selection_set for node in nodes])

    def shape(self, scope: Scope, nodes: Sequence[FieldNode], parameters: str = "") -> str:
        """A function that makes the object from its variable. None gives None."""
        body = self.object(scope, nodes)
        return self.function("o", parameters or scope.name, f"return None if {scope.name} is None else {body}")

    def _field(self, scope: Scope, nodes: list[FieldNode]) -> str:
        name = nodes[0].name.value
        if name == "__typename":
            return repr(scope.type.name)
        field = scope.type.fields.get(name)
        if field is None:
            raise NotCompiled(f"the field {scope.type.name}.{name}")
        if handler := _HANDLERS.get((scope.type.name, name)):
            return handler(self, scope, nodes, field)
        definition = field.extensions["strawberry-definition"]
        source = definition.metadata.get(SOURCE)
        if make := _KINDS.get(type(source)):
            return make(self, scope, nodes, field, source)
        if definition.base_resolver is not None:
            raise NotCompiled(f"the field {scope.type.name}.{name}")
        return self.plain(scope, nodes, field, scope.attribute(definition.python_name))

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

    def ask(self, field: GraphQLField) -> Callable[..., Any]:
        """The function that the resolver of a field uses."""
        found: Callable[..., Any] = field.extensions["strawberry-definition"].metadata[SOURCE]
        return found

    def key(self, scope: Scope, by: str | None) -> str:
        return repr(WHOLE) if by is None else scope.attribute(by)

    # Kinds of fields.

    def found(self, scope: Scope, nodes: Sequence[FieldNode], find: str, key: str, type_: Any) -> str:
        """The record with a key. `find` is the expression of the Find."""
        parents = f"{{{key}: 0 {scope.each} if {key} is not None}}"
        read = self.read(scope.level + 1, find, parents, ["id"] if type_.name == "Article" else None)
        before = len(self._reads), len(self._questions)
        shape = self.shape(_found(type_, self.name("a"), read, scope.level + 1), nodes)
        if read.columns is None and before == (len(self._reads), len(self._questions)):
            memo = self.name("m")  # many rows have the same provider or topics
            self._functions.append(f"{memo} = {{k: {shape}(v) for k, v in {read.name}.items()}}")
            return f"{memo}.get({key})"
        return f"{shape}({read.name}.get({key}))"

    def parents(self, scope: Scope, key: str) -> str:
        return f"{{{key}: 0 {scope.each}}}"


# The fields that have a source, by the kind of the source.


def _read(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Source) -> str:
    if source.kind is Kind.CONNECTION:
        asked = made.question(field, nodes[0], source.read)
        return _Connection(made, scope, asked, made.key(scope, source.by), get_named_type(field.type)).object(nodes)
    key = scope.attribute(str(source.by))
    type_: Any = get_named_type(field.type)
    if isinstance(scope, ArticleRows) and type_.name in _OWNED:
        return _OWNED[type_.name](made, scope, nodes, field, source)
    asked = made.question(field, nodes[0], source.read)
    if type_.name in {"Article", "Provider", "Topic"} and source.kind is Kind.RECORD:
        return made.found(scope, nodes, asked, key, type_)
    read = made.read(scope.level + 1, asked, made.parents(scope, key))
    name = made.name("v")
    if source.kind is Kind.RECORD:
        inner = Scope(type_, name, f"for {name} in {read.name}.values()", scope.level + 1)
        return f"{made.shape(inner, nodes)}({read.name}[{key}])"
    inner = Scope(type_, name, f"for {name}s in {read.name}.values() for {name} in {name}s", scope.level + 1)
    values = f"{read.name}[{key}]"
    return f"[{made.object(inner, nodes)} for {name} in {f'listed({values})' if type_.name in _SHARED else values}]"


_SHARED = frozenset({"Topic", "Related"})
"""The types of lists that count for each parent in an answer."""


def _topics(made: _Compiler, scope: ArticleRows, nodes: list[FieldNode], field: GraphQLField, _source: Source) -> str:
    type_: Any = get_named_type(field.type)
    keys, name = scope.decoded("topics", "items"), made.name("k")
    within = Scope(type_, name, f"{scope.each} for {name}, _ in {keys}", scope.level)
    found = made.found(within, nodes, made.constant(Find(TOPIC_BY_KEY)), name, type_)
    return f"listed([{found} for {name}, _ in {keys}])"


def _related(made: _Compiler, scope: ArticleRows, nodes: list[FieldNode], field: GraphQLField, source: Source) -> str:
    first = made.question(field, nodes[0], source.read)
    entries, name = f"{scope.decoded('related', 'related_items')}[:{first}.first]", made.name("r")
    members = {
        "id": f"related_id({scope.attribute('id')}, {name}[0])",
        "position": f"{name}_at",
        "source_id": scope.attribute("id"),
        **{member: f"{name}[{index}]" for index, member in enumerate(_ENTRY, 1)},
    }
    inner = Items(get_named_type(field.type), name, f"{scope.each} for {name} in {entries}", scope.level, members)  # type: ignore[arg-type]
    return f"[{made.object(inner, nodes)} for {name}_at, {name} in enumerate(listed({entries}))]"


_ENTRY = (
    *("url", "title", "excerpt", "type", "quality", "published_date_time", "web_url", "amp_web_url", "cdn_amp_web_url"),
    *("provider_key", "_name", "_domain", "_provider_images", "images"),
)
"""The members of an item of the column `related`, after the end of its id."""
_OWNED = {"Topic": _topics, "Related": _related}
"""The lists that are in the row of an article."""


def _named(made: _Compiler, _scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Named) -> str:
    asked, type_ = made.question(field, nodes[0], source.key), get_named_type(field.type)
    is_article = type_.name == "Article"
    read = made.read(1, f"{asked}[0]", f"({asked}[1],) if {asked} else ()", ["id"] if is_article else None)
    read.read = f"{asked}[0] if {asked} else NOTHING"
    inner = _found(type_, made.name("a"), read, 1)
    shows = f"{made.constant(source.shows)}({asked}[0], {inner.name})"
    return f"next(({made.shape(inner, nodes)}({inner.name}) if {shows} else None {inner.each}), None)"


def _derived(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Derived) -> str:
    value = scope.name if source.by is None else _attribute(scope, source.by)
    return made.plain(scope, nodes, field, f"{made.question(field, nodes[0], source.make)}({value})", is_made=True)


def _answered(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField, source: Answered) -> str:
    asked = made.question(field, nodes[0], source.ask, scope.name if source.by is None else None)
    key, level = made.key(scope, source.by), 1 if source.by is None else scope.level + 1
    read = made.read(level, f"{asked}.read", f"({key},)" if source.by is None else made.parents(scope, key))
    if is_leaf_type(get_named_type(field.type)):
        return f"{asked}.value({read.name}[{key}], {key})"
    name = made.name("v")
    each = f"for {name}_of, {name}s in {read.name}.items() for {name} in {asked}.value({name}s, {name}_of)"
    inner = Scope(get_named_type(field.type), name, each, level)  # type: ignore[arg-type]
    return f"[{made.object(inner, nodes)} for {name} in {asked}.value({read.name}[{key}], {key})]"


_KINDS: Mapping[type, Callable[..., str]] = {Source: _read, Named: _named, Derived: _derived, Answered: _answered}


# The other fields, by type and name.


def _attribute(scope: Scope, name: str) -> str:
    """An attribute as its record has it."""
    if name == "images" and isinstance(scope, ArticleRows):
        return scope.decoded("images", "images")
    value = scope.attribute(name)
    return f"[Image(*i) for i in {value}]" if name == "images" and isinstance(scope, Items) else value


def _images(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    return made.plain(scope, nodes, field, _attribute(scope, "images"))


def _source(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    if not isinstance(scope, ArticleRows):
        return made.plain(scope, nodes, field, scope.attribute("source"))
    columns = {"path": "path", "sha256": "sha256", "bytes": "bytes", "modified_date_time": "modified_at"}
    members = {name: scope.attribute(column) for name, column in columns.items()}
    return made.object(Items(get_named_type(field.type), scope.name, "", scope.level, members), nodes)  # type: ignore[arg-type]


def _member(name: str) -> Handler:
    """An attribute of the parent."""

    def handler(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
        return made.plain(scope, nodes, field, scope.attribute(name))

    return handler


def _facets(made: _Compiler, _scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    selected = made.question(field, nodes[0], made.ask(field))
    return made.object(Scope(get_named_type(field.type), selected, "", 0), nodes)  # type: ignore[arg-type]


def _search(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    asked, type_ = made.question(field, nodes[0], made.ask(field)), get_named_type(field.type)
    return _Connection(made, scope, asked, repr(WHOLE), type_, is_ranked=True).object(nodes)


def _node(made: _Compiler, _scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    """One record by id, or several. The prefix of an id tells its type."""
    asked = made.question(field, nodes[0], made.ask(field))
    i, cases = made.name("i"), []
    for prefix, lookup in BY_ID.items():
        type_ = made.type(_TYPES[prefix])
        parents = f"{{i: 0 for i in {asked} if i.partition('_')[0] == {prefix!r}}}"
        columns = ["id"] if type_.name == "Article" else None
        read = made.read(1, made.constant(Find(lookup)), parents, columns)
        shape = made.shape(_found(type_, made.name("a"), read, 1), nodes)
        cases.append(f"{shape}({read.name}.get({i})) if {i}.partition('_')[0] == {prefix!r} else ")
    one = made.function("n", i, f"return {''.join(cases)}None")
    is_list = is_list_type(get_nullable_type(field.type))
    return f"[{one}({i}) for {i} in {asked}]" if is_list else f"{one}({asked}[0])"


_TYPES = {"ar": "Article", "re": "Related", "pr": "Provider", "to": "Topic"}


def _found(type_: Any, name: str, read: _Read, level: int) -> Scope:
    """The records that a Find found."""
    each = f"for {name} in {read.name}.values() if {name} is not None"
    return Scope(type_, name, each, level) if read.columns is None else ArticleRows(type_, name, each, level, read)


def _adjacent(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    asked, type_ = made.question(field, nodes[0], made.ask(field)), get_named_type(field.type)
    inner = Items(type_, asked, scope.each, scope.level, {"id": scope.attribute("id")})  # type: ignore[arg-type]
    return made.object(inner, nodes)


def _beside(side: str, *, in_time: bool = False) -> Handler:
    def handler(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
        key = scope.attribute("id")
        asked = f"replace({scope.name}, order=NEWEST_FIRST)" if in_time else scope.name
        read = made.read(scope.level + 1, asked, made.parents(scope, key))
        name = made.name("a")
        each = f"for {name} in [each.{side} for each in {read.name}.values() if each.{side}]"
        inner = Scope(get_named_type(field.type), name, each, scope.level + 1)  # type: ignore[arg-type]
        return f"{made.shape(inner, nodes)}({read.name}[{key}].{side})"

    return handler


def _shared_topics(made: _Compiler, scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    one, other = scope.attribute("of"), f"{scope.attribute('article')}.id"
    parents = f"{{**{made.parents(scope, one)}, **{made.parents(scope, other)}}}"
    read = made.read(scope.level + 1, made.constant(TopicsOf()), parents)
    name = made.name("t")
    each = f"for {name}s in {read.name}.values() for {name} in {name}s"
    inner = Scope(get_named_type(field.type), name, each, scope.level + 1)  # type: ignore[arg-type]
    listed = f"shared(listed({read.name}[{one}]), listed({read.name}[{other}]))"
    return f"[{made.object(inner, nodes)} for {name} in {listed}]"


def _secured(made: _Compiler, scope: Scope, _nodes: list[FieldNode], _field: GraphQLField) -> str:
    key, shown = scope.attribute("id"), f"({scope.attribute('is_secured')} and x.shows_secured)"
    read = made.read(scope.level + 1, made.constant(SecuredOf()), f"{{{key}: 0 {scope.each} if {shown}}}")
    return f"{read.name}.get({key})"


def _corpus(made: _Compiler, _scope: Scope, nodes: list[FieldNode], field: GraphQLField) -> str:
    inner = Scope(get_named_type(field.type), made.name("g"), "", 0)  # type: ignore[arg-type]
    depend = made.function("d", "", f"x.budget.depend({cache_tags.ARTICLES!r})", "return x.generation")
    return f"{made.shape(inner, nodes)}({depend}())"


def _statistic(name: str, condition: str = "True") -> Handler:
    """A number of the corpus. Null unless the condition holds."""

    def handler(made: _Compiler, _scope: Scope, _nodes: list[FieldNode], _field: GraphQLField) -> str:
        read = made.read(1, made.constant(StatisticsOf()), f"({WHOLE!r},) if {condition} else ()")
        return f"({read.name}[{WHOLE!r}].{name} if {condition} else None)"

    return handler


_HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("Query", "facets"): _facets,
    ("Query", "search"): _search,
    ("Query", "node"): _node,
    ("Query", "nodes"): _node,
    ("Query", "corpus"): _corpus,
    ("Article", "images"): _images,
    ("Related", "images"): _images,
    ("Article", "source"): _source,
    ("Article", "adjacent"): _adjacent,
    ("Article", "secured"): _secured,
    ("AdjacentArticles", "previous"): _beside("previous"),
    ("AdjacentArticles", "next"): _beside("next"),
    ("AdjacentArticles", "newer"): _beside("previous", in_time=True),
    ("AdjacentArticles", "older"): _beside("next", in_time=True),
    ("SimilarArticle", "sharedTopics"): _shared_topics,
    ("TopicCount", "topic"): _member("value"),
    ("ProviderCount", "provider"): _member("value"),
    ("ValueCount", "value"): _member("value"),
    **{(type_, "count"): _member("size") for type_ in ("TopicCount", "ProviderCount", "ValueCount")},
    ("Corpus", "articleCount"): _statistic("articles"),
    ("Corpus", "providerCount"): _statistic("providers"),
    ("Corpus", "topicCount"): _statistic("topics"),
    ("Corpus", "draftCount"): _statistic("drafts", "x.shows_drafts"),
}


class _Connection:
    """A connection: what it reads depends on its selected fields."""

    def __init__(
        self, made: _Compiler, scope: Scope, asked: str, key: str, type_: Any, *, is_ranked: bool = False
    ) -> None:
        """`is_ranked`: whether the list can be ordered by score."""
        self._made = made
        self._is_ranked = is_ranked
        self._scope = scope
        self._asked = asked
        self._key = key
        self._type = type_
        self._level = scope.level + 1
        self._rows: _Read | None = None
        self._needed: list[str] = []
        """The conditions under which the page is read. Empty if no field needs it."""
        self._k = made.name("k")

    def object(self, nodes: Sequence[FieldNode]) -> str:
        made, inner = self._made, Scope(self._type, self._k, "", self._level)
        members = []
        for key, group in made._selections.fields(self._type, [node.selection_set for node in nodes]).items():
            members.append(f"{key!r}: {self._field(group)}")
        if self._rows and "True" not in self._needed:
            self._rows.parents = f"{self._rows.parents} if {' or '.join(self._needed)} else ()"
        shape = made.function("o", inner.name, f"return {{{', '.join(members)}}}")
        return f"{shape}({self._key})"

    def _field(self, nodes: list[FieldNode]) -> str:
        name = nodes[0].name.value
        field = self._type.fields.get(name)
        if name == "__typename":
            return repr(self._type.name)
        if field is None or name not in {"nodes", "edges", "pageInfo", "totalCount"}:
            raise NotCompiled(f"the field {self._type.name}.{name}")
        if name == "totalCount":
            count = self._made.read(self._level, f"CountOf({self._asked}.listing)", self._parents())
            return f"{count.name}[{self._k}]"
        inner: Any = get_named_type(field.type)
        if name == "pageInfo":
            return self._page_info(inner, nodes)
        row, rows = self._row(inner if name == "nodes" else get_named_type(inner.fields["node"].type))
        if name == "nodes":
            return (
                f"[{self._made.object(row, nodes)} for {row.name} in {rows}]"
                if not self._is_page()
                else (f"[{self._made.object(row, nodes)} for {row.name} in [e.node for e in {rows}]]")
            )
        return self._edges(inner, row, rows, nodes)

    def _edges(self, edge: GraphQLObjectType, row: Scope, rows: str, nodes: list[FieldNode]) -> str:
        members = []
        e = self._made.name("e")
        for key, group in self._made._selections.fields(edge, [node.selection_set for node in nodes]).items():
            name = group[0].name.value
            match name:
                case "__typename":
                    value = repr(edge.name)
                case "node":
                    shape = self._made.shape(row, group)
                    value = f"{shape}({e}.node)" if self._is_page() else f"{shape}({e})"
                case "cursor":
                    value = f"{e}.cursor" if self._is_page() else f"{self._page()}.cursor({e})"
                case "score":
                    value = self._score(e)
                case _:
                    raise NotCompiled(f"the field {edge.name}.{name}")
            members.append(f"{key!r}: {value}")
        return f"[{{{', '.join(members)}}} for {e} in {rows}]"

    def _score(self, edge: str) -> str:
        """The score of an edge. It has one if the list is ordered by it."""
        each = f"for g in {self._page_read().name}.values() for e in g.edges if e.score is None"
        read = self._made.read(self._level + 1, f"ScoreOf({self._asked}.listing.search)", f"{{e.node.id: 0 {each}}}")
        return f"({read.name}[{edge}.node.id] if {edge}.score is None else {edge}.score)"

    def _page_info(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> str:
        members = []
        backward = f"{self._asked}.window.backward"
        for key, group in self._made._selections.fields(type_, [node.selection_set for node in nodes]).items():
            match group[0].name.value:
                case "__typename":
                    value = repr(type_.name)
                case "hasNextPage":
                    value = self._more(f"not {backward}", backward)
                case "hasPreviousPage":
                    value = self._more(backward, f"not {backward}")
                case "startCursor":
                    value = self._cursor(0)
                case _:
                    value = self._cursor(-1)
            members.append(f"{key!r}: {value}")
        return f"{{{', '.join(members)}}}"

    def _more(self, continues: str, precedes: str) -> str:
        """Whether there are more rows: in the direction of the window if `continues`, else on its other side."""
        page = self._page(continues)
        asked = f"Precedes({self._asked}.listing, {self._asked}.order, {self._asked}.window)"
        other = self._made.read(
            self._level,
            asked,
            f"{self._parents()} if {precedes} else ()",
        )
        return f"{page}.has_more if {continues} else {other.name}.get({self._k}, False)"

    def _cursor(self, at: int) -> str:
        page = self._page()
        if self._is_page():
            return f"({page}.edges[{at}].cursor if {page}.edges else None)"
        return f"({page}.cursor({page}.rows[{at}]) if {page}.rows else None)"

    def _is_page(self) -> bool:
        """Whether the page has records."""
        return self._is_ranked or self._record_type() != "Article"

    def _record_type(self) -> str:
        name: str = get_named_type(self._type.fields["nodes"].type).name
        return name

    def _page(self, needed: str = "True") -> str:
        self._needed.append(needed)
        return f"{self._page_read().name}[{self._k}]"

    def _page_read(self) -> _Read:
        if self._rows is None:
            columns = None if self._is_page() else ["id"]
            self._rows = self._made.read(self._level, self._asked, self._parents(), columns)
        return self._rows

    def _row(self, type_: Any) -> tuple[Scope, str]:
        """The records or rows of the page, and the expression of the list of edges or rows."""
        page, read = self._page(), self._page_read()
        name, g = self._made.name("a"), self._made.name("g")
        if self._is_page():
            each = f"for {g} in {read.name}.values() for {name} in [e.node for e in {g}.edges]"
            return Scope(type_, name, each, self._level), f"{page}.edges"
        each = f"for {g} in {read.name}.values() for {name} in {g}.rows"
        return ArticleRows(type_, name, each, self._level, read), f"{page}.rows"

    def _parents(self) -> str:
        return self._made.parents(self._scope, self._key) if self._scope.each else f"({self._key},)"


def _decoding(read: _Read) -> list[str]:
    """Decodes columns of all rows in place."""
    if not read.decoded:
        return []
    changed = "; ".join(
        f"r[{read.at(name)}] = {function}(r[{read.at(name)}])" for name, function in read.decoded.items()
    )
    return [f"for r in changeable({read.name}): {changed}"]


def _leaf(type_: GraphQLOutputType, value: str, *, is_row: bool) -> str:
    name = get_named_type(type_).name
    if name == "DateTime":
        return f"{'instant_text' if is_row else 'time_text'}({value})"
    if name == "Float":
        return f"decimal({value})"
    if is_row:
        return f"bool({value})" if name == "Boolean" else value
    return f"{value}.name" if is_enum_type(get_named_type(type_)) else value


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
            return _Compiler(self._schema, fragments, conditions).compile(document.operation(name))
        except NotCompiled as error:
            return str(error)

    async def execute(self, operation: Operation, snapshot: Snapshot) -> bytes:
        """The data of a query, as JSON. Raises NotCompiled if graphql-core has to execute it."""
        try:
            plan = self.plan(operation.document, operation.name, operation.variables)
            values = plan.values(self._limits, operation.variables)
            run = Run(plan, values, self._limits.records, await snapshot.generation(), operation)
            data: bytes = await snapshot.run(run.answer())
        except NotCompiled as error:
            self.refused[str(error)] += 1
            raise
        except (RequestError, GraphQLError) as error:
            self.refused[FAILED] += 1
            raise NotCompiled from error
        if len(data) > self._limits.answer_characters:
            self.refused["a long answer"] += 1
            raise NotCompiled
        self.executed += 1
        return data
