"""Compiled operations give the answers of graphql-core: data, order of keys, errors, cache tags and revision.

There are 500 drawn documents, and 20,000 with GATEWAY_TEST_FULL.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry import Schema

from gateway.access.clients import Client
from gateway.access.tokens import Scope, Viewer
from gateway.errors import RequestError
from gateway.execution.compiler import FAILED, Compiler
from gateway.execution.executor import Executor, OperationRequest
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import Limits
from gateway.model.collections import NO_COLLECTIONS, Collections
from gateway.model.records import Visibility
from gateway.store.protocol import ChangeSet
from tests.queries.conftest import World, stream, world
from tests.queries.corpus import AS_OF, corpus
from tests.queries.documents import Asked, documents
from tests.queries.expected import CORPUS, QUERIES
from tests.schema import SCHEMA

pytestmark = pytest.mark.asyncio(loop_scope="package")
LIMITS = Limits(cost=10**9, operation_seconds=60)
FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
DRAWN = 20_000 if FULL else 500
PUBLIC = Viewer(Visibility.PUBLIC)
PREVIEW = Viewer(Visibility.PREVIEW, frozenset({Scope.PREVIEW, Scope.SECURED_READ}))


class Both(NamedTuple):
    """Two executors over one database. One of them compiles."""

    plain: Executor
    compiled: Executor
    compiler: Compiler
    world: World

    async def answers(self, asked: Asked, viewer: Viewer) -> tuple[Any, Any]:
        """The answers of both. If graphql-core reports errors, it has to execute the operation both times."""
        failed = self.compiler.refused[FAILED]
        one, other = [await answer(each, asked, viewer) for each in (self.plain, self.compiled)]
        if has_errors(one):  # of several errors, the first to occur ends the others
            assert has_errors(other)
            assert self.compiler.refused[FAILED] >= failed
            return None, None
        return one, other


def both(
    made: World, limits: Limits = LIMITS, schema: Schema = SCHEMA, collections: Collections = NO_COLLECTIONS
) -> Both:
    compiler = Compiler(schema, limits)
    plain, compiled = [
        Executor(
            schema,
            made.store,
            limits,
            PersistedDocuments(0),
            introspection=True,
            compiler=each,
            collections=collections,
        )
        for each in (None, compiler)
    ]
    return Both(plain, compiled, compiler, made)


async def answer(executor: Executor, asked: Asked, viewer: Viewer) -> Any:
    """The body with its order, the cache tags and the revision. Errors of the request are a list."""
    try:
        result = await executor.answer(OperationRequest(asked.query, asked.variables), Client(viewer))
    except RequestError as error:
        return [*error.entries()]
    return result.body.decode(), sorted(result.dependencies), result.revision


def has_errors(found: Any) -> bool:
    return isinstance(found, list) or '"errors":' in found[0]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def executors(worlds: list[World]) -> list[Both]:
    return [both(each) for each in worlds]


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def suite(server: str | None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """The corpus of the query suite."""
    made = await world(tmp_path_factory.mktemp("suite") / "suite.db", CORPUS, server)
    yield both(made)
    await made.store.close()


# After an error, graphql-core cancels the fields beside it, also those whose resolvers have not begun.
@pytest.mark.filterwarnings("ignore:coroutine '.*_async_resolver' was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <coroutine object .*_async_resolver")
@pytest.mark.timeout(DRAWN)
@settings(
    max_examples=DRAWN, derandomize=not FULL, database=None, suppress_health_check=list(HealthCheck), deadline=None
)
@given(st.integers(2, 5), documents(SCHEMA._schema), st.sampled_from([PUBLIC, PREVIEW]))
async def test_drawn_documents(executors: list[Both], at: int, asked: Asked, viewer: Viewer) -> None:
    """Any document gives equal answers both ways, with any values of its variables."""
    one, other = await executors[at].answers(asked, viewer)
    assert one == other


async def test_share_of_drawn_documents(executors: list[Both]) -> None:
    """At least 90 of 100 valid documents of the test before are compiled. The others have a known reason."""
    compiled = sum(each.compiler.executed for each in executors)
    reasons = {reason: sum(each.compiler.refused[reason] for each in executors) for reason in REASONS}
    assert {reason for each in executors for reason in each.compiler.refused} <= {*REASONS, FAILED}
    assert compiled / (compiled + sum(reasons.values())) >= 0.9, reasons


REASONS = (
    "the field Corpus.issues",  # no content, and not part of the revision
    "too many combinations of conditions",
)
"""What graphql-core executes, and why."""


@pytest.mark.parametrize("viewer", [PUBLIC, PREVIEW], ids=["public", "preview"])
@pytest.mark.parametrize("query", [file.read_text() for file in QUERIES], ids=[file.stem for file in QUERIES])
async def test_query_of_the_suite(suite: Both, query: str, viewer: Viewer) -> None:
    """Each query of the suite is compiled, and gives equal answers."""
    before = suite.compiler.executed
    one, other = await suite.answers(Asked(query, {}), viewer)
    assert one == other
    assert suite.compiler.executed == before + 1


CORNERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "aliases": ("{ a: articles(first: 1) { b: nodes { c: title } } a2: articles(first: 2) { nodes { title } } }", {}),
    "merged fields": (
        (
            "{ articles(first: 2) { nodes { title } nodes { path provider { name } } } articles(first: 2) "
            "{ nodes { provider { slug } } totalCount } }"
        ),
        {},
    ),
    "order of keys": (
        (
            "{ articles(first: 1) { ...F totalCount nodes { path } } } fragment F on ArticleConnection "
            "{ nodes { title path } totalCount }"
        ),
        {},
    ),
    "fragments on interfaces": (
        (
            "{ articles(first: 3) { nodes { ...N ...C related { ...N ...C } } } } "
            "fragment N on Node { id __typename } fragment C on ContentItem { title provider { ...N name } }"
        ),
        {},
    ),
    "types by id": (
        (
            "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Article { path } "
            "... on Provider { name } ... on Topic { articles(first: 1) { totalCount } } } }"
        ),
        {"ids": ["ar", "x", "pr_1"]},
    ),
    "directives": (
        (
            "query ($yes: Boolean!, $no: Boolean = false) { articles(first: 1) { nodes @include(if: $yes) "
            "{ title @skip(if: $no) path @include(if: false) } totalCount @skip(if: $yes) } }"
        ),
        {"yes": True},
    ),
    "a null condition": (
        "query ($no: Boolean = false) { articles(first: 1) { totalCount @skip(if: $no) } }",
        {"no": None},
    ),
    "variables and defaults": (
        (
            "query ($n: Int = 2, $order: [ArticleOrder!] = [{field: TITLE}]) "
            "{ articles(first: $n, orderBy: $order) { nodes { title } } }"
        ),
        {},
    ),
    "a part of a literal": (
        (
            'query ($t: String) { articles(filter: {or: [{title: {eq: $t}}, {category: {eq: "news"}}]}) '
            "{ totalCount nodes { title } } }"
        ),
        {"t": None},
    ),
    "an absent variable": ("query ($n: Int, $after: String) { articles(first: $n, after: $after) { totalCount } }", {}),
    "an invalid variable": ("query ($n: Int!) { articles(first: $n) { totalCount } }", {"n": "x"}),
    "an invalid argument": ("{ articles(first: -1) { totalCount } topics { totalCount } }", {}),
    "contradicting arguments": ('{ article(slug: "x", path: "y") { title } }', {}),
    "an invalid cursor": ('{ articles(after: "x") { nodes { title } } }', {}),
    "an invalid argument without a parent": ('{ article(slug: "none") { related(first: -1) { title } } }', {}),
    "nothing found": (
        '{ article(slug: "none") { title } provider(domain: "none") { name } topic(name: "none") { name } }',
        {},
    ),
    "no records": (
        (
            "{ articles(first: 0) { nodes { title } edges { cursor } pageInfo { startCursor endCursor hasNextPage "
            "hasPreviousPage } } }"
        ),
        {},
    ),
    "only names of types": ("{ __typename articles { __typename nodes { __typename } } }", {}),
    "keys that Python reserves": ("{ class: articles(first: 1) { None: nodes { lambda: title self: path } } }", {}),
    "introspection beside data": ("{ articles(first: 1) { totalCount } __schema { queryType { name } } }", {}),
    "introspection with variables": (
        (
            "query ($name: String!, $yes: Boolean = true) { a: __type(name: $name) { ...T } articles(first: 1) "
            "{ totalCount } __schema { types { name fields @include(if: $yes) { name } } } "
            "a: __type(name: $name) { kind } } fragment T on __Type { name __typename }"
        ),
        {"name": "Topic"},
    ),
    "an unknown type": ('{ __type(name: "None") { name } articles(first: 1) { totalCount } }', {}),
    "snippets": (
        (
            '{ search(query: "a e", mode: ANY_TERM, first: 5) { edges { score snippets(length: 30) { __typename field '
            "text html highlights { start end } } again: snippets { text } } } }"
        ),
        {},
    ),
    "snippets of some texts": (
        '{ search(query: "a", in: [BODY, TITLE], mode: PREFIX) { edges { snippets { field text } } } }',
        {},
    ),
    "a negative length of snippets": (
        '{ search(query: "a", mode: PREFIX) { edges { snippets(length: -1) { field text } } } }',
        {},
    ),
    "a suggestion": (
        '{ none: search(query: "zzzz") { totalCount suggestion } search(query: "a", mode: PREFIX) { suggestion } }',
        {},
    ),
    "changes": (
        (
            "{ changes(first: 3) { __typename token hasMore reset changes { type id article { title provider { name } "
            "topics { name } } } } all: changes { changes { id } } }"
        ),
        {},
    ),
    "a malformed token": ('{ changes(since: "x") { token } articles(first: 1) { totalCount } }', {}),
    "bodies": (
        (
            "{ articles(first: 9) { nodes { body { html text toc { anchor } } again: body { html markdown } "
            "related { article { body { html } } } } } }"
        ),
        {},
    ),
    "the secured payload": ("{ articles(first: 5) { nodes { isSecured secured } } }", {}),
    "numbers for previews": ("{ corpus { revision loadedDateTime articleCount draftCount } }", {}),
}


@pytest.mark.parametrize("viewer", [PUBLIC, PREVIEW], ids=["public", "preview"])
@pytest.mark.parametrize("name", CORNERS)
async def test_corner_case(suite: Both, name: str, viewer: Viewer) -> None:
    one, other = await suite.answers(Asked(*CORNERS[name]), viewer)
    assert one == other


@pytest.mark.parametrize(
    "limits", [Limits(records=50), Limits(answer_characters=2000), Limits(page=5), Limits(filter_values=1)]
)
async def test_limit_is_reported_as_by_graphql_core(worlds: list[World], limits: Limits) -> None:
    """Small answers are equal, and large ones give the same error."""
    made = both(worlds[-1], limits)
    for query in (
        "{ articles(first: 5) { nodes { title topics { name } related { title } } } }",
        "{ articles(first: 30) { nodes { title topics { name } related { title } } } }",
        '{ articles(first: 3, filter: {category: {in: ["news", "x"]}}) { nodes { title } } }',
        "{ articles(first: 5) { nodes { body { html } } } }",
        "{ articles(first: 100) { nodes { body { html } again: body { html } } } }",
        "{ articles(first: 5) { nodes { path provider { articles(first: 5) { nodes { topics { name } } } } } } }",
    ):
        one, other = [await answer(each, Asked(query, {}), PUBLIC) for each in (made.plain, made.compiled)]
        assert one == other


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (
            "{ articles(first: 30) { nodes { id } } bad: articles(first: -1) { totalCount } }",
            "BAD_USER_INPUT",
            "'first' is -1.",
        ),
        (
            (
                "query ($d: OrderDirection = DESC) { articles(first: 30, orderBy: [{field: TITLE, direction: $d}]) "
                "{ nodes { id } } }"
            ),
            "BAD_USER_INPUT",
            "",
        ),
        ("{ articles(first: 20) { nodes { id } } corpus { issues { path } } }", "LIMIT_EXCEEDED", "Corpus.issues"),
    ],
    ids=["an invalid argument", "an invalid literal", "a field without a plan"],
)
async def test_dear_operation_without_a_plan_is_refused(
    worlds: list[World], query: str, code: str, message: str
) -> None:
    """graphql-core takes longer for each point, so it executes only a quarter of the cost."""
    for cost, is_refused in ((100_000, False), (100, True)):
        made = both(worlds[-1], Limits(cost=cost))
        found = await answer(made.compiled, Asked(query, {"d": None} if "$d" in query else {}), PREVIEW)
        assert isinstance(found, list) == is_refused
        if is_refused:
            [error] = found
            assert error["extensions"]["code"] == code
            assert message in error["message"]


async def test_long_answer_is_executed_once(worlds: list[World]) -> None:
    """The plan counts the text of an answer with many numbers, and the answer is returned or refused."""
    made = both(worlds[-1], Limits(answer_characters=400))
    long = "{ articles(first: 5) { nodes { " + " ".join(f"a{at}: isSecured" for at in range(20)) + " %s } } }"
    for field, is_refused in (("", False), (" ".join(f"b{at}: path" for at in range(40)), True)):
        one, other = [await answer(each, Asked(long % field, {}), PUBLIC) for each in (made.plain, made.compiled)]
        assert one == other
        assert isinstance(one, list) == is_refused
    assert not made.compiler.refused


async def test_generation_that_changes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """While generations change, each answer is that of graphql-core for its revision."""
    pieces = corpus(60)
    made = await world(tmp_path_factory.mktemp("changing") / "changing.db", pieces)
    executors, asked, seen = both(made), Asked(QUERIES[0].read_text(), {}), dict[str, set[str]]()

    async def ask(executor: Executor) -> None:
        for _ in range(60):
            body, _, revision = await answer(executor, asked, PREVIEW)
            seen.setdefault(revision, set()).add(body)
            await asyncio.sleep(0)

    async def change() -> None:
        for at in range(12):
            await made.store.apply(ChangeSet(AS_OF, stream([pieces[at]._replace(title=f"Changed {at}")])))

    await asyncio.gather(ask(executors.plain), ask(executors.compiled), change())
    assert len(seen) > 1
    assert all(len(bodies) == 1 for bodies in seen.values())
    assert executors.compiler.executed == 60
    await made.store.close()


async def test_rows_of_a_plan_have_only_its_columns(suite: Both) -> None:
    """A list of titles reads no bodies and no related entries, in one statement."""
    prepared = await suite.compiled.prepare(OperationRequest("{ articles { nodes { title } } }"), Client(PUBLIC))
    plan = suite.compiler.plan(prepared.document, None, prepared.variables)
    assert plan.source.count("yield") == 1
    assert "('id', 'title')" in plan.source
