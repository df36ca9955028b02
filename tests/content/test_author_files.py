"""Files of authors: which files are read, what they give, and their problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.content.source import is_author_file
from gateway.model.documents import AuthorName, Image
from tests.content.test_generator_rules import Folder

POST = "---\ntitle: T\nauthor: desk\n---\n"
DATA = {
    "yml": "desk: {name: News Desk}",
    "toml": "[desk]\nname = 'News Desk'",
    "json": '{"desk": {"name": "News Desk"}}',
}
SINGLE = {"yml": "name: News Desk", "toml": "name = 'News Desk'", "json": '{"name": "News Desk"}'}
PAGE = "---\ntitle: About\nname: News Desk\n---\n"


def author(root: Path, files: dict[str, str]) -> AuthorName:
    folder = Folder(root, {"a.md": POST, **files})
    [found] = folder.document("a.md").authors
    assert [told for told in folder.told if told[1] != "INFO"] == []
    return found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        *((f"{place}authors.{ending}", text) for place in ("", "_data/", "data/") for ending, text in DATA.items()),
        *((f"{place}authors/desk.{ending}", text) for place in ("_data/", "data/") for ending, text in SINGLE.items()),
        ("_data/authors.yaml", DATA["yml"]),
        ("blog/authors.yml", DATA["yml"]),
        ("src/_data/authors.json", DATA["json"]),
        ("_authors/desk.md", PAGE),
        ("authors/desk.mdx", PAGE),
        ("src/content/authors/desk.md", PAGE),
    ],
)
def test_files_of_authors(tmp_path: Path, path: str, text: str) -> None:
    """Those of Jekyll, Hugo, Eleventy, Astro and Docusaurus. They give the name for a key."""
    assert is_author_file(path)
    assert author(tmp_path, {path: text}) == AuthorName("desk", "News Desk")


@pytest.mark.parametrize(
    "path",
    [
        *("_includes/authors.yml", "_site/_data/authors.yml", "_data/other/authors.yml", "_data/people.yml"),
        *("src/authors.json", "data/x/authors.toml", "authors/a/desk.md", "authors/index.md", "authors/_index.md"),
        *("authors.md", "my-authors.yml", "authors/desk.yml", "_layouts/authors/desk.md"),
    ],
)
def test_other_files(tmp_path: Path, path: str) -> None:
    """Names that do not belong to authors in any generator."""
    assert not is_author_file(path)
    assert author(tmp_path, {path: PAGE if path.endswith(".md") else SINGLE["yml"]}) == AuthorName("desk", "desk")


def test_values_of_an_entry(tmp_path: Path) -> None:
    """A mapping with name, URL and images, a text, or nothing. Other keys are ignored."""
    entries = "desk: {name: News Desk, url: /d, image: /d.png, bio: Long, title: x}\npens: Pen and Ink\nempty:\n'': x\n"
    posts = {f"{key}.md": POST.replace("desk", key) for key in ("desk", "pens", "empty")}
    folder = Folder(tmp_path, {"authors.yml": entries, **posts})
    assert [folder.document(path).authors for path in posts] == [
        (AuthorName("desk", "News Desk", "/d", (Image("/d.png"),)),),
        (AuthorName("pens", "Pen and Ink"),),
        (AuthorName("empty", "empty"),),
    ]
    assert folder.told == []


def test_title_of_a_page_is_the_name_without_another(tmp_path: Path) -> None:
    found = author(tmp_path, {"authors/desk.md": "---\ntitle: The News Desk\nimage: /d.png\n---\nText.\n"})
    assert found == AuthorName("desk", "The News Desk", None, (Image("/d.png"),))


@pytest.mark.parametrize(
    ("page", "path", "rules", "name"),
    [
        ("draft: true", "_authors/desk.md", "", "desk"),
        ("published: false", "_authors/desk.md", "", "desk"),
        ("unlisted: true", "_authors/desk.md", "", "desk"),
        ("date: 2999-01-01", "_authors/desk.md", "", "desk"),
        ("published: maybe", "_authors/desk.md", "", "desk"),
        ("", "_drafts/authors/desk.md", "", "desk"),
        ("", "_authors/desk.md", "pin: [{path: _authors, published: false}]", "News Desk"),
        ("", "_authors/desk.md", "exclude: [_authors]", "News Desk"),
    ],
)
def test_hidden_pages(tmp_path: Path, page: str, path: str, rules: str, name: str) -> None:
    """A page that hides itself does not give an author. A rule outside it hides only the page."""
    files = {"a.md": POST, path: f"---\nname: News Desk\n{page}\n---\n", "gateway.yaml": rules}
    assert [each.name for each in Folder(tmp_path, files).document("a.md").authors] == [name]


def test_collection_without_pages_gives_authors(tmp_path: Path) -> None:
    """As in Jekyll, whose templates read it."""
    files = {"a.md": POST, "_authors/desk.md": PAGE, "_config.yml": "collections: {authors: {}}"}
    folder = Folder(tmp_path, files)
    assert [each.name for each in folder.document("a.md").authors] == ["News Desk"]
    assert folder.public == ["a.md"]


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("authors.yml", "desk: [", ("authors.yml", "ERROR", "AUTHORS_UNREADABLE", 1)),
        ("_data/authors.json", "{", ("_data/authors.json", "ERROR", "AUTHORS_UNREADABLE", 1)),
        ("data/authors/desk.toml", "name", ("data/authors/desk.toml", "ERROR", "AUTHORS_UNREADABLE", 1)),
        ("authors.yml", "- name: A", ("authors.yml", "WARNING", "AUTHORS_UNREADABLE", 1)),
        ("authors.json", "[]", ("authors.json", "WARNING", "AUTHORS_UNREADABLE", 1)),
        ("authors.yml", "a: b\ndesk: {name: [A]}", ("authors.yml", "WARNING", "BAD_VALUE", 2)),
        ("authors.yml", "a: b\ndesk: [A]", ("authors.yml", "WARNING", "BAD_VALUE", 2)),
    ],
)
def test_problems(tmp_path: Path, path: str, text: str, told: tuple[str, str, str, int]) -> None:
    """They name the file and the line. Documents are public, and their keys are names."""
    folder = Folder(tmp_path, {"a.md": POST, path: text})
    assert folder.told == [told]
    assert all(problem.hint for problem in folder.problems)
    assert folder.public == ["a.md"]
    assert [each.name for each in folder.document("a.md").authors] == ["desk"]


def test_link_is_not_followed(tmp_path: Path) -> None:
    """It is reported."""
    (tmp_path / "elsewhere.yml").write_text(DATA["yml"])
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "authors.yml").symlink_to(tmp_path / "elsewhere.yml")
    folder = Folder(tmp_path / "site", {"a.md": POST})
    assert [each.name for each in folder.document("a.md").authors] == ["desk"]
    assert "authors.yml" not in folder.site.inherited.authors


def test_data_folder_has_no_other_documents(tmp_path: Path) -> None:
    """Reading authors in `_data` does not read the other files there."""
    files = {
        "a.md": POST,
        "_data/authors.yml": DATA["yml"],
        "_data/x.md": PAGE,
        "_data/x/y.md": PAGE,
        "_data/z.mkd": PAGE,
    }
    folder = Folder(tmp_path, files)
    assert (list(folder.changes), folder.told) == (["a.md"], [])


def test_digest_depends_on_what_articles_show(tmp_path: Path) -> None:
    """A comment, a biography or the order of keys does not decode all documents again."""

    def digest(text: str) -> str:
        found: str = Folder(tmp_path, {"authors.yml": text}).site.inherited.digest
        return found

    first = digest("a: {name: A, url: /a}\nb: B\n")
    assert digest("# A comment\nb: {name: B, bio: Long}\na: {url: /a, name: A}\n") == first
    assert len({first, digest("a: {name: A, url: /b}\nb: B\n"), digest("a: {name: A, url: /a}\n"), digest("")}) == 4
