"""Pictures in folders of other generators are found where the generator's own documentation puts them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.content import decoder, frontmatter
from gateway.content.assets import AssetFolder
from gateway.model.documents import Image
from tests.assets import png

SITES = Path(__file__).parent / "generators"


class Picture(NamedTuple):
    generator: str
    document: str
    written: str
    """The destination, as Markdown has it."""
    file: str
    """The file that the generator shows."""


PICTURES = (
    # Files outside underscored folders are copied.
    Picture("jekyll", "_posts/2024-01-05-first-light.md", "![](/assets/img/a.png)", "assets/img/a.png"),
    Picture("jekyll", "_posts/2024-01-05-first-light.md", "![]({{ '/img/a.png' | relative_url }})", "img/a.png"),
    Picture("jekyll", "_posts/2024-01-05-first-light.md", "![]({{ site.baseurl }}/img/a.png)", "img/a.png"),
    # Resources of a page bundle, and the static folder.
    Picture("hugo", "content/posts/trip/index.md", "![](photo.png)", "content/posts/trip/photo.png"),
    Picture("hugo", "content/posts/trip/index.md", '{{< figure src="photo.png" >}}', "content/posts/trip/photo.png"),
    Picture("hugo", "content/posts/first.md", "![](/img/a.png)", "static/img/a.png"),
    # Relative imports, the public folder, and the alias of the source folder.
    Picture("astro", "src/content/blog/first.md", "![](./cover.png)", "src/content/blog/cover.png"),
    Picture("astro", "src/content/blog/first.md", "![](../../assets/b.png)", "src/assets/b.png"),
    Picture("astro", "src/content/blog/first.md", "![](@/assets/b.png)", "src/assets/b.png"),
    Picture("astro", "src/content/blog/first.md", "![](/a.png)", "public/a.png"),
    # Passthrough copies keep their paths.
    Picture("eleventy", "posts/first.md", "![](/img/a.png)", "img/a.png"),
    # Colocated assets, and the static folder.
    Picture("zola", "content/blog/second/index.md", "![](photo.png)", "content/blog/second/photo.png"),
    Picture("zola", "content/blog/third.md", "![](/img/a.png)", "static/img/a.png"),
    # Relative files, and the static folder by two spellings.
    Picture("docusaurus", "docs/01-intro.md", "![](./img/a.png)", "docs/img/a.png"),
    Picture("docusaurus", "docs/01-intro.md", "![](/img/b.png)", "static/img/b.png"),
    Picture("docusaurus", "docs/01-intro.md", "![](@site/static/img/b.png)", "static/img/b.png"),
    Picture("nuxt", "content/2.blog/1.first.md", "![](/img/a.png)", "public/img/a.png"),
    # The asset folder of a post, and files of the source folder.
    Picture("hexo", "source/_posts/second.md", "![](a.png)", "source/_posts/second/a.png"),
    Picture("hexo", "source/_posts/second.md", "![](/images/a.png)", "source/images/a.png"),
    # An embed names a file of the vault.
    Picture("obsidian", "Looks/Third.md", "![[Pasted image 1.png]]", "attachments/Pasted image 1.png"),
    Picture("obsidian", "Looks/Third.md", "![[photo.png|200]]", "Archive/2024/photo.png"),
    Picture("obsidian", "Looks/Third.md", "![[near.png|200]]", "Looks/near.png"),
    Picture("obsidian", "Looks/Third.md", "![](../Pasted%20image%201.png)", "Pasted image 1.png"),
)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: f"{picture.generator} {picture.written}")
def test_picture_is_where_the_generator_has_it(tmp_path: Path, picture: Picture) -> None:
    root = tmp_path / "site"
    shutil.copytree(SITES / picture.generator, root)
    (root / picture.file).parent.mkdir(parents=True, exist_ok=True)
    (root / picture.file).write_bytes(png(30, 20))
    text = f"{(root / picture.document).read_text()}\n\n{picture.written}\n"
    front_matter = frontmatter.read(picture.document, text.encode())
    assert front_matter is not None
    document = decoder.decode(picture.document, front_matter, folder=AssetFolder(root)).document
    assert document is not None
    assert [file.path for file in document.assets if file.digest] == [picture.file]
    [(_, address)] = document.addresses
    assert address.startswith("/assets/")


def test_pictures_of_front_matter(tmp_path: Path) -> None:
    """By the same rules. A page bundle names its resources."""
    (tmp_path / "content/trip").mkdir(parents=True)
    (tmp_path / "content/trip/cover.png").write_bytes(png(30, 20))
    front_matter = frontmatter.read("content/trip/index.md", b"---\ncover: cover.png\n---\n")
    assert front_matter is not None
    document = decoder.decode("content/trip/index.md", front_matter, folder=AssetFolder(tmp_path)).document
    assert document is not None
    [image] = document.images
    assert image == Image(image.url, 30, 20)
    assert image.url.startswith("/assets/content/trip/cover.png?v=")
