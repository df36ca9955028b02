"""Which files documents refer to, and which of them are opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import decoder, frontmatter
from gateway.content.assets import MOST_FILES, WHOLE_BYTES, AssetFolder, address, candidates
from gateway.content.decoder import Decoded
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.media_types import media_type
from gateway.content.site import DEFAULT_SITE, AssetRules
from gateway.content.source import Walk
from gateway.model.changes import Loaded
from gateway.model.documents import Image
from tests.assets import png

PIXELS = png(640, 480)


def write(root: Path, *paths: str, content: bytes = PIXELS) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def decoded(
    root: Path, text: str, path: str = "blog/post.md", *, base: str | None = "/assets", preset: str = ""
) -> Decoded:
    front_matter = frontmatter.read(path, text.encode())
    assert front_matter is not None
    site = DEFAULT_SITE._replace(assets=AssetRules(base), preset=preset)
    return decoder.decode(path, front_matter, site, AssetFolder(root))


def images(found: Decoded) -> tuple[Image, ...]:
    assert found.document is not None
    return found.document.images


def digest(root: Path, path: str) -> str:
    found = AssetFolder(root).find(path)
    assert found is not None
    return found[1].digest


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("a.png", ("blog/a.png", "blog/post/a.png", "a.png", "static/a.png", "public/a.png")),
        ("../a.png", ("a.png", "blog/a.png")),
        ("/img/a.png", ("img/a.png", "static/img/a.png", "public/img/a.png", "assets/img/a.png", "source/img/a.png")),
        ("@site/static/a.png", ("static/a.png", "static/static/a.png")),
        ("@/assets/a.png", ("assets/a.png", "static/assets/a.png")),
        ("A%20B.PNG?raw=true#x", ("blog/A B.PNG", "blog/post/A B.PNG")),
    ],
)
def test_candidates_of_a_destination(written: str, first: tuple[str, ...]) -> None:
    assert candidates("blog/post.md", written)[: len(first)] == first


@pytest.mark.parametrize(
    "written", ["../../a.png", "a.html", "a.js", "a.md", "a", "//a.example/a.png", "data:a.png", ""]
)
def test_other_destinations_have_no_candidates(written: str) -> None:
    assert candidates("blog/post.md", written) == ()


def test_images_of_front_matter_have_addresses_and_sizes(tmp_path: Path) -> None:
    write(tmp_path, "blog/a.png", "static/b.png", "blog/c d.png")
    head = "images: [a.png, /b.png, {url: c d.png, width: 320}, https://a.example/e.png]"
    others = "provider: {name: P, images: [a.png]}\nauthors: [{name: A, avatar: /b.png}]"
    found = decoded(tmp_path, f"---\ntitle: A\n{head}\n{others}\n---\n")
    version = digest(tmp_path, "blog/a.png")[:8]
    assert images(found) == (
        Image(f"/assets/blog/a.png?v={version}", 640, 480),
        Image(f"/assets/static/b.png?v={version}", 640, 480),
        Image(f"/assets/blog/c%20d.png?v={version}", 320),
        Image("https://a.example/e.png"),
    )
    assert found.document is not None
    assert found.document.provider is not None
    assert found.document.provider.images == (Image(f"/assets/blog/a.png?v={version}", 640, 480),)
    assert found.document.authors[0].images == (Image(f"/assets/static/b.png?v={version}", 640, 480),)
    assert found.problems == ()


def test_images_of_related_entries_are_files(tmp_path: Path) -> None:
    """Those of an entry and of its provider. A missing one is a problem at its place, also after a fast read."""
    write(tmp_path, "blog/a.png", "static/b.png")
    entry = "- title: B\n  images:\n  - {}\n  - url: https://a.example/c.png\n"
    source = "  provider:\n    name: P\n    images: [/b.png]\n"
    text = f"---\ntitle: A\nrelated:\n{entry.format('a.png')}{source}{entry.format('gone.png')}---\n"
    found = decoded(tmp_path, text)
    assert found.document is not None
    picture, other = (
        Image(address("/assets", path, digest(tmp_path, path)), 640, 480) for path in ("blog/a.png", "static/b.png")
    )
    [first, second] = found.document.related
    far = Image("https://a.example/c.png")
    assert (first.images, second.images) == ((picture, far), (Image("gone.png"), far))
    assert first.provider is not None
    assert first.provider.images == (other,)
    assert [(problem.code, problem.line, problem.column) for problem in found.problems] == [("MISSING_FILE", 13, 5)]
    (tmp_path / "blog/post.md").write_text(text)
    [file] = Walk(tmp_path).run().files.values()
    for _ in range(2):  # the second time, the entries are kept
        change = parse(Task(file), ParseContext(str(tmp_path)))
        assert isinstance(change, Loaded)
        assert change.problems == found.problems


def test_body_has_addresses(tmp_path: Path) -> None:
    write(tmp_path, "blog/a.png", "blog/slides.pdf", "notes/attachments/deep.png", "blog/other.md")
    body = "![a](a.png) [slides](slides.pdf#page=2) [other](other.md)\n"
    found = decoded(tmp_path, f"---\ntitle: A\n---\n{body}")
    assert found.document is not None
    expected = {
        "a.png": address("/assets", "blog/a.png", digest(tmp_path, "blog/a.png")),
        "slides.pdf#page=2": address("/assets", "blog/slides.pdf", digest(tmp_path, "blog/slides.pdf")),
    }
    assert dict(found.document.addresses) == expected


def test_embeds_are_found_in_any_folder(tmp_path: Path) -> None:
    """The nearest to the root, as in Obsidian, unless one is beside the document. Other pictures need their path."""
    write(tmp_path, "a/b/deep.png", "z/deep.png", "c/d/near.png", "x/near.png", "x/plain.png", "x/.hidden/secret.png")
    body = "![[deep.png]] ![[near.png]] ![[secret.png]] ![](plain.png)\n"
    found = decoded(tmp_path, f"---\ntitle: A\n---\n{body}", "c/d/page.md")
    assert found.document is not None
    addresses = {written: address.partition("?")[0] for written, address in found.document.addresses}
    assert addresses == {"deep.png": "/assets/z/deep.png", "near.png": "/assets/c/d/near.png"}
    assert [problem.message for problem in found.problems] == [
        'The file "secret.png" does not exist.',
        'The file "plain.png" does not exist.',
    ]


def test_without_a_base_destinations_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, "blog/a.png")
    found = decoded(tmp_path, "---\nimage: a.png\n---\n![](a.png) ![](b.png)\n", base=None)
    assert images(found) == (Image("a.png", 640, 480),)
    assert found.document is not None
    assert found.document.addresses == ()
    assert [problem.code for problem in found.problems if problem.code != "MISSING_TITLE"] == ["MISSING_FILE"]


def test_missing_files_are_problems_with_their_places(tmp_path: Path) -> None:
    """The static folder may be outside the content folder. A preset is that of a whole site."""
    write(tmp_path, "static/img/a.png")
    head = "title: A\nimages:\n  - no.png\n  - {url: /img/none.png}"
    body = "text\n\n![](gone.png) [x](gone.pdf) ![](/img/a.png) ![](https://a.example/b.png) ![](../../out.png)\n"
    text = f"---\n{head}\n---\n{body}"
    expected = [
        ('The file "no.png" does not exist.', 4, 5),
        ('The file "/img/none.png" does not exist.', 5, 11),
        ('The file "gone.pdf" does not exist.', 9, 19),
        ('The file "gone.png" does not exist.', 9, 5),
    ]
    for preset, wanted in (("hugo", expected), ("", [expected[0], *expected[2:]])):
        problems = decoded(tmp_path, text, preset=preset).problems
        assert [(problem.message, problem.line, problem.column) for problem in problems] == wanted


def test_files_of_a_document_are_bounded(tmp_path: Path) -> None:
    body = " ".join(f"![]({number}.png)" for number in range(3000))
    found = decoded(tmp_path, f"---\ntitle: A\n---\n{body}\n")
    assert found.document is not None
    assert MOST_FILES <= len(found.document.assets) < MOST_FILES + 20
    assert 1000 < len(found.problems) < 3000


def test_missing_files_are_found_in_plain_front_matter(tmp_path: Path) -> None:
    """Its fast reader knows no positions."""
    (tmp_path / "a.md").write_text("---\ntitle: A\nimage: no.png\n---\n")
    [file] = Walk(tmp_path).run().files.values()
    change = parse(Task(file), ParseContext(str(tmp_path)))
    assert isinstance(change, Loaded)
    assert [(problem.code, problem.line, problem.column) for problem in change.problems] == [("MISSING_FILE", 3, 8)]


# The files of the folder.


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A content folder with files that are not assets, and files outside it."""
    root = tmp_path_factory.mktemp("assets") / "content"
    write(root, "a.png", "img/b.png", ".git/c.png", "node_modules/d.png", "page.md", "page.html", "run.js", "data.yaml")
    write(root.parent, "outside.png", "content-other/e.png")
    (root / "inside.png").symlink_to("img/b.png")
    (root / "outside.png").symlink_to(root.parent / "outside.png")
    (root / "draft.png").symlink_to("page.md")
    (root / "hidden.png").symlink_to(".git/c.png")
    (root / "linked").symlink_to("img")
    (root / "out").symlink_to(root.parent)
    (root / "folder.png").mkdir()
    os.mkfifo(root / "pipe.png")
    return root


