"""The executable schemas of a site: that of its present collections, and that of operations which began before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property

import strawberry
from graphql import DocumentNode, GraphQLSchema, NamedTypeNode, Visitor, visit

from gateway.execution.compiler import Compiler
from gateway.execution.document_cache import DocumentCache
from gateway.model.api_names import TYPES
from gateway.model.collections import Collections

KEPT = 2
"""The number of schemas that are kept. Between two commits of the store, operations can have either."""


@dataclass(frozen=True)
class ExecutableSchema:
    """A schema, with what is kept for its operations."""

    digest: str
    """That of the collections."""
    schema: strawberry.Schema
    documents: DocumentCache
    compiler: Compiler | None
    """Executes the queries that it can compile, and graphql-core all others."""

    @property
    def graph(self) -> GraphQLSchema:
        return self.schema._schema

    @cached_property
    def sdl(self) -> str:
        """The schema in SDL."""
        return self.schema.as_str() + "\n"


class _NamedTypes(Visitor):
    """Collects the names of types in a document."""

    def __init__(self) -> None:
        super().__init__()
        self.found = set[str]()

    def enter_named_type(self, node: NamedTypeNode, *_: object) -> None:
        self.found.add(node.name.value)


def names_collections(document: DocumentNode) -> bool:
    """Whether a document names a type that only sites with collections have."""
    names = _NamedTypes()
    visit(document, names)
    return not names.found <= TYPES


class Schemas:
    """Builds the schema of each declaration once, outside the event loop."""

    def __init__(self, first: ExecutableSchema, build: Callable[[Collections], ExecutableSchema]) -> None:
        self.first = first
        self._build = build
        self._kept = {first.digest: first}
        self._building = asyncio.Lock()

    async def of(self, digest: str, read: Callable[[], Awaitable[Collections]]) -> ExecutableSchema:
        """The schema with a digest. If it is not kept, `read` gives the collections, which can be newer ones."""
        if found := self._kept.get(digest):
            return found
        async with self._building:
            if found := self._kept.get(digest):
                return found
            collections = await read()
            made = self._kept.get(collections.digest)
            if made is None:
                made = await asyncio.to_thread(self._build, collections)
            self._kept = {**dict([*self._kept.items()][1 - KEPT :]), made.digest: made}
            return made
