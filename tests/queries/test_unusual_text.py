"""Texts that JSON escapes, and numbers that other decoders round, in rows that the store returns as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.service import service

TEXTS = (
    'a "quote" and a back\\slash',
    "new\nline and\ttab",
    "emoji \U0001f600 and \u200d\u0301",
    '["a", {"b": null}]',
    "<b>&amp;</b>",
)
QUERY = "{ articles(first: 20, orderBy: {field: PATH}) { nodes { path title publishedDateTime } } }"


async def test_texts_and_numbers_are_exact(tmp_path: Path) -> None:
    """In a list that is compiled, and in one that graphql-core executes."""
    files = {
        f"{number}.md": f"---\ntitle: {orjson.dumps(text).decode()}\ndate: 2024-01-02T03:04:05.123456Z\n---\n"
        for number, text in enumerate(TEXTS)
    }
    async with (
        service(tmp_path, files=files) as found,
        httpx.AsyncClient(transport=httpx.ASGITransport(found.app), base_url="http://localhost") as client,
    ):

        async def asked(query: str) -> Any:
            return (await client.post("/graphql", json={"query": query})).json()["data"]["articles"]["nodes"]

        nodes = await asked(QUERY)
        resolved = await asked(QUERY.replace("path", "path body { excerpt(length: 10) }"))
    assert [node["title"] for node in nodes] == list(TEXTS)
    assert {node["publishedDateTime"] for node in nodes} == {"2024-01-02T03:04:05.123456Z"}
    assert [{key: node[key] for key in nodes[0]} for node in resolved] == nodes
