"""Plans a connection: what it reads depends on its selected fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import FieldNode, GraphQLObjectType, get_named_type

from gateway.errors import NotCompiled
from gateway.execution.plan_builder import ArticleRows, PlanBuilder, PlannedRead, Scope
from gateway.execution.type_names import is_article
from gateway.graph.search_types import snippet_length


class ConnectionPlan:
    """A connection: what it reads depends on its selected fields."""

    def __init__(
        self, plan: PlanBuilder, scope: Scope, asked: str, key: str, type_: Any, *, is_ranked: bool = False
    ) -> None:
        """`is_ranked`: whether the list can be ordered by score."""
        self._plan = plan
        self._is_ranked = is_ranked
        self._scope = scope
        self._asked = asked
        self._key = key
        self._type = type_
        self._level = scope.level + 1
        self._rows: PlannedRead | None = None
        self._needed: list[str] = []
        """The conditions under which the page is read. Empty if no field needs it."""
        self._k = plan.name("k")

    def object(self, nodes: Sequence[FieldNode]) -> str:
        plan, inner = self._plan, Scope(self._type, self._k, "", self._level)
        members = []
        for key, group in plan.fields(self._type, nodes).items():
            members.append(f"{key!r}: {self._field(group)}")
        if self._rows and "True" not in self._needed:
            self._rows.parents = f"{self._rows.parents} if {' or '.join(self._needed)} else ()"
        shape = plan.function("o", inner.name, f"return {{{', '.join(members)}}}")
        return f"{shape}({self._key})"

    def _field(self, nodes: list[FieldNode]) -> str:
        name = nodes[0].name.value
        field = self._type.fields.get(name)
        if name == "__typename":
            return repr(self._type.name)
        if field is None or name not in {"nodes", "edges", "pageInfo", "totalCount", "suggestion"}:
            raise NotCompiled(f"the field {self._type.name}.{name}")
        if name == "suggestion":
            found = self._plan.read(self._level, f"SuggestionOf({self._asked}.listing)", self._parents())
            return f"{found.name}[{self._k}]"
        if name == "totalCount":
            count = self._plan.read(self._level, f"CountOf({self._asked}.listing)", self._parents())
            return f"{count.name}[{self._k}]"
        inner: Any = get_named_type(field.type)
        if name == "pageInfo":
            return self._page_info(inner, nodes)
        row, rows = self._row(inner if name == "nodes" else get_named_type(inner.fields["node"].type))
        if name == "nodes":
            records = f"[e.node for e in {rows}]" if self._is_page() else rows
            return f"[{self._plan.object(row, nodes)} for {row.name} in {records}]"
        return self._edges(inner, row, rows, nodes)

    def _edges(self, edge: GraphQLObjectType, row: Scope, rows: str, nodes: list[FieldNode]) -> str:
        members = []
        e = self._plan.name("e")
        for key, group in self._plan.fields(edge, nodes).items():
            name = group[0].name.value
            match name:
                case "__typename":
                    value = repr(edge.name)
                case "node":
                    shape = self._plan.shape(row, group)
                    value = f"{shape}({e}.node)" if self._is_page() else f"{shape}({e})"
                case "cursor":
                    self._page_read().has_cursors = True
                    value = f"{e}.cursor" if self._is_page() else f"{self._page()}.cursor({e})"
                case "score":
                    value = self._score(e)
                case "snippets":
                    value = self._snippets(e, edge, group)
                case _:
                    raise NotCompiled(f"the field {edge.name}.{name}")
            members.append(f"{key!r}: {value}")
        return f"[{{{', '.join(members)}}} for {e} in {rows}]"

    def _score(self, edge: str) -> str:
        """The score of an edge. It has one if the list is ordered by it."""
        each = f"for g in {self._page_read().name}.values() for e in g.edges if e.score is None"
        read = self._plan.read(self._level + 1, f"ScoreOf({self._asked}.listing.search)", f"{{e.node.id: 0 {each}}}")
        return f"({read.name}[{edge}.node.id] if {edge}.score is None else {edge}.score)"

    def _snippets(self, edge: str, type_: GraphQLObjectType, nodes: list[FieldNode]) -> str:
        """The extracts of an edge."""
        plan, field = self._plan, type_.fields["snippets"]
        length = plan.question(field, nodes[0], snippet_length)
        each = f"for g in {self._page_read().name}.values() for e in g.edges"
        asked = f"SnippetsOf({self._asked}.listing.search, {length})"
        read, name = plan.read(self._level + 1, asked, f"{{e.node.id: 0 {each}}}"), plan.name("v")
        all_of_them = f"for {name}s in {read.name}.values() for {name} in {name}s"
        inner = Scope(get_named_type(field.type), name, all_of_them, self._level + 1)
        return f"[{plan.object(inner, nodes)} for {name} in {read.name}[{edge}.node.id]]"

    def _page_info(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> str:
        members = []
        backward = f"{self._asked}.window.backward"
        for key, group in self._plan.fields(type_, nodes).items():
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
        other = self._plan.read(self._level, asked, f"{self._parents()} if {precedes} else ()")
        return f"{page}.has_more if {continues} else {other.name}.get({self._k}, False)"

    def _cursor(self, at: int) -> str:
        page = self._page()
        self._page_read().has_cursors = True
        if self._is_page():
            return f"({page}.edges[{at}].cursor if {page}.edges else None)"
        return f"({page}.cursor({page}.rows[{at}]) if {page}.rows else None)"

    def _is_page(self) -> bool:
        """Whether the page has records, and not rows."""
        return self._is_ranked or not is_article(get_named_type(self._type.fields["nodes"].type))

    def _page(self, needed: str = "True") -> str:
        self._needed.append(needed)
        return f"{self._page_read().name}[{self._k}]"

    def _page_read(self) -> PlannedRead:
        if self._rows is None:
            columns = None if self._is_page() else ["id"]
            self._rows = self._plan.read(self._level, self._asked, self._parents(), columns)
        return self._rows

    def _row(self, type_: Any) -> tuple[Scope, str]:
        """The records or rows of the page, and the expression of the list of edges or rows."""
        page, read = self._page(), self._page_read()
        name, g = self._plan.name("a"), self._plan.name("g")
        if self._is_page():
            each = f"for {g} in {read.name}.values() for {name} in [e.node for e in {g}.edges]"
            return Scope(type_, name, each, self._level), f"{page}.edges"
        each = f"for {g} in {read.name}.values() for {name} in {g}.rows"
        return ArticleRows(type_, name, each, self._level, read), f"{page}.rows"

    def _parents(self) -> str:
        return self._plan.parents(self._scope, self._key) if self._scope.each else f"({self._key},)"
