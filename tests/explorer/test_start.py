"""The start page as it is sent: what is in it, for whom, and what keeps it safe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx

from gateway.explorer.queries import PATH
from gateway.explorer.start import POLICY
from gateway.settings import Mode
from tests.commands import Running
from tests.service import service, serving
from tests.test_preview import ENDED, GOOD, SECRET, cookie

HOSTILE = """---
title: <script>window.ran = true</script> & "x" onload='y'
path: "'\\"><img src=x onerror=alert(1)>"
topics: ["</title><script>1</script>"]
provider: {name: "<b>Bold</b>"}
---
"""
BROKEN = "---\ntitle: a: b <i>\n---\n"


def test_it_shows_what_is_loaded(dev: Running) -> None:
    """Counts, problems, months, topics, providers and articles, to their author with drafts and what is scheduled."""
    page = dev.get("/").text
    figures = dict(re.findall(r"<dt>(\w+)</dt><dd>([\d,]+)</dd>", page))
    assert figures == {"Published": "5", "Drafts": "2", "Scheduled": "1", "Providers": "9", "Topics": "6"}
    for told in ("A draft that only a preview shows", "An article of the far future", "Draft House", "December 2025"):
        assert told in page
    assert re.search(r"Revision <code>\w+-\d+</code>", page)


def test_it_shows_everyone_what_is_public(public: Running) -> None:
    """No draft, nothing scheduled, no problem and no count of them."""
    page = public.get("/").text
    assert dict(re.findall(r"<dt>(\w+)</dt><dd>(\d+)</dd>", page)).keys() == {"Published", "Providers", "Topics"}
    assert "Release notes of 2025" in page
    for hidden in ("far future", "only a preview", "Draft House", "Unpublished ideas", "Italy", "Problems", "Draft<"):
        assert hidden not in page


def test_it_may_load_nothing_from_elsewhere(dev: Running) -> None:
    """Its policy allows this host's own files alone, and neither scripts nor styles in the page; no cache keeps it."""
    response = dev.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert response.headers["cache-control"] == "private, no-store"
    assert (
        re.findall(r"\sstyle=|\son\w+=|<style|<script(?! type=\"module\" src=\"start\.js\"></script>)", response.text)
        == []
    )
    for path, kind in (("/start.js", "text/javascript"), ("/start.css", "text/css")):
        assert dev.get(path).headers["content-type"] == f"{kind}; charset=utf-8"
        assert "://" not in dev.get(path).text


async def test_what_files_say_is_text(tmp_path: Path) -> None:
    """Titles, topics, providers, paths and problems are shown as they are written, and are no HTML."""
    files = {"a<b>&.md": HOSTILE, "<i>broken.md": BROKEN}
    async with serving(tmp_path, Mode.DEV, files) as client:
        page = (await client.get("/")).text
    for harmful in ("<script>window", "<img", "</title><script>1", "<b>", "<i>"):
        assert harmful not in page
    assert "&lt;script&gt;window.ran = true&lt;/script&gt; &amp; &#34;x&#34; onload=&#39;y&#39;" in page
    assert "a&lt;b&gt;&amp;.md" in page
    assert "&lt;i&gt;broken.md:2" in page


async def test_it_is_only_read(tmp_path: Path) -> None:
    """What is sent to it is refused, as elsewhere."""
    async with serving(tmp_path, Mode.DEV) as client:
        for path in ("/", "/start.js", PATH):
            refused = await client.post(path)
            assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (
                405,
                "METHOD_NOT_ALLOWED",
            )


async def test_many_problems_are_not_all_listed(tmp_path: Path) -> None:
    """Fifty are, and it says that there are more."""
    files = {f"{number:02d}.md": BROKEN for number in range(52)}
    async with serving(tmp_path, Mode.DEV, files) as client:
        page = (await client.get("/")).text
    assert "<title>More than 50 problems – content gateway</title>" in page
    assert page.count('<li class="problem error">') == 50
    assert "There are more." in page


async def test_before_there_is_content_it_says_so(tmp_path: Path) -> None:
    """As an answer that is to be asked for again, which the page does by itself."""
    async with service(tmp_path, Mode.DEV, {}) as found:
        transport = httpx.ASGITransport(found.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            response = await client.get("/")
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert response.headers["content-security-policy"] == POLICY
            assert response.headers["cache-control"] == "private, no-store"
            assert '<meta http-equiv="refresh" content="1">' in response.text
            await found.change({})
            empty = await client.get("/")
            assert (empty.status_code, "No article yet" in empty.text) == (200, True)


async def test_a_preview_link_opens_it(tmp_path: Path) -> None:
    """Whoever has none finds nothing, whose has ended is told so, and to the others it shows drafts."""
    async with serving(tmp_path, preview_secret=SECRET, preview_explorer=True) as client:
        for path in ("/", "/start.js", "/start.css"):
            for refused, status in (
                (await client.get(path), 404),
                (await client.get(path, headers=cookie(ENDED)), 401),
            ):
                assert (refused.status_code, refused.headers["cache-control"]) == (status, "private, no-store")
            shown = await client.get(path, headers=cookie(GOOD))
            assert (shown.status_code, shown.headers["cache-control"]) == (200, "private, no-store")
        page = (await client.get("/", headers=cookie(GOOD))).text
        assert "Drafts" in page
        assert 'data-drafts="true"' in page
        assert "schema.graphql" not in page


async def test_limits_are_for_clients(tmp_path: Path) -> None:
    """What clients may not ask, the page still may."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text("{}")
    limits: dict[str, Any] = {"limit_cost": "1", "limit_depth": "1", "limit_page": "1"}
    narrow = serving(tmp_path / "narrow", Mode.DEV, trusted_only=True, trusted_documents=manifest, **limits)
    async with narrow as client:
        assert [(await client.get(path)).status_code for path in ("/", "/", PATH)] == [200, 200, 200]


def test_the_schema_opens_as_text(dev: Running) -> None:
    """In a browser, which would keep a file of a type that it does not know."""
    assert dev.get("/schema.graphql").headers["content-type"] == "text/plain; charset=utf-8"
