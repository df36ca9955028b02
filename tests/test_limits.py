"""Limits: the shape of a document, the cost of an operation, and the work of computing them."""

from __future__ import annotations

import json
import re
from dataclasses import fields as fields_of
from pathlib import Path

import pytest
import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    build_schema,
    get_introspection_query,
    parse,
    validate,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway import settings
from gateway.errors import LimitExceeded, OperationNotFound
from gateway.execution.cost import QueryCost, QueryShape, analyse
from gateway.limits import Limits
from tests.schema import every_field
from tests.service import post, serving

SCHEMA = build_schema(Path(__file__).with_name("contract.graphql").read_text())
LIMITS = Limits()
DOCS = (Path(__file__).parent.parent / "docs" / "limits.md").read_text()

PAGE_OF_ARTICLES = """
query Page($first: Int, $last: Int) {
  articles(first: $first, last: $last) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      id title excerpt publishedDateTime
      provider { name domain }
      topics { name slug }
      image(minWidth: 300) { url width height }
      related(first: 4) { title webUrl provider { name } }
    }
  }
}
"""


def analysed(query: str, limits: Limits = LIMITS) -> QueryCost:
    return analyse(SCHEMA, parse(query), limits)


def cost(query: str, **variables: object) -> int:
    assert validate(SCHEMA, parse(query)) == []
    return analysed(query).cost(None, variables)


def counts(query: str) -> QueryShape:
    return analysed(query).definitions[0].summary.counts


def refusal(analysis: QueryCost) -> dict[str, object]:
    with pytest.raises(LimitExceeded) as refused:
        analysis.check_shape()
    return refused.value.extensions


def bomb(levels: int) -> str:
    """A document of fragments, each of which spreads the next one twice."""
    fragments = [f"fragment F{level} on Query {{ ...F{level + 1} ...F{level + 1} }}" for level in range(levels)]
    return " ".join(["{ ...F0 }", *fragments, f"fragment F{levels} on Query {{ corpus {{ revision }} }}"])


def test_bomb_is_counted_exactly() -> None:
    """Fields are counted with every fragment expanded. The error has the limit, the allowed and the actual value."""
    assert counts(bomb(10)).fields == 2 * 2**10
    assert refusal(analysed(bomb(30))) == {
        "code": "LIMIT_EXCEEDED",
        "limit": "fields",
        "allowed": 500,
        "actual": 2 * 2**30,
    }


@pytest.mark.parametrize("step", [1, -1])
def test_order_of_fragments_does_not_matter(step: int) -> None:
    """Fragments may be before or after those that they spread."""
    fragments = [
        "fragment A on Query { ...B }",
        "fragment B on Query { ...C ...C }",
        "fragment C on Query { topics { nodes { id } } }",
    ]
    query = " ".join(["{ ...A }", *fragments[::step]])
    assert counts(query).fields == 6
    assert cost(query) == 2 * 21


def test_bomb_is_read_in_linear_time() -> None:
    """The work grows with the text of nested fragments, and not with their expansion."""
    ten, twenty, thirty = (analysed(bomb(levels)).visited for levels in (10, 20, 30))
    assert twenty - ten == thirty - twenty
    assert thirty < 3 * ten
    assert thirty <= 2 * 64


def test_bomb_of_costs_is_priced() -> None:
    """Nested fragments cost their expansion, also if a variable sets a size at each level."""
    fragments = [
        f"fragment F{level} on Article {{ related(first: $n) {{ article {{ ...F{level + 1} ...F{level + 1} }} }} }}"
        for level in range(30)
    ]
    query = " ".join(["query($n: Int) { article { ...F0 } }", *fragments, "fragment F30 on Article { title }"])
    analysis = analysed(query)
    # A level costs n * (1 + 1 + twice the next level).
    expected = 0
    for _ in range(30):
        expected = 3 * (2 + 2 * expected)
    assert analysis.cost(None, {"n": 3}) == 1 + expected
    assert analysis.cost(None, {"n": 0}) == 1


def test_large_numbers_in_errors_are_capped() -> None:
    """The error contains only numbers that every JSON reader reads exactly."""
    extensions = refusal(analysed(bomb(120), Limits(fields=2**60)))
    assert extensions["actual"] == 2**53 - 1
    query = "{ articles(first: 2147483647) { nodes { related(first: 2147483647) { id } } } }"
    with pytest.raises(LimitExceeded) as refused:
        analysed(query).check_cost(None, {})
    assert refused.value.extensions["actual"] == 2**53 - 1


