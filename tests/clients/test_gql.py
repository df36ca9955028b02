"""gql, the Python client, over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.client import AsyncClientSession
from gql.dsl import DSLQuery, DSLSchema, dsl_gql
from gql.transport.async_transport import AsyncTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from tests.clients.conftest import Served
from tests.clients.corpus import TITLES
from tests.commands import Running
from tests.conftest import NO_TLS

EDITOR = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}
DRAFT = gql('{ article(slug: "draft") { title } }')
PAGE = """
query Page($after: String) {
  articles(first: 10, after: $after) { nodes { title } pageInfo { hasNextPage endCursor } }
}
"""
CHANGES = """
subscription Changes($path: String!) {
  articleChanged(filter: {path: {eq: $path}}) { type article { title } }
}
"""

Transport = Callable[..., AsyncTransport]


def over_http(server: Running, **headers: str) -> HTTPXAsyncTransport:
    return HTTPXAsyncTransport(f"{server.url}/graphql", headers=headers, trust_env=False, verify=NO_TLS)


def over_websocket(server: Running, **parameters: str) -> WebsocketsTransport:
    url = server.url.replace("http", "ws", 1) + "/graphql"
    return WebsocketsTransport(url, init_payload=parameters, connect_args={"proxy": None})


EITHER = pytest.mark.parametrize("transport", [over_http, over_websocket])


async def pages(session: AsyncClientSession) -> AsyncIterator[str]:
    """The titles of all articles, page by page."""
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = await session.execute(GraphQLRequest(PAGE, variable_values={"after": page["endCursor"]}))
        for node in answer["articles"]["nodes"]:
            yield node["title"]
        page = answer["articles"]["pageInfo"]


@EITHER
async def test_gql_pages(served: Running, transport: Transport) -> None:
    """gql reads the schema by introspection, validates the query with it, and reads all pages."""
    async with Client(transport=transport(served), fetch_schema_from_transport=True) as session:
        assert [title async for title in pages(session)] == TITLES


@EITHER
async def test_gql_previews(served: Running, transport: Transport) -> None:
    """Only an editor sees the draft. The credential is in the headers or in `connection_init`."""
    async with Client(transport=transport(served, **EDITOR)) as session:
        assert await session.execute(DRAFT) == {"article": {"title": "Draft"}}
    async with Client(transport=transport(served)) as session:
        assert await session.execute(DRAFT) == {"article": None}


@EITHER
async def test_gql_reads_errors(served: Running, transport: Transport) -> None:
    """A refused query is an error with its code, and the session continues."""
    async with Client(transport=transport(served)) as session:
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(gql("{ articles { unknown } }"))
        assert refused.value.errors
        assert [error["extensions"]["code"] for error in refused.value.errors] == ["GRAPHQL_VALIDATION_FAILED"]
        assert await session.execute(gql("{ __typename }")) == {"__typename": "Query"}


async def test_gql_builds_queries(served: Running) -> None:
    """gql's query builder works with the schema."""
    async with Client(transport=over_http(served), fetch_schema_from_transport=True) as session:
        assert session.client.schema
        schema = DSLSchema(session.client.schema)
        article = schema.Query.article(slug="entry-07").select(schema.Article.title)
        assert await session.execute(dsl_gql(DSLQuery(article))) == {"article": {"title": "Entry 07"}}


async def test_gql_batches(served: Running) -> None:
    """Several queries are sent in one request."""
    async with Client(transport=over_http(served)) as session:
        queries = [GraphQLRequest(f'{{ article(slug: "entry-{number}") {{ title }} }}') for number in ("06", "07")]
        answers = await session.execute_batch(queries)
    assert [answer["article"]["title"] for answer in answers] == ["Entry 06", "Entry 07"]


async def test_gql_receives_changes(live: Served) -> None:
    """A saved and a deleted file give events over a WebSocket."""
    path = "gql.md"
    request = GraphQLRequest(CHANGES, variable_values={"path": path})
    async with Client(transport=over_websocket(live.server)) as session, aclosing(session.subscribe(request)) as events:
        begun = asyncio.ensure_future(anext(events))
        await live.change(path, begun)
        live.write(path, "Final")
        while (change := (await anext(events))["articleChanged"])["article"]["title"] != "Final":
            pass
        assert change["type"] == "UPDATED"
        (live.content / path).unlink()
        assert await anext(events) == {"articleChanged": {"type": "REMOVED", "article": None}}
