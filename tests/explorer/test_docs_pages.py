"""The documentation at /docs/."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from gateway.explorer.docs import docs_folder
from gateway.settings import Mode
from tests.service import serving
from tests.test_preview_links import GOOD, SECRET, cookie


async def test_every_link_is_answered(tmp_path: Path) -> None:
    """Starting at the index, each link to a page or picture returns it."""
    folder = docs_folder()
    assert folder
    async with serving(tmp_path, Mode.DEV) as client:
        seen = await _crawl(client, "/docs/")
    pages = {f"/docs/{file.relative_to(folder)}" for file in folder.rglob("*.md")}
    assert pages <= {*seen, "/docs/README.md"}


async def _crawl(client: httpx.AsyncClient, path: str) -> set[str]:
    """All paths under /docs/ that are reachable from a page."""
    seen, waiting = set[str](), {path}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        response = await client.get(path)
        assert response.status_code == 200, path
        if response.headers["content-type"].startswith("text/html"):
            links = re.findall(r'(?:href|src)="([^"]+)"', response.text)
            targets = {urlsplit(urljoin(path, link)) for link in links if "://" not in link}
            waiting |= {target.path for target in targets if target.path.startswith("/docs/")} - seen
    return seen


async def test_other_files_are_not_served(tmp_path: Path) -> None:
    """Names cannot leave the folder."""
    async with serving(tmp_path, Mode.DEV) as client:
        for name in ("..%2fREADME.md", "../README.md", "%2e%2e/pyproject.toml", "nothing.md", "pictures"):
            assert (await client.get(f"/docs/{name}")).status_code == 404


async def test_docs_follow_the_explorer_setting(tmp_path: Path) -> None:
    """Without `explorer` there are no pages. With `preview_explorer` only previews get them."""
    async with serving(tmp_path / "public") as client:
        assert (await client.get("/docs/")).status_code == 404
    async with serving(tmp_path / "preview", preview_secret=SECRET, preview_explorer=True) as client:
        assert (await client.get("/docs/")).status_code == 404
        assert (await client.get("/docs/", headers=cookie(GOOD))).status_code == 200
