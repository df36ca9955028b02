"""Authors in front matter: their shapes, the names in a text, and keys of the site's authors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import frontmatter
from gateway.content.author_names import split_names
from gateway.content.decoder import Decoded, decode
from gateway.content.inheritance import InheritedRules
from gateway.content.site import DEFAULT_SITE, Site
from gateway.content.site_config import parse
from gateway.model.documents import AuthorName, Image

DESK = AuthorName("desk", "News Desk", "/desk", (Image("/desk.png"),))
PAPER = AuthorName("paper", "Ink and Paper")
KNOWN = DEFAULT_SITE._replace(inherited=InheritedRules.of((), (DESK, PAPER)))


def decoded(front: str, site: Site = DEFAULT_SITE) -> Decoded:
    front_matter = frontmatter.read("a.md", f"---\ntitle: T\n{front}\n---\n".encode())
    assert front_matter is not None
    return decode("a.md", front_matter, site)


def authors(front: str, site: Site = DEFAULT_SITE) -> tuple[AuthorName, ...]:
    found = decoded(front, site)
    assert found.document is not None
    return found.document.authors


def names(front: str, site: Site = DEFAULT_SITE) -> list[str]:
    return [author.name for author in authors(front, site)]


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("author: News Desk", ["News Desk"]),
        ("authors: [News Desk, Picture Desk]", ["News Desk", "Picture Desk"]),
        ("author: {name: News Desk}", ["News Desk"]),
        ("authors: [{display_name: News Desk}, Picture Desk, {name: The Editors}]",
         ["News Desk", "Picture Desk", "The Editors"]),
        ("authors: [News Desk, The Editors, NEWS DESK]", ["News Desk", "The Editors"]),
        ("authors: [Food and Drink, 'Desk, North']", ["Food and Drink", "Desk, North"]),
        ("authors:\nauthor: News Desk", ["News Desk"]),
        ("authors: []", []),
        ("author: ''", []),
        ("author: 12", ["12"]),
    ],
)  # fmt: skip
def test_shapes(front: str, expected: list[str]) -> None:
    """A text, a list, a mapping, and lists of them. The entries of a list are never split."""
    assert decoded(front).problems == ()
    assert names(front) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("News Desk and Picture Desk", ["News Desk", "Picture Desk"]),
        ("A and B and C", ["A", "B", "C"]),
        ("A, B and C", ["A", "B", "C"]),
        ("A, B, and C", ["A", "B", "C"]),
        ("A, and B", ["A", "B"]),
        ("Desk, North and Desk, South", ["Desk, North", "Desk, South"]),
        ("Ink & Paper and The Editors", ["Ink & Paper", "The Editors"]),
        ("Desk, North", ["Desk, North"]),
        ("A, B, C", ["A, B, C"]),
        ("Ink & Paper", ["Ink & Paper"]),
        ("The Andes", ["The Andes"]),
        ("Sand and", ["Sand and"]),
        ("A\u00a0and  B", ["A", "B"]),
    ],
)
def test_names_in_a_text(text: str, expected: list[str]) -> None:
    """`and` separates, and before it the commas of an enumeration. Other commas and `&` belong to names."""
    assert split_names(text) == expected
    [*notes] = decoded(f"author: {json.dumps(text)}").problems
    assert names(f"author: {json.dumps(text)}") == expected
    is_noted = len(expected) > 1 or "," in text or "&" in text
    assert [(each.severity, each.code, each.line) for each in notes] == [("INFO", "AUTHORS_AS_TEXT", 3)] * is_noted


@given(st.text())
def test_any_text_is_split_into_names_of_it(text: str) -> None:
    """No name is empty, and a text with a name has one."""
    found = split_names(text)
    assert all(name.strip() and name in " ".join(text.split()) for name in found)
    assert bool(found) is bool(text.replace(",", "").strip()) or not found


def test_separator_of_the_site() -> None:
    """`split` in gateway.yaml replaces the usual rule."""
    site = parse(b"fields: {authors: {from: [byline], split: ','}}").site
    assert names("byline: A and B, C", site) == ["A and B", "C"]
    joined = parse(b"fields: {authors: {join: [author, guests]}}").site
    assert names("author: A\nguests: [B, C]", joined) == ["A", "B", "C"]


def test_values_of_a_mapping() -> None:
    """The URL, the images and other keys, which stay in the front matter."""
    front = "author: {name: A, website: /a, avatar: {src: /a.png, alt: An A, size: 9}, title: Chief, secured: x}"
    [author], found = authors(front), decoded(front).document
    assert found is not None
    assert author == AuthorName("a", "A", "/a", (Image("/a.png", title="An A"),))
    assert json.loads(found.front_matter) == {"author": {"title": "Chief", "avatar": {"size": 9}}}


@pytest.mark.parametrize(
    ("front", "code"),
    [
        ("author: {title: Chief}", "BAD_VALUE"),
        ("author: {name: [A]}", "BAD_VALUE"),
        ("authors: [[A]]", "BAD_VALUE"),
        ("authors: [{name: A, avatr: /a.png}]", "UNKNOWN_KEY"),
    ],
)
def test_unreadable_authors(front: str, code: str) -> None:
    """They are left out, and the file is used."""
    found = decoded(front)
    assert found.document is not None
    assert code in [problem.code for problem in found.problems]
    assert all(problem.severity == "WARNING" and problem.line == 3 and problem.hint for problem in found.problems)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("author: desk", DESK),
        ("author: DESK", DESK),
        ("author: news desk", DESK),
        ("author: {name: News Desk}", DESK),
        ("author: {key: desk, title: Guest}", DESK),
        ("author: {key: desk, name: The Desk, url: /x}", DESK._replace(name="The Desk", url="/x")),
        ("author: Ink and Paper", PAPER),
        ("author: paper", PAPER),
        ("author: stranger", AuthorName("stranger", "stranger")),
        ("author: {key: stranger, name: A}", AuthorName("stranger", "A")),
    ],
)
def test_keys_of_the_sites_authors(front: str, expected: AuthorName) -> None:
    """A key or a name gives the other values. Unknown keys are names, and known names are not split."""
    assert decoded(front, KNOWN).problems == ()
    assert authors(front, KNOWN) == (expected,)


def test_parts_of_a_text_may_be_keys() -> None:
    assert [each.key for each in authors("author: desk and stranger", KNOWN)] == ["desk", "stranger"]


def test_first_entry_of_a_key_and_of_a_name_counts() -> None:
    """A key has precedence over an equal name."""
    same = InheritedRules.of((), (AuthorName("a", "B"), AuthorName("b", "C"), AuthorName("a", "D"))).authors
    assert {name: author.name for name, author in same.items()} == {"a": "B", "b": "C", "c": "C", "d": "D"}