SERVED = {"a.png", "img/b.png"}
LINKED = {"inside.png", "linked/b.png"}
OTHERS = {
    *(".git/c.png", "node_modules/d.png", "page.md", "page.html", "run.js", "data.yaml", "outside.png", "draft.png"),
    *("hidden.png", "folder.png", "pipe.png", "out/outside.png", "../outside.png", "img/../a.png", "./a.png", "/a.png"),
    *("img//b.png", "a.png/", "img", "", "a.png\0", "missing.png", "a.png/b.png", "../content-other/e.png"),
}


def test_only_assets_of_the_folder_are_opened(tree: Path) -> None:
    plain, linking = AssetFolder(tree), AssetFolder(tree, follow_links=True)
    assert {path for path in SERVED | LINKED | OTHERS if plain.find(path)} == SERVED
    assert {path for path in SERVED | LINKED | OTHERS if linking.find(path)} == SERVED | LINKED


DESCRIPTORS = Path("/proc/self/fd")
PARTS = st.sampled_from(
    [
        "a.png",
        "img",
        "b.png",
        "..",
        ".",
        "",
        ".git",
        "c.png",
        "out",
        "outside.png",
        "linked",
        "content",
        "page.md",
        "A.PNG",
    ]
)


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="the system does not show the paths of descriptors")
@given(st.lists(PARTS, max_size=6).map("/".join), st.booleans())
def test_no_path_leads_out_of_the_folder(tree: Path, path: str, follow_links: bool) -> None:
    found = AssetFolder(tree, follow_links=follow_links).open(path)
    if found is None:
        return
    opened = (DESCRIPTORS / str(found.descriptor)).readlink()
    os.close(found.descriptor)
    assert str(opened.relative_to(tree.resolve())) in SERVED