def test_long_chain_of_fragments_needs_no_stack() -> None:
    """A chain up to the token limit is read without recursion."""
    chain = " ".join(f"fragment F{level} on Query {{ ...F{level + 1} }}" for level in range(240))
    query = "{ ...F0 } " + chain + " fragment F240 on Query { articles { nodes { title } } }"
    assert analysed(query).cost(None, {}) == 1 + 20


def test_deepest_parseable_document() -> None:
    """It is counted and refused for its depth."""
    query = "{ article " + "{ related { article " * 99 + "{ id }" + " } }" * 99 + " }"
    assert refusal(analysed(query))["actual"] == 2 + 2 * 99


@pytest.mark.parametrize(
    ("limit", "query", "actual"),
    [
        ("fields", "{ corpus { " + "revision " * 500 + "} }", 501),
        ("depth", "{ article { " + "related { article { " * 7 + "id" + " } }" * 7 + " } }", 16),
        ("aliases", "{ corpus { " + " ".join(f"a{n}: revision" for n in range(101)) + " } }", 101),
        ("root_fields", "{ " + "__typename " * 51 + "}", 51),
        ("directives", "{ corpus { revision " + "@skip(if: false) " * 51 + "} }", 51),
        (
            "introspection_depth",
            "{ __schema { types { " + "fields { type { " * 8 + "name" + " } }" * 8 + " } } }",
            18,
        ),
    ],
)
def test_shape_limits(limit: str, query: str, actual: int) -> None:
    """One more than a limit is refused, with the limit's name."""
    extensions = refusal(analysed(query))
    assert (extensions["limit"], extensions["allowed"], extensions["actual"]) == (limit, getattr(LIMITS, limit), actual)
    analysed(query, Limits(**{limit: actual})).check_shape()


def test_directives_are_counted_everywhere() -> None:
    """On operations, variables, fragments, spreads, inline fragments, fields and objects."""
    query = """
      query($n: Int @d) @d { ...F @d ... @d { corpus @d { revision @d } } }
      fragment F on Query @d { corpus { revision } }
    """
    assert counts(query).directives == 7


def test_error_names_the_operation() -> None:
    """If there are several operations, the message names the one over the limit."""
    query = "query Small { corpus { revision } } query Large { corpus { " + "revision " * 500 + "} }"
    with pytest.raises(LimitExceeded, match="The operation 'Large' exceeds the limit 'fields': 501 where 500"):
        analysed(query).check_shape()


@pytest.mark.parametrize(
    "definitions",
    [
        "fragment Unused on Corpus { " + "revision " * 501 + "}",
        "fragment F on Corpus { ...F " + "revision " * 501 + "}",
        "fragment A on Corpus { ...B } fragment B on Corpus { ...A " + "revision " * 501 + "}",
        "fragment B on Corpus { ...A " + "revision " * 501 + "} fragment A on Corpus { ...B }",
        "fragment F on Corpus { " + "revision " * 501 + "} fragment F on Corpus { revision }",
        "fragment F on Unknown { " + "unknown " * 501 + "}",
        "{ corpus { " + "revision " * 501 + "} }",
    ],
)
def test_every_definition_is_counted(definitions: str) -> None:
    """Unused, cyclic, repeated and unknown definitions count too, because validation reads them."""
    assert refusal(analysed("{ corpus { revision } } " + definitions))["limit"] == "fields"


@pytest.mark.parametrize(
    "query",
    [
        "{ ...Missing }",
        "{ unknown { unknown(first: 3) } }",
        "{ ... on Unknown { a } ... on ArticleFilter { a } ... on Int { a } }",
        "mutation { a { b } }",
        "{ corpus }",
        "{ articles { ...F } } fragment F on ArticleConnection { nodes { ...G } } fragment G on Article { ...F ...G }",
        '{ articles(first: "x") { nodes { id } } }',
        "{ articles(first: " + "9" * 5000 + ") { nodes { id } } }",
        "query($n: [Int]) { articles(first: $n, unknown: 1) { nodes { id } } }",
        "type T { a: Int }",
    ],
)
def test_invalid_documents_are_left_to_validation(query: str) -> None:
    """Limits give no error for documents that validation refuses."""
    document = parse(query)
    analysis = analyse(SCHEMA, document, LIMITS)
    analysis.check_shape()
    assert validate(SCHEMA, document)
    for definition in analysis.definitions:
        if definition.is_operation:
            analysis.check_cost(definition.name, {"n": "no number"})


