"""Memory: a server stays within its configured bounds for any number of different requests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import orjson
import pytest

from gateway.execution.answer_cache import OVERHEAD
from gateway.execution.document_cache import TOKEN_BYTES
from tests.commands import Running, running

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
WARM, ALL = (5_000, 50_000) if FULL else (500, 1_200)
PERSISTED, DOCUMENTS, RENDERED, ANSWERS = SIZES = (2**24, 2**26, 2**22, 2**20) if FULL else (2**23, 2**23, 2**22, 2**18)
"""The configured sizes. Each cache is full after WARM requests."""
SETTLING = 0 if FULL else 6 * 2**20
"""Bytes that a process may still allocate after the first requests. Each cache without its bound would exceed this
and a tenth of all bounds."""
FIELDS = 15
"""Of each document; one of them is at least three tokens."""
PADDING = PERSISTED // WARM
BODIES, SHARE, EACH = 150, 20, 20
"""The number of articles. Each rendered body takes a twentieth of the cache, and one request in EACH reads a body."""


class Asker:
    """Sends requests over one connection, each one new."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def get(self, **parameters: object) -> bytes:
        sent = {name: orjson.dumps(value) if isinstance(value, dict) else value for name, value in parameters.items()}
        self._connection.request("GET", f"/graphql?{urlencode(sent)}", headers={"GraphQL-Require-Preflight": "1"})
        return self._connection.getresponse().read()

    def register(self, number: int) -> None:
        text = document(number)
        answer = self.get(query=text, extensions=named(text), variables=variables(number))
        assert b'"errors"' not in answer, answer


def document(number: int) -> str:
    fields = " ".join(f"f{number}x{place}: title" for place in range(FIELDS))
    return (
        f"query Q{number}($slug: String!, $words: String!, $rendered: Boolean!) {{"
        f" article(slug: $slug) {{ body @include(if: $rendered) {{ html }} {fields} }}"
        f" search(query: $words) {{ totalCount }} }} #{'x' * PADDING}"
    )


def variables(number: int) -> dict[str, object]:
    slug = f"body-{number // EACH % BODIES}"
    return {"slug": slug, "words": f"word{number}", "rendered": number % EACH == 0}


def named(text: str) -> dict[str, object]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}


def resident(server: Running) -> int:
    """The resident memory of the process, in bytes, without the pages of files that it maps."""
    _, pages, of_files, *_ = map(int, Path(f"/proc/{server.process.pid}/statm").read_text().split())
    return (pages - of_files) * os.sysconf("SC_PAGESIZE")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    # Each arena of the C library takes some 10 MB at its first use, which is at a random time.
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    content = tmp_path / "content"
    content.mkdir()
    for number in range(BODIES):
        text = f"{number} {'word ' * 200}\n\n" * (RENDERED // SHARE // 1000)
        (content / f"body-{number}.md").write_text(f"---\ntitle: Body {number}\n---\n{text}")
    bounds = zip(("--persisted-bytes", "--document-bytes", "--rendered-bytes", "--answer-bytes"), SIZES, strict=True)
    options = ["--limit-head-bytes", 2**16, *(word for bound in bounds for word in bound)]
    with running("serve", content, *options, "--log-level", "warning", cache=tmp_path) as found:
        found.said(r"^\d+ articles")
        yield found


@pytest.mark.timeout(3000)
def test_caches_are_bounded(server: Running) -> None:
    """The memory after very many documents exceeds that after the first ones by at most a tenth of the bounds."""
    assert WARM * (PADDING + 1) > PERSISTED
    assert WARM * 3 * FIELDS * TOKEN_BYTES > DOCUMENTS
    assert WARM // EACH > SHARE
    assert WARM * OVERHEAD > ANSWERS
    with closing(HTTPConnection(urlsplit(server.url).netloc, timeout=60)) as connection:
        _fill(server, Asker(connection))


def _fill(server: Running, asker: Asker) -> None:
    for number in range(WARM):
        asker.register(number)
    after_first = resident(server)
    for number in range(WARM, ALL):
        asker.register(number)
    growth = resident(server) - after_first
    print(f"{after_first / 2**20:.1f} MiB after {WARM}, {growth / 2**20:+.1f} MiB after {ALL} documents")  # noqa: T201
    assert growth <= sum(SIZES) / 10 + SETTLING
    # The bounds were reached: the first document is evicted, and the last one is registered.
    assert b"PERSISTED_QUERY_NOT_FOUND" in asker.get(extensions=named(document(0)))
    assert b'"data"' in asker.get(extensions=named(document(ALL - 1)), variables=variables(ALL - 1))