def test_names_that_are_not_in_nfc(tmp_path: Path) -> None:
    write(tmp_path, "cafe\u0301.png")
    assert AssetFolder(tmp_path).find("caf\u00e9.png") is not None


def test_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    write(tmp_path, "a.png", "b.png")
    folder = AssetFolder(tmp_path)
    first = folder.find("a.png")
    assert first is not None
    assert first[1].digest == digest(tmp_path, "b.png")
    write(tmp_path, "a.png", content=b"other")
    second = folder.find("a.png")
    assert second is not None
    assert second[1].digest != first[1].digest


def test_large_files_have_a_digest_of_their_ends(tmp_path: Path) -> None:
    """A change in the middle changes the modification time."""
    with (tmp_path / "a.mp4").open("wb") as file:
        file.truncate(WHOLE_BYTES + 1)
    before = digest(tmp_path, "a.mp4")
    assert before == digest(tmp_path, "a.mp4")
    with (tmp_path / "a.mp4").open("r+b") as file:
        file.seek(WHOLE_BYTES // 2)
        file.write(b"x")
    os.utime(tmp_path / "a.mp4", (1, 1))
    assert digest(tmp_path, "a.mp4") != before


@pytest.mark.parametrize(
    "path", ["a.html", "a.htm", "a.xhtml", "a.js", "a.mjs", "a.css", "a.xml", "a.md", "a.txt", "a.json"]
)
def test_documents_and_scripts_have_no_media_type(path: str) -> None:
    assert media_type(path) is None
    assert media_type(f"{path}.PNG") == "image/png"
    assert media_type(f"x.png/{path}") is None
