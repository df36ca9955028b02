"""GraphQL documents: refusals before execution, and the cache."""

from __future__ import annotations

import gc
import weakref

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, Source
from graphql.execution.values import VariableValues
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LimitExceeded, OperationNotFound, ParseFailed, RequestError, ValidationFailed
from gateway.execution import document_cache
from gateway.execution.compiler import Compiler
from gateway.execution.document_cache import OVERHEAD, PLAN_BYTES, TOKEN_BYTES, DocumentCache
from gateway.execution.field_suggestions import CONNECTION, FIELDS
from gateway.limits import Limits
from tests.schema import SCHEMA

GRAPH: GraphQLSchema = SCHEMA._schema


def known(*, introspection: bool = True, **limits: int) -> DocumentCache:
    return DocumentCache(GRAPH, Limits(**limits), introspection=introspection)


def refusal(text: str, found: DocumentCache | None = None) -> RequestError:
    with pytest.raises(RequestError) as raised:
        (found or known()).get(text)
    return raised.value


def test_syntax_error_has_its_position() -> None:
    """The position is that of the first invalid token."""
    error = refusal("{ articles {\n  nodes }")
    assert isinstance(error, ParseFailed)
    [entry] = error.entries()
    assert entry["locations"] == [{"line": 2, "column": 10}]
    assert entry["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}


@given(st.text("ab\r\n\u2028{", max_size=40))
def test_positions_equal_those_of_the_library(text: str) -> None:
    """Each line and column equals graphql-core's."""
    found = document_cache.IndexedSource(text)
    for position in range(len(text) + 2):
        assert found.get_location(position) == Source(text).get_location(position)


def test_large_document_evicts_nothing() -> None:
    """A document larger than the cache is not cached."""
    found = DocumentCache(GRAPH, Limits(), introspection=True, capacity=OVERHEAD + 20 * TOKEN_BYTES)
    kept = found.get("{ __typename }")
    found.get("{ __typename " + "\n" * 20_000 + "}")
    assert found.get("{ __typename }") is kept


def test_all_validation_errors_are_reported() -> None:
    """A document with two errors gets both, each with its position and code."""
    error = refusal("{ nope corpus { nothing } }")
    assert isinstance(error, ValidationFailed)
    assert [entry["extensions"] for entry in error.entries()] == [{"code": "GRAPHQL_VALIDATION_FAILED"}] * 2


def test_number_of_reported_errors_is_limited() -> None:
    """The response to many errors is short."""
    text = "{ " + " ".join(f"nope{number}" for number in range(19)) + " corpus { " + "a b c d e " * 20 + "} }"
    assert len(refusal(text).entries()) == document_cache.MAX_ERRORS + 1


def test_hidden_schema() -> None:
    """Without introspection neither schema queries nor misspelt names return a name."""
    hidden = known(introspection=False)
    assert isinstance(refusal("{ __schema { types { name } } }", hidden), ValidationFailed)
    assert [entry["message"] for entry in refusal("{ articlez { totalCount } }", hidden).entries()] == [
        "Cannot query field 'articlez' on type 'Query'."
    ]
    assert "Did you mean" in str(refusal("{ articlez { totalCount } }").entries())
    assert hidden.get("{ __typename corpus { __typename } }").operation(None)


IN_NODES = " The records of a connection are in 'nodes'."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ posts { id } }", "Cannot query field 'posts' on type 'Query'. Did you mean 'articles'?"),
        ("{ pages { id } }", "Cannot query field 'pages' on type 'Query'. Did you mean 'articles'?"),
        (
            "{ allMarkdownRemark { edges { node { id } } } }",
            "Cannot query field 'allMarkdownRemark' on type 'Query'. Did you mean 'articles'?",
        ),
        ('{ Post(slug: "a") { id } }', "Cannot query field 'Post' on type 'Query'. Did you mean 'article'?"),
        ("{ tags { id } }", "Cannot query field 'tags' on type 'Query'. Did you mean 'topics'?"),
        ("{ category { id } }", "Cannot query field 'category' on type 'Query'. Did you mean 'topic'?"),
        ("{ writers { id } }", "Cannot query field 'writers' on type 'Query'. Did you mean 'authors'?"),
        (
            "{ articles { title } }",
            "Cannot query field 'title' on type 'ArticleConnection'. Did you mean 'nodes { title }'?" + IN_NODES,
        ),
        (
            '{ search(query: "a") { date } }',
            "Cannot query field 'date' on type 'ArticleSearchConnection'. Did you mean 'nodes { publishedDateTime }'?"
            + IN_NODES,
        ),
        (
            "{ topics { name } }",
            "Cannot query field 'name' on type 'TopicConnection'. Did you mean 'nodes { name }'?" + IN_NODES,
        ),
        (
            '{ article(path: "a") { tags { id } } }',
            "Cannot query field 'tags' on type 'Article'. Did you mean 'topics'?",
        ),
        ("{ articlez { id } }", "Cannot query field 'articlez' on type 'Query'. Did you mean 'article' or 'articles'?"),
        ("{ id }", "Cannot query field 'id' on type 'Query'."),
        (
            "{ articles { items { id } } }",
            "Cannot query field 'items' on type 'ArticleConnection'. Did you mean 'nodes'?",
        ),
        ("{ nothing { id } }", "Cannot query field 'nothing' on type 'Query'."),
    ],
)
def test_names_of_other_apis_give_suggestions(text: str, message: str) -> None:
    """The error suggests the field, or the path to a list's records. A hidden schema gives none."""
    [entry] = refusal(text).entries()
    assert entry["message"] == message
    [entry] = refusal(text, known(introspection=False)).entries()
    assert entry["message"] == message.partition(" Did you mean")[0]


