"""A Jekyll site of twenty posts with pictures, from the first command to its pictures in GraphiQL.

It runs the commands of README.md for a site of another generator.
"""

from __future__ import annotations

import re
import shlex
import struct
import zlib
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.commands import invoke, running
from tests.explorer.conftest import ROOT
from tests.explorer.graphiql import opened

pytestmark = [pytest.mark.usefixtures("graphiql"), pytest.mark.timeout(1000)]  # may run npm

POSTS = 20
QUERY = "{ articles(first: 50) { nodes { title url image { url width height } body { html } } } }"
SHOWN = """async (url) => {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    return [picture.naturalWidth, picture.naturalHeight];
}"""


def picture(width: int, height: int) -> bytes:
    """A whole PNG of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + b"\x30\x60\x90" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write_site(folder: Path) -> None:
    for name in ("_posts", "assets"):
        (folder / name).mkdir(parents=True)
    (folder / "_config.yml").write_text("title: A blog\npermalink: /blog/:year/:title/\n")
    for at in range(1, POSTS + 1):
        (folder / "assets" / f"{at}.png").write_bytes(picture(at, 10))
        front_matter = f"---\nlayout: post\ntitle: Post {at}\nimage: /assets/{at}.png\ntags: one two\n---\n"
        body = f"![A picture]({{{{ site.baseurl }}}}/assets/{at}.png)\n\nThe text.\n"
        (folder / "_posts" / f"2024-01-{at:02}-post-{at}.md").write_text(front_matter + body)


async def test_jekyll_site_is_answered_with_its_pictures(browser: Browser, tmp_path: Path) -> None:
    site = tmp_path / "site"
    write_site(site)
    readme = (ROOT / "README.md").read_text()
    assert "$ gateway init CONTENT " in readme
    assert "$ gateway dev CONTENT\n" in readme
    made = invoke("init", site, cache=tmp_path / "cache").stdout
    assert "This is a site of Jekyll" in made
    _, command, folder = shlex.split(re.findall(r"gateway dev .*", made)[-1])
    with running(command, Path(folder), cache=tmp_path / "cache") as server:
        server.said(f"{POSTS} articles")
        page = await opened(browser, f"{server.url}/graphql")
        await page.write("Query Editor", QUERY)
        found = (await page.run())["data"]["articles"]["nodes"]
        assert [each["title"] for each in found] == [f"Post {at}" for at in range(POSTS, 0, -1)]
        for at, article in zip(range(POSTS, 0, -1), found, strict=True):
            image = article["image"]
            assert article["url"] == f"/blog/2024/post-{at}/"
            assert (image["width"], image["height"]) == (at, 10)
            assert f'src="{image["url"]}"' in article["body"]["html"]
            assert await page.page.evaluate(SHOWN, image["url"]) == [at, 10]
        page.assert_well()