def test_cost_of_a_page() -> None:
    """A page of 20 articles with provider, topics, image and related costs less than a quarter of the limit."""
    # An article: itself 1, provider 1, topics 10, image 1, four related entries with a provider each 8.
    assert cost(PAGE_OF_ARTICLES) == 1 + 1 + 1 + 20 * 21
    assert cost(PAGE_OF_ARTICLES, first=100) == 1 + 1 + 1 + 100 * 21
    assert cost(PAGE_OF_ARTICLES, first=None, last=5) == 1 + 1 + 1 + 5 * 21
    assert cost(PAGE_OF_ARTICLES, first=100) < LIMITS.cost / 4


def test_cost_of_a_page_with_default_sizes() -> None:
    """The same page with all images and related entries also costs less than a quarter."""
    query = """{ articles { nodes {
        title provider { name images { url } } topics { name } images { url }
        related { title provider { name } image { url } }
    } } }"""
    # Provider 1 + 5, topics 10, images 5, related 10 * (1 + 1 + 1).
    assert cost(query) == 1 + 20 * (1 + 6 + 10 + 5 + 30) == 1041
    assert cost(query) < LIMITS.cost / 4


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ corpus { revision } }", 1),
        ("{ article { title topics { name } } }", 1 + 10),
        ("{ nodes(ids: []) { id } }", 0),
        ('{ nodes(ids: ["a", "b"]) { id ... on Article { provider { name } } } }', 2 * 2),
        ('{ nodes(ids: "a") { id } }', 1),
        ("{ topics { edges { cursor node { name } } } }", 1 + 20 * 2),
        ("{ providers(last: 3) { nodes { topics { topic { name } } } } }", 1 + 3 * (1 + 20 * 2)),
        ("{ providers(first: null) { totalCount nodes { articles(first: 2) { totalCount } } } }", 2 + 20 * (1 + 1 + 1)),
        (
            '{ search(query: "a", first: 2) { edges { snippets { text highlights { start } } } } }',
            10 + 2 * (1 + 100 + 10 * 11),
        ),
        ("{ facets { topics { count } categories(first: 5) { value } } }", 1 + 1000 + 20 + 1000 + 5),
        ("{ article { body { markdown isEmpty html excerpt(length: 9) toc { text } } } }", 1 + 2 + 1 + 4 + 1 + 10),
        ("{ article { similar { score } adjacent { next { title } } } }", 1 + 150 + 5 + 5 + 3),
        ("{ article { summary } }", 1 + 2),
        ("{ article { body { wordCount readingTimeMinutes } } }", 1 + 2 + 6 + 6),
        ('{ search(query: "a") { suggestion } }', 10 + 1200),
        ("{ article { related { images { url } } image { url } images { url } } }", 1 + 10 * (1 + 1) + 1 + 5),
        ("{ changes { changes { article { title } } hasMore } }", 1 + 100 * 2),
        ("{ changes(first: 10) { changes { id } } }", 1 + 10),
        ("{ article { related(first: -1) { title } } }", 1),
        ("{ articles { ...P } } fragment P on ArticleConnection { nodes { id } }", 1 + 20),
        ("{ articles { ... { nodes { id } } pageInfo { endCursor } } }", 1 + 20 + 1),
        ("{ article { images @skip(if: true) { url } } }", 1 + 5),
        ("subscription { articleChanged { article { title } } }", 2),
    ],
)
def test_costs(query: str, expected: int) -> None:
    """An object costs 1, a leaf nothing, a list its maximal size, and expensive fields their price."""
    assert cost(query) == expected


