"""The files of the folder over HTTP: rights, types, ranges and caching."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import Mode
from gateway.web.assets import CHUNK, requested_part
from tests.assets import png, svg
from tests.conftest import NO_TLS
from tests.service import Service, listening_to, post, service
from tests.test_preview_links import ENDED, GOOD, SECRET, cookie

pytestmark = pytest.mark.usefixtures("each_database_in_full")

PIXELS = png(640, 480)
DOCUMENTS = {
    "one.md": "---\ntitle: One\ndate: 2024-01-01\nimage: one.png\n---\n![](img/shown.svg) [slides](slides.pdf)"
    " [data](data.zip) [page](page.html) [code](run.js) [notes](notes.txt) ![](big.mp4) ![](caf\u00e9.png)\n",
    "draft.md": "---\ntitle: Draft\ndraft: true\nimage: secret.png\n---\n![](one.png)\n",
    "later.md": "---\ntitle: Later\ndate: 2999-01-01\nimage: later.png\n---\n",
    "unlisted.md": "---\ntitle: Unlisted\nunlisted: true\nimage: unlisted.png\n---\n",
}
FILES: Mapping[str, bytes] = {
    "one.png": PIXELS,
    "img/shown.svg": svg(30, 20),
    "slides.pdf": b"%PDF-1.7 slides",
    "data.zip": b"PK data",
    "page.html": b"<script>alert(1)</script>",
    "run.js": b"alert(1)",
    "notes.txt": b"---\ntitle: A draft\ndraft: true\n---\n",
    "big.mp4": bytes(range(256)) * (CHUNK // 100),
    "caf\u00e9.png": PIXELS,
    "secret.png": b"secret pixels",
    "later.png": b"later pixels",
    "unlisted.png": b"unlisted pixels",
    "unused.png": b"unused pixels",
}
PUBLIC = {"one.png", "img/shown.svg", "slides.pdf", "data.zip", "big.mp4", "caf\u00e9.png", "unlisted.png"}
DRAFTS = {"secret.png", "later.png"}
EDITOR = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}


class Files(NamedTuple):
    service: Service
    client: httpx.AsyncClient

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.get(f"/assets/{quote(path)}", headers=headers)


@asynccontextmanager
async def serving_files(tmp_path: Path, mode: Mode = Mode.SERVE, **flags: Any) -> AsyncIterator[Files]:
    folder = tmp_path / "content"
    async with service(tmp_path, mode, {}, preview_secret=SECRET, **flags) as found:
        for path, content in FILES.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(content)
        await found.change(DOCUMENTS)
        transport = httpx.ASGITransport(found.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Files(found, client)


@pytest_asyncio.fixture
async def files(tmp_path: Path) -> AsyncIterator[Files]:
    async with serving_files(tmp_path) as files:
        yield files


async def test_the_public_sees_what_public_articles_refer_to(files: Files) -> None:
    """Also unlisted ones, which are found by key."""
    answers = {path: await files.get(path) for path in FILES}
    assert {path for path, answer in answers.items() if answer.status_code == 200} == PUBLIC
    assert all(answers[path].content == FILES[path] for path in PUBLIC)


async def test_previews_see_files_of_drafts(files: Files) -> None:
    for path in FILES:
        answer = await files.get(path, EDITOR)
        assert answer.status_code == (200 if path in PUBLIC | DRAFTS else 404)
        if path in DRAFTS:
            assert answer.headers["cache-control"] == "private, no-store"
            assert answer.headers["cross-origin-resource-policy"] == "same-site"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({**cookie(GOOD), "Sec-Fetch-Site": "same-origin"}, 200),
        ({**cookie(GOOD), "Sec-Fetch-Site": "same-site"}, 200),
        ({**cookie(GOOD), "Sec-Fetch-Site": "cross-site"}, 404),
        (cookie(GOOD), 404),
        ({**cookie(GOOD), "X-Include-Drafts": "true"}, 200),
        ({**cookie(ENDED), "Sec-Fetch-Site": "same-origin"}, 401),
        ({"Authorization": "Bearer editor"}, 404),
        ({"Authorization": "Bearer reader", "X-Include-Drafts": "true"}, 403),
        ({"Authorization": "Bearer unknown"}, 401),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
    ],
)
async def test_credentials(files: Files, sent: Mapping[str, str], status: int) -> None:
    """A picture in a page cannot send X-Include-Drafts, so a preview cookie needs no header from pages of the site."""
    assert (await files.get("secret.png", sent)).status_code == status


async def test_an_expired_preview_does_not_hide_public_files(files: Files) -> None:
    answer = await files.get("one.png", {**cookie(ENDED), "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200


async def test_refusals_are_alike(files: Files) -> None:
    """Nobody learns which files exist."""
    paths = (
        "secret.png",
        "unused.png",
        "unknown.png",
        "page.html",
        "notes.txt",
        "one.md",
        "img",
        "img/",
        "../x.png",
        "",
    )
    answers = [await files.get(path) for path in paths]
    about = {
        (answer.status_code, answer.content, frozenset({*answer.headers} - {"x-request-id"})) for answer in answers
    }
    assert len(about) == 1
    assert all(answer.headers["cache-control"] == "private, no-store" for answer in answers)


PARTS = st.sampled_from([
    *("..", ".", "", "%2e%2e", "%2E", "%2f", "..%2f", "%00", "%5c", "\\", "one.png", "ONE.PNG", "secret.png", "img"),
    *("shown.svg", "outside.png", "linked", "content", "gateway.db", ".git", "one.md", "page.html", "%6fne.png"),
])  # fmt: skip
ODD = st.one_of(st.sampled_from(sorted(FILES)), st.text(max_size=12), st.lists(PARTS, max_size=5).map("/".join))


async def test_no_path_gets_another_file(tmp_path: Path) -> None:
    """No file outside the folder, of a draft, unused, or of another type, however its path is written."""
    async with serving_files(tmp_path) as files, listening_to(files.service) as address:
        (tmp_path / "outside.png").write_bytes(b"outside pixels")
        (files.service.folder / "linked").symlink_to(tmp_path)
        (files.service.folder / "outside.png").symlink_to(tmp_path / "outside.png")
        await files.service.change(
            {"links.md": "---\ntitle: Links\n---\n![](outside.png) ![](linked/outside.png) ![](../outside.png)\n"}
        )
        shown = {FILES[path] for path in PUBLIC}
        loop = asyncio.get_running_loop()

        async def get(path: str) -> bytes | None:
            """The body of a raw request, because clients normalise paths."""
            host, port = address.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            head = f"GET /assets/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            answer = await reader.read()
            writer.close()
            head_bytes, _, body = answer.partition(b"\r\n\r\n")
            return body if head_bytes.split(b" ")[1:2] == [b"200"] else None

        def check(path: str) -> None:
            found = asyncio.run_coroutine_threadsafe(get(path), loop).result()
            assert found is None or found in shown

        @given(ODD)
        def check_all(path: str) -> None:
            check(quote(path, safe="/%\\"))

        await asyncio.to_thread(check_all)
        assert await get("img/../one.png") is None
        assert await get("one.png") == PIXELS
        assert await get("%6fne.png") == PIXELS


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("one.png", {"content-type": "image/png"}),
        ("slides.pdf", {"content-type": "application/pdf"}),
        ("data.zip", {"content-type": "application/zip", "content-disposition": "attachment"}),
        (
            "img/shown.svg",
            {
                "content-type": "image/svg+xml",
                "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            },
        ),
    ],
)
async def test_headers(files: Files, path: str, expected: Mapping[str, str]) -> None:
    """Scripts of an SVG do not run, and other sites can show the pictures."""
    common = {
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "cross-origin",
        "accept-ranges": "bytes",
        "content-length": str(len(FILES[path])),
    }
    answer = await files.get(path)
    assert {name: answer.headers.get(name) for name in (*common, *expected)} == {**common, **expected}
    assert "attachment" in expected.values() or "content-disposition" not in answer.headers
    head = await files.client.head(f"/assets/{path}", headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers.get(name) for name in common} == common


async def test_addresses_in_answers_lead_to_the_files(files: Files) -> None:
    found = await post(files.client, '{ article(slug: "one") { images { url width height } body { html } } }')
    [image] = found["data"]["article"]["images"]
    assert (image["width"], image["height"]) == (640, 480)
    answer = await files.client.get(image["url"])
    assert (answer.status_code, answer.content) == (200, PIXELS)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    html = found["data"]["article"]["body"]["html"]
    assert '<img src="/assets/img/shown.svg?v=' in html
    assert 'href="/assets/slides.pdf?v=' in html
    assert 'href="page.html"' in html


@pytest.mark.parametrize("query", ["", "?v=", "?v=00000000", "?v=1&v=2", "?w=1"])
async def test_only_the_present_digest_is_immutable(files: Files, query: str) -> None:
    answer = await files.client.get(f"/assets/one.png{query}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=0")


async def test_a_changed_file_is_not_immutable_at_its_old_address(files: Files) -> None:
    [image] = (await post(files.client, '{ article(slug: "one") { images { url } } }'))["data"]["article"]["images"]
    before = await files.client.get(image["url"])
    (files.service.folder / "one.png").write_bytes(b"other pixels")
    after = await files.client.get(image["url"])
    assert (after.content, after.headers["cache-control"]) == (b"other pixels", "public, max-age=0")
    assert after.headers["etag"] != before.headers["etag"]


async def test_entity_tags(files: Files) -> None:
    first = await files.get("one.png")
    entity_tag = first.headers["etag"]
    assert entity_tag.startswith('"')
    for sent in (entity_tag, f"W/{entity_tag}", f'"other", {entity_tag}'):
        again = await files.get("one.png", {"If-None-Match": sent})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", entity_tag)
    assert (await files.get("one.png", {"If-None-Match": '"other"'})).status_code == 200
    assert (await files.get("secret.png", {"If-None-Match": entity_tag})).status_code == 404


@given(
    start=st.none() | st.integers(0, 40),
    end=st.none() | st.integers(0, 40),
    conditional=st.sampled_from([None, True, False]),
)
def test_ranges(start: int | None, end: int | None, conditional: bool | None) -> None:
    """By the rules of RFC 9110, 14.1.2."""
    size = 24
    headers = {"range": f"bytes={'' if start is None else start}-{'' if end is None else end}"}
    if conditional is not None:
        headers["if-range"] = '"tag"' if conditional else '"other"'
    found = requested_part(headers, size, '"tag"')
    if (
        conditional is False
        or (start is None and end is None)
        or (start is not None and end is not None and end < start)
    ):
        assert found == range(size)
    elif start is None:
        assert found == (range(max(0, size - (end or 0)), size) if end else None)
    elif start >= size:
        assert found is None
    else:
        assert found == range(start, size if end is None else min(end + 1, size))


@pytest.mark.parametrize(
    ("sent", "status", "about", "content"),
    [
        ("bytes=0-3", 206, "bytes 0-3/{size}", FILES["big.mp4"][:4]),
        (f"bytes={CHUNK - 2}-{CHUNK + 2}", 206, None, FILES["big.mp4"][CHUNK - 2 : CHUNK + 3]),
        ("bytes=-5", 206, None, FILES["big.mp4"][-5:]),
        ("bytes=99999999-", 416, "bytes */{size}", b""),
        ("bytes=0-1,4-5", 200, None, FILES["big.mp4"]),
        ("lines=0-1", 200, None, FILES["big.mp4"]),
    ],
)
async def test_a_part_of_a_file(files: Files, sent: str, status: int, about: str | None, content: bytes) -> None:
    answer = await files.get("big.mp4", {"Range": sent})
    assert (answer.status_code, answer.content) == (status, content)
    if about:
        assert answer.headers["content-range"] == about.format(size=len(FILES["big.mp4"]))


async def test_files_are_read_over_a_socket(files: Files) -> None:
    async with listening_to(files.service) as address, httpx.AsyncClient(verify=NO_TLS) as client:
        answer = await client.get(f"{address}/assets/big.mp4")
        assert (answer.status_code, answer.content) == (200, FILES["big.mp4"])
        head = await client.head(f"{address}/assets/big.mp4")
        assert (head.content, head.headers["content-length"]) == (b"", str(len(FILES["big.mp4"])))
        assert (await client.get(f"{address}/assets/one.png")).content == PIXELS


async def test_a_file_that_changes_while_it_is_sent_ends_the_response(files: Files) -> None:
    """A cache must not keep a mixture of two files."""
    async with listening_to(files.service) as address:
        host, port = address.removeprefix("http://").split(":")
        content = os.urandom(8 * 2**20)
        (files.service.folder / "big.mp4").write_bytes(content)
        reader, writer = await asyncio.open_connection(host, int(port), limit=2**10)
        writer.write(b"GET /assets/big.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = await reader.read(2**10)
        (files.service.folder / "big.mp4").write_bytes(content[::-1])
        while part := await reader.read(2**20):
            received += part
        writer.close()
        assert len(received) < len(content)


async def test_methods(files: Files) -> None:
    answer = await files.client.post("/assets/one.png")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_withdrawn_article_takes_its_files_along(files: Files) -> None:
    """A file stays as long as another visible article refers to it."""
    for path in ("slides.pdf", "one.png"):
        assert (await files.get(path)).status_code == 200
    await files.service.change({"one.md": None})
    assert (await files.get("slides.pdf")).status_code == 404
    assert (await files.get("one.png")).status_code == 404
    assert (await files.get("one.png", EDITOR)).status_code == 200
    await files.service.change({"draft.md": "---\ntitle: Out\nimage: secret.png\n---\n"})
    assert (await files.get("secret.png")).status_code == 200


async def test_files_cost_points(tmp_path: Path) -> None:
    async with serving_files(tmp_path, rate_limit=3) as files:
        answers = [(await files.get("one.png")).status_code for _ in range(4)]
        assert answers == [200, 200, 200, 429]


async def test_dev_shows_files_of_drafts(tmp_path: Path) -> None:
    """Also to pages of other ports, but not to those of other sites."""
    async with serving_files(tmp_path, Mode.DEV) as files:
        for site, status in (("none", 200), ("same-origin", 200), ("same-site", 200), ("cross-site", 404)):
            assert (await files.get("secret.png", {"Sec-Fetch-Site": site})).status_code == status
        assert (await files.get("secret.png")).status_code == 200
