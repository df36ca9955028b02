"""The HTML of the start page: content, visibility and safety."""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path
from typing import Any

import httpx

from gateway.explorer.page_templates import POLICY
from gateway.explorer.ready_queries import PATH
from gateway.settings import Mode
from tests.commands import Running
from tests.service import service, serving
from tests.test_preview_links import ENDED, GOOD, SECRET, cookie

HOSTILE = """---
title: <script>window.ran = true</script> & "x" onload='y'
path: "'\\"><img src=x onerror=alert(1)>"
topics: ["</title><script>1</script>"]
provider: {name: "<b>Bold</b>"}
---
"""
FIGURES = {"Published": "5", "Drafts": "2", "Scheduled": "1", "Expired": "0", "Providers": "9", "Topics": "6"}
"""Of the seeds with drafts."""
BROKEN = "---\ntitle: a: b <i>\n---\n"


def test_page_shows_the_content(dev: Running) -> None:
    """An author sees counts, problems, months, topics, providers and articles, with drafts and scheduled articles."""
    page = dev.get("/").text
    figures = dict(re.findall(r"<dt>(\w+)</dt><dd>([\d,]+)</dd>", page))
    assert figures == FIGURES
    for title in ("A draft that only a preview shows", "An article of the far future", "Draft House", "December 2025"):
        assert title in page
    assert re.search(r"Revision <code>\w+-\d+</code>", page)


def test_public_page(public: Running) -> None:
    """It has no drafts, scheduled articles or problems, and no counts of them."""
    page = public.get("/").text
    assert dict(re.findall(r"<dt>(\w+)</dt><dd>(\d+)</dd>", page)).keys() == {"Published", "Providers", "Topics"}
    assert "Release notes of 2025" in page
    for hidden in ("far future", "only a preview", "Draft House", "Unpublished ideas", "Italy", "Problems", "Draft<"):
        assert hidden not in page


def test_policy_allows_only_own_files(dev: Running) -> None:
    """Inline scripts and styles are not allowed, and the page is not cached."""
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


async def test_values_are_escaped(tmp_path: Path) -> None:
    """Titles, topics, providers, paths and problems are shown as text."""
    files = {"a<b>&.md": HOSTILE, "<i>broken.md": BROKEN}
    async with serving(tmp_path, Mode.DEV, files) as client:
        page = (await client.get("/")).text
    for harmful in ("<script>window", "<img src=x", "</title><script>1", "<b>", "<i>"):
        assert harmful not in page
    assert "&lt;script&gt;window.ran = true&lt;/script&gt; &amp; &#34;x&#34; onload=&#39;y&#39;" in page
    assert "a&lt;b&gt;&amp;.md" in page
    assert "&lt;i&gt;broken.md:2" in page


async def test_other_methods_are_refused(tmp_path: Path) -> None:
    """POST and other methods are refused."""
    async with serving(tmp_path, Mode.DEV) as client:
        for path in ("/", "/start.js", PATH):
            refused = await client.post(path)
            assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (
                405,
                "METHOD_NOT_ALLOWED",
            )


async def test_equal_problems_are_grouped(tmp_path: Path) -> None:
    """Problems that differ only in quoted values are shown once, with the number of files and each position."""
    untitled = {f"{number}.md": f"---\nquality: q{number}\n---\n" for number in range(3)}
    files = {**untitled, "other.md": "---\ntitle: Other\nheat: x\n---\n"}
    async with serving(tmp_path, Mode.DEV, files) as client:
        page = (await client.get("/")).text
    groups = re.findall(r'<li class="problem warning">(.*?)\n          </li>', page, re.DOTALL)
    titles, qualities, heat = sorted(groups, key=lambda group: ("heat" in group, "quality" in group))
    assert "MISSING_TITLE" in titles
    for group in (titles, qualities):
        assert '<span class="count">3 files</span>' in group
        assert re.findall(r'<details id="WARNING-[A-Z_]+-[0-9a-f]+">', group)
        assert re.findall(r'<code class="place">(\d\.md)', group) == ["0.md", "1.md", "2.md"]
    assert "<code>quality</code> is left out: …" in qualities
    assert all(f"q{number}" in qualities for number in range(3))
    assert "<details" not in heat
    assert '<code class="place">other.md:3:7</code>' in heat