async def test_page_with_all_fields_is_allowed(tmp_path: Path) -> None:
    """A hundred articles with all their fields, and with all fields of their related entries, are one operation."""
    fields = f"{every_field('Article', 1)} related {{ {every_field('Related', 1)} }}"
    related = [f"https://example.org/{number}" for number in range(20)]
    written = f"---\ntopics: {list('abcdefghij')}\nrelated: {related}\n---\n# A title\n\nSome *words*.\n"
    async with serving(tmp_path, files={f"{at}.md": written for at in range(100)}) as client:
        answer = await post(client, f"{{ articles(first: 100) {{ totalCount nodes {{ {fields} }} }} }}")
    assert "errors" not in answer
    nodes = answer["data"]["articles"]["nodes"]
    assert len(nodes) == 100
    assert all(len(node["related"]) == 20 and len(node["topics"]) == 10 for node in nodes)


@strawberry.type
class Item:
    name: str = ""


@strawberry.type
class Shelf:
    @strawberry.field
    def items(self, first: int | None = 7) -> list[Item]:
        return [Item()] * (first or 0)

    @strawberry.field
    def others(self, first: int | None = strawberry.UNSET) -> list[Item]:
        return [Item()] * (first or 0)


LARGE = {"and": [{"category": {"eq": "a"}}] * 10}
"""An object, its list, and ten times two objects and a text: 32 values."""


@pytest.mark.parametrize(
    ("arguments", "points"),
    [
        ("", 0),
        ("first: 20", 0),
        ('first: 20, filter: {category: {eq: "a"}}', 15),
        ("first: 20, filter: {and: [" + '{category: {eq: "a"}} ' * 10 + "]}", 15 + 8),
        ("filter: $filter", 15 + 8),
        ("first: 20, filter: $filter", 15 + 8),
        ("filter: {and: [$filter, $filter]}", 15 + 16),
        ("filter: $absent", 15),
        ("orderBy: {field: TITLE}", 0),
        ("orderBy: [{field: TITLE}]", 0),
        ("orderBy: [{field: TITLE}, {field: QUALITY}, {field: HEAT}]", 2 * 250 + 1),
    ],
)
def test_arguments_are_priced(arguments: str, points: int) -> None:
    """A filter, the further terms of an order, and four values, in the document or in a variable, for each
    resolution."""
    given = f"({arguments})" if arguments else ""
    declared = ", ".join(
        each for each in ("$filter: ArticleFilter!", "$absent: ArticleFilter") if each[:7] in arguments
    )
    query = f"query {f'({declared})' if declared else ''} {{{{ provider(id: 1) {{{{ {{}} }}}} }}}}"
    nested = f"articles(first: 10) {{ nodes {{ provider {{ articles{given} {{ totalCount }} }} }} }}"
    assert cost(query.format(f"articles{given} {{ totalCount }}"), filter=LARGE) == 1 + 1 + 1 + points
    assert cost(query.format(nested), filter=LARGE) == 1 + 1 + 10 * (1 + 1 + 1 + 1 + points)


@pytest.mark.parametrize(("terms", "points"), [([], 0), (["TITLE"], 0), (["TITLE", "HEAT"], 1), (["HEAT"] * 5, 4)])
def test_terms_of_an_order_are_priced(terms: list[str], points: int) -> None:
    """Those after the first, more for the list of all articles than for another."""
    order = [{"field": term} for term in terms]
    values = (1 + 2 * len(terms)) // 4
    declared = "query($order: [ArticleOrder!])"
    whole = cost(f"{declared} {{ articles(orderBy: $order) {{ totalCount }} }}", order=order)
    part = cost(f"{declared} {{ provider(id: 1) {{ articles(orderBy: $order) {{ totalCount }} }} }}", order=order)
    assert (whole, part) == (2 + values + 1000 * points, 3 + values + 250 * points)


def test_sizes_declared_by_a_strawberry_schema_are_read() -> None:
    """A default in Python sizes a list like one in SDL."""
    schema = strawberry.Schema(Shelf)._schema
    assert analyse(schema, parse("{ items { name } others { name } }"), LIMITS).cost(None, {}) == 7 + 10


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({"ids": []}, 0), ({"ids": ["a", "b", "c"]}, 3), ({"ids": ["a"] * 100}, 100)],
)
def test_cost_of_a_list_of_ids(variables: dict[str, object], expected: int) -> None:
    """It is priced as one node per id."""
    assert cost("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", **variables) == expected


