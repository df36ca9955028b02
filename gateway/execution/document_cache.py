"""Parses GraphQL documents, checks their limits, validates them, and caches the results (LRU)."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldsOnCorrectTypeRule,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    KnownDirectivesRule,
    Lexer,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    Source,
    SourceLocation,
    TokenKind,
    UniqueDirectivesPerLocationRule,
    ValidationContext,
    parse,
    specified_rules,
    validate,
)

from gateway.byte_cache import ByteCache
from gateway.errors import LimitExceeded, OperationNotFound, ParseFailed, RequestError, ValidationFailed
from gateway.execution.cost import QueryCost, analyse
from gateway.execution.field_suggestions import SuggestedFieldsRule
from gateway.execution.variables import Variables
from gateway.limits import DOCUMENT_BYTES, Limits

TOKEN_BYTES: Final = 400
"""Estimated memory per token, with its nodes."""
PLAN_BYTES: Final = 400
"""Estimated memory of a plan per token of its document."""
OVERHEAD: Final = 2000
"""Estimated further bytes per document."""
_LINE_END = re.compile(r"\r\n|\n|\r")
INVALID_SHARE: Final = 8
"""One byte of this number of bytes of the capacity is for the errors of invalid documents."""
MAX_ERRORS: Final = 20
"""The maximum number of validation errors reported for a document."""


class _ReportOnce(ASTValidationRule):
    """A rule that reports equal errors once. A document may repeat an invalid directive many times."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._reported = set[str]()

    def report_error(self, error: GraphQLError) -> None:
        if error.message not in self._reported:
            self._reported.add(error.message)
            super().report_error(error)


class _KnownDirectives(_ReportOnce, KnownDirectivesRule):
    pass


class _UniqueDirectives(_ReportOnce, UniqueDirectivesPerLocationRule):
    pass


_REPLACED_RULES: Mapping[type[ASTValidationRule], type[ASTValidationRule]] = {
    FieldsOnCorrectTypeRule: SuggestedFieldsRule,
    KnownDirectivesRule: _KnownDirectives,
    UniqueDirectivesPerLocationRule: _UniqueDirectives,
}
RULES = tuple(_REPLACED_RULES.get(rule, rule) for rule in specified_rules)
"""The rules of the specification, some of them replaced."""


