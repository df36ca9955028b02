"""Compressed responses."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import httpx
import pytest
import zstandard

from gateway.web.compression import LONG, SHORTEST, Compression
from gateway.web.content_negotiation import Encoding
from tests.service import serving

QUERY = """{ articles { nodes {
  id title path slug webUrl topics { id name slug } status kind: __typename name: title again: path
  provider { id } related { id title }
} } }"""
DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress, "zstd": zstandard.ZstdDecompressor().decompress}


async def raw(client: httpx.AsyncClient, encoding: str, query: str) -> tuple[str | None, bytes]:
    """The encoding of a response, and its body as it is sent."""
    headers = {"Accept-Encoding": encoding}
    async with client.stream("POST", "/graphql", json={"query": query}, headers=headers) as response:
        assert "Accept-Encoding" in response.headers["vary"]
        assert int(response.headers["content-length"]) > 0
        return response.headers.get("content-encoding"), b"".join([part async for part in response.aiter_raw()])


@pytest.mark.parametrize("encoding", ["br", "gzip", "zstd"])
async def test_first_and_repeated_answers(tmp_path: Path, encoding: str) -> None:
    """They are compressed alike, and have the text of an answer that is not."""
    async with serving(tmp_path) as client:
        plain = (await client.post("/graphql", json={"query": QUERY}, headers={"Accept-Encoding": "identity"})).content
        assert len(plain) > SHORTEST
        for _ in range(3):
            named, body = await raw(client, encoding, QUERY)
            assert (named, DECODERS[encoding](body)) == (encoding, plain)
            assert len(body) < len(plain)


async def test_what_is_not_compressed(tmp_path: Path) -> None:
    """Short bodies, and bodies for clients that accept no encoding."""
    async with serving(tmp_path) as client:
        for encoding, query in (("br", "{ __typename }"), ("identity", QUERY), ("br;q=0", QUERY), ("unknown", QUERY)):
            for _ in range(2):
                named, body = await raw(client, encoding, query)
                assert named is None
                assert body.startswith(b'{"data":')


async def test_setting(tmp_path: Path) -> None:
    async with serving(tmp_path, compress=False) as client:
        response = await client.post("/graphql", json={"query": QUERY}, headers={"Accept-Encoding": "br"})
        assert "content-encoding" not in response.headers
        assert "Accept-Encoding" not in response.headers["vary"]


async def test_kept_bodies_are_bounded() -> None:
    """Each is compressed once, as long as it is kept."""
    compression = Compression(10 * LONG)
    bodies = [b"%d" % number + b"x" * 2 * LONG for number in range(20)]
    for body in bodies:
        found = await compression.kept(body, Encoding.GZIP)
        assert await compression.kept(body, Encoding.GZIP) is found
        assert gzip.decompress(found) == body
        assert compression.size <= 10 * LONG
