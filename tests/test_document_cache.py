"""Documents of GraphQL: what is refused before anything runs, and what is kept."""

from __future__ import annotations

import gc
import weakref

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, Source
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LimitExceeded, OperationNotFound, ParseFailed, RequestError, ValidationFailed
from gateway.execution import document_cache
from gateway.execution.document_cache import OVERHEAD, TOKEN_BYTES, DocumentCache
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


def test_a_syntax_error_says_where() -> None:
    """The place is that at which the text stops being GraphQL."""
    error = refusal("{ articles {\n  nodes }")
    assert isinstance(error, ParseFailed)
    [entry] = error.entries()
    assert entry["locations"] == [{"line": 2, "column": 10}]
    assert entry["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}


@given(st.text("ab\r\n\u2028{", max_size=40))
def test_a_place_is_that_of_the_library(text: str) -> None:
    """Line and column of every place are those that the library finds by looking through all of the text."""
    found = document_cache.IndexedSource(text)
    for position in range(len(text) + 2):
        assert found.get_location(position) == Source(text).get_location(position)


def test_what_is_too_large_to_keep_drops_nothing() -> None:
    """A document larger than all that may be kept is not kept, and those that were kept stay."""
    found = DocumentCache(GRAPH, Limits(), introspection=True, capacity=OVERHEAD + 20 * TOKEN_BYTES)
    kept = found.get("{ __typename }")
    found.get("{ __typename " + "\n" * 20_000 + "}")
    assert found.get("{ __typename }") is kept


def test_every_fault_against_the_schema_is_told() -> None:
    """A document with two faults gets two errors, each with its place and its code."""
    error = refusal("{ nope corpus { nothing } }")
    assert isinstance(error, ValidationFailed)
    assert [entry["extensions"] for entry in error.entries()] == [{"code": "GRAPHQL_VALIDATION_FAILED"}] * 2


def test_no_more_faults_are_told_than_help() -> None:
    """The answer to a document with very many faults stays short."""
    text = "{ " + " ".join(f"nope{number}" for number in range(19)) + " corpus { " + "a b c d e " * 20 + "} }"
    assert len(refusal(text).entries()) == document_cache.MAX_ERRORS + 1


def test_a_hidden_schema_is_neither_told_nor_guessed() -> None:
    """Without introspection neither a query for the schema nor a near miss learns a name."""
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
        ("{ authors { id } }", "Cannot query field 'authors' on type 'Query'. Did you mean 'providers'?"),
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
def test_a_name_of_another_api_is_answered_with_ours(text: str, message: str) -> None:
    """The error suggests the field, and where a record is asked of a list, where its records are; a hidden schema
    suggests nothing."""
    [entry] = refusal(text).entries()
    assert entry["message"] == message
    [entry] = refusal(text, known(introspection=False)).entries()
    assert entry["message"] == message.partition(" Did you mean")[0]


def test_suggested_fields_are_in_the_schema() -> None:
    """Each is a field of its type, and no name that it is suggested for is one."""
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
def test_a_long_document_is_refused_by_its_tokens(text: str, actual: int) -> None:
    """Parsing stops at the limit, and the error says how many tokens there were."""
    error = refusal(text)
    assert isinstance(error, LimitExceeded)
    assert error.extensions == {"code": "LIMIT_EXCEEDED", "limit": "tokens", "allowed": 2000, "actual": actual}


def test_a_fault_before_the_limit_is_a_fault() -> None:
    """A document that is wrong from the start is not called too long."""
    assert isinstance(refusal("{ '" + " id" * 3000 + "}"), ParseFailed)


@pytest.mark.parametrize("text", ["{a" * 900 + "}" * 900, "{a(b:" + "[" * 1900, "{a(b:" + "{c:" * 600])
def test_deep_documents_are_refused(text: str) -> None:
    """Braces and brackets as deep as the tokens allow cost an error, whichever stage meets them."""
    assert isinstance(refusal(text), ParseFailed | LimitExceeded)


def test_the_shape_is_checked_before_the_schema() -> None:
    """What would take validation very long is refused before it."""
    error = refusal("{ " + "nope " * 600 + "}")
    assert isinstance(error, LimitExceeded)
    assert error.extensions["limit"] == "fields"


def test_an_operation_is_chosen_by_name() -> None:
    """By name, or as the only one; anything else is no choice."""
    both = known().get("query A { corpus { revision } } query B { corpus { revision } }")
    found = both.operation("B").name
    assert found
    assert found.value == "B"
    for name in (None, "C"):
        with pytest.raises(OperationNotFound):
            both.operation(name)


def test_a_document_is_read_once() -> None:
    """The same text is the same document, for as long as it is kept."""
    found = known()
    assert found.get("{ corpus { revision } }") is found.get("{ corpus { revision } }")


def test_what_is_kept_is_bounded() -> None:
    """The documents that were used last stay, as many as their bytes allow."""
    found = DocumentCache(GRAPH, Limits(), introspection=True, capacity=3 * OVERHEAD + 20 * TOKEN_BYTES)
    one, other = (found.get(f"query {name} {{ corpus {{ revision }} }}") for name in "AB")
    assert found.get("query A { corpus { revision } }") is one
    found.get("query C { corpus { revision } }")
    assert found.get("query A { corpus { revision } }") is one
    assert found.get("query B { corpus { revision } }") is not other
    assert 0 < found.size <= 3 * OVERHEAD + 20 * TOKEN_BYTES


def test_a_document_that_is_dropped_leaves_memory_at_once() -> None:
    """Its tokens do not hold each other, and it with them, until a collection."""
    document = DocumentCache(GRAPH, Limits(), introspection=True, capacity=0).get("{ corpus { revision } }")
    gc.collect()  # of what validation leaves
    gc.disable()
    try:
        gone = weakref.ref(document.node)
        del document
        assert gone() is None
    finally:
        gc.enable()


def test_nothing_is_kept_where_there_is_no_room() -> None:
    """A document is found good anew each time."""
    found = DocumentCache(GRAPH, Limits(), introspection=True, capacity=0)
    assert found.get("{ corpus { revision } }") is not found.get("{ corpus { revision } }")
    assert found.size == 0