@dataclass(frozen=True, slots=True)
class QueryDocument:
    """A document that is valid and within the limits of shape. Its cost depends on its variables."""

    node: DocumentNode
    query_cost: QueryCost
    text_bytes: int = 0
    plans: dict[object, Any] = field(default_factory=dict, compare=False)
    """What the compiler keeps."""
    variables: dict[str | None, Variables] = field(default_factory=dict, compare=False)
    """Those of its operations, by the names in requests, as far as they were used."""

    @property
    def size(self) -> int:
        """Estimated memory in bytes, with the plans. Counts the first one before it is compiled.

        A document that is sent once is not counted again.
        """
        plans = max(1, len(self.plans) - 1)  # beside them are the names of the variables of conditions
        return OVERHEAD + self.text_bytes + self.node.token_count * (TOKEN_BYTES + PLAN_BYTES * plans)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation with this name, or the only one without a name. Raises OperationNotFound."""
        operations = [each for each in self.node.definitions if isinstance(each, OperationDefinitionNode)]
        found = [each for each in operations if name is None or (each.name and each.name.value == name)]
        if len(found) == 1:
            return found[0]
        if name is not None:
            raise OperationNotFound(f"The document does not have the operation '{name}'.")
        raise OperationNotFound("The document has more than one operation. Send the name of one in 'operationName'.")


class IndexedSource(Source):
    """Document text with an index of its lines.

    graphql-core searches the whole text for the line of each error, which takes minutes for thousands of errors.
    """

    def __init__(self, body: str) -> None:
        super().__init__(body)
        breaks = [(each.start(), each.end()) for each in _LINE_END.finditer(body)]
        self._ends = array("L", (start for start, _ in breaks))
        self._starts = array("L", (0, *(end for _, end in breaks)))

    @property
    def size(self) -> int:
        """Estimated memory in bytes."""
        return len(self.body.encode()) + self._ends.itemsize * (len(self._ends) + len(self._starts))

    def get_location(self, position: int) -> SourceLocation:
        before = bisect_left(self._ends, position)
        return SourceLocation(before + 1, position + 1 - self._starts[before])


class DocumentCache:
    """Caches parsed and validated documents, and the errors of invalid ones. Each drops the least recently used.

    Invalid documents have their own cache, so that they are not checked again, and do not evict valid ones.
    """

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, *, introspection: bool, capacity: int = DOCUMENT_BYTES
    ) -> None:
        """`capacity` is in bytes. Without `introspection`, errors omit suggestions, and introspection is refused."""
        self._schema = schema
        self._limits = limits
        self._introspection = introspection
        self._rules = [*RULES, *([] if introspection else [NoSchemaIntrospectionCustomRule])]
        self._kept = ByteCache[str, QueryDocument](capacity - capacity // INVALID_SHARE)
        self._refused = ByteCache[str, RequestError](capacity // INVALID_SHARE)

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._kept.size + self._refused.size

    def faults(self, documents: Mapping[str, str]) -> list[str]:
        """What is wrong with trusted documents, by name."""
        found = []
        for name, text in documents.items():
            try:
                self.get(text)
            except RequestError as error:
                found.append(f"The trusted document {name} cannot be run: {error.entries()[0]['message']}")
        return found

    def get(self, text: str) -> QueryDocument:
        """Raises ParseFailed, LimitExceeded or ValidationFailed."""
        if kept := self._kept.get(text):
            self._kept.resize(text, kept.size)  # it can have more plans than before
            return kept
        if refused := self._refused.get(text):
            raise refused.copy()
        try:
            document = self._checked(text)
        except RequestError as error:
            self._refused.put(text, error.copy(), OVERHEAD + len(text.encode()) + len(orjson.dumps(error.entries())))
            raise
        self._kept.put(text, document, document.size)
        return document

    def _checked(self, text: str) -> QueryDocument:
        source = IndexedSource(text)
        node = self._parsed(source)
        analysis = analyse(self._schema, node, self._limits)
        # Check the shape first, because validation of an oversized document may take very long.
        analysis.check_shape()
        self._validate(node)
        text_bytes = source.size
        _unlink_tokens(node)
        return QueryDocument(node, analysis, text_bytes)

    def _parsed(self, source: Source) -> DocumentNode:
        text, most = source.body, self._limits.tokens
        try:
            return parse(source, max_lexical_tokens=most, max_comments=most)
        except GraphQLSyntaxError as error:
            # The parser reports a syntax error at the first token beyond the limit.
            if _tokens(text[: next(iter(error.positions or ()), 0)]) >= most:
                raise LimitExceeded("tokens", most, _tokens(text)) from error
            raise ParseFailed([error.formatted]) from error
        except GraphQLError as error:  # nested too deeply for the parser
            raise ParseFailed([error.formatted]) from error

    def _validate(self, node: DocumentNode) -> None:
        errors = validate(
            self._schema, node, self._rules, max_errors=MAX_ERRORS, hide_suggestions=not self._introspection
        )
        if errors:
            raise ValidationFailed([error.formatted for error in errors])


def _unlink_tokens(node: DocumentNode) -> None:
    """Unlink the token list: it is cyclic, and would keep the document alive until the next garbage collection."""
    token = node.loc and node.loc.start_token
    while token:
        following, token.prev, token.next = token.next, None, None
        token = following


def _tokens(text: str) -> int:
    """The number of tokens and comments in a text, up to the first lexical error."""
    lexer = Lexer(Source(text))
    with suppress(GraphQLSyntaxError):
        while lexer.advance().kind is not TokenKind.EOF:
            pass
    count, token = 0, lexer.token
    while token.prev:  # the first token is the start of the text
        count, token = count + (token.kind is not TokenKind.EOF), token.prev
    return count
