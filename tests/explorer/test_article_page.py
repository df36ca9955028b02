"""The page of an article: its rendered body and metadata, for readers who may see it."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from gateway.explorer.page_templates import POLICY
from gateway.settings import Mode
from tests.assets import png
from tests.service import service, serving
from tests.test_preview_links import GOOD, SECRET, cookie

BODY = """
# Main

Text with a [link](https://gazette.example/) and <b onclick="x()">bold</b>.
<script>window.ran = true</script> [bad](javascript:alert(1)) <div style="color: red">plain</div>
"""
FILES = {
    "shown.md": f"---\ntitle: A <i>title</i>\ndate: 2024-01-01\nwebUrl: https://gazette.example/shown\n---\n{BODY}",
    "draft.md": "---\ntitle: Draft\ndraft: true\n---\nNot yet.\n",
    "aside.md": "---\ntitle: Aside\nunlisted: true\n---\nBeside the list.\n",
    "de.md": "---\ntitle: Same\nslug: same\nlocale: de\n---\nDeutsch\n",
    "en.md": "---\ntitle: Same\nslug: same\nlocale: en\n---\nEnglish\n",
}
DRAFTS = {"Authorization": "Bearer editor", "X-Include-Drafts": "true"}


async def address_of(client: httpx.AsyncClient, path: str) -> str:
    """The address that the start page of a server with drafts links an article to."""
    query = f"{{ article(path: {json.dumps(path)}) {{ id }} }}"
    answer = await client.post("/graphql", json={"query": query}, headers=DRAFTS)
    return f"/?article={answer.json()['data']['article']['id']}"


async def test_title_links_to_the_rendered_body(tmp_path: Path) -> None:
    """The page has the title, the metadata and the sanitised HTML of the body."""
    async with serving(tmp_path, Mode.DEV, FILES) as client:
        start = (await client.get("/")).text
        [href] = re.findall(r'<a href="\./(\?article=[^"]+)"><bdi>A &lt;i&gt;title', start)
        response = await client.get(f"/{html.unescape(href)}")
    page = response.text
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["cache-control"] == "private, no-store"
    assert "<h1><bdi>A &lt;i&gt;title&lt;/i&gt;</bdi></h1>" in page
    assert '<h1 id="main">Main</h1>' in page
    assert '<a href="https://gazette.example/" rel="noopener noreferrer">link</a> and <b>bold</b>' in page
    assert '<a href="https://gazette.example/shown" rel="noopener noreferrer">' in page
    for harmful in ("window.ran", "onclick", '"javascript:', "style=", "<i>title"):
        assert harmful not in page


async def test_pictures_of_the_folder_are_shown(tmp_path: Path) -> None:
    """The one of front matter and those of the body. Pictures of other hosts are not requested."""
    files = {
        "shown.md": "---\ntitle: Shown\nimage: a.png\n---\n![A lake](a.png)\n",
        "other.md": "---\ntitle: Other\nimage: https://gazette.example/a.png\n---\n",
    }
    async with service(tmp_path, Mode.DEV, {}) as found:
        (found.folder / "a.png").write_bytes(png(30, 20))
        await found.change(files)
        transport = httpx.ASGITransport(found.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            page = (await client.get(await address_of(client, "shown.md"))).text
            shown = re.findall(r'<img src="(/assets/a\.png\?v=[0-9a-f]{8})" alt="(.*?)">', page)
            assert [alt for _, alt in shown] == ["", "A lake"]
            assert (await client.get(shown[0][0])).content == png(30, 20)
            assert "gazette.example" not in (await client.get(await address_of(client, "other.md"))).text


async def test_query_link_opens_in_graphiql(tmp_path: Path) -> None:
    """The link names the article by slug and locale, so that it selects one of two articles with the same slug."""
    async with serving(tmp_path, Mode.DEV, FILES) as client:
        for path in ("en.md", "de.md", "shown.md"):
            page = (await client.get(await address_of(client, path))).text
            [link] = re.findall(r'href="(graphiql#[^"]+)"', page)
            [query], [variables] = parse_qs(urlsplit(html.unescape(link)).fragment, strict_parsing=True).values()
            asked = {"query": query, "variables": json.loads(variables)}
            answer = (await client.post("/graphql", json=asked)).json()
            assert answer["data"]["article"]["body"]["html"] in page


async def test_draft_is_shown_only_to_previews(tmp_path: Path) -> None:
    """Others get the 404 page of an unknown id. An unlisted article is shown to everyone."""
    async with serving(tmp_path, files=FILES, preview_secret=SECRET, explorer=True) as client:
        draft, aside = await address_of(client, "draft.md"), await address_of(client, "aside.md")
        refused, unknown = await client.get(draft), await client.get("/?article=unknown")
        assert (refused.status_code, unknown.status_code) == (404, 404)
        assert refused.text == unknown.text
        assert refused.headers["cache-control"] == "private, no-store"
        assert "Not yet." in (await client.get(draft, headers=DRAFTS)).text
        listed = (await client.get(aside)).text
    assert "Beside the list." in listed
    assert '<span class="badge">Unlisted</span>' in listed


async def test_preview_link_shows_drafts(tmp_path: Path) -> None:
    """Only browsers with a preview cookie get the page."""
    async with serving(tmp_path, files=FILES, preview_secret=SECRET, preview_explorer=True) as client:
        draft = await address_of(client, "draft.md")
        assert (await client.get(draft)).json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        page = (await client.get(draft, headers=cookie(GOOD))).text
    assert "Not yet." in page
    assert '<span class="badge">Draft</span>' in page
