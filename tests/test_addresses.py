"""Articles by their addresses: `Article.url`, aliases, and which article has an address."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_graph import PREVIEW, data, loaded

ONE = "query ($url: String!) { article(url: $url) { path url aliases isRedirect(url: $url) } }"
FILES = {
    "gateway.yaml": 'url: "/blog/:slug/"\n',
    "first.md": "---\naliases: [/old/, /blog/second]\n---\n# First\n",
    "second.md": "---\nredirect_from: /old\ndate: 2024-01-01\n---\n# Second\n",
    "own.md": "---\npermalink: /own.html\n---\n# Own\n",
    "draft.md": "---\npublished: false\naliases: /hidden\n---\n# Draft\n",
}


@pytest.mark.usefixtures("each_database_in_full")
@pytest.mark.parametrize(
    ("url", "path", "is_redirect"),
    [
        ("/blog/first/", "first.md", False),
        ("/blog/first", "first.md", False),
        ("/blog/first/?utm_source=a#b", "first.md", False),
        ("/own.html", "own.md", False),
        ("/blog/second/", "second.md", False),  # its own address, which is an alias of another article
        ("/old", "second.md", True),  # of two articles with an alias, the newest
        ("/old/", "second.md", True),
        ("/blog/draft/", None, False),
        ("/hidden", None, False),
        ("/blog/other/", None, False),
    ],
)
async def test_article_by_its_address(tmp_path: Path, url: str, path: str | None, is_redirect: bool) -> None:
    """Regardless of its spelling. Its own addresses precede aliases, and an alias is a redirect."""
    async with loaded(tmp_path, FILES) as store:
        found = (await data(store, ONE, url=url))["article"]
        assert (found and found["path"]) == path
        assert (found is not None and found["isRedirect"]) == is_redirect


@pytest.mark.usefixtures("each_database_in_full")
async def test_draft_by_its_address(tmp_path: Path) -> None:
    async with loaded(tmp_path, FILES) as store:
        found = (await data(store, ONE, PREVIEW, url="/hidden/"))["article"]
        assert found == {"path": "draft.md", "url": "/blog/draft/", "aliases": ["/hidden"], "isRedirect": True}
