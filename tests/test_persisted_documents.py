"""Persisted queries, and trusted documents of a manifest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from gateway.errors import PersistedQueryNotFound, SettingsError
from gateway.execution.persisted_documents import OVERHEAD, PersistedDocuments, read_manifest
from tests.commands import gateway
from tests.service import serving

pytestmark = pytest.mark.usefixtures("each_database_in_full")

QUERY = "query Titles($first: Int) { articles(first: $first) { nodes { title } } }"
TITLES = {"data": {"articles": {"nodes": [{"title": "Two"}, {"title": "One"}]}}}
JSON, RESPONSE = "application/json", "application/graphql-response+json"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def by_digest(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(tmp_path) as client:
        yield client


def code(response: httpx.Response) -> Any:
    return response.json()["errors"][0]["extensions"]["code"]


# Persisted queries.


async def test_persisted_query(client: httpx.AsyncClient) -> None:
    """An unknown digest gives the error that clients expect. A document with its digest is registered, and afterwards
    the digest is enough."""
    missed = await client.post("/graphql", json={"extensions": by_digest(QUERY)})
    assert (missed.status_code, missed.json()["errors"][0]["message"]) == (200, "PersistedQueryNotFound")
    assert code(missed) == "PERSISTED_QUERY_NOT_FOUND"
    assert "no-store" in missed.headers["cache-control"]
    registered = await client.post("/graphql", json={"query": QUERY, "extensions": by_digest(QUERY)})
    assert registered.json() == TITLES
    posted = await client.post("/graphql", json={"extensions": by_digest(QUERY), "variables": {"first": 2}})
    got = await client.get("/graphql", params={"extensions": orjson.dumps(by_digest(QUERY)).decode()})
    named = await client.get("/graphql", params={"documentId": f"sha256:{digest(QUERY)}"})
    assert [response.json() for response in (posted, got, named)] == [TITLES] * 3


@pytest.mark.parametrize("accept", [JSON, RESPONSE, f"{RESPONSE}, {JSON};q=0.9", "*/*"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("kept", "name"), [(1000, "PersistedQueryNotFound"), (0, "PersistedQueryNotSupported")])
async def test_unknown_digest_is_200(tmp_path: Path, accept: str, method: str, kept: int, name: str) -> None:
    """In every media type, because clients send the document only after that status. It is not cached."""
    async with serving(tmp_path, persisted_bytes=kept) as client:
        sent = {"extensions": by_digest(QUERY)}
        parameters = {"extensions": orjson.dumps(sent["extensions"]).decode()}
        more: Any = {"json": sent} if method == "POST" else {"params": parameters}
        missed = await client.request(method, "/graphql", headers={"Accept": accept}, **more)
    assert (missed.status_code, missed.json()["errors"][0]["message"]) == (200, name)
    assert missed.headers["cache-control"] == "private, no-store"
    assert "etag" not in missed.headers


async def test_wrong_digest_is_refused(client: httpx.AsyncClient) -> None:
    """In any media type, and nothing is registered."""
    response = await client.post("/graphql", json={"query": QUERY, "extensions": by_digest("{ __typename }")})
    assert (response.status_code, code(response)) == (400, "PERSISTED_QUERY_MISMATCH")
    assert code(await client.post("/graphql", json={"extensions": by_digest("{ __typename }")})) == (
        "PERSISTED_QUERY_NOT_FOUND"
    )


@pytest.mark.parametrize("query", ["{ nope }", "{", "{" + " __typename" * 501 + "}"])
async def test_invalid_document_is_not_registered(client: httpx.AsyncClient, query: str) -> None:
    """Documents that fail validation or limits take no memory."""
    assert "errors" in (await client.post("/graphql", json={"query": query, "extensions": by_digest(query)})).json()
    assert code(await client.post("/graphql", json={"extensions": by_digest(query)})) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("persisted", [1, [], {"sha256Hash": 1}, {"sha256Hash": []}])
async def test_invalid_digest_is_refused(client: httpx.AsyncClient, persisted: object) -> None:
    """Like any member of a wrong type."""
    response = await client.post("/graphql", json={"extensions": {"persistedQuery": persisted}})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_persisted_queries_can_be_off(tmp_path: Path) -> None:
    """The error tells clients to send documents in full."""
    async with serving(tmp_path, persisted_bytes=0) as client:
        sent = {"query": QUERY, "extensions": by_digest(QUERY)}
        assert (await client.post("/graphql", json=sent)).json() == TITLES
        missed = await client.post("/graphql", json={"extensions": by_digest(QUERY)})
        assert missed.json()["errors"][0]["message"] == "PersistedQueryNotSupported"


def test_memory_is_bounded() -> None:
    """The most recently used documents stay, as many as fit. Larger ones are not registered."""
    texts = [f"{{ field{number} }}" for number in range(4)]
    size = len(digest("")) + len(texts[0]) + OVERHEAD
    queries = PersistedDocuments(3 * size)
    for text in texts[:3]:
        queries.register(digest(text), text)
    assert queries.resolve("", digest(texts[0])) == texts[0]
    queries.register(digest(texts[3]), texts[3])
    assert queries.size == 3 * size
    assert [queries.resolve("", digest(texts[at])) for at in (0, 2, 3)] == [texts[at] for at in (0, 2, 3)]
    with pytest.raises(PersistedQueryNotFound):
        queries.resolve("", digest(texts[1]))
    queries.register("large", "x" * 3 * size)
    with pytest.raises(PersistedQueryNotFound):
        queries.resolve("", "large")


# Trusted documents.

CODEGEN = {"0b7d": QUERY, "sha256:TitlesOf": QUERY, digest("{ __typename }"): "{ __typename }"}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": name, "body": text, "name": "Any", "type": "query"} for name, text in CODEGEN.items()],
}


@pytest.mark.parametrize("manifest", [CODEGEN, APOLLO], ids=["codegen", "apollo"])
async def test_trusted_documents(tmp_path: Path, manifest: object) -> None:
    """Both manifest formats and any ids work. Other documents run unless only trusted ones are allowed."""
    file = tmp_path / "manifest.json"
    file.write_bytes(orjson.dumps(manifest))
    async with serving(tmp_path / "open", trusted_documents=file) as client:
        for name in ("0b7d", "sha256:TitlesOf", "TitlesOf"):
            for sent in ({"documentId": name}, {"extensions": {"persistedQuery": {"sha256Hash": name}}}):
                assert (await client.post("/graphql", json=sent)).json() == TITLES
        assert "data" in (await client.post("/graphql", json={"query": "{ articles { totalCount } }"})).json()
    async with serving(tmp_path / "closed", trusted_documents=file, trusted_only=True) as client:
        assert (await client.post("/graphql", json={"documentId": "0b7d"})).json() == TITLES
        assert (await client.post("/graphql", json={"query": QUERY})).json() == TITLES
        assert (await client.post("/graphql", json={"query": QUERY, "documentId": "0b7d"})).json() == TITLES
        other = "{ articles { totalCount } }"
        refused: list[dict[str, Any]] = [{"query": other}, {"query": other, "extensions": by_digest(other)}]
        for sent in [*refused, {"documentId": "else"}]:
            response = await client.post("/graphql", json=sent)
            assert (response.status_code, code(response)) == (403, "UNTRUSTED_DOCUMENT")


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"a": 1}', b'{"format": "apollo-persisted-query-manifest"}'])
def test_invalid_manifest_is_a_settings_error(tmp_path: Path, content: bytes) -> None:
    """The start fails with a line that names the file."""
    file = tmp_path / "manifest.json"
    with pytest.raises(SettingsError, match="cannot be read"):
        read_manifest(file)
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"manifest\.json"):
        read_manifest(file)


def test_invalid_trusted_documents_stop_the_start(tmp_path: Path) -> None:
    """All are listed with their reasons, and the exit code is 2."""
    (tmp_path / "content").mkdir()
    file = tmp_path / "manifest.json"
    file.write_bytes(orjson.dumps({"good": QUERY, "bad": "{ nope }", "worse": "{"}))
    done = gateway("serve", tmp_path / "content", "--port", 0, "--trusted-documents", file, cache=tmp_path)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.partition(" cannot be run: ")[0] for line in lines] == [
        "gateway: The trusted document bad",
        "gateway: The trusted document worse",
    ]