def test_deep_cycle_is_refused_by_cost() -> None:
    """Fifteen levels of `related` are within the shape limits but over the cost limit."""
    analysis = analysed("{ article { " + "related { article { " * 6 + "related { id }" + " } }" * 6 + " } }")
    assert analysis.definitions[0].summary.counts.depth == 15
    analysis.check_shape()
    level = 10
    for _ in range(6):
        level = 10 * (1 + 1 + level)
    with pytest.raises(LimitExceeded) as refused:
        analysis.check_cost(None, {})
    assert refused.value.extensions == {
        "code": "LIMIT_EXCEEDED",
        "limit": "cost",
        "allowed": 40_000,
        "actual": 1 + level,
    }


def test_cost_is_checked_with_each_request() -> None:
    """One analysis serves many requests. Variables decide whether the document is allowed."""
    analysis = analysed("query($n: Int) { articles(first: $n) { nodes { related { title } } } }")
    assert analysis.check_cost(None, {"n": 100}) == 1 + 100 * 11
    with pytest.raises(LimitExceeded):
        analysis.check_cost(None, {"n": 3637})
    assert analysis.check_cost(None, {}) == 1 + 20 * 11


def test_operation_is_found_by_name() -> None:
    """A missing or unknown name is an error if it is ambiguous."""
    analysis = analysed("query A { corpus { revision } } query B { articles { nodes { id } } }")
    assert (analysis.cost("A", {}), analysis.cost("B", {})) == (1, 21)
    for name in (None, "C"):
        with pytest.raises(OperationNotFound):
            analysis.check_cost(name, {})


def test_introspection_is_priced() -> None:
    """Explorers' full query is allowed. Nested lists of types are not."""
    full = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        experimental_directive_deprecation=True,
        one_of=True,
    )
    analysis = analyse(SCHEMA, parse(full, max_tokens=LIMITS.tokens), LIMITS)
    analysis.check_shape()
    assert f"sends costs {analysis.check_cost(None, {})}," in DOCS
    nested = "{ __schema { types { " + "fields { type { " * 3 + "name" + " } }" * 3 + " } } }"
    with pytest.raises(LimitExceeded):
        analysed(nested).check_cost(None, {})


@pytest.mark.parametrize("size", [5, 50, 500])
def test_work_is_linear(size: int) -> None:
    """Every selection is visited twice: to find fragment spreads, and to count and price."""
    fragment = "fragment F on Corpus { " + "revision " * size + "}"
    assert analysed("{ corpus { ...F } corpus { ...F } } " + fragment).visited == 4 + 2 * size


def test_limits_are_documented() -> None:
    """The docs' table equals the code's, and each row is an option."""
    table = DOCS.partition("## The table")[2].partition("## Cost")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", table, re.MULTILINE)
    assert [(name, float(default), counts) for name, default, counts in rows] == [
        (field.name, field.default, field.metadata["counts"]) for field in fields_of(Limits)
    ]
    assert [f"limit_{name}" for name, *_ in rows] == [option.name for option in settings.LIMITS]


def test_example_of_the_docs() -> None:
    """The worked example adds up, and its error is that of a page over the limit."""
    [example] = re.findall(r"```graphql\n(.*?)```", DOCS, re.DOTALL)
    assert (cost(example), cost(example, first=100)) == (423, 2103)
    [shown] = re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)
    with pytest.raises(LimitExceeded) as refused:
        analysed(example).check_cost("Page", {"first": 1905})
    error = {"message": refused.value.message, "extensions": refused.value.extensions}
    assert json.loads(shown) == {"errors": [error]}


# The oracle expands fragments, and passes a page's window to its rows.

FIELDS: dict[str, dict[str, str | None]] = {
    "Query": {"article": "Article", "articles": "ArticleConnection", "__typename": None},
    "Article": {"title": None, "provider": "Provider", "topics": "Topic", "related": "Related"},
    "Related": {"title": None, "article": "Article", "provider": "Provider"},
    "Provider": {"name": None, "images": "Image", "articles": "ArticleConnection"},
    "Topic": {"slug": None, "articles": "ArticleConnection"},
    "Image": {"url": None},
    "ArticleConnection": {"nodes": "Article", "edges": "ArticleEdge", "totalCount": None, "pageInfo": "PageInfo"},
    "ArticleEdge": {"node": "Article", "cursor": None},
    "PageInfo": {"endCursor": None},
}
LISTS = {("Article", "topics"): 10, ("Article", "related"): 10, ("Provider", "images"): 5}
ROWS = ("nodes", "edges")
WINDOWED = ("articles", "related")
Names = list[tuple[str, str]]