def test_suggested_fields_exist() -> None:
    """Each is a field of its type, and its alternative names are not."""
    for name, fields in FIELDS.items():
        found = GRAPH.type_map["ArticleConnection" if name == CONNECTION else name]
        assert isinstance(found, GraphQLObjectType)
        assert set(fields.values()) <= set(found.fields)
        assert not {field.casefold() for field in found.fields} & set(fields)


@pytest.mark.parametrize(
    ("text", "actual"),
    [
        ("{" + " id" * 2000 + "}", 2002),
        ("#\n" * 2001 + "{ __typename }", 2004),
        ("{" + " id" * 3000 + " '", 3001),
    ],
    ids=["tokens", "comments", "tokens before a fault"],
)
def test_token_limit(text: str, actual: int) -> None:
    """Parsing stops at the limit, and the error has the number of tokens."""
    error = refusal(text)
    assert isinstance(error, LimitExceeded)
    assert error.extensions == {"code": "LIMIT_EXCEEDED", "limit": "tokens", "allowed": 2000, "actual": actual}


def test_syntax_error_before_the_token_limit() -> None:
    """It is reported instead of the length."""
    assert isinstance(refusal("{ '" + " id" * 3000 + "}"), ParseFailed)


@pytest.mark.parametrize("text", ["{a" * 900 + "}" * 900, "{a(b:" + "[" * 1900, "{a(b:" + "{c:" * 600])
def test_deep_documents_are_refused(text: str) -> None:
    """Braces and brackets of any depth give an error at whichever stage."""
    assert isinstance(refusal(text), ParseFailed | LimitExceeded)


def test_shape_is_checked_before_validation() -> None:
    """Documents with slow validation are refused first."""
    error = refusal("{ " + "nope " * 600 + "}")
    assert isinstance(error, LimitExceeded)
    assert error.extensions["limit"] == "fields"


def test_operation_by_name() -> None:
    """By name, or the only one. Otherwise it is an error."""
    both = known().get("query A { corpus { revision } } query B { corpus { revision } }")
    found = both.operation("B").name
    assert found
    assert found.value == "B"
    for name in (None, "C"):
        with pytest.raises(OperationNotFound):
            both.operation(name)


def test_document_is_parsed_once() -> None:
    """Equal texts give the same cached document."""
    found = known()
    assert found.get("{ corpus { revision } }") is found.get("{ corpus { revision } }")


def test_cache_is_bounded() -> None:
    """The most recently used documents are kept, as many as fit."""
    found = DocumentCache(GRAPH, Limits(), introspection=True, capacity=4 * OVERHEAD + 20 * (TOKEN_BYTES + PLAN_BYTES))
    one, other = (found.get(f"query {name} {{ corpus {{ revision }} }}") for name in "AB")
    assert found.get("query A { corpus { revision } }") is one
    found.get("query C { corpus { revision } }")
    assert found.get("query A { corpus { revision } }") is one
    assert found.get("query B { corpus { revision } }") is not other
    assert 0 < found.size <= 3 * OVERHEAD + 20 * (TOKEN_BYTES + PLAN_BYTES)


def test_invalid_documents_have_their_own_cache() -> None:
    """They give equal errors again, keep nothing else alive, and do not evict valid documents."""
    found = DocumentCache(GRAPH, Limits(), introspection=True, capacity=8 * (OVERHEAD + 1000))
    valid = found.get("{ corpus { revision } }")
    for text in ("{ corpus { nope } }", "{ corpus", "{" + " __typename" * 1200 + "}"):
        errors = []
        for _ in range(3):
            with pytest.raises(RequestError) as raised:
                found.get(text)
            errors.append(raised.value)
        assert type(errors[0]) is type(errors[2])
        assert (errors[0].entries(), errors[0].message) == (errors[2].entries(), errors[2].message)
        assert errors[2].__cause__ is None
        assert isinstance(errors[0].__cause__, Exception) is (text == "{ corpus"), "the first comes from the parser"
    for number in range(100):
        with pytest.raises(ParseFailed):
            found.get(f"{{ corpus {number}")
    assert found.size <= 8 * (OVERHEAD + 1000)
    assert found.get("{ corpus { revision } }") is valid


def test_evicted_document_is_freed() -> None:
    """Its tokens form no reference cycle."""
    document = DocumentCache(GRAPH, Limits(), introspection=True, capacity=0).get("{ corpus { revision } }")
    gc.collect()  # of what validation leaves
    gc.disable()
    try:
        gone = weakref.ref(document.node)
        del document
        assert gone() is None
    finally:
        gc.enable()


def test_cache_of_size_zero() -> None:
    """A document is validated each time."""
    found = DocumentCache(GRAPH, Limits(), introspection=True, capacity=0)
    assert found.get("{ corpus { revision } }") is not found.get("{ corpus { revision } }")
    assert found.size == 0


def test_plans_count_in_the_size() -> None:
    """The first plan from the start, and each further one when the document is used again."""
    compiler, text = Compiler(SCHEMA, Limits()), "query ($with: Boolean!) { corpus { revision @include(if: $with) } }"
    found = DocumentCache(GRAPH, Limits(), introspection=True)
    document = found.get(text)
    before = found.size
    assert before > (TOKEN_BYTES + PLAN_BYTES) * document.node.token_count
    for is_included, more in ((True, 0), (False, PLAN_BYTES)):
        compiler.plan(document, None, VariableValues({}, {"with": is_included}))
        assert found.get(text) is document
        assert found.size == before + more * document.node.token_count