async def test_problem_list_is_limited(tmp_path: Path) -> None:
    """A hundred are listed, and the page notes that there may be more."""
    files = {f"{number:03d}.md": BROKEN for number in range(102)}
    async with serving(tmp_path, Mode.DEV, files) as client:
        page = (await client.get("/")).text
    assert "<title>At least 100 problems – content gateway</title>" in page
    assert page.count('<li class="problem error">') == 1
    assert '<span class="count">100 files</span>' in page
    assert "There may be more." in page


async def test_page_shows_requests(tmp_path: Path) -> None:
    """The page has a description, the folder, the endpoint, a link to the docs, and working requests."""
    async with serving(tmp_path, Mode.DEV) as client:
        text = (await client.get("/")).text
        endpoint = html.unescape(re.findall(r'<code id="endpoint">(.*?)</code>', text)[0])
        [curl] = re.findall(r'<code id="curl">(.*?)</code>', text, re.DOTALL)
        [fetch] = re.findall(r'<code id="fetch">(.*?)</code>', text, re.DOTALL)
        command, url, *options = shlex.split(html.unescape(curl).replace("\\\n", ""))
        assert (command, url, endpoint) == ("curl", endpoint, "http://localhost/graphql")
        assert options[::2] == ["-H", "-d"]
        name, value = options[1].split(": ")
        answer = await client.post(url, content=options[3], headers={name: value})
        query = json.loads(options[3])["query"]
    assert len(answer.json()["data"]["articles"]["nodes"]) == 3
    for part in (f"const endpoint = {json.dumps(endpoint)};", f"const query = {json.dumps(query)};"):
        assert part in html.unescape(fetch)
    assert "serves a folder of Markdown files with YAML front matter as a GraphQL API" in text
    assert f"<dt>Folder</dt><dd><code>{tmp_path / 'content'}</code></dd>" in text
    assert text.index('id="ask"') < text.index('id="months"')
    assert '<a href="docs/">' in text


async def test_endpoint_behind_a_proxy(tmp_path: Path) -> None:
    """The address has the scheme and host of the request. The folder is shown only under `dev`."""
    async with serving(tmp_path, explorer=True) as client:
        headers = {"Host": "content.example", "X-Forwarded-Proto": "https"}
        page = (await client.get("/", headers=headers)).text
    assert '<code id="endpoint">https://content.example/graphql</code>' in page
    assert str(tmp_path) not in page


async def test_badges(tmp_path: Path) -> None:
    """Draft, expired and unlisted articles have a badge, and expired ones are counted."""
    files = {
        "draft.md": "---\ntitle: Draft\ndraft: true\n---\n",
        "old.md": "---\ntitle: Old\ndate: 2023-01-01\nexpiryDate: 2024-01-01\n---\n",
        "aside.md": "---\ntitle: Aside\nunlisted: true\n---\n",
    }
    async with serving(tmp_path, Mode.DEV, files) as client:
        page = (await client.get("/")).text
    rows = re.findall(r"<bdi>(\w+)</bdi></a>\s*<span class=\"badge\">(\w+)</span>", page)
    assert dict(rows) == {"Draft": "Draft", "Old": "Expired", "Aside": "Unlisted"}
    assert "<dt>Expired</dt><dd>1</dd>" in page


async def test_page_before_the_first_load(tmp_path: Path) -> None:
    """The response asks for a retry, and the page reloads itself."""
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


async def test_page_with_a_preview_link(tmp_path: Path) -> None:
    """Without a link the page is 404, an expired link gets a message, and a valid one shows drafts."""
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


async def test_client_limits_do_not_apply_to_the_page(tmp_path: Path) -> None:
    """The page works if its query exceeds the limits of clients."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text("{}")
    limits: dict[str, Any] = {"limit_cost": "1", "limit_depth": "1", "limit_page": "1"}
    narrow = serving(tmp_path / "narrow", Mode.DEV, trusted_only=True, trusted_documents=manifest, **limits)
    async with narrow as client:
        assert [(await client.get(path)).status_code for path in ("/", "/", PATH)] == [200, 200, 200]


def test_schema_is_served_as_text(dev: Running) -> None:
    """Browsers would download a file of an unknown type."""
    assert dev.get("/schema.graphql").headers["content-type"] == "text/plain; charset=utf-8"