@st.composite
def selections(draw: st.DrawFn, on: str, fragments: Names, depth: int) -> str:
    """A selection set on a type. Spreads use only the given fragments."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["field", "field", "spread", "spread", "inline"])) if depth else "field"
        fitting = [name for name, condition in fragments if condition == on]
        if kind == "spread" and fitting:
            parts.append(f"...{draw(st.sampled_from(fitting))}" + draw(st.sampled_from(["", " @d"])))
        elif kind == "inline":
            parts.append(f"... on {on} {draw(selections(on, fragments, depth - 1))}")
        else:
            parts.append(draw(fields(on, fragments, depth)))
    return "{ " + " ".join(parts) + " }"


@st.composite
def fields(draw: st.DrawFn, on: str, fragments: Names, depth: int) -> str:
    names = [name for name, result in FIELDS[on].items() if depth or result is None]
    if not names:
        return "__typename"
    name = draw(st.sampled_from(names))
    result = FIELDS[on][name]
    argument = draw(st.sampled_from(["", "(first: 3)", "(first: $n)", "(first: 0)"])) if name in WINDOWED else ""
    inner = draw(selections(result, fragments, depth - 1)) if result else ""
    return draw(st.sampled_from(["", "x: "])) + name + argument + draw(st.sampled_from(["", " @d @d"])) + inner


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Documents whose fragments spread only earlier ones, in any order of definition."""
    names: Names = []
    definitions = []
    for number in range(draw(st.integers(0, 4))):
        on = draw(st.sampled_from(["Query", "Article", "ArticleConnection"]))
        definitions.append(f"fragment F{number} on {on} {draw(selections(on, names, 2))}")
        names.append((f"F{number}", on))
    definitions.append(f"query($n: Int) {draw(selections('Query', names, 4))}")
    return " ".join(draw(st.permutations(definitions)))


class Oracle:
    """Counts and prices by expanding every fragment."""

    def __init__(self, document: DocumentNode, variables: dict[str, int]) -> None:
        self.variables = variables
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self.fields = self.aliases = self.directives = self.root_fields = self.depth = 0
        self.cost = self.walk("Query", operation.selection_set, 1, 0)

    def walk(self, on: str, selection_set: SelectionSetNode, level: int, rows: int) -> int:
        total = 0
        for node in selection_set.selections:
            self.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                total += self.walk(fragment.type_condition.name.value, fragment.selection_set, level, rows)
            elif isinstance(node, InlineFragmentNode):
                total += self.walk(on, node.selection_set, level, rows)
            elif isinstance(node, FieldNode):
                total += self.field(on, node, level, rows)
        return total

    def field(self, on: str, node: FieldNode, level: int, rows: int) -> int:
        name = node.name.value
        self.fields += 1
        self.root_fields += level == 1
        self.depth = max(self.depth, level)
        self.aliases += node.alias is not None
        result = FIELDS[on].get(name)
        if result is None:
            return int(name == "totalCount" or node.alias is not None)
        assert node.selection_set
        size = self.size(node, LISTS.get((on, name), 20))
        inner = self.walk(result, node.selection_set, level + 1, size)
        if name in ROWS:
            return rows * (1 + inner)
        return size * (1 + inner) if (on, name) in LISTS else 1 + inner

    def size(self, node: FieldNode, default: int) -> int:
        for argument in node.arguments or ():
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            assert isinstance(argument.value, VariableNode)
            return self.variables.get(argument.value.name.value, default)
        return default


@given(documents(), st.sampled_from([{}, {"n": 0}, {"n": 7}]))
def test_counts_and_costs_equal_the_expansion(query: str, variables: dict[str, int]) -> None:
    """Counting each fragment once gives the counts of the expanded document."""
    document = parse(query)
    analysis = analyse(SCHEMA, document, LIMITS)
    oracle = Oracle(document, variables)
    assert analysis.definitions[0].summary.counts == QueryShape(
        fields=oracle.fields,
        root_fields=oracle.root_fields,
        depth=oracle.depth,
        aliases=oracle.aliases,
        directives=oracle.directives,
    )
    assert analysis.cost(None, variables) == oracle.cost
